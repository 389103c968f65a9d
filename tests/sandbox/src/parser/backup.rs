//! BACKUP, RESTORE and CANCEL of either: both the form of 3.4 and the one before it (StarRocks.g4 `backupStatement`, `restoreStatement`,
//! `AstBuilder.parseBackupRestoreStatement`).

use crate::ast::{
    Backup, CancelTarget, JobCatalogs, JobKind, JobObject, JobObjectPlaces, ObjectName, Place,
    Restore, Statement,
};
use crate::parser::cursor::{Cursor, Parsed, syntax_error};

// `sql/common/ParserErrorMsg.java`. None of them names a place.
const DATABASE_TWICE: &str = "Specifying dbName before snapshot name is forbidden if the DbName is specified explicitly in BACKUP/RESTORE";
const ON_WITHOUT_DATABASE: &str =
    "`ON` clause is forbidden if no Database explicitly specified in Restore stmt";
const ALIAS_IN_BACKUP: &str = "Specifying alias for backup object is forbidden in BACKUP stmt";
const CATALOG_AND_DATABASE: &str =
    "Can not sepcify database name for external catalog Backup/Restore";
const CATALOG_AND_ON: &str = "Can not sepcify `ON` clause for external catalog Backup/Restore";
const CANCEL_WITHOUT_DATABASE: &str = "No selected database for cancel BACKUP/RESTORE";

