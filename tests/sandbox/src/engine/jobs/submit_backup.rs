//! BACKUP statements: the checks, in StarRocks' order (`sql/analyzer/BackupRestoreAnalyzer.java`, `backup/BackupHandler.java`).

use crate::answer::{Answer, SqlError};
use crate::ast::Backup;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::database::Database;
use crate::engine::error;
use crate::engine::function::Function;
use crate::engine::jobs::objects::{BackupObjects, analyzed_functions, analyzed_objects};
use crate::engine::jobs::properties::BackupProperties;
use crate::engine::jobs::{BackupJob, CATALOG_SLOT, Job, JobHead};
use crate::engine::repository::Repository;
use crate::engine::retention::{Ttl, split_ttl};
use crate::engine::session::Session;
use crate::engine::table::Relation;
use crate::release::Release;

/// A BACKUP statement that analysis has accepted: what it means in this cluster.
#[derive(Debug)]
pub struct AnalyzedBackup {
    /// Empty for a backup of external catalogs.
    pub database: String,
    /// Everything that is backed up, also what ALL … and a missing ON added, by name.
    pub objects: BackupObjects,
    pub functions: Vec<Function>,
    /// External catalogs: then there is nothing else.
    pub catalogs: Vec<String>,
    properties: BackupProperties,
    ttl: Option<Ttl>,
}

impl Cluster {
    /// Analysis, then authorization, then execution: which refusal comes first is seen by clients.
    pub fn backup(&mut self, session: &Session, statement: &Backup) -> Result<Answer, SqlError> {
        let analyzed = self.analyze_backup(session, statement)?;
        self.authorize_backup(session, &analyzed)?;
        self.submit_backup(statement, analyzed)
    }

    fn analyze_backup(
        &self,
        session: &Session,
        statement: &Backup,
    ) -> Result<AnalyzedBackup, SqlError> {
        if let Some(catalogs) = &statement.catalogs {
            let (ttl, properties) = split_ttl(self.release, &statement.properties)?;
            let properties = BackupProperties::read(&properties, self)?;
            return Ok(AnalyzedBackup {
                database: String::new(),
                objects: Vec::new(),
                functions: Vec::new(),
                catalogs: self.catalogs_to_back_up(catalogs)?,
                properties,
                ttl,
            });
        }
        // `ConnectContext.currentDb` is an empty text where none is chosen: BACKUP has no "No database selected".
        let name = statement
            .database
            .clone()
            .or_else(|| session.database.clone())
            .unwrap_or_default();
        let database = self.database(&name)?;
        if statement.label.is_empty() {
            return Err(error::analyzing_with(
                5082,
                "42000",
                "Incorrect label name ''",
            ));
        }
        if statement.repository.is_empty() {
            return Err(error::common_analyzing("Repository is empty"));
        }
        if !self.repositories.contains_key(&statement.repository) {
            return Err(error::common_analyzing(format!(
                "Repository [{}] does not exist",
                statement.repository
            )));
        }
        let with_views = self
            .config
            .get("enable_backup_materialized_view")
            .is_some_and(|value| value == "true");
        let objects = analyzed_objects(database, statement, with_views)?;
        self.check_base_tables(database, &objects)?;
        let functions = analyzed_functions(database, statement)?;
        let (ttl, properties) = split_ttl(self.release, &statement.properties)?;
        let properties = BackupProperties::read(&properties, self)?;
        Ok(AnalyzedBackup {
            database: name,
            objects,
            functions,
            catalogs: Vec::new(),
            properties,
            ttl,
        })
    }

