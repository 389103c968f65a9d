//! A RESTORE job, one visit at a time (`backup/RestoreJob.java`).

use std::collections::HashMap;
use std::path::PathBuf;
use std::{fs, io};

use chrono::{DateTime, Utc};

use crate::engine::cluster::Cluster;
use crate::engine::jobs::{JobHead, Status};
use crate::engine::snapshot::{Image, PhysicalInfo, SnapshotInfo};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreState {
    Pending,
    Snapshoting,
    Download,
    Downloading,
    Commit,
    Committing,
    Finished,
    Cancelled,
}

impl RestoreState {
    /// StarRocks' own spelling.
    pub fn name(self) -> &'static str {
        match self {
            RestoreState::Pending => "PENDING",
            RestoreState::Snapshoting => "SNAPSHOTING",
            RestoreState::Download => "DOWNLOAD",
            RestoreState::Downloading => "DOWNLOADING",
            RestoreState::Commit => "COMMIT",
            RestoreState::Committing => "COMMITTING",
            RestoreState::Finished => "FINISHED",
            RestoreState::Cancelled => "CANCELLED",
        }
    }
}

/// A table or view of the statement, by original name; no partitions stands for all in the snapshot.
#[derive(Debug, Clone)]
pub struct RestoreObject {
    pub original: String,
    pub alias: Option<String>,
    pub partitions: Vec<String>,
    pub is_view: bool,
}

impl RestoreObject {
    pub fn view(name: &str, alias: Option<String>) -> RestoreObject {
        RestoreObject {
            original: name.to_owned(),
            alias,
            partitions: Vec::new(),
            is_view: true,
        }
    }

    /// The name it has, or gets, in the database.
    pub fn local(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.original)
    }
}

/// Rows to fetch for one physical partition.
#[derive(Debug, Clone)]
pub struct Download {
    pub table_id: u64,
    pub partition: String,
    pub physical: u64,
    pub from: PhysicalInfo,
    /// The partition was there before: its rows are replaced, its version is set, its time is now.
    pub in_place: bool,
    pub image: Option<Image>,
}

/// A table the job made. Until the whole preparation is over it carries its original name.
#[derive(Debug, Clone)]
pub struct RestoredTable {
    pub id: u64,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct RestoreJob {
    pub head: JobHead,
    pub state: RestoreState,
    pub timestamp: String,
    pub allow_load: bool,
    pub replication_num: u32,
    pub objects: Vec<RestoreObject>,
    pub info: SnapshotInfo,
    pub meta_prepared: Option<DateTime<Utc>>,
    pub snapshot_finished: Option<DateTime<Utc>>,
    pub download_finished: Option<DateTime<Utc>>,
    /// Existing tables that this job has put in state RESTORE.
    pub held: Vec<u64>,
    pub restored: Vec<RestoredTable>,
    pub restored_views: Vec<String>,
    /// (table id, partition)
    pub added: Vec<(u64, String)>,
    pub downloads: Vec<Download>,
}

impl RestoreJob {
    pub fn new(
        head: JobHead,
        timestamp: String,
        (allow_load, replication_num): (bool, u32),
        objects: Vec<RestoreObject>,
        info: SnapshotInfo,
    ) -> RestoreJob {
        RestoreJob {
            head,
            state: RestoreState::Pending,
            timestamp,
            allow_load,
            replication_num,
            objects,
            info,
            meta_prepared: None,
            snapshot_finished: None,
            download_finished: None,
            held: Vec::new(),
            restored: Vec::new(),
            restored_views: Vec::new(),
            added: Vec::new(),
            downloads: Vec::new(),
        }
    }

    /// One step. An error that must cancel the job comes back as `Err`.
    pub fn visit(&mut self, cluster: &mut Cluster) -> Result<(), Status> {
        if cluster.now - self.head.created > self.head.timeout {
            return Err(Status::timeout(format!(
                "restore job with label: {}  timeout.",
                self.head.label
            )));
        }
        self.check_objects(cluster)?;
        match self.state {
            RestoreState::Pending => {
                self.head.id = i64::try_from(cluster.new_id()).unwrap_or(i64::MAX);
                self.prepare(cluster)?;
                self.meta_prepared = Some(cluster.now);
                self.state = RestoreState::Snapshoting;
            }
            RestoreState::Snapshoting => {
                self.snapshot_finished = Some(cluster.now);
                self.state = RestoreState::Download;
            }
            RestoreState::Download => self.state = RestoreState::Downloading,
            RestoreState::Downloading => self.download(cluster),
            RestoreState::Commit => self.state = RestoreState::Committing,
            RestoreState::Committing => {
                self.commit(cluster)?;
                self.head.finished = Some(cluster.now);
                self.state = RestoreState::Finished;
            }
            RestoreState::Finished | RestoreState::Cancelled => {}
        }
        Ok(())
    }

    /// Database, tables and partitions must still be there at every visit.
    fn check_objects(&self, cluster: &Cluster) -> Result<(), Status> {
        let database = cluster
            .database_by_id(self.head.database_id)
            .ok_or_else(|| {
                Status::not_found(format!(
                    "database {} has been dropped",
                    self.head.database_id
                ))
            })?;
        for download in &self.downloads {
            let table = database
                .tables()
                .find(|table| table.id == download.table_id)
                .ok_or_else(|| {
                    Status::not_found(format!("table {} has been dropped", download.table_id))
                })?;
            let partition = table.partitions.get(&download.partition);
            if !partition
                .is_some_and(|partition| partition.physical_ids().any(|id| id == download.physical))
            {
                return Err(Status::not_found(format!(
                    "partition {} has been dropped",
                    download.physical
                )));
            }
        }
        Ok(())
    }

    /// A failed download never fails the job: it stays in TaskErrMsg and is tried again until the timeout.
    fn download(&mut self, cluster: &Cluster) {
        if let Some(reason) = &cluster.jobs.stalled {
            self.head.task_error = format!("[{}: {reason}]", self.head.id);
            return;
        }
        let Some(repository) = cluster.repositories.get(&self.head.repository) else {
            self.head.task_error = format!(
                "[{}: repository {} is gone]",
                self.head.id, self.head.repository
            );
            return;
        };
        let directory = repository.snapshot_directory(&self.head.label);
        let mut files: HashMap<PathBuf, io::Result<Vec<u8>>> = HashMap::new();
        for download in self
            .downloads
            .iter_mut()
            .filter(|download| download.image.is_none())
        {
            let path = download.from.path(&directory);
            let file = files.entry(path).or_insert_with_key(|path| fs::read(path));
            let fault = match file {
                Ok(bytes) => match download.from.image_in(bytes) {
                    Some(image) => {
                        download.image = Some(image);
                        continue;
                    }
                    None => "md5sum does not match".to_owned(),
                },
                Err(fault) => fault.to_string(),
            };
            let path = download.from.path(&directory);
            self.head.task_error = format!("[{}: {fault}: {}]", download.physical, path.display());
        }
        if self
            .downloads
            .iter()
            .all(|download| download.image.is_some())
        {
            self.download_finished = Some(cluster.now);
            self.state = RestoreState::Commit;
        }
    }
}
