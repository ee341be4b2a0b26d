//! The benchmark's client in tonic; see bench/README.md. One thread.

mod body;
mod connection;
mod operation;
mod options;

/// Generated from the repository's proto folder.
#[allow(dead_code, clippy::all)]
mod proto {
    pub mod csi {
        include!(concat!(env!("OUT_DIR"), "/client/csi.v1.rs"));
    }
    pub mod testing {
        include!(concat!(env!("OUT_DIR"), "/client/grpc.testing.rs"));
    }
    pub mod podinfo {
        include!(concat!(env!("OUT_DIR"), "/client/podinfo.v1.rs"));
    }
}

use std::{
    cell::{Cell, RefCell},
    error::Error,
    future::pending,
    process::exit,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    task::{JoinSet, LocalSet},
    time::sleep,
};

use connection::{Connection, request};
use operation::Operation;
use options::Options;
use proto::podinfo::{DescribeRequest, pod_info_client::PodInfoClient};

pub type Failure = Box<dyn Error + Send + Sync>;

const OPENING: usize = 50;

/// What the workers share; all of them run on one thread.
#[derive(Default)]
pub struct Run {
    measuring: Cell<bool>,
    stopped: Cell<bool>,
    nanoseconds: RefCell<Vec<u64>>,
}

/// Takes the time of what a worker does.
pub struct Lap {
    run: Rc<Run>,
    began: Instant,
}

impl Lap {
    pub fn done(&mut self) {
        let now = Instant::now();
        if self.run.measuring.get() {
            self.run.nanoseconds.borrow_mut().push((now - self.began).as_nanos() as u64);
        }
        self.began = now;
    }

    pub fn stopped(&self) -> bool {
        self.run.stopped.get()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let options = Options::from_arguments()?;
    if options.call == "describe" {
        return describe(&options).await;
    }
    LocalSet::new().run_until(load(options)).await
}

async fn describe(options: &Options) -> Result<(), Failure> {
    let connection = Connection::open(&options.endpoint).await?;
    let text = "Some values from the client,".to_owned();
    PodInfoClient::new(connection.channel).describe(request(DescribeRequest { text })).await?;
    println!("answer");
    Ok(())
}

async fn load(options: Options) -> Result<(), Failure> {
    let run = Rc::new(Run::default());
    let operation = Rc::new(Operation::new(&options)?);
    let connections = match *operation {
        Operation::Connect { .. } => vec![None],
        _ => open_all(&options).await?.into_iter().map(Some).collect(),
    };
    let mut workers = JoinSet::new();
    for connection in &connections {
        for _ in 0..options.in_flight {
            let (operation, connection) = (operation.clone(), connection.clone());
            let mut lap = Lap { run: run.clone(), began: Instant::now() };
            workers.spawn_local(async move {
                while !lap.stopped() {
                    if let Err(error) = operation.make(connection.as_ref(), &mut lap).await {
                        eprintln!("{error}");
                        exit(1);
                    }
                }
            });
        }
    }
    sleep(Duration::from_secs_f64(options.warm_up)).await;
    run.measuring.set(true);
    let began = Instant::now();
    println!("begin");
    sleep(Duration::from_secs_f64(options.seconds)).await;
    run.measuring.set(false);
    let elapsed = began.elapsed();
    println!("end");
    run.stopped.set(true);
    while workers.join_next().await.is_some() {}
    report(&mut run.nanoseconds.borrow_mut(), elapsed, operation.units());
    // The harness reads the memory of this process and ends it.
    pending().await
}

/// At most so many at a time.
async fn open_all(options: &Options) -> Result<Vec<Connection>, Failure> {
    let mut all = Vec::with_capacity(options.connections);
    while all.len() < options.connections {
        let mut group = JoinSet::new();
        for _ in 0..OPENING.min(options.connections - all.len()) {
            let endpoint = options.endpoint.clone();
            group.spawn(async move {
                let connection = Connection::open(&endpoint).await?;
                connection.greet().await?;
                Ok::<_, Failure>(connection)
            });
        }
        while let Some(opened) = group.join_next().await {
            all.push(opened??);
        }
    }
    Ok(all)
}

fn report(nanoseconds: &mut [u64], elapsed: Duration, units: usize) {
    nanoseconds.sort_unstable();
    let quantile = |share: f64| {
        let index = (nanoseconds.len() as f64 * share) as usize;
        nanoseconds.get(index).map_or(0.0, |&value| value as f64 / 1e3)
    };
    let (units, seconds) = (nanoseconds.len() * units, elapsed.as_secs_f64());
    println!("{{\"units\":{units},\"seconds\":{seconds},\"p50\":{},\"p99\":{}}}", quantile(0.5), quantile(0.99));
}
