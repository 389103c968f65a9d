//! Answers as HTTP: JSON bodies, one object, or one object a line for events.

use std::convert::Infallible;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Response as HttpResponse, StatusCode};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::control::protocol::{
    JobEvent, PROTOCOL_HEADER, PROTOCOL_VERSION, Refusal, RefusalCode, Response,
};

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A refusal with the status it is sent under: most follow from the code, some only HTTP knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    pub status: StatusCode,
    pub refusal: Refusal,
    /// With 405: what the path takes.
    pub allow: Option<&'static str>,
}

impl Rejection {
    pub fn new(
        status: StatusCode,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Rejection {
        let code = match status {
            StatusCode::NOT_FOUND => RefusalCode::NotFound,
            StatusCode::SERVICE_UNAVAILABLE => RefusalCode::Refused,
            StatusCode::INTERNAL_SERVER_ERROR => RefusalCode::Internal,
            _ => RefusalCode::Usage,
        };
        Rejection {
            status,
            refusal: Refusal::new(code, message, help),
            allow: None,
        }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Rejection {
        let status = StatusCode::from_u16(refusal.code.http_status())
            .expect("every code has a status of HTTP");
        Rejection {
            status,
            refusal,
            allow: None,
        }
    }
}

pub(super) fn response(response: &Response) -> HttpResponse<Body> {
    let status = if matches!(response, Response::Accepted(_)) {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    whole(status, line(response))
}

pub(super) fn rejection(rejection: &Rejection) -> HttpResponse<Body> {
    let mut answer = whole(rejection.status, line(&rejection.refusal));
    if let Some(allow) = rejection.allow {
        answer
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static(allow));
    }
    // What is left of such a request is not read, so nothing after it can be understood; and who is one too many must not stay.
    if matches!(
        rejection.status,
        StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::SERVICE_UNAVAILABLE
    ) {
        answer
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// Each event as soon as it comes; ends with the job.
pub(super) fn events(receiver: mpsc::Receiver<JobEvent>) -> HttpResponse<Body> {
    let frames = futures_util::stream::unfold(receiver, async |mut receiver| {
        let event = receiver.recv().await?;
        Some((
            Ok::<_, Infallible>(Frame::data(Bytes::from(line(&event)))),
            receiver,
        ))
    });
    with_headers(
        StatusCode::OK,
        "application/x-ndjson",
        StreamBody::new(frames).boxed_unsync(),
    )
}

fn whole(status: StatusCode, body: Vec<u8>) -> HttpResponse<Body> {
    with_headers(
        status,
        "application/json",
        Full::new(Bytes::from(body)).boxed_unsync(),
    )
}

fn with_headers(status: StatusCode, content_type: &'static str, body: Body) -> HttpResponse<Body> {
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
        .headers_mut()
        .insert(PROTOCOL_HEADER, HeaderValue::from(PROTOCOL_VERSION));
    answer
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(value).expect("the protocol's types have only text keys");
    bytes.push(b'\n');
    bytes
}
