//! SHOW and DESC.

use crate::ast::{ObjectName, Show, ShowObject, SortDirection, Statement};
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::token::Token;

impl Cursor<'_> {
    pub fn show(&mut self) -> Parsed<Statement> {
        self.expect("SHOW")?;
        if let Some(statement) = self.show_outside()? {
            return Ok(statement);
        }
        self.shown().map(Statement::Show)
    }

    /// `DESC[RIBE] table`
    pub fn describe(&mut self) -> Parsed<Statement> {
        self.bump();
        let table = self.object_name()?;
        if self.take("ALL") {
            return Ok(Statement::Show(Show::Object(ShowObject::DescribeAll {
                table,
            })));
        }
        Ok(Statement::Show(Show::Columns { full: false, table }))
    }

    fn shown(&mut self) -> Parsed<Show> {
        let word = self.peek().text.to_ascii_uppercase();
        if let Some(show) = plain(&word) {
            self.bump();
            return Ok(show);
        }
        match word.as_str() {
            "BACKUP" => self
                .bump_then(Cursor::of_database)
                .map(|database| Show::Backup { database }),
            "RESTORE" => self.bump_then(Cursor::show_restore),
            "SNAPSHOT" => self.show_snapshot(),
            "DATABASES" | "SCHEMAS" => self.bump_then(Cursor::show_databases),
            "FULL" => self.show_full(),
            "TABLES" => self.show_tables(false),
            "COLUMNS" | "FIELDS" => self.show_columns(false),
            "PROCESSLIST" => self.bump_then(|_| Ok(Show::ProcessList { full: false })),
            "PARTITIONS" | "TEMPORARY" => self.show_partitions(),
            "CREATE" => self.show_create(),
            "GLOBAL" | "SESSION" | "LOCAL" | "VARIABLES" | "STATUS" => self.show_variables(),
            "DATA" => self.show_data(),
            "GRANTS" => self.show_grants(),
            "MATERIALIZED" | "ALL" | "ROUTINE" | "TRANSACTION" | "PROC" | "ALTER" => {
                self.show_object().map(Show::Object)
            }
            "COMPUTE" => {
                self.expect_run(&["COMPUTE", "NODES"])?;
                Ok(Show::ComputeNodes)
            }
            "CHARACTER" => {
                self.expect_run(&["CHARACTER", "SET"])?;
                Ok(Show::Charset)
            }
            _ => Err(self.no_viable()),
        }
    }

    fn bump_then<T>(&mut self, then: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.bump();
        then(self)
    }

    /// `[FROM|IN db]`
    pub fn of_database(&mut self) -> Parsed<Option<String>> {
        if self.take_any(&["FROM", "IN"]) {
            self.database_name().map(Some)
        } else {
            Ok(None)
        }
    }

    /// `RESTORE [FROM|IN db] [WHERE …]`: StarRocks parses the predicate and never looks at it (`qe/ShowExecutor.java`).
    fn show_restore(&mut self) -> Parsed<Show> {
        let database = self.of_database()?;
        if self.take("WHERE") {
            self.expression_until(|token| token.is_symbol(';'))?;
        }
        Ok(Show::Restore { database })
    }

    fn show_databases(&mut self) -> Parsed<Show> {
        Ok(Show::Databases {
            pattern: self.like()?,
        })
    }

    /// `SNAPSHOT ON repository [WHERE …]`: what the condition may say is for the analyzer.
    fn show_snapshot(&mut self) -> Parsed<Show> {
        self.expect_run(&["SNAPSHOT", "ON"])?;
        let repository = self.name()?;
        let filter = if self.take("WHERE") {
            Some(self.expression_until(|token| token.is_symbol(';'))?)
        } else {
            None
        };
        Ok(Show::Snapshot { repository, filter })
    }

    fn show_full(&mut self) -> Parsed<Show> {
        self.expect("FULL")?;
        if self.is("TABLES") {
            return self.show_tables(true);
        }
        if self.is_any(&["COLUMNS", "FIELDS"]) {
            return self.show_columns(true);
        }
        self.expect_any(&["TABLES", "COLUMNS", "PROCESSLIST"])?;
        Ok(Show::ProcessList { full: true })
    }

    fn show_tables(&mut self, full: bool) -> Parsed<Show> {
        self.expect("TABLES")?;
        let database = self.of_database()?;
        Ok(Show::Tables {
            full,
            database,
            pattern: self.like()?,
        })
    }

    /// `COLUMNS|FIELDS FROM|IN t [FROM|IN db]`
    fn show_columns(&mut self, full: bool) -> Parsed<Show> {
        self.bump();
        self.expect_any(&["FROM", "IN"])?;
        let mut table = self.object_name()?;
        if let Some(database) = self.of_database()? {
            table.database = Some(database);
        }
        Ok(Show::Columns { full, table })
    }

    /// `[TEMPORARY] PARTITIONS FROM t [WHERE …] [ORDER BY …] [LIMIT n]`
    fn show_partitions(&mut self) -> Parsed<Show> {
        let temporary = self.take("TEMPORARY");
        self.expect_run(&["PARTITIONS", "FROM"])?;
        let table = self.object_name()?;
        let filter = if self.take("WHERE") {
            Some(self.expression_until(ends_filter)?)
        } else {
            None
        };
        let order = if self.take_run(&["ORDER", "BY"]) {
            self.list(Cursor::sort_item)?
        } else {
            Vec::new()
        };
        let limit = if self.take("LIMIT") {
            Some(self.integer()?)
        } else {
            None
        };
        Ok(Show::Partitions {
            temporary,
            table,
            filter,
            order,
            limit,
        })
    }

    /// `column [ASC|DESC]`
    fn sort_item(&mut self) -> Parsed<(String, SortDirection)> {
        let column = self.name()?;
        if self.take("DESC") {
            return Ok((column, SortDirection::Descending));
        }
        self.take("ASC");
        Ok((column, SortDirection::Ascending))
    }

    fn show_create(&mut self) -> Parsed<Show> {
        self.expect("CREATE")?;
        if self.take_any(&["DATABASE", "SCHEMA"]) {
            return Ok(Show::CreateDatabase {
                name: self.database_name()?,
            });
        }
        if self.take_run(&["MATERIALIZED", "VIEW"]) {
            return Ok(Show::Object(ShowObject::CreateMaterializedView {
                name: self.object_name()?,
            }));
        }
        if self.take("VIEW") {
            return Ok(Show::Object(ShowObject::CreateView {
                name: self.object_name()?,
            }));
        }
        self.expect_any(&["TABLE", "VIEW", "DATABASE", "SCHEMA", "MATERIALIZED"])?;
        Ok(Show::CreateTable {
            name: self.object_name()?,
        })
    }

    /// `[GLOBAL|SESSION|LOCAL] VARIABLES|STATUS [LIKE '…' | WHERE VARIABLE_NAME = '…']`
    fn show_variables(&mut self) -> Parsed<Show> {
        let global = self.take("GLOBAL");
        if !global {
            self.take_any(&["SESSION", "LOCAL"]);
        }
        if self.take("STATUS") {
            self.like()?;
            return Ok(Show::Status);
        }
        self.expect("VARIABLES")?;
        if self.take_run(&["WHERE", "VARIABLE_NAME"]) {
            self.expect_symbol('=')?;
            let name = self.string()?;
            return Ok(Show::Variables {
                global,
                pattern: Some(name.replace('_', "\\_").replace('%', "\\%")),
            });
        }
        Ok(Show::Variables {
            global,
            pattern: self.like()?,
        })
    }

    fn show_data(&mut self) -> Parsed<Show> {
        self.expect("DATA")?;
        let table: Option<ObjectName> = if self.take("FROM") {
            Some(self.object_name()?)
        } else {
            None
        };
        Ok(Show::Data { table })
    }

    /// `GRANTS [FOR [USER] user | FOR ROLE role]`
    fn show_grants(&mut self) -> Parsed<Show> {
        self.expect("GRANTS")?;
        let of = if self.take("FOR") {
            Some(self.grantee()?)
        } else {
            None
        };
        Ok(Show::Grants { of })
    }
}

fn ends_filter(token: &Token<'_>) -> bool {
    token.is_word("ORDER") || token.is_word("LIMIT") || token.is_symbol(';')
}

/// What has nothing after it.
fn plain(word: &str) -> Option<Show> {
    Some(match word {
        "REPOSITORIES" => Show::Repositories,
        "FRONTENDS" => Show::Frontends,
        "BACKENDS" => Show::Backends,
        "WARNINGS" => Show::Warnings,
        "ENGINES" => Show::Engines,
        "CHARSET" => Show::Charset,
        "COLLATION" => Show::Collation,
        "ROLES" => Show::Roles,
        "USER" => Show::Users { all: false },
        "USERS" => Show::Users { all: true },
        _ => return None,
    })
}
