//! SHOW DATABASES, TABLES, PARTITIONS, CREATE TABLE, COLUMNS and DATA.

use sqlparser::ast as sql;

use crate::answer::{ResultSet, SqlError};
use crate::ast::{ObjectName, SortDirection};
use crate::engine::access::Kind;
use crate::engine::cluster::Cluster;
use crate::engine::session::Session;
use crate::engine::show::nodes::capacity;
use crate::engine::show::objects::{materialized_view, view};
use crate::engine::show::{
    Row, create_foreign_sql, create_table_sql, default_text, distribution_key, keeping, matches,
    partition_key, table, with_nulls,
};
use crate::engine::store::Size;
use crate::engine::table::{Relation, TableState, type_sql};
use crate::engine::translate::text_literal;
use crate::engine::{error, information_schema};

const PARTITIONS: [&str; 22] = [
    "PartitionId",
    "PartitionName",
    "VisibleVersion",
    "VisibleVersionTime",
    "VisibleVersionHash",
    "State",
    "PartitionKey",
    "Range",
    "DistributionKey",
    "Buckets",
    "ReplicationNum",
    "StorageMedium",
    "CooldownTime",
    "LastConsistencyCheckTime",
    "DataSize",
    "StorageSize",
    "IsInMemory",
    "RowCount",
    "DataVersion",
    "VersionEpoch",
    "VersionTxnType",
    "TabletBalanced",
];

impl Cluster {
    pub(super) fn show_databases(&self, session: &Session, pattern: Option<&str>) -> ResultSet {
        let rows = self
            .visible_databases(&self.holder(session))
            .into_iter()
            .filter(|name| matches(pattern, name))
            .map(|name| vec![name.to_owned()]);
        table(&["Database"], rows.collect())
    }

    pub(super) fn show_tables(
        &self,
        session: &Session,
        full: bool,
        database: Option<&str>,
        pattern: Option<&str>,
    ) -> Result<ResultSet, SqlError> {
        let name = database
            .or(session.database.as_deref())
            .ok_or_else(error::no_database)?;
        let holder = self.holder(session);
        let own = information_schema::tables_of(name).zip(self.database_id(name));
        let names: Vec<(String, &str)> = if let Some((tables, id)) = own {
            tables
                .iter()
                .zip(0..)
                .filter(|(_, position)| holder.sees_other(Kind::Table, id, *position))
                .map(|(table, _)| (table.name.to_owned(), self.system_view_type()))
                .collect()
        } else {
            let kind = |relation: &Relation| relation.mysql_type(self.base_table_type());
            let database = self.database(name)?;
            let seen = |relation: &Relation| holder.sees(database.id, relation);
            database
                .relations
                .iter()
                .filter(|(_, relation)| seen(relation))
                .map(|(name, relation)| (name.clone(), kind(relation)))
                .collect()
        };
        let header = format!("Tables_in_{name}");
        let found = names.into_iter().filter(|(name, _)| matches(pattern, name));
        Ok(if full {
            table(
                &[&header, "Table_type"],
                found
                    .map(|(name, kind)| vec![name, kind.to_owned()])
                    .collect(),
            )
        } else {
            table(&[&header], found.map(|(name, _)| vec![name]).collect())
        })
    }

