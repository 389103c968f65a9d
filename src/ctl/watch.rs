//! Staying with a job: its events as they come, then how it ended.
//!
//! Watching changes nothing: whoever stops, by Ctrl-C or by --timeout, leaves the job running.

use std::io::{self, IsTerminal};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::args::{FollowArgs, WaitArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::progress::View;
use super::{output, render};
use crate::catalog::{JobEventKind, JobState};
use crate::control::client::{Client, ClientError, Events};
use crate::control::protocol::{Accepted, JobDetail, JobEvent};
use crate::names::JobId;

/// `brctl follow`: the events are the result.
pub(super) async fn follow(client: &Client, args: FollowArgs) -> Result<Exit, Failure> {
    let view = if args.json.json {
        View::json()
    } else if io::stdout().is_terminal() && io::stderr().is_terminal() {
        View::bars()
    } else {
        View::result_lines()
    };
    let known = client.job(args.job.clone()).await?;
    let detail = watch(client, known, view, args.timeout).await?;
    if !args.json.json {
        output::result(&render::job::ended(&detail))?;
    }
    Ok(Exit::of_job(detail.summary.state))
}

/// What every verb does with the job it started: the events go beside the result, which is how the job ended.
pub(super) async fn see_through(
    client: &Client,
    job: JobId,
    wait: &WaitArgs,
) -> Result<Exit, Failure> {
    if wait.no_wait {
        return only_started(job, wait);
    }
    output::aside(&render::job::started(&job));
    let view = if io::stderr().is_terminal() {
        View::bars()
    } else {
        View::aside_lines()
    };
    // It has begun: a daemon that goes now leaves it running.
    let known = client
        .job(job.clone())
        .await
        .map_err(|error| left_running(&job, error))?;
    let detail = watch(client, known, view, wait.timeout).await?;
    if wait.json.json {
        output::json(&detail)?;
    } else {
        output::result(&render::job::ended(&detail))?;
    }
    Ok(Exit::of_job(detail.summary.state))
}

fn only_started(job: JobId, wait: &WaitArgs) -> Result<Exit, Failure> {
    if wait.json.json {
        output::json(&Accepted { job })?;
    } else {
        output::result(&format!("{job}\n"))?;
        output::aside(&format!("{}\n", super::failure::going_on(&job)));
    }
    Ok(Exit::Done)
}

enum Turn {
    Event(Box<Result<JobEvent, ClientError>>),
    StreamEnded,
    Interrupted,
    TimedOut,
}

async fn watch(
    client: &Client,
    // What is known should the daemon end together with the job, as it does when it drains.
    mut known: JobDetail,
    mut view: View,
    limit: Option<Duration>,
) -> Result<JobDetail, Failure> {
    let job = &known.summary.job.clone();
    let mut events = client
        .events(job.clone())
        .await
        .map_err(|error| left_running(job, error))?;
    let still_going = |why| Failure::StillGoing {
        job: job.clone(),
        why,
    };
    let mut interrupts = signal(SignalKind::interrupt()).map_err(Failure::Start)?;
    let deadline = until(limit);
    tokio::pin!(deadline);
    loop {
        // Every arm is cancel-safe: events and signals stay where they are, the deadline is only borrowed.
        let turn = tokio::select! {
            turn = next(&mut events) => turn,
            _ = interrupts.recv() => Turn::Interrupted,
            () = &mut deadline => Turn::TimedOut,
        };
        match turn {
            Turn::Event(event) => match *event {
                Ok(event) => {
                    view.show(&event)?;
                    learn(&mut known, event);
                }
                Err(error) => return Err(left_running(job, error)),
            },
            Turn::StreamEnded => break,
            Turn::Interrupted => return Err(still_going("watching was interrupted")),
            Turn::TimedOut => return Err(still_going("the time to watch is over")),
        }
    }
    drop(view);
    match ended(client, job).await {
        Err(_) if is_settled(&known) => Ok(known),
        detail => detail,
    }
}

/// A daemon that goes away leaves its jobs to the next one.
fn left_running(job: &JobId, error: ClientError) -> Failure {
    match error {
        ClientError::Lost { .. } => Failure::StillGoing {
            job: job.clone(),
            why: "brd went away",
        },
        error => error.into(),
    }
}

/// The last word on how the job stands comes as an event too.
fn learn(known: &mut JobDetail, event: JobEvent) {
    if let JobEventKind::State { state, message } = event.what {
        known.summary.state = state;
        known.summary.message = message;
        known.summary.finished = state.is_over().then_some(event.at);
    }
}

/// Over, and not merely left to the next daemon.
fn is_settled(known: &JobDetail) -> bool {
    known.summary.state.is_over() && known.summary.state != JobState::Detached
}

/// A stream of events ends with the job, or with the daemon.
async fn ended(client: &Client, job: &JobId) -> Result<JobDetail, Failure> {
    let still_going = |why| Failure::StillGoing {
        job: job.clone(),
        why,
    };
    match client.job(job.clone()).await {
        Ok(detail) if detail.summary.state.is_over() => Ok(detail),
        Ok(_) => Err(still_going("brd does not tell more of it")),
        Err(ClientError::NotRunning { .. } | ClientError::Lost { .. }) => {
            Err(still_going("brd was stopped"))
        }
        Err(error) => Err(error.into()),
    }
}

async fn next(events: &mut Events) -> Turn {
    events
        .next()
        .await
        .map_or(Turn::StreamEnded, |event| Turn::Event(Box::new(event)))
}

async fn until(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        // Without --timeout the job's end is the deadline, and Ctrl-C the way out.
        None => std::future::pending().await,
    }
}
