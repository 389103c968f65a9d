//! Nothing may drop partitions of what is restored, or of what is kept to undo to.

use std::collections::BTreeMap;

use super::builder::Builder;
use super::definition::property;
use super::proof::Proof;
use crate::names::TableName;
use crate::run::error::RunError;
use crate::starrocks::sql;

/// Properties by which a cluster drops partitions on its own, with the value that ends it
/// (`common/util/PropertyAnalyzer.java`, `catalog/TableProperty.java`).
const SELF_DROPPING: &[(&str, &str, &str)] = &[
    ("dynamic_partition.enable", "true", "false"),
    ("partition_live_number", "", "-1"),
];

impl Builder<'_> {
    pub(super) async fn self_dropping(
        &self,
        table: &TableName,
    ) -> Result<BTreeMap<String, String>, RunError> {
        let definition = self.definition(table).await?;
        let on = SELF_DROPPING.iter().filter_map(|(key, on, off)| {
            let value = property(&definition, key)?;
            ((on.is_empty() || value.eq_ignore_ascii_case(on)) && value != *off)
                .then(|| ((*key).to_owned(), value.to_owned()))
        });
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
            self.job.journal.finding(
                format!("{key} of {table} is switched off, so that nothing is dropped from what was restored"),
                Some(format!("when you want it again: ALTER TABLE … SET (\"{key}\" = \"{}\")", before[*key])),
            );
        }
        Ok(())
    }
}
