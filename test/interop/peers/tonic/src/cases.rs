//! The cases, by name. Each fails when something is not as it must be.

use std::{
    collections::HashMap,
    fmt::Debug,
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use prost::Message;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_stream::{StreamExt, iter, pending};
use tonic::{
    Code, IntoRequest, Request, Response, Status, Streaming,
    codec::CompressionEncoding::Gzip,
    metadata::{MetadataMap, MetadataValue},
    transport::Channel,
};

use crate::{
    Failure, asked,
    cancel_on_drop::CancelOnDrop,
    duplex::Duplex,
    proto::{
        rpc,
        testing::{
            BoolValue, EchoStatus, Empty, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
            StreamingOutputCallRequest, StreamingOutputCallResponse, test_service_client::TestServiceClient,
            unimplemented_service_client::UnimplementedServiceClient,
        },
    },
    service::payload,
};

pub type TestClient = TestServiceClient<Channel>;
type Outcome = Result<(), Failure>;

const LIMIT: Duration = Duration::from_secs(30);
/// Longer than any deadline here, shorter than the limit.
const NEVER: Duration = Duration::from_secs(20);

pub const NAMES: [&str; 18] = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout",
    "cancel_after_begin",
    "cancel_after_first_response",
    "custom_metadata",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
    "unimplemented_service",
    "error_details",
    "gzip",
    "large_message",
    "concurrent_calls",
];

/// Gives facts where there are some.
pub async fn run(name: &str, channel: &Channel) -> Result<Option<Value>, Failure> {
    let client = &TestServiceClient::new(channel.clone());
    match name {
        "empty_unary" => empty_unary(client).await?,
        "large_unary" => large_unary(client).await?,
        "client_streaming" => client_streaming(client).await?,
        "server_streaming" => server_streaming(client).await?,
        "ping_pong" => ping_pong(client.clone()).await?,
        "empty_stream" => empty_stream(client).await?,
        "timeout" => timeout(client).await?,
        "cancel_after_begin" => cancel_after_begin(client).await?,
        "cancel_after_first_response" => cancel_after_first_response(client).await?,
        "custom_metadata" => custom_metadata(client).await?,
        "status_code_and_message" => fail_with(client, "test status message").await?,
        "special_status_message" => {
            fail_with(client, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈 and 100 %\t\n").await?
        }
        "unimplemented_method" => unimplemented_method(client).await?,
        "unimplemented_service" => unimplemented_service(channel).await?,
        "error_details" => error_details(client).await?,
        "gzip" => return Ok(Some(gzip(client).await?)),
        "large_message" => large_message(client).await?,
        "concurrent_calls" => concurrent_calls(client).await?,
        _ => return Err(format!("unknown case {name:?}").into()),
    }
    Ok(None)
}

pub fn expect<T: PartialEq + Debug>(what: &str, got: T, want: T) -> Outcome {
    if got == want { Ok(()) } else { Err(format!("{what}: got {got:?}, want {want:?}").into()) }
}

/// A request with a limit and metadata.
pub fn ask<T>(message: T, metadata: MetadataMap) -> Request<T> {
    let mut request = Request::new(message);
    *request.metadata_mut() = metadata;
    if !request.metadata().contains_key("grpc-timeout") {
        request.set_timeout(LIMIT);
    }
    request
}

fn plain<T>(message: T) -> Request<T> {
    ask(message, MetadataMap::new())
}

pub fn output_request(sizes: &[i32]) -> StreamingOutputCallRequest {
    let response_parameters = sizes.iter().map(|&size| ResponseParameters { size, ..Default::default() }).collect();
    StreamingOutputCallRequest { response_parameters, ..Default::default() }
}

fn waiting_request(first_sizes: &[i32]) -> StreamingOutputCallRequest {
    let mut request = output_request(first_sizes);
    let interval_us = NEVER.as_micros() as i32;
    request.response_parameters.push(ResponseParameters { size: 1, interval_us, ..Default::default() });
    request
}

/// Gives the metadata of the header and the trailer, which tonic merges.
async fn unary(client: &TestClient, request: impl IntoRequest<SimpleRequest>) -> Result<MetadataMap, Failure> {
    let request = request.into_request();
    let size = request.get_ref().response_size as usize;
    let (metadata, response, _) = client.clone().unary_call(request).await?.into_parts();
    expect("payload", response.payload.unwrap_or_default().body.len(), size)?;
    Ok(metadata)
}

fn sized(request_size: i32, response_size: i32) -> SimpleRequest {
    SimpleRequest { response_size, payload: payload(request_size), ..Default::default() }
}

async fn drain<T>(call: impl Future<Output = Result<Response<Streaming<T>>, Status>>) -> Result<Vec<T>, Status> {
    call.await?.into_inner().collect::<Result<Vec<T>, Status>>().await
}

fn sizes_of(responses: Vec<StreamingOutputCallResponse>) -> Vec<usize> {
    responses.into_iter().map(|response| response.payload.unwrap_or_default().body.len()).collect()
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Unary,
    ClientStream,
    ServerStream,
    Duplex,
}

const KINDS: [Kind; 4] = [Kind::Unary, Kind::ClientStream, Kind::ServerStream, Kind::Duplex];

/// A call of one kind that does not end by itself; dropped, it is cancelled.
async fn endless(mut client: TestClient, kind: Kind, mut metadata: MetadataMap) -> Result<(), Status> {
    match kind {
        Kind::Unary => {
            metadata.insert(asked::DELAY, NEVER.as_millis().to_string().parse().expect("digits"));
            client.unary_call(ask(SimpleRequest::default(), metadata)).await.map(drop)
        }
        Kind::ClientStream => {
            let mut request = ask(pending(), metadata);
            let _cancel = CancelOnDrop::new(&mut request);
            client.streaming_input_call(request).await.map(drop)
        }
        Kind::ServerStream => drain(client.streaming_output_call(ask(waiting_request(&[]), metadata))).await.map(drop),
        Kind::Duplex => {
            let mut request = ask(pending(), metadata);
            let _cancel = CancelOnDrop::new(&mut request);
            drain(client.full_duplex_call(request)).await.map(drop)
        }
    }
}

async fn failure<T>(call: impl Future<Output = Result<T, Status>>) -> Result<Status, Failure> {
    call.await.err().ok_or_else(|| "the call succeeded".into())
}

fn call_id() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    format!("{now}-{}", LAST.fetch_add(1, Ordering::Relaxed))
}

