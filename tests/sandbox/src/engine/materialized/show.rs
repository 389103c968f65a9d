//! SHOW MATERIALIZED VIEWS, information_schema.materialized_views and the text of a view (`qe/ShowMaterializedViewStatus.java`,
//! `MaterializedView.getMaterializedViewDdlStmt`).

use crate::ast::{Distribution, RefreshKind};
use crate::engine::access::Holder;
use crate::engine::cluster::Cluster;
use crate::engine::materialized::{Materialized, Refreshed};
use crate::engine::session::Session;
use crate::engine::table::Table;

/// Of SHOW, in lower case; information_schema has the same in another spelling (`sql/ast/ShowMaterializedViewsStmt.java`).
pub const COLUMNS: [&str; 27] = [
    "id",
    "database_name",
    "name",
    "refresh_type",
    "is_active",
    "inactive_reason",
    "partition_type",
    "task_id",
    "task_name",
    "last_refresh_start_time",
    "last_refresh_finished_time",
    "last_refresh_duration",
    "last_refresh_state",
    "last_refresh_force_refresh",
    "last_refresh_start_partition",
    "last_refresh_end_partition",
    "last_refresh_base_refresh_partitions",
    "last_refresh_mv_refresh_partitions",
    "last_refresh_error_code",
    "last_refresh_error_message",
    "rows",
    "text",
    "extra_message",
    "query_rewrite_status",
    "creator",
    "last_refresh_process_time",
    "last_refresh_job_id",
];

type Row = Vec<Option<String>>;

impl Cluster {
    /// A row for every asynchronous view that is seen, then one for every index of a table, which everybody sees.
    pub fn materialized_rows(
        &self,
        session: &Session,
        database: &str,
        holder: &Holder<'_>,
    ) -> Vec<Row> {
        let Some(found) = self.databases.get(database) else {
            return Vec::new();
        };
        let asynchronous = found
            .tables()
            .filter(|table| holder.sees_table(found.id, table))
            .filter_map(|table| Some((table, table.materialized.as_deref()?)))
            .map(|(table, view)| self.status_row(session, database, table, view));
        let rollups = found.tables().flat_map(|table| {
            table.rollups.iter().map(|rollup| {
                let head = [
                    rollup.id.to_string(),
                    database.to_owned(),
                    rollup.name.clone(),
                    "ROLLUP".to_owned(),
                    "true".to_owned(),
                    String::new(),
                    partition_type(table),
                ];
                let text = rollup.text.split_whitespace().collect::<Vec<_>>().join(" ");
                filled(
                    session,
                    head,
                    None,
                    (0, String::new()),
                    ("0".to_owned(), text),
                )
            })
        });
        asynchronous.chain(rollups).collect()
    }

    fn status_row(
        &self,
        session: &Session,
        database: &str,
        table: &Table,
        view: &Materialized,
    ) -> Row {
        let rows: u64 = self
            .store
            .sizes(table)
            .map(|sizes| sizes.values().map(|size| size.rows).sum())
            .unwrap_or_default();
        let kind = match view.refresh.kind {
            RefreshKind::Manual => "MANUAL",
            RefreshKind::Async { .. } => "ASYNC",
        };
        let head = [
            table.id.to_string(),
            database.to_owned(),
            table.name.clone(),
            kind.to_owned(),
            view.active.to_string(),
            view.reason.clone().unwrap_or_default(),
            partition_type(table),
        ];
        // `scheduler/TaskBuilder.getMvTaskName`
        let task = (view.task_id, format!("mv-{}", table.id));
        let tail = (rows.to_string(), create_sql(table));
        filled(session, head, view.last.as_ref(), task, tail)
    }
}

