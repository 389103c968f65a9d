//! Nothing may drop partitions of what is restored, or of what is kept to undo to.

use std::collections::BTreeMap;

use super::builder::Builder;
use super::proof::{Proof, parse};
use crate::names::TableName;
use crate::ops::StepState;
use crate::plan::restore::Step;
use crate::run::error::RunError;
use crate::starrocks::{property, read_definition, sql};

/// Properties by which a cluster drops partitions on its own, with the value that ends it: a time to live of nothing is none, and so is a
/// number that is `TableProperty.INVALID` (`common/util/PropertyAnalyzer.java`, `common/util/DynamicPartitionUtil.java`,
/// isEnabledTablePartitionTTL).
const SELF_DROPPING: &[(&str, &str, &str)] = &[
    ("dynamic_partition.enable", "true", "false"),
    ("partition_live_number", "", "-1"),
    ("partition_ttl", "", "0 day"),
];

/// Ends with no value: an empty one is refused (`common/util/PropertyAnalyzer.java`, analyzePartitionRetentionCondition).
const ENDLESS: &str = "partition_retention_condition";

/// Those that are on, with their value and the one that ends them.
pub(super) fn self_dropping(
    definition: &str,
) -> impl Iterator<Item = (&'static str, &str, &'static str)> {
    SELF_DROPPING.iter().filter_map(move |(key, on, off)| {
        let value = property(definition, key)?;
        ((on.is_empty() || value.eq_ignore_ascii_case(on)) && value != *off)
            .then_some((*key, value, *off))
    })
}

impl Builder<'_> {
    pub(super) async fn self_dropping(
        &self,
        table: &TableName,
    ) -> Result<BTreeMap<String, String>, RunError> {
        let definition = read_definition(self.session, &self.context.database, table).await?;
        if let Some(condition) = property(&definition, ENDLESS) {
            self.job.journal.finding(
                format!("{table} has {ENDLESS} {condition:?}: the cluster drops partitions that do not meet it, and nothing switches it off"),
                Some("where the recovery point has such partitions, restore with the cluster's `dynamic_partition_enable` set to false".to_owned()),
            );
        }
        let on =
            self_dropping(&definition).map(|(key, value, _)| (key.to_owned(), value.to_owned()));
        Ok(on.collect())
    }

    pub(super) async fn quiet(&self, table: &TableName, proof: &Proof) -> Result<(), RunError> {
        let Proof::Properties { before } = proof else {
            return Ok(());
        };
        for (key, _, off) in SELF_DROPPING
            .iter()
            .filter(|(key, _, _)| before.contains_key(*key))
        {
            self.repeat(&sql::set_property(&self.context.database, table, key, off))
                .await?;
            self.tell_quiet(table, key, &before[*key]);
        }
        Ok(())
    }

    /// Once for each table that becomes live, under the name that it will have; what is kept to undo to needs no word.
    fn tell_quiet(&self, table: &TableName, key: &str, value: &str) {
        let live = self.steps.iter().filter_map(|record| match parse(record) {
            Ok(
                Step::Swap {
                    table: live,
                    restored,
                }
                | Step::Rename {
                    table: live,
                    restored,
                },
            ) => (restored == *table && record.state == StepState::Pending).then_some(live),
            _ => None,
        });
        for live in live {
            let database = &self.context.database;
            self.job.journal.finding(
                format!("{key} of {live} is switched off, so that nothing is dropped from what was restored"),
                Some(format!("when you want it again: {}", sql::set_property(database, &live, key, value))),
            );
        }
    }
}
