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
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::functions::hex;

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
    pub timestamp: String,
    pub status: &'static str,
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

    /// Every label with a directory, in order.
    pub fn labels(&self) -> Vec<String> {
        let mut labels: Vec<String> = names_in(&self.root)
            .iter()
            .filter_map(|name| name.strip_prefix("__ss_"))
            .map(str::to_owned)
            .collect();
        labels.sort();
        labels
    }

    /// One entry per label asked for, existing or not.
    pub fn entry(&self, label: &str) -> SnapshotEntry {
        let mut timestamps: Vec<String> = names_in(&self.snapshot_directory(label))
            .iter()
            .filter_map(|name| name.strip_prefix("__info_"))
            .map(|rest| match rest.rsplit_once('.') {
                Some((timestamp, suffix)) if suffix != "part" => timestamp.to_owned(),
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
            timestamp: timestamps.join("\n"),
            status,
        }
    }

    /// The verified content of `__info_<timestamp>` or `__meta`, or why there is none.
    pub fn read_verified(&self, label: &str, stem: &str) -> Result<Vec<u8>, String> {
        let directory = self.snapshot_directory(label);
        let found: Vec<String> = names_in(&directory)
            .into_iter()
            .filter(|name| name.starts_with(&format!("{stem}.")))
            .collect();
        let [name] = found.as_slice() else {
            return Err(format!(
                "Expected one file with path: {}/__ss_{label}/{stem}. get: {}",
                self.remote_path(),
                found.len()
            ));
        };
        let bytes = fs::read(directory.join(name)).map_err(|fault| fault.to_string())?;
        let expected = name.rsplit_once('.').map_or("", |(_, md5)| md5);
        if md5_of(&bytes) == expected {
            Ok(bytes)
        } else {
            Err(format!("md5sum does not match for {name}"))
        }
    }

    /// Everything below the label.
    pub fn delete_snapshot(&self, label: &str) -> io::Result<()> {
        fs::remove_dir_all(self.snapshot_directory(label))
    }

    /// Writes a file under its stem and md5, by a temporary `.part` name.
    pub fn write_verified(&self, directory: &Path, stem: &str, bytes: &[u8]) -> io::Result<()> {
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

impl Cluster {
    pub fn create_repository(&mut self, statement: &CreateRepository) -> Result<Answer, SqlError> {
        if self.repositories.contains_key(&statement.name) {
            return Err(error::common(format!(
                "Failed to create repository: repository with same name already exist: {}",
                statement.name
            )));
        }
        let location = statement.location.trim_end_matches('/').to_owned();
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
        };
        self.repositories.insert(statement.name.clone(), repository);
        Ok(done())
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
        if !self.repositories.contains_key(name) {
            return Err(error::common("Repository does not exist"));
        }
        if self.jobs.uses_repository(name) {
            return Err(error::common(
                "Backup or restore job is running on this repository. Can not drop it",
            ));
        }
        self.repositories.remove(name);
        Ok(done())
    }
}
