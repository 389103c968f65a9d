//! External catalogs: as much as BACKUP and RESTORE need. They are kept and listed; nothing is read through them.

use serde::{Deserialize, Serialize};

use crate::answer::SqlError;
use crate::ast::JobCatalogs;
use crate::engine::cluster::Cluster;
use crate::engine::error;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalCatalog {
    pub name: String,
    /// `hive`, `iceberg`, …
    pub kind: String,
    pub comment: String,
    pub properties: Vec<(String, String)>,
}

impl Cluster {
    /// `BackupRestoreAnalyzer.visitBackupStatement` and `sql/ast/CatalogRef.analyzeForBackup`.
    pub fn catalogs_to_back_up(&self, asked: &JobCatalogs) -> Result<Vec<String>, SqlError> {
        let names: Vec<String> = match asked {
            JobCatalogs::All => self.catalogs.keys().cloned().collect(),
            JobCatalogs::Named(named) => named.iter().map(|(name, _)| name.clone()).collect(),
        };
        if names.is_empty() {
            return Err(error::common_analyzing(
                "No external catalog can be backed up",
            ));
        }
        for name in &names {
            if name.eq_ignore_ascii_case("default_catalog") {
                return Err(error::common_analyzing(
                    "Do not support Backup/Restore the entire default catalog",
                ));
            }
            if !self.catalogs.contains_key(name) {
                return Err(error::common_analyzing(format!(
                    "external catalog {name} does not existed."
                )));
            }
        }
        Ok(names)
    }
}
