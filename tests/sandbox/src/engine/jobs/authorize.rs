//! What is asked of the user between analysis and execution of BACKUP, RESTORE and CANCEL, and before SHOW BACKUP prints a job
//! (`sql/analyzer/AuthorizerStmtVisitor.java`).

use crate::answer::SqlError;
use crate::ast::{CancelTarget, JobKind};
use crate::engine::access::{Need, Privilege};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::jobs::AnalyzedBackup;
use crate::engine::session::Session;

impl Cluster {
    /// REPOSITORY on SYSTEM, then whether there is anything at all, then EXPORT on every table and USAGE on every function.
    pub(super) fn authorize_backup(
        &mut self,
        session: &Session,
        analyzed: &AnalyzedBackup,
    ) -> Result<(), SqlError> {
        self.authorized()?;
        let nothing = analyzed.objects.is_empty() && analyzed.functions.is_empty();
        if analyzed.catalogs.is_empty() && nothing {
            return Err(error::analyzing(format!(
                "Database: {} is empty",
                analyzed.database
            )));
        }
        let exports = |name| Need::Table(Privilege::Export, &analyzed.database, name);
        analyzed
            .objects
            .iter()
            .try_for_each(|object| self.need(session, exports(&object.name)))
    }

    /// REPOSITORY on SYSTEM; then by what is restored: `access/require.rs`.
    pub(super) fn authorize_restore(&mut self) -> Result<(), SqlError> {
        self.authorized()
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
            CancelTarget::ExternalCatalog => Ok(()),
        }
    }
}
