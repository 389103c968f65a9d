//! Scalar expressions.

use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::engine::translate::Type;
use crate::engine::translate::literal::{literal, quoted, text_literal};
use crate::engine::translate::query::not_grouped;
use crate::engine::translate::scope::Translator;
use crate::engine::{datetime, error};

type Typed = (String, Type);

impl Translator<'_> {
    /// Translates; while the output of a grouped SELECT is checked, every column outside an aggregate must be grouped.
    pub(super) fn expression(&mut self, expression: &sql::Expr) -> Result<Typed, SqlError> {
        let checking = self
            .scopes
            .last()
            .is_some_and(|scope| scope.grouping.is_some() && !scope.inside_aggregate);
        if !checking {
            return self.plain(expression);
        }
        let grouping = self.scope().grouping.take().unwrap_or_default();
        let unchecked = self.plain(expression);
        let own = matches!(
            expression,
            sql::Expr::Identifier(_) | sql::Expr::CompoundIdentifier(_)
        )
        .then(|| self.own_column(expression));
        self.scope().grouping = Some(grouping.clone());
        let (text, kind) = unchecked?;
        if grouping.contains(&text) {
            return Ok((text, kind));
        }
        match own {
            Some(true) => Err(not_grouped(&expression.to_string())),
            Some(false) => Ok((text, kind)),
            None => self.plain(expression),
        }
    }

    /// Whether a name is a column of the innermost scope's own sources.
    fn own_column(&mut self, expression: &sql::Expr) -> bool {
        let parts: Vec<&str> = match expression {
            sql::Expr::Identifier(name) => vec![name.value.as_str()],
            sql::Expr::CompoundIdentifier(parts) => {
                parts.iter().map(|part| part.value.as_str()).collect()
            }
            _ => return false,
        };
        let (qualifier, name) = match parts.as_slice() {
            [.., table, name] => (Some(*table), *name),
            [name] => (None, *name),
            [] => return false,
        };
        let source =
            |source: &&super::scope::Source| qualifier.is_none_or(|wanted| wanted == source.alias);
        self.scope().sources.iter().filter(source).any(|source| {
            source
                .columns
                .iter()
                .any(|column| column.name.eq_ignore_ascii_case(name))
        })
    }

    fn plain(&mut self, expression: &sql::Expr) -> Result<Typed, SqlError> {
        use sql::Expr;
        match expression {
            Expr::Identifier(name) => self.identifier(name),
            Expr::CompoundIdentifier(parts) => self.compound(parts),
            Expr::Nested(inner) => self
                .expression(inner)
                .map(|(text, kind)| (format!("({text})"), kind)),
            Expr::Value(value) => literal(&value.value)
                .ok_or_else(|| error::not_modelled(format!("the literal {value}"))),
            Expr::TypedString(typed) => self.typed_string(typed),
            Expr::IsNull(inner) => self.postfix(inner, "IS NULL"),
            Expr::IsNotNull(inner) => self.postfix(inner, "IS NOT NULL"),
            Expr::IsTrue(inner) => self.postfix(inner, "IS TRUE"),
            Expr::IsNotTrue(inner) => self.postfix(inner, "IS NOT TRUE"),
            Expr::IsFalse(inner) => self.postfix(inner, "IS FALSE"),
            Expr::IsNotFalse(inner) => self.postfix(inner, "IS NOT FALSE"),
            Expr::InList {
                expr,
                list,
                negated,
            } => self.in_list(expr, list, *negated),
            Expr::InSubquery {
                expr,
                subquery,
                negated,
            } => {
                let (left, _) = self.expression(expr)?;
                let (query, _) = self.select_query(subquery)?;
                Ok((
                    format!("({left} {}IN ({query}))", not(*negated)),
                    Type::Boolean,
                ))
            }
            Expr::Exists { subquery, negated } => {
                let (query, _) = self.select_query(subquery)?;
                Ok((
                    format!("({}EXISTS ({query}))", not(*negated)),
                    Type::Boolean,
                ))
            }
            Expr::Subquery(query) => {
                let (text, columns) = self.select_query(query)?;
                match columns.as_slice() {
                    [only] => Ok((format!("({text})"), only.kind)),
                    _ => Err(error::analyzing("Scalar subquery should output one column")),
                }
            }
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let (value, lower) = self.aligned(expr, low)?;
                let (other, upper) = self.aligned(expr, high)?;
                Ok((
                    format!(
                        "({}({value} >= {lower} AND {other} <= {upper}))",
                        not(*negated)
                    ),
                    Type::Boolean,
                ))
            }
            Expr::Like {
                negated,
                expr,
                pattern,
                escape_char: None,
                any: false,
            } => {
                let (text, pattern) = (self.expression(expr)?.0, self.expression(pattern)?.0);
                Ok((
                    format!("({text} {}LIKE {pattern})", not(*negated)),
                    Type::Boolean,
                ))
            }
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => self.case(operand.as_deref(), conditions, else_result.as_deref()),
            Expr::Cast {
                expr, data_type, ..
            } => self.cast(expr, data_type),
            Expr::Convert {
                expr,
                data_type: Some(data_type),
                ..
            } => self.cast(expr, data_type),
            Expr::Function(function) => self.call(function),
            other => self.keyword_function(other),
        }
    }

    fn identifier(&mut self, name: &sql::Ident) -> Result<Typed, SqlError> {
        if let Some(variable) = name.value.strip_prefix("@@") {
            let (scope, name) = variable.split_once('.').unwrap_or(("session", variable));
            return self.variable(scope, name);
        }
        if name.value.starts_with('@') {
            let value = self
                .session
                .user_variables
                .get(&name.value.to_ascii_lowercase())
                .cloned()
                .flatten();
            return Ok(value.map_or_else(
                || ("NULL".to_owned(), Type::Null),
                |text| (quoted(&text), Type::Text),
            ));
        }
        match self.column(None, &name.value) {
            Ok(found) => Ok(found),
            Err(unresolved) => self
                .scopes
                .last()
                .and_then(|scope| scope.alias(&name.value))
                .ok_or(unresolved),
        }
    }

    fn compound(&mut self, parts: &[sql::Ident]) -> Result<Typed, SqlError> {
        match parts {
            [scope, name] if scope.value.starts_with("@@") => {
                self.variable(&scope.value[2..], &name.value)
            }
            [table, column] | [_, table, column] => self.column(Some(&table.value), &column.value),
            _ => Err(error::not_modelled("names of more than three parts")),
        }
    }

    fn variable(&self, scope: &str, name: &str) -> Result<Typed, SqlError> {
        let variables = &self.cluster.variables;
        let own = variables.of(self.session, name)?;
        let value = if scope.eq_ignore_ascii_case("global") {
            variables.global(&name.to_ascii_lowercase()).unwrap_or(own)
        } else {
            own
        };
        Ok(match value {
            "true" => ("1".to_owned(), Type::Boolean),
            "false" => ("0".to_owned(), Type::Boolean),
            number if number.parse::<i64>().is_ok() => (number.to_owned(), Type::Integer),
            text => (quoted(text), Type::Text),
        })
    }

    fn typed_string(&mut self, typed: &sql::TypedString) -> Result<Typed, SqlError> {
        let sql::Value::SingleQuotedString(text) = &typed.value.value else {
            return Err(error::not_modelled(format!("{typed}")));
        };
        let value = datetime::parse(text)
            .ok_or_else(|| error::analyzing(format!("Invalid date literal {text}")))?;
        match typed.data_type {
            sql::DataType::Date => Ok((quoted(&datetime::date_text(value.date())), Type::Date)),
            sql::DataType::Datetime(_) | sql::DataType::Timestamp(..) => {
                Ok((quoted(&datetime::datetime_text(value)), Type::DateTime))
            }
            _ => Err(error::not_modelled(format!("{typed}"))),
        }
    }

    fn postfix(&mut self, inner: &sql::Expr, words: &str) -> Result<Typed, SqlError> {
        Ok((
            format!("({} {words})", self.expression(inner)?.0),
            Type::Boolean,
        ))
    }

    fn in_list(
        &mut self,
        expression: &sql::Expr,
        list: &[sql::Expr],
        negated: bool,
    ) -> Result<Typed, SqlError> {
        if let sql::Expr::Tuple(_) = expression {
            let left = self.tuple(expression)?;
            let rows: Result<Vec<String>, SqlError> =
                list.iter().map(|row| self.tuple(row)).collect();
            return Ok((
                format!("({left} {}IN (VALUES {}))", not(negated), rows?.join(", ")),
                Type::Boolean,
            ));
        }
        let mut left = self.expression(expression)?.0;
        let mut items = Vec::with_capacity(list.len());
        for item in list {
            let (aligned, right) = self.aligned(expression, item)?;
            left = aligned;
            items.push(right);
        }
        Ok((
            format!("({left} {}IN ({}))", not(negated), items.join(", ")),
            Type::Boolean,
        ))
    }

    fn tuple(&mut self, expression: &sql::Expr) -> Result<String, SqlError> {
        let sql::Expr::Tuple(items) = expression else {
            return Err(error::analyzing("row expected"));
        };
        let items: Result<Vec<String>, SqlError> = items
            .iter()
            .map(|item| Ok(self.expression(item)?.0))
            .collect();
        Ok(format!("({})", items?.join(", ")))
    }

    fn unary(&mut self, op: sql::UnaryOperator, inner: &sql::Expr) -> Result<Typed, SqlError> {
        let (text, kind) = self.expression(inner)?;
        match op {
            sql::UnaryOperator::Not | sql::UnaryOperator::BangNot => {
                Ok((format!("(NOT {text})"), Type::Boolean))
            }
            sql::UnaryOperator::Minus => Ok((format!("(- {text})"), kind)),
            sql::UnaryOperator::Plus => Ok((text, kind)),
            sql::UnaryOperator::BitwiseNot => Ok((format!("(~ {text})"), Type::Integer)),
            other => Err(error::not_modelled(format!("the operator {other}"))),
        }
    }

    fn binary(
        &mut self,
        left: &sql::Expr,
        op: &sql::BinaryOperator,
        right: &sql::Expr,
    ) -> Result<Typed, SqlError> {
        use sql::BinaryOperator as Operator;
        if let Some(shifted) = self.interval_arithmetic(left, op, right)? {
            return Ok(shifted);
        }
        match op {
            Operator::And | Operator::Or => {
                let (first, second) = (self.expression(left)?.0, self.expression(right)?.0);
                Ok((format!("({first} {op} {second})"), Type::Boolean))
            }
            Operator::Xor => {
                let (first, second) = (self.expression(left)?.0, self.expression(right)?.0);
                Ok((
                    format!("(({first} IS TRUE) <> ({second} IS TRUE))"),
                    Type::Boolean,
                ))
            }
            Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq => {
                let (first, second) = self.aligned(left, right)?;
                Ok((format!("({first} {op} {second})"), Type::Boolean))
            }
            Operator::Spaceship => {
                let (first, second) = self.aligned(left, right)?;
                Ok((format!("({first} IS {second})"), Type::Boolean))
            }
            _ => self.arithmetic(left, op, right),
        }
    }

    fn arithmetic(
        &mut self,
        left: &sql::Expr,
        op: &sql::BinaryOperator,
        right: &sql::Expr,
    ) -> Result<Typed, SqlError> {
        use sql::BinaryOperator as Operator;
        let ((first, one), (second, other)) = (self.expression(left)?, self.expression(right)?);
        Ok(match op {
            Operator::Plus | Operator::Minus => (
                format!("({first} {op} {second})"),
                one.arithmetic(other, false),
            ),
            Operator::Multiply => (format!("({first} * {second})"), one.arithmetic(other, true)),
            // `/` never divides integers in StarRocks.
            Operator::Divide => (
                format!("(CAST({first} AS REAL) / {second})"),
                one.quotient(other),
            ),
            Operator::MyIntegerDivide => (
                format!("CAST({first} / {second} AS INTEGER)"),
                Type::Integer,
            ),
            Operator::Modulo => modulo(&first, one, &second, other),
            Operator::BitwiseAnd => (format!("({first} & {second})"), Type::Integer),
            Operator::BitwiseOr => (format!("({first} | {second})"), Type::Integer),
            Operator::BitwiseXor => (format!("sr_bitxor({first}, {second})"), Type::Integer),
            other => return Err(error::not_modelled(format!("the operator {other}"))),
        })
    }

    fn interval_arithmetic(
        &mut self,
        left: &sql::Expr,
        op: &sql::BinaryOperator,
        right: &sql::Expr,
    ) -> Result<Option<Typed>, SqlError> {
        let (moment, interval, sign) = match (left, op, right) {
            (moment, sql::BinaryOperator::Plus, sql::Expr::Interval(interval)) => {
                (moment, interval, "")
            }
            (sql::Expr::Interval(interval), sql::BinaryOperator::Plus, moment) => {
                (moment, interval, "")
            }
            (moment, sql::BinaryOperator::Minus, sql::Expr::Interval(interval)) => {
                (moment, interval, "-")
            }
            _ => return Ok(None),
        };
        self.shifted(moment, interval, sign).map(Some)
    }

    /// Both sides of a comparison, brought to one spelling where one of them is a date.
    pub(super) fn aligned(
        &mut self,
        left: &sql::Expr,
        right: &sql::Expr,
    ) -> Result<(String, String), SqlError> {
        let (first, second) = (self.expression(left)?, self.expression(right)?);
        if !first.1.is_temporal() && !second.1.is_temporal() {
            return Ok((first.0, second.0));
        }
        let whole_days =
            |side: &Typed, expression: &sql::Expr| match (side.1, text_literal(expression)) {
                (Type::Date | Type::Null, _) => true,
                (_, Some(text)) => !datetime::has_time(text),
                _ => false,
            };
        let target = if whole_days(&first, left) && whole_days(&second, right) {
            Type::Date
        } else {
            Type::DateTime
        };
        Ok((
            temporal(first, left, target),
            temporal(second, right, target),
        ))
    }

    fn case(
        &mut self,
        operand: Option<&sql::Expr>,
        conditions: &[sql::CaseWhen],
        otherwise: Option<&sql::Expr>,
    ) -> Result<Typed, SqlError> {
        let mut text = "CASE".to_owned();
        let mut kind = Type::Null;
        for branch in conditions {
            let condition = match operand {
                Some(operand) => {
                    let (value, wanted) = self.aligned(operand, &branch.condition)?;
                    format!("({value} = {wanted})")
                }
                None => self.expression(&branch.condition)?.0,
            };
            let (result, result_kind) = self.expression(&branch.result)?;
            kind = kind.common(result_kind);
            text += &format!(" WHEN {condition} THEN {result}");
        }
        if let Some(otherwise) = otherwise {
            let (result, result_kind) = self.expression(otherwise)?;
            kind = kind.common(result_kind);
            text += &format!(" ELSE {result}");
        }
        Ok((format!("({text} END)"), kind))
    }
}

pub(super) fn modulo(left: &str, left_kind: Type, right: &str, right_kind: Type) -> Typed {
    let kind = left_kind.arithmetic(right_kind, false);
    if kind == Type::Integer {
        (format!("({left} % {right})"), kind)
    } else {
        (format!("mod({left}, {right})"), kind)
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

/// One side of a comparison as text of the target type; a literal is normalised here, everything else when it runs.
fn temporal((text, kind): Typed, expression: &sql::Expr, target: Type) -> String {
    if let Some(literal) = text_literal(expression) {
        return match (datetime::parse(literal), target) {
            (None, _) => "NULL".to_owned(),
            (Some(value), Type::Date) => quoted(&datetime::date_text(value.date())),
            (Some(value), _) => quoted(&datetime::datetime_text(value)),
        };
    }
    match (kind, target) {
        (kind, target) if kind == target => text,
        (_, Type::Date) => format!("sr_date({text})"),
        _ => format!("sr_datetime({text})"),
    }
}
