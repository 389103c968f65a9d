//! BACKUP, RESTORE and CANCEL of either: both the form of 3.4 and the one before it (StarRocks.g4 `backupStatement`, `restoreStatement`,
//! `AstBuilder.parseBackupRestoreStatement`).

use crate::answer::SqlError;
use crate::ast::{Backup, CancelTarget, JobKind, JobObject, ObjectName, Restore, Statement};
use crate::parser::cursor::{Cursor, Parsed};

const DATABASE_TWICE: &str = "Specifying dbName before snapshot name is forbidden if the DbName is specified explicitly in BACKUP/RESTORE";
const ON_WITHOUT_DATABASE: &str =
    "`ON` clause is forbidden if no Database explicitly specified in Restore stmt";

impl Cursor<'_> {
    /// `BACKUP [DATABASE db] SNAPSHOT [db.]label TO repository [ON (…)] [PROPERTIES (…)]`
    pub fn backup(&mut self) -> Parsed<Statement> {
        self.expect("BACKUP")?;
        let catalogs = self.external_catalogs()?;
        let explicit = self.explicit_database()?;
        if !self.is("SNAPSHOT") {
            return Err(self.unexpected(
                if explicit.is_some() || !self.release().has_keyword_grammar() {
                    &["SNAPSHOT"]
                } else {
                    &["SNAPSHOT", "DATABASE", "ALL", "EXTERNAL"]
                },
            ));
        }
        self.bump();
        let snapshot = self.object_name()?;
        self.one_database(explicit.is_some(), &snapshot)?;
        self.expect("TO")?;
        let repository = self.name()?;
        let objects = self.job_objects(JobKind::Backup)?;
        let properties = self.properties()?;
        if let Some(catalogs) = catalogs {
            return Err(refuse_catalogs(&catalogs));
        }
        let database = explicit.or(snapshot.database);
        Ok(Statement::Backup(Backup {
            database,
            label: snapshot.name,
            repository,
            objects,
            properties,
        }))
    }

    /// `RESTORE SNAPSHOT [db.]label FROM repository [DATABASE db [AS db]] [ON (…)] [PROPERTIES (…)]`
    pub fn restore(&mut self) -> Parsed<Statement> {
        self.expect_run(&["RESTORE", "SNAPSHOT"])?;
        let snapshot = self.object_name()?;
        self.expect("FROM")?;
        let repository = self.name()?;
        let catalogs = self.external_catalogs()?;
        let source_database = self.explicit_database()?;
        let alias = if source_database.is_some() && self.take("AS") {
            Some(self.name()?)
        } else {
            None
        };
        self.one_database(source_database.is_some(), &snapshot)?;
        let database_is_named = source_database.is_some() || snapshot.database.is_some();
        if self.is("ON") && !database_is_named && self.release().has_keyword_grammar() {
            return Err(self.refuse(ON_WITHOUT_DATABASE));
        }
        let objects = self.job_objects(JobKind::Restore)?;
        let properties = self.properties()?;
        if catalogs.is_some() {
            let message = format!(
                "This is not a snapshot for external catalog restore, snapshot: {}",
                snapshot.name
            );
            return Err(SqlError::new(5064, "42000", message));
        }
        let target_database = alias.or(snapshot.database);
        Ok(Statement::Restore(Restore {
            source_database,
            target_database,
            label: snapshot.name,
            repository,
            objects,
            properties,
        }))
    }

    /// `CANCEL BACKUP|RESTORE [FROM|IN db | FOR EXTERNAL CATALOG]`
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
        } else {
            CancelTarget::Current
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

    fn one_database(&self, explicit: bool, snapshot: &ObjectName) -> Parsed<()> {
        if explicit && snapshot.database.is_some() {
            Err(self.refuse(DATABASE_TWICE))
        } else {
            Ok(())
        }
    }

    /// `ALL EXTERNAL CATALOGS` (an empty list) or `EXTERNAL CATALOG[S] (c, …)`
    fn external_catalogs(&mut self) -> Parsed<Option<Vec<String>>> {
        if !self.release().has_keyword_grammar() {
            return Ok(None);
        }
        if self.take_run(&["ALL", "EXTERNAL", "CATALOGS"]) {
            return Ok(Some(Vec::new()));
        }
        if !self.take("EXTERNAL") {
            return Ok(None);
        }
        self.expect_any(&["CATALOG", "CATALOGS"])?;
        let catalogs = self.in_brackets(|cursor| {
            let name = cursor.name()?;
            if cursor.take("AS") {
                cursor.name()?;
            }
            Ok(name)
        })?;
        Ok(Some(catalogs))
    }

    fn job_objects(&mut self, kind: JobKind) -> Parsed<Option<Vec<JobObject>>> {
        if !self.take("ON") {
            return Ok(None);
        }
        if self.release().has_keyword_grammar() {
            return self.in_brackets(Cursor::job_object).map(Some);
        }
        // Up to 3.3 an item is a table, and only RESTORE renames it (StarRocks.g4 `tableDesc`, `restoreTableDesc`).
        self.in_brackets(|cursor| match kind {
            JobKind::Backup => cursor.listed_table(),
            JobKind::Restore => cursor.job_table(),
        })
        .map(Some)
    }

    /// One keyword introduces one object; without a keyword it is a table. VIEW, TABLES and their like are names too, so they are keywords
    /// only before another name.
    fn job_object(&mut self) -> Parsed<JobObject> {
        if self.take("ALL") {
            return self.all_of_a_kind();
        }
        if self.take("TABLE") || self.take_before_name("TABLES") {
            return self.job_table();
        }
        let materialized = self.is("MATERIALIZED")
            && (self.peek_at(1).is_word("VIEW") || self.peek_at(1).is_word("VIEWS"));
        if materialized {
            self.bump();
            self.bump();
            return self
                .aliased()
                .map(|(name, alias)| JobObject::MaterializedView { name, alias });
        }
        if self.take_before_name("VIEW") || self.take_before_name("VIEWS") {
            return self
                .aliased()
                .map(|(name, alias)| JobObject::View { name, alias });
        }
        if self.take("FUNCTION") || self.take_before_name("FUNCTIONS") {
            return self
                .aliased()
                .map(|(name, alias)| JobObject::Function { name, alias });
        }
        self.job_table()
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

    fn job_table(&mut self) -> Parsed<JobObject> {
        let mut table = self.listed_table()?;
        if let JobObject::Table { alias, .. } = &mut table
            && self.take("AS")
        {
            *alias = Some(self.name()?);
        }
        Ok(table)
    }

    /// A table under its own name.
    fn listed_table(&mut self) -> Parsed<JobObject> {
        let name = self.object_name()?;
        let (temporary_partitions, partitions) = self.partitions()?;
        Ok(JobObject::Table {
            name,
            temporary_partitions,
            partitions,
            alias: None,
        })
    }

    fn aliased(&mut self) -> Parsed<(ObjectName, Option<String>)> {
        let name = self.object_name()?;
        let alias = if self.take("AS") {
            Some(self.name()?)
        } else {
            None
        };
        Ok((name, alias))
    }

    fn take_before_name(&mut self, word: &str) -> bool {
        let keyword = self.is(word) && self.is_name_at(1) && !self.peek_at(1).is_word("TEMPORARY");
        keyword && self.take(word)
    }
}

/// No cluster of the sandbox has external catalogs (`backup/BackupHandler.java`, `sql/analyzer/BackupRestoreAnalyzer.java`).
fn refuse_catalogs(catalogs: &[String]) -> SqlError {
    match catalogs.first() {
        None => SqlError::new(
            5064,
            "42000",
            "Getting analyzing error. Detail message: No external catalog can be backed up.",
        ),
        Some(name) => SqlError::new(
            5064,
            "42000",
            format!("external catalog {name} does not existed."),
        ),
    }
}
