//! A RESTORE job, one visit at a time (`backup/RestoreJob.java`).

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::engine::cluster::Cluster;
use crate::engine::jobs::properties::RestoreProperties;
use crate::engine::jobs::tasks::{Task, batches};
use crate::engine::jobs::{Halt, JobHead, JobOrder, Phase, RestoreObject, Status};
use crate::engine::repository::Repository;
use crate::engine::snapshot::{Image, PhysicalInfo, SnapshotInfo, SnapshotMeta};

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

/// Rows to fetch for one physical partition.
#[derive(Debug, Clone)]
pub struct Download {
    pub table_id: u64,
    pub partition: String,
    pub physical: u64,
    pub from: PhysicalInfo,
    /// (tablet, backend) of every replica that receives them.
    pub replicas: Vec<(u64, u64)>,
    /// The partition was there before: its rows are replaced, its version is set, its time is now.
    pub in_place: bool,
    pub image: Option<Image>,
}

/// A table or view the job made. Until the whole preparation is over it carries its original name.
#[derive(Debug, Clone)]
pub struct RestoredTable {
    pub id: u64,
    pub name: String,
    pub is_view: bool,
}

#[derive(Debug, Clone)]
pub struct RestoreJob {
    pub head: JobHead,
    pub state: RestoreState,
    pub timestamp: String,
    pub allow_load: bool,
    pub replication_num: i32,
    /// In the order in which they are worked on and printed.
    pub objects: Vec<RestoreObject>,
    pub info: SnapshotInfo,
    /// `None`: the file could not be read when the statement came.
    pub meta: Option<SnapshotMeta>,
    pub meta_prepared: Option<DateTime<Utc>>,
    pub snapshot_finished: Option<DateTime<Utc>>,
    pub download_finished: Option<DateTime<Utc>>,
    pub restored: Vec<RestoredTable>,
    /// (table id, partition)
    pub added: Vec<(u64, String)>,
    pub downloads: Vec<Download>,
}

impl RestoreJob {
    pub fn new(
        head: JobHead,
        properties: RestoreProperties,
        objects: Vec<RestoreObject>,
        info: SnapshotInfo,
        meta: Option<SnapshotMeta>,
    ) -> RestoreJob {
        RestoreJob {
            head,
            state: RestoreState::Pending,
            timestamp: properties.timestamp,
            allow_load: properties.allow_load,
            replication_num: properties.replication_num,
            objects,
            info,
            meta,
            meta_prepared: None,
            snapshot_finished: None,
            download_finished: None,
            restored: Vec::new(),
            added: Vec::new(),
            downloads: Vec::new(),
        }
    }

    /// One step.
    pub fn visit(&mut self, cluster: &mut Cluster) -> Result<(), Halt> {
        let late = cluster.now - self.head.created > self.head.timeout;
        if late || cluster.jobs.meets(&JobOrder::Timeout) {
            let label = &self.head.label;
            return Err(
                Status::timeout(format!("restore job with label: {label}  timeout.")).into(),
            );
        }
        let repository = cluster
            .repositories
            .get(&self.head.repository)
            .cloned()
            .ok_or_else(|| {
                Status::common(format!(
                    "failed to get repository: {}",
                    self.head.repository
                ))
            })?;
        if let Some(text) = cluster.jobs.meets_exception() {
            return Err(Halt::Exception(text));
        }
        self.check_objects(cluster)?;
        match self.state {
            RestoreState::Pending if self.is_of_catalogs() => self.restore_catalogs(cluster),
            RestoreState::Pending => {
                self.prepare(cluster)?;
                self.meta_prepared = Some(cluster.now);
                self.state = RestoreState::Snapshoting;
            }
            RestoreState::Snapshoting => {
                self.report(Phase::Snapshot, cluster, &BTreeMap::new());
                if self.head.tasks.is_empty() {
                    self.snapshot_finished = Some(cluster.now);
                    self.state = RestoreState::Download;
                }
            }
            RestoreState::Download => self.send_downloads(cluster),
            RestoreState::Downloading => self.finish_downloads(cluster, &repository),
            RestoreState::Commit => {
                self.place_rows(cluster)?;
                self.send_to_replicas(cluster);
                self.state = RestoreState::Committing;
            }
            RestoreState::Committing => {
                self.report(Phase::Move, cluster, &BTreeMap::new());
                if self.head.tasks.is_empty() {
                    self.finish(cluster);
                    self.head.finished = Some(cluster.now);
                    self.state = RestoreState::Finished;
                }
            }
            RestoreState::Finished | RestoreState::Cancelled => {}
        }
        Ok(())
    }

