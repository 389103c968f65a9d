//! RESTORE's last step: the downloaded rows take their places, tables become normal.

use crate::engine::cluster::Cluster;
use crate::engine::jobs::restore::Download;
use crate::engine::jobs::{RestoreJob, Status};
use crate::engine::snapshot::read_image;
use crate::engine::table::TableState;

impl RestoreJob {
    pub fn commit(&mut self, cluster: &mut Cluster) -> Result<(), Status> {
        for download in std::mem::take(&mut self.downloads) {
            self.place(cluster, &download)?;
        }
        let Some(database) = cluster.database_by_id_mut(self.head.database_id) else {
            return Ok(());
        };
        let name = database.name.clone();
        for relation in database.relations.values_mut() {
            if let crate::engine::table::Relation::Table(table) = relation
                && (self.held.contains(&table.id)
                    || self.restored.iter().any(|restored| restored.id == table.id))
            {
                table.state = TableState::Normal;
            }
        }
        let names: Vec<String> = self
            .restored
            .iter()
            .map(|restored| restored.name.clone())
            .collect();
        cluster.after_restore(&name, &names);
        Ok(())
    }

    fn place(&self, cluster: &mut Cluster, download: &Download) -> Result<(), Status> {
        let Some(image) = &download.image else {
            return Ok(());
        };
        let rows = read_image(&image.bytes).map_err(|fault| Status::common(fault.to_string()))?;
        let database = cluster
            .database_by_id(self.head.database_id)
            .ok_or_else(|| {
                Status::not_found(format!(
                    "database {} has been dropped",
                    self.head.database_id
                ))
            })?;
        let Some(table) = database
            .tables()
            .find(|table| table.id == download.table_id)
        else {
            return Err(Status::not_found(format!(
                "table {} has been dropped",
                download.table_id
            )));
        };
        cluster.store.atomically(|store| {
            store.clear(table.id, std::iter::once(download.physical))?;
            store.insert(
                table,
                None,
                rows.iter().map(|row| (download.physical, row.as_slice())),
            )
        })?;
        cluster.images.remove(&download.physical);
        if download.in_place {
            self.set_version(cluster, download);
        }
        Ok(())
    }

    /// `catalog/PhysicalPartition.updateVersionForRestore`: the backup's version, and now.
    fn set_version(&self, cluster: &mut Cluster, download: &Download) {
        let now = cluster.now;
        let Some(database) = cluster.database_by_id_mut(self.head.database_id) else {
            return;
        };
        let name = database
            .tables()
            .find(|table| table.id == download.table_id)
            .map(|table| table.name.clone());
        let Some(table) = name.and_then(|name| database.table_mut(&name)) else {
            return;
        };
        let Some(partition) = table.partitions.get_mut(&download.partition) else {
            return;
        };
        for physical in partition
            .physical
            .iter_mut()
            .filter(|physical| physical.id == download.physical)
        {
            physical.visible_version = download.from.version;
            physical.next_version = download.from.version + 1;
            physical.visible_time = now;
        }
    }
}
