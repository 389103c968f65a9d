//! RESTORE's PENDING step, its end: what was prepared becomes visible (`backup/RestoreJob.addRestorePartitionsAndTables`).

use crate::engine::cluster::Cluster;
use crate::engine::jobs::prepare::{Prepared, database_of};
use crate::engine::jobs::{RestoreJob, Status};
use crate::engine::snapshot::SnapshotMeta;
use crate::engine::table::{Relation, View};

impl RestoreJob {
    /// Phase 3: partitions, then tables in state RESTORE, become visible; views replace those of their names.
    pub(super) fn register(
        &mut self,
        cluster: &mut Cluster,
        prepared: Prepared,
    ) -> Result<(), Status> {
        let (now, database_name) = (cluster.now, self.head.database.clone());
        for (table, partition) in prepared.partitions {
            if let Some(table) = database_of(cluster, self.head.database_id)?.table_mut(&table) {
                table.partitions.add(partition);
            }
        }
        for (name, copy) in prepared.views {
            let Ok(crate::ast::Statement::Query(query)) =
                crate::parser::parse(&copy.text, cluster.release)
            else {
                return Err(Status::common(format!(
                    "Failed to read the definition of view {name}"
                )));
            };
            let restored = self
                .restored
                .iter()
                .find(|restored| restored.is_view && restored.name == name);
            let view = View {
                id: restored.map_or(0, |restored| restored.id),
                name: name.clone(),
                text: copy.text,
                database: copy.database,
                columns: copy.columns,
                query,
                created: now,
            };
            database_of(cluster, self.head.database_id)?
                .relations
                .insert(name, Relation::View(view));
        }
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
        Ok(())
    }

    /// What exists with the same signature stays as it is.
    pub(super) fn add_functions(
        &self,
        cluster: &mut Cluster,
        meta: &SnapshotMeta,
    ) -> Result<(), Status> {
        let database = database_of(cluster, self.head.database_id)?;
        for function in &meta.functions {
            database.add_function(function.clone());
        }
        Ok(())
    }
}
