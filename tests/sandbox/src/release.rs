//! The releases of StarRocks a sandbox can be: what a cluster accepts, prints and calls itself depends on it.
//!
//! A difference between releases is asked for by a question that names it ([`Release::has_keyword_grammar`]), never by comparing numbers at
//! the place where it matters, so that this file is the list of all differences.
//!
//! Each release is a late patch of its line, which settles more: 3.2 is 3.2.16 and so has partitions_meta (3.2.4), GENERATION_EXPRESSION in
//! information_schema.columns (3.2.10) and BACKUP of LIST-partitioned tables (3.2.12; release notes of 3.2).

use std::fmt;
use std::str::FromStr;

/// In order of age; `<` means older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Release {
    V3_2,
    V3_3,
    V3_4,
    V3_5,
    V4_0,
    V4_2,
}

/// Which of a user's roles decide what information_schema shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogueRoles {
    /// All that were granted, active or not.
    Granted,
    /// Those a login begins with.
    Login,
    /// Those of the session.
    Active,
}

/// A text that is no release of the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such release '{0}': there are 3.2, 3.3, 3.4, 3.5, 4.0 and 4.2")]
pub struct UnknownRelease(String);

impl Release {
    pub const ALL: [Release; 6] = [
        Release::V3_2,
        Release::V3_3,
        Release::V3_4,
        Release::V3_5,
        Release::V4_0,
        Release::V4_2,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Release::V3_2 => "3.2",
            Release::V3_3 => "3.3",
            Release::V3_4 => "3.4",
            Release::V3_5 => "3.5",
            Release::V4_0 => "4.0",
            Release::V4_2 => "4.2",
        }
    }

    /// What `current_version()` and the Version columns print.
    pub fn version(self) -> &'static str {
        match self {
            Release::V3_2 => "3.2.16-sandbox",
            Release::V3_3 => "3.3.7-sandbox",
            Release::V3_4 => "3.4.3-sandbox",
            Release::V3_5 => "3.5.2-sandbox",
            Release::V4_0 => "4.0.1-sandbox",
            Release::V4_2 => "4.2.0-sandbox",
        }
    }

    /// FE config `mysql_server_version`, as the greeting says it (`common/Config.java`; changed by StarRocks/starrocks#52512).
    pub fn mysql_version(self) -> &'static str {
        if self < Release::V3_4 {
            "5.1.0"
        } else {
            "8.0.33"
        }
    }

    /// information_schema is filled by requests of the backends. Up to 3.4 the frontend answers them for the user with all roles (role ids
    /// `null` in `service/InformationSchemaDataSource.java`); later with the roles a login begins with, unless the request carries the
    /// session's (`ConnectContext.setAuthInfoFromThrift`, `UserIdentityUtils.java`), which it does in 4.x. Which 3.5 or 4.0 began with
    /// either could not be read.
    pub fn catalogue_roles(self) -> CatalogueRoles {
        match self {
            Release::V3_2 | Release::V3_3 | Release::V3_4 => CatalogueRoles::Granted,
            Release::V3_5 => CatalogueRoles::Login,
            Release::V4_0 | Release::V4_2 => CatalogueRoles::Active,
        }
    }

    /// `SECURITY NONE` in SHOW CREATE VIEW (`AstToStringBuilder.getDdlStmt` of 3.4.3; in which release it came is unverified).
    pub fn tells_security_of_views(self) -> bool {
        self >= Release::V3_4
    }

    /// `CREATE TEMPORARY TABLE` (docs `CREATE_TABLE.md`: from 3.3.1).
    pub fn has_session_tables(self) -> bool {
        self >= Release::V3_3
    }

    /// `information_schema.loads` with TABLE_NAME and USER (`catalog/system/information/LoadsSystemTable.java` of 3.4.3). What came before it,
    /// with DATABASE_NAME and no table, is not modelled.
    pub fn tells_tables_of_loads(self) -> bool {
        self >= Release::V3_4
    }

    /// `BEGIN … COMMIT` of INSERTs (`transaction/TransactionStmtExecutor.java`; not in 3.4.3, docs: from 3.5.0).
    pub fn has_transactions(self) -> bool {
        self >= Release::V3_5
    }

    /// SWAP compares the UNIQUE and FOREIGN KEY constraints of both tables (`alter/AlterJobExecutor.visitSwapTableClause` of 3.4; the check
    /// is not in 3.3.7).
    pub fn checks_constraints_on_swap(self) -> bool {
        self >= Release::V3_4
    }

    /// FE configuration `ssl_force_secure_transport` (StarRocks/starrocks#56176).
    pub fn can_require_tls(self) -> bool {
        self >= Release::V3_5
    }

    /// Whether the refusal of one connection too many of a user says who that is to the privileges (`qe/ConnectScheduler.registerConnection`:
    /// 3.4.3 does, a copy of early 2026 no more).
    pub fn names_identity_at_user_limit(self) -> bool {
        self < Release::V4_0
    }

    /// `BACKUP DATABASE d … ON (TABLE t, ALL VIEWS, …)` (StarRocks.g4 `backupRestoreObjectDesc`).
    pub fn has_keyword_grammar(self) -> bool {
        self >= Release::V3_4
    }

    /// `CANCEL BACKUP` without `FROM db`, and `CANCEL … FOR EXTERNAL CATALOG` (StarRocks.g4 `cancelBackupStatement`; the rest of the external
    /// catalogs came with 3.4.0, docs `BACKUP.md`).
    pub fn cancels_without_database(self) -> bool {
        self >= Release::V3_4
    }

    /// An error that has a code arrives with it. Before, `ErrorReport.reportCommon` kept the text alone and `MysqlErrPacket` sent 1064/HY000:
    /// StarRocks/starrocks#55765 (3.2.12) against #54984 (January 2025, the newest release then was 3.3.8: `ERROR 5064 (42000)`).
    pub fn sends_error_codes(self) -> bool {
        self >= Release::V3_3
    }

    /// What fails while a DDL statement runs arrives behind `Unexpected exception: ` (`StmtExecutor.handleDdlStmt`). StarRocks/starrocks#55765
    /// (3.2.12) has it, #54984 (3.3.8) and `StmtExecutor` of 3.4.3 have not.
    pub fn prefixes_execution_errors(self) -> bool {
        self < Release::V3_3
    }

    /// RESTORE into a database that is missing makes it (`BackupHandler.process`); before, 5501.
    pub fn restores_into_new_database(self) -> bool {
        self >= Release::V3_4
    }

    /// Logical views in BACKUP (docs `BACKUP.md`: from 3.4.0). Before, one view fails a whole-database BACKUP
    /// (StarRocks/starrocks#38533, #38209). That 3.3 is among the earlier ones rests on the docs alone.
    pub fn backs_up_views(self) -> bool {
        self >= Release::V3_4
    }

    /// `DROP SNAPSHOT`, `ttl` of BACKUP and the four columns it adds to SHOW SNAPSHOT (StarRocks/starrocks#78092).
    pub fn drops_snapshots(self) -> bool {
        self >= Release::V4_2
    }

    /// The variables `insert_timeout` (before, `query_timeout` bounds INSERT too: release notes of 3.4.0), `insert_max_filter_ratio` and
    /// `dynamic_overwrite` (docs `System_variable.md`: introduced in 3.4.0).
    pub fn has_insert_settings(self) -> bool {
        self >= Release::V3_4
    }

    /// The session variable `custom_query_id` (docs `System_variable.md`: introduced in 3.4.0).
    pub fn has_custom_query_id(self) -> bool {
        self >= Release::V3_4
    }

    /// `SHOW FRONTENDS` begins with `Id`. Not in 3.4.3, there in January 2026 (`common/proc/FrontendsProcNode.java`).
    pub fn numbers_frontends(self) -> bool {
        self >= Release::V3_5
    }

    /// `MemLimit` in SHOW BACKENDS and SHOW COMPUTE NODES (`common/proc/BackendsProcDir.java`); that it came with 3.3 is unverified.
    pub fn shows_memory_limit(self) -> bool {
        self >= Release::V3_3
    }

    /// `StatusCode` in both (there in 3.4.3; that it came with 3.4 is unverified).
    pub fn shows_status_code(self) -> bool {
        self >= Release::V3_4
    }

    /// `DATA_VERSION`, `VERSION_EPOCH`, `VERSION_TXN_TYPE` in partitions_meta and their like at the end of SHOW PARTITIONS
    /// (`common/proc/PartitionsProcDir.java`, there in 3.4.3; that they came with 3.3 is unverified).
    pub fn tells_data_versions(self) -> bool {
        self >= Release::V3_3
    }

    /// `STORAGE_SIZE`, `TABLET_BALANCED`, `METADATA_SWITCH_VERSION`, and DATA_SIZE as a number of bytes
    /// (`catalog/system/information/PartitionsMetaSystemTable.java` of January 2026; not in 3.4.3, 3.5 unverified).
    pub fn tells_storage_sizes(self) -> bool {
        self >= Release::V4_0
    }

    /// The last two columns of SHOW MATERIALIZED VIEWS and of information_schema.materialized_views, which name the job of the last refresh
    /// (`catalog/system/information/MaterializedViewsSystemTable.java` of January 2026; not in 3.4.3, 3.5 and 4.0 unverified).
    pub fn tells_refresh_jobs(self) -> bool {
        self >= Release::V4_0
    }

    /// `ServerName` in SHOW PROCESSLIST (not in 3.4.3; that it came with 3.5 is unverified).
    pub fn names_server_of_process(self) -> bool {
        self >= Release::V3_5
    }

    /// `Warehouse`, `CNGroup`, `Catalog`, `QueryId` in SHOW PROCESSLIST (release notes of 4.0.0, #62552; `qe/ShowResultMetaFactory.java`).
    pub fn tells_query_of_process(self) -> bool {
        self >= Release::V4_0
    }

    /// TABLE_TYPE is `TABLE` for a base table while `mysql_server_version` is 8 or more (`catalog/Table.getTableTypeForMysql` of 3.4.3).
    /// Taken back by StarRocks/starrocks#59368, of May 2025, in 3.4.4 and before 3.5.0.
    pub fn says_table_for_base_table(self) -> bool {
        self == Release::V3_4
    }

    /// TABLE_TYPE of information_schema's own tables is `SYSTEM VIEW` (docs `tables.md`: only with `mysql_server_version` 8.0.33; `catalog/Table`
    /// of 3.4.3 says it always). What the releases before print, here `BASE TABLE`, is unverified.
    pub fn names_system_views(self) -> bool {
        self >= Release::V3_4
    }

    /// FE config `enable_backup_materialized_view`: false in `common/Config.java` of 3.4.3 and of January 2026, true before.
    pub fn backs_up_materialized_views_by_default(self) -> bool {
        self < Release::V3_4
    }

    /// The frontend's id is in a connection's (not in 3.4.3's `qe/ConnectScheduler.getNextConnectionId`; in the newest one. Which release
    /// began is not known: frontends have such ids since the Id column).
    pub fn has_frontend_in_connection_id(self) -> bool {
        self >= Release::V3_5
    }

    /// ADMIN SET FRONTEND CONFIG goes to the leader (`qe/RedirectStatus.java`, not in 3.4.3's `sql/ast/AdminSetConfigStmt.java`).
    pub fn forwards_set_config(self) -> bool {
        self >= Release::V3_5
    }

    /// From the deployment documentation; it shows in what Java says of a refused connection.
    pub fn runs_on_java_17(self) -> bool {
        self >= Release::V3_5
    }

    /// CREATE REPOSITORY cuts `/` from the end of its location (`backup/BackupHandler.createRepository` of 4.2; 3.4.3 does not).
    pub fn trims_repository_location(self) -> bool {
        self >= Release::V4_2
    }

    /// BACKUP reads no replica of a dead backend (StarRocks/starrocks#64319, of October 2025; which patch releases got it was not found).
    pub fn skips_dead_replicas(self) -> bool {
        self >= Release::V4_2
    }
}

