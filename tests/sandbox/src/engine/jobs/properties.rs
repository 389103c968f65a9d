//! PROPERTIES of BACKUP and RESTORE (`sql/analyzer/BackupRestoreAnalyzer.java`). They are read in the order of a Java `HashMap`, which
//! decides which of two wrong ones is complained about.

use std::collections::BTreeMap;

use chrono::Duration;

use crate::answer::SqlError;
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::java::{copied_capacity, grown_capacity, hash_of_text, sort_by_bucket};

#[derive(Debug)]
pub struct BackupProperties {
    pub timeout: Duration,
    /// `type` = `incremental`: refused only where the label exists, otherwise a full backup.
    pub incremental: bool,
}

impl BackupProperties {
    pub fn read(
        properties: &[(String, String)],
        cluster: &Cluster,
    ) -> Result<BackupProperties, SqlError> {
        let properties = distinct(properties);
        let mut read = BackupProperties {
            timeout: default_timeout(cluster),
            incremental: false,
        };
        let mut unknown = Vec::new();
        for (key, value) in in_order(&properties, grown_capacity(properties.len())) {
            match key {
                "timeout" => read.timeout = timeout(value)?,
                "type" => {
                    read.incremental = match value.to_ascii_uppercase().as_str() {
                        "FULL" => false,
                        "INCREMENTAL" => true,
                        _ => {
                            return Err(error::common_analyzing(format!(
                                "Invalid backup job type: {value}"
                            )));
                        }
                    };
                }
                _ => unknown.push(key),
            }
        }
        check_unknown("backup", unknown, 16)?;
        Ok(read)
    }
}

#[derive(Debug)]
pub struct RestoreProperties {
    pub timestamp: String,
    pub allow_load: bool,
    /// As given: nothing keeps it from being 0 or less until replicas are made.
    pub replication_num: i32,
    pub timeout: Duration,
}

impl RestoreProperties {
    pub fn read(
        properties: &[(String, String)],
        cluster: &Cluster,
    ) -> Result<RestoreProperties, SqlError> {
        let properties = distinct(properties);
        let capacity = copied_capacity(properties.len());
        let mut read = RestoreProperties {
            timestamp: String::new(),
            allow_load: false,
            replication_num: i32::try_from(cluster.config_number("default_replication_num"))
                .unwrap_or(3),
            timeout: default_timeout(cluster),
        };
        let mut timestamp = None;
        let mut unknown = Vec::new();
        for (key, value) in in_order(&properties, capacity) {
            match key {
                "timeout" => read.timeout = timeout(value)?,
                "allow_load" => {
                    read.allow_load = match value.to_ascii_lowercase().as_str() {
                        "true" => true,
                        "false" => false,
                        _ => {
                            return Err(error::common_analyzing(format!(
                                "Invalid allow load value: {value}"
                            )));
                        }
                    };
                }
                "replication_num" => read.replication_num = number(value)?,
                "meta_version" | "starrocks_meta_version" => {
                    number(value)?;
                }
                "backup_timestamp" => timestamp = Some(value),
                _ => unknown.push(key),
            }
        }
        // Before what is unknown.
        timestamp
            .ok_or_else(|| error::common_analyzing("Missing backup_timestamp property"))?
            .clone_into(&mut read.timestamp);
        check_unknown("restore", unknown, capacity)?;
        Ok(read)
    }
}

/// The last of two values of one key counts.
fn distinct(properties: &[(String, String)]) -> BTreeMap<&str, &str> {
    properties
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}

fn in_order<'p>(
    properties: &BTreeMap<&'p str, &'p str>,
    capacity: usize,
) -> Vec<(&'p str, &'p str)> {
    let mut pairs: Vec<(&str, &str)> = properties
        .iter()
        .map(|(key, value)| (*key, *value))
        .collect();
    sort_by_bucket(&mut pairs, capacity, |(key, _)| hash_of_text(key));
    pairs
}

fn check_unknown(kind: &str, mut unknown: Vec<&str>, capacity: usize) -> Result<(), SqlError> {
    if unknown.is_empty() {
        return Ok(());
    }
    sort_by_bucket(&mut unknown, capacity, |key| hash_of_text(key));
    Err(error::common_analyzing(format!(
        "Unknown {kind} job properties: [{}]",
        unknown.join(", ")
    )))
}

fn default_timeout(cluster: &Cluster) -> Duration {
    Duration::milliseconds(cluster.config_number("backup_job_default_timeout_ms"))
}

/// Seconds, at least ten minutes. What overflows in milliseconds is as good as nothing.
fn timeout(text: &str) -> Result<Duration, SqlError> {
    let seconds: i64 = text
        .parse()
        .map_err(|_| error::common_analyzing(format!("Invalid timeout format: {text}")))?;
    let milliseconds = seconds.wrapping_mul(1000);
    if milliseconds < 600_000 {
        return Err(error::common_analyzing("timeout must be at least 10 min"));
    }
    Ok(Duration::milliseconds(milliseconds))
}

/// One text for every number, whatever it is.
fn number(text: &str) -> Result<i32, SqlError> {
    text.parse()
        .map_err(|_| error::common_analyzing(format!("Invalid meta version format: {text}")))
}
