//! What only SHOW CREATE TABLE tells: read from its text.

use super::{FactsError, RowError, Session, query, sql};
use crate::names::{DatabaseName, TableName};

/// The text of SHOW CREATE TABLE.
pub async fn read_definition(
    session: &Session,
    database: &DatabaseName,
    table: &TableName,
) -> Result<String, FactsError> {
    let statement = sql::show_create_table(database, table);
    let set = query(session.as_ref(), &statement).await?;
    let row = set.first().ok_or(RowError::Null {
        column: "Create Table",
    })?;
    Ok(row.text("Create Table")?.to_owned())
}

/// Whether a column is AUTO_INCREMENT: nothing in `information_schema` says so (`schema_scanner/schema_columns_scanner.cpp`). The word
/// stands last but for the comment (`catalog/Column.java`, toSql).
pub fn has_counted_column(definition: &str) -> bool {
    let mut columns = definition
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with(')'));
    columns.any(|line| {
        let declared = line.split(" COMMENT \"").next().unwrap_or_default();
        declared.trim_end_matches(',').ends_with(" AUTO_INCREMENT")
    })
}

/// `"key" = "value"` in the PROPERTIES of SHOW CREATE TABLE.
pub fn property<'t>(definition: &'t str, key: &str) -> Option<&'t str> {
    let (_, rest) = definition.split_once(&format!("\"{key}\""))?;
    let rest = rest
        .trim_start()
        .strip_prefix('=')?
        .trim_start()
        .strip_prefix('"')?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = r#"CREATE TABLE `t` (
  `d` date NOT NULL
) ENGINE=OLAP
DUPLICATE KEY(`d`)
PARTITION BY RANGE(`d`)()
DISTRIBUTED BY HASH(`d`) BUCKETS 3
PROPERTIES (
"dynamic_partition.enable" = "true",
"replication_num" = "3"
);"#;

    #[test]
    fn properties_are_read_from_the_definition() {
        assert_eq!(
            property(DEFINITION, "dynamic_partition.enable"),
            Some("true")
        );
        assert_eq!(property(DEFINITION, "replication_num"), Some("3"));
        assert_eq!(property(DEFINITION, "partition_live_number"), None);
    }

    #[test]
    fn a_counted_column_is_told_from_its_word_and_not_from_a_comment() {
        let table = |column: &str| {
            format!(
                "CREATE TABLE `t` (\n  {column},\n  `v` int(11) NULL COMMENT \"\"\n) ENGINE=OLAP"
            )
        };
        for (column, counts) in [
            (r#"`k` bigint(20) NOT NULL AUTO_INCREMENT COMMENT """#, true),
            (r#"`k` bigint(20) NOT NULL AUTO_INCREMENT"#, true),
            (r#"`k` bigint(20) NOT NULL COMMENT "AUTO_INCREMENT""#, false),
            (r#"`AUTO_INCREMENT` bigint(20) NOT NULL"#, false),
        ] {
            assert_eq!(has_counted_column(&table(column)), counts, "{column}");
        }
    }
}
