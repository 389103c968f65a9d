//! Schema changes that rewrite a table (`alter/SchemaChangeJobV2.java`). Its state is SCHEMA_CHANGE until the job ends, ten seconds a step
//! (`alter_scheduler_interval_millisecond`): it is read and loaded under the old schema meanwhile, and nothing else is done to it. Partitions
//! keep their ids and versions, tablets do not.

use chrono::{DateTime, Duration, Utc};

use crate::answer::SqlError;
use crate::ast::{ColumnDefinition, DataType, Distribution, KeysType};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::load::Target;
use crate::engine::store::Rewrite;
use crate::engine::table::{Table, TableState, type_sql};

/// What is different when the job has ended.
#[derive(Debug, Clone)]
pub enum Change {
    Add(ColumnDefinition, rusqlite::types::Value),
    Drop(String),
    Modify(ColumnDefinition),
    /// `bloom_filter_columns` and `bloom_filter_fpp`.
    Property(String, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlterState {
    Pending,
    Running,
    Finished,
    Cancelled,
}

#[derive(Debug, Clone)]
pub struct AlterJob {
    pub id: u64,
    pub database_id: u64,
    pub table_id: u64,
    /// As it was called when the job began.
    pub table: String,
    pub created: DateTime<Utc>,
    pub finished: Option<DateTime<Utc>>,
    pub index_id: u64,
    pub origin_index_id: u64,
    pub schema_version: u32,
    pub transaction: u64,
    pub state: AlterState,
    pub message: String,
    change: Change,
}

impl AlterJob {
    pub fn is_running(&self) -> bool {
        matches!(self.state, AlterState::Pending | AlterState::Running)
    }

    pub fn state_name(&self) -> &'static str {
        match self.state {
            AlterState::Pending => "PENDING",
            AlterState::Running => "RUNNING",
            AlterState::Finished => "FINISHED",
            AlterState::Cancelled => "CANCELLED",
        }
    }
}

impl Cluster {
    /// Whether some round of a daemon has something to do.
    pub fn is_busy(&self) -> bool {
        self.jobs.any_running() || self.alter_jobs.iter().any(AlterJob::is_running)
    }

    /// Whether the table adds and drops value columns without a job.
    pub fn evolves_fast(&self, table: &Table) -> bool {
        match table.properties.get("fast_schema_evolution") {
            Some(text) => text.eq_ignore_ascii_case("true"),
            None => self.release.evolves_schemas_fast(),
        }
    }

    /// What is done at once is listed as a job that has ended (`alter/SchemaChangeHandler.java`, modifyTableAddOrDrop).
    pub fn list_done_change(&mut self, target: &Target, change: Change) -> Result<(), SqlError> {
        self.begin_change(target, change)?;
        let now = self.now;
        self.altered(target)?.state = TableState::Normal;
        if let Some(job) = self.alter_jobs.last_mut() {
            job.state = AlterState::Finished;
            job.finished = Some(now);
            job.index_id = job.origin_index_id;
            // The table has the new one already.
            job.schema_version -= 1;
        }
        Ok(())
    }

    pub fn begin_change(&mut self, target: &Target, change: Change) -> Result<(), SqlError> {
        let database_id = self.database(&target.database)?.id;
        let (id, index_id, transaction) = (self.new_id(), self.new_id(), self.new_transaction());
        let created = self.now;
        let table = self.altered(target)?;
        table.state = TableState::SchemaChange;
        let job = AlterJob {
            id,
            database_id,
            table_id: table.id,
            table: table.name.clone(),
            created,
            finished: None,
            index_id,
            origin_index_id: table.id,
            schema_version: table.schema_version + 1,
            transaction,
            state: AlterState::Pending,
            message: String::new(),
            change,
        };
        self.alter_jobs.push(job);
        Ok(())
    }

    /// One look at every job: after ten seconds it rewrites, after twenty it is done. True where one has moved.
    pub fn tick_alters(&mut self) -> bool {
        let now = self.now;
        let mut moved = false;
        for index in 0..self.alter_jobs.len() {
            let job = &mut self.alter_jobs[index];
            let age = now - job.created;
            if job.state == AlterState::Pending && age >= Duration::seconds(10) {
                job.state = AlterState::Running;
                moved = true;
            }
            if job.state == AlterState::Running && age >= Duration::seconds(20) {
                self.finish_change(index);
                moved = true;
            }
        }
        moved
    }

