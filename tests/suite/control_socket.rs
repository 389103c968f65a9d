//! The control socket between a real client and a real server, with hand-made answers behind it.

use std::time::Duration;

use brd::catalog::BackupKind;
use brd::control::client::{Client, ClientError};
use brd::control::protocol::{
    Accepted, BODY_LIMIT, BackupRequest, JobList, PROTOCOL_VERSION, PinRequest, PointRequest,
    PruneRequest, PruneStart, RecoverRequest, Refusal, RefusalCode, Report, Request, Response,
    RestoreRequest, RestoreStart,
};
use brd::control::server::CONNECTION_LIMIT;
use brd::names::RepositoryName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::control_hand::{Hand, Served};
use crate::{ctl_samples as samples, prune_samples};

fn accepts() -> Hand {
    Hand::new(|request| match request {
        Request::Status => Ok(Response::Status(Box::new(samples::status()))),
        Request::Jobs => Ok(Response::Jobs(JobList { jobs: Vec::new() })),
        Request::PlanRestore(_) => Ok(Response::Plan(Box::new(samples::plan()))),
        Request::Init | Request::Check | Request::Reload => {
            Ok(Response::Report(Report { lines: Vec::new() }))
        }
        _ => Ok(Response::Accepted(Accepted {
            job: samples::job("j1"),
        })),
    })
}

#[tokio::test]
async fn what_the_client_asks_is_what_the_engine_is_asked() {
    let hand = Hand::new(|_| Err(Refusal::new(RefusalCode::Refused, "not now", "later")));
    let served = Served::start(&hand);
    let client = served.client().await;
    let (job, label, group) = (
        samples::job("j/ö 1"),
        samples::label("a/b?c=%41&d"),
        samples::group("größe +/&=%"),
    );
    let backup = BackupRequest {
        kind: BackupKind::Incremental,
        group: group.clone(),
        baseline_backup: Some(label.clone()),
        name: None,
    };
    let restore = RestoreRequest {
        target_label: label.clone(),
        group: None,
        tables: vec!["d.t".to_owned()],
        rename_suffix: "_x".to_owned(),
        ..RestoreRequest::of(samples::label("l"))
    };
    client.status().await.unwrap_err();
    client.next(30).await.unwrap_err();
    client.jobs().await.unwrap_err();
    client.job(job.clone()).await.unwrap_err();
    client.backups(None).await.unwrap_err();
    client.backups(Some(group.clone())).await.unwrap_err();
    client.backup(label.clone()).await.unwrap_err();
    client.start_backup(backup.clone()).await.unwrap_err();
    client.plan_restore(restore.clone()).await.unwrap_err();
    client
        .start_restore(RestoreStart {
            plan: samples::plan(),
            force: false,
        })
        .await
        .unwrap_err();
    let point = PointRequest {
        group: Some(group.clone()),
        database: None,
        at: Some("2h ago".to_owned()),
        timezone: None,
    };
    client.choose_points(point.clone()).await.unwrap_err();
    let pin = PinRequest { until: None };
    let prune = PruneRequest { group: None };
    client.pin(label.clone(), pin.clone()).await.unwrap_err();
    client.unpin(label.clone()).await.unwrap_err();
    client.plan_prune(prune.clone()).await.unwrap_err();
    client
        .start_prune(prune_samples::prune_plan())
        .await
        .unwrap_err();
    let recovery = RecoverRequest {
        repository: RepositoryName::parse("nightly").unwrap(),
        from_mirror: Some("/srv/catalogue.jsonl".into()),
    };
    client.start_recovery(recovery.clone()).await.unwrap_err();
    client.cancel(job.clone()).await.unwrap_err();
    client.undo(job.clone()).await.unwrap_err();
    client.swap(job.clone()).await.unwrap_err();
    client.discard(job.clone()).await.unwrap_err();
    client.init().await.unwrap_err();
    client.check().await.unwrap_err();
    client.reload().await.unwrap_err();
    let expected = vec![
        Request::Status,
        Request::Next { days: 30 },
        Request::Jobs,
        Request::Job(job.clone()),
        Request::Backups { group: None },
        Request::Backups { group: Some(group) },
        Request::Backup(label.clone()),
        Request::StartBackup(backup),
        Request::PlanRestore(restore),
        Request::StartRestore(Box::new(RestoreStart {
            plan: samples::plan(),
            force: false,
        })),
        Request::ChoosePoints(point),
        Request::Pin {
            label: label.clone(),
            pin,
        },
        Request::Unpin(label),
        Request::PlanPrune(prune),
        Request::StartPrune(PruneStart {
            plan: prune_samples::prune_plan(),
        }),
        Request::StartRecovery(recovery),
        Request::Cancel(job.clone()),
        Request::Undo(job.clone()),
        Request::Swap(job.clone()),
        Request::Discard(job),
        Request::Init,
        Request::Check,
        Request::Reload,
    ];
    assert_eq!(hand.asked(), expected);
    served.stop().await;
}