impl Cursor<'_> {
    /// `BACKUP [catalogs] [DATABASE db] SNAPSHOT [db.]label TO repository [ON (…)] [PROPERTIES (…)]`
    pub fn backup(&mut self) -> Parsed<Statement> {
        self.expect("BACKUP")?;
        let catalogs = self.external_catalogs(JobKind::Backup)?;
        let explicit = self.explicit_database()?;
        if !self.is("SNAPSHOT") {
            return Err(self.unexpected(
                if explicit.is_some() || catalogs.is_some() || !self.release().has_keyword_grammar()
                {
                    &["SNAPSHOT"]
                } else {
                    &["SNAPSHOT", "DATABASE", "ALL", "EXTERNAL"]
                },
            ));
        }
        self.bump();
        let snapshot = self.object_name()?;
        self.expect("TO")?;
        let repository = self.name()?;
        let objects = self.job_objects(JobKind::Backup)?;
        let properties = self.properties()?;
        check_databases(catalogs.is_some(), explicit.is_some(), &snapshot)?;
        if objects.iter().flatten().any(has_alias) {
            return Err(syntax_error(None, ALIAS_IN_BACKUP));
        }
        if catalogs.is_some() && objects.is_some() {
            return Err(syntax_error(None, CATALOG_AND_ON));
        }
        let database = explicit.or(snapshot.database);
        Ok(Statement::Backup(Backup {
            catalogs,
            database,
            label: snapshot.name,
            repository,
            objects,
            properties,
        }))
    }

    /// `RESTORE SNAPSHOT [db.]label FROM repository [catalogs] [DATABASE db [AS db]] [ON (…)] [PROPERTIES (…)]`
    pub fn restore(&mut self) -> Parsed<Statement> {
        self.expect_run(&["RESTORE", "SNAPSHOT"])?;
        let snapshot = self.object_name()?;
        self.expect("FROM")?;
        let repository = self.name()?;
        let catalogs = self.external_catalogs(JobKind::Restore)?;
        let source_database = self.explicit_database()?;
        let alias = if source_database.is_some() && self.take("AS") {
            Some(self.name()?)
        } else {
            None
        };
        let objects = self.job_objects(JobKind::Restore)?;
        let properties = self.properties()?;
        check_databases(catalogs.is_some(), source_database.is_some(), &snapshot)?;
        let database_is_named = source_database.is_some() || snapshot.database.is_some();
        if objects.is_some() && !database_is_named && self.release().has_keyword_grammar() {
            return Err(syntax_error(None, ON_WITHOUT_DATABASE));
        }
        if catalogs.is_some() && objects.is_some() {
            return Err(syntax_error(None, CATALOG_AND_ON));
        }
        let target_database = alias.or(snapshot.database);
        Ok(Statement::Restore(Restore {
            catalogs,
            source_database,
            target_database,
            label: snapshot.name,
            repository,
            objects,
            properties,
        }))
    }

    /// `CANCEL BACKUP|RESTORE FROM|IN db | FOR EXTERNAL CATALOG`
    pub fn cancel(&mut self) -> Parsed<Statement> {
        self.expect("CANCEL")?;
        let kind = if self.take("BACKUP") {
            JobKind::Backup
        } else {
            JobKind::Restore
        };
        if kind == JobKind::Restore && !self.take("RESTORE") {
            return Err(self.unexpected(&["BACKUP", "RESTORE"]));
        }
        let target = if self.take_any(&["FROM", "IN"]) {
            CancelTarget::Database(self.name()?)
        } else if !self.release().cancels_without_database() {
            return Err(self.unexpected(&["FROM", "IN"]));
        } else if self.take("FOR") {
            self.expect_run(&["EXTERNAL", "CATALOG"])?;
            CancelTarget::ExternalCatalog
        } else if self.is_end() || self.is_symbol(';') {
            return Err(syntax_error(None, CANCEL_WITHOUT_DATABASE));
        } else {
            return Err(self.unexpected(&["FROM", "IN", "FOR"]));
        };
        Ok(Statement::Cancel { kind, target })
    }

    /// `DATABASE db`, since 3.4.
    fn explicit_database(&mut self) -> Parsed<Option<String>> {
        if self.release().has_keyword_grammar() && self.take("DATABASE") {
            self.name().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Since 3.4: `ALL EXTERNAL CATALOGS` or `EXTERNAL CATALOG[S] (c, …)`, with aliases in RESTORE.
    fn external_catalogs(&mut self, kind: JobKind) -> Parsed<Option<JobCatalogs>> {
        if !self.release().has_keyword_grammar() {
            return Ok(None);
        }
        if self.take_run(&["ALL", "EXTERNAL", "CATALOGS"]) {
            return Ok(Some(JobCatalogs::All));
        }
        if !self.take("EXTERNAL") {
            return Ok(None);
        }
        self.expect_any(&["CATALOG", "CATALOGS"])?;
        let named = self.in_brackets(|cursor| {
            let name = cursor.name()?;
            let alias = if kind == JobKind::Restore && cursor.take("AS") {
                Some(cursor.name()?)
            } else {
                None
            };
            Ok((name, alias))
        })?;
        Ok(Some(JobCatalogs::Named(named)))
    }

    fn job_objects(&mut self, kind: JobKind) -> Parsed<Option<Vec<JobObject>>> {
        if !self.take("ON") {
            return Ok(None);
        }
        if self.release().has_keyword_grammar() {
            return self.in_brackets(Cursor::job_object).map(Some);
        }
        // Up to 3.3 an item is a table, and only RESTORE renames it (StarRocks.g4 `tableDesc`, `restoreTableDesc`).
        self.in_brackets(|cursor| {
            let start = cursor.position();
            cursor.job_table(start, false, kind == JobKind::Restore)
        })
        .map(Some)
    }

    /// One keyword introduces one object; without a keyword it is a table. VIEW, TABLES and their like are names too, so they are keywords
    /// only before another name.
    fn job_object(&mut self) -> Parsed<JobObject> {
        if self.take("ALL") {
            return self.all_of_a_kind();
        }
        let start = self.position();
        if self.take("TABLE") || self.take_before_name("TABLES") {
            return self.job_table(start, true, true);
        }
        let materialized = self.is("MATERIALIZED")
            && (self.peek_at(1).is_word("VIEW") || self.peek_at(1).is_word("VIEWS"));
        if materialized {
            self.bump();
            self.bump();
            let (name, alias, places) = self.aliased(start)?;
            return Ok(JobObject::MaterializedView {
                name,
                alias,
                places,
            });
        }
        if self.take_before_name("VIEW") || self.take_before_name("VIEWS") {
            let (name, alias, places) = self.aliased(start)?;
            return Ok(JobObject::View {
                name,
                alias,
                places,
            });
        }
        if self.take("FUNCTION") || self.take_before_name("FUNCTIONS") {
            let (name, alias, _) = self.aliased(start)?;
            return Ok(JobObject::Function { name, alias });
        }
        self.job_table(start, false, true)
    }

    fn all_of_a_kind(&mut self) -> Parsed<JobObject> {
        if self.take_any(&["TABLE", "TABLES"]) {
            return Ok(JobObject::AllTables);
        }
        if self.take("MATERIALIZED") {
            self.expect_any(&["VIEW", "VIEWS"])?;
            return Ok(JobObject::AllMaterializedViews);
        }
        if self.take_any(&["VIEW", "VIEWS"]) {
            return Ok(JobObject::AllViews);
        }
        if self.take_any(&["FUNCTION", "FUNCTIONS"]) {
            return Ok(JobObject::AllFunctions);
        }
        Err(self.unexpected(&[
            "TABLE",
            "TABLES",
            "MATERIALIZED",
            "VIEW",
            "VIEWS",
            "FUNCTION",
            "FUNCTIONS",
        ]))
    }

    fn job_table(&mut self, start: usize, keyword: bool, may_rename: bool) -> Parsed<JobObject> {
        let at = self.position();
        let name = self.object_name()?;
        let name_place = self.place_since(at);
        let at = self.position();
        let (temporary_partitions, partitions) = self.partitions()?;
        let partitions_place = self.place_since(at);
        let alias = if may_rename { self.job_alias()? } else { None };
        let places = JobObjectPlaces {
            item: self.place_since(start),
            name: name_place,
            partitions: partitions_place,
        };
        Ok(JobObject::Table {
            keyword,
            name,
            temporary_partitions,
            partitions,
            alias,
            places,
        })
    }

    fn aliased(&mut self, start: usize) -> Parsed<(ObjectName, Option<String>, JobObjectPlaces)> {
        let at = self.position();
        let name = self.object_name()?;
        let name_place = self.place_since(at);
        let alias = self.job_alias()?;
        let places = JobObjectPlaces {
            item: self.place_since(start),
            name: name_place,
            partitions: name_place,
        };
        Ok((name, alias, places))
    }

    fn job_alias(&mut self) -> Parsed<Option<String>> {
        if self.take("AS") {
            self.name().map(Some)
        } else {
            Ok(None)
        }
    }

    /// From that token to the one before the current.
    fn place_since(&self, start: usize) -> Place {
        let last = self.position().saturating_sub(1).max(start);
        let at = |token: usize| self.line_and_column(self.between(token, token + 1)[0].start);
        Place {
            from: at(start),
            to: at(last),
        }
    }

    fn take_before_name(&mut self, word: &str) -> bool {
        let keyword = self.is(word) && self.is_name_at(1) && !self.peek_at(1).is_word("TEMPORARY");
        keyword && self.take(word)
    }
}

/// In the order of `AstBuilder.parseBackupRestoreStatement`.
fn check_databases(catalogs: bool, explicit: bool, snapshot: &ObjectName) -> Parsed<()> {
    let qualified = snapshot.database.is_some();
    match (catalogs, explicit, qualified) {
        (true, true, _) => Err(syntax_error(None, CATALOG_AND_DATABASE)),
        (_, true, true) => Err(syntax_error(None, DATABASE_TWICE)),
        (true, false, true) => Err(syntax_error(None, CATALOG_AND_DATABASE)),
        _ => Ok(()),
    }
}

fn has_alias(object: &JobObject) -> bool {
    match object {
        JobObject::Table { alias, .. }
        | JobObject::View { alias, .. }
        | JobObject::MaterializedView { alias, .. }
        | JobObject::Function { alias, .. } => alias.is_some(),
        _ => false,
    }
}
