//! SELECT: projection, grouping, set operations, ORDER BY and LIMIT.

use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::engine::error;
use crate::engine::information_schema::Only;
use crate::engine::store::quote;
use crate::engine::translate::scope::{Output, Scope, Source, Translator};

impl Translator<'_> {
    pub(super) fn select_query(
        &mut self,
        query: &sql::Query,
    ) -> Result<(String, Vec<Output>), SqlError> {
        let reach = self.tables_in_reach.len();
        let with = self.with_clause(query.with.as_ref())?;
        let order: &[sql::OrderByExpr] = match query.order_by.as_ref().map(|order| &order.kind) {
            None => &[],
            Some(sql::OrderByKind::Expressions(list)) => list,
            Some(sql::OrderByKind::All(_)) => return Err(error::not_modelled("ORDER BY ALL")),
        };
        let (mut text, columns) = match query.body.as_ref() {
            sql::SetExpr::Select(select) => self.select(select, order)?,
            body => {
                let (body, columns) = self.set_expression(body)?;
                (body + &order_outputs(order, &columns)?, columns)
            }
        };
        text += &self.limit(query.limit_clause.as_ref())?;
        self.tables_in_reach.truncate(reach);
        Ok((with + &text, columns))
    }

    fn with_clause(&mut self, with: Option<&sql::With>) -> Result<String, SqlError> {
        let Some(with) = with else {
            return Ok(String::new());
        };
        if with.recursive {
            return Err(error::not_modelled("WITH RECURSIVE"));
        }
        let mut parts = Vec::new();
        for table in &with.cte_tables {
            let (text, mut columns) = self.isolated(|inner| inner.select_query(&table.query))?;
            let name = &table.alias.name.value;
            for (column, alias) in columns.iter_mut().zip(&table.alias.columns) {
                column.name.clone_from(&alias.name.value);
            }
            let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
            parts.push(format!("{}({}) AS ({text})", quote(name), names.join(", ")));
            self.tables_in_reach.push(Source {
                alias: name.clone(),
                columns,
            });
        }
        Ok(format!("WITH {} ", parts.join(", ")))
    }

    /// Translates without the scopes around: a common table expression sees none of them.
    fn isolated<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let outside = std::mem::take(&mut self.scopes);
        let result = work(self);
        self.scopes = outside;
        result
    }

    fn set_expression(&mut self, body: &sql::SetExpr) -> Result<(String, Vec<Output>), SqlError> {
        match body {
            sql::SetExpr::Select(select) => self.select(select, &[]),
            sql::SetExpr::Query(query) => {
                let (text, columns) = self.select_query(query)?;
                Ok((format!("SELECT * FROM ({text})"), columns))
            }
            sql::SetExpr::SetOperation {
                op,
                set_quantifier,
                left,
                right,
            } => {
                let word = match (op, set_quantifier) {
                    (sql::SetOperator::Union, sql::SetQuantifier::All) => "UNION ALL",
                    (sql::SetOperator::Union, _) => "UNION",
                    (sql::SetOperator::Intersect, _) => "INTERSECT",
                    (sql::SetOperator::Except | sql::SetOperator::Minus, _) => "EXCEPT",
                };
                let (left, first) = self.set_expression(left)?;
                let (right, second) = self.set_expression(right)?;
                if first.len() != second.len() {
                    return Err(error::analyzing("Operands have unequal number of columns"));
                }
                let columns = first.into_iter().zip(second).map(|(left, right)| Output {
                    kind: left.kind.common(right.kind),
                    ..left
                });
                Ok((format!("{left} {word} {right}"), columns.collect()))
            }
            other => Err(error::not_modelled(format!("the query {other}"))),
        }
    }

    fn select(
        &mut self,
        select: &sql::Select,
        order: &[sql::OrderByExpr],
    ) -> Result<(String, Vec<Output>), SqlError> {
        refuse_unknown_clauses(select)?;
        self.scopes.push(Scope::default());
        let result = self.select_in_scope(select, order);
        self.scopes.pop();
        result
    }

    fn select_in_scope(
        &mut self,
        select: &sql::Select,
        order: &[sql::OrderByExpr],
    ) -> Result<(String, Vec<Output>), SqlError> {
        self.only = Only::of(select);
        let from = self.sources(&select.from)?;
        let filter = match &select.selection {
            Some(filter) => format!(" WHERE {}", self.expression(filter)?.0),
            None => String::new(),
        };
        let mut items = self.projection(&select.projection)?;
        self.scope().aliases = items
            .iter()
            .filter(|item| item.2)
            .map(|item| (item.1.name.clone(), item.0.clone(), item.1.kind))
            .collect();
        let grouping = self.grouping(&select.group_by, &items)?;
        let having = match &select.having {
            Some(having) => format!(" HAVING {}", self.expression(having)?.0),
            None => String::new(),
        };
        if !grouping.is_empty() || self.scope().saw_aggregate {
            self.scope().grouping = Some(grouping.clone());
            items = self.projection(&select.projection)?;
            self.scope().grouping = None;
        }
        let distinct = match &select.distinct {
            None | Some(sql::Distinct::All) => "",
            Some(sql::Distinct::Distinct) => "DISTINCT ",
            Some(sql::Distinct::On(_)) => return Err(error::not_modelled("DISTINCT ON")),
        };
        let columns: Vec<Output> = items.iter().map(|item| item.1.clone()).collect();
        let list: Vec<String> = items
            .iter()
            .map(|(text, output, _)| format!("{text} AS {}", quote(&output.name)))
            .collect();
        let from = if from.is_empty() {
            from
        } else {
            format!(" FROM {from}")
        };
        let group = if grouping.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {}", grouping.join(", "))
        };
        let order = self.order(order, &columns)?;
        Ok((
            format!(
                "SELECT {distinct}{}{from}{filter}{group}{having}{order}",
                list.join(", ")
            ),
            columns,
        ))
    }

    /// (text, output, whether it has a name of its own)
    fn projection(
        &mut self,
        items: &[sql::SelectItem],
    ) -> Result<Vec<(String, Output, bool)>, SqlError> {
        let mut list = Vec::new();
        for item in items {
            match item {
                sql::SelectItem::UnnamedExpr(expression) => {
                    let (text, kind) = self.expression(expression)?;
                    list.push((
                        text,
                        Output {
                            name: heading(expression),
                            kind,
                        },
                        false,
                    ));
                }
                sql::SelectItem::ExprWithAlias { expr, alias } => {
                    let (text, kind) = self.expression(expr)?;
                    list.push((
                        text,
                        Output {
                            name: alias.value.clone(),
                            kind,
                        },
                        true,
                    ));
                }
                sql::SelectItem::Wildcard(_) => self.wildcard(None, &mut list)?,
                sql::SelectItem::QualifiedWildcard(
                    sql::SelectItemQualifiedWildcardKind::ObjectName(name),
                    _,
                ) => {
                    let last = name
                        .0
                        .last()
                        .and_then(|part| part.as_ident())
                        .map(|ident| ident.value.clone());
                    self.wildcard(last.as_deref(), &mut list)?;
                }
                other => return Err(error::not_modelled(format!("the select item {other}"))),
            }
        }
        Ok(list)
    }

    fn wildcard(
        &mut self,
        alias: Option<&str>,
        list: &mut Vec<(String, Output, bool)>,
    ) -> Result<(), SqlError> {
        let scope = self.scope();
        let mut merged: Vec<String> = Vec::new();
        let before = list.len();
        for source in scope
            .sources
            .iter()
            .filter(|source| alias.is_none_or(|alias| alias == source.alias))
        {
            for column in &source.columns {
                let shared = scope
                    .merged
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(&column.name));
                if shared
                    && merged
                        .iter()
                        .any(|name| name.eq_ignore_ascii_case(&column.name))
                {
                    continue;
                }
                if shared {
                    merged.push(column.name.clone());
                }
                list.push((
                    format!("{}.{}", quote(&source.alias), quote(&column.name)),
                    column.clone(),
                    false,
                ));
            }
        }
        if list.len() == before {
            return Err(error::analyzing(
                alias.map_or("No tables used".to_owned(), |alias| {
                    format!("Unknown table '{alias}'")
                }),
            ));
        }
        if let Some(grouping) = &scope.grouping
            && let Some((_, output, _)) = list[before..]
                .iter()
                .find(|(text, ..)| !grouping.contains(text))
        {
            return Err(not_grouped(&output.name));
        }
        Ok(())
    }

    /// GROUP BY expressions: columns first, then ordinals and aliases.
    fn grouping(
        &mut self,
        group_by: &sql::GroupByExpr,
        items: &[(String, Output, bool)],
    ) -> Result<Vec<String>, SqlError> {
        let expressions = match group_by {
            sql::GroupByExpr::Expressions(expressions, modifiers) if modifiers.is_empty() => {
                expressions
            }
            _ => return Err(error::not_modelled("GROUP BY ALL, ROLLUP or CUBE")),
        };
        expressions
            .iter()
            .map(|expression| match ordinal(expression) {
                Some(index) => items
                    .get(index)
                    .map(|item| item.0.clone())
                    .ok_or_else(|| position_error("Group by", index)),
                None => Ok(self.expression(expression)?.0),
            })
            .collect()
    }

    fn order(
        &mut self,
        order: &[sql::OrderByExpr],
        columns: &[Output],
    ) -> Result<String, SqlError> {
        let mut parts = Vec::new();
        for item in order {
            let text = match (&item.expr, ordinal(&item.expr)) {
                (_, Some(index)) if index < columns.len() => (index + 1).to_string(),
                (_, Some(index)) => return Err(position_error("Order by", index)),
                (sql::Expr::Identifier(name), None)
                    if columns
                        .iter()
                        .any(|column| column.name.eq_ignore_ascii_case(&name.value)) =>
                {
                    quote(&name.value)
                }
                (expression, None) => self.expression(expression)?.0,
            };
            parts.push(text + direction(&item.options));
        }
        Ok(if parts.is_empty() {
            String::new()
        } else {
            format!(" ORDER BY {}", parts.join(", "))
        })
    }

    fn limit(&mut self, clause: Option<&sql::LimitClause>) -> Result<String, SqlError> {
        match clause {
            None => Ok(String::new()),
            Some(sql::LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            }) if limit_by.is_empty() => {
                let mut text = match limit {
                    Some(limit) => format!(" LIMIT {}", self.expression(limit)?.0),
                    None => String::new(),
                };
                if let Some(offset) = offset {
                    text += &format!(" OFFSET {}", self.expression(&offset.value)?.0);
                }
                Ok(text)
            }
            Some(sql::LimitClause::OffsetCommaLimit { offset, limit }) => Ok(format!(
                " LIMIT {} OFFSET {}",
                self.expression(limit)?.0,
                self.expression(offset)?.0
            )),
            Some(_) => Err(error::not_modelled("LIMIT BY")),
        }
    }
}

