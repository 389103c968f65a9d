//! SHOW ROUTINE LOAD, SHOW TRANSACTION and SHOW PROC '/transactions' (`sql/ast/ShowRoutineLoadStmt.java`, `common/proc/Trans*ProcDir.java`).

use crate::answer::{ResultSet, SqlError};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::routine_load::{RoutineLoad, RoutineLoadState};
use crate::engine::session::Session;
use crate::engine::show::{Row, table, with_nulls};
use crate::engine::transactions::{Transaction, TransactionStatus};

const ROUTINE_LOAD: [&str; 22] = [
    "Id",
    "Name",
    "CreateTime",
    "PauseTime",
    "EndTime",
    "DbName",
    "TableName",
    "State",
    "DataSourceType",
    "CurrentTaskNum",
    "JobProperties",
    "DataSourceProperties",
    "CustomProperties",
    "Statistic",
    "Progress",
    "TimestampProgress",
    "ReasonOfStateChanged",
    "ErrorLogUrls",
    "TrackingSQL",
    "OtherMsg",
    "LatestSourcePosition",
    "OffsetLag",
];

const TRANSACTION: [&str; 14] = [
    "TransactionId",
    "Label",
    "Coordinator",
    "TransactionStatus",
    "LoadJobSourceType",
    "PrepareTime",
    "CommitTime",
    "PublishTime",
    "FinishTime",
    "Reason",
    "ErrorReplicasCount",
    "ListenerId",
    "TimeoutMs",
    "ErrMsg",
];

impl Cluster {
    /// Without ALL, what has ended is left out; a name that finds nothing is an error.
    pub fn show_routine_loads(
        &self,
        session: &Session,
        all: bool,
        database: Option<&str>,
        name: Option<&str>,
    ) -> Result<ResultSet, SqlError> {
        let database = database
            .or(session.database.as_deref())
            .ok_or_else(error::no_database)?;
        let id = self
            .databases
            .get(database)
            .ok_or_else(|| {
                error::analyzing(format!("failed to find database by dbFullName {database}"))
            })?
            .id;
        let rows: Vec<Row> = self
            .routine_loads
            .iter()
            .filter(|job| job.database_id == id && name.is_none_or(|name| job.name == name))
            .filter(|job| all || !job.state.is_final())
            .map(|job| self.routine_load_row(session, job))
            .collect();
        match name {
            Some(name) if rows.is_empty() => Err(error::analyzing(format!(
                "There is no running job named {name} in db {database}. Include history? {all}, you can try `show all routine load job for \
                 job_name` if you want to list stopped and cancelled jobs"
            ))),
            _ => Ok(with_nulls(&ROUTINE_LOAD, rows)),
        }
    }

