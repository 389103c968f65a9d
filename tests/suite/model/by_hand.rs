//! What others do to the tables with jobs of the cluster, and how long it lasts.

use std::time::Duration;

use tokio::time::sleep;

use super::play::Player;
use super::state::{self, cell};

impl Player {
    /// Where a column comes by a job (before 3.3, and always for some kinds), a table changes by itself until it is over, and nothing else can be
    /// done to it.
    pub async fn no_schema_change(&self) {
        loop {
            let jobs = self.sql("SHOW ALTER TABLE COLUMN FROM shop");
            let over = |row| matches!(cell(&jobs, row, "State"), Some("FINISHED" | "CANCELLED"));
            if (0..jobs.rows.len()).all(over) {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// What StarRocks refuses, or gives up, changes nothing.
    pub async fn restore_by_hand(&self, point: usize, table: &str) {
        let label = &self.points[point].label;
        let history = self.sql(&format!(
            "SELECT snapshot_timestamp FROM ops.backup_history WHERE label = '{label}'"
        ));
        let Some(timestamp) = cell(&history, 0, "snapshot_timestamp") else {
            return;
        };
        let replicas = self.sql(&format!(
            "SELECT MAX(REPLICATION_NUM) AS n FROM information_schema.partitions_meta WHERE DB_NAME = 'shop' AND TABLE_NAME = '{table}'"
        ));
        let replicas = cell(&replicas, 0, "n").unwrap_or("1");
        let restore = format!(
            "RESTORE SNAPSHOT shop.{label} FROM repo ON ({table}) PROPERTIES \
             ('backup_timestamp' = '{timestamp}', 'replication_num' = '{replicas}')"
        );
        let said = state::run(&self.laboratory.sandbox, &restore)
            .map_or_else(|error| error.to_string(), |_| "accepted".to_owned());
        self.laboratory
            .note(format!("-- by hand: {restore}: {said}"));
        sleep(Duration::from_secs(60)).await;
        let jobs = self.sql("SHOW RESTORE FROM shop");
        self.laboratory
            .note(format!("-- by hand: {:?}", cell(&jobs, 0, "Status")));
    }
}
