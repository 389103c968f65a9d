//! schemata, tables, tables_config, columns, views.

use rusqlite::types::Value;

use crate::answer::SqlError;
use crate::ast::{ColumnDefinition, DataType, Distribution, KeysType};
use crate::engine::access::{Holder, Kind};
use crate::engine::cluster::Cluster;
use crate::engine::database::Database;
use crate::engine::foreign::Foreign;
use crate::engine::information_schema::{Only, Row, TABLES, number, text};
use crate::engine::session::Session;
use crate::engine::show::default_text;
use crate::engine::table::{Table, View, type_sql};

pub fn schemata(cluster: &Cluster, session: &Session) -> Vec<Row> {
    let row = |name: &str| {
        vec![
            text("def"),
            text(name),
            text("utf8"),
            text("utf8_general_ci"),
            Value::Null,
        ]
    };
    cluster
        .visible_databases(&cluster.catalogue_holder(session))
        .into_iter()
        .map(row)
        .collect()
}

pub fn tables(cluster: &Cluster, session: &Session, only: &Only) -> Result<Vec<Row>, SqlError> {
    let mut rows = Vec::new();
    let holder = cluster.catalogue_holder(session);
    for database in wanted(cluster, only) {
        for table in seen_tables(&holder, database).filter(|table| only.has_table(&table.name)) {
            rows.push(table_row(cluster, session, &database.name, table)?);
        }
        for view in seen_views(&holder, database) {
            let created = text(session.zone.show(view.created));
            rows.push(plain_table_row(
                &database.name,
                &view.name,
                "VIEW",
                Value::Null,
                created,
                "",
            ));
        }
        for foreign in seen_foreigns(&holder, database) {
            rows.push(plain_table_row(
                &database.name,
                &foreign.name,
                cluster.base_table_type(),
                text(foreign.kind.engine()),
                text(session.zone.show(foreign.created)),
                &foreign.comment,
            ));
        }
    }
    for table in TABLES {
        rows.push(plain_table_row(
            "information_schema",
            table.name,
            cluster.system_view_type(),
            text("MEMORY"),
            Value::Null,
            "",
        ));
    }
    Ok(rows)
}

fn wanted<'c>(cluster: &'c Cluster, only: &Only) -> impl Iterator<Item = &'c Database> {
    let databases = cluster.databases.values();
    databases.filter(|database| only.has_schema(&database.name))
}

/// Those on which somebody has any privilege (`Authorizer.checkAnyActionOnTableLikeObject`).
fn seen_tables<'c>(holder: &Holder<'_>, database: &'c Database) -> impl Iterator<Item = &'c Table> {
    database
        .tables()
        .filter(move |table| holder.sees_table(database.id, table))
}

fn seen_views<'c>(holder: &Holder<'_>, database: &'c Database) -> impl Iterator<Item = &'c View> {
    database
        .views()
        .filter(move |view| holder.sees_other(Kind::View, database.id, view.id))
}

fn seen_foreigns<'c>(
    holder: &Holder<'_>,
    database: &'c Database,
) -> impl Iterator<Item = &'c Foreign> {
    database
        .foreigns()
        .filter(move |foreign| holder.sees_other(Kind::Table, database.id, foreign.id))
}

fn table_row(
    cluster: &Cluster,
    session: &Session,
    database: &str,
    table: &Table,
) -> Result<Row, SqlError> {
    let sizes = cluster.store.sizes(table)?;
    let (rows, bytes) = sizes.values().fold((0, 0), |(rows, bytes), size| {
        (rows + size.rows, bytes + size.bytes)
    });
    let updated = table
        .partitions
        .iter()
        .flat_map(|partition| &partition.physical)
        .map(|physical| physical.visible_time)
        .max();
    let kind = if table.is_materialized() {
        "VIEW"
    } else {
        cluster.base_table_type()
    };
    let mut row = plain_table_row(
        database,
        &table.name,
        kind,
        text("StarRocks"),
        text(session.zone.show(table.created)),
        &table.comment,
    );
    row[7] = number(rows);
    row[8] = number(bytes.checked_div(rows).unwrap_or(0));
    // Summed over all replicas.
    row[9] = number(bytes * u64::from(table.replication_num));
    row[15] = updated.map_or(Value::Null, |moment| text(session.zone.show(moment)));
    Ok(row)
}

fn plain_table_row(
    database: &str,
    name: &str,
    kind: &str,
    engine: Value,
    created: Value,
    comment: &str,
) -> Row {
    let mut row = vec![Value::Null; 21];
    row[0] = text("def");
    row[1] = text(database);
    row[2] = text(name);
    row[3] = text(kind);
    row[4] = engine;
    row[6] = text("");
    row[14] = created;
    row[17] = text("utf8_general_ci");
    row[19] = text("");
    row[20] = text(comment);
    row
}

pub fn tables_config(cluster: &Cluster, session: &Session, only: &Only) -> Vec<Row> {
    let mut rows = Vec::new();
    let holder = cluster.catalogue_holder(session);
    for database in wanted(cluster, only) {
        let all = database
            .all_tables()
            .filter(|table| only.has_table(&table.name) && holder.sees_table(database.id, table));
        rows.extend(all.map(|table| config_row(&database.name, table)));
        // Of anything else only the name is told (`service/InformationSchemaDataSource.generateTablesConfigResponse`).
        let others = seen_views(&holder, database)
            .map(|view| &view.name)
            .chain(seen_foreigns(&holder, database).map(|foreign| &foreign.name));
        for name in others {
            let mut row = vec![text(""); 12];
            row[0] = text(&database.name);
            row[1] = text(name);
            row[8] = number(0);
            row[11] = number(0);
            rows.push(row);
        }
    }
    rows
}

