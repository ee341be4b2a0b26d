//! grpc.testing.TestService.

use std::{convert::Infallible, pin::Pin, time::Duration};

use async_stream::try_stream;
use http::HeaderValue;
use http_body::Frame;
use http_body_util::BodyExt;
use prost::Message;
use tokio::time::sleep;
use tokio_stream::{Stream, StreamExt, wrappers::UnixListenerStream};
use tonic::{
    Code, Request, Response, Status, Streaming,
    body::Body,
    codec::CompressionEncoding::Gzip,
    metadata::MetadataMap,
    service::Routes,
    transport::{Error, Server},
};
use tower::{Service, layer::layer_fn, service_fn};

use crate::{
    asked,
    events::{Events, Running},
    proto::{
        rpc,
        testing::{
            EchoStatus, Empty, Payload, SimpleRequest, SimpleResponse, StreamingInputCallRequest,
            StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
            test_service_server::{TestService, TestServiceServer},
        },
    },
};

pub async fn serve(connections: UnixListenerStream) -> Result<(), Error> {
    let service = TestServiceServer::new(Peer::default()).accept_compressed(Gzip).send_compressed(Gzip);
    // A handler has no trailer to write to; the body that carries it is one layer further out.
    let echo_trailing = layer_fn(|routes: Routes| {
        service_fn(move |request: http::Request<Body>| {
            let echoed: Vec<HeaderValue> = request.headers().get_all(asked::ECHO_TRAILING).iter().cloned().collect();
            let response = routes.clone().call(request);
            async move { Ok::<_, Infallible>(response.await?.map(|body| with_trailer(body, echoed))) }
        })
    });
    Server::builder().layer(echo_trailing).add_service(service).serve_with_incoming(connections).await
}

fn with_trailer(body: Body, values: Vec<HeaderValue>) -> Body {
    Body::new(body.map_frame(move |frame| match frame.into_trailers() {
        Ok(mut trailers) => {
            for value in &values {
                trailers.append(asked::ECHO_TRAILING, value.clone());
            }
            Frame::trailers(trailers)
        }
        Err(other) => other,
    }))
}

#[derive(Default)]
struct Peer {
    events: Events,
}

type Responses = Pin<Box<dyn Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send>>;

pub fn payload(size: i32) -> Option<Payload> {
    Some(Payload { body: vec![0; size as usize], ..Default::default() })
}

impl Peer {
    /// Records that the call has begun; it has ended when the answer is dropped.
    fn begin(&self, metadata: &MetadataMap) -> Vec<Running> {
        texts(metadata, asked::CALL).map(|id| self.events.begin(id.to_owned())).collect()
    }
}

/// Does what the metadata asks, and gives the header's part of the answer.
async fn obey(metadata: &MetadataMap) -> Result<MetadataMap, Status> {
    for delay in texts(metadata, asked::DELAY) {
        sleep(Duration::from_millis(delay.parse().map_err(invalid)?)).await;
    }
    if let Some(encoded) = metadata.get_bin(asked::STATUS) {
        let details = encoded.to_bytes().map_err(invalid)?;
        let rpc::Status { code, message, .. } = rpc::Status::decode(details.clone()).map_err(invalid)?;
        return Err(Status::with_details(Code::from(code), message, details));
    }
    let mut header = MetadataMap::new();
    for value in metadata.get_all(asked::ECHO_INITIAL) {
        header.append(asked::ECHO_INITIAL, value.clone());
    }
    Ok(header)
}

fn texts<'a>(metadata: &'a MetadataMap, key: &'static str) -> impl Iterator<Item = &'a str> {
    metadata.get_all(key).into_iter().filter_map(|value| value.to_str().ok())
}

fn invalid(error: impl ToString) -> Status {
    Status::invalid_argument(error.to_string())
}

fn fail_as(wanted: Option<EchoStatus>) -> Result<(), Status> {
    match wanted {
        Some(EchoStatus { code, message }) if code != 0 => Err(Status::new(Code::from(code), message)),
        _ => Ok(()),
    }
}

fn respond<T>(message: T, header: MetadataMap) -> Response<T> {
    let mut response = Response::new(message);
    *response.metadata_mut() = header;
    response
}

fn answer(
    StreamingOutputCallRequest { response_parameters, response_status, .. }: StreamingOutputCallRequest,
) -> impl Stream<Item = Result<StreamingOutputCallResponse, Status>> {
    try_stream! {
        for wanted in response_parameters {
            if wanted.interval_us > 0 {
                sleep(Duration::from_micros(wanted.interval_us as u64)).await;
            }
            yield StreamingOutputCallResponse { payload: payload(wanted.size) };
        }
        fail_as(response_status)?;
    }
}

#[tonic::async_trait]
impl TestService for Peer {
    type StreamingOutputCallStream = Responses;
    type FullDuplexCallStream = Responses;
    type HalfDuplexCallStream = Responses;

    async fn empty_call(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        for event in texts(request.metadata(), asked::AWAIT) {
            self.events.wait(event).await;
        }
        Ok(Response::new(Empty {}))
    }

    async fn unary_call(&self, request: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        let _running = self.begin(request.metadata());
        let header = obey(request.metadata()).await?;
        let SimpleRequest { response_size, response_status, response_compressed, .. } = request.into_inner();
        fail_as(response_status)?;
        let mut response = respond(SimpleResponse { payload: payload(response_size), ..Default::default() }, header);
        if !response_compressed.is_some_and(|wanted| wanted.value) {
            response.disable_compression();
        }
        Ok(response)
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let _running = self.begin(request.metadata());
        let header = obey(request.metadata()).await?;
        let mut requests = request.into_inner();
        let mut aggregated_payload_size = 0;
        while let Some(request) = requests.message().await? {
            aggregated_payload_size += request.payload.map_or(0, |payload| payload.body.len() as i32);
        }
        Ok(respond(StreamingInputCallResponse { aggregated_payload_size }, header))
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Responses>, Status> {
        let running = self.begin(request.metadata());
        let header = obey(request.metadata()).await?;
        let responses = answer(request.into_inner());
        // The stream owns what says that the call runs.
        Ok(respond(Box::pin(responses.map(move |response| (response, &running).0)), header))
    }

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Responses>, Status> {
        let running = self.begin(request.metadata());
        let header = obey(request.metadata()).await?;
        let mut requests = request.into_inner();
        let responses = try_stream! {
            let _running = running;
            while let Some(request) = requests.message().await? {
                for await response in answer(request) {
                    yield response?;
                }
            }
        };
        Ok(respond(Box::pin(responses), header))
    }

    async fn cacheable_unary_call(&self, _: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        Err(Status::unimplemented("not part of any case"))
    }

    async fn half_duplex_call(
        &self,
        _: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Responses>, Status> {
        Err(Status::unimplemented("not part of any case"))
    }

    async fn unimplemented_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented("nobody implements it"))
    }
}