pub(super) fn not_grouped(name: &str) -> SqlError {
    error::analyzing(format!(
        "'{name}' must be an aggregate expression or appear in GROUP BY clause"
    ))
}

pub(super) fn direction(options: &sql::OrderByOptions) -> &'static str {
    match (
        options.sort == Some(sql::OrderBySort::Desc),
        options.nulls_first,
    ) {
        (true, None) => " DESC",
        (true, Some(true)) => " DESC NULLS FIRST",
        (true, Some(false)) => " DESC NULLS LAST",
        (_, None) => "",
        (_, Some(true)) => " NULLS FIRST",
        (_, Some(false)) => " NULLS LAST",
    }
}

/// ORDER BY after a set operation sees only the outputs.
fn order_outputs(order: &[sql::OrderByExpr], columns: &[Output]) -> Result<String, SqlError> {
    let mut parts = Vec::new();
    for item in order {
        let index = match (&item.expr, ordinal(&item.expr)) {
            (_, Some(index)) => Some(index),
            (sql::Expr::Identifier(name), None) => columns
                .iter()
                .position(|column| column.name.eq_ignore_ascii_case(&name.value)),
            _ => {
                return Err(error::not_modelled(
                    "ORDER BY an expression after a set operation",
                ));
            }
        };
        let index = index
            .filter(|index| *index < columns.len())
            .ok_or_else(|| error::unknown_column(&item.expr.to_string()))?;
        parts.push(format!("{}{}", index + 1, direction(&item.options)));
    }
    Ok(if parts.is_empty() {
        String::new()
    } else {
        format!(" ORDER BY {}", parts.join(", "))
    })
}

