//! Names and types of the columns of information_schema (`catalog/system/information/*SystemTable.java`).

use crate::engine::translate::Type;
use crate::release::Release;

pub struct Table {
    pub name: &'static str,
    /// Of all releases; see [`Table::columns_of`].
    pub columns: &'static [(&'static str, Type)],
}

impl Table {
    /// What a query sees of the columns.
    pub fn columns_of(&self, release: Release) -> Vec<(&'static str, Type)> {
        if !matches!(self.name, "partitions_meta" | "materialized_views") {
            return self.columns.to_vec();
        }
        self.columns
            .iter()
            .copied()
            .filter(|(name, _)| match *name {
                "DATA_VERSION" | "VERSION_EPOCH" | "VERSION_TXN_TYPE" => {
                    release.tells_data_versions()
                }
                "STORAGE_SIZE" | "TABLET_BALANCED" | "METADATA_SWITCH_VERSION" => {
                    release.tells_storage_sizes()
                }
                "LAST_REFRESH_PROCESS_TIME" | "LAST_REFRESH_JOB_ID" => release.tells_refresh_jobs(),
                _ => true,
            })
            .map(|(name, kind)| match name {
                "DATA_SIZE" if release.tells_storage_sizes() => (name, Type::Integer),
                _ => (name, kind),
            })
            .collect()
    }
}

