use std::fs;

use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::{iter, wrappers::ReceiverStream};

use crate::{
    Failure, Lap,
    body::body,
    connection::{Connection, request},
    options::Options,
    proto::{
        csi::{CreateVolumeRequest, ListVolumesRequest},
        testing::{
            Payload, ResponseParameters, SimpleRequest, StreamingInputCallRequest, StreamingOutputCallRequest,
            StreamingOutputCallResponse,
        },
    },
};

/// What a worker makes, again and again.
pub enum Operation {
    Unary { bytes: usize },
    CreateVolume { request: CreateVolumeRequest },
    ListVolumes { entries: usize },
    ServerStream { messages: usize, bytes: usize },
    ClientStream { messages: usize, bytes: usize },
    PingPong { messages: usize, bytes: usize },
    Connect { endpoint: String },
}

impl Operation {
    pub fn new(options: &Options) -> Result<Self, Failure> {
        let &Options { messages, bytes, .. } = options;
        Ok(match options.call.as_str() {
            "unary" => Operation::Unary { bytes },
            "create-volume" => {
                let file = options.request_file.as_ref().ok_or("--request-file is missing")?;
                Operation::CreateVolume { request: CreateVolumeRequest::decode(&*fs::read(file)?)? }
            }
            "list-volumes" => Operation::ListVolumes { entries: messages },
            "server-stream" => Operation::ServerStream { messages, bytes },
            "client-stream" => Operation::ClientStream { messages, bytes },
            "ping-pong" => Operation::PingPong { messages, bytes },
            "connect" => Operation::Connect { endpoint: options.endpoint.clone() },
            other => return Err(format!("there is no --call={other}").into()),
        })
    }

    /// What one operation counts.
    pub fn units(&self) -> usize {
        match *self {
            Operation::ServerStream { messages, .. } | Operation::ClientStream { messages, .. } => messages,
            _ => 1,
        }
    }

    /// Makes one, or with ping-pong all round trips of one call, and says each to `lap`.
    pub async fn make(&self, connection: Option<&Connection>, lap: &mut Lap) -> Result<(), Failure> {
        if let Operation::Connect { endpoint } = self {
            let fresh = Connection::open(endpoint).await?;
            fresh.greet().await?;
            drop(fresh);
            lap.done();
            return Ok(());
        }
        let connection = connection.ok_or("no connection")?;
        match *self {
            Operation::Unary { bytes } => {
                let message =
                    SimpleRequest { response_size: bytes as i32, payload: payload(bytes), ..Default::default() };
                let response = connection.test.clone().unary_call(request(message)).await?.into_inner();
                whole(response.payload.is_some_and(|payload| payload.body.len() == bytes))?;
            }
            Operation::CreateVolume { request: ref message } => {
                let response = connection.controller.clone().create_volume(request(message.clone())).await?;
                whole(response.into_inner().volume.is_some_and(|volume| !volume.volume_id.is_empty()))?;
            }
            Operation::ListVolumes { entries } => {
                let message = ListVolumesRequest { max_entries: entries as i32, ..Default::default() };
                let response = connection.controller.clone().list_volumes(request(message)).await?;
                whole(response.into_inner().entries.len() == entries)?;
            }
            Operation::ServerStream { messages, bytes } => {
                let message = output_request(messages, bytes);
                let mut responses = connection.test.clone().streaming_output_call(request(message)).await?.into_inner();
                let mut received = 0;
                while let Some(response) = responses.message().await? {
                    whole(response.payload.is_some_and(|payload| payload.body.len() == bytes))?;
                    received += 1;
                }
                whole(received == messages)?;
            }
            Operation::ClientStream { messages, bytes } => {
                let requests = (0..messages)
                    .map(move |_| StreamingInputCallRequest { payload: payload(bytes), ..Default::default() });
                let response = connection.test.clone().streaming_input_call(request(iter(requests))).await?;
                whole(response.into_inner().aggregated_payload_size as usize == messages * bytes)?;
            }
            Operation::PingPong { messages, bytes } => return ping_pong(connection, messages, bytes, lap).await,
            Operation::Connect { .. } => unreachable!("made above"),
        }
        lap.done();
        Ok(())
    }
}

async fn ping_pong(connection: &Connection, messages: usize, bytes: usize, lap: &mut Lap) -> Result<(), Failure> {
    let ping = || StreamingOutputCallRequest { payload: payload(bytes), ..output_request(1, bytes) };
    let pong = |response: Option<StreamingOutputCallResponse>| {
        whole(response.and_then(|response| response.payload).is_some_and(|payload| payload.body.len() == bytes))
    };
    let (requests, queue) = mpsc::channel(1);
    requests.send(ping()).await?;
    let mut responses =
        connection.test.clone().full_duplex_call(request(ReceiverStream::new(queue))).await?.into_inner();
    pong(responses.message().await?)?;
    lap.done();
    for _ in 1..messages {
        if lap.stopped() {
            break;
        }
        requests.send(ping()).await?;
        pong(responses.message().await?)?;
        lap.done();
    }
    drop(requests);
    whole(responses.message().await?.is_none())
}

fn payload(bytes: usize) -> Option<Payload> {
    Some(Payload { body: body(bytes), ..Default::default() })
}

fn output_request(messages: usize, bytes: usize) -> StreamingOutputCallRequest {
    let wanted = ResponseParameters { size: bytes as i32, ..Default::default() };
    StreamingOutputCallRequest { response_parameters: vec![wanted; messages], ..Default::default() }
}

fn whole(is_whole: bool) -> Result<(), Failure> {
    if is_whole { Ok(()) } else { Err("an answer is not whole".into()) }
}
