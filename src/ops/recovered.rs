//! The ops tables of a snapshot, restored beside those that are there and then put in their place. A table `t` comes as `t_recovered`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::history::label;
use super::schema::columns_of;
use super::slot::{HeldSlot, SlotEnd, held};
use super::{Ops, OpsError};
use crate::catalog::BackupRecord;
use crate::names::{DatabaseName, Label, TableName};
use crate::starrocks::{RowError, sql};

/// Behind the name of a table that is not in its place yet.
const SUFFIX: &str = "_recovered";

/// The table whose place is taken last: once it stands, so does the history.
const HISTORY: &str = "backup_history";

/// The table that slots are in, whose place is taken first.
const SLOTS: &str = "run_status";

impl Ops {
    pub fn recovered_name(table: &str) -> TableName {
        TableName::parse(format!("{table}{SUFFIX}")).expect("made of letters and `_`")
    }

    /// In the order in which they take their places.
    pub fn in_order_of_recovery() -> Vec<&'static str> {
        let middle = Ops::tables().filter(|name| ![HISTORY, SLOTS].contains(name));
        [SLOTS].into_iter().chain(middle).chain([HISTORY]).collect()
    }

    /// Tables of ours that have a `_recovered` beside them, or stand there alone.
    pub async fn recovered(&self) -> Result<BTreeSet<&'static str>, OpsError> {
        let present = self.present_columns().await?;
        let beside = |name: &&str| present.contains_key(&format!("{name}{SUFFIX}"));
        Ok(Ops::tables().filter(beside).collect())
    }

    async fn drop_recovered(&self, table: &str) -> Result<(), OpsError> {
        let name = Ops::recovered_name(table);
        self.write(&sql::drop_table(&DatabaseName::ops(), &name))
            .await
    }

    pub async fn drop_all_recovered(&self) -> Result<(), OpsError> {
        for table in self.recovered().await? {
            self.drop_recovered(table).await?;
        }
        Ok(())
    }

    /// The table that is there goes for good. May run twice, as long as [`Ops::recovered`] is asked before: what is in its place is never
    /// taken away again.
    pub async fn put_in_place(&self, table: &'static str) -> Result<(), OpsError> {
        if !self.recovered().await?.contains(table) {
            return Ok(());
        }
        let (ops, recovered) = (DatabaseName::ops(), Ops::recovered_name(table));
        let name = TableName::parse(table).expect("a fixed name is a name");
        self.write(&sql::drop_table(&ops, &name)).await?;
        match self.write(&sql::rename(&ops, &recovered, &name)).await {
            // Sent twice because the first answer was lost.
            Err(_) if !self.recovered().await?.contains(table) => Ok(()),
            renamed => renamed,
        }
    }

    /// Finished backups and restores: what nobody may write over. None where the tables are not there.
    pub async fn history_size(&self) -> Result<u64, OpsError> {
        let present = self.present_columns().await?;
        let mut size = 0;
        for table in [HISTORY, "restore_history"] {
            if present.contains_key(table) {
                let statement = format!(
                    "SELECT COUNT(*) AS finished FROM ops.{table} WHERE status = 'FINISHED'"
                );
                size += self.count(table, &statement).await?;
            }
        }
        Ok(size)
    }

    async fn count(&self, table: &'static str, statement: &str) -> Result<u64, OpsError> {
        let set = self.read(statement).await?;
        let unreadable = |source: RowError| OpsError::Row { table, source };
        let row = set.first().ok_or(RowError::Null { column: "finished" });
        row.and_then(|row| row.number("finished"))
            .map_err(unreadable)
    }

    /// The slot of the last recovery, and how it ended; `None`: not yet. A row of an earlier cluster's may have come with its ops.
    pub async fn last_recovery(&self) -> Result<Option<(HeldSlot, Option<SlotEnd>)>, OpsError> {
        let columns = self.present_columns().await?;
        if !columns
            .get(SLOTS)
            .is_some_and(|columns| columns.contains("context"))
        {
            return Ok(None);
        }
        self.write("SYNC").await?;
        let set = self
            .read(&format!(
                "SELECT * FROM ops.{SLOTS} WHERE scope = 'restore' AND label LIKE 'brd\\\\_recover\\\\_%' AND database_name = 'ops' \
                 ORDER BY fence DESC LIMIT 1"
            ))
            .await?;
        let row = set.first();
        row.map(|row| Ok((held(&row)?, SlotEnd::parse(row.text("state")?))))
            .transpose()
            .map_err(|source| OpsError::Row {
                table: "ops.run_status",
                source,
            })
    }

    /// Slots of the recovered tables that were held when their snapshot was cut.
    pub async fn open_in_recovered(&self) -> Result<Vec<HeldSlot>, OpsError> {
        let set = self
            .read(&format!(
                "SELECT * FROM ops.{SLOTS}{SUFFIX} WHERE state = 'ACTIVE'"
            ))
            .await?;
        set.rows()
            .map(|row| held(&row))
            .collect::<Result<_, _>>()
            .map_err(|source| OpsError::Row {
                table: "ops.run_status",
                source,
            })
    }

    /// Closes, in the recovered tables, what was under way when their snapshot was cut: nobody will come back to it.
    pub async fn close_recovered(&self, reason: &str, now: DateTime<Utc>) -> Result<(), OpsError> {
        let (at, ms) = (self.wall_clock(now), now.timestamp_millis());
        let recovered = self.recovered().await?;
        self.write(&format!(
            "UPDATE ops.{SLOTS}{SUFFIX} SET state = 'CANCELLED', finished_at = {at} WHERE state = 'ACTIVE'"
        ))
        .await?;
        let reason = sql::text(reason);
        // What restores kept, and what they had not made live, went with the cluster.
        let more = [
            (
                "schedule_fires",
                format!("SET outcome = 'CANCELLED', reason = {reason} WHERE outcome IS NULL"),
            ),
            (
                "restore_history",
                "SET undo_until_ms = NULL WHERE undo_until_ms IS NOT NULL".to_owned(),
            ),
            (
                "restore_steps",
                format!("SET state = 'UNDONE', at_ms = {ms} WHERE state IN ('PENDING', 'RUNNING')"),
            ),
        ];
        for (table, change) in more {
            if recovered.contains(table) {
                self.write(&format!("UPDATE ops.{table}{SUFFIX} {change}"))
                    .await?;
            }
        }
        Ok(())
    }

    /// Closed slots of this cluster join those of the snapshot: fence numbers are counted from them, and the load labels that stand for
    /// the numbers that were given here are used up.
    pub async fn keep_slots(&self) -> Result<(), OpsError> {
        let present = self.present_columns().await?;
        let beside = format!("{SLOTS}{SUFFIX}");
        let (Some(here), Some(there)) = (present.get(SLOTS), present.get(&beside)) else {
            return Ok(());
        };
        if !here.contains("fence") || !there.contains("fence") {
            return Ok(());
        }
        let columns: Vec<String> = columns_of(SLOTS)
            .into_iter()
            .filter(|(name, _)| here.contains(*name) && there.contains(*name))
            .map(|(name, _)| sql::ident(name))
            .collect();
        let columns = columns.join(", ");
        self.write(&format!(
            "INSERT INTO ops.{beside} ({columns}) SELECT {columns} FROM ops.{SLOTS} WHERE state <> 'ACTIVE' AND fence IS NOT NULL"
        ))
        .await
    }

    /// Labels that the recovered history has a row of, among these.
    pub async fn in_recovered_history(
        &self,
        labels: &[&Label],
    ) -> Result<BTreeSet<Label>, OpsError> {
        if labels.is_empty() {
            return Ok(BTreeSet::new());
        }
        let set = self
            .read(&format!(
                "SELECT label FROM ops.{HISTORY}{SUFFIX} WHERE label IN ({})",
                sql::texts(labels)
            ))
            .await?;
        let labels = set.rows().map(|row| label(&row, "label"));
        let labels: Result<BTreeSet<Option<Label>>, RowError> = labels.collect();
        let labels = labels.map_err(|source| OpsError::Row {
            table: "ops.backup_history",
            source,
        })?;
        Ok(labels.into_iter().flatten().collect())
    }

    /// As [`Ops::record_backup`], in the recovered history.
    pub async fn record_in_recovered(&self, record: &BackupRecord) -> Result<(), OpsError> {
        self.record_in(&format!("ops.{HISTORY}{SUFFIX}"), record)
            .await
    }

    /// Rows of the inventory that were written here already join those of the snapshot. Tells how many there were.
    pub async fn keep_inventory(&self) -> Result<u64, OpsError> {
        const COLUMNS: &str = "inventory_group, database_name, table_name, created_at, updated_at";
        let here = self.present_columns().await?;
        if !here.contains_key("table_inventory") {
            return Ok(0);
        }
        let count = "SELECT COUNT(*) AS finished FROM ops.table_inventory";
        let rows = self.count("ops.table_inventory", count).await?;
        if rows > 0 {
            self.write(&format!(
                "INSERT INTO ops.table_inventory{SUFFIX} ({COLUMNS}) SELECT {COLUMNS} FROM ops.table_inventory"
            ))
            .await?;
        }
        Ok(rows)
    }

    /// Labels whose partitions are on record.
    pub async fn labels_with_manifest(&self) -> Result<BTreeSet<Label>, OpsError> {
        let set = self
            .read("SELECT DISTINCT label FROM ops.backup_partitions")
            .await?;
        let labels = set.rows().map(|row| label(&row, "label"));
        let labels: Result<BTreeSet<Option<Label>>, RowError> = labels.collect();
        let labels = labels.map_err(|source| OpsError::Row {
            table: "ops.backup_partitions",
            source,
        })?;
        Ok(labels.into_iter().flatten().collect())
    }
}