fn metadata_of(key: &'static str, value: &str) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    metadata.insert(key, value.parse().expect("ASCII"));
    metadata
}

/// Returns when the server has seen the event.
async fn await_event(client: &TestClient, event: &str) -> Outcome {
    let mut request = ask(Empty {}, metadata_of(asked::AWAIT, event));
    request.set_timeout(Duration::from_secs(5));
    client.clone().empty_call(request).await.map_err(|status| format!("waiting for {event:?}: {status}"))?;
    Ok(())
}

async fn empty_unary(client: &TestClient) -> Outcome {
    client.clone().empty_call(plain(Empty {})).await?;
    Ok(())
}

async fn large_unary(client: &TestClient) -> Outcome {
    unary(client, plain(sized(271828, 314159))).await.map(drop)
}

async fn client_streaming(client: &TestClient) -> Outcome {
    let requests =
        [27182, 8, 1828, 45904].map(|size| StreamingInputCallRequest { payload: payload(size), ..Default::default() });
    let response = client.clone().streaming_input_call(plain(iter(requests))).await?;
    expect("aggregated size", response.into_inner().aggregated_payload_size, 74922)
}

async fn server_streaming(client: &TestClient) -> Outcome {
    let request = output_request(&[31415, 9, 2653, 58979]);
    let responses = drain(client.clone().streaming_output_call(plain(request))).await?;
    expect("payloads", sizes_of(responses), vec![31415, 9, 2653, 58979])
}

async fn ping_pong(client: TestClient) -> Outcome {
    let mut duplex = Duplex::open(&client, MetadataMap::new(), 27182, 31415).await?;
    duplex.exchange(8, 9).await?;
    duplex.exchange(1828, 2653).await?;
    duplex.exchange(45904, 58979).await?;
    duplex.finish().await.map(drop)
}

async fn empty_stream(client: &TestClient) -> Outcome {
    let responses = drain(client.clone().full_duplex_call(plain(iter([])))).await?;
    expect("responses", responses.len(), 0)
}

/// The code of a call with a deadline. tonic's own timer stops at the header and says CANCELLED, so a deadline over a whole
/// call is kept by the caller; grpc-timeout still tells the server.
async fn code_within(limit: Duration, call: impl Future<Output = Result<(), Status>>) -> Code {
    let start = Instant::now();
    match tokio::time::timeout(limit, call).await {
        _ if start.elapsed() >= limit => Code::DeadlineExceeded,
        Ok(Err(status)) => status.code(),
        _ => Code::Ok,
    }
}

