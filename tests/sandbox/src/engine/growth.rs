//! Partitions of tables distributed at random that grow by parts. StarRocks adds a part when the newest has reached `bucket_size`
//! (`server/LocalMetastore.addSubPartitions`); here `SANDBOX GROW db.t PARTITION p` adds it.

use crate::answer::SqlError;
use crate::ast::{Distribution, ObjectName};
use crate::engine::cluster::Cluster;
use crate::engine::error;

impl Cluster {
    /// One more physical partition behind the name: empty, at version 1, and from now on the one that loads write to.
    pub fn grow(&mut self, name: &ObjectName, partition: &str) -> Result<(), SqlError> {
        let database = name.database.as_deref().ok_or_else(error::no_database)?;
        let full = format!("{database}.{}", name.name);
        let table = self
            .database(database)?
            .table(&name.name)
            .ok_or_else(|| error::unknown_table(&full))?;
        if !matches!(table.distribution, Distribution::Random { .. }) {
            return Err(SqlError::plain(format!(
                "SANDBOX GROW: {full} is not distributed at random"
            )));
        }
        let Some(found) = table.partition_named(partition, false) else {
            return Err(SqlError::plain(format!(
                "SANDBOX GROW: {full} has no partition {partition}"
            )));
        };
        let part = self.new_physical(found.buckets);
        if let Some(grown) = self
            .database_mut(database)?
            .table_mut(&name.name)
            .and_then(|table| table.partitions.get_mut(partition))
        {
            grown.physical.push(part);
        }
        Ok(())
    }
}
