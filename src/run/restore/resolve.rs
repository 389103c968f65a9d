//! From a request to a plan: the chain, its snapshots, the database as it is now.

use std::collections::{BTreeMap, BTreeSet};

use super::precheck::room;
use crate::catalog::{Chain, Link};
use crate::names::{DatabaseName, JobId, Label, PartitionName, QualifiedTable, TableName};
use crate::ops::Ops;
use crate::plan::restore::{
    Finish, LiveDatabase, RestorePlan, RestorePlanError, RestorePlanner, RestoreRequest, Selection,
    named_partition,
};
use crate::run::baseline::load_chain;
use crate::run::confirm::{SnapshotFound, snapshot};
use crate::run::error::{Refused, RunError};
use crate::run::group::unknown_group;
use crate::run::preflight::{Health, Purpose, backends, repository};
use crate::run::steps::prove_exchangeable;
use crate::starrocks::{FactsError, Session, read_database, read_surroundings};

/// Which tables, as a person or as a plan names them.
pub(super) enum Wanted<'a> {
    Request(&'a RestoreRequest),
    Tables(Vec<TableName>),
    Partitions(BTreeMap<TableName, BTreeSet<PartitionName>>),
}

/// Looks, and decides; changes nothing.
pub async fn plan(
    session: &Session,
    ops: &Ops,
    job: JobId,
    request: &RestoreRequest,
) -> Result<RestorePlan, RunError> {
    let order = PlanOrder {
        job,
        target: &request.target_label,
        wanted: Wanted::Request(request),
        suffix: request.rename_suffix.clone(),
        finish: request.finish,
        into: request.into.clone(),
    };
    plan_wanted(session, ops, order).await.map(|(plan, _)| plan)
}

/// A request, or a plan that is made once more.
pub(super) struct PlanOrder<'a> {
    pub job: JobId,
    pub target: &'a Label,
    pub wanted: Wanted<'a>,
    pub suffix: String,
    pub finish: Finish,
    /// `None`: the backup's own database.
    pub into: Option<DatabaseName>,
}

/// With whether the plan restores all that the recovery point has.
pub(super) async fn plan_wanted(
    session: &Session,
    ops: &Ops,
    order: PlanOrder<'_>,
) -> Result<(RestorePlan, bool), RunError> {
    let PlanOrder {
        job,
        target,
        wanted,
        suffix,
        finish,
        into,
    } = order;
    let chain = load_chain(ops, target).await??;
    prove_not_of_ops(&chain)?;
    let repository_name = chain
        .links()
        .last()
        .map(|link| link.record.repository.clone())
        .expect("a chain has its target");
    repository(session, &repository_name, Purpose::Restore).await?;
    let (chain, gone) = look_at_snapshots(session, chain).await?;
    let source = database_of(ops, &chain).await?;
    let database = prove_not_ops(into.unwrap_or_else(|| source.clone()))?;
    let health = backends(session).await?;
    let live = live_database(session, &database, &health).await?;
    let selection = match wanted {
        Wanted::Request(request) => selection(ops, &source, request, &chain).await?,
        Wanted::Tables(tables) => Selection::Tables(tables),
        Wanted::Partitions(partitions) => Selection::Partitions(partitions),
    };
    let planner = RestorePlanner {
        job,
        chain: &chain,
        repository: repository_name,
        database,
        source,
        selection,
        suffix,
        finish,
        live: &live,
    };
    let mut plan = prove_snapshots(planner.plan(), gone)?;
    for table in &plan.tables {
        prove_exchangeable(session, &plan.database, table).await?;
    }
    plan.room = room(&plan, &health);
    let whole = plan.tables.len() == chain.state().len();
    Ok((plan, whole))
}

/// A restore writes down in `ops` what it does: that cannot be replaced under it.
fn prove_not_of_ops(chain: &Chain) -> Result<(), RunError> {
    let of_ops = |link: &&Link| link.record.is_of_ops();
    let Some(link) = chain.links().iter().find(of_ops) else {
        return Ok(());
    };
    Err(Refused::not_possible(
        format!(
            "backup `{}` is of brd's own memory, the ops database",
            link.record.label
        ),
        format!(
            "on a cluster that has lost it: `brctl recover --repository {}`",
            link.record.repository
        ),
    )
    .into())
}

/// Links whose snapshot is not what it was, by their labels.
type Gone = BTreeMap<Label, Refused>;

/// Whether the repository has every link that holds data, and complete; a link without a recorded timestamp gets the repository's. What is
/// gone may still not be needed: the plan tells.
async fn look_at_snapshots(session: &Session, chain: Chain) -> Result<(Chain, Gone), RunError> {
    let mut links: Vec<Link> = chain.links().to_vec();
    let mut gone = Gone::new();
    for link in &mut links {
        if link.manifest.included().next().is_none() {
            continue;
        }
        let label = link.record.label.clone();
        let repository = &link.record.repository;
        match (
            snapshot(session, repository, &label).await?,
            &link.record.snapshot,
        ) {
            (SnapshotFound::Ok(timestamp), Some(recorded)) if *recorded != timestamp => {
                let refused = Refused::not_possible(
                    format!(
                        "repository `{repository}` holds snapshot `{label}` of {timestamp}, but {recorded} was recorded"
                    ),
                    "the repository is not the one that was backed up to, or the label was written again; choose another recovery point",
                );
                gone.insert(label, refused);
            }
            (SnapshotFound::Ok(timestamp), _) => link.record.snapshot = Some(timestamp),
            (SnapshotFound::No, _) => {
                let refused = Refused::not_possible(
                    format!(
                        "snapshot `{label}`, which the restore needs, is gone from repository `{repository}`"
                    ),
                    "choose another recovery point from `brctl backups`",
                );
                gone.insert(label, refused);
            }
        }
    }
    Ok((Chain::new(links), gone))
}

