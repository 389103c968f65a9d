//! A column of a CREATE TABLE or ALTER TABLE, and its type (StarRocks.g4 `columnDesc`, `type`).

use crate::ast::{ColumnDefinition, DataType, DefaultValue};
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::token::Kind;

const AGGREGATIONS: &[&str] = &[
    "SUM",
    "MAX",
    "MIN",
    "REPLACE",
    "REPLACE_IF_NOT_NULL",
    "HLL_UNION",
    "BITMAP_UNION",
    "PERCENTILE_UNION",
];

/// `catalog/ScalarType.java` DEFAULT_STRING_LENGTH, and the most a VARCHAR can be.
const STRING_LENGTH: u32 = 65_533;
const MAX_VARCHAR_LENGTH: u32 = 1_048_576;

impl Cursor<'_> {
    /// `name type [KEY] [aggregation] [[NOT] NULL] [DEFAULT … | AUTO_INCREMENT | AS expr] [COMMENT "…"]`, in this order only.
    pub fn column(&mut self) -> Parsed<ColumnDefinition> {
        let name = self.name()?;
        let data_type = self.data_type()?;
        let key = self.take("KEY");
        let aggregation = self.aggregation();
        let nullable = self.nullable()?;
        let default = self.default_value()?;
        let auto_increment = default.is_none() && self.take("AUTO_INCREMENT");
        let generated = if default.is_none() && !auto_increment {
            self.generated()?
        } else {
            None
        };
        let comment = self.comment()?;
        Ok(ColumnDefinition {
            name,
            data_type,
            key,
            aggregation,
            nullable,
            default,
            auto_increment,
            generated,
            comment,
        })
    }

    fn aggregation(&mut self) -> Option<String> {
        let word = AGGREGATIONS.iter().find(|word| self.is(word))?;
        self.bump();
        Some((*word).to_owned())
    }

    fn nullable(&mut self) -> Parsed<Option<bool>> {
        if self.take("NULL") {
            return Ok(Some(true));
        }
        if !self.take("NOT") {
            return Ok(None);
        }
        self.expect("NULL")?;
        Ok(Some(false))
    }

    /// `DEFAULT "text" | NULL | CURRENT_TIMESTAMP[(n)] | (function())`
    fn default_value(&mut self) -> Parsed<Option<DefaultValue>> {
        if !self.take("DEFAULT") {
            return Ok(None);
        }
        if self.take("NULL") {
            return Ok(Some(DefaultValue::Null));
        }
        if self.take("CURRENT_TIMESTAMP") {
            if self.take_symbol('(') {
                if !self.is_symbol(')') {
                    self.integer::<u8>()?;
                }
                self.expect_symbol(')')?;
            }
            return Ok(Some(DefaultValue::CurrentTimestamp));
        }
        if self.take_symbol('(') {
            let from = self.peek().start;
            self.name()?;
            self.expect_symbol('(')?;
            self.expect_symbol(')')?;
            let function = self.text_since(from);
            self.expect_symbol(')')?;
            return Ok(Some(DefaultValue::Function(function)));
        }
        if self.peek().kind == Kind::Text {
            return Ok(Some(DefaultValue::Text(self.string()?)));
        }
        Err(self.unexpected(&[
            "NULL",
            "CURRENT_TIMESTAMP",
            "(",
            "SINGLE_QUOTED_TEXT",
            "DOUBLE_QUOTED_TEXT",
        ]))
    }

    /// `AS expression`
    fn generated(&mut self) -> Parsed<Option<String>> {
        if !self.take("AS") {
            return Ok(None);
        }
        let from = self.peek().start;
        self.expression_until(|token| {
            token.is_symbol(',') || token.is_symbol(';') || token.is_word("COMMENT")
        })?;
        Ok(Some(self.text_since(from)))
    }

    fn data_type(&mut self) -> Parsed<DataType> {
        let token = self.peek();
        if token.kind != Kind::Word {
            return Err(self.no_viable());
        }
        self.bump();
        let data_type = match token.text.to_ascii_uppercase().as_str() {
            "BOOLEAN" => DataType::Boolean,
            "TINYINT" => self.displayed(DataType::TinyInt)?,
            "SMALLINT" => self.displayed(DataType::SmallInt)?,
            "INT" | "INTEGER" => self.displayed(DataType::Int)?,
            "BIGINT" => self.displayed(DataType::BigInt)?,
            "LARGEINT" => self.displayed(DataType::LargeInt)?,
            "FLOAT" => DataType::Float,
            "DOUBLE" => DataType::Double,
            "DECIMAL" | "DECIMALV2" | "DECIMAL32" | "DECIMAL64" | "DECIMAL128" | "NUMERIC"
            | "NUMBER" => self.decimal()?,
            "DATE" => DataType::Date,
            "DATETIME" => DataType::DateTime,
            "CHAR" => DataType::Char(self.length()?.unwrap_or(1)),
            "VARCHAR" => self.varchar()?,
            "STRING" | "TEXT" => DataType::Varchar(STRING_LENGTH),
            "JSON" => DataType::Json,
            "BINARY" | "VARBINARY" => DataType::VarBinary(self.length()?.unwrap_or(STRING_LENGTH)),
            other => return Err(self.refuse(&format!("Unsupported type specification: '{other}'"))),
        };
        Ok(data_type)
    }

    /// An integer type's display width says nothing.
    fn displayed(&mut self, data_type: DataType) -> Parsed<DataType> {
        self.length()?;
        Ok(data_type)
    }

    fn varchar(&mut self) -> Parsed<DataType> {
        if self.peek().is_symbol('(') && self.peek_at(1).is_symbol('*') {
            self.bump();
            self.bump();
            self.expect_symbol(')')?;
            return Ok(DataType::Varchar(MAX_VARCHAR_LENGTH));
        }
        Ok(DataType::Varchar(self.length()?.unwrap_or(STRING_LENGTH)))
    }

    /// `(p [, s])`; DECIMAL alone is DECIMAL(10, 0) (`AstBuilder.getDecimalType`).
    fn decimal(&mut self) -> Parsed<DataType> {
        if !self.take_symbol('(') {
            return Ok(DataType::Decimal {
                precision: 10,
                scale: 0,
            });
        }
        let precision = self.integer()?;
        let scale = if self.take_symbol(',') {
            self.integer()?
        } else {
            0
        };
        self.expect_symbol(')')?;
        Ok(DataType::Decimal { precision, scale })
    }

    fn length(&mut self) -> Parsed<Option<u32>> {
        if !self.take_symbol('(') {
            return Ok(None);
        }
        let length = self.integer()?;
        self.expect_symbol(')')?;
        Ok(Some(length))
    }
}
