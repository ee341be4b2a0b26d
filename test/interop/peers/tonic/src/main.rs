//! The tonic peer: `server --endpoint E` or `client --endpoint E --case NAME[,NAME...]`.

mod asked;
mod cancel_on_drop;
mod cases;
mod duplex;
mod endpoint;
mod events;
mod service;

use std::{error::Error, process::ExitCode, time::Instant};

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// Generated from the repository's proto folder.
#[allow(dead_code)]
mod proto {
    pub mod testing {
        tonic::include_proto!("grpc.testing");
    }
    pub mod rpc {
        tonic::include_proto!("google.rpc");
    }
}

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server", "--endpoint", endpoint] => serve(endpoint).await,
        ["client", "--endpoint", endpoint, "--case", "all"] => run(endpoint, &cases::NAMES).await,
        ["client", "--endpoint", endpoint, "--case", names] => {
            run(endpoint, &names.split(',').collect::<Vec<_>>()).await
        }
        _ => Err("usage: server --endpoint E | client --endpoint E --case NAME[,NAME...]".into()),
    }
}

async fn serve(endpoint: &str) -> Result<ExitCode, Failure> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let connections = endpoint::listen(endpoint)?;
    println!("listening");
    tokio::select! {
        served = service::serve(connections) => served?,
        // A graceful stop would wait for calls that nobody ends.
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn run(endpoint: &str, names: &[&str]) -> Result<ExitCode, Failure> {
    let channel = endpoint::connect(endpoint)?;
    let mut status = ExitCode::SUCCESS;
    for name in names {
        let start = Instant::now();
        let result = cases::run(name, &channel).await;
        let mut line = json!({ "case": name, "ok": result.is_ok(), "ms": start.elapsed().as_micros() as f64 / 1000.0 });
        match result {
            Ok(Some(facts)) => line["facts"] = facts,
            Ok(None) => {}
            Err(error) => {
                line["error"] = error.to_string().into();
                status = ExitCode::FAILURE;
            }
        }
        println!("{line}");
    }
    Ok(status)
}
