//! Whether single partitions of a live table can be exchanged at all: found before anything is downloaded.

use super::copy::Source;
use super::quiet::self_dropping;
use crate::names::DatabaseName;
use crate::plan::restore::{PartitionNow, TablePlan};
use crate::run::error::{Refused, RunError};
use crate::starrocks::{Session, sql};

pub async fn prove_exchangeable(
    session: &Session,
    database: &DatabaseName,
    plan: &TablePlan,
) -> Result<(), RunError> {
    if plan.exchanges.is_empty() {
        return Ok(());
    }
    let table = &plan.table;
    let live = Source::read(session, database, table).await?;
    for exchange in &plan.exchanges {
        let partition = &exchange.partition;
        if exchange.now != PartitionNow::Missing {
            if !live.can_be_staged(partition) {
                return Err(Refused::not_possible(
                    format!("table {table} makes its partitions by an expression for which the cluster adds none, so that nothing can be put beside {partition}"),
                    format!("restore the table with --table {table}, or beside the live one with --no-swap"),
                )
                .into());
            }
            continue;
        }
        // ADD PARTITION is refused while it is on, and what is added would go again (`common/util/DynamicPartitionUtil.java`).
        if let Some((key, value, off)) = self_dropping(live.definition()).next() {
            return Err(Refused::not_possible(
                format!("partition {partition} is not in the live table {table}, which drops partitions on its own: {key} is {value}"),
                format!("switch it off first: {}", sql::set_property(database, table, key, off)),
            )
            .into());
        }
    }
    Ok(())
}
