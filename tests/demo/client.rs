//! A MySQL client of the cluster, as any application is one. Every statement has a deadline.

use std::net::SocketAddr;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Value};
use tokio::time::timeout;

use crate::Failure;

const DEADLINE: Duration = Duration::from_secs(30);

/// Cells as the cluster prints them; `None` is NULL.
pub type Row = Vec<Option<String>>;

pub struct Client(Conn);

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Client, Failure> {
        let options = OptsBuilder::default()
            .ip_or_hostname(address.ip().to_string())
            .tcp_port(address.port())
            .user(Some("root"))
            .prefer_socket(false)
            .max_allowed_packet(Some(64 << 20))
            .wait_timeout(Some(28_800))
            .stmt_cache_size(Some(0));
        Ok(Client(timeout(DEADLINE, Conn::new(options)).await??))
    }

    pub async fn run(&mut self, sql: &str) -> Result<(), Failure> {
        timeout(DEADLINE, self.0.query_drop(sql))
            .await
            .map_err(|_| failed(sql, &"no answer within 30 s"))?
            .map_err(|error| failed(sql, &error))
    }

    pub async fn rows(&mut self, sql: &str) -> Result<Vec<Row>, Failure> {
        let rows: Vec<mysql_async::Row> = timeout(DEADLINE, self.0.query(sql))
            .await
            .map_err(|_| failed(sql, &"no answer within 30 s"))?
            .map_err(|error| failed(sql, &error))?;
        let row = |row: mysql_async::Row| row.unwrap().into_iter().map(cell).collect();
        Ok(rows.into_iter().map(row).collect())
    }

    /// The only column of every row.
    pub async fn column(&mut self, sql: &str) -> Result<Vec<String>, Failure> {
        let rows = self.rows(sql).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| row.into_iter().next().flatten())
            .collect())
    }
}

fn cell(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        // The text protocol sends bytes only.
        other => Some(other.as_sql(true)),
    }
}

fn failed(sql: &str, error: &dyn std::fmt::Display) -> Failure {
    let shown: String = sql.chars().take(200).collect();
    format!("{error}\nin {shown}").into()
}
