//! What a person runs where taking a step back has failed.

use crate::names::DatabaseName;
use crate::plan::restore::{ExchangedPartition, Step};
use crate::starrocks::sql;

pub fn by_hand(database: &DatabaseName, step: &Step) -> Vec<String> {
    let replace = |table, partitions: &[ExchangedPartition]| {
        let pairs = partitions
            .iter()
            .map(|part| (&part.partition, &part.staged));
        sql::replace_partitions(database, table, pairs)
    };
    match step {
        Step::Swap { table, restored } => vec![sql::swap(database, table, restored)],
        Step::Rename { restored, table } => vec![sql::rename(database, table, restored)],
        Step::Download { download_as, .. } => vec![sql::drop_table(database, download_as)],
        Step::Settle { holder, partitions } => vec![replace(holder, partitions)],
        Step::Exchange { table, partitions } => partitions
            .iter()
            .map(|part| sql::overwrite_partition(database, table, &part.holder, &part.partition))
            .collect(),
        Step::Stage { table, staged, .. } => {
            vec![sql::drop_temporary_partition(database, table, staged)]
        }
        _ => Vec::new(),
    }
}
