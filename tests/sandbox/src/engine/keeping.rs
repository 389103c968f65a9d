//! `partition_retention_condition`: partitions that cannot hold it are dropped by the partition scheduler (`clone/PartitionTTLScheduler.java`,
//! `sql/optimizer/rule/transformation/partition/PartitionSelector.java`). It is read anew in every round, as it may speak of today.

use rusqlite::types::Value;
use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::ast::{DataType, Statement};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::partition::Partition;
use crate::engine::range::{KeyPart, part_of};
use crate::engine::session::Session;
use crate::engine::table::Table;
use crate::engine::value::text_of;

/// A condition with its constants computed.
pub enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    /// Place among the partition columns, comparison, constant.
    Compare(usize, Comparison, Option<KeyPart>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Cluster {
    /// Reads a condition over the table's partition columns: comparisons of a column with something constant, joined by AND and OR.
    pub fn keep_condition(
        &mut self,
        session: &Session,
        table: &Table,
        text: &str,
    ) -> Result<Condition, SqlError> {
        let expression = read(text).ok_or_else(|| {
            error::analyzing(format!("Failed to parse retention condition: {text}"))
        })?;
        self.condition(session, table, &expression)
    }

    fn condition(
        &mut self,
        session: &Session,
        table: &Table,
        expression: &sql::Expr,
    ) -> Result<Condition, SqlError> {
        use sql::BinaryOperator as Op;
        match expression {
            sql::Expr::Nested(inner) => self.condition(session, table, inner),
            sql::Expr::BinaryOp { left, op, right } if matches!(op, Op::And | Op::Or) => {
                let left = Box::new(self.condition(session, table, left)?);
                let right = Box::new(self.condition(session, table, right)?);
                Ok(if *op == Op::And {
                    Condition::And(left, right)
                } else {
                    Condition::Or(left, right)
                })
            }
            sql::Expr::BinaryOp { left, op, right } => {
                let comparison = match op {
                    Op::Eq => Comparison::Equal,
                    Op::NotEq => Comparison::NotEqual,
                    Op::Lt => Comparison::Less,
                    Op::LtEq => Comparison::LessOrEqual,
                    Op::Gt => Comparison::Greater,
                    Op::GtEq => Comparison::GreaterOrEqual,
                    _ => return Err(unmodelled(expression)),
                };
                let sql::Expr::Identifier(name) = left.as_ref() else {
                    return Err(unmodelled(expression));
                };
                let place = place_of(table, &name.value)?;
                let constant = self.evaluate(session, right)?;
                let data_type = table.partition_types()[place];
                Ok(Condition::Compare(
                    place,
                    comparison,
                    constant_part(&constant, data_type)?,
                ))
            }
            other => Err(unmodelled(other)),
        }
    }
}

impl Condition {
    /// Whether some row of the partition can fulfil it.
    pub fn keeps(&self, partition: &Partition, types: &[DataType]) -> bool {
        match self {
            Condition::And(left, right) => {
                left.keeps(partition, types) && right.keeps(partition, types)
            }
            Condition::Or(left, right) => {
                left.keeps(partition, types) || right.keeps(partition, types)
            }
            Condition::Compare(place, comparison, Some(constant)) => {
                compare(partition, types, *place, *comparison, constant)
            }
            Condition::Compare(_, _, None) => false,
        }
    }
}

fn compare(
    partition: &Partition,
    types: &[DataType],
    place: usize,
    comparison: Comparison,
    constant: &KeyPart,
) -> bool {
    if let Some(list) = &partition.list {
        return list.rows.iter().any(|row| {
            let value = row[place]
                .as_deref()
                .and_then(|text| listed_part(text, types[place]));
            value.is_some_and(|value| match comparison {
                Comparison::Equal => value == *constant,
                Comparison::NotEqual => value != *constant,
                Comparison::Less => value < *constant,
                Comparison::LessOrEqual => value <= *constant,
                Comparison::Greater => value > *constant,
                Comparison::GreaterOrEqual => value >= *constant,
            })
        });
    }
    let Some(range) = &partition.range else {
        return true;
    };
    let (lower, upper) = (&range.lower[place], &range.upper[place]);
    match comparison {
        Comparison::Equal => lower <= constant && constant < upper,
        Comparison::NotEqual => true,
        Comparison::Less => lower < constant,
        Comparison::LessOrEqual => lower <= constant,
        Comparison::Greater | Comparison::GreaterOrEqual => constant < upper,
    }
}

fn read(text: &str) -> Option<sql::Expr> {
    let parsed = crate::parser::parse(&format!("SELECT {text}"), crate::release::Release::V3_5);
    let Ok(Statement::Query(query)) = parsed else {
        return None;
    };
    let sql::SetExpr::Select(select) = *query.body else {
        return None;
    };
    match select.projection.as_slice() {
        [sql::SelectItem::UnnamedExpr(expression)] => Some(expression.clone()),
        _ => None,
    }
}

fn place_of(table: &Table, name: &str) -> Result<usize, SqlError> {
    table
        .partition_columns()
        .iter()
        .position(|index| table.columns[*index].name.eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            let inner = error::analyzing(format!(
                "Column is not a partition column which can not be used in where clause for drop partition: {name}"
            ));
            error::analyzing(format!(
                "Failed to validate retention condition: {}",
                inner.message
            ))
        })
}

fn constant_part(value: &Value, data_type: DataType) -> Result<Option<KeyPart>, SqlError> {
    let Some(text) = text_of(value) else {
        return Ok(None);
    };
    match data_type {
        DataType::Char(_) | DataType::Varchar(_) | DataType::Boolean => {
            Ok(Some(KeyPart::Text(text)))
        }
        _ => part_of(&text, data_type).map(Some),
    }
}

fn listed_part(text: &str, data_type: DataType) -> Option<KeyPart> {
    match data_type {
        DataType::Char(_) | DataType::Varchar(_) | DataType::Boolean => {
            Some(KeyPart::Text(text.to_owned()))
        }
        _ => part_of(text, data_type).ok(),
    }
}

fn unmodelled(expression: &sql::Expr) -> SqlError {
    error::not_modelled(format!("the retention condition {expression}"))
}
