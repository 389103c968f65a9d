//! A BACKUP job, one visit at a time (`backup/BackupJob.java`).

use std::fs;
use std::io;

use chrono::{DateTime, Utc};

use crate::answer::SqlError;
use crate::engine::cluster::Cluster;
use crate::engine::jobs::cut::Cut;
use crate::engine::jobs::{JobHead, Status};
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

/// A table or view as the statement named it; no partitions stands for all.
#[derive(Debug, Clone)]
pub struct BackupObject {
    pub name: String,
    pub partitions: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct BackupJob {
    pub head: JobHead,
    pub state: BackupState,
    pub objects: Vec<BackupObject>,
    /// Since 4.2.
    pub ttl: Option<Ttl>,
    pub snapshot_finished: Option<DateTime<Utc>>,
    pub upload_finished: Option<DateTime<Utc>>,
    pub cut: Option<Cut>,
    /// Since SAVE_META.
    pub local_files: Option<LocalFiles>,
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
    /// One step. An error that must cancel the job comes back as `Err`.
    pub fn visit(&mut self, cluster: &mut Cluster) -> Result<(), Status> {
        if cluster.now - self.head.created > self.head.timeout {
            return Err(Status::timeout(""));
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
        match self.state {
            BackupState::Pending => self.take_cut(cluster)?,
            BackupState::Snapshoting => {
                self.snapshot_finished = Some(cluster.now);
                self.state = BackupState::UploadSnapshot;
            }
            BackupState::UploadSnapshot => {
                self.state = BackupState::Uploading;
                if let Err(fault) = self.upload_rows(&repository) {
                    self.head.task_error = format!("[{}: {fault}]", self.head.id);
                }
            }
            BackupState::Uploading => self.finish_upload(cluster, &repository),
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

    /// PENDING: the cut, for all tables at one instant.
    fn take_cut(&mut self, cluster: &mut Cluster) -> Result<(), Status> {
        self.head.id = i64::try_from(cluster.new_id()).unwrap_or(i64::MAX);
        self.cut = Some(Cut::take(cluster, &self.head, &self.objects)?);
        self.state = BackupState::Snapshoting;
        Ok(())
    }

    /// The label is burnt from here on: its directory exists.
    fn upload_rows(&self, repository: &Repository) -> io::Result<()> {
        let directory = repository.snapshot_directory(&self.head.label);
        let Some(cut) = &self.cut else { return Ok(()) };
        fs::create_dir_all(directory.join("__ss_content"))?;
        for images in cut
            .images
            .chunk_by(|(one, _), (next, _)| one.file == next.file)
        {
            let path = images[0].0.path(&directory);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let parts: Vec<&[u8]> = images.iter().map(|(_, image)| &*image.bytes).collect();
            fs::write(path, parts.concat())?;
        }
        Ok(())
    }

    /// Failed uploads never fail the job: they stay in TaskErrMsg and are tried again until the timeout.
    fn finish_upload(&mut self, cluster: &Cluster, repository: &Repository) {
        if let Some(reason) = &cluster.jobs.stalled {
            self.head.task_error = format!("[{}: {reason}]", self.head.id);
            return;
        }
        if !self.head.task_error.is_empty()
            && let Err(fault) = self.upload_rows(repository)
        {
            self.head.task_error = format!("[{}: {fault}]", self.head.id);
            return;
        }
        self.upload_finished = Some(cluster.now);
        self.state = BackupState::SaveMeta;
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

/// A statement's refusal inside a visit: the job is cancelled with its text.
impl From<SqlError> for Status {
    fn from(error: SqlError) -> Status {
        Status::common(error.message)
    }
}
