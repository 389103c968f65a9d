//! RESTORE's PENDING step: compare, build, register (`backup/RestoreJob.checkAndPrepareMeta`).

use crate::engine::cluster::Cluster;
use crate::engine::database::Database;
use crate::engine::jobs::restore::{Download, RestoredTable};
use crate::engine::jobs::{Halt, JobOrder, RestoreJob, RestoreObject, Status};
use crate::engine::partition::Partition;
use crate::engine::snapshot::{SnapshotMeta, ViewCopy};
use crate::engine::table::{Relation, Table, TableState};

/// What the comparison of one job leads to.
#[derive(Default)]
pub(super) struct Prepared {
    /// New tables, with the alias they get once all are prepared.
    pub tables: Vec<(Table, Option<String>)>,
    /// New partitions of existing tables.
    pub partitions: Vec<(String, Partition)>,
    pub views: Vec<(String, ViewCopy)>,
}

impl RestoreJob {
    pub fn prepare(&mut self, cluster: &mut Cluster) -> Result<(), Halt> {
        let database_id = self.head.database_id;
        if cluster.database_by_id(database_id).is_none() {
            return Err(Status::not_found(format!("database {database_id} does not exist")).into());
        }
        self.head.id = i64::try_from(cluster.new_id()).unwrap_or(i64::MAX);
        let meta = self
            .meta
            .clone()
            .ok_or_else(|| Status::common("Failed to read backup meta from file"))?;
        self.hold_existing(cluster)?;
        // What an earlier run left behind when an exception ended it is planned anew; `restored` keeps it, as it does there.
        self.downloads.clear();
        let mut prepared = Prepared::default();
        for object in self.objects.clone() {
            self.prepare_object(cluster, &meta, &object, &mut prepared)?;
        }
        self.rename_restored(&mut prepared);
        if cluster.jobs.meets(&JobOrder::ReplicasNotCreated) {
            return Err(self.replicas_not_created().into());
        }
        self.register(cluster, prepared)?;
        self.add_functions(cluster, &meta)?;
        if cluster.jobs.meets(&JobOrder::DiskFull) {
            let backend = cluster.alive_backends().first().copied();
            return Err(Status::common(format!(
                "disk 1 on backend {} exceed limit usage",
                backend.unwrap_or_default()
            ))
            .into());
        }
        self.send_to_replicas(cluster);
        Ok(())
    }

    /// Only after all were prepared do new tables take their aliases: an error before leaves the original names in `restored`, and what is
    /// removed then is the live table (restore.md 3.6; the same of Apache Doris in apache/doris#48820).
    fn rename_restored(&mut self, prepared: &mut Prepared) {
        for (table, alias) in &mut prepared.tables {
            let Some(alias) = alias else { continue };
            if !table.is_partitioned() {
                let downloads = self
                    .downloads
                    .iter_mut()
                    .filter(|download| download.table_id == table.id);
                downloads.for_each(|download| download.partition.clone_from(alias));
            }
            table.rename(alias);
        }
        for restored in &mut self.restored {
            let object = self
                .objects
                .iter()
                .find(|object| object.original == restored.name);
            if let Some(object) = object {
                object.local().clone_into(&mut restored.name);
            }
        }
    }

    /// Phase 1: existing targets are checked and put in state RESTORE, one by one.
    fn hold_existing(&self, cluster: &mut Cluster) -> Result<(), Status> {
        let database = database_of(cluster, self.head.database_id)?;
        for object in &self.objects {
            let table = match database.relations.get_mut(object.local()) {
                Some(Relation::Table(table)) => table,
                // The braces are StarRocks' own slip.
                Some(Relation::Foreign(foreign)) => {
                    return Err(Status::new(
                        "UNSUPPORTED",
                        format!(
                            "Table: {} can not support backup restore, type: {{}}{}",
                            foreign.name,
                            foreign.kind.type_name()
                        ),
                    ));
                }
                Some(Relation::View(_)) | None => continue,
            };
            if table.state != TableState::Normal {
                return Err(Status::common(format!(
                    "Table {}'s state is not NORMAL: {}",
                    table.name,
                    table.state.name()
                )));
            }
            if !table.temporary_partitions.is_empty() {
                return Err(Status::common(
                    "Do not support restoring table with temp partitions",
                ));
            }
            table.state = TableState::Restore;
        }
        Ok(())
    }

