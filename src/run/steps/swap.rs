//! The statements that make a table live: sent again only while the ids say that they did not run.

use std::collections::BTreeMap;

use super::builder::{Builder, UNSEEN};
use super::proof::Proof;
use crate::names::TableName;
use crate::run::error::{Refused, RunError};
use crate::starrocks::{query, sql};

impl Builder<'_> {
    pub(super) async fn ids(&self) -> Result<BTreeMap<TableName, u64>, RunError> {
        let set = query(
            self.session.as_ref(),
            &sql::table_ids(&self.context.database),
        )
        .await?;
        let ids = set.rows().filter_map(|row| {
            Some((
                row.name("TABLE_NAME").ok()?,
                row.optional_number("TABLE_ID").ok()??,
            ))
        });
        Ok(ids.collect())
    }

    /// One atomic statement. Whether it ran is told by whose id stands under the live name.
    pub async fn swap(
        &self,
        table: &TableName,
        restored: &TableName,
        proof: &Proof,
    ) -> Result<(), RunError> {
        let Proof::Ids {
            live: Some(live),
            restored: built,
        } = proof
        else {
            return Err(vanished(table));
        };
        self.job
            .insist(UNSEEN, || async {
                let ids = self.ids().await?;
                match ids.get(table) {
                    Some(id) if id == built => return Ok(()),
                    Some(id) if id == live && ids.get(restored) == Some(built) => {}
                    _ => return Err(vanished(table)),
                }
                self.session
                    .execute(&sql::swap(&self.context.database, table, restored))
                    .await?;
                Ok(())
            })
            .await
    }

    pub async fn rename(
        &self,
        from: &TableName,
        to: &TableName,
        proof: &Proof,
    ) -> Result<(), RunError> {
        let Proof::Ids {
            restored: built, ..
        } = proof
        else {
            return Err(vanished(to));
        };
        self.job
            .insist(UNSEEN, || async {
                let ids = self.ids().await?;
                match (ids.get(from), ids.get(to)) {
                    (_, Some(id)) if id == built => return Ok(()),
                    (Some(id), None) if id == built => {}
                    _ => return Err(vanished(to)),
                }
                self.session
                    .execute(&sql::rename(&self.context.database, from, to))
                    .await?;
                Ok(())
            })
            .await
    }

    pub async fn id_of(&self, table: &TableName) -> Result<Option<u64>, RunError> {
        Ok(self.ids().await?.get(table).copied())
    }
}

pub(super) fn expected_id(
    ids: &BTreeMap<TableName, u64>,
    table: &TableName,
) -> Result<u64, RunError> {
    ids.get(table).copied().ok_or_else(|| vanished(table))
}

fn vanished(table: &TableName) -> RunError {
    Refused::not_possible(
        format!("table {table} is not the one that was planned with: somebody dropped, swapped or created it meanwhile"),
        "look at the tables, then ask for the restore again",
    )
    .into()
}
