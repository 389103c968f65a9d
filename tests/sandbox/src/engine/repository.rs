//! Repositories: a name, a location, and the directory below `data` that stands for it (`backup/Repository.java`).
//!
//! ```text
//! <data>/<scheme>/<location>/__starrocks_repository_<name>/
//!     __repo_info
//!     __ss_<label>/__meta.<md5>, __info_<timestamp>.<md5>, __ss_content/__db_<id>/__tbl_<id>/rows.dat
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, SqlError};
use crate::ast::CreateRepository;
pub use crate::ast::RepositoryTrouble;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::functions::hex;
use crate::engine::zone::Zone;

#[derive(Debug, Clone)]
pub struct Repository {
    pub id: u64,
    pub name: String,
    pub location: String,
    pub broker: String,
    pub read_only: bool,
    pub created: DateTime<Utc>,
    /// `…/__starrocks_repository_<name>` on disk.
    pub root: PathBuf,
    /// What is wrong with the storage behind it.
    pub trouble: Option<RepositoryTrouble>,
    /// What the ping of every ten minutes has found; SHOW REPOSITORIES prints it.
    pub error: Option<String>,
}

/// What `__repo_info` holds.
#[derive(Debug, Serialize, Deserialize)]
struct RepositoryInfo {
    name: String,
    create_time: String,
}

/// What SHOW SNAPSHOT says about one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotEntry {
    pub label: String,
    /// `None` where the storage cannot be listed.
    pub timestamp: Option<String>,
    pub status: String,
}

impl Repository {
    /// The path that StarRocks would name in its messages.
    pub fn remote_path(&self) -> String {
        format!("{}/__starrocks_repository_{}", self.location, self.name)
    }

    pub fn snapshot_directory(&self, label: &str) -> PathBuf {
        self.root.join(format!("__ss_{label}"))
    }

    pub fn has_label(&self, label: &str) -> bool {
        self.snapshot_directory(label).exists()
    }

    pub fn check_reachable(&self) -> Result<(), String> {
        match &self.trouble {
            Some(RepositoryTrouble::Unreachable(text)) => Err(text.clone()),
            _ => Ok(()),
        }
    }

    pub fn check_writable(&self) -> Result<(), String> {
        match &self.trouble {
            Some(RepositoryTrouble::Unreachable(text) | RepositoryTrouble::Full(text)) => {
                Err(text.clone())
            }
            None => Ok(()),
        }
    }

    /// `BlobStorage.list`: the glob below the repository's path, in storage.
    fn listed(&self, glob: &str) -> Result<(), String> {
        self.check_reachable().map_err(|text| {
            format!(
                "failed to list remote path: {}/{glob}. msg: {text}",
                self.remote_path()
            )
        })
    }

    /// Every label with a directory, in order.
    pub fn list_snapshots(&self) -> Result<Vec<String>, String> {
        self.listed("__ss_*")?;
        let mut labels: Vec<String> = names_in(&self.root)
            .iter()
            .filter_map(|name| name.strip_prefix("__ss_"))
            .map(str::to_owned)
            .collect();
        labels.sort();
        Ok(labels)
    }

    /// One entry per label asked for, existing or not.
    pub fn entry(&self, label: &str) -> SnapshotEntry {
        if let Err(text) = self.listed(&format!("__ss_{label}/__info_*")) {
            return SnapshotEntry {
                label: label.to_owned(),
                timestamp: None,
                status: format!("ERROR: Failed to get info: {text}"),
            };
        }
        let mut timestamps: Vec<String> = names_in(&self.snapshot_directory(label))
            .iter()
            .filter_map(|name| name.strip_prefix("__info_"))
            .map(|rest| match rest.rsplit_once('.') {
                Some((timestamp, md5)) if md5.len() == 32 => timestamp.to_owned(),
                _ => format!("Invalid: __info_{rest}"),
            })
            .collect();
        timestamps.sort();
        let status = if timestamps.is_empty() {
            "ERROR: no snapshot"
        } else {
            "OK"
        };
        SnapshotEntry {
            label: label.to_owned(),
            timestamp: Some(timestamps.join("\n")),
            status: status.to_owned(),
        }
    }

