//! What starts a prune: a person, a full that was made, or what an earlier life left.

use std::collections::BTreeSet;

use super::execute::{Done, PATIENCE, Prune, PruneContext};
use super::look::databases;
use crate::catalog::JobState;
use crate::names::DatabaseName;
use crate::ops::{Ops, Reservation};
use crate::plan::retention::{GroupRetention, Keeping, PrunePlan};
use crate::run::error::RunError;
use crate::run::group::Outcome;
use crate::run::job::{Job, JobStop};
use crate::run::preflight::prepare;
use crate::starrocks::Session;

/// Runs a plan that a person has seen: exactly as it was shown, or not at all.
pub async fn run(job: &Job, plan: &PrunePlan) -> Outcome {
    let session = dropping(job);
    let ops = match prepare(job, &job.cluster.session(), PATIENCE).await {
        Ok((ops, _)) => ops,
        Err(error) => return Outcome::of(&error),
    };
    let mut results = Vec::new();
    for group in &plan.groups {
        for shown in group
            .databases
            .iter()
            .filter(|shown| !shown.goes.is_empty())
        {
            let keeping = keeping(group);
            let prune = Prune {
                session: &session,
                ops: &ops,
                keeping: &keeping,
                database: &shown.database,
                repository: &shown.repository,
            };
            results.push((&shown.database, prune.run(job, Some(shown)).await));
        }
    }
    summary(&results)
}

/// A snapshot is deleted file by file while its statement runs. The slot's heartbeat, which goes through ops, must not wait for it: this is
/// the session of nothing else.
fn dropping(job: &Job) -> Session {
    job.cluster.long_session(job.tuning.restore_timeout)
}

fn keeping(group: &GroupRetention) -> Keeping {
    Keeping {
        group: group.group.clone(),
        keep: group.keep,
        zone: group.zone,
    }
}

/// At the end of a run that made fulls of these databases: their retention. The backups stand whatever becomes of it.
pub async fn after_fulls(job: &Job, keeping: &Keeping, fulls: &BTreeSet<DatabaseName>) {
    let session = dropping(job);
    let looked = async {
        let ops = job
            .patiently(PATIENCE, || async {
                Ok(Ops::open(job.cluster.session()).await?)
            })
            .await?;
        let (pairs, _) = databases(&ops, keeping).await?;
        Ok::<_, RunError>((ops, pairs))
    };
    let (ops, pairs) = match looked.await {
        Ok(looked) => looked,
        Err(error) => return left(job, keeping.group.as_str(), &error),
    };
    for (database, repository) in pairs
        .iter()
        .filter(|(database, _)| fulls.contains(database))
    {
        let prune = Prune {
            session: &session,
            ops: &ops,
            keeping,
            database,
            repository,
        };
        if let Err(error) = prune.run(job, None).await {
            left(job, database.as_str(), &error);
        }
    }
}

/// Told to stop, it leaves the rest without a word: the next full comes to it.
fn left(job: &Job, of: &str, error: &RunError) {
    if !matches!(error, RunError::Stopped(_)) {
        let text = format!("retention of {of} is left to the next full: {error}");
        job.journal.finding(text, error.help());
    }
}

/// What a killed prune had let go goes on its way; what it had not marked yet stays for the next one.
pub async fn resume(
    job: &Job,
    ops: &Ops,
    context: &PruneContext,
    slot: &Reservation,
) -> Result<String, RunError> {
    let keeping = Keeping::everything(context.group.clone());
    let prune = Prune {
        session: &dropping(job),
        ops,
        keeping: &keeping,
        database: &context.database,
        repository: &context.repository,
    };
    let done = prune.under(slot, job, None).await?;
    Ok(format!(
        "the prune of {} is finished: {done}",
        context.database
    ))
}

fn summary(results: &[(&DatabaseName, Result<Done, RunError>)]) -> Outcome {
    let lines: Vec<String> = results
        .iter()
        .map(|(database, result)| match result {
            Ok(done) => format!("{database}: {done}"),
            Err(error) => format!("{database}: {error}"),
        })
        .collect();
    let failed = results.iter().find_map(|(_, result)| result.as_ref().err());
    let state = match failed {
        None => JobState::Done,
        Some(RunError::Stopped(JobStop::Detach)) => JobState::Detached,
        Some(_) if results.iter().any(|(_, result)| result.is_ok()) => JobState::Partly,
        Some(error) => Outcome::of(error).state,
    };
    Outcome {
        state,
        message: lines.join("; "),
        help: failed.and_then(RunError::help),
    }
}