async fn timeout(client: &TestClient) -> Outcome {
    const LONGEST: u64 = 5_000;
    for kind in KINDS {
        // On a busy machine the time may be over before the server has heard of the call: then the next one is tried.
        for milliseconds in [100, 1_000, LONGEST] {
            let id = call_id();
            let mut metadata = metadata_of(asked::CALL, &id);
            metadata.insert("grpc-timeout", format!("{milliseconds}m").parse()?);
            let limit = Duration::from_millis(milliseconds);
            let code = code_within(limit, endless(client.clone(), kind, metadata)).await;
            expect(&format!("{kind:?}"), code, Code::DeadlineExceeded)?;
            if milliseconds < LONGEST && await_event(client, &format!("begun {id}")).await.is_err() {
                continue;
            }
            await_event(client, &format!("ended {id}")).await?;
            break;
        }
    }
    Ok(())
}

/// A call in Rust is cancelled by dropping it and has no status then; what is left to see is that the server notices.
async fn cancel_after_begin(client: &TestClient) -> Outcome {
    for kind in KINDS {
        let id = call_id();
        let call = tokio::spawn(endless(client.clone(), kind, metadata_of(asked::CALL, &id)));
        await_event(client, &format!("begun {id}")).await?;
        call.abort();
        expect(&format!("{kind:?} was cancelled"), call.await.is_err_and(|error| error.is_cancelled()), true)?;
        await_event(client, &format!("ended {id}")).await?;
    }
    Ok(())
}

async fn cancel_after_first_response(client: &TestClient) -> Outcome {
    let id = call_id();
    let request = ask(waiting_request(&[31415]), metadata_of(asked::CALL, &id));
    let mut responses = client.clone().streaming_output_call(request).await?.into_inner();
    let first = responses.message().await?.ok_or("the stream ended")?;
    expect("first", sizes_of(vec![first]), vec![31415])?;
    drop(responses);
    await_event(client, &format!("ended {id}")).await?;

    let id = call_id();
    drop(Duplex::open(client, metadata_of(asked::CALL, &id), 27182, 31415).await?);
    await_event(client, &format!("ended {id}")).await
}

async fn custom_metadata(client: &TestClient) -> Outcome {
    const INITIAL: [&str; 2] = ["test_initial_metadata_value", "a second one"];
    const TRAILING: [&[u8]; 2] = [b"\xab\xab\xab", b"\x00\xff,\n"];
    let mut metadata = MetadataMap::new();
    for value in INITIAL {
        metadata.append(asked::ECHO_INITIAL, MetadataValue::from_static(value));
    }
    for value in TRAILING {
        metadata.append_bin(asked::ECHO_TRAILING, MetadataValue::from_bytes(value));
    }
    let check = |kind: &str, header: &MetadataMap, trailer: &MetadataMap| {
        // RFC 9110 section 5.3: a list may arrive as several fields or as one, joined with a comma.
        let initial: Vec<_> =
            header.get_all(asked::ECHO_INITIAL).iter().filter_map(|value| value.to_str().ok()).collect();
        expect(&format!("{kind} header"), initial.join(",").replace(", ", ","), INITIAL.join(","))?;
        let trailing: Vec<_> =
            trailer.get_all_bin(asked::ECHO_TRAILING).iter().flat_map(MetadataValue::to_bytes).collect();
        expect(&format!("{kind} trailer"), trailing, TRAILING.map(Into::into).into())
    };

    let merged = unary(client, ask(sized(1, 1), metadata.clone())).await?;
    check("unary", &merged, &merged)?;
    let merged = client.clone().streaming_input_call(ask(iter([]), metadata.clone())).await?.into_parts().0;
    check("client_stream", &merged, &merged)?;
    let request = ask(output_request(&[1]), metadata.clone());
    let (header, mut responses, _) = client.clone().streaming_output_call(request).await?.into_parts();
    while responses.message().await?.is_some() {}
    check("server_stream", &header, &responses.trailers().await?.unwrap_or_default())?;
    let duplex = Duplex::open(client, metadata, 1, 1).await?;
    let header = duplex.header.clone();
    check("duplex", &header, &duplex.finish().await?)
}

