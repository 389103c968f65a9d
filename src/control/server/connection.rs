//! One client, one request after another, each within its time and size.

use std::convert::Infallible;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request as HttpRequest, Response as HttpResponse, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{debug, error, warn};

use super::answer::{self, Body, Rejection};
use super::route::{Routed, route};
use super::serve::{Answers, CONNECTION_LIMIT};
use crate::control::protocol::{BODY_LIMIT, PROTOCOL_HEADER, PROTOCOL_VERSION, Request, Response};
use crate::engine::Asker;

/// For a request's head, counted from the moment the connection is idle (so that an idle one is closed after it), and again for its body.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// For a client that is only told that there is no room.
const TURN_AWAY_LIMIT: Duration = Duration::from_secs(1);

/// A request's head, in bytes.
const HEAD_LIMIT: usize = 64 << 10;

/// Ends when the client does, or after the answer in work once `closing` becomes true.
pub(super) async fn connection<A: Answers>(
    stream: UnixStream,
    answers: A,
    asker: Asker,
    mut closing: watch::Receiver<bool>,
) {
    let service = service_fn(|request| answer(answers.clone(), asker.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_LIMIT)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // Both arms are cancel-safe: the connection is only borrowed, and a watch forgets nothing.
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = closing.changed() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(asker = %asker, error = %error, "a client's connection ended early");
    }
}

/// Tells a client that there is no room for it. It must have asked something first: an answer that comes before its question is none.
pub(super) async fn turn_away(stream: UnixStream) {
    let service = service_fn(async |_request: HttpRequest<Incoming>| {
        let message = format!("{CONNECTION_LIMIT} clients are connected to brd already");
        let help = "try again in a moment; `ss -xp` shows who holds the connections";
        Ok::<_, Infallible>(answer::rejection(&Rejection::new(
            StatusCode::SERVICE_UNAVAILABLE,
            message,
            help,
        )))
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    let told = matches!(timeout(TURN_AWAY_LIMIT, connection).await, Ok(Ok(())));
    warn!(
        limit = CONNECTION_LIMIT,
        told, "a client was turned away: too many are connected"
    );
}

async fn answer<A: Answers>(
    answers: A,
    asker: Asker,
    request: HttpRequest<Incoming>,
) -> Result<HttpResponse<Body>, Infallible> {
    let answered = attempt(answers, asker, request).await;
    Ok(answered.unwrap_or_else(|rejection| answer::rejection(&rejection)))
}

async fn attempt<A: Answers>(
    answers: A,
    asker: Asker,
    request: HttpRequest<Incoming>,
) -> Result<HttpResponse<Body>, Rejection> {
    let (head, body) = request.into_parts();
    same_protocol(&head.headers)?;
    let body = read(body).await?;
    match route(&head.method, head.uri.path(), head.uri.query(), &body)? {
        Routed::Follow(job) => Ok(answer::events(answers.follow(asker, job).await?)),
        Routed::Ask(request) => ask(answers, asker, request)
            .await
            .map(|response| answer::response(&response)),
    }
}

/// A `brctl` of another version is told before anything is done for it.
fn same_protocol(headers: &HeaderMap) -> Result<(), Rejection> {
    let Some(theirs) = headers.get(PROTOCOL_HEADER) else {
        return Ok(());
    };
    if theirs.as_bytes() == PROTOCOL_VERSION.to_string().as_bytes() {
        return Ok(());
    }
    let message = format!(
        "this brd speaks version {PROTOCOL_VERSION} of its protocol, and the client {theirs:?}"
    );
    Err(Rejection::new(
        StatusCode::BAD_REQUEST,
        message,
        "use the brctl of the brd that runs; after an upgrade, `systemctl restart brd`",
    ))
}

async fn read(body: Incoming) -> Result<Bytes, Rejection> {
    let read = timeout(READ_LIMIT, Limited::new(body, BODY_LIMIT).collect()).await;
    let read = read.map_err(|_| {
        let message = format!(
            "the request was not complete after {} s",
            READ_LIMIT.as_secs()
        );
        Rejection::new(
            StatusCode::REQUEST_TIMEOUT,
            message,
            "send it again, in one go",
        )
    })?;
    read.map(http_body_util::Collected::to_bytes)
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                let message = format!("the request's body is longer than {BODY_LIMIT} bytes");
                return Rejection::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    message,
                    "restore fewer tables at a time, with --table",
                );
            }
            Rejection::new(
                StatusCode::BAD_REQUEST,
                format!("the request's body cannot be read: {error}"),
                "send it again",
            )
        })
}

async fn ask<A: Answers>(
    answers: A,
    asker: Asker,
    request: Request,
) -> Result<Response, Rejection> {
    // Waited for right here. A task of its own, because hyper drops this future when the client goes away, and the request must still be
    // carried out; and because a panic in it must not take the connection along.
    let asked = tokio::spawn(async move { answers.ask(asker, request).await });
    match asked.await {
        Ok(answered) => Ok(answered?),
        Err(died) => {
            error!(error = %died, "a request of a client ended in a panic");
            let help = "the log of brd has the reason: `journalctl -u brd`";
            Err(Rejection::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "brd failed while it answered this",
                help,
            ))
        }
    }
}
