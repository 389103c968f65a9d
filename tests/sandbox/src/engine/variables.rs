//! System variables: what exists, what SET changes, and the 1193 that StarRocks answers for the rest (`qe/VariableMgr.java`).

use std::collections::BTreeMap;

use chrono_tz::Tz;

use crate::answer::SqlError;
use crate::engine::error;
use crate::engine::session::Session;
use crate::engine::zone::Zone;
use crate::release::Release;

/// The flags of `qe/GlobalVariable.java` and `qe/SessionVariable.java`.
const READ_ONLY: &[&str] = &[
    "language",
    "license",
    "lower_case_table_names",
    "net_buffer_length",
    "performance_schema",
    "system_time_zone",
    "version",
    "version_comment",
];

const GLOBAL_ONLY: &[&str] = &[
    "activate_all_roles_on_login",
    "character_set_database",
    "init_connect",
    "query_cache_size",
    "query_queue_max_queued_queries",
];

/// Variables whose default is a whole number, while others are taken too: a fraction, `2G`, names of modes.
const NOT_WHOLE: &[&str] = &["exec_mem_limit", "insert_max_filter_ratio", "sql_mode_v2"];

const SESSION_ONLY: &[&str] = &["catalog", "custom_query_id", "resource_group", "warehouse"];

const DEFAULTS: &[(&str, &str)] = &[
    ("activate_all_roles_on_login", "false"),
    ("auto_increment_increment", "1"),
    ("autocommit", "true"),
    ("big_query_profile_threshold", "0s"),
    ("catalog", "default_catalog"),
    ("character_set_client", "utf8"),
    ("character_set_connection", "utf8"),
    ("character_set_database", "utf8"),
    ("character_set_results", "utf8"),
    ("character_set_server", "utf8"),
    ("chunk_size", "4096"),
    ("collation_connection", "utf8_general_ci"),
    ("collation_database", "utf8_general_ci"),
    ("collation_server", "utf8_general_ci"),
    ("custom_query_id", ""),
    ("default_table_compression", "lz4_frame"),
    ("disable_colocate_join", "false"),
    ("dynamic_overwrite", "false"),
    ("enable_insert_strict", "true"),
    ("enable_profile", "false"),
    ("exec_mem_limit", "2147483648"),
    ("expr_children_limit", "-1"),
    ("follower_query_forward_mode", ""),
    ("forward_to_leader", "false"),
    ("init_connect", ""),
    ("insert_max_filter_ratio", "0"),
    ("insert_timeout", "14400"),
    ("interactive_timeout", "3600"),
    ("io_tasks_per_scan_operator", "4"),
    ("language", "/starrocks/share/english/"),
    ("license", "Apache License 2.0"),
    ("lower_case_table_names", "0"),
    ("max_allowed_packet", "33554432"),
    ("net_buffer_length", "16384"),
    ("net_read_timeout", "60"),
    ("net_write_timeout", "60"),
    ("parallel_fragment_exec_instance_num", "1"),
    ("parse_tokens_limit", "3500000"),
    ("performance_schema", "false"),
    ("pipeline_dop", "0"),
    ("query_cache_size", "1048576"),
    ("query_cache_type", "0"),
    ("query_mem_limit", "0"),
    ("query_queue_max_queued_queries", "1024"),
    ("query_timeout", "300"),
    ("resource_group", ""),
    ("sql_auto_is_null", "false"),
    ("sql_dialect", "StarRocks"),
    ("sql_mode", "ONLY_FULL_GROUP_BY"),
    ("sql_mode_v2", "32"),
    ("sql_quote_show_create", "true"),
    ("sql_safe_updates", "0"),
    ("sql_select_limit", "9223372036854775807"),
    ("storage_engine", "olap"),
    ("transaction_isolation", "REPEATABLE-READ"),
    ("transaction_read_only", "false"),
    ("tx_isolation", "REPEATABLE-READ"),
    ("tx_read_only", "false"),
    ("tx_visible_wait_timeout", "10"),
    ("use_compute_nodes", "-1"),
    ("wait_timeout", "28800"),
    ("warehouse", "default_warehouse"),
];

#[derive(Debug, Clone)]
pub struct Variables {
    globals: BTreeMap<String, String>,
    /// What SET … = DEFAULT goes back to.
    defaults: BTreeMap<String, String>,
}

impl Variables {
    pub fn new(release: Release, zone: Tz) -> Variables {
        let mut globals: BTreeMap<String, String> = DEFAULTS
            .iter()
            .filter(|(name, _)| exists(release, name))
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        for (name, value) in [
            ("version", release.mysql_version()),
            ("version_comment", release.version()),
        ] {
            globals.insert(name.to_owned(), value.to_owned());
        }
        globals.insert("time_zone".to_owned(), zone.name().to_owned());
        globals.insert("system_time_zone".to_owned(), zone.name().to_owned());
        Variables {
            defaults: globals.clone(),
            globals,
        }
    }

    /// What FE config `mysql_server_version` says (`DDLStmtExecutor.visitAdminSetConfigStatement`).
    pub fn set_version(&mut self, version: &str) {
        self.globals
            .insert("version".to_owned(), version.to_owned());
    }

    /// For `SET name = DEFAULT`: a semantic error where there is no such variable (`VariableMgr.getDefaultValue`).
    pub fn default_of(&self, name: &str) -> Result<&str, SqlError> {
        let name = name.to_ascii_lowercase();
        self.defaults
            .get(&name)
            .map(String::as_str)
            .ok_or_else(|| self.unknown(&name))
    }