    /// The verified content of `__info_<timestamp>` or `__meta`, or why there is none (`Repository.download`): first everything that begins
    /// like it is listed.
    pub fn read_verified(&self, label: &str, stem: &str) -> Result<Vec<u8>, String> {
        self.listed(&format!("__ss_{label}/{stem}*"))?;
        let directory = self.snapshot_directory(label);
        let path = format!("{}/__ss_{label}/{stem}", self.remote_path());
        let found: Vec<String> = names_in(&directory)
            .into_iter()
            .filter(|name| name.starts_with(stem))
            .collect();
        let [name] = found.as_slice() else {
            return Err(format!(
                "Expected one file with path: {path}. get: {}",
                found.len()
            ));
        };
        let (pure, expected) = match name.rsplit_once('.') {
            Some((pure, md5)) if md5.len() == 32 => (pure, md5),
            _ => {
                return Err(format!(
                    "file name should contains checksum: {}/__ss_{label}/{name}",
                    self.remote_path()
                ));
            }
        };
        if pure != stem {
            return Err(format!("File does not exist: {path}"));
        }
        let bytes = fs::read(directory.join(name)).map_err(|fault| fault.to_string())?;
        let sum = md5_of(&bytes);
        if sum == expected {
            Ok(bytes)
        } else {
            Err(format!(
                "md5sum does not equal. local: {sum}, remote: {expected}"
            ))
        }
    }

    /// Everything below the label.
    pub fn delete_snapshot(&self, label: &str) -> io::Result<()> {
        fs::remove_dir_all(self.snapshot_directory(label))
    }

    /// Writes a file under its stem and md5, by a temporary `.part` name.
    pub fn write_verified(&self, directory: &Path, stem: &str, bytes: &[u8]) -> io::Result<()> {
        match &self.trouble {
            // A retry may have left one: the first thing is to delete it.
            Some(RepositoryTrouble::Unreachable(text)) => {
                return Err(io::Error::other(format!(
                    "failed to delete remote path: {}.part. msg: {text}",
                    directory.join(stem).display()
                )));
            }
            Some(RepositoryTrouble::Full(text)) => return Err(io::Error::other(text.clone())),
            None => {}
        }
        fs::create_dir_all(directory)?;
        let part = directory.join(format!("{stem}.part"));
        fs::write(&part, bytes)?;
        fs::rename(part, directory.join(format!("{stem}.{}", md5_of(bytes))))
    }
}

