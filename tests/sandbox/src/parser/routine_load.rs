//! Routine loads and what a person does to a load by hand (StarRocks.g4 `createRoutineLoadStatement` and its neighbours).

use crate::answer::SqlError;
use crate::ast::{
    CreateRoutineLoad, ObjectName, ObjectStatement, RoutineLoadChange, ShowObject, Statement,
};
use crate::parser::cursor::{Cursor, Parsed};

impl Cursor<'_> {
    /// `ROUTINE LOAD [db.]job ON table clauses… [PROPERTIES (…)] FROM KAFKA [(…)]`
    pub fn create_routine_load(&mut self) -> Parsed<Statement> {
        self.expect_run(&["ROUTINE", "LOAD"])?;
        let name = self.object_name()?;
        self.expect("ON")?;
        let table = self.object_name()?;
        let from = self.peek().start;
        self.skip_until(|token| {
            token.is_word("PROPERTIES") || token.is_word("FROM") || token.is_symbol(';')
        });
        let description = self.text_since(from);
        let properties = self.properties()?;
        self.expect("FROM")?;
        let source = self.name()?.to_ascii_uppercase();
        let source_properties = if self.is_symbol('(') {
            self.property_list()?
        } else {
            Vec::new()
        };
        Ok(Statement::Object(ObjectStatement::CreateRoutineLoad(
            Box::new(CreateRoutineLoad {
                name,
                table,
                description,
                properties,
                source,
                source_properties,
            }),
        )))
    }

    /// `PAUSE|RESUME|STOP ROUTINE LOAD FOR [db.]job`
    pub fn change_routine_load(&mut self, change: RoutineLoadChange) -> Parsed<Statement> {
        self.bump();
        self.expect_run(&["ROUTINE", "LOAD", "FOR"])?;
        Ok(Statement::Object(ObjectStatement::ChangeRoutineLoad {
            name: self.object_name()?,
            change,
        }))
    }

    /// `[ALL] ROUTINE LOAD [FOR [db.]job] [FROM db]`
    pub fn show_routine_load(&mut self) -> Parsed<ShowObject> {
        let all = self.take("ALL");
        self.expect_run(&["ROUTINE", "LOAD"])?;
        let named = if self.take("FOR") {
            Some(self.object_name()?)
        } else {
            None
        };
        let from = if self.take("FROM") {
            Some(self.database_name()?)
        } else {
            None
        };
        if !self.is_end() && !self.is_symbol(';') {
            return Err(SqlError::plain(
                "not modelled by this sandbox: SHOW ROUTINE LOAD with WHERE, ORDER BY or LIMIT",
            ));
        }
        let (database, name) = match named {
            Some(ObjectName { database, name }) => (from.or(database), Some(name)),
            None => (from, None),
        };
        Ok(ShowObject::RoutineLoad {
            all,
            database,
            name,
        })
    }

    /// After SANDBOX: `HOLD LOAD [COMMITTED] INSERT …`, `COMMIT LOAD label`, `ABORT LOAD label`, `ROUTINE LOAD job VALUES (…)`
    pub fn load_by_hand(&mut self) -> Parsed<Option<Statement>> {
        let statement = if self.take_run(&["HOLD", "LOAD"]) {
            let committed = self.take("COMMITTED");
            let Statement::Insert(insert) = self.insert()? else {
                return Err(self.unexpected(&["INSERT"]));
            };
            ObjectStatement::HoldLoad { insert, committed }
        } else if self.take_run(&["COMMIT", "LOAD"]) {
            ObjectStatement::CommitLoad {
                label: self.name_or_string()?,
            }
        } else if self.take_run(&["ABORT", "LOAD"]) {
            ObjectStatement::AbortLoad {
                label: self.name_or_string()?,
            }
        } else if self.take_run(&["ROUTINE", "LOAD"]) {
            let name = self.object_name()?;
            self.expect("VALUES")?;
            ObjectStatement::FeedRoutineLoad {
                name,
                rows: self.rows()?,
            }
        } else {
            return Ok(None);
        };
        Ok(Some(Statement::Object(statement)))
    }
}
