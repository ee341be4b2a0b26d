use std::{io, time::Duration};

use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tonic::{
    Request, Status,
    transport::{Channel, Endpoint},
};
use tower::service_fn;

use crate::{
    Failure,
    proto::{
        csi::controller_client::ControllerClient,
        testing::{Empty, test_service_client::TestServiceClient},
    },
};

const MESSAGE_LIMIT: usize = 8 << 20;

#[derive(Clone)]
pub struct Connection {
    pub channel: Channel,
    pub test: TestServiceClient<Channel>,
    pub controller: ControllerClient<Channel>,
}

impl Connection {
    pub async fn open(endpoint: &str) -> Result<Self, Failure> {
        let path = endpoint.strip_prefix("unix://").ok_or("--endpoint is not unix:///path")?.to_owned();
        let dial = move |_| {
            let path = path.clone();
            async { io::Result::Ok(TokioIo::new(UnixStream::connect(path).await?)) }
        };
        let channel = Endpoint::from_static("http://localhost").connect_with_connector(service_fn(dial)).await?;
        Ok(Connection {
            test: TestServiceClient::new(channel.clone()).max_decoding_message_size(MESSAGE_LIMIT),
            controller: ControllerClient::new(channel.clone()).max_decoding_message_size(MESSAGE_LIMIT),
            channel,
        })
    }

    pub async fn greet(&self) -> Result<(), Status> {
        self.test.clone().empty_call(request(Empty {})).await.map(drop)
    }
}

/// With the deadline that every call has.
pub fn request<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(10));
    request
}
