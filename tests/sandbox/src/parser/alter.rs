//! ALTER TABLE and ALTER USER.

use crate::ast::{AlterClause, NewRollup, PartitionItem, Statement};
use crate::parser::cursor::{Cursor, Parsed};

impl Cursor<'_> {
    pub fn alter(&mut self) -> Parsed<Statement> {
        self.expect("ALTER")?;
        if self.is("USER") {
            return self.alter_user();
        }
        if self.is("ROLE") {
            return self.alter_role();
        }
        if self.is("MATERIALIZED") {
            return self.alter_materialized_view();
        }
        if self.is("VIEW") {
            return self.alter_view();
        }
        if !self.take("TABLE") {
            return Err(self.unexpected(&["TABLE", "USER", "ROLE", "VIEW", "MATERIALIZED"]));
        }
        let name = self.object_name()?;
        let clauses = self.list(Cursor::alter_clause)?;
        Ok(Statement::AlterTable { name, clauses })
    }

    fn alter_clause(&mut self) -> Parsed<AlterClause> {
        match self.peek().text.to_ascii_uppercase().as_str() {
            "ADD" => self.add_clause(),
            "DROP" => self.drop_clause(),
            "MODIFY" => {
                self.expect_run(&["MODIFY", "COLUMN"])?;
                Ok(AlterClause::ModifyColumn(Box::new(self.column()?)))
            }
            "REPLACE" => self.replace_clause(),
            "RENAME" => self.rename_clause(),
            "SWAP" => {
                self.expect_run(&["SWAP", "WITH"])?;
                Ok(AlterClause::SwapWith {
                    other: self.name()?,
                })
            }
            "SET" => {
                self.bump();
                Ok(AlterClause::SetProperties(self.property_list()?))
            }
            "COMMENT" => {
                self.bump();
                self.expect_symbol('=')?;
                Ok(AlterClause::ModifyComment(self.string()?))
            }
            _ => Err(self.unexpected(&[
                "ADD", "DROP", "MODIFY", "REPLACE", "RENAME", "SWAP", "SET", "COMMENT",
            ])),
        }
    }

    /// `ADD COLUMN …`, `ADD [TEMPORARY] PARTITION …`, `ADD [TEMPORARY] PARTITIONS START … END … EVERY …`
    fn add_clause(&mut self) -> Parsed<AlterClause> {
        self.expect("ADD")?;
        if self.take("ROLLUP") {
            return Ok(AlterClause::AddRollup(self.list(Cursor::rollup_item)?));
        }
        if self.take("COLUMN") {
            return Ok(AlterClause::AddColumn(Box::new(self.column()?)));
        }
        let temporary = self.take("TEMPORARY");
        let partition = if self.take("PARTITIONS") {
            PartitionItem::Range(self.every()?)
        } else if self.is("PARTITION") {
            self.partition_item()?
        } else {
            return Err(self.unexpected(&["COLUMN", "PARTITION", "PARTITIONS", "TEMPORARY"]));
        };
        Ok(AlterClause::AddPartition {
            temporary,
            partition,
            distribution: self.distribution()?,
        })
    }

    /// `r (c, …) [DUPLICATE KEY (c, …)] [FROM index] [PROPERTIES (…)]`
    fn rollup_item(&mut self) -> Parsed<NewRollup> {
        let name = self.name()?;
        let columns = self.names()?;
        if self.take_run(&["DUPLICATE", "KEY"]) {
            self.names()?;
        }
        let from = if self.take("FROM") {
            Some(self.name()?)
        } else {
            None
        };
        self.properties()?;
        Ok(NewRollup {
            name,
            columns,
            from,
        })
    }

    /// `DROP COLUMN c`, `DROP [TEMPORARY] PARTITION [IF EXISTS] p [FORCE]`, `DROP … PARTITIONS [IF EXISTS] (p, …) [FORCE]`
    fn drop_clause(&mut self) -> Parsed<AlterClause> {
        self.expect("DROP")?;
        if self.take("ROLLUP") {
            return Ok(AlterClause::DropRollup {
                names: self.list(Cursor::name)?,
            });
        }
        if self.take("COLUMN") {
            return Ok(AlterClause::DropColumn { name: self.name()? });
        }
        let temporary = self.take("TEMPORARY");
        let many = self.take("PARTITIONS");
        if !many && !self.take("PARTITION") {
            return Err(self.unexpected(&["COLUMN", "PARTITION", "PARTITIONS", "TEMPORARY"]));
        }
        let if_exists = self.if_exists();
        let names = if many {
            self.names()?
        } else {
            vec![self.name()?]
        };
        Ok(AlterClause::DropPartition {
            temporary,
            if_exists,
            force: self.take("FORCE"),
            names,
        })
    }

    /// `REPLACE PARTITION (p, …) WITH TEMPORARY PARTITION (tp, …) [PROPERTIES (…)]`
    fn replace_clause(&mut self) -> Parsed<AlterClause> {
        self.expect("REPLACE")?;
        if !self.is_any(&["PARTITION", "PARTITIONS"]) {
            return Err(self.unexpected(&["PARTITION", "PARTITIONS"]));
        }
        let (_, partitions) = self.partitions()?;
        self.expect("WITH")?;
        if !self.is("TEMPORARY") {
            return Err(self.unexpected(&["TEMPORARY"]));
        }
        let (_, with) = self.partitions()?;
        if with.is_empty() {
            return Err(self.unexpected(&["PARTITION", "PARTITIONS"]));
        }
        Ok(AlterClause::ReplacePartition {
            partitions,
            with,
            properties: self.properties()?,
        })
    }

    /// `RENAME t`, `RENAME PARTITION p q`, `RENAME COLUMN a TO b`
    fn rename_clause(&mut self) -> Parsed<AlterClause> {
        self.expect("RENAME")?;
        if self.release().renames_columns() && self.is("COLUMN") && self.peek_at(2).is_word("TO") {
            self.bump();
            let from = self.name()?;
            self.expect("TO")?;
            return Ok(AlterClause::RenameColumn {
                from,
                to: self.name()?,
            });
        }
        if self.take("PARTITION") {
            let from = self.name()?;
            return Ok(AlterClause::RenamePartition {
                from,
                to: self.name()?,
            });
        }
        Ok(AlterClause::Rename { to: self.name()? })
    }
}
