//! What is backed up and what is not, for whoever asks, and as a line of `brctl check`.

use std::collections::BTreeSet;

use super::main_loop::Engine;
use crate::catalog::Coverage;
use crate::control::protocol::{ReportLine, Verdict};
use crate::names::GroupName;
use crate::ops::Ops;
use crate::run::coverage::coverage;
use crate::run::{Cluster, RunError};

impl Engine {
    pub(super) fn scheduled(&self) -> BTreeSet<GroupName> {
        self.dispatcher.schedule().groups.keys().cloned().collect()
    }
}

pub(super) async fn covered(
    cluster: &Cluster,
    scheduled: &BTreeSet<GroupName>,
) -> Result<Coverage, RunError> {
    let session = cluster.session();
    let ops = Ops::open(session.clone()).await?;
    coverage(&session, &ops, scheduled).await
}

/// None where it cannot be told: another line of the report says then what is wrong.
pub(super) async fn coverage_line(
    cluster: &Cluster,
    scheduled: &BTreeSet<GroupName>,
) -> Option<ReportLine> {
    let coverage = covered(cluster, scheduled).await.ok()?; // no error: as above
    let (all, missing) = (coverage.tables, coverage.uncovered.len());
    let rows = coverage.unmatched.len();
    let line = |verdict, text, help: Option<&str>| ReportLine {
        verdict,
        text,
        help: help.map(str::to_owned),
    };
    Some(if missing + rows == 0 {
        let text = format!("coverage: every table that can be backed up is in a group ({all})");
        line(Verdict::Ok, text, None)
    } else {
        let text = format!(
            "coverage: {missing} of {all} tables that can be backed up are in no group; {rows} inventory rows match nothing"
        );
        line(Verdict::Warning, text, Some("`brctl coverage` lists them"))
    })
}
