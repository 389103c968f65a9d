//! SHOW BACKUP and SHOW RESTORE: the last job of each database, times in the session's zone.

use chrono::{DateTime, Utc};

use crate::answer::{ResultSet, SqlError};
use crate::engine::cluster::Cluster;
use crate::engine::jobs::{BackupJob, BackupState, Job, RestoreJob, RestoreState};
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
        &self,
        session: &Session,
        database: Option<&str>,
    ) -> Result<ResultSet, SqlError> {
        let jobs = self.jobs_of(database)?;
        let mut tables = jobs.iter().filter_map(|job| match job {
            Job::Backup(job) => Some((job.head.database.as_str(), &job.objects)),
            Job::Restore(_) => None,
        });
        // One table without EXPORT empties the whole result.
        let visible = tables.all(|(database, objects)| {
            let names = objects.iter().map(|object| object.name.as_str());
            self.may_export(session, database, names)
        });
        if !visible {
            return Ok(with_nulls(&BACKUP, Vec::new()));
        }
        let rows = jobs.into_iter().filter_map(|job| match job {
            Job::Backup(job) => Some(backup_row(
                session,
                job,
                self.backends.first().map_or(0, |backend| backend.id),
            )),
            Job::Restore(_) => None,
        });
        Ok(with_nulls(&BACKUP, rows.collect()))
    }

    pub(super) fn show_restore(
        &self,
        session: &Session,
        database: Option<&str>,
    ) -> Result<ResultSet, SqlError> {
        let rows = self
            .jobs_of(database)?
            .into_iter()
            .filter_map(|job| match job {
                Job::Restore(job) => Some(restore_row(session, job)),
                Job::Backup(_) => None,
            });
        Ok(with_nulls(&RESTORE, rows.collect()))
    }

    /// Without FROM, all databases.
    fn jobs_of(&self, database: Option<&str>) -> Result<Vec<&Job>, SqlError> {
        if let Some(name) = database {
            let id = self.database(name)?.id;
            return Ok(self.jobs.slots.get(&id).into_iter().collect());
        }
        Ok(self
            .databases
            .values()
            .filter_map(|database| self.jobs.slots.get(&database.id))
            .collect())
    }
}

fn backup_row(session: &Session, job: &BackupJob, backend: u64) -> Row {
    let head = &job.head;
    let objects: Vec<String> = job
        .objects
        .iter()
        .map(|object| {
            let partitions = if object.partitions.is_empty() {
                String::new()
            } else {
                format!(" PARTITIONS ({})", object.partitions.join(", "))
            };
            format!("[{}.{}{partitions}]", head.database, object.name)
        })
        .collect();
    let tasks: Vec<String> = match (job.state, &job.cut) {
        (BackupState::Snapshoting | BackupState::Uploading, Some(cut)) => cut
            .images
            .iter()
            .map(|(physical, _)| format!("{}={backend}", physical.id))
            .collect(),
        _ => Vec::new(),
    };
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
        Some(tasks.join(", ")),
        Some(String::new()),
        Some(head.task_error.clone()),
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
    let busy = matches!(
        job.state,
        RestoreState::Snapshoting | RestoreState::Downloading | RestoreState::Committing
    );
    let tasks: Vec<String> = if busy {
        job.downloads
            .iter()
            .map(|download| format!("{}={}", download.physical, download.table_id))
            .collect()
    } else {
        Vec::new()
    };
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
        Some(tasks.join(", ")),
        Some(String::new()),
        Some(head.task_error.clone()),
        Some(head.status.to_string()),
        Some(head.timeout.num_seconds().to_string()),
    ]
}

fn time(session: &Session, moment: Option<DateTime<Utc>>) -> Option<String> {
    moment.map(|moment| session.zone.show(moment))
}