#[tokio::test]
async fn answers_come_back_as_they_were_given() {
    let served = Served::start(&accepts());
    let client = served.client().await;
    assert_eq!(client.status().await.unwrap(), samples::status());
    assert_eq!(
        client.cancel(samples::job("j1")).await.unwrap().job,
        samples::job("j1")
    );
    assert_eq!(client.reload().await.unwrap(), Report { lines: Vec::new() });
    let request = RestoreRequest {
        target_label: samples::label("l"),
        group: None,
        tables: Vec::new(),
        rename_suffix: "_x".to_owned(),
        ..RestoreRequest::of(samples::label("l"))
    };
    assert_eq!(client.plan_restore(request).await.unwrap(), samples::plan());
    served.stop().await;
}

#[tokio::test]
async fn a_refusal_keeps_its_code_and_its_help() {
    let refusal = Refusal::new(
        RefusalCode::Configuration,
        "line 3 is wrong",
        "write a zone",
    );
    let hand = Hand::new({
        let refusal = refusal.clone();
        move |_| Err(refusal.clone())
    });
    let served = Served::start(&hand);
    let Err(ClientError::Refused(told)) = served.client().await.reload().await else {
        panic!("not refused")
    };
    assert_eq!(told, refusal);
    let answer = served
        .raw(b"POST /v1/reload HTTP/1.1\r\nhost: brd\r\nconnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn any_http_client_will_do() {
    let served = Served::start(&accepts());
    let answer = served.raw(b"GET /v1/status HTTP/1.1\r\nHost: brd\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nConnection: close\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.contains("content-type: application/json\r\n"),
        "{head}"
    );
    assert!(
        head.contains(&format!("brd-protocol: {PROTOCOL_VERSION}\r\n")),
        "{head}"
    );
    let status: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(status["groups"][0]["group"], "nightly");
    let answer = served
        .raw(b"POST /v1/jobs/j1/cancel HTTP/1.1\r\nHost: brd\r\nConnection: close\r\n\r\n")
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 202 Accepted\r\n") && answer.ends_with("{\"job\":\"j1\"}\n"),
        "{answer}"
    );
    let answer = served
        .raw(b"DELETE /v1/status HTTP/1.1\r\nHost: brd\r\nConnection: close\r\n\r\n")
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 405 ") && answer.contains("\r\nallow: GET\r\n"),
        "{answer}"
    );
    served.stop().await;
}

#[tokio::test]
async fn events_arrive_one_by_one_and_end_with_the_job() {
    let served = Served::start(&accepts().with_events(samples::events()));
    let client = served.client().await;
    let mut events = client.events(samples::job("j7")).await.unwrap();
    let mut arrived = Vec::new();
    while let Some(event) = events.next().await {
        arrived.push(event.unwrap());
    }
    assert_eq!(arrived, samples::events());
    let Err(ClientError::Refused(refusal)) = client.events(samples::job("nobody")).await else {
        panic!("not refused")
    };
    assert_eq!(refusal.code, RefusalCode::NotFound);
    served.stop().await;
}

