//! What retention writes: pins, marks, and the end of a backup's rows.

use chrono::{DateTime, Utc};

use super::{Ops, OpsError};
use crate::catalog::Pin;
use crate::names::Label;
use crate::starrocks::sql;

const HISTORY: &str = "ops.backup_history";

/// Labels of one statement.
const LABELS: usize = 1_000;

impl Ops {
    /// From here on the labels are no baselines and no recovery points. In the order given, so that a kill between two statements leaves no
    /// link marked that an unmarked one needs. A mark that is there stays as it is.
    pub async fn mark_expired(&self, labels: &[Label], now: DateTime<Utc>) -> Result<(), OpsError> {
        for labels in labels.chunks(LABELS) {
            self.write(&format!(
                "UPDATE {HISTORY} SET expired_ms = {} WHERE label IN ({}) AND expired_ms IS NULL",
                now.timestamp_millis(),
                sql::texts(labels)
            ))
            .await?;
        }
        Ok(())
    }

    pub async fn unmark_expired(&self, labels: &[Label]) -> Result<(), OpsError> {
        for labels in labels.chunks(LABELS) {
            self.write(&format!(
                "UPDATE {HISTORY} SET expired_ms = NULL WHERE label IN ({})",
                sql::texts(labels)
            ))
            .await?;
        }
        Ok(())
    }

    pub async fn pin_backup(&self, label: &Label, pin: &Pin) -> Result<(), OpsError> {
        self.write(&format!(
            "UPDATE {HISTORY} SET pinned_until_ms = {}, pinned_by = {} WHERE label = {}",
            pin.until.timestamp_millis(),
            sql::text(&pin.by),
            sql::text(label.as_str())
        ))
        .await
    }

    pub async fn unpin_backup(&self, label: &Label) -> Result<(), OpsError> {
        self.write(&format!(
            "UPDATE {HISTORY} SET pinned_until_ms = NULL, pinned_by = NULL WHERE label = {}",
            sql::text(label.as_str())
        ))
        .await
    }

    /// May run twice. The history row goes last: as long as it stands, marked, whoever finds it knows that there is more to delete; manifest
    /// rows without it would never be found again.
    pub async fn forget_backup(&self, label: &Label) -> Result<(), OpsError> {
        self.delete_manifest(label).await?;
        self.write(&format!(
            "DELETE FROM {HISTORY} WHERE label = {}",
            sql::text(label.as_str())
        ))
        .await
    }
}
