//! How a release words a refusal: the one place where an error that leaves the engine becomes what that release sends.
//!
//! The engine raises every error as 3.4.3 does, with its code and, from the analyzer, behind `Getting analyzing error`. Older releases lose
//! the code, and put `Unexpected exception: ` before what fails while a DDL statement runs (`qe/StmtExecutor.handleDdlStmt`,
//! `common/ErrorReport.java`).

use crate::answer::SqlError;
use crate::ast::{Access, Statement};
use crate::release::Release;

/// Texts of what is refused before a statement runs, or by the sandbox rather than by StarRocks.
const BEFORE_EXECUTION: [&str; 5] = [
    "Getting analyzing error",
    "Getting syntax error",
    "Access denied",
    "not modelled by this sandbox",
    "sandbox storage",
];

/// `statement` is the one that failed; none where there was none, as at COM_INIT_DB.
pub fn as_sent(error: SqlError, release: Release, statement: Option<&Statement>) -> SqlError {
    if release.sends_error_codes() {
        return error;
    }
    let executed = !BEFORE_EXECUTION
        .iter()
        .any(|start| error.message.starts_with(start));
    if release.prefixes_execution_errors() && executed && statement.is_some_and(is_definition) {
        return SqlError::plain(format!("Unexpected exception: {}", error.message));
    }
    SqlError::plain(error.message)
}

/// Whether `DDLStmtExecutor` runs it.
fn is_definition(statement: &Statement) -> bool {
    !matches!(
        statement,
        Statement::Query(_)
            | Statement::Insert(_)
            | Statement::Update { .. }
            | Statement::Delete { .. }
            | Statement::Show(_)
            | Statement::AdminShowConfig { .. }
            | Statement::Use(_)
            | Statement::Set(_)
            | Statement::SetPassword { .. }
            | Statement::Access(Access::SetRole(_) | Access::SetDefaultRole { .. })
            | Statement::Begin
            | Statement::Commit
            | Statement::Rollback
            | Statement::Kill { .. }
            | Statement::Sandbox(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(release: Release, message: &str, statement: &Statement) -> (u16, String) {
        let error = SqlError::new(5064, "42000", message);
        let sent = as_sent(error, release, Some(statement));
        (sent.code, sent.message)
    }

    #[test]
    fn execution_errors_of_definitions_lose_code_and_get_a_prefix_up_to_3_2() {
        let drop = Statement::DropRepository {
            name: "r".to_owned(),
        };
        let use_database = Statement::Use("d".to_owned());
        let analyzed = "Getting analyzing error. Detail message: x.";
        for (release, message, statement, expected) in [
            (Release::V3_2, "x", &drop, (1064, "Unexpected exception: x")),
            (Release::V3_2, analyzed, &drop, (1064, analyzed)),
            (Release::V3_2, "x", &use_database, (1064, "x")),
            (Release::V3_3, "x", &drop, (5064, "x")),
            (Release::V4_2, analyzed, &drop, (5064, analyzed)),
        ] {
            let (code, text) = sent(release, message, statement);
            assert_eq!((code, text.as_str()), expected, "{release}");
        }
    }
}
