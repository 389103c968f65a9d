//! CREATE, DROP and ALTER MATERIALIZED VIEW (`sql/analyzer/MaterializedViewAnalyzer.java`, `server/LocalMetastore.createMaterializedView`).

use std::collections::BTreeMap;

use crate::answer::{Answer, SqlError};
use crate::ast::{
    ColumnDefinition, CreateMaterializedView, DataType, Distribution, KeysType, MaterializedChange,
    ObjectName, Refresh,
};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::load::Target;
use crate::engine::materialized::{BY_HAND, Base, Materialized};
use crate::engine::partition::Partitions;
use crate::engine::partition_items::NewPartition;
use crate::engine::session::Session;
use crate::engine::table::{PartitionKind, Relation, Table, TableState};
use crate::engine::translate::{Output, Translated, Translator, Type};
use crate::engine::{definition, error};

impl Cluster {
    pub fn create_materialized_view(
        &mut self,
        session: &Session,
        statement: &CreateMaterializedView,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(&statement.name, session)?.to_owned();
        let name = &statement.name.name;
        let translated = Translator::new(self, session).query(&statement.query)?;
        self.check_reads(session, &translated.reads)?;
        if translated.relations.is_empty() {
            return Err(error::analyzing(
                "Can not find base table in query statement",
            ));
        }
        let columns = named_columns(self.output_columns(&translated), &statement.columns)?;
        if self.databases[&database].relations.contains_key(name) {
            return if statement.if_not_exists {
                Ok(done())
            } else {
                Err(error::table_exists(name))
            };
        }
        let materialized = Materialized {
            text: statement.text.clone(),
            database: session.database.clone().unwrap_or(database.clone()),
            refresh: statement.refresh.clone(),
            bases: self.bases(&translated),
            active: true,
            reason: None,
            task_id: self.new_id(),
            last: None,
            pending: !statement.refresh.deferred,
            seen: BTreeMap::new(),
            failures: 0,
            next_check: None,
        };
        let table = self.materialized_table(statement, columns, materialized)?;
        self.store.create(&table)?;
        self.database_mut(&database)?.add_table(table);
        Ok(done())
    }

    fn materialized_table(
        &mut self,
        statement: &CreateMaterializedView,
        mut columns: Vec<ColumnDefinition>,
        materialized: Materialized,
    ) -> Result<Table, SqlError> {
        let name = &statement.name.name;
        let mut given: BTreeMap<String, String> = statement.properties.iter().cloned().collect();
        let replication_num =
            self.replication_num(name, given.remove("replication_num").as_deref())?;
        let key_count = definition::default_key_count(&columns);
        columns[..key_count]
            .iter_mut()
            .for_each(|column| column.key = true);
        let distribution = statement
            .distribution
            .clone()
            .unwrap_or(Distribution::Random { buckets: None });
        let buckets = definition::buckets_of(&distribution)
            .unwrap_or_else(|| u32::try_from(self.backends.len()).unwrap_or(1).max(1));
        let mut table = Table {
            id: self.new_id(),
            name: name.clone(),
            keys: KeysType::Duplicate,
            key_count,
            columns,
            comment: statement.comment.clone().unwrap_or_default(),
            partition_kind: PartitionKind::Unpartitioned,
            distribution,
            buckets,
            replication_num,
            order_by: statement.order_by.clone(),
            properties: given,
            partitions: Partitions::default(),
            temporary_partitions: Partitions::default(),
            state: TableState::Normal,
            created: self.now,
            auto_increment: 1,
            schema_version: 0,
            materialized: Some(Box::new(materialized)),
            rollups: Vec::new(),
        };
        let only = NewPartition {
            name: name.clone(),
            range: None,
            list: None,
            replication_num,
        };
        let partition = self.make_partition(only, buckets);
        table.partitions.add(partition);
        Ok(table)
    }

    /// The relations a query reads, the views among them too.
    pub(super) fn bases(&self, translated: &Translated) -> Vec<Base> {
        let mut bases = Vec::new();
        for database in self.databases.values() {
            for relation in database.relations.values() {
                if translated.relations.contains(&relation.id()) {
                    bases.push(Base {
                        database: database.name.clone(),
                        name: relation.name().to_owned(),
                        id: relation.id(),
                    });
                }
            }
        }
        bases
    }

    /// A query's outputs as columns of a table that is made from it: a column keeps its type, an expression gets the widest of its kind.
    pub fn output_columns(&self, translated: &Translated) -> Vec<ColumnDefinition> {
        let origins: Vec<&ColumnDefinition> = self
            .databases
            .values()
            .flat_map(|database| database.tables())
            .filter(|table| translated.relations.contains(&table.id))
            .flat_map(|table| &table.columns)
            .collect();
        let column = |output: &Output| {
            let origin = origins.iter().find(|column| {
                column.name.eq_ignore_ascii_case(&output.name)
                    && Type::of(column.data_type) == output.kind
            });
            ColumnDefinition {
                name: output.name.clone(),
                data_type: origin.map_or_else(|| widest(output.kind), |column| column.data_type),
                key: false,
                aggregation: None,
                nullable: Some(true),
                default: None,
                auto_increment: false,
                generated: None,
                comment: None,
            }
        };
        translated.columns.iter().map(column).collect()
    }

