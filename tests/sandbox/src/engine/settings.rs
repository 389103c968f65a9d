//! SET, USE, users, ADMIN: what changes a session or the whole cluster without touching rows.

use rusqlite::types::Value;
use sqlparser::ast as sql;

use crate::answer::{Answer, ResultSet, SqlError};
use crate::ast::Assignment;
use crate::engine::access::Need;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::functions::like;
use crate::engine::session::Session;
use crate::engine::value::text_of;

impl Cluster {
    pub fn set(
        &mut self,
        session: &mut Session,
        assignments: &[Assignment],
    ) -> Result<Answer, SqlError> {
        for assignment in assignments {
            let value = self.assigned(session, &assignment.value)?;
            if let Some(name) = assignment.name.strip_prefix('@') {
                // `SetStmtAnalyzer.analyzeUserVariable`
                if name.len() > 64 {
                    return Err(error::analyzing(format!(
                        "User variable name '{name}' is illegal"
                    )));
                }
                session
                    .user_variables
                    .insert(assignment.name.to_ascii_lowercase(), text_of(&value));
                continue;
            }
            let text = match value {
                Value::Null => String::new(),
                other => text_of(&other).unwrap_or_default(),
            };
            let text = if text == "DEFAULT" {
                self.variables.default_of(&assignment.name)?.to_owned()
            } else {
                text
            };
            self.variables
                .set(session, assignment.global, &assignment.name, &text)?;
        }
        Ok(done())
    }

    /// A bare word is its own text: `SET sql_mode = ANSI`.
    fn assigned(&mut self, session: &Session, expression: &sql::Expr) -> Result<Value, SqlError> {
        match expression {
            sql::Expr::Identifier(word) if !word.value.starts_with('@') => {
                Ok(Value::Text(word.value.clone()))
            }
            sql::Expr::Value(value) => match &value.value {
                sql::Value::Boolean(flag) => Ok(Value::Text(flag.to_string())),
                sql::Value::Number(digits, _) => Ok(Value::Text(digits.clone())),
                _ => self.evaluate(session, expression),
            },
            sql::Expr::Subquery(_) => Err(error::analyzing(
                "Set statement only support constant expr.",
            )),
            _ => self.evaluate(session, expression),
        }
    }

    pub fn use_database(&self, session: &mut Session, name: &str) -> Result<Answer, SqlError> {
        let known =
            self.databases.contains_key(name) || matches!(name, "information_schema" | "sys");
        if !known {
            return Err(SqlError::new(
                5501,
                "3F000",
                format!("Unknown database '{name}'"),
            ));
        }
        self.need(session, Need::AnyInDatabase(name))?;
        session.database = Some(name.to_owned());
        Ok(done())
    }

    /// Sorted by key (`ConfigBase.getConfigInfo`; the columns are those of 3.4.3 and of January 2026).
    pub fn show_config(&self, pattern: Option<&str>) -> Answer {
        let mut result =
            ResultSet::text(&["Key", "AliasNames", "Value", "Type", "IsMutable", "Comment"]);
        for (key, value) in self
            .config
            .iter()
            .filter(|(key, _)| pattern.is_none_or(|pattern| like(pattern, key)))
        {
            let mutable = is_mutable(key).to_string();
            result.rows.push(
                [key, "[]", value, type_of_config(key, value), &mutable, ""]
                    .map(|cell| Some(cell.to_owned()))
                    .to_vec(),
            );
        }
        Answer::Rows(result)
    }

    /// `ConfigBase.setMutableConfig`: an `InvalidConfException`, which has no code.
    pub fn set_config(&mut self, key: &str, value: &str) -> Result<Answer, SqlError> {
        match self.config.get_mut(key).filter(|_| is_mutable(key)) {
            None => Err(SqlError::plain(format!(
                "Config '{key}' does not exist or is not mutable"
            ))),
            Some(current) => {
                let value = value.trim();
                if !fits_type(type_of_config(key, current), value) {
                    return Err(SqlError::plain(format!(
                        "Failed to set config '{key}'. err: For input string: \"{value}\""
                    )));
                }
                if type_of_config(key, current) == "boolean" {
                    *current = value.eq_ignore_ascii_case("true").to_string();
                } else {
                    value.clone_into(current);
                }
                if key == "mysql_server_version" && !value.is_empty() {
                    self.variables.set_version(value);
                }
                Ok(done())
            }
        }
    }

    /// KILL of a session of this frontend.
    pub fn kill(&mut self, query: bool, id: u64) -> Result<Answer, SqlError> {
        let open = u32::try_from(id)
            .ok()
            .filter(|id| self.sessions.contains_key(id));
        match open {
            None if query => Err(SqlError::new(
                1365,
                "42000",
                format!("Unknown query id: {id}"),
            )),
            None => Err(SqlError::new(
                1094,
                "HY000",
                format!("Unknown thread id: {id}"),
            )),
            Some(id) => {
                if !query {
                    self.sessions.remove(&id);
                    self.killed.push(id);
                }
                Ok(done())
            }
        }
    }
}

/// `@ConfField(mutable = true)` of `common/Config.java`.
fn is_mutable(key: &str) -> bool {
    !matches!(key, "run_mode" | "qe_max_connection" | "enable_udf")
}

/// `ConfigBase.setConfigField`: what Java parses. A boolean takes everything, and what is not `true` is false.
fn fits_type(kind: &str, value: &str) -> bool {
    match kind {
        "short" => value.parse::<i16>().is_ok(),
        "int" => value.parse::<i32>().is_ok(),
        "long" => value.parse::<i64>().is_ok(),
        _ => true,
    }
}

/// The type of the field in `common/Config.java`.
fn type_of_config(key: &str, value: &str) -> &'static str {
    match key {
        "default_replication_num" => "short",
        "catalog_trash_expire_second" | "dynamic_partition_check_interval_seconds" => "long",
        "run_mode" | "mysql_server_version" => "String",
        _ if matches!(value, "true" | "false") => "boolean",
        _ => "int",
    }
}
