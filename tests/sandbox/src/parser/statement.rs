//! The first words of a statement, and which module reads the rest.

use crate::answer::SqlError;
use crate::ast::{RoutineLoadChange, Statement};
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::token::{Kind, Lexer};
use crate::release::Release;

/// Reads one statement as that release does. A `;` may follow it.
pub fn parse(sql: &str, release: Release) -> Result<Statement, SqlError> {
    let mut cursor = Cursor::new(sql, release)?;
    let statement = statement(&mut cursor)?;
    while cursor.take_symbol(';') {}
    cursor.expect_end()?;
    Ok(statement)
}

/// Cuts a text at every `;` outside quotes and comments. Pieces of nothing but blanks and comments are left out.
pub fn split(sql: &str) -> Vec<&str> {
    let mut lexer = Lexer::new(sql);
    let mut pieces = Vec::new();
    let mut piece: Option<(usize, usize)> = None;
    loop {
        let token = lexer.token();
        let ends = token.kind == Kind::End || token.is_symbol(';');
        if ends {
            pieces.extend(piece.take().map(|(from, to)| &sql[from..to]));
        } else {
            piece = Some((piece.map_or(token.start, |(from, _)| from), token.end()));
        }
        if token.kind == Kind::End {
            return pieces;
        }
    }
}

fn statement(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    let first = cursor.peek();
    if first.is_symbol('(') {
        return cursor.query();
    }
    if first.kind != Kind::Word {
        return Err(cursor.no_statement());
    }
    match first.text.to_ascii_uppercase().as_str() {
        "SELECT" | "WITH" | "VALUES" => cursor.query(),
        "INSERT" => cursor.insert(),
        "UPDATE" => cursor.update(),
        "DELETE" => cursor.delete(),
        "TRUNCATE" => cursor.truncate(),
        "BACKUP" => cursor.backup(),
        "RESTORE" => cursor.restore(),
        "CANCEL" => cursor.cancel(),
        "SHOW" => cursor.show(),
        "DESC" | "DESCRIBE" => cursor.describe(),
        "CREATE" => cursor.create(),
        "DROP" => cursor.drop_something(),
        "RECOVER" => cursor.recover(),
        "ALTER" => cursor.alter(),
        "SET" => cursor.set(),
        "USE" => cursor.use_database(),
        "SYNC" => cursor.sync(),
        "ADMIN" => cursor.admin(),
        "KILL" => cursor.kill(),
        "GRANT" | "REVOKE" => cursor.grant_or_revoke(),
        "SANDBOX" => cursor.sandbox(),
        "REFRESH" => cursor.refresh_materialized_view(),
        "PAUSE" => cursor.change_routine_load(RoutineLoadChange::Pause),
        "RESUME" => cursor.change_routine_load(RoutineLoadChange::Resume),
        "STOP" => cursor.change_routine_load(RoutineLoadChange::Stop),
        "BEGIN" | "START" | "COMMIT" | "ROLLBACK" => cursor.transaction(),
        _ => Err(cursor.no_statement()),
    }
}