#[tokio::test]
async fn the_first_event_does_not_wait_for_the_last() {
    let served = Served::start(&accepts().with_events(samples::events()).endless());
    let mut events = served
        .client()
        .await
        .events(samples::job("j7"))
        .await
        .unwrap();
    for event in samples::events() {
        assert_eq!(events.next().await.unwrap().unwrap(), event);
    }
    served.stop().await;
    assert!(
        !matches!(events.next().await, Some(Ok(_))),
        "a stopped daemon ends the stream"
    );
}

#[tokio::test]
async fn a_follower_that_leaves_is_not_followed_for_ever() {
    let hand = accepts().endless();
    let served = Served::start(&hand);
    let events = served
        .client()
        .await
        .events(samples::job("j7"))
        .await
        .unwrap();
    drop(events);
    hand.reader_left().await;
    served.stop().await;
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_nothing() {
    let hand = accepts().gated();
    let served = Served::start(&hand);
    let mut stream = UnixStream::connect(&served.path).await.unwrap();
    stream
        .write_all(b"POST /v1/reload HTTP/1.1\r\nhost: brd\r\n\r\n")
        .await
        .unwrap();
    while hand.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(stream);
    // The server notices the closed connection in one of these turns; the request must live on all the same.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    hand.open();
    hand.passed().await;
    served.stop().await;
}

#[tokio::test]
async fn garbage_is_answered_or_closed_and_the_daemon_lives_on() {
    let served = Served::start(&accepts());
    let bodies: [&[u8]; 8] = [
        b"\0\0\0\0\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET /v1/status HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET /v1/%ff HTTP/1.1\r\nconnection: close\r\n\r\n",
        b"POST /v1/backups HTTP/1.1\r\ncontent-length: 3\r\nconnection: close\r\n\r\n\xff\xfe\xfd",
        b"POST /v1/backups HTTP/1.1\r\ncontent-length: -3\r\n\r\n",
        b"POST /v1/backups HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ];
    for bytes in bodies {
        let answer = served.raw(bytes).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{bytes:?}: {answer}"
        );
    }
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000));
    let answer = served.raw(long.as_bytes()).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer}"
    );
    assert_eq!(
        served.client().await.status().await.unwrap(),
        samples::status()
    );
    served.stop().await;
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let hand = accepts();
    let served = Served::start(&hand);
    let mut request =
        b"POST /v1/restores HTTP/1.1\r\nhost: brd\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..=BODY_LIMIT >> 20 {
        request.extend_from_slice(b"100000\r\n");
        request.extend_from_slice(&chunk);
        request.extend_from_slice(b"\r\n");
    }
    let answer = served.raw(&request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(
        answer.contains(&format!("longer than {BODY_LIMIT} bytes")),
        "{answer}"
    );
    assert_eq!(hand.asked(), []);
    served.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_trickles_and_a_connection_that_idles_are_closed() {
    let hand = accepts();
    let served = Served::start(&hand);
    let begun = tokio::time::Instant::now();
    assert_eq!(served.raw(b"").await, "", "an idle one");
    assert!(begun.elapsed() < Duration::from_secs(61));
    let begun = tokio::time::Instant::now();
    let answer = served.raw(b"GET /v1/status HTT").await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408 "),
        "{answer}"
    );
    assert!(begun.elapsed() < Duration::from_secs(61));
    let answer = served
        .raw(b"POST /v1/reload HTTP/1.1\r\nhost: brd\r\ncontent-length: 5\r\n\r\n{")
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 408 ") && answer.contains("was not complete after 10 s"),
        "{answer}"
    );
    assert_eq!(hand.asked(), []);
    served.stop().await;
}

