//! An app in Rust, on tonic. Usage: client ADDRESS CASE, where ADDRESS serves grpc.testing.TestService; see real-clients.test.ts.

use std::error::Error;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{StreamExt, iter, pending};
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Streaming};

mod testing {
    tonic::include_proto!("grpc.testing");
}
use testing::test_service_client::TestServiceClient;
use testing::*;

type Client = TestServiceClient<Channel>;
type Outcome = Result<(), Box<dyn Error>>;

/// The default limit of a message, less what stands around the payload.
const LARGE: usize = 4 * 1024 * 1024 - 64;
const SIZES: [i32; 4] = [31_415, 9, 2_653, 58_979];
const KEEPALIVE_INTERVAL: Duration = Duration::from_millis(100);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Many intervals.
const SILENCE: Duration = Duration::from_millis(1_500);
const DEADLINE: Duration = Duration::from_millis(300);
/// Several ages of the test's connections.
const LONG_LIFE: Duration = Duration::from_secs(3);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [address, case] = given.as_slice() else {
        return Err("usage: client ADDRESS CASE".into());
    };
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT);
    let client = TestServiceClient::new(endpoint.connect().await?);
    match case.as_str() {
        "unary" => unary(client, 1_000).await,
        "server_streaming" => server_streaming(client).await,
        "client_streaming" => client_streaming(client).await,
        "bidi_streaming" => bidi_streaming(client).await,
        "deadline" => deadline(client).await,
        "cancellation" => cancellation(client).await,
        "binary_metadata" => binary_metadata(client).await,
        "large_messages" => unary(client, LARGE).await,
        "keepalive" => keepalive(client).await,
        "connection_age" => connection_age(client).await,
        other => Err(format!("no case {other}").into()),
    }
}

fn payload(size: usize) -> Option<Payload> {
    Some(Payload {
        body: vec![0; size],
        ..Default::default()
    })
}

fn size_of(payload: Option<Payload>) -> usize {
    payload.map_or(0, |payload| payload.body.len())
}

fn output(sizes: &[i32]) -> StreamingOutputCallRequest {
    let response_parameters = sizes
        .iter()
        .map(|&size| ResponseParameters {
            size,
            ..Default::default()
        })
        .collect();
    StreamingOutputCallRequest {
        response_parameters,
        ..Default::default()
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, seen: T, expected: T) -> Outcome {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{what}: {seen:?}, expected {expected:?}").into())
    }
}

async fn unary(mut client: Client, size: usize) -> Outcome {
    let request = SimpleRequest {
        response_size: size as i32,
        payload: payload(size),
        ..Default::default()
    };
    let answer = client.unary_call(request).await?.into_inner();
    expect("size of the answer", size_of(answer.payload), size)
}

async fn server_streaming(mut client: Client) -> Outcome {
    let mut answers = client
        .streaming_output_call(output(&SIZES))
        .await?
        .into_inner();
    for size in SIZES {
        let answer = answers.message().await?.ok_or("too few answers")?;
        expect("size of an answer", size_of(answer.payload), size as usize)?;
    }
    expect("answers after the last", answers.message().await?, None)
}

async fn client_streaming(mut client: Client) -> Outcome {
    let requests = SIZES.map(|size| StreamingInputCallRequest {
        payload: payload(size as usize),
    });
    let answer = client
        .streaming_input_call(iter(requests))
        .await?
        .into_inner();
    expect(
        "sum of the sizes",
        answer.aggregated_payload_size,
        SIZES.iter().sum(),
    )
}

/// An open call that is asked for one answer after the other. tonic hands it out with the response headers, which come with the
/// first answer: that is asked for before.
struct Chat {
    ask: Sender<StreamingOutputCallRequest>,
    answers: Streaming<StreamingOutputCallResponse>,
}

impl Chat {
    async fn open(mut client: Client, first: i32) -> Result<Chat, Box<dyn Error>> {
        let (ask, asked) = channel(1);
        ask.send(output(&[first])).await?;
        let answers = client
            .full_duplex_call(ReceiverStream::new(asked))
            .await?
            .into_inner();
        Ok(Chat { ask, answers })
    }

    async fn expect_answer(&mut self, size: i32) -> Outcome {
        let answer = self.answers.message().await?.ok_or("too few answers")?;
        expect("size of an answer", size_of(answer.payload), size as usize)
    }
}

async fn bidi_streaming(client: Client) -> Outcome {
    let mut chat = Chat::open(client, SIZES[0]).await?;
    chat.expect_answer(SIZES[0]).await?;
    for size in SIZES {
        chat.ask.send(output(&[size])).await?;
        chat.expect_answer(size).await?;
    }
    drop(chat.ask);
    expect(
        "answers after the last",
        chat.answers.message().await?,
        None,
    )
}

async fn deadline(mut client: Client) -> Outcome {
    let mut request = Request::new(pending());
    request.metadata_mut().insert(
        "grpc-timeout",
        format!("{}m", DEADLINE.as_millis()).parse()?,
    );
    let started = Instant::now();
    let failure = client
        .full_duplex_call(request)
        .await
        .expect_err("an answer");
    expect("in time", started.elapsed() >= DEADLINE / 2, true)?;
    // tonic's own clock calls it cancelled, if it is first.
    let known = [Code::DeadlineExceeded, Code::Cancelled];
    expect("known status", known.contains(&failure.code()), true)
}

/// A call is given up by dropping its stream; the test looks for it in the plugin.
async fn cancellation(mut client: Client) -> Outcome {
    let requests = iter([output(&[1])]).chain(pending());
    let mut answers = client.full_duplex_call(requests).await?.into_inner();
    answers.message().await?.ok_or("no answer")?;
    drop(answers);
    client.empty_call(Empty {}).await?;
    Ok(())
}

async fn binary_metadata(mut client: Client) -> Outcome {
    let bytes = MetadataValue::from_bytes(&[0, 1, 10, 13, 127, 128, 254, 255]);
    let mut request = Request::new(iter([output(&[1])]));
    request
        .metadata_mut()
        .insert("x-grpc-test-echo-initial", "text".parse()?);
    request
        .metadata_mut()
        .insert_bin("x-grpc-test-echo-trailing-bin", bytes.clone());
    let answer = client.full_duplex_call(request).await?;
    expect(
        "header",
        answer.metadata().get("x-grpc-test-echo-initial"),
        Some(&"text".parse()?),
    )?;
    let mut answers = answer.into_inner();
    while answers.message().await?.is_some() {}
    let trailers = answers.trailers().await?.ok_or("no trailers")?;
    expect(
        "trailer",
        trailers.get_bin("x-grpc-test-echo-trailing-bin"),
        Some(&bytes),
    )
}

async fn keepalive(client: Client) -> Outcome {
    let mut chat = Chat::open(client, 1).await?;
    chat.expect_answer(1).await?;
    sleep(SILENCE).await;
    chat.ask.send(output(&[1])).await?;
    timeout(KEEPALIVE_TIMEOUT, chat.expect_answer(1)).await?
}

async fn connection_age(mut client: Client) -> Outcome {
    let started = Instant::now();
    while started.elapsed() < LONG_LIFE {
        client.empty_call(Empty {}).await?;
    }
    Ok(())
}
