//! SUM over integers: BIGINT, wrapping around where SQLite's own would fail (`be/src/exprs/agg/sum.h`).

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};

struct WrappingSum;

pub fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_aggregate_function("sr_sum", 1, flags, WrappingSum)
}

impl Aggregate<Option<i64>, Option<i64>> for WrappingSum {
    fn init(&self, _: &mut Context<'_>) -> Result<Option<i64>> {
        Ok(None)
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut Option<i64>) -> Result<()> {
        if let ValueRef::Integer(number) = context.get_raw(0) {
            *sum = Some(sum.unwrap_or(0).wrapping_add(number));
        }
        Ok(())
    }

    /// No row, or NULLs only: NULL.
    fn finalize(&self, _: &mut Context<'_>, sum: Option<Option<i64>>) -> Result<Option<i64>> {
        Ok(sum.flatten())
    }
}