/// Of what the plan takes from, nothing is gone.
fn prove_snapshots(
    plan: Result<RestorePlan, RestorePlanError>,
    mut gone: Gone,
) -> Result<RestorePlan, RunError> {
    let needed: Vec<Label> = match &plan {
        Ok(plan) => plan.downloaded().cloned().collect(),
        Err(RestorePlanError::NoSnapshot { label, .. }) => vec![label.clone()],
        Err(_) => Vec::new(),
    };
    let lost = needed.iter().find_map(|label| gone.remove(label));
    match lost {
        Some(refused) => Err(refused.into()),
        None => Ok(plan?),
    }
}

async fn database_of(ops: &Ops, chain: &Chain) -> Result<DatabaseName, RunError> {
    let record = &chain.links().last().expect("a chain has its target").record;
    if let Some(database) = &record.database {
        return Ok(database.clone());
    }
    ops.database_of(&record.label).await?.ok_or_else(|| {
        RunError::Failed(format!(
            "nothing in ops says which database backup `{}` is of",
            record.label
        ))
    })
}

/// An absent database is an empty one: every table is gone.
async fn live_database(
    session: &Session,
    database: &DatabaseName,
    health: &Health,
) -> Result<LiveDatabase, RunError> {
    let backends_alive = health.backends_alive;
    let facts = match read_database(session, database).await {
        Ok(facts) => facts,
        Err(FactsError::NoDatabase(_)) => {
            return Ok(LiveDatabase {
                alive_backends: backends_alive,
                absent: true,
                ..LiveDatabase::default()
            });
        }
        Err(error) => return Err(error.into()),
    };
    let others = facts.left_out.into_iter();
    Ok(LiveDatabase {
        others: others.map(|out| (out.table, out.reason)).collect(),
        tables: facts.tables,
        alive_backends: backends_alive,
        absent: false,
        surroundings: read_surroundings(session, database).await,
    })
}

/// What brd remembers of the restore stands there, and could be swapped away under it.
fn prove_not_ops(into: DatabaseName) -> Result<DatabaseName, Refused> {
    if !into.as_str().eq_ignore_ascii_case("ops") {
        return Ok(into);
    }
    Err(Refused::not_possible(
        "nothing is restored into the database `ops`, where brd keeps its record of the restore",
        "name another database with --into, and copy from there",
    ))
}

async fn selection(
    ops: &Ops,
    database: &DatabaseName,
    request: &RestoreRequest,
    chain: &Chain,
) -> Result<Selection, RunError> {
    if !request.partitions.is_empty() {
        return partitions(database, request, chain);
    }
    match (&request.group, request.tables.is_empty()) {
        (Some(_), false) => Err(Refused::not_possible(
            "--group and --table were both given, and each chooses the tables",
            "give one of them",
        )
        .into()),
        (None, true) => Ok(Selection::Everything),
        (None, false) => Ok(Selection::Tables(
            request
                .tables
                .iter()
                .map(|text| table_name(text, database))
                .collect::<Result<_, _>>()?,
        )),
        (Some(group), true) => {
            let inventory = ops.inventory(group).await?;
            if inventory.0.is_empty() {
                return Err(unknown_group(ops, group).await?.into());
            }
            let tables = chain
                .state()
                .into_keys()
                .filter(|table| inventory.names(database, table))
                .collect();
            Ok(Selection::Group {
                group: group.clone(),
                tables,
            })
        }
    }
}

/// Of the live tables in the backup's own database.
fn partitions(
    database: &DatabaseName,
    request: &RestoreRequest,
    chain: &Chain,
) -> Result<Selection, RunError> {
    if !request.tables.is_empty() || request.group.is_some() {
        return Err(Refused::not_possible(
            "--partition was given with --table or --group, and each chooses what is restored",
            "give one of them",
        )
        .into());
    }
    if request.into.is_some() {
        return Err(Refused::not_possible(
            "--partition puts partitions back into the live table, and --into names another database",
            "restore the table with --table and --into, and copy what is needed from there",
        )
        .into());
    }
    let state = chain.state();
    let mut chosen: BTreeMap<TableName, BTreeSet<PartitionName>> = BTreeMap::new();
    for text in &request.partitions {
        let (table, partition) = named_partition(text, database, &state, &request.target_label)?;
        chosen.entry(table).or_default().insert(partition);
    }
    Ok(Selection::Partitions(chosen))
}

/// `table` or `database.table`; a table's name may itself hold a full stop.
fn table_name(text: &str, database: &DatabaseName) -> Result<TableName, Refused> {
    // Without a full stop it is a plain name, which is read below.
    let qualified = text.parse::<QualifiedTable>().ok(); // no error: not of that form
    match qualified {
        Some(qualified) if qualified.database == *database => Ok(qualified.table),
        Some(qualified) if !text.starts_with('.') && TableName::parse(text).is_err() => {
            Err(Refused::not_possible(
                format!(
                    "table {qualified} is not of database `{database}`, which the backup is of"
                ),
                "name tables of that database",
            ))
        }
        _ => TableName::parse(text).map_err(|error| {
            Refused::not_possible(error.to_string(), "give --table as table or database.table")
        }),
    }
}
