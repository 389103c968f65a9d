//! The verbs that only look.

use super::args::{BackupsArgs, Json, NextArgs, ShowArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::{output, render};
use crate::control::client::{Client, ClientError};
use crate::control::protocol::RefusalCode;
use crate::names::{JobId, Label};

pub(super) async fn status(client: &Client, json: Json) -> Result<Exit, Failure> {
    let status = client.status().await?;
    if json.json {
        output::json(&status)?;
    } else {
        output::verdict(
            render::status::mood(&status),
            &render::status::status(&status),
        )?;
    }
    Ok(Exit::Done)
}

pub(super) async fn next(client: &Client, args: NextArgs) -> Result<Exit, Failure> {
    let next = client.next(args.days).await?;
    if args.json.json {
        output::json(&next)?;
    } else {
        output::result(&render::fires::next(&next, args.days))?;
    }
    Ok(Exit::Done)
}

pub(super) async fn jobs(client: &Client, json: Json) -> Result<Exit, Failure> {
    let jobs = client.jobs().await?;
    if json.json {
        output::json(&jobs)?;
    } else {
        output::result(&render::job::list(&jobs))?;
    }
    Ok(Exit::Done)
}

pub(super) async fn backups(client: &Client, args: BackupsArgs) -> Result<Exit, Failure> {
    let backups = client.backups(args.group.clone()).await?;
    if args.json.json {
        output::json(&backups)?;
    } else {
        output::result(&render::backup::list(&backups, args.group.as_ref()))?;
    }
    Ok(Exit::Done)
}

pub(super) async fn coverage(client: &Client, json: Json) -> Result<Exit, Failure> {
    let coverage = client.coverage().await?;
    if json.json {
        output::json(&coverage)?;
    } else {
        let mood = if render::coverage::is_whole(&coverage) {
            output::Mood::Good
        } else {
            output::Mood::Doubtful
        };
        output::verdict(mood, &render::coverage::coverage(&coverage))?;
    }
    Ok(Exit::Done)
}

/// Jobs come first: their ids are brd's own, and nobody calls a backup like one.
pub(super) async fn show(client: &Client, args: ShowArgs) -> Result<Exit, Failure> {
    if show_job(client, &args).await? || show_backup(client, &args).await? {
        return Ok(Exit::Done);
    }
    Err(Failure::NothingCalled(args.name))
}

/// False: there is no such job.
async fn show_job(client: &Client, args: &ShowArgs) -> Result<bool, Failure> {
    let Ok(job) = JobId::parse(args.name.as_str()) else {
        return Ok(false);
    };
    let Some(detail) = found(client.job(job).await)? else {
        return Ok(false);
    };
    if args.json.json {
        output::json(&detail)?;
    } else {
        output::result(&render::job::detail(&detail))?;
    }
    Ok(true)
}

/// False: there is no such backup.
async fn show_backup(client: &Client, args: &ShowArgs) -> Result<bool, Failure> {
    let Ok(label) = Label::recorded(args.name.as_str()) else {
        return Ok(false);
    };
    let Some(detail) = found(client.backup(label).await)? else {
        return Ok(false);
    };
    if args.json.json {
        output::json(&detail)?;
        return Ok(true);
    }
    output::result(&render::backup::detail(&detail))?;
    if args.partitions {
        output::result(&format!("\n{}", render::backup::partitions(&detail)))?;
    }
    Ok(true)
}

fn found<T>(answer: Result<T, ClientError>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(ClientError::Refused(refusal)) if refusal.code == RefusalCode::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
