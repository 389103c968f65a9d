//! The cut of a BACKUP: metadata, versions and rows of every table of the job, under one instant.

use crate::engine::catalog::ExternalCatalog;
use crate::engine::cluster::Cluster;
use crate::engine::function::Function;
use crate::engine::jobs::{BackupObject, JobHead, JobOrder, Status};
use crate::engine::partition::PhysicalPartition;
use crate::engine::snapshot::{
    Image, PartitionInfo, PhysicalInfo, SnapshotInfo, SnapshotMeta, TableInfo, ViewCopy, take_image,
};
use crate::engine::table::{Relation, Table, TableState};

#[derive(Debug, Clone)]
pub struct Cut {
    pub meta: SnapshotMeta,
    pub info: SnapshotInfo,
    /// What to upload, and where.
    pub images: Vec<(PhysicalInfo, Image)>,
    /// The tablets to make snapshots of, each on the backend whose replica is read.
    pub tablets: Vec<CutTablet>,
}

#[derive(Debug, Clone, Copy)]
pub struct CutTablet {
    pub tablet: u64,
    pub backend: u64,
    pub physical: u64,
}

impl Cut {
    /// Objects that have gone since the statement cancel the job with NOT_FOUND.
    pub fn take(
        cluster: &mut Cluster,
        head: &JobHead,
        objects: &[BackupObject],
        functions: &[Function],
    ) -> Result<Cut, Status> {
        if cluster.database_by_id(head.database_id).is_none() {
            return Err(Status::not_found(format!(
                "database {} does not exist",
                head.database_id
            )));
        }
        check_objects(cluster, head, objects)?;
        let mut cut = Cut {
            meta: SnapshotMeta::default(),
            info: SnapshotInfo::new(head),
            images: Vec::new(),
            tablets: Vec::new(),
        };
        cut.meta.functions = functions.to_vec();
        for object in objects {
            cut.add(cluster, head, object)?;
        }
        Ok(cut)
    }

    /// External catalogs have no cut: a snapshot without a database.
    pub fn of_catalogs(head: &JobHead, catalogs: &[ExternalCatalog]) -> Cut {
        Cut {
            meta: SnapshotMeta {
                catalogs: catalogs.to_vec(),
                ..SnapshotMeta::default()
            },
            info: SnapshotInfo::new(head),
            images: Vec::new(),
            tablets: Vec::new(),
        }
    }

    fn add(
        &mut self,
        cluster: &mut Cluster,
        head: &JobHead,
        object: &BackupObject,
    ) -> Result<(), Status> {
        let gone = || Status::not_found(format!("table {} does not exist", object.name));
        let database = cluster.database_by_id(head.database_id).ok_or_else(|| {
            Status::not_found(format!("database {} does not exist", head.database_id))
        })?;
        match database.relations.get(&object.name).ok_or_else(gone)? {
            Relation::View(view) => {
                let copy = ViewCopy {
                    text: view.text.clone(),
                    database: view.database.clone(),
                    columns: view.columns.clone(),
                };
                self.meta.views.insert(view.name.clone(), copy);
                self.info.views.push(view.name.clone());
                Ok(())
            }
            Relation::Foreign(foreign) => Err(Status::new(
                "UNSUPPORTED",
                format!(
                    "Table: {} can not support backup restore, type: {}",
                    object.name,
                    foreign.kind.type_name()
                ),
            )),
            Relation::Table(table) => {
                let copy = selected(table, object).in_backup();
                self.add_table(cluster, head, copy)
            }
        }
    }

    fn choose_replicas(
        &mut self,
        cluster: &mut Cluster,
        physical: &PhysicalPartition,
        replication_num: u32,
    ) -> Result<(), Status> {
        for tablet in &physical.tablets {
            let none = cluster.jobs.meets(&JobOrder::NoReplica);
            let backend = cluster.replica_to_read(*tablet, physical, replication_num);
            let Some(backend) = backend.filter(|_| !none) else {
                return Err(Status::common(format!(
                    "failed to choose replica to make snapshot for tablet {tablet}. visible version: {}",
                    physical.visible_version
                )));
            };
            self.tablets.push(CutTablet {
                tablet: *tablet,
                backend,
                physical: physical.id,
            });
        }
        Ok(())
    }

    fn add_table(
        &mut self,
        cluster: &mut Cluster,
        head: &JobHead,
        table: Table,
    ) -> Result<(), Status> {
        let mut info = TableInfo {
            id: table.id,
            materialized: table.is_materialized(),
            ..TableInfo::default()
        };
        info.auto_increment = table
            .columns
            .iter()
            .any(|column| column.auto_increment)
            .then_some(table.auto_increment);
        let mut offset = 0;
        for partition in table.partitions.iter() {
            let mut physicals = Vec::with_capacity(partition.physical.len());
            for physical in &partition.physical {
                self.choose_replicas(cluster, physical, partition.replication_num)?;
                let image = image_of(cluster, &table, physical.id, physical.visible_version)?;
                let ids = (head.database_id, table.id);
                let entry = PhysicalInfo::new(ids, physical, &image, offset);
                offset += entry.length;
                self.images.push((entry.clone(), image));
                physicals.push(entry);
            }
            info.partitions.insert(
                partition.name.clone(),
                PartitionInfo {
                    id: partition.id,
                    physical: physicals,
                },
            );
        }
        self.info.tables.insert(table.name.clone(), info);
        self.meta.tables.insert(table.name.clone(), table);
        Ok(())
    }
}

/// All objects are checked again before any replica is chosen (`BackupJob.checkBackupTables`).
fn check_objects(
    cluster: &Cluster,
    head: &JobHead,
    objects: &[BackupObject],
) -> Result<(), Status> {
    let database = cluster.database_by_id(head.database_id);
    for object in objects {
        let relation = database
            .and_then(|database| database.relations.get(&object.name))
            .ok_or_else(|| Status::not_found(format!("table {} does not exist", object.name)))?;
        let Some(table) = relation.as_table() else {
            continue;
        };
        let unknown = object
            .partitions
            .iter()
            .find(|name| object.partition_of(table, name).is_none());
        if let Some(name) = unknown {
            return Err(Status::not_found(format!(
                "partition {name} does not exist  in table{}",
                table.name
            )));
        }
    }
    Ok(())
}

/// The table with the named partitions only.
fn selected(table: &Table, object: &BackupObject) -> Table {
    let mut copy = table.without_partitions();
    copy.state = TableState::Normal;
    if object.partitions.is_empty() {
        copy.partitions = table.partitions.clone();
        return copy;
    }
    for name in &object.partitions {
        if let Some(partition) = object.partition_of(table, name) {
            copy.partitions.add(partition.clone());
        }
    }
    copy
}

/// Rows that have not changed since an earlier cut are not read again.
fn image_of(
    cluster: &mut Cluster,
    table: &Table,
    physical: u64,
    version: u64,
) -> Result<Image, Status> {
    if let Some((known, image)) = cluster.images.get(&physical)
        && *known == version
    {
        return Ok(image.clone());
    }
    let image = take_image(&cluster.store, table, physical)?;
    cluster.images.insert(physical, (version, image.clone()));
    Ok(image)
}
