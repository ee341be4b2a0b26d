//! The benchmark's server in tonic; see bench/README.md. One thread.

mod body;
mod controller;
mod pod_info;
mod shared_entry;
mod test_service;

/// Generated from the repository's proto folder.
#[allow(dead_code, clippy::all)]
mod proto {
    pub mod csi {
        include!(concat!(env!("OUT_DIR"), "/server/csi.v1.rs"));
    }
    pub mod testing {
        include!(concat!(env!("OUT_DIR"), "/server/grpc.testing.rs"));
    }
    pub mod podinfo {
        include!(concat!(env!("OUT_DIR"), "/server/podinfo.v1.rs"));
    }
}

use std::error::Error;

use tokio::{
    net::UnixListener,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;

use controller::Controller;
use pod_info::PodInfo;
use proto::{
    csi::controller_server::ControllerServer, podinfo::pod_info_server::PodInfoServer,
    testing::test_service_server::TestServiceServer,
};
use test_service::TestService;

const MESSAGE_LIMIT: usize = 8 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = std::env::args().find_map(|argument| argument.strip_prefix("--endpoint=unix://").map(str::to_owned));
    let listener = UnixListener::bind(endpoint.ok_or("usage: server --endpoint=unix:///path")?)?;
    tokio::spawn(report_memory(signal(SignalKind::user_defined2())?));
    println!("listening");
    Server::builder()
        .max_concurrent_streams(10_000)
        .add_service(TestServiceServer::new(TestService).max_decoding_message_size(MESSAGE_LIMIT))
        .add_service(ControllerServer::new(Controller::new()).max_decoding_message_size(MESSAGE_LIMIT))
        .add_service(PodInfoServer::new(PodInfo).max_decoding_message_size(MESSAGE_LIMIT))
        .serve_with_incoming(UnixListenerStream::new(listener))
        .await?;
    Ok(())
}

async fn report_memory(mut asked: Signal) {
    while asked.recv().await.is_some() {
        // SAFETY: neither takes or gives a pointer.
        let heap = unsafe {
            libc::malloc_trim(0);
            libc::mallinfo2().uordblks
        };
        println!("{{\"heapBytes\":{heap}}}");
    }
}
