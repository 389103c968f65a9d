//! What has not begun yet: a due moment or a request, and how long its turn may take to come.

use chrono::{DateTime, Utc};

use super::work::Work;
use crate::catalog::{BackupKind, Trigger};
use crate::names::JobId;
use crate::plan::timetable::Fire;

#[derive(Debug)]
pub struct Waiting {
    pub job: JobId,
    pub work: Work,
    pub trigger: Trigger,
    /// `None` for a request.
    pub fire: Option<Fire>,
    pub until: DateTime<Utc>,
}

impl Waiting {
    /// Whether `fire` would bring nothing that this will not. The rest of an earlier life's run covers some databases only.
    pub fn covers(&self, fire: &Fire) -> bool {
        let whole = !matches!(&self.work, Work::Backup(order) if order.only.is_some());
        let same = self.fire.as_ref().is_some_and(|other| {
            other.group == fire.group && (other.kind == fire.kind || other.kind == BackupKind::Full)
        });
        whole && same
    }

    pub fn kind(&self) -> &'static str {
        self.fire.as_ref().map_or("run", |fire| fire.kind.as_str())
    }

    pub fn due_at(&self) -> String {
        self.fire.as_ref().map_or_else(String::new, |fire| {
            fire.scheduled_at.format("%F %T").to_string()
        })
    }
}
