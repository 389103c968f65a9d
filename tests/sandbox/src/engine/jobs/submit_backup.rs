//! BACKUP statements: the checks, in StarRocks' order (`sql/analyzer/BackupRestoreAnalyzer.java`, `backup/BackupHandler.java`).

use chrono::Duration;

use crate::answer::{Answer, SqlError};
use crate::ast::{Backup, JobObject};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::database::Database;
use crate::engine::error;
use crate::engine::jobs::{BackupJob, BackupObject, BackupState, Job, JobHead, Status};
use crate::engine::repository::Repository;
use crate::engine::retention::{Ttl, split_ttl};
use crate::engine::session::Session;
use crate::engine::table::Relation;
use crate::release::Release;

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
        let name = statement
            .database
            .clone()
            .or_else(|| session.database.clone())
            .ok_or_else(error::no_database)?;
        let database = self.database(&name)?;
        if statement.label.is_empty() {
            return Err(error::analyzing_with(
                5082,
                "42000",
                "Incorrect label name ''",
            ));
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
        let (ttl, properties) = split_ttl(self.release, &statement.properties)?;
        let properties = BackupProperties::read(
            &properties,
            self.config_number("backup_job_default_timeout_ms"),
        )?;
        Ok(AnalyzedBackup {
            database: name,
            objects,
            properties,
            ttl,
        })
    }

    fn submit_backup(
        &mut self,
        statement: &Backup,
        analyzed: AnalyzedBackup,
    ) -> Result<Answer, SqlError> {
        let AnalyzedBackup {
            database,
            objects,
            properties,
            ttl,
        } = analyzed;
        let repository = self.repository_for_job(&statement.repository)?;
        let database_id = self.database_for_job(&database)?;
        self.check_slot(database_id)?;
        if repository.read_only {
            return Err(error::common(format!(
                "Repository {} is read only",
                repository.name
            )));
        }
        check_tables(
            self.release,
            &self.databases[&database],
            &objects,
            statement,
        )?;
        if repository.has_label(&statement.label) {
            return Err(error::common(if properties.incremental {
                "Currently does not support incremental backup".to_owned()
            } else {
                format!(
                    "Snapshot with name '{}' already exist in repository",
                    statement.label
                )
            }));
        }
        let head = JobHead {
            id: -1,
            label: statement.label.clone(),
            database_id,
            database,
            repository: statement.repository.clone(),
            created: self.now,
            finished: None,
            timeout: properties.timeout,
            status: Status::ok(),
            task_error: String::new(),
            journalled_task_error: String::new(),
        };
        let job = BackupJob {
            head,
            state: BackupState::Pending,
            objects,
            ttl,
            snapshot_finished: None,
            upload_finished: None,
            cut: None,
            local_files: None,
        };
        self.jobs
            .slots
            .insert(database_id, Job::Backup(Box::new(job)));
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

    /// One unfinished job per database, BACKUP and RESTORE together.
    pub(super) fn check_slot(&self, database_id: u64) -> Result<(), SqlError> {
        match self.jobs.slots.get(&database_id) {
            Some(job) if !job.is_done() => Err(error::common(
                "Can only run one backup or restore job of a database at same time",
            )),
            _ => Ok(()),
        }
    }
}

/// A BACKUP statement that analysis has accepted: what it means in this database.
#[derive(Debug)]
pub struct AnalyzedBackup {
    pub database: String,
    /// Everything that is backed up, also what ALL … and a missing ON added.
    pub objects: Vec<BackupObject>,
    properties: BackupProperties,
    ttl: Option<Ttl>,
}

#[derive(Debug)]
struct BackupProperties {
    timeout: Duration,
    incremental: bool,
}

impl BackupProperties {
    fn read(
        properties: &[(String, String)],
        default_timeout_ms: i64,
    ) -> Result<BackupProperties, SqlError> {
        let mut read = BackupProperties {
            timeout: Duration::milliseconds(default_timeout_ms),
            incremental: false,
        };
        if let Some((_, text)) = properties.iter().find(|(key, _)| key == "timeout") {
            read.timeout = timeout(text)?;
        }
        if let Some((_, text)) = properties.iter().find(|(key, _)| key == "type") {
            read.incremental = match text.to_ascii_lowercase().as_str() {
                "full" => false,
                "incremental" => true,
                _ => {
                    return Err(error::common_analyzing(format!(
                        "Invalid backup job type: {text}"
                    )));
                }
            };
        }
        let unknown: Vec<&str> = properties
            .iter()
            .map(|(key, _)| key.as_str())
            .filter(|key| !matches!(*key, "timeout" | "type"))
            .collect();
        if unknown.is_empty() {
            Ok(read)
        } else {
            Err(error::common_analyzing(format!(
                "Unknown backup job properties: [{}]",
                unknown.join(", ")
            )))
        }
    }
}

