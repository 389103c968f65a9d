//! SHOW BACKUP and SHOW RESTORE: the last job of each database, times in the session's zone.

use chrono::{DateTime, Utc};

use crate::answer::{ResultSet, SqlError};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::jobs::{BackupJob, CATALOG_SLOT, Job, RestoreJob};
use crate::engine::session::Session;
use crate::engine::show::{Row, with_nulls};

const BACKUP: [&str; 14] = [
    "JobId",
    "SnapshotName",
    "DbName",
    "State",
    "BackupObjs",
    "CreateTime",
    "SnapshotFinishedTime",
    "UploadFinishedTime",
    "FinishedTime",
    "UnfinishedTasks",
    "Progress",
    "TaskErrMsg",
    "Status",
    "Timeout",
];

const RESTORE: [&str; 18] = [
    "JobId",
    "Label",
    "Timestamp",
    "DbName",
    "State",
    "AllowLoad",
    "ReplicationNum",
    "RestoreObjs",
    "CreateTime",
    "MetaPreparedTime",
    "SnapshotFinishedTime",
    "DownloadFinishedTime",
    "FinishedTime",
    "UnfinishedTasks",
    "Progress",
    "TaskErrMsg",
    "Status",
    "Timeout",
];

impl Cluster {
    pub(super) fn show_backup(
        &mut self,
        session: &Session,
        database: Option<&str>,
    ) -> Result<ResultSet, SqlError> {
        let mut rows = Vec::new();
        for job in self.jobs_of(database)? {
            if let Job::Backup(job) = job {
                // One table without EXPORT empties the whole result; the job of the external catalogs has none.
                let names = job.objects.iter().map(|object| object.name.as_str());
                if !self.may_export(session, &job.head.database, names) {
                    return Ok(with_nulls(&BACKUP, Vec::new()));
                }
                rows.push(backup_row(session, job));
            }
        }
        self.check_unchanging(rows.len())?;
        Ok(with_nulls(&BACKUP, rows))
    }

    pub(super) fn show_restore(
        &mut self,
        session: &Session,
        database: Option<&str>,
    ) -> Result<ResultSet, SqlError> {
        let mut rows = Vec::new();
        for job in self.jobs_of(database)? {
            if let Job::Restore(job) = job {
                rows.push(restore_row(session, job));
            }
        }
        self.check_unchanging(rows.len())?;
        Ok(with_nulls(&RESTORE, rows))
    }

    /// Without FROM, all databases, in the order of their ids; the job of the external catalogs comes last, with FROM too.
    fn jobs_of(&self, database: Option<&str>) -> Result<Vec<&Job>, SqlError> {
        let slots: Vec<u64> = match database {
            Some(name) => vec![self.database(name)?.id],
            None => {
                let mut ids: Vec<u64> = self
                    .databases
                    .values()
                    .map(|database| database.id)
                    .collect();
                ids.sort_unstable();
                ids
            }
        };
        Ok(slots
            .iter()
            .chain(&[CATALOG_SLOT])
            .filter_map(|slot| self.jobs.slots.get(slot))
            .collect())
    }

    /// The tasks of a job are read while backends report them (`BackupJob.getInfo`): an order makes that happen.
    fn check_unchanging(&mut self, rows: usize) -> Result<(), SqlError> {
        if rows == 0 || self.jobs.changing == 0 {
            return Ok(());
        }
        self.jobs.changing -= 1;
        Err(error::analyzing(
            "meta data may has been updated during this period, please try again",
        ))
    }
}

fn backup_row(session: &Session, job: &BackupJob) -> Row {
    let head = &job.head;
    // `TableRef.toString`: no blank between the name and what follows it.
    let objects: Vec<String> = job
        .objects
        .iter()
        .map(|object| {
            let temporary = if object.temporary_partitions {
                "TEMPORARY "
            } else {
                ""
            };
            let partitions = if object.partitions.is_empty() {
                String::new()
            } else {
                format!("{temporary}PARTITIONS ({})", object.partitions.join(", "))
            };
            format!("[{}.{}{partitions}]", head.database, object.name)
        })
        .collect();
    vec![
        Some(head.id.to_string()),
        Some(head.label.clone()),
        Some(head.database.clone()),
        Some(job.state.name().to_owned()),
        Some(objects.join(", ")),
        Some(session.zone.show(head.created)),
        time(session, job.snapshot_finished),
        time(session, job.upload_finished),
        time(session, head.finished),
        Some(head.tasks.unfinished_text()),
        Some(String::new()),
        Some(head.tasks.error_text()),
        Some(head.status.to_string()),
        Some(head.timeout.num_seconds().to_string()),
    ]
}

fn restore_row(session: &Session, job: &RestoreJob) -> Row {
    let head = &job.head;
    let objects: Vec<String> = job
        .objects
        .iter()
        .map(|object| {
            // All that are restored, also without a list (`BackupJobInfo.getInfo`).
            let named: Vec<&str> = object
                .partitions
                .iter()
                .map(String::as_str)
                .filter(|partition| *partition != object.original)
                .collect();
            if named.is_empty() {
                object.original.clone()
            } else {
                format!("{} PARTITIONS [{}]", object.original, named.join(", "))
            }
        })
        .collect();
    vec![
        Some(head.id.to_string()),
        Some(head.label.clone()),
        Some(job.timestamp.clone()),
        Some(head.database.clone()),
        Some(job.state.name().to_owned()),
        Some(job.allow_load.to_string()),
        Some(job.replication_num.to_string()),
        Some(objects.join(", ")),
        Some(session.zone.show(head.created)),
        time(session, job.meta_prepared),
        time(session, job.snapshot_finished),
        time(session, job.download_finished),
        time(session, head.finished),
        Some(head.tasks.unfinished_text()),
        Some(String::new()),
        Some(head.tasks.error_text()),
        Some(head.status.to_string()),
        Some(head.timeout.num_seconds().to_string()),
    ]
}

fn time(session: &Session, moment: Option<DateTime<Utc>>) -> Option<String> {
    moment.map(|moment| session.zone.show(moment))
}
