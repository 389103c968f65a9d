//! What stands around the tables of a database: grants, routine loads, loads that run, materialized views.
//!
//! Grants on a table are kept by its id (`authorization/TablePEntryObject.java`), and so are routine loads and transactions
//! (`load/routineload/RoutineLoadJob.java`, `transaction/TransactionState.java`): a SWAP leaves them with the old data. What cannot be read
//! is said and stops nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Row, RowError, Session, StatementError, query, sql};
use crate::catalog::{Grantee, RoutineLoad, Surroundings, TableGrant};
use crate::names::{DatabaseName, TableName};

pub async fn read_surroundings(session: &Session, database: &DatabaseName) -> Surroundings {
    let mut found = Surroundings::default();
    grants(session, database, &mut found).await;
    routine_loads(session, database, &mut found).await;
    running_loads(session, database, &mut found).await;
    materialized_views(session, database, &mut found).await;
    properties(session, database, &mut found).await;
    found
}

/// Who may do what with the tables of a database.
pub async fn read_grants(
    session: &Session,
    database: &DatabaseName,
) -> Result<Vec<(TableName, TableGrant)>, StatementError> {
    let mut grants = Vec::new();
    for (view, grantee) in [
        ("grants_to_roles", Grantee::Role as fn(String) -> Grantee),
        ("grants_to_users", Grantee::User),
    ] {
        let set = query(session.as_ref(), &sql::table_grants(view, database)).await?;
        grants.extend(set.rows().filter_map(|row| grant(&row, grantee).ok()));
    }
    Ok(grants)
}

fn grant(
    row: &Row<'_>,
    grantee: fn(String) -> Grantee,
) -> Result<(TableName, TableGrant), RowError> {
    let grant = TableGrant {
        grantee: grantee(row.text("GRANTEE")?.to_owned()),
        privileges: row.text("PRIVILEGE_TYPE")?.to_owned(),
        with_grant_option: row.optional("IS_GRANTABLE") == Some("YES"),
    };
    Ok((row.name("OBJECT_NAME")?, grant))
}

async fn grants(session: &Session, database: &DatabaseName, found: &mut Surroundings) {
    match read_grants(session, database).await {
        Ok(grants) => {
            for (table, grant) in grants {
                found.tables.entry(table).or_default().grants.push(grant);
            }
        }
        Err(error) => found.unseen.push(format!("grants: {error}")),
    }
}

async fn routine_loads(session: &Session, database: &DatabaseName, found: &mut Surroundings) {
    match read_routine_loads(session, database).await {
        Ok(loads) => {
            for (table, load) in loads {
                found
                    .tables
                    .entry(table)
                    .or_default()
                    .routine_loads
                    .push(load);
            }
        }
        Err(error) => found.unseen.push(format!("routine loads: {error}")),
    }
}

/// Those that are not over for good (`load/routineload/RoutineLoadJob.java`, JobState), each with the table's name of now.
pub async fn read_routine_loads(
    session: &Session,
    database: &DatabaseName,
) -> Result<Vec<(TableName, RoutineLoad)>, StatementError> {
    let set = query(session.as_ref(), &sql::routine_loads(database)).await?;
    let loads = set.rows().filter_map(|row| {
        let load = RoutineLoad {
            name: row.optional("NAME")?.to_owned(),
            state: row.optional("STATE").unwrap_or_default().to_owned(),
        };
        let is_over = ["STOPPED", "CANCELLED"].contains(&load.state.as_str());
        Some((row.name("TABLE_NAME").ok()?, load)).filter(|_| !is_over)
    });
    Ok(loads.collect())
}

async fn running_loads(session: &Session, database: &DatabaseName, found: &mut Surroundings) {
    match read_running_loads(session, database).await {
        Ok(labels) => found.running_loads = labels,
        Err(error) if error.is_unknown_database() => {}
        Err(error) => found.unseen.push(format!("running loads: {error}")),
    }
}

/// Labels of what has begun and is not visible (`common/proc/TransStateProcDir.java`: PREPARE, PREPARED, COMMITTED).
pub async fn read_running_loads(
    session: &Session,
    database: &DatabaseName,
) -> Result<Vec<String>, StatementError> {
    let set = query(session.as_ref(), &sql::running_transactions(database)).await?;
    let labels = set
        .rows()
        .filter_map(|row| row.optional("Label").map(str::to_owned));
    Ok(labels.collect())
}

/// By the words of their definitions, whose form differs from release to release: what is found is worth a look, and proves nothing.
async fn materialized_views(session: &Session, database: &DatabaseName, found: &mut Surroundings) {
    match query(session.as_ref(), &sql::view_definitions(database)).await {
        Ok(set) => {
            for row in set.rows() {
                let text = row
                    .optional("MATERIALIZED_VIEW_DEFINITION")
                    .unwrap_or_default();
                let Some(name) = row.optional("TABLE_NAME") else {
                    continue;
                };
                found.materialized_views.insert(name.to_owned());
                for table in words_of(text) {
                    let views = &mut found.tables.entry(table).or_default().materialized_views;
                    if !views.iter().any(|known| known == name) {
                        views.push(name.to_owned());
                    }
                }
            }
        }
        Err(error) => found.unseen.push(format!("materialized views: {error}")),
    }
}

/// From the properties of all tables at once (`service/InformationSchemaDataSource.java`, genProps); older releases tell fewer of them.
async fn properties(session: &Session, database: &DatabaseName, found: &mut Surroundings) {
    match query(session.as_ref(), &sql::table_properties(database)).await {
        Ok(set) => {
            for row in set.rows() {
                let (Ok(table), Some(text)) = (row.name("TABLE_NAME"), row.optional("PROPERTIES"))
                else {
                    continue;
                };
                let known: BTreeMap<String, String> =
                    serde_json::from_str(text).unwrap_or_default();
                let entry = |key: &str| known.get(key).filter(|value| !value.is_empty()).cloned();
                let constraints = ["unique_constraints", "foreign_key_constraints"]
                    .into_iter()
                    .filter_map(|key| Some(format!("{key} = {}", entry(key)?)));
                let (group, constraints) =
                    (entry("colocate_with"), constraints.collect::<Vec<_>>());
                if group.is_some() || !constraints.is_empty() {
                    let around = found.tables.entry(table).or_default();
                    around.colocate_group = group;
                    around.constraints = constraints;
                }
            }
        }
        Err(error) => found.unseen.push(format!("table properties: {error}")),
    }
}

/// Each once: what stands in backticks, and what looks like a name without them.
fn words_of(definition: &str) -> BTreeSet<TableName> {
    let quoted = definition.split('`').skip(1).step_by(2);
    let bare = definition.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_');
    quoted
        .chain(bare)
        .filter_map(|word| TableName::parse(word).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_names_its_tables_with_backticks_and_without() {
        let found =
            words_of("AS SELECT `o`.`id` FROM `sales`.`or ders` o JOIN sales.customers_x ON 1");
        for (table, named) in [
            ("or ders", true),
            ("customers_x", true),
            ("customers", false),
            ("orders", false),
        ] {
            let table = TableName::parse(table).unwrap();
            assert_eq!(found.contains(&table), named, "{table}");
        }
    }
}