    fn prepare_object(
        &mut self,
        cluster: &mut Cluster,
        meta: &SnapshotMeta,
        object: &RestoreObject,
        prepared: &mut Prepared,
    ) -> Result<(), Halt> {
        let existing = database_of(cluster, self.head.database_id)?
            .relations
            .get(object.local())
            .cloned();
        if object.is_view {
            if let Some(Relation::Table(table)) = existing {
                return Err(Status::new(
                    "BAD_REPLACE",
                    format!("Table: {} has existed and it is not a View", table.name),
                )
                .into());
            }
            self.restored.push(RestoredTable {
                id: cluster.new_id(),
                name: object.original.clone(),
                is_view: true,
            });
            let text = meta.views.get(&object.original).cloned();
            prepared
                .views
                .push((object.local().to_owned(), text.unwrap_or_default()));
            return Ok(());
        }
        let Some(remote) = meta.tables.get(&object.original) else {
            return Err(Halt::Exception("NullPointerException".to_owned()));
        };
        match existing {
            None => {
                let table = self.new_table(cluster, remote, object)?;
                self.restored.push(RestoredTable {
                    id: table.id,
                    name: table.name.clone(),
                    is_view: false,
                });
                prepared.tables.push((table, object.alias.clone()));
                Ok(())
            }
            // A materialized view that is active is left as it is, and the job finishes all the same.
            Some(Relation::Table(local))
                if local
                    .materialized
                    .as_deref()
                    .is_some_and(|view| view.active) =>
            {
                Ok(())
            }
            Some(Relation::Table(local)) => {
                self.match_existing(cluster, &local, remote, object, prepared)
            }
            // The view is cast to a table: every tick anew, as phase 1 lets views pass.
            Some(_) => Err(Halt::Exception(
                "ClassCastException: View cannot be cast to OlapTable".to_owned(),
            )),
        }
    }

    /// 3.1: the snapshot's table with the selected partitions, under new ids, still by its original name. Versions and their times stay.
    fn new_table(
        &mut self,
        cluster: &mut Cluster,
        remote: &Table,
        object: &RestoreObject,
    ) -> Result<Table, Halt> {
        let mut table = remote.without_partitions();
        table.id = cluster.new_id();
        table.created = cluster.now;
        table.state = TableState::Restore;
        let partitions = selected(remote, object);
        if !partitions.is_empty() {
            table.replication_num = self.checked_replication(cluster)?;
            self.check_hosts(cluster, &object.original)?;
        }
        if cluster.restores_colocation() {
            self.check_colocation(cluster, remote)?;
        } else {
            table.properties.remove("colocate_with");
        }
        if let Some(next) = self
            .info
            .tables
            .get(&object.original)
            .and_then(|info| info.auto_increment)
        {
            table.auto_increment = next;
        }
        for partition in partitions {
            let fresh = self.renewed(cluster, table.id, &object.original, partition);
            table.partitions.add(fresh);
        }
        Ok(table)
    }

    /// Nothing has looked at the number before replicas are made (`OlapTable.createTabletsForRestore`, a precondition).
    pub(super) fn checked_replication(&self, _cluster: &Cluster) -> Result<u32, Halt> {
        match u32::try_from(self.replication_num) {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(Halt::Exception("IllegalArgumentException".to_owned())),
        }
    }

    pub(super) fn check_hosts(&self, cluster: &Cluster, table: &str) -> Result<(), Status> {
        let wanted = usize::try_from(self.replication_num).unwrap_or_default();
        if cluster.alive_backends().len() >= wanted {
            return Ok(());
        }
        Err(Status::common(format!(
            "failed to find {} different hosts to create table: {table}",
            self.replication_num
        )))
    }