    /// An asynchronous view goes for good, without recycle bin; any other name is looked for among the indexes of tables.
    pub fn drop_materialized_view(
        &mut self,
        session: &Session,
        name: &ObjectName,
        if_exists: bool,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(name, session)?.to_owned();
        let found = self.databases[&database].table(&name.name);
        if found.is_some_and(Table::is_materialized) {
            self.remove_table(&database, &name.name, true)?;
            return Ok(done());
        }
        let owner = self.databases[&database]
            .tables()
            .find(|table| table.has_rollup(&name.name))
            .map(|table| table.name.clone());
        match owner {
            Some(table) => {
                self.drop_rollups(
                    &Target { database, table },
                    std::slice::from_ref(&name.name),
                )?;
                Ok(done())
            }
            None if if_exists => Ok(done()),
            // `MetaNotFoundException`, with no code.
            None => Err(SqlError::plain(format!(
                "Materialized view {} is not found",
                name.name
            ))),
        }
    }

    pub fn alter_materialized_view(
        &mut self,
        session: &Session,
        name: &ObjectName,
        change: &MaterializedChange,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(name, session)?.to_owned();
        match self.databases[&database].relations.get(&name.name) {
            None => {
                return Err(error::analyzing(format!(
                    "Table default_catalog.{database}.{} is not found",
                    name.name
                )));
            }
            Some(Relation::Table(table)) if table.is_materialized() => {
                if table.state != TableState::Normal {
                    return Err(SqlError::plain(format!(
                        "Materialized view [{}]'s state is not NORMAL. Do not allow to do ALTER ops",
                        name.name
                    )));
                }
            }
            Some(_) => {
                return Err(error::analyzing(format!(
                    "{} is not async materialized view",
                    name.name
                )));
            }
        }
        let target = Target {
            database,
            table: name.name.clone(),
        };
        match change {
            MaterializedChange::Active => {
                if !self.materialized_at(&target)?.active {
                    self.activate(&target)?;
                    self.refresh_later(&target)?;
                }
            }
            MaterializedChange::Inactive => {
                let materialized = self.materialized_at_mut(&target)?;
                if materialized.active {
                    materialized.active = false;
                    materialized.reason = Some(BY_HAND.to_owned());
                }
            }
            MaterializedChange::Rename(to) => self.rename_materialized_view(&target, to)?,
            MaterializedChange::SwapWith(other) => self.swap_tables(&target, other)?,
            MaterializedChange::Refresh(refresh) => {
                self.change_refresh(&target, refresh)?;
            }
        }
        Ok(done())
    }

    /// `alter/AlterMVJobExecutor.visitTableRenameClause`
    fn rename_materialized_view(&mut self, target: &Target, to: &str) -> Result<(), SqlError> {
        let database = self.database_mut(&target.database)?;
        if database.relations.contains_key(to) {
            return Err(error::analyzing(format!(
                "Materialized view [{to}] is already used"
            )));
        }
        if let Some(mut table) = database.take_table(&target.table) {
            table.rename(to);
            database.add_table(table);
        }
        Ok(())
    }

    fn change_refresh(&mut self, target: &Target, refresh: &Refresh) -> Result<(), SqlError> {
        self.materialized_at_mut(target)?.refresh = refresh.clone();
        Ok(())
    }

    pub(super) fn materialized_at(&self, target: &Target) -> Result<&Materialized, SqlError> {
        self.table_at(target)?
            .materialized
            .as_deref()
            .ok_or_else(|| SqlError::plain(format!("{} is not a materialized view", target.table)))
    }

    pub(super) fn materialized_at_mut(
        &mut self,
        target: &Target,
    ) -> Result<&mut Materialized, SqlError> {
        self.database_mut(&target.database)?
            .table_mut(&target.table)
            .and_then(|table| table.materialized.as_deref_mut())
            .ok_or_else(|| SqlError::plain(format!("{} is not a materialized view", target.table)))
    }
}

/// The columns under the names of the statement, where it gives any.
fn named_columns(
    mut columns: Vec<ColumnDefinition>,
    names: &[(String, Option<String>)],
) -> Result<Vec<ColumnDefinition>, SqlError> {
    if !names.is_empty() && names.len() != columns.len() {
        // `sql/analyzer/MaterializedViewAnalyzer.genMaterializedViewColumns`, ERR_VIEW_WRONG_LIST
        return Err(error::analyzing_with(
            1353,
            "HY000",
            "View's SELECT and view's field list have different column counts",
        ));
    }
    for (column, (name, comment)) in columns.iter_mut().zip(names) {
        column.name.clone_from(name);
        column.comment.clone_from(comment);
    }
    let twice = columns.iter().enumerate().find(|(at, column)| {
        columns[..*at]
            .iter()
            .any(|before| before.name.eq_ignore_ascii_case(&column.name))
    });
    match twice {
        Some((_, column)) => Err(error::analyzing(format!(
            "Duplicate column name '{}'",
            column.name
        ))),
        None => Ok(columns),
    }
}

fn widest(kind: Type) -> DataType {
    match kind {
        Type::Boolean => DataType::Boolean,
        Type::Integer => DataType::BigInt,
        Type::Double => DataType::Double,
        Type::Decimal(scale) => DataType::Decimal {
            precision: 38,
            scale,
        },
        Type::Date => DataType::Date,
        Type::DateTime => DataType::DateTime,
        Type::Null | Type::Text => DataType::Varchar(65_533),
    }
}
