//! A BACKUP job, one visit at a time (`backup/BackupJob.java`).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::engine::catalog::ExternalCatalog;
use crate::engine::cluster::Cluster;
use crate::engine::function::Function;
use crate::engine::jobs::cut::Cut;
use crate::engine::jobs::tasks::{Task, batches};
use crate::engine::jobs::{BackupObject, Halt, JobHead, JobOrder, Phase, Status};
use crate::engine::repository::{Repository, md5_of};
use crate::engine::retention::Ttl;
use crate::engine::zone::Zone;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupState {
    Pending,
    Snapshoting,
    UploadSnapshot,
    Uploading,
    SaveMeta,
    UploadInfo,
    Finished,
    Cancelled,
}

impl BackupState {
    /// StarRocks' own spelling.
    pub fn name(self) -> &'static str {
        match self {
            BackupState::Pending => "PENDING",
            BackupState::Snapshoting => "SNAPSHOTING",
            BackupState::UploadSnapshot => "UPLOAD_SNAPSHOT",
            BackupState::Uploading => "UPLOADING",
            BackupState::SaveMeta => "SAVE_META",
            BackupState::UploadInfo => "UPLOAD_INFO",
            BackupState::Finished => "FINISHED",
            BackupState::Cancelled => "CANCELLED",
        }
    }
}

#[derive(Debug, Clone)]
pub struct BackupJob {
    pub head: JobHead,
    pub state: BackupState,
    pub objects: Vec<BackupObject>,
    pub functions: Vec<Function>,
    /// External catalogs: then there is nothing else.
    pub catalogs: Vec<ExternalCatalog>,
    /// Since 4.2.
    pub ttl: Option<Ttl>,
    pub snapshot_finished: Option<DateTime<Utc>>,
    pub upload_finished: Option<DateTime<Utc>>,
    pub cut: Option<Cut>,
    /// Since SAVE_META.
    pub local_files: Option<LocalFiles>,
    /// Whether the rows are in the repository.
    uploaded: bool,
}

/// `__meta` and `__info` before they are uploaded: on the disk of the frontend that was the leader at SAVE_META.
#[derive(Debug, Clone)]
pub struct LocalFiles {
    pub frontend: usize,
    pub directory: String,
}

impl LocalFiles {
    /// `<tmp_dir>/backup/<label>__<uuid>` (`BackupJob.saveMetaInfo`).
    fn new(frontend: usize, label: &str, seed: u64) -> LocalFiles {
        let hex = md5_of(&seed.to_le_bytes());
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        LocalFiles {
            frontend,
            directory: format!(
                "/opt/starrocks/fe/temp_dir/backup/{label}__{}",
                parts.join("-")
            ),
        }
    }
}

impl BackupJob {
    pub fn new(
        head: JobHead,
        objects: Vec<BackupObject>,
        functions: Vec<Function>,
        catalogs: Vec<ExternalCatalog>,
        ttl: Option<Ttl>,
    ) -> BackupJob {
        BackupJob {
            head,
            state: BackupState::Pending,
            objects,
            functions,
            catalogs,
            ttl,
            snapshot_finished: None,
            upload_finished: None,
            cut: None,
            local_files: None,
            uploaded: false,
        }
    }

