//! The cluster's language: one seam to a frontend, all statement text, all row shapes, the words of its states, the classes of its errors.

mod alters;
mod around;
mod definition;
mod error;
mod facts;
mod frontends;
mod mysql;
mod one_table;
mod result;
mod rows;
mod session;
pub mod sql;
mod state;
mod survey;
mod zone;

pub use around::{read_grants, read_routine_loads, read_running_loads, read_surroundings};
pub use definition::{has_counted_column, property, read_definition};
pub use error::{ErrorClass, StatementError};
pub use facts::{FactsError, database_exists, read_database, read_second_look};
pub use frontends::{FrontendsError, cluster_id, leader_of, read_frontends};
pub use mysql::{ClusterAddress, MysqlFrontend};
pub use one_table::{TableParts, read_columns, read_ids, read_parts, read_table};
pub use result::{ResultSet, Row, RowError};
pub use rows::{
    BackendRow, BackupJobRow, FrontendRow, RepositoryRow, RestoreJobRow, SnapshotContentRow,
    SnapshotDetailRow, SnapshotRow, Version, snapshot_content,
};
pub use session::{Answer, Frontend, Session, query};
pub use state::{BackupState, JobStatus, RestoreState, SnapshotStatus};
pub use survey::read_cluster_tables;
pub use zone::ClusterZone;