    pub fn is_of_catalogs(&self) -> bool {
        self.meta
            .as_ref()
            .is_some_and(|meta| !meta.catalogs.is_empty())
    }

    /// Catalogs of the same name are replaced. From PENDING straight to COMMITTING; no job id is made.
    fn restore_catalogs(&mut self, cluster: &mut Cluster) {
        for catalog in self.meta.iter().flat_map(|meta| &meta.catalogs) {
            cluster
                .catalogs
                .insert(catalog.name.clone(), catalog.clone());
        }
        self.state = RestoreState::Committing;
    }

    /// After PENDING, database, tables and partitions must still be there at every visit.
    fn check_objects(&self, cluster: &Cluster) -> Result<(), Status> {
        if self.state == RestoreState::Pending || self.is_of_catalogs() {
            return Ok(());
        }
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

    fn report(&mut self, phase: Phase, cluster: &mut Cluster, failing: &BTreeMap<u64, String>) {
        self.head.tasks.report(phase, cluster, failing);
    }

    /// A task for every replica, shown with its tablet: snapshots and moves.
    pub fn send_to_replicas(&mut self, cluster: &mut Cluster) {
        self.head.tasks.clear();
        for download in &self.downloads {
            for (tablet, backend) in &download.replicas {
                let task = Task {
                    shown: *tablet,
                    backend: *backend,
                    physicals: vec![download.physical],
                };
                self.head.tasks.send(cluster.new_id(), task);
            }
        }
    }

    /// Tasks by backend, as many as `max_download_task_per_be` allows.
    fn send_downloads(&mut self, cluster: &mut Cluster) {
        self.head.tasks.clear();
        let mut by_backend: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for download in &self.downloads {
            for (_, backend) in &download.replicas {
                by_backend
                    .entry(*backend)
                    .or_default()
                    .push(download.physical);
            }
        }
        let limit = cluster.config_number("max_download_task_per_be");
        for (backend, physicals) in by_backend {
            for physicals in batches(&physicals, limit) {
                let task = Task {
                    shown: backend,
                    backend,
                    physicals,
                };
                self.head.tasks.send(cluster.new_id(), task);
            }
        }
        self.state = RestoreState::Downloading;
    }

    /// A failed download never fails the job: it stays in TaskErrMsg and is tried again until the timeout.
    fn finish_downloads(&mut self, cluster: &mut Cluster, repository: &Repository) {
        let failing = self.fetch(repository);
        self.report(Phase::Download, cluster, &failing);
        if self.head.tasks.is_empty() {
            self.download_finished = Some(cluster.now);
            self.state = RestoreState::Commit;
        }
    }

    /// Reads what has not been read yet; answers with what could not be, by physical partition.
    fn fetch(&mut self, repository: &Repository) -> BTreeMap<u64, String> {
        let directory = repository.snapshot_directory(&self.head.label);
        let mut files: HashMap<PathBuf, Result<Vec<u8>, String>> = HashMap::new();
        let mut failing = BTreeMap::new();
        for download in self
            .downloads
            .iter_mut()
            .filter(|download| download.image.is_none())
        {
            let path = download.from.path(&directory);
            let file = files.entry(path.clone()).or_insert_with_key(|path| {
                repository.check_reachable()?;
                fs::read(path).map_err(|fault| format!("{fault}: {}", path.display()))
            });
            let image = file.as_ref().map(|bytes| download.from.image_in(bytes));
            match image {
                Ok(Some(image)) => download.image = Some(image),
                Ok(None) => {
                    let text = format!("md5sum does not match: {}", path.display());
                    failing.insert(download.physical, text);
                }
                Err(text) => {
                    failing.insert(download.physical, text.clone());
                }
            }
        }
        failing
    }
}
