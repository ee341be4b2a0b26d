//! Endpoints spelled `unix:///path` or `unix-abstract:name`, which go to the system as they are: tonic's own `unix:` takes
//! paths only.

use std::{
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener as StdListener, UnixStream as StdStream},
    },
};

use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

pub fn listen(endpoint: &str) -> io::Result<UnixListenerStream> {
    let listener = StdListener::bind_addr(&address(endpoint)?)?;
    listener.set_nonblocking(true)?;
    Ok(UnixListenerStream::new(UnixListener::from_std(listener)?))
}

/// Connects with the first call, and says `:authority: localhost`.
pub fn connect(endpoint: &str) -> io::Result<Channel> {
    let address = address(endpoint)?;
    let dial = move |_| {
        let stream = StdStream::connect_addr(&address);
        async {
            let stream = stream?;
            stream.set_nonblocking(true)?;
            io::Result::Ok(TokioIo::new(UnixStream::from_std(stream)?))
        }
    };
    Ok(Endpoint::from_static("http://localhost").connect_with_connector_lazy(service_fn(dial)))
}

fn address(endpoint: &str) -> io::Result<SocketAddr> {
    if let Some(name) = endpoint.strip_prefix("unix-abstract:") {
        SocketAddr::from_abstract_name(name)
    } else if let Some(path) = endpoint.strip_prefix("unix://") {
        SocketAddr::from_pathname(path)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("neither unix:// nor unix-abstract: in {endpoint}")))
    }
}
