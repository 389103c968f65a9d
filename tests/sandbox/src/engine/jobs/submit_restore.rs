//! RESTORE statements: the checks, in StarRocks' order (`sql/analyzer/BackupRestoreAnalyzer.java`, `backup/BackupHandler.restore`).

use std::collections::BTreeSet;

use crate::answer::{Answer, SqlError};
use crate::ast::{JobCatalogs, JobObject, Restore};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::jobs::properties::RestoreProperties;
use crate::engine::jobs::restore_objects::{check_functions, restore_objects};
use crate::engine::jobs::{CATALOG_SLOT, Job, JobHead, RestoreJob};
use crate::engine::session::Session;
use crate::engine::snapshot::{SnapshotInfo, SnapshotMeta};

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
            let target = self.restore_target_before_3_4(session, statement);
            let database = self.database_for_job(&target)?;
            self.take_submission_lock()?;
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
        let catalogs = catalogs_asked(statement, &info)?;
        let (slot, target) = if catalogs.is_some() {
            (CATALOG_SLOT, String::new())
        } else {
            let target = self.restore_target(session, statement, &info)?;
            (self.database(&target)?.id, target)
        };
        self.take_submission_lock()?;
        self.check_slot(slot)?;
        // A meta file that cannot be read is found out here and told by the job.
        let mut meta: Option<SnapshotMeta> = repository
            .read_verified(&statement.label, "__meta")
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if let Some(source) = statement
            .source_database
            .as_ref()
            .filter(|source| **source != info.database)
        {
            return Err(error::common(format!(
                "target database: {source} is not existed in snapshot"
            )));
        }
        let objects = restore_objects(statement, &info, meta.as_ref())?;
        if let (Some(items), Some(meta)) = (&statement.objects, &mut meta) {
            check_functions(items, meta)?;
        }
        if let (Some(asked), Some(meta)) = (&catalogs, &mut meta) {
            check_catalogs(asked, meta)?;
        }
        let head = JobHead::new(
            &statement.label,
            (slot, target),
            &statement.repository,
            self.now,
            properties.timeout,
        );
        let job = RestoreJob::new(head, properties, objects, info, meta);
        self.jobs.slots.insert(slot, Job::Restore(Box::new(job)));
        Ok(done())
    }

    /// Before the label, or the current one.
    fn restore_target_before_3_4(&self, session: &Session, statement: &Restore) -> String {
        let named = statement.target_database.clone();
        named
            .or_else(|| session.database.clone())
            .unwrap_or_default()
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
        if !self.release.restores_into_new_database() {
            return Ok(self.restore_target_before_3_4(session, statement));
        }
        let target = named.unwrap_or_else(|| info.database.clone());
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

/// A snapshot without a database is one of external catalogs, and only that. Without any named, all of them are restored.
fn catalogs_asked(
    statement: &Restore,
    info: &SnapshotInfo,
) -> Result<Option<JobCatalogs>, SqlError> {
    if info.database.is_empty() {
        if statement.source_database.is_some() || statement.target_database.is_some() {
            return Err(error::common(
                "Can not specify database for external catalog snapshot",
            ));
        }
        return Ok(Some(statement.catalogs.clone().unwrap_or(JobCatalogs::All)));
    }
    if statement.catalogs.is_some() {
        return Err(error::common(format!(
            "This is not a snapshot for external catalog restore, snapshot: {}",
            statement.label
        )));
    }
    Ok(None)
}

/// Keeps the named catalogs, under their aliases (`BackupHandler.checkAndFilterRestoreCatalogsInBackupMeta`).
fn check_catalogs(asked: &JobCatalogs, meta: &mut SnapshotMeta) -> Result<(), SqlError> {
    let JobCatalogs::Named(named) = asked else {
        return Ok(());
    };
    let mut kept = Vec::new();
    for (name, alias) in named {
        let mut catalog = meta
            .catalogs
            .iter()
            .find(|catalog| catalog.name.eq_ignore_ascii_case(name))
            .cloned()
            .ok_or_else(|| error::common(format!("Can not find restore catalog: {name}")))?;
        if let Some(alias) = alias {
            if alias.eq_ignore_ascii_case("default_catalog") {
                return Err(error::common(
                    "Do not support set alias as default catalog for external catalog restore",
                ));
            }
            catalog.name.clone_from(alias);
        }
        kept.push(catalog);
    }
    meta.catalogs = kept;
    Ok(())
}

/// Aliases may equal neither another alias nor any listed name, their own included.
fn check_names(statement: &Restore) -> Result<(), SqlError> {
    let items = statement.objects.as_deref().unwrap_or_default();
    let mut ranked: Vec<&JobObject> = items.iter().collect();
    ranked.sort_by_key(|item| rank(item));
    let mut names = BTreeSet::new();
    for item in &ranked {
        let Some((original, _)) = name_of(item) else {
            continue;
        };
        if !names.insert(original) {
            return Err(error::analyzing_at(
                item_place(item),
                format!("Duplicated table: {original}"),
            ));
        }
    }
    for item in &ranked {
        if let Some((_, Some(alias))) = name_of(item)
            && !names.insert(alias)
        {
            return Err(error::analyzing_at(
                item_place(item),
                format!("Duplicated alias name: {alias}"),
            ));
        }
    }
    Ok(())
}

/// Bare names, materialized views, views, tables (`AstBuilder.parseBackupRestoreStatement`).
pub(super) fn rank(item: &JobObject) -> u8 {
    match item {
        JobObject::Table { keyword: false, .. } => 0,
        JobObject::MaterializedView { .. } => 1,
        JobObject::View { .. } => 2,
        _ => 3,
    }
}

pub(super) fn name_of(item: &JobObject) -> Option<(&str, Option<&str>)> {
    match item {
        JobObject::Table { name, alias, .. }
        | JobObject::View { name, alias, .. }
        | JobObject::MaterializedView { name, alias, .. } => Some((&name.name, alias.as_deref())),
        _ => None,
    }
}

fn item_place(item: &JobObject) -> crate::ast::Place {
    match item {
        JobObject::Table { places, .. }
        | JobObject::View { places, .. }
        | JobObject::MaterializedView { places, .. } => places.item,
        _ => crate::ast::Place::default(),
    }
}