    fn finish_change(&mut self, index: usize) {
        let (now, change) = (self.now, self.alter_jobs[index].change.clone());
        let (database_id, table_id) = (
            self.alter_jobs[index].database_id,
            self.alter_jobs[index].table_id,
        );
        let outcome = self.apply(database_id, table_id, change);
        let job = &mut self.alter_jobs[index];
        job.finished = Some(now);
        match outcome {
            Ok(()) => job.state = AlterState::Finished,
            Err(refusal) => {
                job.state = AlterState::Cancelled;
                job.message = refusal.message;
            }
        }
    }

    fn apply(&mut self, database_id: u64, table_id: u64, change: Change) -> Result<(), SqlError> {
        let gone = || SqlError::plain(format!("Table {table_id} does not exist"));
        let database = self.database_by_id(database_id).ok_or_else(gone)?;
        let table = database
            .tables()
            .find(|table| table.id == table_id)
            .ok_or_else(gone)?;
        let target = Target {
            database: database.name.clone(),
            table: table.name.clone(),
        };
        let outcome = self.rewrite(&target, change);
        let tablets: Vec<u64> = {
            let count = self.table_at(&target)?.partitions.iter();
            let count: usize = count
                .flat_map(|partition| &partition.physical)
                .map(|physical| physical.tablets.len())
                .sum();
            (0..count).map(|_| self.new_id()).collect()
        };
        let mut tablets = tablets.into_iter();
        let table = self.altered(&target)?;
        table.state = TableState::Normal;
        outcome?;
        for physical in table
            .partitions
            .iter_mut()
            .flat_map(|partition| &mut partition.physical)
        {
            physical.tablets = tablets.by_ref().take(physical.tablets.len()).collect();
        }
        self.schema_changed(&target)
    }

    fn rewrite(&mut self, target: &Target, change: Change) -> Result<(), SqlError> {
        match change {
            Change::Add(column, default) => self.put_column(target, column, &default),
            Change::Drop(name) => self.take_column(target, &name),
            Change::Property(key, value) => {
                self.altered(target)?.properties.insert(key, value);
                Ok(())
            }
            Change::Modify(column) => {
                let table = self.table_at(target)?;
                let index = table
                    .column(&column.name)
                    .ok_or_else(|| error::unknown_column(&column.name))?;
                if table.columns[index].data_type != column.data_type {
                    let rewrite = Rewrite {
                        table_id: table.id,
                        name: &table.columns[index].name,
                        column: &column,
                    };
                    self.store.rewrite_column(&rewrite)?;
                }
                self.altered(target)?.columns[index] = column;
                Ok(())
            }
        }
    }

