//! `PARTITION BY date_trunc('day', c)` and `time_slice(c, INTERVAL n unit)`: which slice of time a value belongs to, and what its partition is
//! called (`sql/analyzer/AnalyzerUtils.getAddPartitionClauseForRangePartition`).

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};
use serde::{Deserialize, Serialize};
use sqlparser::ast as sql;

use crate::ast::DataType;
use crate::engine::functions::{cut, shift};
use crate::engine::partition_items::bound_text;
use crate::engine::range::{KeyPart, Range, part_of};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    pub column: String,
    /// Lower case, as it is printed.
    pub unit: String,
    pub step: i64,
    /// `time_slice`, not `date_trunc`.
    pub is_time_slice: bool,
}

impl Slice {
    /// `None`: not one of the two calls, or one StarRocks does not take here.
    pub fn read(expression: &sql::Expr) -> Option<Slice> {
        let sql::Expr::Function(call) = expression else {
            return None;
        };
        let sql::FunctionArguments::List(list) = &call.args else {
            return None;
        };
        let mut arguments = list.args.iter().map(|argument| match argument {
            sql::FunctionArg::Unnamed(sql::FunctionArgExpr::Expr(expression)) => Some(expression),
            _ => None,
        });
        let name = call.name.to_string().to_ascii_lowercase();
        let (first, second) = (arguments.next()??, arguments.next()??);
        match (name.as_str(), arguments.next(), arguments.next()) {
            ("date_trunc", None, None) => {
                let unit = crate::engine::translate::text_literal(first)?.to_ascii_lowercase();
                ["hour", "day", "month", "year"]
                    .contains(&unit.as_str())
                    .then_some(Slice {
                        column: column(second)?,
                        unit,
                        step: 1,
                        is_time_slice: false,
                    })
            }
            ("time_slice", boundary, None) => {
                let sql::Expr::Interval(interval) = second else {
                    return None;
                };
                if boundary.is_some_and(|word| {
                    word.is_none_or(|word| !word.to_string().eq_ignore_ascii_case("floor"))
                }) {
                    return None;
                }
                let unit = interval
                    .leading_field
                    .as_ref()?
                    .to_string()
                    .to_ascii_lowercase();
                ["minute", "hour", "day", "month", "year"]
                    .contains(&unit.as_str())
                    .then_some(Slice {
                        column: column(first)?,
                        unit,
                        step: interval.value.to_string().parse().ok()?,
                        is_time_slice: true,
                    })
            }
            _ => None,
        }
    }

    /// As SHOW CREATE TABLE prints it.
    pub fn sql(&self) -> String {
        if self.is_time_slice {
            format!(
                "time_slice({}, {}, '{}', 'floor')",
                self.column, self.step, self.unit
            )
        } else {
            format!("date_trunc('{}', {})", self.unit, self.column)
        }
    }

    /// Whether it cuts below a day, which DATE columns cannot be.
    pub fn is_fine(&self) -> bool {
        matches!(self.unit.as_str(), "hour" | "minute")
    }

    /// Name and range of the partition for a value. NULL goes where 0000-01-01 does.
    pub fn partition(&self, value: &KeyPart, data_type: DataType) -> Option<(String, Range)> {
        let moment = match value {
            KeyPart::Text(text) => crate::engine::datetime::parse(text)?,
            _ => NaiveDate::from_ymd_opt(0, 1, 1)?.and_hms_opt(0, 0, 0)?,
        };
        let from = self.floor(moment)?;
        let to = shift(from, self.step, &self.unit.to_ascii_uppercase())?;
        let bound = |moment| part_of(&bound_text(moment, data_type), data_type).ok();
        let upper = if to.year() > 9999 {
            KeyPart::Max
        } else {
            bound(to)?
        };
        let range = Range {
            lower: vec![bound(from)?],
            upper: vec![upper],
        };
        Some((self.name(from), range))
    }

    fn name(&self, from: NaiveDateTime) -> String {
        let pattern = match self.unit.as_str() {
            "minute" => "%Y%m%d%H%M",
            "hour" => "%Y%m%d%H",
            "day" => "%Y%m%d",
            "month" => "%Y%m",
            _ => "%Y",
        };
        format!("p{}", from.format(pattern))
    }

    /// Slices of several units are counted from 0001-01-01 (`be/src/exprs/time_functions.cpp`, time_slice).
    fn floor(&self, moment: NaiveDateTime) -> Option<NaiveDateTime> {
        let unit = self.unit.to_ascii_uppercase();
        let start = cut(&unit, moment)?;
        if self.step <= 1 || start.year() < 1 {
            return Some(start);
        }
        let origin = NaiveDate::from_ymd_opt(1, 1, 1)?.and_hms_opt(0, 0, 0)?;
        let since = match unit.as_str() {
            "YEAR" => i64::from(start.year()) - 1,
            "MONTH" => (i64::from(start.year()) - 1) * 12 + i64::from(start.month0()),
            "DAY" => (start - origin).num_days(),
            "HOUR" => (start - origin).num_days() * 24 + i64::from(start.hour()),
            _ => (start - origin).num_minutes(),
        };
        shift(start, -since.rem_euclid(self.step), &unit)
    }
}

fn column(expression: &sql::Expr) -> Option<String> {
    match expression {
        sql::Expr::Identifier(name) => Some(name.value.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_finds_its_slice() {
        let slice = |unit: &str, step| Slice {
            column: "d".into(),
            unit: unit.into(),
            step,
            is_time_slice: step > 1,
        };
        let named = |slice: Slice| {
            slice
                .partition(
                    &KeyPart::Text("2026-03-10 12:34:56".into()),
                    DataType::DateTime,
                )
                .unwrap()
        };
        for (unit, step, name) in [
            ("hour", 1, "p2026031012"),
            ("day", 1, "p20260310"),
            ("month", 1, "p202603"),
            ("year", 1, "p2026"),
            ("minute", 30, "p202603101230"),
            ("month", 6, "p202601"),
        ] {
            assert_eq!(named(slice(unit, step)).0, name);
        }
        let (_, range) = named(slice("day", 7));
        assert_eq!(
            range.show(&[DataType::DateTime]),
            "[types: [DATETIME]; keys: [2026-03-09 00:00:00]; ..types: [DATETIME]; keys: [2026-03-16 00:00:00]; )"
        );
    }
}
