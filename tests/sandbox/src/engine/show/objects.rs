//! SHOW MATERIALIZED VIEWS, SHOW CREATE VIEW and SHOW CREATE MATERIALIZED VIEW.

use crate::answer::{ResultSet, SqlError};
use crate::ast::ObjectName;
use crate::engine::access::{Holder, Kind, Privilege};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::materialized::{STATUS_COLUMNS, create_sql};
use crate::engine::session::Session;
use crate::engine::show::{keeping, matches, table, with_nulls};
use crate::engine::table::{Relation, Table, View};
use crate::release::Release;

impl Cluster {
    pub fn show_materialized_views(
        &self,
        session: &Session,
        database: Option<&str>,
        pattern: Option<&str>,
    ) -> Result<ResultSet, SqlError> {
        let name = database
            .or(session.database.as_deref())
            .ok_or_else(error::no_database)?;
        let database = self.database(name)?;
        let holder = self.holder(session);
        // Views on a table that may not be read are left out too (`ShowExecutor.visitShowMaterializedViewStatement`).
        let hidden: Vec<&str> = database
            .tables()
            .filter(|view| !self.reads_bases(&holder, view))
            .map(|view| view.name.as_str())
            .collect();
        let rows = self
            .materialized_rows(session, name, &holder)
            .into_iter()
            .filter(|row| {
                let name = row[2].as_deref().unwrap_or_default();
                matches(pattern, name) && !hidden.contains(&name)
            })
            .collect();
        Ok(keeping(
            with_nulls(&STATUS_COLUMNS, rows),
            |column| match column {
                "last_refresh_process_time" | "last_refresh_job_id" => {
                    self.release.tells_refresh_jobs()
                }
                _ => true,
            },
        ))
    }

    fn reads_bases(&self, holder: &Holder<'_>, view: &Table) -> bool {
        let bases = view
            .materialized
            .iter()
            .flat_map(|materialized| &materialized.bases);
        let mut objects = bases.filter_map(|base| self.table_object(&base.database, &base.name));
        objects.all(|object| holder.has(Kind::Table, Privilege::Select, &object))
    }

    /// Also finds the indexes of tables, by name (`ShowExecutor.showCreateInternalCatalogTable`).
    pub fn show_create_materialized_view(
        &self,
        session: &Session,
        name: &ObjectName,
    ) -> Result<ResultSet, SqlError> {
        let database = self.database_of(name, session)?;
        match self.databases[database].relations.get(&name.name) {
            Some(Relation::Table(found)) if found.is_materialized() => Ok(materialized_view(found)),
            Some(_) => Err(error::analyzing_with(
                1347,
                "HY000",
                format!("'{database}'.'{}' is not 'MATERIALIZED VIEW'", name.name),
            )),
            None => {
                let rollup = self.databases[database]
                    .tables()
                    .flat_map(|table| &table.rollups)
                    .find(|rollup| rollup.name == name.name)
                    .ok_or_else(|| error::unknown_table(&name.name))?;
                Ok(table(
                    &MATERIALIZED_COLUMNS,
                    vec![vec![rollup.name.clone(), rollup.text.clone()]],
                ))
            }
        }
    }

    /// A materialized view is shown as a plain one; a table is refused.
    pub fn show_create_view(
        &self,
        session: &Session,
        name: &ObjectName,
    ) -> Result<ResultSet, SqlError> {
        let database = self.database_of(name, session)?.to_owned();
        match self.relation(name, session)? {
            Relation::View(found) => Ok(view(found, self.release)),
            Relation::Table(found) if found.is_materialized() => {
                let text = found
                    .materialized
                    .as_deref()
                    .map(|view| view.text.as_str())
                    .unwrap_or_default();
                Ok(view_row(
                    &found.name,
                    format!("CREATE VIEW `{}` AS {text}", found.name),
                ))
            }
            Relation::Table(_) | Relation::Foreign(_) => Err(error::analyzing_with(
                1347,
                "HY000",
                format!("'{database}'.'{}' is not 'VIEW'", name.name),
            )),
        }
    }
}

const MATERIALIZED_COLUMNS: [&str; 2] = ["Materialized View", "Create Materialized View"];

pub(super) fn materialized_view(found: &Table) -> ResultSet {
    table(
        &MATERIALIZED_COLUMNS,
        vec![vec![found.name.clone(), create_sql(found)]],
    )
}

/// `AstToStringBuilder.getDdlStmt`
pub(super) fn view(found: &View, release: Release) -> ResultSet {
    let columns: Vec<String> = found
        .columns
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    let security = if release.tells_security_of_views() {
        " SECURITY NONE"
    } else {
        ""
    };
    view_row(
        &found.name,
        format!(
            "CREATE VIEW `{}` ({}){security} AS {};",
            found.name,
            columns.join(", "),
            found.text
        ),
    )
}

fn view_row(name: &str, sql: String) -> ResultSet {
    let cells = vec![
        name.to_owned(),
        sql,
        "utf8".to_owned(),
        "utf8_general_ci".to_owned(),
    ];
    table(
        &[
            "View",
            "Create View",
            "character_set_client",
            "collation_connection",
        ],
        vec![cells],
    )
}
