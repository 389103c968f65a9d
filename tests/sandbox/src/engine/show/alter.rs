//! SHOW ALTER TABLE COLUMN (`common/proc/SchemaChangeProcDir.java`).

use crate::answer::{ResultSet, SqlError};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::session::Session;
use crate::engine::show::{Row, with_nulls};

const COLUMNS: [&str; 13] = [
    "JobId",
    "TableName",
    "CreateTime",
    "FinishTime",
    "IndexName",
    "IndexId",
    "OriginIndexId",
    "SchemaVersion",
    "TransactionId",
    "State",
    "Msg",
    "Progress",
    "Timeout",
];

impl Cluster {
    pub fn show_alter_columns(
        &self,
        session: &Session,
        database: Option<&str>,
    ) -> Result<ResultSet, SqlError> {
        let name = database
            .or(session.database.as_deref())
            .ok_or_else(error::no_database)?;
        let id = self.database(name)?.id;
        let rows: Vec<Row> = self
            .alter_jobs
            .iter()
            .filter(|job| job.database_id == id)
            .map(|job| {
                vec![
                    Some(job.id.to_string()),
                    Some(job.table.clone()),
                    Some(session.zone.show(job.created)),
                    job.finished.map(|moment| session.zone.show(moment)),
                    Some(job.table.clone()),
                    Some(job.index_id.to_string()),
                    Some(job.origin_index_id.to_string()),
                    Some(format!("{}:0", job.schema_version)),
                    Some(job.transaction.to_string()),
                    Some(job.state_name().to_owned()),
                    Some(job.message.clone()),
                    None,
                    Some("86400".to_owned()),
                ]
            })
            .collect();
        Ok(with_nulls(&COLUMNS, rows))
    }
}
