//! RESTORE's PENDING step: compare, build, register (`backup/RestoreJob.checkAndPrepareMeta`).

use crate::engine::cluster::Cluster;
use crate::engine::jobs::restore::{Download, RestoredTable};
use crate::engine::jobs::signature::{column_difference, difference};
use crate::engine::jobs::{RestoreJob, RestoreObject, Status};
use crate::engine::partition::Partition;
use crate::engine::snapshot::SnapshotMeta;
use crate::engine::table::{Relation, Table, TableState, View};

/// What the comparison of one job leads to.
#[derive(Default)]
struct Prepared {
    /// New tables, with the alias they get once all are prepared.
    tables: Vec<(Table, Option<String>)>,
    /// New partitions of existing tables.
    partitions: Vec<(String, Partition)>,
    /// (name, text)
    views: Vec<(String, String)>,
}

impl RestoreJob {
    pub fn prepare(&mut self, cluster: &mut Cluster) -> Result<(), Status> {
        let meta = self.read_meta(cluster)?;
        self.hold_existing(cluster)?;
        let mut prepared = Prepared::default();
        for object in in_java_order(&self.objects) {
            self.prepare_object(cluster, &meta, &object, &mut prepared)?;
        }
        // Only now do new tables take their aliases: an error above leaves the original names in `restored` (restore.md 3.6).
        for (table, alias) in &mut prepared.tables {
            let Some(alias) = alias else { continue };
            if let Some(listed) = self
                .restored
                .iter_mut()
                .find(|listed| listed.id == table.id)
            {
                listed.name.clone_from(alias);
            }
            if !table.is_partitioned() {
                let downloads = self
                    .downloads
                    .iter_mut()
                    .filter(|download| download.table_id == table.id);
                downloads.for_each(|download| download.partition.clone_from(alias));
            }
            table.rename(alias);
        }
        self.register(cluster, prepared)
    }

    fn read_meta(&self, cluster: &Cluster) -> Result<SnapshotMeta, Status> {
        let repository = cluster
            .repositories
            .get(&self.head.repository)
            .ok_or_else(|| {
                Status::common(format!(
                    "failed to get repository: {}",
                    self.head.repository
                ))
            })?;
        let bytes = repository
            .read_verified(&self.head.label, "__meta")
            .map_err(Status::common)?;
        serde_json::from_slice(&bytes)
            .map_err(|_| Status::common("Failed to read backup meta from file"))
    }

    /// Phase 1: existing targets are checked and put in state RESTORE.
    fn hold_existing(&mut self, cluster: &mut Cluster) -> Result<(), Status> {
        let database = database_of(cluster, self.head.database_id)?;
        for object in &self.objects {
            let table = match database.relations.get_mut(object.local()) {
                Some(Relation::Table(table)) => table,
                // The braces are StarRocks' own slip.
                Some(Relation::Foreign(foreign)) => {
                    return Err(Status {
                        code: "UNSUPPORTED",
                        message: format!(
                            "Table: {} can not support backup restore, type: {{}}{}",
                            foreign.name,
                            foreign.kind.type_name()
                        ),
                    });
                }
                Some(Relation::View(_)) | None => continue,
            };
            if object.is_view {
                continue;
            }
            if table.state != TableState::Normal {
                return Err(Status::common(format!(
                    "Table {}'s state is not NORMAL: RESTORE",
                    table.name
                )));
            }
            if !table.temporary_partitions.is_empty() {
                return Err(Status::common(
                    "Do not support restoring table with temp partitions",
                ));
            }
            table.state = TableState::Restore;
            self.held.push(table.id);
        }
        Ok(())
    }