fn config_row(database: &str, table: &Table) -> Row {
    let (model, primary) = match table.keys {
        KeysType::Duplicate => ("DUP_KEYS", String::new()),
        KeysType::Aggregate => ("AGG_KEYS", String::new()),
        KeysType::Unique => ("UNQ_KEYS", quoted_names(&table.key_names())),
        KeysType::Primary => ("PRI_KEYS", quoted_names(&table.key_names())),
    };
    let kind = match table.distribution {
        Distribution::Hash { .. } => "HASH",
        Distribution::Random { .. } => "RANDOM",
    };
    let distribution: Vec<String> = match &table.distribution {
        Distribution::Hash { columns, .. } => columns.clone(),
        Distribution::Random { .. } => Vec::new(),
    };
    let names: Vec<&str> = distribution.iter().map(String::as_str).collect();
    let partition: Vec<&str> = table
        .partition_columns()
        .iter()
        .map(|index| table.columns[*index].name.as_str())
        .collect();
    let order: Vec<&str> = if table.order_by.is_empty() {
        table.key_names()
    } else {
        table.order_by.iter().map(String::as_str).collect()
    };
    let mut properties = table.properties.clone();
    properties.insert(
        "replication_num".to_owned(),
        table.replication_num.to_string(),
    );
    vec![
        text(database),
        text(&table.name),
        text(if table.is_materialized() {
            "MATERIALIZED_VIEW"
        } else {
            "OLAP"
        }),
        text(model),
        text(primary),
        text(quoted_names(&partition)),
        text(quoted_names(&names)),
        text(kind),
        number(table.buckets),
        text(quoted_names(&order)),
        text(serde_json::to_string(&properties).unwrap_or_default()),
        number(table.id),
    ]
}

fn quoted_names(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

pub fn columns(cluster: &Cluster, session: &Session, only: &Only) -> Vec<Row> {
    let mut rows = Vec::new();
    let holder = cluster.catalogue_holder(session);
    for database in wanted(cluster, only) {
        for table in seen_tables(&holder, database).filter(|table| only.has_table(&table.name)) {
            for (index, column) in table.columns.iter().enumerate() {
                rows.push(column_row(&database.name, table, index, column));
            }
        }
    }
    let system = TABLES
        .iter()
        .filter(|table| only.has_schema("information_schema") && only.has_table(table.name));
    for table in system {
        for (index, (name, kind)) in table.columns_of(cluster.release).iter().enumerate() {
            let mut row = vec![Value::Null; 24];
            row[0] = text("def");
            row[1] = text("information_schema");
            row[2] = text(table.name);
            row[3] = text(*name);
            row[4] = number(index + 1);
            row[6] = text("YES");
            row[7] = text(format!("{:?}", kind.kind()).to_lowercase());
            rows.push(row);
        }
    }
    rows
}

fn column_row(database: &str, table: &Table, index: usize, column: &ColumnDefinition) -> Row {
    let (length, precision, scale) = match column.data_type {
        DataType::Char(length) | DataType::Varchar(length) | DataType::VarBinary(length) => {
            (number(length), Value::Null, Value::Null)
        }
        DataType::Decimal { precision, scale } => (Value::Null, number(precision), number(scale)),
        _ => (Value::Null, Value::Null, Value::Null),
    };
    let key = match (index < table.key_count, table.keys) {
        (false, _) => "",
        (true, KeysType::Primary) => "PRI",
        (true, KeysType::Unique) => "UNI",
        (true, KeysType::Aggregate) => "AGG",
        (true, KeysType::Duplicate) => "DUP",
    };
    let full = type_sql(column.data_type);
    let short = full.split('(').next().unwrap_or_default().to_owned();
    vec![
        text("def"),
        text(database),
        text(&table.name),
        text(&column.name),
        number(index + 1),
        default_text(column).map_or(Value::Null, Value::Text),
        text(if column.nullable == Some(false) {
            "NO"
        } else {
            "YES"
        }),
        text(short),
        length.clone(),
        length.clone(),
        precision.clone(),
        scale.clone(),
        Value::Null,
        Value::Null,
        Value::Null,
        text(full),
        text(key),
        // EXTRA is never filled in (`be/src/exec/schema_scanner/schema_columns_scanner.cpp`), not even for AUTO_INCREMENT.
        text(""),
        text(""),
        text(column.comment.clone().unwrap_or_default()),
        if length == Value::Null {
            precision
        } else {
            length
        },
        scale,
        column
            .generated
            .as_ref()
            .map_or(Value::Null, |expression| text(expression.clone())),
        Value::Null,
    ]
}

pub fn views(cluster: &Cluster, session: &Session) -> Vec<Row> {
    let mut rows = Vec::new();
    let holder = cluster.catalogue_holder(session);
    for database in cluster.databases.values() {
        for view in seen_views(&holder, database) {
            let cells = [
                "def",
                &database.name,
                &view.name,
                &view.text,
                "NONE",
                "NO",
                "",
                "",
                "utf8",
                "utf8_general_ci",
            ];
            rows.push(cells.into_iter().map(text).collect());
        }
    }
    rows
}

pub fn tracking(cluster: &Cluster) -> Vec<Row> {
    cluster
        .tracking
        .iter()
        .map(|(id, log)| {
            vec![
                number(*id),
                number(*id),
                text(""),
                text(""),
                text(log),
                text("INSERT"),
            ]
        })
        .collect()
}
