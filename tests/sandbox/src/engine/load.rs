//! A load transaction: what INSERT, UPDATE and DELETE have in common. Label, rows that fit, partitions they belong to, publishing.

use std::collections::BTreeSet;

use rusqlite::types::Value;

use crate::answer::{Answer, Done, SqlError};
use crate::ast::{ColumnDefinition, DataType, KeysType};
use crate::engine::cluster::Cluster;
use crate::engine::functions::hex;
use crate::engine::labels;
use crate::engine::range::KeyPart;
use crate::engine::table::{Table, fixed_width};
use crate::engine::value::{self, Misfit};

/// The names of a table in its database: found again after the borrow has ended.
#[derive(Debug, Clone)]
pub struct Target {
    pub database: String,
    pub table: String,
}

/// Rows with the physical partitions they belong to.
pub type PlacedRows = Vec<(u64, Vec<Value>)>;

/// A begun transaction. Dropping it without `commit` is an abort: the label stays free.
#[derive(Debug)]
pub struct Load {
    pub id: u64,
    pub label: String,
}

impl Cluster {
    /// Begins a transaction under the given label, or under `insert_<uuid>` and the like.
    pub fn begin_load(
        &mut self,
        database: &str,
        verb: &str,
        label: Option<&str>,
    ) -> Result<Load, SqlError> {
        let (now, retention) = (self.now, self.label_retention());
        let id = self.new_transaction();
        let label = match label {
            Some(label) => {
                labels::check_spelling(label)?;
                label.to_owned()
            }
            None => format!("{verb}_{}", self.uuid(id)),
        };
        let labels = &mut self.database_mut(database)?.labels;
        labels.expire(now, retention);
        labels.check(&label)?;
        Ok(Load { id, label })
    }

    /// Makes the load visible: every touched physical partition gets its next version.
    pub fn commit(
        &mut self,
        target: &Target,
        load: Load,
        touched: &BTreeSet<u64>,
        affected_rows: u64,
    ) -> Result<Answer, SqlError> {
        let (now, retention) = (self.now, self.label_retention());
        let database = self.database_mut(&target.database)?;
        database.labels.record(load.label.clone(), now, retention);
        if let Some(table) = database.table_mut(&target.table) {
            table.partitions.publish(touched, now);
            table.temporary_partitions.publish(touched, now);
        }
        self.record_visible(target, &load, affected_rows);
        Ok(visible(&load, affected_rows))
    }

    /// The statement loaded no row: StarRocks aborts the transaction and answers OK (`qe/StmtExecutor`, "no data to load").
    pub fn nothing_to_load(load: &Load) -> Answer {
        visible(load, 0)
    }

    /// Rows were filtered: an error in strict mode, with the reason where `load_tracking_logs` shows it.
    pub fn filtered(&mut self, load: &Load, reason: String) -> SqlError {
        let job = self.new_id();
        if self.tracking.len() >= 100 {
            self.tracking.remove(0);
        }
        self.tracking.push((job, reason));
        SqlError::new(
            5610,
            "22000",
            format!(
                "Insert has filtered data in strict mode, txn_id = {} tracking sql = select tracking_log from \
                 information_schema.load_tracking_logs where job_id={job}",
                load.id
            ),
        )
    }

    pub fn table_at(&self, target: &Target) -> Result<&Table, SqlError> {
        self.database(&target.database)?
            .table(&target.table)
            .ok_or_else(|| {
                crate::engine::error::unknown_table(&format!(
                    "{}.{}",
                    target.database, target.table
                ))
            })
    }

    pub(super) fn uuid(&self, id: u64) -> String {
        use md5::{Digest, Md5};
        let text = hex(&Md5::digest(format!(
            "{}/{id}",
            self.now.timestamp_micros()
        )));
        format!(
            "{}-{}-{}-{}-{}",
            &text[..8],
            &text[8..12],
            &text[12..16],
            &text[16..20],
            &text[20..]
        )
    }
}

fn visible(load: &Load, affected_rows: u64) -> Answer {
    let info = format!(
        "{{'label':'{}', 'status':'VISIBLE', 'txnId':'{}'}}",
        load.label, load.id
    );
    Answer::Done(Done {
        affected_rows,
        warnings: 0,
        info,
    })
}

/// Why a load fails.
pub enum Refusal {
    Filtered(String),
    Other(SqlError),
}

impl Refusal {
    /// The error the client sees.
    pub fn into_error(self, cluster: &mut Cluster, load: &Load) -> SqlError {
        match self {
            Refusal::Filtered(reason) => cluster.filtered(load, reason),
            Refusal::Other(error) => error,
        }
    }
}

/// Brings a row to its columns' types, in place.
pub fn fit_row(row: &mut [Value], columns: &[ColumnDefinition]) -> Result<(), Refusal> {
    for (cell, column) in row.iter_mut().zip(columns) {
        let given = std::mem::replace(cell, Value::Null);
        *cell = value::fit(given, column).map_err(|misfit| match misfit {
            Misfit::Filtered(reason) => Refusal::Filtered(reason),
            Misfit::Beyond(error) => Refusal::Other(error),
        })?;
    }
    Ok(())
}

/// Encoded primary keys are at most 128 bytes (`be/src/storage/primary_key_encoder.cpp`): a VARCHAR that is not the last column costs its
/// length, its NUL bytes and two; the last one its length; everything else its width.
pub fn check_key_size(row: &[Value], table: &Table, limit: usize) -> Result<(), SqlError> {
    if table.keys != KeysType::Primary {
        return Ok(());
    }
    let size: usize = (0..table.key_count)
        .map(|index| {
            encoded_size(
                &row[index],
                table.columns[index].data_type,
                index + 1 == table.key_count,
            )
        })
        .sum();
    if size > limit {
        Err(SqlError::plain("primary key size exceed the limit."))
    } else {
        Ok(())
    }
}

fn encoded_size(value: &Value, data_type: DataType, last: bool) -> usize {
    match (fixed_width(data_type), value) {
        (Some(width), _) => width,
        (None, Value::Text(text)) if last => text.len(),
        (None, Value::Text(text)) => {
            text.len() + text.bytes().filter(|byte| *byte == 0).count() + 2
        }
        (None, _) => 0,
    }
}

/// A value of a range column.
pub fn key_part(value: &Value) -> KeyPart {
    match value {
        Value::Integer(number) => KeyPart::Integer(*number),
        Value::Text(text) => KeyPart::Text(text.clone()),
        Value::Null | Value::Real(_) | Value::Blob(_) => KeyPart::Min,
    }
}
