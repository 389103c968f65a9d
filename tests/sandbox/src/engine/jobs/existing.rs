//! RESTORE into a table that exists (restore.md 3.2 to 3.4): every condition, in StarRocks' order.

use crate::engine::cluster::Cluster;
use crate::engine::jobs::prepare::{Prepared, database_of, selected};
use crate::engine::jobs::signature::{column_difference, difference};
use crate::engine::jobs::{Halt, RestoreJob, RestoreObject, Status};
use crate::engine::partition::Partition;
use crate::engine::table::Table;

impl RestoreJob {
    pub(super) fn match_existing(
        &mut self,
        cluster: &mut Cluster,
        local: &Table,
        remote: &Table,
        object: &RestoreObject,
        prepared: &mut Prepared,
    ) -> Result<(), Halt> {
        // The counter is overwritten even if a later check fails.
        if let Some(next) = self
            .info
            .tables
            .get(&object.original)
            .and_then(|info| info.auto_increment)
            && let Some(table) = database_of(cluster, self.head.database_id)?.table_mut(&local.name)
        {
            table.auto_increment = next;
        }
        compare(local, remote)?;
        for partition in selected(remote, object) {
            match local.partitions.get(&partition.name) {
                Some(here) => self.match_partition(cluster, local, here, partition, object)?,
                None => self.add_partition(cluster, local, partition, object, prepared)?,
            }
        }
        Ok(())
    }

    /// 3.3: the partition exists: same range, same replication, same number of tablets.
    fn match_partition(
        &mut self,
        cluster: &Cluster,
        local: &Table,
        here: &Partition,
        there: &Partition,
        object: &RestoreObject,
    ) -> Result<(), Halt> {
        if there.physical.len() > 1 {
            return Err(Status::common(format!(
                "Partition {} in table {} is automatic bucket partition, can not be restored",
                there.name, local.name
            ))
            .into());
        }
        if local.is_range() && here.range != there.range {
            return Err(Status::common(format!(
                "Partition {} in table {} has different range with partition in repository",
                there.name, local.name
            ))
            .into());
        }
        if i64::from(here.replication_num) != i64::from(self.replication_num) {
            return Err(Status::common(format!(
                "Partition {} in table {} has different replication num '{}' with partition in repository, which is {}",
                there.name, local.name, here.replication_num, self.replication_num
            ))
            .into());
        }
        for (target, source) in here.physical.iter().zip(&there.physical) {
            // A precondition, not a check: RANDOM buckets are in no signature, and of HASH buckets only the low byte.
            if target.tablets.len() != source.tablets.len() {
                return Err(Halt::Exception("IllegalStateException".to_owned()));
            }
            self.plan_download(
                cluster,
                (local.id, &object.original),
                here,
                (source.id, target.id),
                true,
            );
        }
        Ok(())
    }

    /// 3.4: the partition does not exist: tables with ranges take it where nothing overlaps, LIST tables and unpartitioned ones do not.
    fn add_partition(
        &mut self,
        cluster: &mut Cluster,
        local: &Table,
        there: &Partition,
        object: &RestoreObject,
        prepared: &mut Prepared,
    ) -> Result<(), Halt> {
        if !local.is_range() {
            return Err(Status::common(format!(
                "No partition exist in single partitioned table {}",
                local.name
            ))
            .into());
        }
        if there
            .range
            .as_ref()
            .is_some_and(|range| local.partitions.overlapping(range).is_some())
        {
            return Err(Status::common(format!(
                "Partition {} in table {} has conflict range with existing ranges",
                there.name, local.name
            ))
            .into());
        }
        self.checked_replication(cluster)?;
        // The reason is overwritten by this (`resetPartitionForRestore` answers with null).
        self.check_hosts(cluster, &local.name).map_err(|_| {
            Status::common(format!(
                "Restored partition {}of {}is null",
                there.name, local.name
            ))
        })?;
        let fresh = self.renewed(cluster, local.id, &object.original, there);
        self.added.push((local.id, fresh.name.clone()));
        prepared.partitions.push((local.name.clone(), fresh));
        Ok(())
    }
}

/// Partition type, signature and number of columns, key type, columns.
fn compare(local: &Table, remote: &Table) -> Result<(), Status> {
    if local.partition_type() != remote.partition_type() {
        return Err(Status::common("Table's partition type is different"));
    }
    let differs = difference(local, remote)
        .or_else(|| (local.columns.len() != remote.columns.len()).then(String::new));
    if let Some(reason) = differs {
        return Err(Status::common(format!(
            "Table {} already exist but with different schema, errMsg: {reason}",
            local.name
        )));
    }
    if local.keys != remote.keys {
        return Err(Status::common(format!(
            "Table {} already exist but with different key type",
            local.name
        )));
    }
    if let Some((here, there)) = column_difference(local, remote) {
        return Err(Status::common(format!(
            "Table {} already exist but with different schema, column: {here} in existed table is different from the column in backup \
             snapshot, column: {there}",
            local.name
        )));
    }
    Ok(())
}
