//! RESTORE statements: the checks, in StarRocks' order (`backup/BackupHandler.restore`).

use std::collections::BTreeSet;

use chrono::Duration;

use crate::answer::{Answer, SqlError};
use crate::ast::{JobObject, Restore};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::jobs::submit_backup::timeout;
use crate::engine::jobs::{Job, JobHead, RestoreJob, RestoreObject, Status};
use crate::engine::session::Session;
use crate::engine::snapshot::SnapshotInfo;

impl Cluster {
    /// Analysis, then authorization, then execution: which refusal comes first is seen by clients.
    pub fn restore(&mut self, session: &Session, statement: &Restore) -> Result<Answer, SqlError> {
        let properties = self.analyze_restore(statement)?;
        self.authorize_restore()?;
        self.submit_restore(session, statement, properties)
    }

    fn analyze_restore(&self, statement: &Restore) -> Result<RestoreProperties, SqlError> {
        check_names(statement)?;
        RestoreProperties::read(&statement.properties, self)
    }

    fn submit_restore(
        &mut self,
        session: &Session,
        statement: &Restore,
        properties: RestoreProperties,
    ) -> Result<Answer, SqlError> {
        let repository = self.repository_for_job(&statement.repository)?;
        if !self.release.restores_into_new_database() {
            // Up to 3.3 the database and its slot come before the snapshot (`BackupHandler.process`).
            let target = statement.target_database.as_deref().ok_or_else(|| {
                error::not_modelled("RESTORE before 3.4 without a database before the label")
            })?;
            let database = self.database_for_job(target)?;
            self.check_slot(database)?;
        }
        let stem = format!("__info_{}", properties.timestamp);
        let info: SnapshotInfo = repository
            .read_verified(&statement.label, &stem)
            .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|fault| fault.to_string()))
            .map_err(|reason| {
                error::common(format!(
                    "Failed to get info of snapshot '{}' because: {reason}. Maybe specified wrong backup timestamp",
                    statement.label
                ))
            })?;
        let target = self.restore_target(session, statement, &info)?;
        let database_id = self.database(&target)?.id;
        self.check_slot(database_id)?;
        if let Some(source) = statement
            .source_database
            .as_ref()
            .filter(|source| **source != info.database)
        {
            return Err(error::common(format!(
                "target database: {source} is not existed in snapshot"
            )));
        }
        let objects = restore_objects(statement, &info)?;
        let head = JobHead {
            id: -1,
            label: statement.label.clone(),
            database_id,
            database: target,
            repository: statement.repository.clone(),
            created: self.now,
            finished: None,
            timeout: properties.timeout,
            status: Status::ok(),
            task_error: String::new(),
            journalled_task_error: String::new(),
        };
        let job = RestoreJob::new(
            head,
            properties.timestamp,
            (properties.allow_load, properties.replication_num),
            objects,
            info,
        );
        self.jobs
            .slots
            .insert(database_id, Job::Restore(Box::new(job)));
        Ok(done())
    }

    /// The database named, else that of the snapshot; since 3.4 it is made where it is missing.
    fn restore_target(
        &mut self,
        session: &Session,
        statement: &Restore,
        info: &SnapshotInfo,
    ) -> Result<String, SqlError> {
        let named = statement
            .target_database
            .clone()
            .or_else(|| statement.source_database.clone());
        let current = if statement.objects.is_some() {
            session.database.clone()
        } else {
            None
        };
        let target = named.or(current).unwrap_or_else(|| info.database.clone());
        if !self.databases.contains_key(&target) {
            self.create_database(&target, true).map_err(|_| {
                error::common(format!(
                    "Can not create database: {target} in restore process"
                ))
            })?;
        }
        Ok(target)
    }
}

struct RestoreProperties {
    timestamp: String,
    allow_load: bool,
    replication_num: u32,
    timeout: Duration,
}

impl RestoreProperties {
    fn read(
        properties: &[(String, String)],
        cluster: &Cluster,
    ) -> Result<RestoreProperties, SqlError> {
        const KNOWN: [&str; 6] = [
            "allow_load",
            "backup_timestamp",
            "meta_version",
            "replication_num",
            "starrocks_meta_version",
            "timeout",
        ];
        let property = |key: &str| {
            properties
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value.as_str())
        };
        let unknown: Vec<&str> = properties
            .iter()
            .map(|(key, _)| key.as_str())
            .filter(|key| !KNOWN.contains(key))
            .collect();
        if !unknown.is_empty() {
            return Err(error::common_analyzing(format!(
                "Unknown restore job properties: [{}]",
                unknown.join(", ")
            )));
        }
        let number = |text: &str| {
            text.parse::<u32>().map_err(|_| {
                error::common_analyzing(format!("Invalid meta version format: {text}"))
            })
        };
        let allow_load = match property("allow_load")
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                return Err(error::common_analyzing(format!(
                    "Invalid allow load value: {other}"
                )));
            }
        };
        let default = u32::try_from(cluster.config_number("default_replication_num")).unwrap_or(3);
        Ok(RestoreProperties {
            allow_load,
            replication_num: property("replication_num").map_or(Ok(default), number)?,
            timestamp: property("backup_timestamp")
                .ok_or_else(|| error::common_analyzing("Missing backup_timestamp property"))?
                .to_owned(),
            timeout: property("timeout").map_or_else(
                || {
                    Ok(Duration::milliseconds(
                        cluster.config_number("backup_job_default_timeout_ms"),
                    ))
                },
                timeout,
            )?,
        })
    }
}