    /// A load that makes a partition comes first: the job is cancelled for it (`service/FrontendServiceImpl.createPartition`).
    pub fn cancel_change(&mut self, table_id: u64, message: &str) {
        let now = self.now;
        let running = |job: &&mut AlterJob| job.table_id == table_id && job.is_running();
        if let Some(job) = self.alter_jobs.iter_mut().find(running) {
            job.state = AlterState::Cancelled;
            job.finished = Some(now);
            message.clone_into(&mut job.message);
        }
    }
}

/// Whether a column may become the other, and what it then is (`SchemaChangeHandler.processModifyColumn`, `catalog/Column.checkSchemaChangeAllowed`).
/// `None`: nothing is different.
pub fn modified(
    table: &Table,
    column: &ColumnDefinition,
) -> Result<Option<ColumnDefinition>, SqlError> {
    let plain = |text: String| Err(SqlError::plain(text));
    let Some(index) = table.column(&column.name) else {
        return plain(format!("Column[{}] does not exists", column.name));
    };
    let old = &table.columns[index];
    if table.keys == KeysType::Primary && index < table.key_count {
        return plain(format!(
            "Can not modify key column: {} for primary key table",
            column.name
        ));
    }
    if old.auto_increment {
        return plain("Can't not modify a AUTO_INCREMENT column".to_owned());
    }
    if old.generated.is_none() && column.generated.is_some() {
        return plain("Can not modify a non-generated column to a generated column".to_owned());
    }
    if old.generated.is_some() {
        return Err(error::not_modelled("changes of generated columns"));
    }
    let mut new = column.clone();
    new.name.clone_from(&old.name);
    new.key = index < table.key_count;
    new.nullable = Some(new.nullable.unwrap_or(true));
    if table.keys != KeysType::Aggregate {
        new.aggregation = None;
    }
    if new == *old {
        return Ok(None);
    }
    if table.partition_columns().contains(&index) {
        return plain(format!(
            "Can not modify partition column[{}]. index[{}]",
            old.name, table.name
        ));
    }
    if is_distributed_by(table, &old.name) {
        return plain(format!(
            "Can not modify distribution column[{}]. index[{}]",
            old.name, table.name
        ));
    }
    if old.data_type != new.data_type && new.key && table.has_one_row_per_key() {
        return Err(error::not_modelled("another type for a key column"));
    }
    if !may_become(old.data_type, new.data_type) {
        return plain(format!(
            "Can not change {} to {}",
            type_sql(old.data_type).to_uppercase(),
            type_sql(new.data_type).to_uppercase()
        ));
    }
    if old.aggregation != new.aggregation {
        return plain("Can not change aggregation type".to_owned());
    }
    if old.nullable == Some(true) && new.nullable == Some(false) {
        return plain("Can not change from nullable to non-nullable".to_owned());
    }
    if old.default != new.default {
        return plain("Can not change default value".to_owned());
    }
    if let (
        DataType::Varchar(from) | DataType::Char(from),
        DataType::Varchar(to) | DataType::Char(to),
    ) = (old.data_type, new.data_type)
        && from > to
    {
        return plain("Cannot shorten string length".to_owned());
    }
    Ok(Some(new))
}

pub fn is_distributed_by(table: &Table, column: &str) -> bool {
    match &table.distribution {
        Distribution::Hash { columns, .. } => {
            columns.iter().any(|name| name.eq_ignore_ascii_case(column))
        }
        Distribution::Random { .. } => false,
    }
}

/// `catalog/ColumnType.schemaChangeMatrix`.
fn may_become(from: DataType, to: DataType) -> bool {
    use DataType as T;
    let wide = |types: &[DataType]| types.contains(&to) || matches!(to, T::Varchar(_));
    match (from, to) {
        (
            T::Decimal { precision, scale },
            T::Decimal {
                precision: p,
                scale: s,
            },
        ) => scale <= s && precision - scale <= p - s,
        (T::Decimal { precision, .. }, T::Varchar(length)) => u32::from(precision) + 2 <= length,
        (T::Varchar(_), T::Decimal { .. }) => true,
        (T::TinyInt, _) => wide(&[
            T::TinyInt,
            T::SmallInt,
            T::Int,
            T::BigInt,
            T::LargeInt,
            T::Double,
        ]),
        (T::SmallInt, _) => wide(&[T::SmallInt, T::Int, T::BigInt, T::LargeInt, T::Double]),
        (T::Int, _) => wide(&[T::Int, T::BigInt, T::LargeInt, T::Double, T::Date]),
        (T::BigInt, _) => wide(&[T::BigInt, T::LargeInt, T::Double]),
        (T::LargeInt, _) => wide(&[T::LargeInt]),
        (T::Float, _) => wide(&[T::Float, T::Double]),
        (T::Double, _) => wide(&[T::Double]),
        (T::Char(_), _) => matches!(to, T::Char(_) | T::Varchar(_)),
        (T::Varchar(_), _) => matches!(
            to,
            T::Varchar(_)
                | T::TinyInt
                | T::SmallInt
                | T::Int
                | T::BigInt
                | T::LargeInt
                | T::Float
                | T::Double
                | T::Date
                | T::Json
        ),
        (T::Json, _) => matches!(to, T::Json | T::Varchar(_)),
        (T::Date | T::DateTime, T::Date | T::DateTime) => true,
        (T::Boolean, T::Boolean) => true,
        _ => false,
    }
}
