//! The cut of a BACKUP: metadata, versions and rows of every table of the job, under one instant.

use std::collections::BTreeMap;

use crate::engine::cluster::Cluster;
use crate::engine::jobs::{BackupObject, JobHead, Status};
use crate::engine::snapshot::{
    Image, PartitionInfo, PhysicalInfo, SnapshotInfo, SnapshotMeta, TableInfo, take_image,
};
use crate::engine::table::{Relation, Table, TableState};

#[derive(Debug, Clone)]
pub struct Cut {
    pub meta: SnapshotMeta,
    pub info: SnapshotInfo,
    /// What to upload, and where.
    pub images: Vec<(PhysicalInfo, Image)>,
}

impl Cut {
    /// Objects that have gone since the statement cancel the job with NOT_FOUND.
    pub fn take(
        cluster: &mut Cluster,
        head: &JobHead,
        objects: &[BackupObject],
    ) -> Result<Cut, Status> {
        let mut cut = Cut {
            meta: SnapshotMeta::default(),
            info: SnapshotInfo {
                name: head.label.clone(),
                database: head.database.clone(),
                database_id: head.database_id,
                backup_time: head.created.timestamp_millis(),
                tables: BTreeMap::new(),
                views: Vec::new(),
                retention: None,
            },
            images: Vec::new(),
        };
        if cluster.alive_backends().is_empty() {
            return Err(Status::common(
                "failed to choose replica to make snapshot for tablet. visible version: 1",
            ));
        }
        for object in objects {
            cut.add(cluster, head, object)?;
        }
        Ok(cut)
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
                self.meta.views.insert(view.name.clone(), view.text.clone());
                self.info.views.push(view.name.clone());
                Ok(())
            }
            Relation::Foreign(_) => Err(Status {
                code: "UNSUPPORTED",
                message: format!("Table: {} can not support backup restore", object.name),
            }),
            Relation::Table(table) => {
                let copy = selected(table, &object.partitions)?.in_backup();
                self.add_table(cluster, head, copy)
            }
        }
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

/// The table with the named partitions only.
fn selected(table: &Table, names: &[String]) -> Result<Table, Status> {
    let mut copy = table.without_partitions();
    copy.state = TableState::Normal;
    if names.is_empty() {
        copy.partitions = table.partitions.clone();
        return Ok(copy);
    }
    for name in names {
        let partition = table.partitions.get(name).ok_or_else(|| {
            Status::not_found(format!(
                "partition {name} does not exist  in table{}",
                table.name
            ))
        })?;
        copy.partitions.add(partition.clone());
    }
    Ok(copy)
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