    /// One step.
    pub fn visit(&mut self, cluster: &mut Cluster) -> Result<(), Halt> {
        let late = cluster.now - self.head.created > self.head.timeout;
        if late || cluster.jobs.meets(&JobOrder::Timeout) {
            return Err(Status::timeout("").into());
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
        match self.state {
            BackupState::Pending if self.catalogs.is_empty() => self.take_cut(cluster)?,
            // No job id is made for external catalogs.
            BackupState::Pending => {
                self.cut = Some(Cut::of_catalogs(&self.head, &self.catalogs));
                self.state = BackupState::SaveMeta;
            }
            BackupState::Snapshoting => self.finish_snapshots(cluster)?,
            BackupState::UploadSnapshot => self.send_uploads(cluster, &repository),
            BackupState::Uploading => self.finish_uploads(cluster, &repository),
            BackupState::SaveMeta => {
                let seed = self.head.id.cast_unsigned();
                self.local_files = cluster
                    .leader
                    .map(|leader| LocalFiles::new(leader, &self.head.label, seed));
                self.state = BackupState::UploadInfo;
            }
            BackupState::UploadInfo => self.upload_info(cluster, &repository),
            BackupState::Finished | BackupState::Cancelled => {}
        }
        Ok(())
    }

    /// PENDING: the cut, for all tables at one instant, and a task for every tablet.
    fn take_cut(&mut self, cluster: &mut Cluster) -> Result<(), Status> {
        if cluster.database_by_id(self.head.database_id).is_some() {
            self.head.id = i64::try_from(cluster.new_id()).unwrap_or(i64::MAX);
        }
        self.head.tasks.clear();
        let cut = Cut::take(cluster, &self.head, &self.objects, &self.functions)?;
        for tablet in &cut.tablets {
            let task = Task {
                shown: tablet.backend,
                backend: tablet.backend,
                physicals: vec![tablet.physical],
            };
            self.head.tasks.send(tablet.tablet, task);
        }
        self.cut = Some(cut);
        self.state = BackupState::Snapshoting;
        Ok(())
    }

    fn finish_snapshots(&mut self, cluster: &mut Cluster) -> Result<(), Status> {
        if !self.head.tasks.is_empty() && cluster.jobs.meets(&JobOrder::VersionMerged) {
            // The wording of the task's own error is the backend's (be/src/agent/agent_task.cpp); it is only shown.
            self.head.tasks.fail_first("version already been merged");
            return Err(Status::new(
                "OLAP_VERSION_ALREADY_MERGED",
                "make snapshot failed, version already merged",
            ));
        }
        self.head
            .tasks
            .report(Phase::Snapshot, cluster, &BTreeMap::new());
        if self.head.tasks.is_empty() {
            self.snapshot_finished = Some(cluster.now);
            self.state = BackupState::UploadSnapshot;
        }
        Ok(())
    }

    fn send_uploads(&mut self, cluster: &mut Cluster, repository: &Repository) {
        self.head.tasks.clear();
        let mut by_backend: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for tablet in self.cut.iter().flat_map(|cut| &cut.tablets) {
            by_backend
                .entry(tablet.backend)
                .or_default()
                .push(tablet.physical);
        }
        let limit = cluster.config_number("max_upload_task_per_be");
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
        self.state = BackupState::Uploading;
        self.uploaded = false;
        let failing = self.upload_rows(repository);
        self.head.tasks.fail(&failing);
    }

    /// The label is burnt from here on: its directory exists. A job without a partition uploads nothing and burns nothing yet. Answers with
    /// what keeps each physical partition from being uploaded.
    fn upload_rows(&mut self, repository: &Repository) -> BTreeMap<u64, String> {
        let Some(cut) = self.cut.as_ref().filter(|cut| !cut.images.is_empty()) else {
            return BTreeMap::new();
        };
        let written = repository.check_writable().and_then(|()| {
            if self.uploaded {
                return Ok(());
            }
            write_rows(cut, &repository.snapshot_directory(&self.head.label))
                .map_err(|fault| fault.to_string())
        });
        match written {
            Ok(()) => {
                self.uploaded = true;
                BTreeMap::new()
            }
            Err(text) => cut
                .images
                .iter()
                .map(|(physical, _)| (physical.id, text.clone()))
                .collect(),
        }
    }

    /// Failed uploads never fail the job: they stay in TaskErrMsg and are tried again until the timeout.
    fn finish_uploads(&mut self, cluster: &mut Cluster, repository: &Repository) {
        let failing = self.upload_rows(repository);
        self.head.tasks.report(Phase::Upload, cluster, &failing);
        if self.head.tasks.is_empty() {
            self.upload_finished = Some(cluster.now);
            self.state = BackupState::SaveMeta;
        }
    }

    /// `__info` comes last: a snapshot exists once it is there. Errors are retried every tick.
    fn upload_info(&mut self, cluster: &Cluster, repository: &Repository) {
        // The files are where SAVE_META has left them, which is another host after a change of the leader (`BackupJob.validateLocalFile`).
        if let Some(files) = &self.local_files
            && Some(files.frontend) != cluster.leader
        {
            self.head.status =
                Status::common(format!("file is invalid: {}/__meta", files.directory));
            return;
        }
        let Some(cut) = &mut self.cut else { return };
        cut.info.retention = cluster.retention(self.ttl.as_ref());
        let directory = repository.snapshot_directory(&self.head.label);
        let stem = format!(
            "__info_{}",
            Zone::Region(cluster.zone).snapshot_timestamp(self.head.created)
        );
        let written = serde_json::to_vec(&cut.meta)
            .map_err(io::Error::from)
            .and_then(|meta| repository.write_verified(&directory, "__meta", &meta))
            .and_then(|()| serde_json::to_vec(&cut.info).map_err(io::Error::from))
            .and_then(|info| repository.write_verified(&directory, &stem, &info));
        match written {
            Ok(()) => {
                self.head.status = Status::ok();
                self.head.finished = Some(cluster.now);
                self.state = BackupState::Finished;
                self.cut = None;
            }
            Err(fault) => self.head.status = Status::common(fault.to_string()),
        }
    }
}

fn write_rows(cut: &Cut, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory.join("__ss_content"))?;
    for images in cut
        .images
        .chunk_by(|(one, _), (next, _)| one.file == next.file)
    {
        let path = images[0].0.path(directory);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let parts: Vec<&[u8]> = images.iter().map(|(_, image)| &*image.bytes).collect();
        fs::write(path, parts.concat())?;
    }
    Ok(())
}
