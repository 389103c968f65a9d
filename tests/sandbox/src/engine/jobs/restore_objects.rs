//! What RESTORE's ON takes out of a snapshot (`backup/BackupHandler.checkAndFilterRestoreObjsExistInSnapshot`).

use std::collections::HashMap;

use crate::answer::SqlError;
use crate::ast::{JobObject, Restore};
use crate::engine::error;
use crate::engine::java::sorted_names;
use crate::engine::jobs::submit_restore::{name_of, rank};
use crate::engine::snapshot::{SnapshotInfo, SnapshotMeta};

/// A table or view of the snapshot.
#[derive(Debug, Clone)]
pub struct RestoreObject {
    pub original: String,
    pub alias: Option<String>,
    /// All that are restored, in the order in which they are printed and worked on.
    pub partitions: Vec<String>,
    pub is_view: bool,
}

impl RestoreObject {
    /// The name it has, or gets, in the database.
    pub fn local(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.original)
    }
}

/// In the order of the hash map they are kept in, which has grown to the size of the whole snapshot.
pub fn restore_objects(
    statement: &Restore,
    info: &SnapshotInfo,
    meta: Option<&SnapshotMeta>,
) -> Result<Vec<RestoreObject>, SqlError> {
    let mut chosen: Vec<RestoreObject> = Vec::new();
    match &statement.objects {
        None => chosen.extend(info.object_names().map(|name| whole(info, name))),
        Some(items) => {
            let mut ranked: Vec<&JobObject> = items.iter().collect();
            ranked.sort_by_key(|item| rank(item));
            for item in ranked {
                chosen.extend(named(item, info, &statement.label)?);
            }
            // Kinds are read from the meta file; if there is none, ALL … adds nothing.
            let adds = |name: &str| {
                let all = match info.tables.get(name) {
                    Some(table) if table.materialized => JobObject::AllMaterializedViews,
                    Some(_) => JobObject::AllTables,
                    None => JobObject::AllViews,
                };
                meta.is_some() && items.contains(&all)
            };
            for name in info.object_names() {
                let known = chosen.iter().any(|object| object.original == name);
                if adds(name) && !known {
                    chosen.push(whole(info, name));
                }
            }
        }
    }
    let order: HashMap<&str, usize> =
        sorted_names(info.object_names(), info.object_names().count())
            .into_iter()
            .enumerate()
            .map(|(at, name)| (name, at))
            .collect();
    chosen.sort_by_key(|object| order.get(object.original.as_str()).copied());
    Ok(chosen)
}

fn named(
    item: &JobObject,
    info: &SnapshotInfo,
    label: &str,
) -> Result<Option<RestoreObject>, SqlError> {
    let Some((name, alias)) = name_of(item) else {
        return Ok(None);
    };
    if !info.object_names().any(|known| known == name) {
        return Err(error::common(format!(
            "Table {name} does not exist in snapshot {label}"
        )));
    }
    let mut object = whole(info, name);
    object.alias = alias.map(str::to_owned);
    if let JobObject::Table {
        temporary_partitions,
        partitions,
        ..
    } = item
        && !partitions.is_empty()
    {
        if *temporary_partitions {
            return Err(error::common(
                "Do not support restoring temporary partitions",
            ));
        }
        if let Some(unknown) = partitions
            .iter()
            .find(|partition| !object.partitions.contains(partition))
        {
            return Err(error::common(format!(
                "Partition {unknown} of table {name} does not exist in snapshot {label}"
            )));
        }
        object
            .partitions
            .retain(|partition| partitions.contains(partition));
    }
    Ok(Some(object))
}

fn whole(info: &SnapshotInfo, name: &str) -> RestoreObject {
    let partitions = info.tables.get(name).map(|table| &table.partitions);
    let names = partitions.map(|partitions| {
        sorted_names(partitions.keys().map(String::as_str), partitions.len())
            .into_iter()
            .map(str::to_owned)
            .collect()
    });
    RestoreObject {
        original: name.to_owned(),
        alias: None,
        partitions: names.unwrap_or_default(),
        is_view: partitions.is_none(),
    }
}

/// Keeps the functions that are named, and with ALL FUNCTIONS the others (`checkAndFilterRestoreFunctionsInBackupMeta`). The name in the
/// refusal is as it was written, in lower case.
pub fn check_functions(items: &[JobObject], meta: &mut SnapshotMeta) -> Result<(), SqlError> {
    let mut kept = Vec::new();
    for item in items {
        let JobObject::Function { name, alias } = item else {
            continue;
        };
        let lower = name.name.to_lowercase();
        let mut found = Vec::new();
        for function in &mut meta.functions {
            if function.name == lower {
                if let Some(alias) = alias {
                    function.name = alias.to_lowercase();
                }
                found.push(function.clone());
            }
        }
        if found.is_empty() {
            let written = match &name.database {
                Some(database) => format!("{database}.{lower}"),
                None => lower,
            };
            return Err(error::common(format!(
                "Can not find restore function: {written}"
            )));
        }
        kept.extend(found);
    }
    if items.contains(&JobObject::AllFunctions) {
        // By the new names: a function that is called like an alias stays behind.
        let hit: Vec<String> = kept.iter().map(|function| function.name.clone()).collect();
        let rest = meta
            .functions
            .iter()
            .filter(|function| !hit.contains(&function.name));
        kept.extend(rest.cloned());
    }
    meta.functions = kept;
    Ok(())
}