    fn prepare_object(
        &mut self,
        cluster: &mut Cluster,
        meta: &SnapshotMeta,
        object: &RestoreObject,
        prepared: &mut Prepared,
    ) -> Result<(), Status> {
        let existing = database_of(cluster, self.head.database_id)?
            .relations
            .get(object.local())
            .cloned();
        if object.is_view {
            if matches!(existing, Some(Relation::Table(_))) {
                let message = format!("Table: {} has existed and it is not a View", object.local());
                return Err(Status {
                    code: "BAD_REPLACE",
                    message,
                });
            }
            let text = meta
                .views
                .get(&object.original)
                .cloned()
                .unwrap_or_default();
            // From here on a failing job removes the view of that name, the one that was there before.
            self.restored_views.push(object.original.clone());
            prepared.views.push((object.local().to_owned(), text));
            return Ok(());
        }
        let remote = meta.tables.get(&object.original).ok_or_else(|| {
            Status::not_found(format!(
                "table {} is not in the snapshot's meta",
                object.original
            ))
        })?;
        match existing {
            None => {
                let table = self.new_table(cluster, remote, object)?;
                self.restored.push(RestoredTable {
                    id: table.id,
                    name: table.name.clone(),
                });
                prepared.tables.push((table, object.alias.clone()));
                Ok(())
            }
            Some(Relation::Table(local))
                if !local
                    .materialized
                    .as_deref()
                    .is_some_and(|view| view.active) =>
            {
                self.match_existing(cluster, &local, remote, object, prepared)
            }
            Some(Relation::Foreign(_)) => Err(Status {
                code: "BAD_REPLACE",
                message: format!(
                    "Table: {} has existed and it is not an OLAP table",
                    object.local()
                ),
            }),
            // A materialized view that is active is left as it is, and the job finishes all the same.
            Some(Relation::Table(_)) => Ok(()),
            Some(Relation::View(_)) => {
                let message = format!("Table: {} has existed and it is a View", object.local());
                Err(Status {
                    code: "BAD_REPLACE",
                    message,
                })
            }
        }
    }

    /// 3.1: the snapshot's table with the selected partitions, under new ids, still by its original name. Versions and their times stay.
    fn new_table(
        &mut self,
        cluster: &mut Cluster,
        remote: &Table,
        object: &RestoreObject,
    ) -> Result<Table, Status> {
        self.check_hosts(cluster, &object.original)?;
        let mut table = remote.without_partitions();
        table.id = cluster.new_id();
        table.created = cluster.now;
        table.state = TableState::Restore;
        table.replication_num = self.replication_num;
        table.properties.remove("colocate_with");
        if let Some(next) = self
            .info
            .tables
            .get(&object.original)
            .and_then(|info| info.auto_increment)
        {
            table.auto_increment = next;
        }
        for partition in selected(remote, object) {
            let fresh = self.renewed(cluster, table.id, &object.original, partition);
            table.partitions.add(fresh);
        }
        Ok(table)
    }

    fn check_hosts(&self, cluster: &Cluster, table: &str) -> Result<(), Status> {
        if cluster.alive_backends().len() >= self.replication_num as usize {
            return Ok(());
        }
        Err(Status::common(format!(
            "failed to find {} different hosts to create table: {table}",
            self.replication_num
        )))
    }

    /// The snapshot's partition under new ids, with its download.
    fn renewed(
        &mut self,
        cluster: &mut Cluster,
        table_id: u64,
        original: &str,
        partition: &Partition,
    ) -> Partition {
        let mut fresh = partition.clone();
        fresh.id = cluster.new_id();
        fresh.replication_num = self.replication_num;
        for physical in &mut fresh.physical {
            let from = physical.id;
            let empty = cluster.new_physical(partition.buckets);
            physical.id = empty.id;
            physical.index_id = empty.index_id;
            physical.tablets = empty.tablets;
            physical.next_version = physical.visible_version + 1;
            self.plan_download(
                table_id,
                original,
                &partition.name,
                (from, physical.id),
                false,
            );
        }
        fresh
    }

    fn plan_download(
        &mut self,
        table_id: u64,
        original: &str,
        partition: &str,
        (from, to): (u64, u64),
        in_place: bool,
    ) {
        let info = self
            .info
            .tables
            .get(original)
            .and_then(|table| table.partitions.get(partition));
        let Some(from) =
            info.and_then(|info| info.physical.iter().find(|physical| physical.id == from))
        else {
            return;
        };
        self.downloads.push(Download {
            table_id,
            partition: partition.to_owned(),
            physical: to,
            from: from.clone(),
            in_place,
            image: None,
        });
    }

    /// 3.2: every condition, in StarRocks' order.
    fn match_existing(
        &mut self,
        cluster: &mut Cluster,
        local: &Table,
        remote: &Table,
        object: &RestoreObject,
        prepared: &mut Prepared,
    ) -> Result<(), Status> {
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
        for partition in selected(remote, object) {
            match local.partitions.get(&partition.name) {
                Some(here) => self.match_partition(local, here, partition, object)?,
                None => self.add_partition(cluster, local, partition, object, prepared)?,
            }
        }
        Ok(())
    }

