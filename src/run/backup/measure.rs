//! The content of a finished backup, measured on the cluster.
//!
//! After the record: nothing waits for it, and a backup is one without it. What is measured is of the snapshot's content all the same: a
//! partition's version was the same before the cut and after it, and it must be the same once more after it was measured. Versions only grow.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::line::Line;
use crate::catalog::{Manifest, Measured, Partitioning, TableFacts, TableRecord};
use crate::names::{Label, PartitionName};
use crate::plan::verify::{Measures, Verify, with_measures};
use crate::run::error::RunError;
use crate::run::measure::{Part, checksum, count};
use crate::starrocks::{Session, read_database, read_second_look};

/// Measuring ends after this long, done or not; what was measured by then counts.
const COUNTS_LIMIT: Duration = Duration::from_secs(10 * 60);
const CHECKSUMS_LIMIT: Duration = Duration::from_secs(60 * 60);

impl Line<'_> {
    /// A failure costs the backup nothing: its restore is held against less.
    pub(super) async fn measure(&self, label: &Label, settled: &Manifest) {
        let limit = match self.order.verify {
            Verify::None => return,
            Verify::Counts => COUNTS_LIMIT,
            Verify::Checksum => CHECKSUMS_LIMIT,
        };
        let journal = &self.job.journal;
        match self.measure_within(label, settled, limit).await {
            Ok((measured, all)) if measured < all => journal.finding(
                format!(
                    "{measured} of {all} partitions of {label} were measured for verification; the others were loaded into, or there was no time"
                ),
                None,
            ),
            Ok(_) => {}
            Err(error) => journal.finding(
                format!("the content of {label} could not be measured for verification: {error}"),
                error.help(),
            ),
        }
    }

    /// How many partitions were measured, and how many there are.
    async fn measure_within(
        &self,
        label: &Label,
        settled: &Manifest,
        limit: Duration,
    ) -> Result<(usize, usize), RunError> {
        let Line {
            job,
            session,
            ops,
            order,
            ..
        } = self;
        let database = &order.database;
        let (found, latest_alter) = self.look_into(settled, limit).await?;
        let after = read_second_look(session, database, latest_alter).await?;
        let measured = with_measures(settled, found, &after);
        let number = partitions(&measured)
            .filter(|known| known.is_some())
            .count();
        job.insist(Duration::from_secs(60), || async {
            Ok(ops
                .correct_manifest(label, database, settled, &measured, job.now())
                .await?)
        })
        .await?;
        Ok((number, partitions(&measured).count()))
    }

    /// With the latest change of columns that was known when it began.
    async fn look_into(
        &self,
        settled: &Manifest,
        limit: Duration,
    ) -> Result<(Measures, u64), RunError> {
        let Line { job, order, .. } = self;
        let session = job.cluster.long_session(limit);
        let deadline = Instant::now() + limit;
        let facts = read_database(&session, &order.database).await?;
        let mut found = Measures::new();
        for (table, record) in settled.included() {
            if Instant::now() > deadline || job.check_stop().is_err() {
                break;
            }
            let Some(table_facts) = facts
                .tables
                .get(table)
                .filter(|facts| Some(facts.id) == record.table_id)
            else {
                continue;
            };
            let measured = self.table(&session, table_facts, record, deadline).await?;
            found.insert(table.clone(), measured);
        }
        Ok((found, facts.latest_alter))
    }

    async fn table(
        &self,
        session: &Session,
        facts: &TableFacts,
        record: &TableRecord,
        deadline: Instant,
    ) -> Result<BTreeMap<PartitionName, Measured>, RunError> {
        let Line { job, order, .. } = self;
        let still = |name: &PartitionName| {
            let now = facts.partitions.get(name).map(|now| &now.fingerprint);
            let recorded = &record.partitions[name].fingerprint;
            now.is_some_and(|now| recorded.matches(now))
        };
        let whole = facts.partitioning == Partitioning::Unpartitioned;
        let names = record.partitions.keys().filter(|name| still(name));
        let parts: Vec<Part<'_>> = names.map(|name| Part { name, whole }).collect();
        if order.verify != Verify::Checksum {
            return count(session, &order.database, &facts.name, &parts).await;
        }
        let mut measured = BTreeMap::new();
        for part in parts {
            if Instant::now() > deadline || job.check_stop().is_err() {
                break;
            }
            let found =
                checksum(session, &order.database, &facts.name, part, &facts.columns).await?;
            measured.insert(part.name.clone(), found);
        }
        Ok(measured)
    }
}

fn partitions(manifest: &Manifest) -> impl Iterator<Item = Option<&Measured>> {
    let tables = manifest.included();
    tables.flat_map(|(_, record)| {
        record
            .partitions
            .values()
            .map(|known| known.measured.as_ref())
    })
}
