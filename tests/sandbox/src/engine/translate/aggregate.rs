//! Aggregate and window functions.

use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::engine::error;
use crate::engine::translate::Type;
use crate::engine::translate::cast::as_text;
use crate::engine::translate::literal::quoted;
use crate::engine::translate::query::direction;
use crate::engine::translate::scope::Translator;

type Typed = (String, Type);

const RANKS: &[&str] = &[
    "ROW_NUMBER",
    "RANK",
    "DENSE_RANK",
    "LAG",
    "LEAD",
    "FIRST_VALUE",
    "LAST_VALUE",
    "NTILE",
];

impl Translator<'_> {
    /// The translated call, if it is one of an aggregate or window function.
    pub(super) fn aggregate(
        &mut self,
        name: &str,
        function: &sql::Function,
        arguments: &[&sql::Expr],
    ) -> Result<Option<Typed>, SqlError> {
        let known = matches!(
            name,
            "COUNT"
                | "SUM"
                | "MIN"
                | "MAX"
                | "AVG"
                | "ANY_VALUE"
                | "GROUP_CONCAT"
                | "NDV"
                | "APPROX_COUNT_DISTINCT"
                | "MULTI_DISTINCT_COUNT"
        );
        if !known && !RANKS.contains(&name) {
            return Ok(None);
        }
        let scope = self.scope();
        let nested = std::mem::replace(
            &mut scope.inside_aggregate,
            known && function.over.is_none(),
        );
        scope.saw_aggregate |= known && function.over.is_none();
        let result = self.aggregate_text(name, function, arguments);
        self.scope().inside_aggregate = nested;
        let (text, kind) = result?;
        match &function.over {
            None if known => Ok(Some((text, kind))),
            None => Err(error::analyzing(format!(
                "No matching function with signature: {}()",
                name.to_lowercase()
            ))),
            Some(window) => Ok(Some((
                format!("{text} OVER ({})", self.window(window)?),
                kind,
            ))),
        }
    }

    fn aggregate_text(
        &mut self,
        name: &str,
        function: &sql::Function,
        arguments: &[&sql::Expr],
    ) -> Result<Typed, SqlError> {
        let sql::FunctionArguments::List(list) = &function.args else {
            return Ok((format!("{}()", name.to_lowercase()), Type::Integer));
        };
        let star = matches!(
            list.args.as_slice(),
            [sql::FunctionArg::Unnamed(sql::FunctionArgExpr::Wildcard)]
        );
        if star {
            return if name == "COUNT" {
                Ok(("count(*)".to_owned(), Type::Integer))
            } else {
                Err(error::analyzing(format!("{name}(*)")))
            };
        }
        let distinct = if matches!(
            list.duplicate_treatment,
            Some(sql::DuplicateTreatment::Distinct)
        ) {
            "DISTINCT "
        } else {
            ""
        };
        let typed: Vec<Typed> = arguments
            .iter()
            .map(|argument| self.expression(argument))
            .collect::<Result<_, _>>()?;
        let texts: Vec<&str> = typed.iter().map(|(text, _)| text.as_str()).collect();
        let kind = typed.first().map_or(Type::Integer, |(_, kind)| *kind);
        if name == "GROUP_CONCAT" {
            return self.group_concat(list, &typed, distinct);
        }
        if distinct == "DISTINCT " && texts.len() > 1 {
            return Err(error::not_modelled(format!(
                "{name} of several distinct columns"
            )));
        }
        let joined = texts.join(", ");
        Ok(match name {
            "COUNT" => (format!("count({distinct}{joined})"), Type::Integer),
            "NDV" | "APPROX_COUNT_DISTINCT" | "MULTI_DISTINCT_COUNT" => {
                (format!("count(DISTINCT {joined})"), Type::Integer)
            }
            // SQLite's own sum fails where BIGINT wraps around; over windows it has to do.
            "SUM" if function.over.is_none() && matches!(kind, Type::Integer | Type::Boolean) => {
                (format!("sr_sum({distinct}{joined})"), Type::Integer)
            }
            "SUM" => (format!("sum({distinct}{joined})"), kind),
            "AVG" => (
                format!("avg({distinct}{joined})"),
                kind.quotient(Type::Integer),
            ),
            "MIN" | "MAX" => (format!("{}({joined})", name.to_lowercase()), kind),
            "ANY_VALUE" => (format!("min({joined})"), kind),
            "FIRST_VALUE" | "LAST_VALUE" | "LAG" | "LEAD" => {
                (format!("{}({joined})", name.to_lowercase()), kind)
            }
            _ => (format!("{}({joined})", name.to_lowercase()), Type::Integer),
        })
    }

    fn group_concat(
        &mut self,
        list: &sql::FunctionArgumentList,
        typed: &[Typed],
        distinct: &str,
    ) -> Result<Typed, SqlError> {
        // The default separator is a comma and a blank (`be/src/exprs/agg/group_concat.h`).
        let mut separator = ", ".to_owned();
        let mut order = String::new();
        for clause in &list.clauses {
            match clause {
                sql::FunctionArgumentClause::Separator(value) => {
                    separator = value.value.clone().into_string().unwrap_or_default();
                }
                sql::FunctionArgumentClause::OrderBy(items) => {
                    let items: Result<Vec<String>, SqlError> = items
                        .iter()
                        .map(|item| Ok(self.expression(&item.expr)?.0 + direction(&item.options)))
                        .collect();
                    order = format!(" ORDER BY {}", items?.join(", "));
                }
                other => return Err(error::not_modelled(format!("GROUP_CONCAT {other}"))),
            }
        }
        let parts: Vec<String> = typed
            .iter()
            .map(|(text, kind)| as_text(text, *kind, "sr_cast_text"))
            .collect();
        let value = if parts.len() == 1 {
            parts[0].clone()
        } else {
            format!("sr_concat({})", parts.join(", "))
        };
        if distinct.is_empty() {
            return Ok((
                format!("group_concat({value}, {}{order})", quoted(&separator)),
                Type::Text,
            ));
        }
        // SQLite takes no separator with DISTINCT; its own is a bare comma.
        Ok((
            format!(
                "replace(group_concat(DISTINCT {value}{order}), ',', {})",
                quoted(&separator)
            ),
            Type::Text,
        ))
    }

    fn window(&mut self, window: &sql::WindowType) -> Result<String, SqlError> {
        let sql::WindowType::WindowSpec(spec) = window else {
            return Err(error::not_modelled("named windows"));
        };
        let mut parts = Vec::new();
        if !spec.partition_by.is_empty() {
            let items: Result<Vec<String>, SqlError> = spec
                .partition_by
                .iter()
                .map(|item| Ok(self.expression(item)?.0))
                .collect();
            parts.push(format!("PARTITION BY {}", items?.join(", ")));
        }
        if !spec.order_by.is_empty() {
            let items: Result<Vec<String>, SqlError> = spec
                .order_by
                .iter()
                .map(|item| Ok(self.expression(&item.expr)?.0 + direction(&item.options)))
                .collect();
            parts.push(format!("ORDER BY {}", items?.join(", ")));
        }
        if let Some(frame) = &spec.window_frame {
            let end = frame
                .end_bound
                .as_ref()
                .map(|end| format!(" AND {end}"))
                .unwrap_or_default();
            let between = if end.is_empty() { "" } else { "BETWEEN " };
            parts.push(format!(
                "{} {between}{}{end}",
                frame.units, frame.start_bound
            ));
        }
        Ok(parts.join(" "))
    }
}
