//! What of a job is in the journal: where a follower sees it, and where a new leader takes it up again (`backup/BackupJob.java`,
//! `backup/RestoreJob.java`: every `logBackupJob` and `logRestoreJob`).

use crate::engine::cluster::Cluster;
use crate::engine::database::Database;
use crate::engine::jobs::{BackupJob, BackupState, Job, JobHead, RestoreJob, RestoreState, Status};
use crate::engine::table::TableState;

/// What the leader has in memory only, while the journal's face of the cluster is shown instead.
#[derive(Default)]
pub struct Ahead {
    jobs: Vec<(u64, Job)>,
    databases: Vec<(String, Database)>,
}

impl BackupState {
    fn journalled(self) -> BackupState {
        match self {
            BackupState::Pending | BackupState::Snapshoting => BackupState::Pending,
            BackupState::UploadSnapshot | BackupState::Uploading => BackupState::UploadSnapshot,
            other => other,
        }
    }
}

impl RestoreState {
    fn journalled(self) -> RestoreState {
        match self {
            RestoreState::Pending | RestoreState::Snapshoting => RestoreState::Pending,
            RestoreState::Download | RestoreState::Downloading => RestoreState::Download,
            RestoreState::Commit | RestoreState::Committing => RestoreState::Commit,
            other => other,
        }
    }
}

impl BackupJob {
    /// PENDING is journalled at submission only, without a job id; the snapshots of SNAPSHOTING are lost, and the cut is taken anew.
    fn journalled(&self) -> BackupJob {
        let mut job = self.clone();
        job.state = self.state.journalled();
        if job.state == BackupState::Pending {
            job.head.id = -1;
            job.cut = None;
        }
        job.head.back_to_journal();
        job
    }
}

impl RestoreJob {
    fn journalled(&self) -> RestoreJob {
        let mut job = self.clone();
        job.state = self.state.journalled();
        match job.state {
            RestoreState::Pending => {
                job.head.id = -1;
                job.meta_prepared = None;
                job.restored.clear();
                job.added.clear();
                job.downloads.clear();
            }
            RestoreState::Download => {
                for download in &mut job.downloads {
                    download.image = None;
                }
            }
            _ => {}
        }
        job.head.back_to_journal();
        job
    }
}

impl JobHead {
    pub fn note_journalled(&mut self) {
        self.journalled_errors.clone_from(self.tasks.errors());
    }

    /// Status and TaskErrMsg are written with every entry (`backup/AbstractJob.java`): back to those of the last one.
    fn back_to_journal(&mut self) {
        self.tasks.back_to(&self.journalled_errors);
        if self.finished.is_none() {
            self.status = Status::ok();
        }
    }
}

impl Job {
    /// Its state as a number that grows with every entry of the journal.
    pub fn journal_mark(&self) -> (&'static str, bool) {
        match self {
            Job::Backup(job) => (job.state.journalled().name(), true),
            Job::Restore(job) => (job.state.journalled().name(), false),
        }
    }

    fn journalled(&self) -> Job {
        match self {
            Job::Backup(job) => Job::Backup(Box::new(job.journalled())),
            Job::Restore(job) => Job::Restore(Box::new(job.journalled())),
        }
    }

    /// Whether the journal says otherwise.
    fn is_ahead(&self) -> bool {
        let (head, state) = match self {
            Job::Backup(job) => (&job.head, job.state.name()),
            Job::Restore(job) => (&job.head, job.state.name()),
        };
        let same = self.journal_mark().0 == state
            && head.status == Status::ok()
            && *head.tasks.errors() == head.journalled_errors;
        !self.is_done() && !same
    }

    /// A restore whose tables and partitions nobody but the leader knows.
    fn is_preparing(&self) -> bool {
        matches!(self, Job::Restore(job) if job.state == RestoreState::Snapshoting)
    }
}

impl Cluster {
    /// Shows the cluster as it is in the journal.
    pub fn hide_unjournalled(&mut self) -> Ahead {
        let mut ahead = Ahead::default();
        let forgetful: Vec<u64> = self
            .forgotten
            .iter()
            .map(|(database, _)| *database)
            .collect();
        for database in self.databases.values_mut() {
            let job = self.jobs.slots.get(&database.id);
            let preparing = match job {
                Some(Job::Restore(restore)) if job.is_some_and(Job::is_preparing) => Some(restore),
                _ => None,
            };
            if preparing.is_some() || forgetful.contains(&database.id) {
                ahead
                    .databases
                    .push((database.name.clone(), database.clone()));
            }
            if let Some(job) = preparing {
                take_back(database, job);
            }
            let id = database.id;
            for (_, table) in self.forgotten.iter().filter(|(at, _)| *at == id) {
                if !database.relations.contains_key(&table.name) {
                    database.add_table(table.clone());
                }
            }
        }
        for (id, job) in &mut self.jobs.slots {
            if job.is_ahead() {
                let journalled = job.journalled();
                ahead.jobs.push((*id, std::mem::replace(job, journalled)));
            }
        }
        ahead
    }

    pub fn show_again(&mut self, ahead: Ahead) {
        self.jobs.slots.extend(ahead.jobs);
        self.databases.extend(ahead.databases);
    }

    /// The leader's process has ended: what was in its memory only is gone, rows too.
    pub fn forget_unjournalled(&mut self) {
        let ahead = self.hide_unjournalled();
        for (_, job) in ahead.jobs {
            let Job::Restore(job) = job else { continue };
            if job.state != RestoreState::Snapshoting {
                continue;
            }
            for table in &job.restored {
                if let Err(fault) = self.store.drop(table.id) {
                    tracing::error!(%fault, table = table.id, "the rows of a table that is gone stay");
                }
            }
        }
        self.forgotten.clear();
    }
}

/// Everything that `RestoreJob::prepare` has put into the database.
fn take_back(database: &mut Database, job: &RestoreJob) {
    for restored in &job.restored {
        if database
            .table(&restored.name)
            .is_some_and(|table| table.id == restored.id)
        {
            database.take_table(&restored.name);
        }
    }
    for object in &job.objects {
        if let Some(table) = database.table_mut(object.local())
            && table.state == TableState::Restore
        {
            table.state = TableState::Normal;
        }
    }
    for table in database.tables_mut() {
        for (_, partition) in job.added.iter().filter(|(id, _)| *id == table.id) {
            table.partitions.remove(partition);
        }
    }
}