    /// Other tables of the group must agree in buckets and replication (`catalog/ColocateGroupSchema.java`).
    fn check_colocation(&self, cluster: &Cluster, remote: &Table) -> Result<(), Status> {
        let Some(group) = remote.properties.get("colocate_with") else {
            return Ok(());
        };
        let database = cluster.database_by_id(self.head.database_id);
        let Some(other) = database.and_then(|database| {
            database
                .tables()
                .find(|table| table.properties.get("colocate_with") == Some(group))
        }) else {
            return Ok(());
        };
        let refusal = |what: &str, number: u32| {
            Status::common(format!(
                "check colocate restore failed, errmsg: Colocate tables must have same {what}: {number}, with group {}.{}, \
                 you can disable colocate restore by turn off Config.enable_colocate_restore",
                self.head.database_id, other.id
            ))
        };
        if other.buckets != remote.buckets {
            return Err(refusal("bucket num", other.buckets));
        }
        if i64::from(other.replication_num) != i64::from(self.replication_num) {
            return Err(refusal("replication num", other.replication_num));
        }
        Ok(())
    }

    /// The snapshot's partition under new ids, with its download.
    pub(super) fn renewed(
        &mut self,
        cluster: &mut Cluster,
        table_id: u64,
        original: &str,
        partition: &Partition,
    ) -> Partition {
        let mut fresh = partition.clone();
        fresh.id = cluster.new_id();
        fresh.replication_num = u32::try_from(self.replication_num).unwrap_or_default();
        for physical in &mut fresh.physical {
            let empty = cluster.new_physical(partition.buckets);
            physical.id = empty.id;
            physical.index_id = empty.index_id;
            physical.tablets = empty.tablets;
            physical.next_version = physical.visible_version + 1;
        }
        let physicals: Vec<(u64, u64)> = partition
            .physical
            .iter()
            .zip(&fresh.physical)
            .map(|(from, to)| (from.id, to.id))
            .collect();
        for ids in physicals {
            self.plan_download(cluster, (table_id, original), &fresh, ids, false);
        }
        fresh
    }

    /// `partition` is the local one.
    pub(super) fn plan_download(
        &mut self,
        cluster: &Cluster,
        (table_id, original): (u64, &str),
        partition: &Partition,
        (from, to): (u64, u64),
        in_place: bool,
    ) {
        let info = self
            .info
            .tables
            .get(original)
            .and_then(|table| table.partitions.get(&partition.name));
        let Some(from) =
            info.and_then(|info| info.physical.iter().find(|physical| physical.id == from))
        else {
            return;
        };
        let tablets = partition
            .physical
            .iter()
            .filter(|physical| physical.id == to)
            .flat_map(|physical| &physical.tablets);
        let replicas = tablets
            .flat_map(|tablet| {
                let backends = cluster.replica_backends(*tablet, partition.replication_num);
                backends.into_iter().map(|backend| (*tablet, backend))
            })
            .collect();
        self.downloads.push(Download {
            table_id,
            partition: partition.name.clone(),
            physical: to,
            from: from.clone(),
            replicas,
            in_place,
            image: None,
        });
    }

    /// At most ten of the replicas that nobody has reported.
    fn replicas_not_created(&self) -> Status {
        let marks: Vec<String> = self
            .downloads
            .iter()
            .filter(|download| !download.in_place)
            .flat_map(|download| &download.replicas)
            .take(10)
            .map(|(tablet, backend)| format!("{backend}={tablet}"))
            .collect();
        Status::common(format!(
            "Failed to create replicas for restore. unfinished marks: {}",
            marks.join(", ")
        ))
    }
}

pub(super) fn database_of(cluster: &mut Cluster, id: u64) -> Result<&mut Database, Status> {
    cluster
        .database_by_id_mut(id)
        .ok_or_else(|| Status::not_found(format!("database {id} does not exist")))
}

/// The partitions to restore, in the order of the job's list.
pub(super) fn selected<'t>(remote: &'t Table, object: &RestoreObject) -> Vec<&'t Partition> {
    object
        .partitions
        .iter()
        .filter_map(|name| remote.partitions.get(name))
        .collect()
}