    pub fn global(&self, name: &str) -> Option<&str> {
        self.globals.get(name).map(String::as_str)
    }

    /// The value a session sees, or 1193.
    pub fn of<'v>(&'v self, session: &'v Session, name: &str) -> Result<&'v str, SqlError> {
        let name = name.to_ascii_lowercase();
        session
            .variables
            .get(&name)
            .map(String::as_str)
            .or_else(|| self.global(&name))
            .ok_or_else(|| self.unknown(&name))
    }

    pub fn set(
        &mut self,
        session: &mut Session,
        global: bool,
        name: &str,
        value: &str,
    ) -> Result<(), SqlError> {
        let name = name.to_ascii_lowercase();
        let value = checked(&name, value)?;
        self.check_update(global, &name)?;
        let value = self.typed(&name, value)?;
        if name == "time_zone" {
            session.zone = Zone::parse(&value)?;
        }
        if global {
            self.globals.insert(name.clone(), value.clone());
        }
        session.variables.insert(name, value);
        Ok(())
    }

    /// (name, value) as SHOW VARIABLES lists them.
    pub fn list(&self, session: &Session, global: bool) -> Vec<(String, String)> {
        let value = |name: &String, default: &String| {
            let own = if global {
                None
            } else {
                session.variables.get(name)
            };
            own.unwrap_or(default).clone()
        };
        self.globals
            .iter()
            .map(|(name, default)| (name.clone(), value(name, default)))
            .collect()
    }

    /// `VariableMgr.checkSystemVariableExist` and `checkUpdate`, when SET runs: without the analyzer's prefix.
    fn check_update(&self, global: bool, name: &str) -> Result<(), SqlError> {
        if !self.globals.contains_key(name) {
            return Err(SqlError::new(1193, "HY000", self.unknown_text(name)));
        }
        let (code, wrong) = if READ_ONLY.contains(&name) {
            (1621, "is a read only variable")
        } else if global && SESSION_ONLY.contains(&name) {
            (
                1228,
                "is a SESSION variable and can't be used with SET GLOBAL",
            )
        } else if !global && GLOBAL_ONLY.contains(&name) {
            (
                1229,
                "is a GLOBAL variable and should be set with SET GLOBAL",
            )
        } else {
            return Ok(());
        };
        Err(SqlError::new(
            code,
            "HY000",
            format!("Variable '{name}' {wrong}"),
        ))
    }

    /// `VariableMgr.setValue`: a variable keeps the type of its default.
    fn typed(&self, name: &str, value: String) -> Result<String, SqlError> {
        let default = self.defaults.get(name).map_or("", String::as_str);
        if matches!(default, "true" | "false") {
            return match value.to_ascii_lowercase().as_str() {
                "on" | "true" | "1" => Ok("true".to_owned()),
                "off" | "false" | "0" => Ok("false".to_owned()),
                _ => Err(SqlError::new(
                    1231,
                    "42000",
                    format!("Variable '{name}' can't be set to the value of '{value}'"),
                )),
            };
        }
        let is_number = default.parse::<i64>().is_ok() && !NOT_WHOLE.contains(&name);
        if is_number && value.parse::<i64>().is_err() {
            return Err(SqlError::new(
                1232,
                "42000",
                format!("Incorrect argument type to variable '{name}'"),
            ));
        }
        Ok(value)
    }

    fn unknown(&self, name: &str) -> SqlError {
        error::analyzing_with(1193, "HY000", self.unknown_text(name))
    }

    fn unknown_text(&self, name: &str) -> String {
        let mut names: Vec<&String> = self.globals.keys().collect();
        names.sort_by_key(|known| distance(known, name));
        let similar: Vec<String> = names
            .into_iter()
            .take(3)
            .map(|known| format!("'{known}'"))
            .collect();
        format!(
            "Unknown system variable '{name}', the most similar variables are {{{}}}",
            similar.join(", ")
        )
    }
}

fn exists(release: Release, name: &str) -> bool {
    match name {
        "insert_timeout" | "insert_max_filter_ratio" | "dynamic_overwrite" => {
            release.has_insert_settings()
        }
        "custom_query_id" => release.has_custom_query_id(),
        _ => true,
    }
}

fn checked(name: &str, value: &str) -> Result<String, SqlError> {
    match name {
        "time_zone" => Zone::canonical(value)
            .map_err(|fault| error::analyzing_with(fault.code, fault.state, fault.message)),
        "query_timeout" | "insert_timeout" => in_range(name, value, 1, 259_200),
        "chunk_size" => in_range(name, value, 1, 65_535),
        "query_mem_limit" | "sql_select_limit" => in_range(name, value, 0, i64::MAX),
        _ => Ok(value.to_owned()),
    }
}

/// `SetStmtAnalyzer.checkRangeLongVariable`.
fn in_range(name: &str, value: &str, least: i64, most: i64) -> Result<String, SqlError> {
    let wrong = |text: &str| Err(error::analyzing(format!("{name} {text}")));
    match value.parse::<i64>() {
        Err(_) => wrong("is not a number"),
        Ok(number) if number < least => wrong(&format!("must be equal or greater than {least}")),
        Ok(number) if number > most => wrong(&format!("must be equal or smaller than {most}")),
        Ok(_) => Ok(value.to_owned()),
    }
}

/// Levenshtein.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (at, other) in right.iter().enumerate() {
            let cost = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = cost.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
