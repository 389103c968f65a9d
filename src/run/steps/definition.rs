//! What only SHOW CREATE TABLE tells: read from its text.

use super::builder::Builder;
use crate::names::{PartitionName, TableName};
use crate::run::error::RunError;
use crate::starrocks::{RowError, query, sql};

impl Builder<'_> {
    pub(super) async fn definition(&self, table: &TableName) -> Result<String, RunError> {
        let set = query(
            self.session.as_ref(),
            &sql::show_create_table(&self.context.database, table),
        )
        .await?;
        let row = set.first().ok_or(RowError::Null {
            column: "Create Table",
        })?;
        Ok(row.text("Create Table")?.to_owned())
    }
}

/// `"key" = "value"` in the PROPERTIES of SHOW CREATE TABLE.
pub(super) fn property<'t>(definition: &'t str, key: &str) -> Option<&'t str> {
    let (_, rest) = definition.split_once(&format!("\"{key}\""))?;
    let rest = rest
        .trim_start()
        .strip_prefix('=')?
        .trim_start()
        .strip_prefix('"')?;
    rest.split_once('"').map(|(value, _)| value)
}

/// `PARTITION name VALUES …` as SHOW CREATE TABLE prints it (`catalog/RangePartitionInfo.java`, toSql): what ADD PARTITION takes.
pub(super) fn partition_clause(definition: &str, partition: &PartitionName) -> Option<String> {
    let plain = format!("PARTITION {partition} VALUES");
    let quoted = format!("PARTITION `{partition}` VALUES");
    let start = [&plain, &quoted]
        .into_iter()
        .find_map(|head| definition.find(head.as_str()).map(|at| at + head.len()))?;
    let mut depth = 0_u32;
    let mut quote = None;
    for (offset, c) in definition[start..].char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            // A range ends with `))` after `[(`, or `]`: brackets close whatever opened them.
            (None, ')' | ']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let values = &definition[start..start + offset + c.len_utf8()];
                    return Some(format!(
                        "PARTITION IF NOT EXISTS `{partition}` VALUES{values}"
                    ));
                }
            }
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = r#"CREATE TABLE `t` (
  `d` date NOT NULL
) ENGINE=OLAP
DUPLICATE KEY(`d`)
PARTITION BY RANGE(`d`)
(PARTITION p1 VALUES [("2026-01-01"), ("2026-01-02")),
PARTITION `p 2` VALUES [("2026-01-02"), ("2026-01-03")) ("storage_medium" = "HDD"),
PARTITION pmax VALUES [("2026-01-03"), (MAXVALUE)),
PARTITION l1 VALUES IN ('a)', "b"))
DISTRIBUTED BY HASH(`d`) BUCKETS 3
PROPERTIES (
"dynamic_partition.enable" = "true",
"replication_num" = "3"
);"#;

    #[test]
    fn a_partition_is_added_with_the_clause_that_show_create_prints() {
        let clause =
            |name: &str| partition_clause(DEFINITION, &PartitionName::parse(name).unwrap());
        assert_eq!(
            clause("p1").unwrap(),
            r#"PARTITION IF NOT EXISTS `p1` VALUES [("2026-01-01"), ("2026-01-02"))"#
        );
        assert_eq!(
            clause("p 2").unwrap(),
            r#"PARTITION IF NOT EXISTS `p 2` VALUES [("2026-01-02"), ("2026-01-03"))"#
        );
        assert_eq!(
            clause("pmax").unwrap(),
            r#"PARTITION IF NOT EXISTS `pmax` VALUES [("2026-01-03"), (MAXVALUE))"#
        );
        assert_eq!(
            clause("l1").unwrap(),
            r#"PARTITION IF NOT EXISTS `l1` VALUES IN ('a)', "b")"#
        );
        assert_eq!(clause("p"), None);
    }

    #[test]
    fn properties_are_read_from_the_definition() {
        assert_eq!(
            property(DEFINITION, "dynamic_partition.enable"),
            Some("true")
        );
        assert_eq!(property(DEFINITION, "replication_num"), Some("3"));
        assert_eq!(property(DEFINITION, "partition_live_number"), None);
    }
}