    pub(super) fn show_partitions(
        &self,
        session: &Session,
        name: &ObjectName,
        temporary: bool,
        filter: Option<&sql::Expr>,
    ) -> Result<ResultSet, SqlError> {
        let (_, found) = self.table(name, session)?;
        let sizes = self.store.sizes(found)?;
        let wanted = filter.map(partition_filter).transpose()?;
        let mut rows: Vec<Row> = Vec::new();
        let partitions = if temporary {
            &found.temporary_partitions
        } else {
            &found.partitions
        };
        for partition in partitions
            .iter()
            .filter(|partition| !partition.is_shadow())
            .filter(|partition| wanted.as_ref().is_none_or(|wanted| wanted(&partition.name)))
        {
            for physical in &partition.physical {
                let size = sizes.get(&physical.id).copied().unwrap_or_default();
                let state = if found.state == TableState::Restore {
                    "RESTORE"
                } else {
                    "NORMAL"
                };
                rows.push(vec![
                    Some(physical.id.to_string()),
                    Some(partition.name.clone()),
                    Some(physical.visible_version.to_string()),
                    Some(session.zone.show(physical.visible_time)),
                    Some("0".to_owned()),
                    Some(state.to_owned()),
                    Some(partition_key(found)),
                    Some(found.partition_value(partition)),
                    Some(distribution_key(found)),
                    Some(partition.buckets.to_string()),
                    Some(partition.replication_num.to_string()),
                    Some(partition.storage_medium.clone()),
                    Some("9999-12-31 23:59:59".to_owned()),
                    None,
                    Some(information_schema::readable(size.bytes)),
                    Some(information_schema::readable(size.bytes)),
                    Some("false".to_owned()),
                    Some(size.rows.to_string()),
                    Some(physical.visible_version.to_string()),
                    Some(physical.visible_version.to_string()),
                    Some("TXN_NORMAL".to_owned()),
                    Some("true".to_owned()),
                ]);
            }
        }
        let mut columns = PARTITIONS;
        if found.is_list() {
            columns[7] = "List";
        }
        let all = with_nulls(&columns, rows);
        Ok(keeping(all, |column| match column {
            "StorageSize" | "TabletBalanced" => self.release.tells_storage_sizes(),
            "DataVersion" | "VersionEpoch" | "VersionTxnType" => self.release.tells_data_versions(),
            _ => true,
        }))
    }

    pub(super) fn show_create_table(
        &self,
        session: &Session,
        name: &ObjectName,
    ) -> Result<ResultSet, SqlError> {
        let relation = self.relation(name, session)?;
        Ok(match relation {
            Relation::Table(found) if found.is_materialized() => materialized_view(found),
            Relation::Table(found) => table(
                &["Table", "Create Table"],
                vec![vec![
                    found.name.clone(),
                    create_table_sql(found, self.release),
                ]],
            ),
            Relation::Foreign(found) => table(
                &["Table", "Create Table"],
                vec![vec![found.name.clone(), create_foreign_sql(found)]],
            ),
            Relation::View(found) => view(found, self.release),
        })
    }

    pub(super) fn show_columns(
        &self,
        session: &Session,
        name: &ObjectName,
        full: bool,
    ) -> Result<ResultSet, SqlError> {
        let found = self.relation(name, session)?;
        let Relation::Table(found) = found else {
            return Err(error::not_modelled(format!(
                "the columns of {}, which is no table",
                name.name
            )));
        };
        let yes = |flag: bool, yes: &str, no: &str| Some(if flag { yes } else { no }.to_owned());
        let rows = found.columns.iter().enumerate().map(|(index, column)| {
            let kind = Some(type_sql(column.data_type));
            let nullable = yes(column.nullable != Some(false), "YES", "NO");
            let key = if full {
                yes(index < found.key_count, "YES", "NO")
            } else {
                yes(index < found.key_count, "true", "false")
            };
            let default = default_text(column);
            let extra = yes(column.auto_increment, "auto_increment", "");
            let name = Some(column.name.clone());
            if full {
                let comment = Some(column.comment.clone().unwrap_or_default());
                vec![
                    name,
                    kind,
                    Some("utf8_general_ci".to_owned()),
                    nullable,
                    key,
                    default,
                    extra,
                    Some(String::new()),
                    comment,
                ]
            } else {
                vec![name, kind, nullable, key, default, extra]
            }
        });
        let rows: Vec<Row> = rows.collect();
        Ok(if full {
            with_nulls(
                &[
                    "Field",
                    "Type",
                    "Collation",
                    "Null",
                    "Key",
                    "Default",
                    "Extra",
                    "Privileges",
                    "Comment",
                ],
                rows,
            )
        } else {
            with_nulls(&["Field", "Type", "Null", "Key", "Default", "Extra"], rows)
        })
    }

