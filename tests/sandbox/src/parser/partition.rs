//! PARTITION BY of a CREATE TABLE, and the partitions it and ALTER TABLE name (StarRocks.g4 `partitionDesc`).

use crate::ast::{Bound, ListPartition, ListValues, PartitionItem, Partitioning, RangePartition};
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::token::Kind;

impl Cursor<'_> {
    /// `[PARTITION BY …]`
    pub fn partitioning(&mut self) -> Parsed<Option<Partitioning>> {
        if !self.take("PARTITION") {
            return Ok(None);
        }
        self.expect("BY")?;
        if self.take("RANGE") {
            let columns = self.names()?;
            let partitions = self.bracketed_or_none(Cursor::range_partition)?;
            return Ok(Some(Partitioning::Range {
                columns,
                partitions,
            }));
        }
        if self.is("LIST") && self.peek_at(1).is_symbol('(') {
            self.bump();
            let columns = self.names()?;
            let partitions = if self.is_symbol('(') {
                self.bracketed_or_none(Cursor::list_partition)?
            } else {
                Vec::new()
            };
            return Ok(Some(Partitioning::List {
                columns,
                partitions,
            }));
        }
        self.expression_partitioning().map(Some)
    }

    /// `date_trunc('day', c) [(START … END … EVERY …)]`, `c1, c2`, `(c1, c2)`: partitions come by themselves.
    fn expression_partitioning(&mut self) -> Parsed<Partitioning> {
        let bracketed = self.take_symbol('(');
        let from = self.peek().start;
        let expressions = self.list(Cursor::partition_expression)?;
        let text = self.text_since(from);
        if bracketed {
            self.expect_symbol(')')?;
        }
        let partitions = if self.is_symbol('(') {
            self.bracketed_or_none(Cursor::range_partition)?
        } else {
            Vec::new()
        };
        Ok(Partitioning::Expression {
            text,
            expressions,
            partitions,
        })
    }

    /// A column or a call; brackets after it are not its own.
    fn partition_expression(&mut self) -> Parsed<sqlparser::ast::Expr> {
        let start = self.position();
        self.bump();
        if self.take_symbol('(') {
            self.skip_until(|token| token.is_symbol(')'));
            self.bump();
        }
        let end = self.peek().start;
        self.rewind(start);
        self.expression_until(move |token| token.start >= end)
    }

    /// `ADD PARTITION`'s item: which kind it is shows only in its VALUES.
    pub fn partition_item(&mut self) -> Parsed<PartitionItem> {
        let start = self.position();
        let listed = self.partition_head().is_ok() && self.is_run(&["VALUES", "IN"]);
        self.rewind(start);
        if listed {
            self.list_partition().map(PartitionItem::List)
        } else {
            self.range_partition().map(PartitionItem::Range)
        }
    }

    /// `PARTITION p VALUES LESS THAN …`, `PARTITION p VALUES [(…), (…))` or `START (…) END (…) EVERY (…)`
    pub fn range_partition(&mut self) -> Parsed<RangePartition> {
        if self.is("START") {
            return self.every();
        }
        let (name, if_not_exists) = self.partition_head()?;
        self.expect("VALUES")?;
        if self.take_run(&["LESS", "THAN"]) {
            let upper = if self.take("MAXVALUE") {
                vec![Bound::MaxValue]
            } else {
                self.in_brackets(Cursor::bound)?
            };
            let properties = self.partition_properties()?;
            return Ok(RangePartition::LessThan {
                name,
                if_not_exists,
                upper,
                properties,
            });
        }
        if !self.take_symbol('[') {
            return Err(self.unexpected(&["LESS", "["]));
        }
        let lower = self.in_brackets(Cursor::bound)?;
        self.expect_symbol(',')?;
        let upper = self.in_brackets(Cursor::bound)?;
        self.expect_symbol(')')?;
        let properties = self.partition_properties()?;
        Ok(RangePartition::Between {
            name,
            if_not_exists,
            lower,
            upper,
            properties,
        })
    }

    /// `PARTITION p VALUES IN ("a", …)` or `VALUES IN (("a", "b"), …)`
    pub fn list_partition(&mut self) -> Parsed<ListPartition> {
        let (name, if_not_exists) = self.partition_head()?;
        self.expect_run(&["VALUES", "IN"])?;
        let values = if self.peek_at(1).is_symbol('(') {
            let row = |cursor: &mut Self| cursor.in_brackets(Cursor::list_value);
            ListValues::Rows(self.in_brackets(row)?)
        } else {
            ListValues::Single(self.in_brackets(Cursor::list_value)?)
        };
        Ok(ListPartition {
            name,
            if_not_exists,
            values,
            properties: self.partition_properties()?,
        })
    }

    /// A string or NULL (StarRocks.g4 `listPartitionValue`).
    fn list_value(&mut self) -> Parsed<Option<String>> {
        if self.take("NULL") {
            return Ok(None);
        }
        self.string().map(Some)
    }

    fn partition_head(&mut self) -> Parsed<(String, bool)> {
        self.expect("PARTITION")?;
        let if_not_exists = self.if_not_exists();
        Ok((self.name()?, if_not_exists))
    }

    fn partition_properties(&mut self) -> Parsed<Vec<(String, String)>> {
        if self.is_symbol('(') && self.peek_at(1).kind == Kind::Text {
            self.property_list()
        } else {
            Ok(Vec::new())
        }
    }

    fn bound(&mut self) -> Parsed<Bound> {
        if self.take("MAXVALUE") {
            return Ok(Bound::MaxValue);
        }
        if self.take("MINVALUE") {
            return Ok(Bound::MinValue);
        }
        self.string().map(Bound::Value)
    }

    /// `START ("a") END ("b") EVERY (INTERVAL n unit | n)`
    pub fn every(&mut self) -> Parsed<RangePartition> {
        let start = self.bracketed_after("START")?;
        let end = self.bracketed_after("END")?;
        self.expect("EVERY")?;
        self.expect_symbol('(')?;
        let interval = self.take("INTERVAL");
        let step = self.integer()?;
        let unit = if interval { Some(self.unit()?) } else { None };
        self.expect_symbol(')')?;
        Ok(RangePartition::Every {
            start,
            end,
            step,
            unit,
        })
    }

    fn bracketed_after(&mut self, word: &str) -> Parsed<String> {
        self.expect(word)?;
        self.expect_symbol('(')?;
        let value = self.string()?;
        self.expect_symbol(')')?;
        Ok(value)
    }

    fn unit(&mut self) -> Parsed<String> {
        const UNITS: &[&str] = &[
            "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND",
        ];
        let unit = UNITS
            .iter()
            .find(|unit| self.is(unit))
            .ok_or_else(|| self.unexpected(UNITS))?;
        self.bump();
        Ok((*unit).to_owned())
    }

    /// `(item, …)` or `()`
    fn bracketed_or_none<T>(&mut self, item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect_symbol('(')?;
        let items = if self.is_symbol(')') {
            Vec::new()
        } else {
            self.list(item)?
        };
        self.expect_symbol(')')?;
        Ok(items)
    }
}
