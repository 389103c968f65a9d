//! Before a swap: who may do something with the live table may do it with the restored one. And what a swap leaves behind, said.

use super::builder::Builder;
use crate::names::TableName;
use crate::plan::restore::ExchangedPartition;
use crate::starrocks::{read_grants, read_routine_loads, read_running_loads, sql};

impl Builder<'_> {
    /// Grants are kept by the table's id, so they are given on the restored table before it takes the name: there is no moment without them.
    ///
    /// What may not be read or given is a finding with the statement; it is no reason to keep damaged data live.
    pub(super) async fn regrant(&self, table: &TableName, restored: &TableName) {
        let (job, database) = (self.job, &self.context.database);
        let grants = match read_grants(self.session, database).await {
            Ok(grants) => grants,
            Err(error) => {
                let text = format!(
                    "the grants on {table} could not be read, and are not given again: {error}"
                );
                let help = "grant them again; brd's user needs SELECT on sys.grants_to_roles and sys.grants_to_users to do it";
                return job.journal.finding(text, Some(help.to_owned()));
            }
        };
        let on = |name: &TableName| {
            grants
                .iter()
                .filter(|(table, _)| table == name)
                .map(|(_, grant)| grant)
                .collect::<Vec<_>>()
        };
        // What was granted on all tables of the database holds for the restored one as well.
        let held = on(restored);
        for grant in on(table).into_iter().filter(|grant| !held.contains(grant)) {
            let given = self.repeat(&sql::grant(database, restored, grant)).await;
            if let Err(error) = given {
                let text = format!(
                    "{} of {} on {table} could not be given again: {error}",
                    grant.privileges, grant.grantee
                );
                job.journal
                    .finding(text, Some(sql::grant(database, table, grant)));
            }
        }
    }

    /// Transactions go by the table's id too (`transaction/TransactionState.java`): what has begun commits into the old data.
    pub(super) async fn tell_running_loads(&self, table: &TableName) {
        let when = format!("{table} is swapped");
        self.tell_loads(&when, "goes to the old data").await;
    }

    /// What such a load brings is in the partition that is gone when it commits (`transaction/DatabaseTransactionMgr.java`).
    pub(super) async fn tell_loads_into_exchanged(
        &self,
        table: &TableName,
        partitions: &[ExchangedPartition],
    ) {
        let names: Vec<&str> = partitions
            .iter()
            .map(|part| part.partition.as_str())
            .collect();
        let when = format!("{} of {table} is exchanged", names.join(", "));
        self.tell_loads(&when, "is lost").await;
    }

    async fn tell_loads(&self, when: &str, fate: &str) {
        let database = &self.context.database;
        match read_running_loads(self.session, database).await {
            Ok(labels) if labels.is_empty() => {}
            Ok(labels) => {
                let text = format!(
                    "loads are running in {database} while {when}: {}; what they bring into it {fate}",
                    labels.join(", ")
                );
                let help = "load it again once the restore is done";
                self.job.journal.finding(text, Some(help.to_owned()));
            }
            Err(error) => tracing::warn!(%error, "running loads could not be looked at"),
        }
    }

    /// After the swap, by the name that the old data has now.
    pub(super) async fn tell_routine_loads(&self, table: &TableName, old: &TableName) {
        let database = &self.context.database;
        match read_routine_loads(self.session, database).await {
            Ok(loads) => {
                for (_, load) in loads.into_iter().filter(|(loads, _)| loads == old) {
                    let text = format!(
                        "routine load {} ({}) loads into the old data, which is {old} now, and not into {table}",
                        load.name, load.state
                    );
                    let help = format!(
                        "{}, and create it again for {table}",
                        sql::stop_routine_load(database, &load.name)
                    );
                    self.job.journal.finding(text, Some(help));
                }
            }
            Err(error) => tracing::warn!(%error, "routine loads could not be looked at"),
        }
    }
}