fn ordinal(expression: &sql::Expr) -> Option<usize> {
    match expression {
        sql::Expr::Value(value) => match &value.value {
            sql::Value::Number(digits, _) => digits.parse::<usize>().ok()?.checked_sub(1),
            _ => None,
        },
        _ => None,
    }
}

fn position_error(clause: &str, index: usize) -> SqlError {
    error::analyzing(format!(
        "{clause} position {} is not in select list",
        index + 1
    ))
}

/// How StarRocks heads a column without alias: the column's name, or the expression with its functions in lower case.
fn heading(expression: &sql::Expr) -> String {
    match expression {
        sql::Expr::Identifier(name) => name.value.clone(),
        sql::Expr::CompoundIdentifier(parts) if !parts[0].value.starts_with('@') => parts
            .last()
            .map(|part| part.value.clone())
            .unwrap_or_default(),
        sql::Expr::Function(function) => {
            let text = expression.to_string();
            let name = function.name.to_string();
            let tail = &text[name.len().min(text.len())..];
            format!(
                "{}{}",
                name.to_lowercase(),
                if tail.is_empty() { "()" } else { tail }
            )
        }
        sql::Expr::Value(value) => crate::engine::translate::text_literal(expression)
            .map_or_else(|| value.to_string(), |text| format!("'{text}'")),
        other => other.to_string(),
    }
}

fn refuse_unknown_clauses(select: &sql::Select) -> Result<(), SqlError> {
    let unknown = select.top.is_some()
        || select.into.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.named_window.is_empty()
        || select.qualify.is_some();
    if unknown {
        Err(error::not_modelled(format!("a clause of {select}")))
    } else {
        Ok(())
    }
}