pub const TABLES: &[Table] = &[
    Table {
        name: "partitions_meta",
        columns: &[
            ("DB_NAME", Type::Text),
            ("TABLE_NAME", Type::Text),
            ("PARTITION_NAME", Type::Text),
            ("PARTITION_ID", Type::Integer),
            ("COMPACT_VERSION", Type::Integer),
            ("VISIBLE_VERSION", Type::Integer),
            ("VISIBLE_VERSION_TIME", Type::DateTime),
            ("NEXT_VERSION", Type::Integer),
            ("DATA_VERSION", Type::Integer),
            ("VERSION_EPOCH", Type::Integer),
            ("VERSION_TXN_TYPE", Type::Text),
            ("PARTITION_KEY", Type::Text),
            ("PARTITION_VALUE", Type::Text),
            ("DISTRIBUTION_KEY", Type::Text),
            ("BUCKETS", Type::Integer),
            ("REPLICATION_NUM", Type::Integer),
            ("STORAGE_MEDIUM", Type::Text),
            ("COOLDOWN_TIME", Type::DateTime),
            ("LAST_CONSISTENCY_CHECK_TIME", Type::DateTime),
            ("IS_IN_MEMORY", Type::Boolean),
            ("IS_TEMP", Type::Boolean),
            ("DATA_SIZE", Type::Text),
            ("ROW_COUNT", Type::Integer),
            ("ENABLE_DATACACHE", Type::Boolean),
            ("AVG_CS", Type::Double),
            ("P50_CS", Type::Double),
            ("MAX_CS", Type::Double),
            ("STORAGE_PATH", Type::Text),
            ("STORAGE_SIZE", Type::Integer),
            ("TABLET_BALANCED", Type::Boolean),
            ("METADATA_SWITCH_VERSION", Type::Integer),
        ],
    },
    Table {
        name: "partitions",
        columns: &[
            ("TABLE_CATALOG", Type::Text),
            ("TABLE_SCHEMA", Type::Text),
            ("TABLE_NAME", Type::Text),
            ("PARTITION_NAME", Type::Text),
            ("SUBPARTITION_NAME", Type::Text),
            ("PARTITION_ORDINAL_POSITION", Type::Integer),
            ("SUBPARTITION_ORDINAL_POSITION", Type::Integer),
            ("PARTITION_METHOD", Type::Text),
            ("SUBPARTITION_METHOD", Type::Text),
            ("PARTITION_EXPRESSION", Type::Text),
            ("SUBPARTITION_EXPRESSION", Type::Text),
            ("PARTITION_DESCRIPTION", Type::Text),
            ("TABLE_ROWS", Type::Integer),
            ("AVG_ROW_LENGTH", Type::Integer),
            ("DATA_LENGTH", Type::Integer),
            ("MAX_DATA_LENGTH", Type::Integer),
            ("INDEX_LENGTH", Type::Integer),
            ("DATA_FREE", Type::Integer),
            ("CREATE_TIME", Type::DateTime),
            ("UPDATE_TIME", Type::DateTime),
            ("CHECK_TIME", Type::DateTime),
            ("CHECKSUM", Type::Integer),
            ("PARTITION_COMMENT", Type::Text),
            ("NODEGROUP", Type::Text),
            ("TABLESPACE_NAME", Type::Text),
        ],
    },
    Table {
        name: "schemata",
        columns: &[
            ("CATALOG_NAME", Type::Text),
            ("SCHEMA_NAME", Type::Text),
            ("DEFAULT_CHARACTER_SET_NAME", Type::Text),
            ("DEFAULT_COLLATION_NAME", Type::Text),
            ("SQL_PATH", Type::Text),
        ],
    },
    Table {
        name: "tables",
        columns: &[
            ("TABLE_CATALOG", Type::Text),
            ("TABLE_SCHEMA", Type::Text),
            ("TABLE_NAME", Type::Text),
            ("TABLE_TYPE", Type::Text),
            ("ENGINE", Type::Text),
            ("VERSION", Type::Integer),
            ("ROW_FORMAT", Type::Text),
            ("TABLE_ROWS", Type::Integer),
            ("AVG_ROW_LENGTH", Type::Integer),
            ("DATA_LENGTH", Type::Integer),
            ("MAX_DATA_LENGTH", Type::Integer),
            ("INDEX_LENGTH", Type::Integer),
            ("DATA_FREE", Type::Integer),
            ("AUTO_INCREMENT", Type::Integer),
            ("CREATE_TIME", Type::DateTime),
            ("UPDATE_TIME", Type::DateTime),
            ("CHECK_TIME", Type::DateTime),
            ("TABLE_COLLATION", Type::Text),
            ("CHECKSUM", Type::Integer),
            ("CREATE_OPTIONS", Type::Text),
            ("TABLE_COMMENT", Type::Text),
        ],
    },
    Table {
        name: "tables_config",
        columns: &[
            ("TABLE_SCHEMA", Type::Text),
            ("TABLE_NAME", Type::Text),
            ("TABLE_ENGINE", Type::Text),
            ("TABLE_MODEL", Type::Text),
            ("PRIMARY_KEY", Type::Text),
            ("PARTITION_KEY", Type::Text),
            ("DISTRIBUTE_KEY", Type::Text),
            ("DISTRIBUTE_TYPE", Type::Text),
            ("DISTRIBUTE_BUCKET", Type::Integer),
            ("SORT_KEY", Type::Text),
            ("PROPERTIES", Type::Text),
            ("TABLE_ID", Type::Integer),
        ],
    },
    Table {
        name: "columns",
        columns: &[
            ("TABLE_CATALOG", Type::Text),
            ("TABLE_SCHEMA", Type::Text),
            ("TABLE_NAME", Type::Text),
            ("COLUMN_NAME", Type::Text),
            ("ORDINAL_POSITION", Type::Integer),
            ("COLUMN_DEFAULT", Type::Text),
            ("IS_NULLABLE", Type::Text),
            ("DATA_TYPE", Type::Text),
            ("CHARACTER_MAXIMUM_LENGTH", Type::Integer),
            ("CHARACTER_OCTET_LENGTH", Type::Integer),
            ("NUMERIC_PRECISION", Type::Integer),
            ("NUMERIC_SCALE", Type::Integer),
            ("DATETIME_PRECISION", Type::Integer),
            ("CHARACTER_SET_NAME", Type::Text),
            ("COLLATION_NAME", Type::Text),
            ("COLUMN_TYPE", Type::Text),
            ("COLUMN_KEY", Type::Text),
            ("EXTRA", Type::Text),
            ("PRIVILEGES", Type::Text),
            ("COLUMN_COMMENT", Type::Text),
            ("COLUMN_SIZE", Type::Integer),
            ("DECIMAL_DIGITS", Type::Integer),
            ("GENERATION_EXPRESSION", Type::Text),
            ("SRS_ID", Type::Integer),
        ],
    },
    Table {
        name: "views",
        columns: &[
            ("TABLE_CATALOG", Type::Text),
            ("TABLE_SCHEMA", Type::Text),
            ("TABLE_NAME", Type::Text),
            ("VIEW_DEFINITION", Type::Text),
            ("CHECK_OPTION", Type::Text),
            ("IS_UPDATABLE", Type::Text),
            ("DEFINER", Type::Text),
            ("SECURITY_TYPE", Type::Text),
            ("CHARACTER_SET_CLIENT", Type::Text),
            ("COLLATION_CONNECTION", Type::Text),
        ],
    },
    Table {
        // Every column is a text (`catalog/system/information/MaterializedViewsSystemTable.java`).
        name: "materialized_views",
        columns: &[
            ("MATERIALIZED_VIEW_ID", Type::Text),
            ("TABLE_SCHEMA", Type::Text),
            ("TABLE_NAME", Type::Text),
            ("REFRESH_TYPE", Type::Text),
            ("IS_ACTIVE", Type::Text),
            ("INACTIVE_REASON", Type::Text),
            ("PARTITION_TYPE", Type::Text),
            ("TASK_ID", Type::Text),
            ("TASK_NAME", Type::Text),
            ("LAST_REFRESH_START_TIME", Type::Text),
            ("LAST_REFRESH_FINISHED_TIME", Type::Text),
            ("LAST_REFRESH_DURATION", Type::Text),
            ("LAST_REFRESH_STATE", Type::Text),
            ("LAST_REFRESH_FORCE_REFRESH", Type::Text),
            ("LAST_REFRESH_START_PARTITION", Type::Text),
            ("LAST_REFRESH_END_PARTITION", Type::Text),
            ("LAST_REFRESH_BASE_REFRESH_PARTITIONS", Type::Text),
            ("LAST_REFRESH_MV_REFRESH_PARTITIONS", Type::Text),
            ("LAST_REFRESH_ERROR_CODE", Type::Text),
            ("LAST_REFRESH_ERROR_MESSAGE", Type::Text),
            ("TABLE_ROWS", Type::Text),
            ("MATERIALIZED_VIEW_DEFINITION", Type::Text),
            ("EXTRA_MESSAGE", Type::Text),
            ("QUERY_REWRITE_STATUS", Type::Text),
            ("CREATOR", Type::Text),
            ("LAST_REFRESH_PROCESS_TIME", Type::Text),
            ("LAST_REFRESH_JOB_ID", Type::Text),
        ],
    },
    Table {
        name: "be_tablets",
        columns: &[
            ("BE_ID", Type::Integer),
            ("TABLE_ID", Type::Integer),
            ("PARTITION_ID", Type::Integer),
            ("TABLET_ID", Type::Integer),
            ("NUM_VERSION", Type::Integer),
            ("MAX_VERSION", Type::Integer),
            ("MIN_VERSION", Type::Integer),
            ("NUM_ROWSET", Type::Integer),
            ("NUM_ROW", Type::Integer),
            ("DATA_SIZE", Type::Integer),
            ("INDEX_MEM", Type::Integer),
            ("CREATE_TIME", Type::Integer),
            ("STATE", Type::Text),
            ("TYPE", Type::Text),
            ("DATA_DIR", Type::Text),
            ("SHARD_ID", Type::Integer),
            ("SCHEMA_HASH", Type::Integer),
            ("INDEX_DISK", Type::Integer),
            ("MEDIUM_TYPE", Type::Text),
            ("NUM_SEGMENT", Type::Integer),
        ],
    },
    Table {
        name: "load_tracking_logs",
        columns: &[
            ("ID", Type::Integer),
            ("JOB_ID", Type::Integer),
            ("LABEL", Type::Text),
            ("DATABASE_NAME", Type::Text),
            ("TRACKING_LOG", Type::Text),
            ("TYPE", Type::Text),
        ],
    },
];