    pub fn routine_load_row(&self, session: &Session, job: &RoutineLoad) -> Row {
        let time = |moment: Option<_>| moment.map(|moment| session.zone.show(moment));
        let text = |text: &str| Some(text.to_owned());
        let property = |key: &str| {
            job.source_properties
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value.clone())
                .unwrap_or_default()
        };
        let database = self.database_by_id(job.database_id);
        let shown =
            job.state == RoutineLoadState::Paused || job.state == RoutineLoadState::Cancelled;
        vec![
            Some(job.id.to_string()),
            text(&job.name),
            time(Some(job.created)),
            time(job.paused),
            time(job.ended),
            Some(database.map_or_else(
                || job.database_id.to_string(),
                |database| database.name.clone(),
            )),
            // A table that is gone is told by its id.
            Some(
                self.table_name_by_id(job.database_id, job.table_id)
                    .unwrap_or_else(|| job.table_id.to_string()),
            ),
            text(job.state.name()),
            text(&job.source),
            text(if job.state == RoutineLoadState::Running {
                "1"
            } else {
                "0"
            }),
            Some(json(&job.properties)),
            Some(
                serde_json::json!({
                    "topic": property("kafka_topic"),
                    "currentKafkaPartitions": "0",
                    "brokerList": property("kafka_broker_list"),
                })
                .to_string(),
            ),
            text("{}"),
            Some(
                serde_json::json!({
                    "totalRows": job.loaded,
                    "loadedRows": job.loaded,
                    "errorRows": 0,
                    "unselectedRows": 0,
                    "abortedTaskNum": job.failed,
                })
                .to_string(),
            ),
            text("{}"),
            text("{}"),
            text(if shown { &job.reason } else { "" }),
            text(""),
            text(""),
            text(""),
            text("{}"),
            text("{}"),
        ]
    }

    /// `SHOW TRANSACTION WHERE ID = n`
    pub fn show_transaction(
        &self,
        session: &Session,
        database: Option<&str>,
        id: u64,
    ) -> Result<ResultSet, SqlError> {
        let database = database
            .or(session.database.as_deref())
            .ok_or_else(error::no_database)?;
        let database_id = self.database(database)?.id;
        let found = self
            .transactions
            .find(id)
            .filter(|transaction| transaction.database_id == database_id)
            .ok_or_else(|| error::analyzing(format!("transaction with id {id} does not exist")))?;
        Ok(with_nulls(
            &TRANSACTION,
            vec![transaction_row(session, found)],
        ))
    }

    pub fn show_proc(&self, session: &Session, path: &str) -> Result<ResultSet, SqlError> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            ["frontends"] => Ok(self.show_proc_frontends(session)),
            ["transactions"] => Ok(table(
                &["DbId", "DbName"],
                self.databases
                    .values()
                    .map(|database| vec![database.id.to_string(), database.name.clone()])
                    .collect(),
            )),
            ["transactions", database] => {
                let id = self.proc_database(path, database)?;
                let running = self.running_of(id).count();
                let finished = self.finished_of(id).count();
                Ok(table(
                    &["State", "Number"],
                    vec![
                        vec!["running".to_owned(), running.to_string()],
                        vec!["finished".to_owned(), finished.to_string()],
                    ],
                ))
            }
            ["transactions", database, state @ ("running" | "finished")] => {
                let id = self.proc_database(path, database)?;
                let mut found: Vec<&Transaction> = if *state == "running" {
                    self.running_of(id).collect()
                } else {
                    self.finished_of(id).collect()
                };
                // Newest first (`TransactionState.TXN_ID_COMPARATOR`).
                found.sort_by_key(|transaction| std::cmp::Reverse(transaction.id));
                let rows = found
                    .into_iter()
                    .map(|transaction| transaction_row(session, transaction))
                    .collect();
                Ok(with_nulls(&TRANSACTION, rows))
            }
            ["transactions", database, "running" | "finished", id] => {
                self.proc_database(path, database)?;
                self.proc_tables(path, id)
            }
            ["transactions", _, _] => Err(proc_error(path, "State is invalid")),
            _ => Err(error::not_modelled(format!("SHOW PROC '{path}'"))),
        }
    }

    /// A transaction's tables are known once it is committed: before, there is no row.
    fn proc_tables(&self, path: &str, id: &str) -> Result<ResultSet, SqlError> {
        let found = id
            .parse()
            .ok()
            .and_then(|id| self.transactions.find(id))
            .ok_or_else(|| proc_error(path, &format!("Transaction[{id}] does not exist.")))?;
        let rows = match found.status {
            TransactionStatus::Committed | TransactionStatus::Visible => {
                vec![vec![found.table_id.to_string(), String::new()]]
            }
            TransactionStatus::Prepare | TransactionStatus::Aborted => Vec::new(),
        };
        Ok(table(&["TableId", "CommittedPartitionIds"], rows))
    }

    fn proc_database(&self, path: &str, name: &str) -> Result<u64, SqlError> {
        let by_id = name
            .parse()
            .ok()
            .and_then(|id| self.database_by_id(id))
            .map(|database| database.id);
        by_id
            .or_else(|| self.databases.get(name).map(|database| database.id))
            .ok_or_else(|| proc_error(path, &format!("Unknown database id or name \"{name}\"")))
    }

    fn running_of(&self, database: u64) -> impl Iterator<Item = &Transaction> {
        self.transactions
            .running
            .iter()
            .filter(move |transaction| transaction.database_id == database)
    }

    fn finished_of(&self, database: u64) -> impl Iterator<Item = &Transaction> {
        self.transactions
            .finished
            .iter()
            .filter(move |transaction| transaction.database_id == database)
    }
}

fn transaction_row(session: &Session, transaction: &Transaction) -> Row {
    let time = |moment: Option<_>| moment.map(|moment| session.zone.show(moment));
    let text = |text: &str| Some(text.to_owned());
    vec![
        Some(transaction.id.to_string()),
        text(&transaction.label),
        text("FE: 127.0.0.1"),
        text(transaction.status.name()),
        text(transaction.source),
        time(Some(transaction.begun)),
        time(transaction.committed),
        time(transaction.finished),
        time(transaction.finished),
        text(&transaction.reason),
        text("0"),
        text("-1"),
        text("300000"),
        text(""),
    ]
}

/// `sql/analyzer/ShowStmtAnalyzer.visitShowProcStmt`
fn proc_error(path: &str, message: &str) -> SqlError {
    error::analyzing(format!("Unknown proc node path: {path}. msg: {message}"))
}

fn json(properties: &[(String, String)]) -> String {
    let map: serde_json::Map<String, serde_json::Value> = properties
        .iter()
        .map(|(key, value)| (key.clone(), value.clone().into()))
        .collect();
    serde_json::Value::Object(map).to_string()
}
