//! CAST, and the functions that have keywords of their own in the grammar: SUBSTRING, TRIM, CEIL, FLOOR, EXTRACT, POSITION, INTERVAL.

use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::engine::error;
use crate::engine::translate::Type;
use crate::engine::translate::scope::Translator;

type Typed = (String, Type);

impl Translator<'_> {
    pub(super) fn cast(
        &mut self,
        inner: &sql::Expr,
        target: &sql::DataType,
    ) -> Result<Typed, SqlError> {
        use sql::DataType as Target;
        let (text, kind) = self.expression(inner)?;
        Ok(match target {
            Target::Char(_) | Target::Varchar(_) | Target::String(_) | Target::Text => {
                (as_text(&text, kind, "sr_cast_text"), Type::Text)
            }
            Target::TinyInt(_)
            | Target::SmallInt(_)
            | Target::Int(_)
            | Target::Integer(_)
            | Target::BigInt(_)
            | Target::Signed
            | Target::SignedInteger
            | Target::Unsigned
            | Target::UnsignedInteger => (format!("sr_cast_integer({text})"), Type::Integer),
            Target::Float(_) | Target::Double(_) | Target::DoublePrecision | Target::Real => (
                format!("CAST(sr_cast_double({text}) AS REAL)"),
                Type::Double,
            ),
            Target::Decimal(size) | Target::Numeric(size) | Target::Dec(size) => {
                let scale = match size {
                    sql::ExactNumberInfo::PrecisionAndScale(_, scale) => {
                        u8::try_from(*scale).unwrap_or(0)
                    }
                    _ => 0,
                };
                (
                    format!("round(CAST(sr_cast_double({text}) AS REAL), {scale})"),
                    Type::Decimal(scale),
                )
            }
            Target::Date => (format!("sr_date({text})"), Type::Date),
            Target::Datetime(_) | Target::Timestamp(..) => {
                (format!("sr_datetime({text})"), Type::DateTime)
            }
            Target::Boolean | Target::Bool => (format!("sr_cast_boolean({text})"), Type::Boolean),
            Target::JSON => (text, Type::Text),
            Target::Custom(name, _) => match name.to_string().to_ascii_uppercase().as_str() {
                "STRING" => (as_text(&text, kind, "sr_cast_text"), Type::Text),
                "LARGEINT" => (format!("sr_cast_integer({text})"), Type::Integer),
                _ => return Err(error::not_modelled(format!("CAST to {target}"))),
            },
            _ => return Err(error::not_modelled(format!("CAST to {target}"))),
        })
    }

    /// Functions that sqlparser reads as expressions of their own.
    pub(super) fn keyword_function(&mut self, expression: &sql::Expr) -> Result<Typed, SqlError> {
        use sql::Expr;
        match expression {
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                ..
            } => {
                let mut arguments = vec![self.expression(expr)?.0];
                for argument in [substring_from, substring_for].into_iter().flatten() {
                    arguments.push(self.expression(argument)?.0);
                }
                Ok((format!("substr({})", arguments.join(", ")), Type::Text))
            }
            Expr::Trim {
                expr,
                trim_where,
                trim_what,
                trim_characters: None,
            } => {
                let name = match trim_where {
                    None | Some(sql::TrimWhereField::Both) => "trim",
                    Some(sql::TrimWhereField::Leading) => "ltrim",
                    Some(sql::TrimWhereField::Trailing) => "rtrim",
                };
                let mut arguments = self.expression(expr)?.0;
                if let Some(what) = trim_what {
                    arguments += &format!(", {}", self.expression(what)?.0);
                }
                Ok((format!("{name}({arguments})"), Type::Text))
            }
            Expr::Ceil { expr, .. } => Ok((
                format!("CAST(ceil({}) AS INTEGER)", self.expression(expr)?.0),
                Type::Integer,
            )),
            Expr::Floor { expr, .. } => Ok((
                format!("CAST(floor({}) AS INTEGER)", self.expression(expr)?.0),
                Type::Integer,
            )),
            Expr::Position { expr, r#in } => {
                let (wanted, text) = (self.expression(expr)?.0, self.expression(r#in)?.0);
                Ok((format!("instr({text}, {wanted})"), Type::Integer))
            }
            Expr::Extract { field, expr, .. } => {
                let unit = unit_of(field)?;
                Ok((
                    format!("sr_date_part('{unit}', {})", self.expression(expr)?.0),
                    Type::Integer,
                ))
            }
            other => Err(error::not_modelled(format!("the expression {other}"))),
        }
    }

    /// `moment + INTERVAL n unit`; `sign` is "-" for a subtraction.
    pub(super) fn shifted(
        &mut self,
        moment: &sql::Expr,
        interval: &sql::Interval,
        sign: &str,
    ) -> Result<Typed, SqlError> {
        let field = interval
            .leading_field
            .as_ref()
            .ok_or_else(|| error::analyzing(format!("INTERVAL without unit: {interval}")))?;
        let unit = unit_of(field)?;
        let (moment, count) = (
            self.expression(moment)?.0,
            self.expression(&interval.value)?.0,
        );
        Ok((
            format!("sr_date_add({moment}, {sign}({count}), '{unit}')"),
            Type::DateTime,
        ))
    }
}

/// Decimals keep their scale in text.
pub(super) fn as_text(text: &str, kind: Type, otherwise: &str) -> String {
    match kind {
        Type::Decimal(scale) => format!("sr_decimal_text({text}, {scale})"),
        Type::Text | Type::Date | Type::DateTime | Type::Null => text.to_owned(),
        _ => format!("{otherwise}({text})"),
    }
}

pub(super) fn unit_of(field: &sql::DateTimeField) -> Result<&'static str, SqlError> {
    use sql::DateTimeField as Field;
    let text = match field {
        Field::Custom(name) => name.value.to_ascii_uppercase(),
        other => other.to_string().to_ascii_uppercase(),
    };
    unit_named(&text)
}

pub(super) fn unit_named(text: &str) -> Result<&'static str, SqlError> {
    Ok(match text.to_ascii_uppercase().trim_end_matches('S') {
        "YEAR" => "YEAR",
        "QUARTER" => "QUARTER",
        "MONTH" => "MONTH",
        "WEEK" => "WEEK",
        "DAY" => "DAY",
        "HOUR" => "HOUR",
        "MINUTE" => "MINUTE",
        "SECOND" => "SECOND",
        "MILLISECOND" => "MILLISECOND",
        "MICROSECOND" => "MICROSECOND",
        _ => return Err(error::not_modelled(format!("the unit {text}"))),
    })
}