/// Seconds, at least ten minutes.
pub(super) fn timeout(text: &str) -> Result<Duration, SqlError> {
    let seconds: i64 = text
        .parse()
        .map_err(|_| error::common_analyzing(format!("Invalid timeout format: {text}")))?;
    if seconds < 600 {
        return Err(error::common_analyzing("timeout must be at least 10 min"));
    }
    Ok(Duration::seconds(seconds))
}

/// Explicit items first, then what ALL … adds; without ON, everything of the database.
fn analyzed_objects(
    database: &Database,
    statement: &Backup,
    with_views: bool,
) -> Result<Vec<BackupObject>, SqlError> {
    let mut objects: Vec<BackupObject> = Vec::new();
    let everything = [
        JobObject::AllTables,
        JobObject::AllViews,
        JobObject::AllMaterializedViews,
    ];
    for item in statement.objects.as_deref().unwrap_or(&everything) {
        match item {
            JobObject::Table {
                name,
                partitions,
                alias,
                ..
            } => add_table(
                database,
                &mut objects,
                (&name.name, partitions, alias.as_ref()),
            )?,
            JobObject::View { name, alias } | JobObject::MaterializedView { name, alias } => {
                add_table(
                    database,
                    &mut objects,
                    (&name.name, &Vec::new(), alias.as_ref()),
                )?
            }
            JobObject::Function { name, .. } => {
                return Err(error::common(format!(
                    "Invalid backup function(s), function name: {}",
                    name.name
                )));
            }
            JobObject::AllTables
            | JobObject::AllViews
            | JobObject::AllMaterializedViews
            | JobObject::AllFunctions => {}
        }
    }
    for item in statement.objects.as_deref().unwrap_or(&everything) {
        for (name, relation) in &database.relations {
            // The filter knows tables, views and materialized views: whatever else there is comes along with any ALL.
            let wanted = match (item, relation) {
                (_, Relation::Table(table)) if table.is_materialized() && !with_views => false,
                (JobObject::AllMaterializedViews, Relation::Table(table)) => {
                    table.is_materialized()
                }
                (JobObject::AllTables, Relation::Table(table)) => !table.is_materialized(),
                (JobObject::AllViews, Relation::View(_)) => true,
                (
                    JobObject::AllTables | JobObject::AllViews | JobObject::AllMaterializedViews,
                    Relation::Foreign(_),
                ) => true,
                _ => false,
            };
            if wanted && !objects.iter().any(|object| object.name == *name) {
                objects.push(BackupObject {
                    name: name.clone(),
                    partitions: Vec::new(),
                });
            }
        }
    }
    Ok(objects)
}

/// The database of an item is ignored: its name is looked up in the job's database (`analyzeTableRef`).
fn add_table(
    database: &Database,
    objects: &mut Vec<BackupObject>,
    (name, partitions, alias): (&String, &Vec<String>, Option<&String>),
) -> Result<(), SqlError> {
    let relation = database
        .relations
        .get(name)
        .ok_or_else(|| error::analyzing(format!("Incorrect table name '{name}'")))?;
    let is_view = relation.as_table().is_none();
    if is_view && !partitions.is_empty() {
        return Err(error::analyzing_with(
            1104,
            "42000",
            format!("Incorrect table name '{name}'"),
        ));
    }
    if let Relation::Table(table) = relation
        && let Some(unknown) = partitions.iter().find(|partition| {
            table.partition_named(partition, false).is_none()
                && table.partition_named(partition, true).is_none()
        })
    {
        return Err(error::analyzing(format!(
            "partition[{unknown}] does not exist  in table{name}"
        )));
    }
    if objects.iter().any(|object| object.name == *name) {
        return Err(error::analyzing(format!("Duplicated table: {name}")));
    }
    if let Some(alias) = alias {
        if database.relations.contains_key(alias) {
            return Err(error::common_analyzing(format!("table [{alias}] existed")));
        }
        return Err(error::analyzing(format!(
            "Can not set alias for table in Backup Stmt: {name} AS {alias}"
        )));
    }
    objects.push(BackupObject {
        name: name.clone(),
        partitions: partitions.clone(),
    });
    Ok(())
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

/// Checks 27 to 29: temporary partitions, and partitions that are none.
fn check_tables(
    release: Release,
    database: &Database,
    objects: &[BackupObject],
    statement: &Backup,
) -> Result<(), SqlError> {
    for object in objects {
        if let Some(relation) = database.relations.get(&object.name) {
            check_type(relation, release)?;
        }
        let Some(table) = database.table(&object.name) else {
            continue;
        };
        if !table.temporary_partitions.is_empty() {
            return Err(error::common(
                "Do not support backing up table with temp partitions",
            ));
        }
        let temporary = statement.objects.iter().flatten().any(|item| {
            matches!(item, JobObject::Table { name, temporary_partitions: true, .. } if name.name == object.name)
        });
        if temporary {
            return Err(error::common("Do not support backing up temp partitions"));
        }
        if let Some(unknown) = object
            .partitions
            .iter()
            .find(|partition| table.partitions.get(partition).is_none())
        {
            return Err(error::common(format!(
                "Unknown partition {unknown} in table{}",
                object.name
            )));
        }
    }
    Ok(())
}
