//! The refusals that several statements share, with StarRocks' code, SQLSTATE and wording (`common/ErrorCode.java`, 3.4–3.5 numbers).

use crate::answer::SqlError;
use crate::ast::Place;
use crate::release::Release;

/// A semantic error without a code of its own: 1064/HY000 behind the analyzer's prefix (`sql/parser/ParsingException.java`).
pub fn analyzing(message: impl AsRef<str>) -> SqlError {
    SqlError::plain(prefixed(message.as_ref()))
}

/// The same prefix in front of an error that carries a code.
pub fn analyzing_with(code: u16, state: &'static str, message: impl AsRef<str>) -> SqlError {
    SqlError::new(code, state, prefixed(message.as_ref()))
}

/// A semantic error that knows its place (`sql/analyzer/SemanticException.java`, `sql/common/ParserErrorMsg.java`).
pub fn analyzing_at(place: Place, message: impl AsRef<str>) -> SqlError {
    let (from, to) = (place.from, place.to);
    let place = if from == to {
        format!("at line {}, column {}", from.0, from.1)
    } else {
        format!(
            "from line {}, column {} to line {}, column {}",
            from.0, from.1, to.0, to.1
        )
    };
    SqlError::plain(format!(
        "Getting analyzing error {place}. Detail message: {}.",
        message.as_ref()
    ))
}

/// ERR_COMMON_ERROR raised while a statement runs: the plain text.
pub fn common(message: impl Into<String>) -> SqlError {
    SqlError::new(5064, "42000", message)
}

/// ERR_COMMON_ERROR raised by the analyzer.
pub fn common_analyzing(message: impl AsRef<str>) -> SqlError {
    analyzing_with(5064, "42000", message)
}

/// The same refusal as the analyzer's.
pub fn from_analyzer(mut refusal: SqlError) -> SqlError {
    if !refusal.message.starts_with("Getting analyzing error") {
        refusal.message = prefixed(&refusal.message);
    }
    refusal
}

pub fn no_database() -> SqlError {
    analyzing_with(1046, "3D000", "No database selected")
}

pub fn unknown_database(name: &str) -> SqlError {
    analyzing_with(5501, "3F000", format!("Unknown database '{name}'"))
}

pub fn unknown_table(name: &str) -> SqlError {
    analyzing_with(5502, "42602", format!("Unknown table '{name}'"))
}

pub fn unknown_column(name: &str) -> SqlError {
    analyzing(format!("Column '{name}' cannot be resolved"))
}

pub fn table_exists(name: &str) -> SqlError {
    SqlError::new(1050, "42S01", format!("Table '{name}' already exists"))
}

/// ERR_BAD_TABLE_STATE (`sql/plan/PlannerMetaLocker` and the scan planner): the table is being restored.
pub fn restoring() -> SqlError {
    SqlError::new(5014, "HY000", "Table state is not NORMAL: 'RESTORING'")
}

/// `common/InvalidOlapTableStateException.java`: ALTER of a table that is being restored.
pub fn alter_while_restoring(table: &str) -> SqlError {
    SqlError::plain(format!(
        "A snapshot restore operation is in progress on the table \"{table}\". Please wait until the current operation completes.\nTo check \
         the status of the operation, see https://docs.starrocks.io/docs/sql-reference/sql-statements/data-manipulation/SHOW_RESTORE"
    ))
}

/// ERR_ACCESS_DENIED: the authorizer's refusal, never prefixed.
pub fn access_denied(detail: &str) -> SqlError {
    SqlError::new(5203, "42000", format!("Access denied; {detail}"))
}

/// The frontend's process ended, or the connection was killed: what MySQL clients call CR_SERVER_LOST. On the wire the connection just ends.
pub fn connection_lost() -> SqlError {
    SqlError::new(
        2013,
        "HY000",
        "Lost connection to MySQL server during query",
    )
}

/// `rpc/ThriftConnectionPool.java` passes on what Java says, which names the cause twice up to Java 11; StarRocks runs on 17 since 3.5.
pub fn connection_refused(release: Release) -> SqlError {
    SqlError::plain(if release.runs_on_java_17() {
        "java.net.ConnectException: Connection refused"
    } else {
        "java.net.ConnectException: Connection refused (Connection refused)"
    })
}

/// ERR_FORWARD_TOO_MANY_TIMES; a statement may be forwarded 30 times.
pub fn forwarded_too_often() -> SqlError {
    SqlError::new(5401, "XX000", "forward too many times 31")
}

/// The same for a table whose schema is being changed.
pub fn alter_while_changing(table: &str) -> SqlError {
    SqlError::plain(format!(
        "A schema change operation is in progress on the table \"{table}\". Please wait until the current operation completes.\nTo check the \
         status of the operation, see https://docs.starrocks.io/docs/sql-reference/sql-statements/data-manipulation/SHOW_ALTER"
    ))
}

/// What StarRocks has and this sandbox does not: always an error, never an approximation.
pub fn not_modelled(what: impl AsRef<str>) -> SqlError {
    SqlError::plain(format!("not modelled by this sandbox: {}", what.as_ref()))
}

/// SQLite refused a statement that the translator let through.
pub fn storage(error: &rusqlite::Error) -> SqlError {
    SqlError::plain(format!("sandbox storage: {error}"))
}

fn prefixed(message: &str) -> String {
    format!("Getting analyzing error. Detail message: {message}.")
}
