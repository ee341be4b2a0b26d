use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, metadata::MetadataMap};

use crate::{
    Failure,
    cancel_on_drop::CancelOnDrop,
    cases::{TestClient, ask, expect, output_request},
    proto::testing::{StreamingOutputCallRequest, StreamingOutputCallResponse},
    service::payload,
};

/// One request, one answer, in turns.
pub struct Duplex {
    pub header: MetadataMap,
    requests: mpsc::Sender<StreamingOutputCallRequest>,
    responses: Streaming<StreamingOutputCallResponse>,
    // After what it cancels has been half-closed, it does nothing.
    _cancel: CancelOnDrop,
}

impl Duplex {
    /// Starts with an exchange: a server may owe its header until it has something to answer.
    pub async fn open(
        client: &TestClient,
        metadata: MetadataMap,
        request_size: i32,
        response_size: i32,
    ) -> Result<Self, Failure> {
        let (requests, queue) = mpsc::channel(1);
        requests.send(exchange_request(request_size, response_size)).await?;
        let mut request = ask(ReceiverStream::new(queue), metadata);
        let _cancel = CancelOnDrop::new(&mut request);
        let (header, responses, _) = client.clone().full_duplex_call(request).await?.into_parts();
        let mut duplex = Duplex { header, requests, responses, _cancel };
        duplex.expect_response(response_size).await?;
        Ok(duplex)
    }

    pub async fn exchange(&mut self, request_size: i32, response_size: i32) -> Result<(), Failure> {
        self.requests.send(exchange_request(request_size, response_size)).await?;
        self.expect_response(response_size).await
    }

    /// Half-closes, and gives the trailer.
    pub async fn finish(self) -> Result<MetadataMap, Failure> {
        let Duplex { requests, mut responses, .. } = self;
        drop(requests);
        expect("end", responses.message().await?.is_none(), true)?;
        Ok(responses.trailers().await?.unwrap_or_default())
    }

    async fn expect_response(&mut self, size: i32) -> Result<(), Failure> {
        let response = self.responses.message().await?.ok_or("the stream ended")?;
        expect("payload", response.payload.unwrap_or_default().body.len(), size as usize)
    }
}

fn exchange_request(request_size: i32, response_size: i32) -> StreamingOutputCallRequest {
    StreamingOutputCallRequest { payload: payload(request_size), ..output_request(&[response_size]) }
}