fn filled(
    session: &Session,
    head: [String; 7],
    last: Option<&Refreshed>,
    task: (u64, String),
    (rows, text): (String, String),
) -> Row {
    let mut row: Row = head.into_iter().map(Some).collect();
    let blank = || Some(String::new());
    match last {
        Some(last) => {
            let state = if last.error.is_some() {
                "FAILED"
            } else {
                "SUCCESS"
            };
            row.extend([
                Some(task.0.to_string()),
                Some(task.1),
                Some(session.zone.show(last.started)),
                Some(session.zone.show(last.finished)),
                Some("0.000".to_owned()),
                Some(state.to_owned()),
                Some("false".to_owned()),
                blank(),
                blank(),
                Some("{}".to_owned()),
                blank(),
                Some(if last.error.is_some() { "-1" } else { "0" }.to_owned()),
                Some(last.error.clone().unwrap_or_default()),
            ]);
        }
        // A task that never ran has no name here, and times that are NULL.
        None => row.extend([
            Some("0".to_owned()),
            blank(),
            None,
            None,
            Some("0.000".to_owned()),
            blank(),
            Some("false".to_owned()),
            blank(),
            blank(),
            blank(),
            blank(),
            blank(),
            blank(),
        ]),
    }
    row.extend([Some(rows), Some(text), blank(), blank(), blank()]);
    // The time of the refresh's own process, and the job it belongs to: no scheduler numbers them here.
    row.extend([last.map(|last| session.zone.show(last.started)), blank()]);
    row
}

fn partition_type(table: &Table) -> String {
    if table.is_partitioned() {
        "RANGE".to_owned()
    } else {
        "UNPARTITIONED".to_owned()
    }
}

/// The statement that would make the view again. StarRocks prints the query in its own spelling, with every name in full.
pub fn create_sql(table: &Table) -> String {
    let Some(view) = &table.materialized else {
        return String::new();
    };
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let comment = column.comment.as_deref().unwrap_or_default();
            if comment.is_empty() {
                format!("`{}`", column.name)
            } else {
                format!("`{}` COMMENT \"{comment}\"", column.name)
            }
        })
        .collect();
    let mut sql = format!(
        "CREATE MATERIALIZED VIEW `{}` ({})",
        table.name,
        columns.join(", ")
    );
    if !table.comment.is_empty() {
        sql += &format!("\nCOMMENT \"{}\"", table.comment);
    }
    sql += &match &table.distribution {
        Distribution::Hash { columns, buckets } => {
            let names: Vec<String> = columns.iter().map(|name| format!("`{name}`")).collect();
            let buckets = buckets
                .map(|count| format!(" BUCKETS {count} "))
                .unwrap_or_default();
            format!("\nDISTRIBUTED BY HASH({}){buckets}", names.join(", "))
        }
        Distribution::Random { buckets } => {
            let buckets = buckets
                .map(|count| format!(" BUCKETS {count} "))
                .unwrap_or_default();
            format!("\nDISTRIBUTED BY RANDOM{buckets}")
        }
    };
    if !table.order_by.is_empty() {
        sql += &format!("\nORDER BY ({})", table.order_by.join(","));
    }
    let moment = if view.refresh.deferred {
        "DEFERRED "
    } else {
        ""
    };
    sql += &format!("\nREFRESH {moment}");
    sql += &match &view.refresh.kind {
        RefreshKind::Manual => "MANUAL".to_owned(),
        RefreshKind::Async { start, every } => {
            let start = start
                .as_ref()
                .map(|start| format!(" START(\"{start}\")"))
                .unwrap_or_default();
            let every = every
                .as_ref()
                .map(|(step, unit)| format!(" EVERY(INTERVAL {step} {unit})"))
                .unwrap_or_default();
            format!("ASYNC{start}{every}")
        }
    };
    let mut properties = table.properties.clone();
    properties.insert("replicated_storage".to_owned(), "true".to_owned());
    properties.insert("storage_medium".to_owned(), "HDD".to_owned());
    properties.insert(
        "replication_num".to_owned(),
        table.replication_num.to_string(),
    );
    let lines: Vec<String> = properties
        .iter()
        .map(|(key, value)| format!("\"{key}\" = \"{value}\""))
        .collect();
    sql + &format!(
        "\nPROPERTIES (\n{}\n)\nAS {};",
        lines.join(",\n"),
        view.text
    )
}