    pub(super) fn show_data(
        &self,
        session: &Session,
        name: Option<&ObjectName>,
    ) -> Result<ResultSet, SqlError> {
        let total = |found: &crate::engine::table::Table| -> Result<(Size, u64), SqlError> {
            let replicas = found
                .partitions
                .iter()
                .map(|partition| u64::from(partition.replication_num * partition.buckets))
                .sum();
            let size = self
                .store
                .sizes(found)?
                .values()
                .fold(Size::default(), |sum, size| Size {
                    rows: sum.rows + size.rows,
                    bytes: sum.bytes + size.bytes,
                });
            Ok((size, replicas))
        };
        if let Some(name) = name {
            let (_, found) = self.table(name, session)?;
            let (size, replicas) = total(found)?;
            let row = vec![
                found.name.clone(),
                found.name.clone(),
                capacity(size.bytes),
                replicas.to_string(),
                size.rows.to_string(),
            ];
            let sum = vec![
                String::new(),
                "Total".to_owned(),
                capacity(size.bytes),
                replicas.to_string(),
                String::new(),
            ];
            return Ok(table(
                &["TableName", "IndexName", "Size", "ReplicaCount", "RowCount"],
                vec![row, sum],
            ));
        }
        let database = session.database.as_deref().ok_or_else(error::no_database)?;
        let mut rows = Vec::new();
        let (mut bytes, mut count) = (0, 0);
        let holder = self.holder(session);
        let database = self.database(database)?;
        for found in database
            .tables()
            .filter(|table| holder.sees_table(database.id, table))
        {
            let (size, replicas) = total(found)?;
            bytes += size.bytes;
            count += replicas;
            rows.push(vec![
                found.name.clone(),
                capacity(size.bytes),
                replicas.to_string(),
            ]);
        }
        rows.push(vec!["Total".to_owned(), capacity(bytes), count.to_string()]);
        rows.push(vec![
            "Quota".to_owned(),
            "8388608.000 TB".to_owned(),
            "9223372036854775807".to_owned(),
        ]);
        rows.push(vec![
            "Left".to_owned(),
            "8388608.000 TB".to_owned(),
            (i64::MAX - i64::try_from(count).unwrap_or(0)).to_string(),
        ]);
        Ok(table(&["TableName", "Size", "ReplicaCount"], rows))
    }
}

/// ORDER BY columns of the result, numbers as numbers.
pub(super) fn sort_rows(
    result: &mut ResultSet,
    order: &[(String, SortDirection)],
) -> Result<(), SqlError> {
    for (name, direction) in order.iter().rev() {
        let index = result
            .columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| error::analyzing(format!("Table has no column [{name}]")))?;
        let key = |row: &Row| {
            let text = row[index].clone().unwrap_or_default();
            (text.parse::<i64>().ok(), text)
        };
        result.rows.sort_by(|left, right| match direction {
            SortDirection::Ascending => key(left).cmp(&key(right)),
            SortDirection::Descending => key(right).cmp(&key(left)),
        });
    }
    Ok(())
}

type NameFilter = Box<dyn Fn(&str) -> bool>;

/// `WHERE PartitionName = 'p'`, `LIKE 'p%'` or `IN ('p', 'q')`.
fn partition_filter(filter: &sql::Expr) -> Result<NameFilter, SqlError> {
    let named = |expression: &sql::Expr| {
        expression
            .to_string()
            .trim_matches('`')
            .eq_ignore_ascii_case("PartitionName")
    };
    match filter {
        sql::Expr::Nested(inner) => partition_filter(inner),
        sql::Expr::BinaryOp {
            left,
            op: sql::BinaryOperator::Eq,
            right,
        } if named(left) => {
            let wanted = text_literal(right).unwrap_or_default().to_owned();
            Ok(Box::new(move |name| name == wanted))
        }
        sql::Expr::Like {
            negated: false,
            expr,
            pattern,
            ..
        } if named(expr) => {
            let pattern = text_literal(pattern).unwrap_or_default().to_owned();
            Ok(Box::new(move |name| {
                crate::engine::functions::like(&pattern, name)
            }))
        }
        sql::Expr::InList {
            expr,
            list,
            negated: false,
        } if named(expr) => {
            let wanted: Vec<String> = list
                .iter()
                .filter_map(text_literal)
                .map(str::to_owned)
                .collect();
            Ok(Box::new(move |name| {
                wanted.iter().any(|wanted| wanted == name)
            }))
        }
        other => Err(error::not_modelled(format!(
            "SHOW PARTITIONS WHERE {other}"
        ))),
    }
}