    fn submit_backup(
        &mut self,
        statement: &Backup,
        analyzed: AnalyzedBackup,
    ) -> Result<Answer, SqlError> {
        let repository = self.repository_for_job(&statement.repository)?;
        let slot = if analyzed.catalogs.is_empty() {
            self.database_for_job(&analyzed.database)?
        } else {
            CATALOG_SLOT
        };
        self.take_submission_lock()?;
        self.check_slot(slot)?;
        if repository.read_only {
            return Err(error::common(format!(
                "Repository {} is read only",
                repository.name
            )));
        }
        if let Some(database) = self.databases.get(&analyzed.database) {
            check_tables(self.release, database, &analyzed.objects)?;
        }
        let labels = repository.list_snapshots().map_err(error::common)?;
        if labels.contains(&statement.label) {
            return Err(error::common(if analyzed.properties.incremental {
                "Currently does not support incremental backup".to_owned()
            } else {
                format!(
                    "Snapshot with name '{}' already exist in repository",
                    statement.label
                )
            }));
        }
        let head = JobHead::new(
            &statement.label,
            (slot, analyzed.database),
            &statement.repository,
            self.now,
            analyzed.properties.timeout,
        );
        let catalogs = analyzed
            .catalogs
            .iter()
            .filter_map(|name| self.catalogs.get(name).cloned())
            .collect();
        let job = BackupJob::new(
            head,
            analyzed.objects,
            analyzed.functions,
            catalogs,
            analyzed.ttl,
        );
        self.jobs.slots.insert(slot, Job::Backup(Box::new(job)));
        Ok(done())
    }

    /// Analysis has seen it; between the two it may have gone (`BackupHandler.process`).
    pub(super) fn repository_for_job(&self, name: &str) -> Result<Repository, SqlError> {
        self.repositories
            .get(name)
            .cloned()
            .ok_or_else(|| error::common(format!("Repository {name} does not exist")))
    }

    /// The same, of a database: unlike in analysis the text has no prefix.
    pub(super) fn database_for_job(&self, name: &str) -> Result<u64, SqlError> {
        let database = self
            .databases
            .get(name)
            .ok_or_else(|| SqlError::new(5501, "3F000", format!("Unknown database '{name}'")))?;
        Ok(database.id)
    }

    /// One submission at a time in the whole cluster. Nobody waits ten seconds here: a test orders the lock to be held.
    pub(in crate::engine) fn take_submission_lock(&mut self) -> Result<(), SqlError> {
        if self.jobs.submission_locked {
            return Err(error::common(
                "Another backup or restore job is being submitted. Please wait and try again",
            ));
        }
        Ok(())
    }

    /// One unfinished job per database, BACKUP and RESTORE together, and one for all external catalogs.
    pub(super) fn check_slot(&self, slot: u64) -> Result<(), SqlError> {
        match self.jobs.slots.get(&slot) {
            Some(job) if !job.is_done() => Err(error::common(if slot == CATALOG_SLOT {
                "Can only run one backup or restore job of external catalog"
            } else {
                "Can only run one backup or restore job of a database at same time"
            })),
            _ => Ok(()),
        }
    }
}

/// Check 26: tables and materialized views of StarRocks' own, and since 3.4 views (`catalog/Table.isSupportBackupRestore`).
pub(super) fn check_type(relation: &Relation, release: Release) -> Result<(), SqlError> {
    let supported = match relation {
        Relation::Table(_) => true,
        Relation::View(_) => release.backs_up_views(),
        Relation::Foreign(_) => false,
    };
    if supported {
        return Ok(());
    }
    let name = relation.name();
    Err(if release.backs_up_views() {
        error::common(format!(
            "Table: {name} can not support backup restore, type: {}",
            relation.type_name()
        ))
    } else {
        // ERR_NOT_OLAP_TABLE
        SqlError::new(5503, "42000", format!("Table '{name}' is not a OLAP table"))
    })
}

/// Checks 25 to 29, object by object: gone, temporary partitions, and partitions that are none.
fn check_tables(
    release: Release,
    database: &Database,
    objects: &BackupObjects,
) -> Result<(), SqlError> {
    for object in objects {
        let relation = database.relations.get(&object.name).ok_or_else(|| {
            SqlError::new(5502, "42602", format!("Unknown table '{}'", object.name))
        })?;
        check_type(relation, release)?;
        let Some(table) = relation.as_table() else {
            continue;
        };
        if !table.temporary_partitions.is_empty() {
            return Err(error::common(
                "Do not support backing up table with temp partitions",
            ));
        }
        if object.temporary_partitions {
            return Err(error::common("Do not support backing up temp partitions"));
        }
        if let Some(unknown) = object
            .partitions
            .iter()
            .find(|name| object.partition_of(table, name).is_none())
        {
            return Err(error::common(format!(
                "Unknown partition {unknown} in table{}",
                object.name
            )));
        }
    }
    Ok(())
}