    /// 3.3: the partition exists: same range, same replication. The values of LIST partitions are not compared.
    fn match_partition(
        &mut self,
        local: &Table,
        here: &Partition,
        there: &Partition,
        object: &RestoreObject,
    ) -> Result<(), Status> {
        if there.physical.len() > 1 {
            return Err(Status::common(format!(
                "Partition {} in table {} is automatic bucket partition, can not be restored",
                there.name, local.name
            )));
        }
        if here.range != there.range {
            return Err(Status::common(format!(
                "Partition {} in table {} has different range with partition in repository",
                there.name, local.name
            )));
        }
        if here.replication_num != self.replication_num {
            return Err(Status::common(format!(
                "Partition {} in table {} has different replication num '{}' with partition in repository, which is {}",
                there.name, local.name, here.replication_num, self.replication_num
            )));
        }
        for (target, source) in here.physical.iter().zip(&there.physical) {
            self.plan_download(
                local.id,
                &object.original,
                &there.name,
                (source.id, target.id),
                true,
            );
        }
        Ok(())
    }

    /// 3.4: the partition does not exist: RANGE tables take it where nothing overlaps, LIST tables do not take it at all.
    fn add_partition(
        &mut self,
        cluster: &mut Cluster,
        local: &Table,
        there: &Partition,
        object: &RestoreObject,
        prepared: &mut Prepared,
    ) -> Result<(), Status> {
        if !local.is_range() {
            return Err(Status::common(format!(
                "No partition exist in single partitioned table {}",
                local.name
            )));
        }
        if there
            .range
            .as_ref()
            .is_some_and(|range| local.partitions.overlapping(range).is_some())
        {
            return Err(Status::common(format!(
                "Partition {} in table {} has conflict range with existing ranges",
                there.name, local.name
            )));
        }
        self.check_hosts(cluster, &local.name)?;
        let fresh = self.renewed(cluster, local.id, &object.original, there);
        self.added.push((local.id, fresh.name.clone()));
        prepared.partitions.push((local.name.clone(), fresh));
        Ok(())
    }

    /// Phase 3: tables become visible in state RESTORE; partitions and views are there at once.
    fn register(&mut self, cluster: &mut Cluster, prepared: Prepared) -> Result<(), Status> {
        let (now, database_name) = (cluster.now, self.head.database.clone());
        for (table, _) in prepared.tables {
            if database_of(cluster, self.head.database_id)?
                .relations
                .contains_key(&table.name)
            {
                return Err(Status::common(format!(
                    "Table {} already exist in db: {database_name}",
                    table.name
                )));
            }
            cluster.store.create(&table)?;
            database_of(cluster, self.head.database_id)?.add_table(table);
        }
        for (table, partition) in prepared.partitions {
            if let Some(table) = database_of(cluster, self.head.database_id)?.table_mut(&table) {
                table.partitions.add(partition);
            }
        }
        self.restored_views.clear();
        for (name, text) in prepared.views {
            let id = cluster.new_id();
            let Ok(crate::ast::Statement::Query(query)) =
                crate::parser::parse(&text, cluster.release)
            else {
                return Err(Status::common(format!(
                    "Failed to read the definition of view {name}"
                )));
            };
            self.restored_views.push(name.clone());
            let view = View {
                id,
                name: name.clone(),
                text,
                query,
                created: now,
            };
            database_of(cluster, self.head.database_id)?
                .relations
                .insert(name, Relation::View(view));
        }
        Ok(())
    }
}

fn database_of(
    cluster: &mut Cluster,
    id: u64,
) -> Result<&mut crate::engine::database::Database, Status> {
    cluster
        .database_by_id_mut(id)
        .ok_or_else(|| Status::not_found(format!("database {id} has been dropped")))
}

fn selected<'t>(remote: &'t Table, object: &RestoreObject) -> Vec<&'t Partition> {
    let wanted = |partition: &&Partition| {
        object.partitions.is_empty() || object.partitions.contains(&partition.name)
    };
    remote.partitions.iter().filter(wanted).collect()
}

/// The order in which Java's HashMap walks over the names: by bucket of the spread hash. It decides which tables hazard 3.6 hits.
fn in_java_order(objects: &[RestoreObject]) -> Vec<RestoreObject> {
    let mut capacity = 16;
    while objects.len() * 4 > capacity * 3 {
        capacity *= 2;
    }
    let bucket = |object: &RestoreObject| {
        let hash = object.original.encode_utf16().fold(0_u32, |hash, unit| {
            hash.wrapping_mul(31).wrapping_add(unit.into())
        });
        (hash ^ (hash >> 16)) as usize & (capacity - 1)
    };
    let mut ordered = objects.to_vec();
    ordered.sort_by_key(bucket);
    ordered
}
