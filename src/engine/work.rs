//! What a job is to do.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::catalog::{BackupKind, JobKind, Trigger};
use crate::config::{Chaining, GroupSchedule, Keep, OpsBackup, OpsSettings, Schedule, Zone};
use crate::names::{DatabaseName, GroupName, JobId, Label, RepositoryName};
use crate::plan::restore::RestorePlan;
use crate::plan::retention::{Keeping, PrunePlan};
use crate::plan::timetable::Fire;
use crate::plan::verify::Verify;
use crate::run::Safekeeping;
use crate::run::group::GroupOrder;
use crate::run::recover::RecoverOrder;
use crate::run::undo::Ending;

#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    Adopt,
    Backup(Box<GroupOrder>),
    Restore {
        plan: Box<RestorePlan>,
        requested_by: String,
    },
    End {
        restore: JobId,
        ending: Ending,
    },
    Prune(Box<PrunePlan>),
    Recover(RecoverOrder),
}

impl Work {
    pub fn kind(&self) -> JobKind {
        match self {
            Work::Adopt => JobKind::Adopt,
            Work::Backup(order) => match order.kind {
                BackupKind::Full => JobKind::Full,
                BackupKind::Incremental => JobKind::Incremental,
            },
            Work::Restore { .. } => JobKind::Restore,
            Work::End {
                ending: Ending::Undo,
                ..
            } => JobKind::Undo,
            Work::End {
                ending: Ending::MakeLive,
                ..
            } => JobKind::Swap,
            Work::End {
                ending: Ending::Discard | Ending::Expire,
                ..
            } => JobKind::Discard,
            Work::Prune(_) => JobKind::Prune,
            Work::Recover(_) => JobKind::Recover,
        }
    }

    /// Runs of one group follow one another.
    pub fn group(&self) -> Option<&GroupName> {
        match self {
            Work::Backup(order) => Some(&order.group),
            Work::Restore { plan, .. } => plan.group.as_ref(),
            Work::Prune(plan) => match plan.groups.as_slice() {
                [only] => Some(&only.group),
                _ => None,
            },
            Work::Adopt | Work::End { .. } | Work::Recover(_) => None,
        }
    }

    /// Whatever runs beside it would write into tables that are being replaced.
    pub fn is_alone(&self) -> bool {
        matches!(self, Work::Recover(_))
    }

    pub fn labels(&self) -> Vec<Label> {
        match self {
            Work::Restore { plan, .. } => vec![plan.target.clone()],
            Work::Adopt
            | Work::Backup(_)
            | Work::End { .. }
            | Work::Prune(_)
            | Work::Recover(_) => Vec::new(),
        }
    }
}

/// What holds where the schedule says nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Defaults {
    pub repository: Option<RepositoryName>,
    pub job_timeout: Duration,
    pub verify: Verify,
}

/// How long a request waits for its turn or for the cluster: a person is watching.
const REQUEST_PATIENCE: Duration = Duration::from_secs(60);

/// A backup that a person asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub group: GroupName,
    pub kind: BackupKind,
    pub baseline: Option<Label>,
    pub name: Option<Label>,
}

/// No repository is named for the group, in the schedule or as the default.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no repository is named for the group `{0}`")]
pub struct NoRepository(pub GroupName);

impl Defaults {
    pub fn order_for_fire(
        &self,
        schedule: &Schedule,
        fire: &Fire,
        trigger: Trigger,
        now: DateTime<Utc>,
    ) -> Result<GroupOrder, NoRepository> {
        let rules = schedule.groups.get(&fire.group);
        let mut order = self.order(rules, fire.group.clone(), fire.kind, now)?;
        order.trigger = trigger;
        order.scheduled = Some(fire.scheduled_at);
        order.patience = rules.map_or(REQUEST_PATIENCE, |rules| rules.wait_limit);
        Ok(order)
    }

    pub fn order_for_wish(
        &self,
        schedule: &Schedule,
        wish: Wish,
        now: DateTime<Utc>,
    ) -> Result<GroupOrder, NoRepository> {
        let mut order = self.order(schedule.groups.get(&wish.group), wish.group, wish.kind, now)?;
        order.baseline = wish.baseline;
        order.name = wish.name;
        Ok(order)
    }

    pub fn order_for_rerun(
        &self,
        schedule: &Schedule,
        fire: &Fire,
        only: BTreeSet<DatabaseName>,
        now: DateTime<Utc>,
    ) -> Result<GroupOrder, NoRepository> {
        let order = self.order_for_fire(schedule, fire, Trigger::CatchUp, now)?;
        Ok(GroupOrder {
            only: Some(only),
            ..order
        })
    }

    fn order(
        &self,
        rules: Option<&GroupSchedule>,
        group: GroupName,
        kind: BackupKind,
        now: DateTime<Utc>,
    ) -> Result<GroupOrder, NoRepository> {
        let named = rules.and_then(|rules| rules.repository.clone());
        let repository = named
            .or_else(|| self.repository.clone())
            .ok_or_else(|| NoRepository(group.clone()))?;
        Ok(GroupOrder {
            keeping: rules
                .filter(|rules| !rules.keep.is_everything())
                .map(|rules| keeping(&group, Some(rules))),
            group,
            kind,
            repository,
            baseline: None,
            name: None,
            day: rules.map_or_else(
                || now.date_naive(),
                |rules| rules.zone.local(now).date_naive(),
            ),
            trigger: Trigger::Request,
            scheduled: None,
            job_timeout: rules
                .and_then(|rules| rules.job_timeout)
                .unwrap_or(self.job_timeout),
            verify: rules.and_then(|rules| rules.verify).unwrap_or(self.verify),
            chaining: rules.map_or(Chaining::Differential, |rules| rules.chaining),
            patience: REQUEST_PATIENCE,
            only: None,
        })
    }
}

/// A group that the schedule does not name keeps everything.
pub fn keeping(group: &GroupName, rules: Option<&GroupSchedule>) -> Keeping {
    match rules {
        None => Keeping::everything(group.clone()),
        Some(rules) => Keeping {
            group: group.clone(),
            keep: rules.keep,
            zone: rules.zone,
        },
    }
}

/// Backups of `ops` are kept by their number alone.
pub fn safekeeping(settings: &OpsSettings) -> Safekeeping {
    let keeping = Keeping {
        group: GroupName::of_ops(),
        keep: Keep {
            fulls: Some(settings.keep_backups),
            floor: settings.keep_backups.min(Keep::EVERYTHING.floor),
            ..Keep::EVERYTHING
        },
        zone: Zone::UTC,
    };
    let backs_up = settings.backup == OpsBackup::AfterEachRun;
    Safekeeping::new(
        backs_up.then_some(keeping),
        Some(&settings.mirror_directory),
    )
}
