//! The content of a finished backup, measured on the cluster.
//!
//! After the record: nothing waits for it, and a backup is one without it. What is measured is of the snapshot's content all the same: a
//! partition's version was the same before the cut and after it, and it must be the same once more after it was measured. Versions only grow.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::line::Line;
use crate::catalog::{Manifest, Measured, Partitioning, RecordedFingerprint, TableRecord};
use crate::names::{Label, PartitionName, TableName};
use crate::plan::verify::{Measures, Verify, with_measures};
use crate::run::error::RunError;
use crate::run::measure::{Part, checksum, count};
use crate::starrocks::{Session, read_columns, read_parts, read_second_look};

/// Measuring ends after this long, done or not; what was measured by then counts.
const COUNTS_LIMIT: Duration = Duration::from_secs(10 * 60);
const CHECKSUMS_LIMIT: Duration = Duration::from_secs(60 * 60);

impl Line<'_> {
    /// A failure costs the backup nothing: its restore is held against less.
    ///
    /// `latest_alter`: of the look before the backup.
    pub(super) async fn measure(&self, label: &Label, settled: &Manifest, latest_alter: u64) {
        let limit = match self.order.verify {
            Verify::None => return,
            Verify::Counts => COUNTS_LIMIT,
            Verify::Checksum => CHECKSUMS_LIMIT,
        };
        let journal = &self.job.journal;
        match self.measure_within(label, settled, latest_alter, limit).await {
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
        latest_alter: u64,
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
        let found = self.look_into(settled, limit).await?;
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

    /// By name; the look behind it tells of what is no more what it was.
    async fn look_into(&self, settled: &Manifest, limit: Duration) -> Result<Measures, RunError> {
        let Line { job, order, .. } = self;
        let session = job.cluster.long_session(limit);
        let deadline = Instant::now() + limit;
        let mut found = Measures::new();
        for (table, record) in settled.included() {
            let is_over = || Instant::now() > deadline || job.check_stop().is_err();
            if is_over() {
                break;
            }
            let parts = exact(record);
            let measured = match self.parts(&session, table, &parts, &is_over).await {
                Ok(measured) => measured,
                // One that is gone fails the statement of all of them.
                Err(_) => {
                    let now = read_parts(&session, &order.database, table).await?;
                    let there = |part: &Part<'_>| now.formal.contains_key(part.name);
                    let parts: Vec<Part<'_>> = parts.into_iter().filter(there).collect();
                    self.parts(&session, table, &parts, &is_over).await?
                }
            };
            found.insert(table.clone(), measured);
        }
        Ok(found)
    }

    async fn parts(
        &self,
        session: &Session,
        table: &TableName,
        parts: &[Part<'_>],
        is_over: &(impl Fn() -> bool + Sync),
    ) -> Result<BTreeMap<PartitionName, Measured>, RunError> {
        let database = &self.order.database;
        if self.order.verify != Verify::Checksum {
            return count(session, database, table, parts).await;
        }
        let columns = read_columns(session, database, table).await?;
        let mut measured = BTreeMap::new();
        for part in parts {
            if is_over() {
                break;
            }
            let found = checksum(session, database, table, *part, &columns).await?;
            measured.insert(part.name.clone(), found);
        }
        Ok(measured)
    }
}

/// Partitions of which the snapshot's content is known.
fn exact(record: &TableRecord) -> Vec<Part<'_>> {
    let whole = record.partitioning == Some(Partitioning::Unpartitioned);
    let partitions = record.partitions.iter();
    let exact =
        partitions.filter(|(_, held)| matches!(held.fingerprint, RecordedFingerprint::Exact(_)));
    exact.map(|(name, _)| Part { name, whole }).collect()
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
