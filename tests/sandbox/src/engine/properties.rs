//! Which table properties exist (`common/util/PropertyAnalyzer.java`); the rest is refused.

use std::collections::BTreeMap;

use crate::answer::SqlError;
use crate::engine::error;

const KNOWN: &[&str] = &[
    "bloom_filter_columns",
    "bloom_filter_fpp",
    "bucket_size",
    "colocate_with",
    "compression",
    "enable_persistent_index",
    "fast_schema_evolution",
    "foreign_key_constraints",
    "in_memory",
    "light_schema_change",
    "mutable_bucket_num",
    "partition_live_number",
    "partition_retention_condition",
    "partition_ttl",
    "partition_ttl_number",
    "persistent_index_type",
    "replicated_storage",
    "replication_num",
    "storage_cooldown_time",
    "storage_cooldown_ttl",
    "storage_format",
    "storage_medium",
    "storage_type",
    "unique_constraints",
    "write_quorum",
];

pub fn check(properties: &BTreeMap<String, String>) -> Result<(), SqlError> {
    let unknown: Vec<String> = properties
        .iter()
        .filter(|(key, _)| !KNOWN.contains(&key.as_str()) && !key.starts_with("dynamic_partition."))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(error::analyzing(format!(
            "Unknown properties: {{{}}}",
            unknown.join(", ")
        )))
    }
}
