//! The statements that make a table live: sent again only while the ids say that they did not run.

use std::collections::BTreeMap;

use super::builder::{Builder, PATIENCE};
use super::proof::Proof;
use crate::names::TableName;
use crate::run::error::{Refused, RunError};
use crate::starrocks::{StatementError, read_ids, sql};

impl Builder<'_> {
    pub(super) async fn ids(
        &self,
        tables: &[&TableName],
    ) -> Result<BTreeMap<TableName, u64>, RunError> {
        Ok(read_ids(self.session, &self.context.database, tables).await?)
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
            .insist(PATIENCE, || async {
                let ids = self.ids(&[table, restored]).await?;
                match ids.get(table) {
                    Some(id) if id == built => return Ok(()),
                    Some(id) if id == live && ids.get(restored) == Some(built) => {}
                    _ => return Err(vanished(table)),
                }
                self.session
                    .execute(&sql::swap(&self.context.database, table, restored))
                    .await?;
                match self.ids(&[table]).await?.get(table) {
                    Some(id) if id == built => Ok(()),
                    Some(id) if id == live => Err(swapped_twice(table)),
                    _ => Err(vanished(table)),
                }
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
            .insist(PATIENCE, || async {
                let ids = self.ids(&[from, to]).await?;
                match (ids.get(from), ids.get(to)) {
                    (_, Some(id)) if id == built => return Ok(()),
                    (Some(id), None) if id == built => {}
                    _ => return Err(vanished(to)),
                }
                self.session
                    .execute(&sql::rename(&self.context.database, from, to))
                    .await?;
                self.expect(to, *built).await
            })
            .await
    }

    /// The statement said OK: now the ids must say so too.
    async fn expect(&self, table: &TableName, id: u64) -> Result<(), RunError> {
        if self.ids(&[table]).await?.get(table) == Some(&id) {
            return Ok(());
        }
        Err(vanished(table))
    }

    pub async fn id_of(&self, table: &TableName) -> Result<Option<u64>, RunError> {
        let look = || async { Ok(self.ids(&[table]).await?.get(table).copied()) };
        self.job.insist(PATIENCE, look).await
    }
}

pub(super) fn expected_id(
    ids: &BTreeMap<TableName, u64>,
    table: &TableName,
) -> Result<u64, RunError> {
    ids.get(table).copied().ok_or_else(|| vanished(table))
}

/// As before the statement: a follower sends it again when it loses the leader's answer (`rpc/ThriftRPCRequestExecutor.java`), and the second
/// swap takes the first one back. The same statement may well succeed.
fn swapped_twice(table: &TableName) -> RunError {
    let mut error = StatementError::unreachable(format!(
        "SWAP of {table} was answered with OK and changed nothing"
    ));
    error.help = None;
    error.into()
}

pub(super) fn vanished(table: &TableName) -> RunError {
    Refused::not_possible(
        format!("table {table} is not the one that was planned with: somebody dropped, swapped or created it meanwhile"),
        "look at the tables, then ask for the restore again",
    )
    .into()
}
