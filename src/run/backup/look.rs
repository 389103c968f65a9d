//! The first look at the database, and the plan that is made of it.

use super::line::{Line, STEPS, compared_instead};
use super::order::DatabaseOrder;
use crate::catalog::{BackupKind, BackupRecord, DatabaseFacts, count};
use crate::plan::backup::{
    BackupPlan, Baseline, Forced, part_of_what_may_count, plan_full, plan_incremental,
};
use crate::run::copies;
use crate::run::error::{Refused, RunError};
use crate::run::preflight::backends;
use crate::starrocks::{has_counted_column, read_database, read_definition};

impl Line<'_> {
    pub(super) async fn look_and_plan(&self) -> Result<(BackupPlan, Option<Baseline>), RunError> {
        let Line {
            job,
            session,
            order,
            ..
        } = self;
        job.journal
            .step(2, STEPS, format!("look at database {}", order.database));
        let mut facts = job
            .patiently(order.patience, || async {
                Ok(read_database(session, &order.database).await?)
            })
            .await?;
        let remember = || async {
            let kept = copies::read(self.ops).await?;
            Ok((kept, self.ops.backups_of_database(&order.database).await?))
        };
        let (kept, history) = job.patiently(order.patience, remember).await?;
        copies::leave_out(&mut facts, &kept, &order.inventory);
        for earlier in &history {
            facts.changes.learn(&earlier.changes);
        }
        facts.changes.keep(&facts.seen);
        let facts = order.inventory.select(facts);
        for out in &facts.left_out {
            job.journal.finding(
                format!(
                    "table {}.{} is not in the backup: it {}",
                    order.database, out.table, out.reason
                ),
                None,
            );
        }
        if facts.tables.is_empty() {
            return Err(nothing_to_take(order, &facts).into());
        }
        self.tell_lone_replicas(&facts).await;
        job.journal.step(3, STEPS, "plan");
        self.plan(facts, &history).await
    }

    /// A replica that is down has no stand-in: BACKUP waits for its backend until the job's timeout (`backup/BackupJob.java`, chooseReplica).
    async fn tell_lone_replicas(&self, facts: &DatabaseFacts) {
        let lone = facts
            .tables
            .values()
            .filter(|table| table.replication_num == 1);
        let lone: Vec<&str> = lone.map(|table| table.name.as_str()).collect();
        if lone.is_empty() {
            return;
        }
        // A cluster that does not answer is said by the next statement.
        let Ok(health) = backends(self.session).await else {
            return;
        };
        if health.backends_alive < health.backends {
            let shown = lone.iter().take(10).copied().collect::<Vec<_>>().join(", ");
            self.job.journal.finding(
                format!(
                    "{} {} one replica, and {} of {} backends are alive: BACKUP waits for a replica that is on another ({shown})",
                    count(lone.len(), "table"),
                    if lone.len() == 1 { "has" } else { "have" },
                    health.backends_alive,
                    health.backends
                ),
                Some("bring the backend up; SHOW BACKENDS names it".to_owned()),
            );
        }
    }

    async fn plan(
        &self,
        facts: DatabaseFacts,
        history: &[BackupRecord],
    ) -> Result<(BackupPlan, Option<Baseline>), RunError> {
        let Line {
            job,
            order,
            forced,
            promote,
            ..
        } = self;
        if order.kind == BackupKind::Full {
            return Ok((plan_full(&facts, None), None));
        }
        let query = self.baselines();
        let found = match promote {
            Some(promotion) => Err(promotion.clone()),
            None => {
                job.patiently(order.patience, || query.find(history))
                    .await?
            }
        };
        Ok(match found {
            Ok(baseline) => {
                if let Some(text) = compared_instead(&baseline) {
                    job.journal.finding(text, None);
                }
                let plan = self.plan_incremental(facts, &baseline, forced).await?;
                (plan, Some(baseline))
            }
            Err(promotion) => {
                job.journal
                    .finding(format!("taken as a full: {promotion}"), None);
                (plan_full(&facts, Some(promotion)), None)
            }
        })
    }

    /// Twice, where a table turns out to count.
    async fn plan_incremental(
        &self,
        mut facts: DatabaseFacts,
        baseline: &Baseline,
        forced: &Forced,
    ) -> Result<BackupPlan, RunError> {
        let plan = plan_incremental(&facts, baseline, forced);
        let mut counted = Vec::new();
        for table in part_of_what_may_count(&facts, &plan) {
            let read =
                || async { Ok(read_definition(self.session, &self.order.database, table).await?) };
            if has_counted_column(&self.job.patiently(self.order.patience, read).await?) {
                counted.push(table.clone());
            }
        }
        if counted.is_empty() {
            return Ok(plan);
        }
        for name in &counted {
            self.job.journal.finding(
                format!(
                    "table {}.{name} is taken whole: it has an AUTO_INCREMENT column, and only a whole copy brings its next number",
                    self.order.database
                ),
                None,
            );
            if let Some(table) = facts.tables.get_mut(name) {
                table.counts = true;
            }
        }
        Ok(plan_incremental(&facts, baseline, forced))
    }
}

fn nothing_to_take(order: &DatabaseOrder, facts: &DatabaseFacts) -> Refused {
    let reasons: Vec<String> = facts
        .left_out
        .iter()
        .map(|out| format!("{} {}", out.table, out.reason))
        .collect();
    let reasons = if reasons.is_empty() {
        "it has no table".to_owned()
    } else {
        reasons.join("; ")
    };
    Refused::not_found(
        format!(
            "the inventory group `{}` names no table of database `{}` that can be backed up: {reasons}",
            order.group, order.database
        ),
        "correct the group's rows in ops.table_inventory",
    )
}