#[tokio::test]
async fn one_client_too_many_is_told_so() {
    let served = Served::start(&accepts());
    let mut waiting = Vec::new();
    for _ in 0..CONNECTION_LIMIT {
        let mut stream = UnixStream::connect(&served.path).await.unwrap();
        // The answer proves that the connection has its place.
        stream
            .write_all(b"GET /v1/jobs HTTP/1.1\r\nhost: brd\r\n\r\n")
            .await
            .unwrap();
        let mut first = [0; 15];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        waiting.push(stream);
    }
    let answer = served
        .raw(b"GET /v1/status HTTP/1.1\r\nhost: brd\r\n\r\n")
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{answer}"
    );
    let Err(ClientError::Refused(refusal)) = served.client().await.status().await else {
        panic!("not refused")
    };
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        (
            RefusalCode::Refused,
            "64 clients are connected to brd already"
        )
    );
    drop(waiting);
    let mut answered = false;
    while !answered {
        answered = served.client().await.jobs().await.is_ok();
    }
    served.stop().await;
}

#[tokio::test]
async fn a_panic_behind_the_socket_ends_one_request() {
    let hand = Hand::new(|request| match request {
        Request::Init => panic!("on purpose"),
        _ => Ok(Response::Status(Box::new(samples::status()))),
    });
    let served = Served::start(&hand);
    let client = served.client().await;
    let Err(ClientError::Refused(refusal)) = client.init().await else {
        panic!("not refused")
    };
    assert_eq!(refusal.code, RefusalCode::Internal);
    assert_eq!(client.status().await.unwrap(), samples::status());
    served.stop().await;
}

#[tokio::test]
async fn versions_that_differ_are_told_before_anything_is_done() {
    let hand = accepts();
    let served = Served::start(&hand);
    let answer = served.raw(b"POST /v1/reload HTTP/1.1\r\nhost: brd\r\nbrd-protocol: 99\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.contains("this brd speaks version 1 of its protocol, and the client \\\"99\\\""),
        "{answer}"
    );
    assert_eq!(hand.asked(), []);
    served.stop().await;
}

#[tokio::test]
async fn what_is_not_brd_is_told_from_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let other = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 16];
            if stream.read_exact(&mut asked).await.is_err() {
                continue;
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            let _written = stream.write_all(answer).await;
            let mut rest = Vec::new();
            let _read = stream.read_to_end(&mut rest).await;
        }
    });
    let error = Client::connect(&path)
        .await
        .unwrap()
        .status()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "what answers on {} cannot be understood: it is not brd",
            path.display()
        )
    );
    other.abort();
}

#[tokio::test]
async fn nobody_there_is_told_with_the_place_that_was_looked_at() {
    let error = Client::connect("/nonexistent/brd.sock".as_ref())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no brd answers on /nonexistent/brd.sock: there is no such file"
    );
    let hand = accepts();
    let served = Served::start(&hand);
    let path = served.path.clone();
    served.stop().await;
    assert!(!path.exists(), "a stopped daemon takes its socket away");
    assert!(matches!(
        Client::connect(&path).await,
        Err(ClientError::NotRunning { .. })
    ));
}

#[tokio::test]
async fn an_answer_in_work_is_finished_when_the_daemon_stops() {
    let hand = accepts().gated();
    let served = Served::start(&hand);
    let client = served.client().await;
    let asking = tokio::spawn(async move { client.jobs().await });
    while hand.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let stopping = tokio::spawn(served.stop());
    hand.open();
    assert_eq!(asking.await.unwrap().unwrap(), JobList { jobs: Vec::new() });
    stopping.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_never_answers_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("brd.sock");
    // Accepts by its backlog, and never reads.
    let _deaf = tokio::net::UnixListener::bind(&path).unwrap();
    let client = Client::connect(&path).await.unwrap();
    let error = client.status().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("brd on {} gave no answer within 60 s", path.display())
    );
}
