//! What BACKUP's ON names, what ALL … and a missing ON add (`sql/analyzer/BackupRestoreAnalyzer.visitBackupStatement`).

use std::collections::BTreeMap;

use crate::answer::SqlError;
use crate::ast::{Backup, JobObject, JobObjectPlaces, ObjectName};
use crate::engine::database::Database;
use crate::engine::error;
use crate::engine::function::Function;
use crate::engine::partition::Partition;
use crate::engine::table::{Relation, Table};

/// By name: the statement's order is lost.
pub type BackupObjects = Vec<BackupObject>;

/// A table or view as the statement named it; no partitions stands for all.
#[derive(Debug, Clone)]
pub struct BackupObject {
    pub name: String,
    pub partitions: Vec<String>,
    /// `TEMPORARY PARTITION (…)` was written.
    pub temporary_partitions: bool,
}

impl BackupObject {
    /// Partition names of a live table are compared without regard to case (`catalog/OlapTable.nameToPartition`).
    pub fn partition_of<'t>(&self, table: &'t Table, name: &str) -> Option<&'t Partition> {
        table.partitions.get(name).or_else(|| {
            table
                .partitions
                .iter()
                .find(|partition| partition.name.eq_ignore_ascii_case(name))
        })
    }
}

/// One item of ON that names something.
struct Item<'s> {
    name: &'s ObjectName,
    partitions: &'s [String],
    temporary: bool,
    places: JobObjectPlaces,
}

/// Which ALL … were written. Without ON, all of them.
struct Whole {
    tables: bool,
    materialized_views: bool,
    views: bool,
    functions: bool,
}

pub fn analyzed_objects(
    database: &Database,
    statement: &Backup,
    with_views: bool,
) -> Result<BackupObjects, SqlError> {
    let mut objects: BTreeMap<String, BackupObject> = BTreeMap::new();
    for item in named_items(statement) {
        add(database, &mut objects, &item)?;
    }
    let whole = whole(statement);
    for (name, relation) in &database.relations {
        // The filter knows tables, views and materialized views: whatever else there is comes along with any ALL.
        let wanted = match relation {
            Relation::View(_) => whole.views,
            Relation::Table(table) if table.is_materialized() => {
                whole.materialized_views && with_views
            }
            Relation::Table(_) => whole.tables,
            Relation::Foreign(_) => whole.tables || whole.materialized_views || whole.views,
        };
        let named = objects.keys().any(|known| known.eq_ignore_ascii_case(name));
        if wanted && !named {
            let object = BackupObject {
                name: name.clone(),
                partitions: Vec::new(),
                temporary_partitions: false,
            };
            objects.insert(name.clone(), object);
        }
    }
    Ok(objects.into_values().collect())
}

/// All functions of a name go together. Named ones are looked up in the job's database, whatever database was written.
pub fn analyzed_functions(
    database: &Database,
    statement: &Backup,
) -> Result<Vec<Function>, SqlError> {
    let mut functions: Vec<Function> = Vec::new();
    for item in statement.objects.iter().flatten() {
        let JobObject::Function { name, .. } = item else {
            continue;
        };
        let of_database = name.database.as_deref().unwrap_or(&database.name);
        let found = database.functions_named(&name.name);
        if found.is_empty() {
            return Err(error::common_analyzing(format!(
                "Invalid backup function(s), function name: {of_database}.{}",
                name.name.to_lowercase()
            )));
        }
        functions.extend(found.iter().cloned());
    }
    if whole(statement).functions {
        for function in database.functions.values().flatten() {
            if !functions.iter().any(|known| known.name == function.name) {
                functions.extend(database.functions_named(&function.name).iter().cloned());
            }
        }
    }
    Ok(functions)
}

fn whole(statement: &Backup) -> Whole {
    let Some(items) = &statement.objects else {
        return Whole {
            tables: true,
            materialized_views: true,
            views: true,
            functions: true,
        };
    };
    Whole {
        tables: items.contains(&JobObject::AllTables),
        materialized_views: items.contains(&JobObject::AllMaterializedViews),
        views: items.contains(&JobObject::AllViews),
        functions: items.contains(&JobObject::AllFunctions),
    }
}

/// Bare names first, then materialized views, views, and what has TABLE in front (`AstBuilder.parseBackupRestoreStatement`). The keyword says
/// nothing about what the name must be.
fn named_items(statement: &Backup) -> Vec<Item<'_>> {
    let mut items: Vec<(u8, Item<'_>)> = Vec::new();
    for object in statement.objects.iter().flatten() {
        match object {
            JobObject::Table {
                keyword,
                name,
                temporary_partitions,
                partitions,
                places,
                ..
            } => items.push((
                if *keyword { 3 } else { 0 },
                Item {
                    name,
                    partitions,
                    temporary: *temporary_partitions,
                    places: *places,
                },
            )),
            JobObject::MaterializedView { name, places, .. } => {
                items.push((1, whole_item(name, *places)));
            }
            JobObject::View { name, places, .. } => items.push((2, whole_item(name, *places))),
            JobObject::AllTables
            | JobObject::AllViews
            | JobObject::AllMaterializedViews
            | JobObject::AllFunctions
            | JobObject::Function { .. } => {}
        }
    }
    items.sort_by_key(|(rank, _)| *rank);
    items.into_iter().map(|(_, item)| item).collect()
}

fn whole_item(name: &ObjectName, places: JobObjectPlaces) -> Item<'_> {
    Item {
        name,
        partitions: &[],
        temporary: false,
        places,
    }
}

/// The database of an item is ignored: its name is looked up in the job's database (`analyzeTableRef`).
fn add(
    database: &Database,
    objects: &mut BTreeMap<String, BackupObject>,
    item: &Item<'_>,
) -> Result<(), SqlError> {
    let name = &item.name.name;
    let relation = database
        .relations
        .get(name)
        .ok_or_else(|| error::analyzing(format!("Incorrect table name '{name}'")))?;
    let object = BackupObject {
        name: name.clone(),
        partitions: item.partitions.to_vec(),
        temporary_partitions: item.temporary,
    };
    if !item.partitions.is_empty() {
        let table = relation.as_table().ok_or_else(|| {
            error::analyzing_with(1104, "42000", format!("Incorrect table name '{name}'"))
        })?;
        let unknown = item
            .partitions
            .iter()
            .find(|partition| object.partition_of(table, partition).is_none());
        if let Some(unknown) = unknown {
            return Err(error::analyzing_at(
                item.places.partitions,
                format!("partition[{unknown}] does not exist  in table{name}"),
            ));
        }
    }
    if objects.contains_key(name) {
        return Err(error::analyzing_at(
            item.places.name,
            format!("Duplicated table: {name}"),
        ));
    }
    objects.insert(name.clone(), object);
    Ok(())
}
