//! What becomes of a materialized view in a BACKUP and after its RESTORE (`backup/BackupHandler.java`, `MaterializedView.doAfterRestore`,
//! `backup/mv/MVRestoreUpdater.java`).

use crate::answer::SqlError;
use crate::engine::cluster::Cluster;
use crate::engine::database::Database;
use crate::engine::error;
use crate::engine::jobs::BackupObject;
use crate::engine::load::Target;
use crate::engine::materialized::Materialized;
use crate::engine::table::Table;

/// `scheduler/MVActiveChecker.MV_BACKUP_INACTIVE_REASON`
const IN_BACKUP: &str = "it's in backup and will be activated after restore if possible";

impl Table {
    /// The copy that goes into a snapshot: a materialized view is inactive there.
    pub fn in_backup(mut self) -> Table {
        let reason = format!(
            "Set the materialized view {} inactive because {IN_BACKUP}",
            self.name
        );
        if let Some(view) = self.materialized.as_deref_mut() {
            view.active = false;
            view.reason = Some(reason);
        }
        self
    }
}

impl Cluster {
    /// A materialized view whose base table is gone, by id, refuses the statement (`BackupRestoreAnalyzer.analyzeTableRef`).
    pub fn check_base_tables(
        &self,
        database: &Database,
        objects: &[BackupObject],
    ) -> Result<(), SqlError> {
        for object in objects {
            let view = database
                .table(&object.name)
                .and_then(|table| table.materialized.as_deref());
            let Some(view) = view else { continue };
            let gone = view.bases.iter().find(|base| {
                !self.databases.get(&base.database).is_some_and(|database| {
                    database
                        .relations
                        .values()
                        .any(|relation| relation.id() == base.id)
                })
            });
            if let Some(base) = gone {
                return Err(error::analyzing(format!(
                    "Base table {} doest not existed in materialized view {} when backup/restore",
                    base.name, object.name
                )));
            }
        }
        Ok(())
    }

    /// A view whose base tables are all there, by name, is active again; else it stays inactive, with the reason.
    pub fn after_restore(&mut self, database: &str, names: &[String]) {
        for name in names {
            let target = Target {
                database: database.to_owned(),
                table: name.clone(),
            };
            let Ok(table) = self.table_at(&target) else {
                continue;
            };
            let width = table.columns.len();
            if let Some(reason) = self.still_inactive(&target, width)
                && let Ok(view) = self.materialized_at_mut(&target)
            {
                view.active = false;
                view.reason = Some(reason);
            }
        }
    }

    fn still_inactive(&mut self, target: &Target, width: usize) -> Option<String> {
        let view = self.materialized_at(target).ok()?.clone();
        let missing = view.bases.iter().any(|base| {
            self.databases
                .get(&base.database)
                .is_none_or(|database| !database.relations.contains_key(&base.name))
        });
        if missing {
            return Some(format!(
                "Cannot active the materialized view {} after restore, please check whether its base table has already been backup or \
                 restore:{}",
                target.table,
                bases_text(&view)
            ));
        }
        match self.definition_bases(target, width) {
            Ok(bases) => {
                let view = self.materialized_at_mut(target).ok()?;
                view.bases = bases;
                view.active = true;
                view.reason = None;
                None
            }
            Err(_) => {
                let table = self.table_at(target).ok()?;
                Some(format!(
                    "Can not active materialized view [{}] because analyze materialized view define sql: \n\n{}",
                    target.table,
                    super::show::create_sql(table)
                ))
            }
        }
    }
}

/// `catalog/BaseTableInfo.toString`, without what nobody reads.
fn bases_text(view: &Materialized) -> String {
    let texts: Vec<String> = view
        .bases
        .iter()
        .map(|base| format!("{}.{}", base.database, base.name))
        .collect();
    texts.join(",")
}
