//! The types of expressions: what a result column is declared as, and how comparisons between dates and texts are brought together.

use crate::answer::ColumnKind;
use crate::ast::DataType;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Null,
    Boolean,
    Integer,
    Double,
    /// Digits after the point.
    Decimal(u8),
    Date,
    DateTime,
    Text,
}

impl Type {
    pub fn of(data_type: DataType) -> Type {
        match data_type {
            DataType::Boolean => Type::Boolean,
            DataType::TinyInt
            | DataType::SmallInt
            | DataType::Int
            | DataType::BigInt
            | DataType::LargeInt => Type::Integer,
            DataType::Float | DataType::Double => Type::Double,
            DataType::Decimal { scale, .. } => Type::Decimal(scale),
            DataType::Date => Type::Date,
            DataType::DateTime => Type::DateTime,
            DataType::Char(_) | DataType::Varchar(_) | DataType::Json | DataType::VarBinary(_) => {
                Type::Text
            }
        }
    }

    pub fn kind(self) -> ColumnKind {
        match self {
            Type::Null | Type::Text => ColumnKind::Text,
            Type::Boolean => ColumnKind::Boolean,
            Type::Integer => ColumnKind::Integer,
            Type::Double => ColumnKind::Double,
            Type::Decimal(_) => ColumnKind::Decimal,
            Type::Date => ColumnKind::Date,
            Type::DateTime => ColumnKind::DateTime,
        }
    }

    /// The type that holds both: of a CASE, a COALESCE, a UNION.
    pub fn common(self, other: Type) -> Type {
        match (self, other) {
            (left, right) if left == right => left,
            (Type::Null, known) | (known, Type::Null) => known,
            (Type::Boolean, Type::Integer) | (Type::Integer, Type::Boolean) => Type::Integer,
            (Type::Date, Type::DateTime) | (Type::DateTime, Type::Date) => Type::DateTime,
            (Type::Decimal(left), Type::Decimal(right)) => Type::Decimal(left.max(right)),
            (Type::Decimal(scale), Type::Integer | Type::Boolean)
            | (Type::Integer | Type::Boolean, Type::Decimal(scale)) => Type::Decimal(scale),
            (left, right) if left.is_number() && right.is_number() => Type::Double,
            _ => Type::Text,
        }
    }

    pub fn is_number(self) -> bool {
        matches!(
            self,
            Type::Boolean | Type::Integer | Type::Double | Type::Decimal(_)
        )
    }

    pub fn is_temporal(self) -> bool {
        matches!(self, Type::Date | Type::DateTime)
    }

    /// Of `+`, `-`, `*`, `%`.
    pub fn arithmetic(self, other: Type, multiply: bool) -> Type {
        match (self, other) {
            (Type::Double | Type::Text, _) | (_, Type::Double | Type::Text) => Type::Double,
            (Type::Decimal(left), Type::Decimal(right)) if multiply => Type::Decimal(left + right),
            (Type::Decimal(left), Type::Decimal(right)) => Type::Decimal(left.max(right)),
            (Type::Decimal(scale), _) | (_, Type::Decimal(scale)) => Type::Decimal(scale),
            _ => Type::Integer,
        }
    }

    /// Of `/` and AVG: decimals gain digits (`sql/analyzer/DecimalV3FunctionAnalyzer`), everything else is a double.
    pub fn quotient(self, other: Type) -> Type {
        match (self, other) {
            (Type::Double | Type::Text, _) | (_, Type::Double | Type::Text) => Type::Double,
            (Type::Decimal(scale), _) => Type::Decimal(widened(scale)),
            (_, Type::Decimal(_)) => Type::Decimal(widened(0)),
            _ => Type::Double,
        }
    }
}

fn widened(scale: u8) -> u8 {
    match scale {
        0..=6 => scale + 6,
        7..=12 => 12,
        _ => scale,
    }
}