impl Release {
    /// What ADD PARTITION names is checked by the analyzer, whose refusals carry its prefix (`sql/analyzer/AlterTableClauseAnalyzer.java`);
    /// before, `server/LocalMetastore.java` checked it. Which 3.3 moved it is not known.
    pub fn analyzes_added_partitions(self) -> bool {
        self >= Release::V3_4
    }

    /// DROP PARTITION names all that it does not find, in brackets (`server/LocalMetastore.dropPartition` resolves a list).
    pub fn drops_partitions_as_a_list(self) -> bool {
        self >= Release::V3_4
    }

    /// INSERT of some columns of a PRIMARY KEY table leaves the others of a row that exists as they are; before, it replaced the row
    /// (`sql/analyzer/InsertAnalyzer.java`; docs, release notes of 3.3).
    pub fn inserts_partially(self) -> bool {
        self >= Release::V3_3
    }

    /// `ALTER TABLE t RENAME COLUMN a TO b` (StarRocks.g4 `columnRenameClause`; docs, release notes of 3.3).
    pub fn renames_columns(self) -> bool {
        self >= Release::V3_3
    }

    /// Tables are made with fast schema evolution unless they say otherwise (`enable_fast_schema_evolution`; docs, release notes of 3.3).
    pub fn evolves_schemas_fast(self) -> bool {
        self >= Release::V3_3
    }

    /// `partition_retention_condition` is a property of tables (`common/util/PropertyAnalyzer.java` of 3.4.3; the docs say 3.5).
    pub fn has_retention_conditions(self) -> bool {
        self >= Release::V3_4
    }

    /// INSERT OVERWRITE of a named partition of a table that makes its partitions itself: from StarRocks/starrocks#34777 (3.1, 3.2) until
    /// StarRocks/starrocks#60750 (3.3.17, 3.5.3, 4.0) the partition was made again from its values, which fails for RANGE by expression and
    /// for LIST partitions with a name of their own.
    pub fn overwrites_any_named_partition(self) -> bool {
        self >= Release::V4_0
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Release {
    type Err = UnknownRelease;

    fn from_str(text: &str) -> Result<Release, UnknownRelease> {
        Release::ALL
            .into_iter()
            .find(|release| release.name() == text)
            .ok_or_else(|| UnknownRelease(text.to_owned()))
    }
}
