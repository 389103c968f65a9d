//! RESTORE's last steps: the downloaded rows take their places, then tables become normal.

use crate::engine::cluster::Cluster;
use crate::engine::database::Database;
use crate::engine::jobs::restore::Download;
use crate::engine::jobs::{RestoreJob, Status};
use crate::engine::snapshot::read_image;
use crate::engine::table::TableState;

impl RestoreJob {
    /// Backends replace the files of each tablet: rows that were there are gone from here on, whether the job finishes or not.
    pub fn place_rows(&mut self, cluster: &mut Cluster) -> Result<(), Status> {
        for at in 0..self.downloads.len() {
            self.place(cluster, &self.downloads[at])?;
            self.downloads[at].image = None;
        }
        Ok(())
    }

    /// Tables become normal, partitions that were overwritten get the backup's version and the time of now
    /// (`catalog/PhysicalPartition.updateVersionForRestore`).
    pub fn finish(&mut self, cluster: &mut Cluster) {
        let now = cluster.now;
        self.held_tables_to_normal(cluster);
        let names: Vec<String> = self
            .restored
            .iter()
            .map(|restored| restored.name.clone())
            .collect();
        cluster.after_restore(&self.head.database, &names);
        let Some(database) = cluster.database_by_id_mut(self.head.database_id) else {
            return;
        };
        for download in self.downloads.iter().filter(|download| download.in_place) {
            set_version(database, download, now);
        }
        self.downloads.clear();
        self.restored.clear();
        self.added.clear();
    }

    /// By their current names, whatever has them (`RestoreJob.setTableStateToNormal`).
    pub fn held_tables_to_normal(&self, cluster: &mut Cluster) {
        let Some(database) = cluster.database_by_id_mut(self.head.database_id) else {
            return;
        };
        for object in &self.objects {
            if let Some(table) = database.table_mut(object.local())
                && table.state == TableState::Restore
            {
                table.state = TableState::Normal;
            }
        }
    }

    fn place(&self, cluster: &mut Cluster, download: &Download) -> Result<(), Status> {
        let Some(image) = &download.image else {
            return Ok(());
        };
        let rows = read_image(&image.bytes).map_err(|fault| Status::common(fault.to_string()))?;
        let table = cluster
            .database_by_id(self.head.database_id)
            .and_then(|database| {
                database
                    .tables()
                    .find(|table| table.id == download.table_id)
            })
            .ok_or_else(|| {
                Status::not_found(format!("table {} has been dropped", download.table_id))
            })?;
        cluster.store.atomically(|store| {
            store.clear(table.id, std::iter::once(download.physical))?;
            store.insert(
                table,
                None,
                rows.iter().map(|row| (download.physical, row.as_slice())),
            )
        })?;
        cluster.images.remove(&download.physical);
        Ok(())
    }
}

fn set_version(database: &mut Database, download: &Download, now: chrono::DateTime<chrono::Utc>) {
    let name = database
        .tables()
        .find(|table| table.id == download.table_id)
        .map(|table| table.name.clone());
    let partition = name
        .and_then(|name| database.table_mut(&name))
        .and_then(|table| table.partitions.get_mut(&download.partition));
    for physical in partition
        .into_iter()
        .flat_map(|partition| &mut partition.physical)
        .filter(|physical| physical.id == download.physical)
    {
        physical.visible_version = download.from.version;
        physical.next_version = download.from.version + 1;
        physical.visible_time = now;
    }
}
