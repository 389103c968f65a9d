//! Function calls: the session's own functions, those that look at their arguments first, and the way to the others.

use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::engine::access::identity;
use crate::engine::error;
use crate::engine::translate::Type;
use crate::engine::translate::cast::unit_named;
use crate::engine::translate::function_table::{no_function, simple};
use crate::engine::translate::literal::quoted;
use crate::engine::translate::scope::Translator;

type Typed = (String, Type);

impl Translator<'_> {
    pub(super) fn call(&mut self, function: &sql::Function) -> Result<Typed, SqlError> {
        let name = function
            .name
            .0
            .last()
            .and_then(|part| part.as_ident())
            .map(|ident| ident.value.to_ascii_uppercase())
            .unwrap_or_default();
        let arguments = arguments_of(&function.args)?;
        if let Some(aggregate) = self.aggregate(&name, function, &arguments)? {
            return Ok(aggregate);
        }
        if function.over.is_some() {
            return Err(error::not_modelled(format!("{name} over a window")));
        }
        if let Some(session) = self.session_function(&name) {
            return Ok(session);
        }
        if let Some(special) = self.special(&name, &arguments)? {
            return Ok(special);
        }
        let typed: Vec<Typed> = arguments
            .iter()
            .map(|argument| self.expression(argument))
            .collect::<Result<_, _>>()?;
        simple(&name, &typed).ok_or_else(|| no_function(&name, &typed))
    }

    /// Functions that look at their arguments before they are translated.
    fn special(&mut self, name: &str, arguments: &[&sql::Expr]) -> Result<Option<Typed>, SqlError> {
        match (name, arguments) {
            ("DATE_ADD" | "ADDDATE" | "TIMESTAMP_ADD", [moment, sql::Expr::Interval(interval)]) => {
                return self.shifted(moment, interval, "").map(Some);
            }
            ("DATE_SUB" | "SUBDATE", [moment, sql::Expr::Interval(interval)]) => {
                return self.shifted(moment, interval, "-").map(Some);
            }
            ("DATE_ADD" | "ADDDATE" | "DATE_SUB" | "SUBDATE", [moment, days]) => {
                let sign = if name.contains("SUB") { "-" } else { "" };
                let (moment, days) = (self.expression(moment)?.0, self.expression(days)?.0);
                return Ok(Some((
                    format!("sr_date_add({moment}, {sign}({days}), 'DAY')"),
                    Type::DateTime,
                )));
            }
            ("TIMESTAMPADD", [unit, count, moment]) => {
                let unit = unit_named(&unit.to_string())?;
                let (moment, count) = (self.expression(moment)?.0, self.expression(count)?.0);
                return Ok(Some((
                    format!("sr_date_add({moment}, {count}, '{unit}')"),
                    Type::DateTime,
                )));
            }
            ("TIMESTAMPDIFF", [unit, from, to]) => {
                let unit = unit_named(&unit.to_string())?;
                let (from, to) = (self.expression(from)?.0, self.expression(to)?.0);
                return Ok(Some((
                    format!("sr_timestampdiff('{unit}', {from}, {to})"),
                    Type::Integer,
                )));
            }
            _ => {}
        }
        let [first, second] = arguments else {
            return Ok(None);
        };
        for (suffix, sign) in [("_ADD", ""), ("_SUB", "-")] {
            if let Some(Ok(unit)) = name.strip_suffix(suffix).map(unit_named) {
                let (moment, count) = (self.expression(first)?.0, self.expression(second)?.0);
                return Ok(Some((
                    format!("sr_date_add({moment}, {sign}({count}), '{unit}')"),
                    Type::DateTime,
                )));
            }
        }
        if let Some(Ok(unit)) = name.strip_suffix("_DIFF").map(unit_named) {
            let (to, from) = (self.expression(first)?.0, self.expression(second)?.0);
            return Ok(Some((
                format!("sr_timestampdiff('{unit}', {from}, {to})"),
                Type::Integer,
            )));
        }
        Ok(None)
    }

    fn session_function(&self, name: &str) -> Option<Typed> {
        Some(match name {
            "VERSION" => (
                quoted(
                    self.cluster
                        .config
                        .get("mysql_server_version")
                        .map_or("8.0.33", String::as_str),
                ),
                Type::Text,
            ),
            "CURRENT_VERSION" => (quoted(self.cluster.release.version()), Type::Text),
            "DATABASE" | "SCHEMA" => (
                self.session
                    .database
                    .as_deref()
                    .map_or("''".to_owned(), quoted),
                Type::Text,
            ),
            "USER" | "SESSION_USER" => (
                quoted(&format!("'{}'@'{}'", self.session.user, self.session.host)),
                Type::Text,
            ),
            "CURRENT_USER" => (quoted(&identity(&self.session.user)), Type::Text),
            "CURRENT_ROLE" => (quoted(&self.cluster.current_role(self.session)), Type::Text),
            "CATALOG" => (quoted("default_catalog"), Type::Text),
            "CONNECTION_ID" => (self.session.id.to_string(), Type::Integer),
            "LAST_INSERT_ID" => ("0".to_owned(), Type::Integer),
            _ => return None,
        })
    }
}

fn arguments_of(arguments: &sql::FunctionArguments) -> Result<Vec<&sql::Expr>, SqlError> {
    match arguments {
        sql::FunctionArguments::None => Ok(Vec::new()),
        sql::FunctionArguments::Subquery(_) => {
            Err(error::not_modelled("a subquery as argument list"))
        }
        sql::FunctionArguments::List(list) => list
            .args
            .iter()
            .filter(|argument| {
                !matches!(
                    argument,
                    sql::FunctionArg::Unnamed(sql::FunctionArgExpr::Wildcard)
                )
            })
            .map(|argument| match argument {
                sql::FunctionArg::Unnamed(sql::FunctionArgExpr::Expr(expression)) => Ok(expression),
                other => Err(error::not_modelled(format!("the argument {other}"))),
            })
            .collect(),
    }
}