pub fn md5_of(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn names_in(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect()
}

/// `s3a://bucket/path` becomes `<data>/s3a/bucket/path`; no part of a location leaves `data`.
fn directory_of(data: &Path, location: &str) -> PathBuf {
    let (scheme, rest) = location.split_once("://").unwrap_or(("file", location));
    let parts = rest
        .split('/')
        .filter(|part| !part.is_empty() && *part != "." && *part != "..");
    parts.fold(data.join(scheme), |path, part| path.join(part))
}

/// Without one, nobody knows which storage it is (`fs/hdfs/HdfsFsManager.getFileSystem`).
fn has_scheme(location: &str) -> bool {
    location
        .split_once(':')
        .is_some_and(|(scheme, _)| !scheme.is_empty() && !scheme.contains('/'))
}

impl Cluster {
    /// `sql/analyzer/RepositoryAnalyzer.java`, then `backup/BackupHandler.createRepository`.
    pub fn create_repository(&mut self, statement: &CreateRepository) -> Result<Answer, SqlError> {
        check_repository_name(&statement.name)?;
        if statement.location.is_empty() {
            return Err(error::analyzing(
                "You must specify a location on the repository",
            ));
        }
        // No cluster of the sandbox has brokers.
        if let Some(broker) = statement.broker.as_ref().filter(|name| !name.is_empty()) {
            return Err(error::analyzing(format!("Unknown broker name({broker})")));
        }
        if self.repositories.contains_key(&statement.name) {
            return Err(error::common(format!(
                "Failed to create repository: repository with same name already exist: {}",
                statement.name
            )));
        }
        let location = if self.release.trims_repository_location() {
            statement.location.trim_end_matches('/').to_owned()
        } else {
            statement.location.clone()
        };
        if !has_scheme(&location) {
            let path = format!(
                "{location}/__starrocks_repository_{}/__repo_info",
                statement.name
            );
            return Err(error::common(format!(
                "Failed to create repository: failed to list remote path: {path}. msg: invalid path. scheme is null"
            )));
        }
        let root = directory_of(&self.data, &location)
            .join(format!("__starrocks_repository_{}", statement.name));
        let created = self.adopt(&root, &statement.name).map_err(|fault| {
            error::common(format!(
                "Failed to create repository: failed to write {location}: {fault}"
            ))
        })?;
        let repository = Repository {
            id: self.new_id(),
            name: statement.name.clone(),
            location,
            broker: statement.broker.clone().unwrap_or_default(),
            read_only: statement.read_only,
            created,
            root,
            trouble: None,
            error: None,
        };
        self.repositories.insert(statement.name.clone(), repository);
        Ok(done())
    }

    /// Every ten minutes, on the leader (`Repository.ping`). The time is the process's, not a session's.
    pub fn ping_repositories(&mut self) {
        let now = Zone::Region(self.zone).show(self.now);
        for repository in self.repositories.values_mut() {
            let path = repository.remote_path();
            repository.error = match repository.check_reachable() {
                Err(text) => Some(format!(
                    "{now}: failed to check remote path exist: {path}. msg: {text}"
                )),
                Ok(()) if !repository.root.is_dir() => {
                    Some(format!("{now}: remote path does not exist: {path}"))
                }
                Ok(()) => None,
            };
        }
    }

    /// An existing remote directory is taken over with its creation time; otherwise it is made.
    fn adopt(&self, root: &Path, name: &str) -> io::Result<DateTime<Utc>> {
        let path = root.join("__repo_info");
        if let Ok(bytes) = fs::read(&path)
            && let Ok(info) = serde_json::from_slice::<RepositoryInfo>(&bytes)
            && let Ok(created) = info.create_time.parse()
        {
            return Ok(created);
        }
        fs::create_dir_all(root)?;
        let info = RepositoryInfo {
            name: name.to_owned(),
            create_time: self.now.to_rfc3339(),
        };
        fs::write(path, serde_json::to_vec(&info)?)?;
        Ok(self.now)
    }

    /// Detaches only; the files stay.
    pub fn drop_repository(&mut self, name: &str) -> Result<Answer, SqlError> {
        check_repository_name(name)?;
        if !self.repositories.contains_key(name) {
            return Err(error::common_analyzing("Repository does not exist"));
        }
        self.take_submission_lock()?;
        if self.jobs.uses_repository(name) {
            return Err(error::common(
                "Backup or restore job is running on this repository. Can not drop it",
            ));
        }
        self.repositories.remove(name);
        Ok(done())
    }
}

/// `sql/analyzer/FeNameFormat.checkCommonName`: `^[a-zA-Z]\w{0,63}$|^_[a-zA-Z0-9]\w{0,62}$`.
fn check_repository_name(name: &str) -> Result<(), SqlError> {
    if is_common_name(name) {
        Ok(())
    } else {
        Err(error::analyzing_with(
            5063,
            "42000",
            format!("Incorrect repository name '{name}'"),
        ))
    }
}

pub fn is_common_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let begins = match bytes {
        [b'_', second, ..] => second.is_ascii_alphanumeric(),
        [first, ..] => first.is_ascii_alphabetic(),
        [] => false,
    };
    begins && bytes.len() <= 64 && bytes.iter().all(word)
}