/// Aliases may equal neither another alias nor any listed name, their own included.
fn check_names(statement: &Restore) -> Result<(), SqlError> {
    let items = statement.objects.as_deref().unwrap_or_default();
    let mut originals = BTreeSet::new();
    for (original, _) in items.iter().filter_map(name_of) {
        if !originals.insert(original) {
            return Err(error::analyzing(format!("Duplicated table: {original}")));
        }
    }
    let mut aliases = BTreeSet::new();
    for alias in items
        .iter()
        .filter_map(name_of)
        .filter_map(|(_, alias)| alias)
    {
        if originals.contains(alias) || !aliases.insert(alias) {
            return Err(error::analyzing(format!("Duplicated alias name: {alias}")));
        }
    }
    Ok(())
}

fn name_of(item: &JobObject) -> Option<(&str, Option<&str>)> {
    match item {
        JobObject::Table { name, alias, .. }
        | JobObject::View { name, alias }
        | JobObject::MaterializedView { name, alias } => Some((&name.name, alias.as_deref())),
        _ => None,
    }
}

/// What to restore, by original name; nothing named is everything.
fn restore_objects(
    statement: &Restore,
    info: &SnapshotInfo,
) -> Result<Vec<RestoreObject>, SqlError> {
    let whole = [
        JobObject::AllTables,
        JobObject::AllViews,
        JobObject::AllMaterializedViews,
    ];
    let items = statement.objects.as_deref().unwrap_or(&whole);
    let mut objects: Vec<RestoreObject> = Vec::new();
    let missing = |name: &str| {
        error::common(format!(
            "Table {name} does not exist in snapshot {}",
            statement.label
        ))
    };
    for item in items {
        match item {
            JobObject::Table {
                name,
                temporary_partitions,
                partitions,
                alias,
            } => {
                if info.views.contains(&name.name) && partitions.is_empty() {
                    objects.push(RestoreObject::view(&name.name, alias.clone()));
                    continue;
                }
                let table = info
                    .tables
                    .get(&name.name)
                    .ok_or_else(|| missing(&name.name))?;
                if *temporary_partitions {
                    return Err(error::common(
                        "Do not support restoring temporary partitions",
                    ));
                }
                if let Some(unknown) = partitions
                    .iter()
                    .find(|partition| !table.partitions.contains_key(*partition))
                {
                    return Err(error::common(format!(
                        "Partition {unknown} of table {} does not exist in snapshot {}",
                        name.name, statement.label
                    )));
                }
                objects.push(RestoreObject {
                    original: name.name.clone(),
                    alias: alias.clone(),
                    partitions: partitions.clone(),
                    is_view: false,
                });
            }
            JobObject::MaterializedView { name, alias } => {
                if !info.tables.contains_key(&name.name) {
                    return Err(missing(&name.name));
                }
                objects.push(RestoreObject {
                    original: name.name.clone(),
                    alias: alias.clone(),
                    partitions: Vec::new(),
                    is_view: false,
                });
            }
            JobObject::View { name, alias } => {
                if !info.views.contains(&name.name) {
                    return Err(missing(&name.name));
                }
                objects.push(RestoreObject::view(&name.name, alias.clone()));
            }
            JobObject::Function { name, .. } => {
                return Err(error::common(format!(
                    "Can not find restore function: {}",
                    name.name
                )));
            }
            JobObject::AllTables
            | JobObject::AllViews
            | JobObject::AllMaterializedViews
            | JobObject::AllFunctions => {}
        }
    }
    add_all(items, info, &mut objects);
    Ok(objects)
}

/// What ALL … adds to the objects that were named.
fn add_all(items: &[JobObject], info: &SnapshotInfo, objects: &mut Vec<RestoreObject>) {
    for item in items {
        let names: Vec<(&String, bool)> = match item {
            JobObject::AllTables | JobObject::AllMaterializedViews => {
                let materialized = *item == JobObject::AllMaterializedViews;
                info.tables
                    .iter()
                    .filter(|(_, table)| table.materialized == materialized)
                    .map(|(name, _)| (name, false))
                    .collect()
            }
            JobObject::AllViews => info.views.iter().map(|name| (name, true)).collect(),
            _ => Vec::new(),
        };
        for (name, is_view) in names {
            if !objects.iter().any(|object| object.original == *name) {
                objects.push(RestoreObject {
                    original: name.clone(),
                    alias: None,
                    partitions: Vec::new(),
                    is_view,
                });
            }
        }
    }
}