/// Asks for a status from each method whose request can carry one.
async fn fail_with(client: &TestClient, message: &str) -> Outcome {
    let response_status = Some(EchoStatus { code: Code::Unknown as i32, message: message.to_owned() });
    let simple = SimpleRequest { response_status: response_status.clone(), ..Default::default() };
    let output = StreamingOutputCallRequest { response_status: response_status.clone(), ..output_request(&[1]) };
    let duplex = StreamingOutputCallRequest { response_status, ..Default::default() };
    for (kind, status) in [
        ("unary", failure(client.clone().unary_call(plain(simple))).await?),
        ("server_stream", failure(drain(client.clone().streaming_output_call(plain(output)))).await?),
        ("duplex", failure(drain(client.clone().full_duplex_call(plain(iter([duplex]))))).await?),
    ] {
        expect(kind, (status.code(), status.message()), (Code::Unknown, message))?;
    }
    Ok(())
}

async fn unimplemented_method(client: &TestClient) -> Outcome {
    let status = failure(client.clone().unimplemented_call(plain(Empty {}))).await?;
    expect("code", status.code(), Code::Unimplemented)
}

async fn unimplemented_service(channel: &Channel) -> Outcome {
    let mut client = UnimplementedServiceClient::new(channel.clone());
    let status = failure(client.unimplemented_call(plain(Empty {}))).await?;
    expect("code", status.code(), Code::Unimplemented)
}

async fn error_details(client: &TestClient) -> Outcome {
    let info = rpc::ErrorInfo {
        reason: "VOLUME_BUSY".into(),
        domain: "podwire.test".into(),
        metadata: HashMap::from([("volume".into(), "ü 1".into())]),
    };
    let type_url = "type.googleapis.com/google.rpc.ErrorInfo".to_owned();
    let detail = prost_types::Any { type_url, value: info.encode_to_vec() };
    let message = "the volume is busy".to_owned();
    let wanted = rpc::Status { code: Code::FailedPrecondition as i32, message, details: vec![detail] };
    let mut metadata = MetadataMap::new();
    metadata.insert_bin(asked::STATUS, MetadataValue::from_bytes(&wanted.encode_to_vec()));
    for kind in KINDS {
        let status = match kind {
            Kind::Unary => failure(client.clone().unary_call(ask(SimpleRequest::default(), metadata.clone()))).await?,
            _ => failure(endless(client.clone(), kind, metadata.clone())).await?,
        };
        expect(&format!("{kind:?}"), (status.code(), status.message()), (Code::FailedPrecondition, &wanted.message))?;
        expect(&format!("{kind:?} details"), &rpc::Status::decode(status.details())?, &wanted)?;
    }
    Ok(())
}

async fn gzip(client: &TestClient) -> Result<Value, Failure> {
    let gzip = client.clone().send_compressed(Gzip).accept_compressed(Gzip);
    let bool_value = |value| Some(BoolValue { value });
    let request = |compressed| SimpleRequest {
        expect_compressed: bool_value(compressed),
        response_compressed: bool_value(compressed),
        ..sized(271828, 314159)
    };
    // tonic tells the encoding of a call, not what the single message had.
    let header = unary(&gzip, plain(request(true))).await?;
    let facts = json!({ "gzipResponse": header.get("grpc-encoding").is_some_and(|encoding| encoding == "gzip") });
    unary(client, plain(request(false))).await?;
    let input = StreamingInputCallRequest { expect_compressed: bool_value(true), payload: payload(27182) };
    let sum = gzip.clone().streaming_input_call(plain(iter(vec![input; 3]))).await?.into_inner();
    expect("aggregated size", sum.aggregated_payload_size, 3 * 27182)?;
    let mut duplex = Duplex::open(&gzip, MetadataMap::new(), 27182, 31415).await?;
    duplex.exchange(8, 9).await?;
    duplex.finish().await?;
    Ok(facts)
}

async fn large_message(client: &TestClient) -> Outcome {
    const SIZE: i32 = 3 << 20;
    unary(client, plain(sized(SIZE, SIZE))).await?;
    let mut duplex = Duplex::open(client, MetadataMap::new(), SIZE, SIZE).await?;
    duplex.exchange(SIZE, SIZE).await?;
    duplex.finish().await.map(drop)
}

async fn concurrent_calls(client: &TestClient) -> Outcome {
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let client = client.clone();
        calls.spawn(async move {
            match number % 4 {
                0 => ping_pong(client).await,
                _ => unary(&client, plain(sized(100, 1000 + number))).await.map(drop),
            }
        });
    }
    while let Some(ended) = calls.join_next().await {
        ended??;
    }
    Ok(())
}
