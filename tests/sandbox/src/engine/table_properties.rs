//! ALTER TABLE … SET ("key" = "value") (`sql/analyzer/AlterTableClauseAnalyzer.visitModifyTablePropertiesClause`,
//! `alter/AlterJobExecutor.visitModifyTablePropertiesClause`).
//!
//! What the partition scheduler obeys is switched off by these: `dynamic_partition.enable` = `false`, on tables that have dynamic partitions
//! only; `partition_live_number` = `-1`; `partition_ttl` = `0 second`. A `partition_retention_condition` cannot be taken away, only replaced by
//! one that keeps everything.

use std::collections::BTreeMap;

use crate::answer::SqlError;
use crate::engine::cluster::Cluster;
use crate::engine::load::Target;
use crate::engine::schema_change::Change;
use crate::engine::session::Session;
use crate::engine::table::Table;
use crate::engine::{dynamic, error, properties};

impl Cluster {
    pub fn set_properties(
        &mut self,
        target: &Target,
        given: &[(String, String)],
    ) -> Result<(), SqlError> {
        let mut map: BTreeMap<String, String> = given.iter().cloned().collect();
        let all_dynamic = map.keys().all(|key| key.starts_with("dynamic_partition"));
        if map.len() != 1 && !all_dynamic {
            return Err(error::common_analyzing(
                "Can only set one table property at a time",
            ));
        }
        if all_dynamic {
            return self.set_dynamic(target, &mut map);
        }
        let replication = map
            .remove("replication_num")
            .or_else(|| map.remove("default.replication_num"));
        properties::check(&map)?;
        if let Some(text) = replication {
            let number = self.replication_num(&target.table, Some(&text))?;
            let everywhere = given.iter().any(|(key, _)| key == "replication_num");
            let table = self.altered(target)?;
            table.replication_num = number;
            if everywhere {
                table
                    .partitions
                    .iter_mut()
                    .for_each(|partition| partition.replication_num = number);
            }
            return Ok(());
        }
        let Some((key, value)) = map.pop_first() else {
            return Ok(());
        };
        match key.as_str() {
            "bloom_filter_columns" | "bloom_filter_fpp" => {
                let table = self.table_at(target)?;
                if table.properties.get(&key) == Some(&value) {
                    return Err(SqlError::plain("Bloom filter index has no change"));
                }
                return self.begin_change(target, Change::Property(key, value));
            }
            "partition_live_number" | "partition_ttl" | "partition_retention_condition" => {
                self.check_time_to_live(target, &key, &value)?;
            }
            _ => {}
        }
        self.altered(target)?.properties.insert(key, value);
        Ok(())
    }

    /// A table without dynamic partitions gets them with all that they need, or not at all.
    fn set_dynamic(
        &mut self,
        target: &Target,
        map: &mut BTreeMap<String, String>,
    ) -> Result<(), SqlError> {
        properties::check(map)?;
        let mut table = self.table_at(target)?.clone();
        let had_them = table.has_dynamic_properties();
        table.properties.append(map);
        if dynamic::check_properties(&table).is_err() && !had_them {
            return Err(SqlError::plain(format!(
                "Table {}.{} is not a dynamic partition table.",
                target.database, target.table
            )));
        }
        dynamic::check_values(&table)?;
        self.altered(target)?.properties = table.properties;
        Ok(())
    }

    fn check_time_to_live(
        &mut self,
        target: &Target,
        key: &str,
        value: &str,
    ) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        let name = table.name.clone();
        let (is_range, is_partitioned) = (table.is_range(), table.is_partitioned());
        match key {
            "partition_live_number" => {
                check_live_number(value)?;
                if !is_range {
                    return Err(SqlError::plain(format!(
                        "Table[{name}] is not range partitioned. no need to set partition live number."
                    )));
                }
            }
            "partition_ttl" => {
                dynamic::check_time_to_live(value)?;
                if !is_range {
                    return Err(SqlError::plain(format!(
                        "Table[{name}] is not range partitioned. no need to set partition ttl."
                    )));
                }
            }
            _ => {
                self.check_conditions_known(value)?;
                if !is_partitioned {
                    return Err(SqlError::plain(format!(
                        "Table[{name}] is not partitioned. no need to set partition retention condition."
                    )));
                }
                if value.is_empty() {
                    return Err(error::analyzing("Illegal partition retention condition: "));
                }
                let table = table.clone();
                self.keep_condition(&Session::inner(&target.database), &table, value)?;
            }
        }
        Ok(())
    }

    fn check_conditions_known(&self, value: &str) -> Result<(), SqlError> {
        if self.release.has_retention_conditions() {
            return Ok(());
        }
        Err(error::analyzing(format!(
            "Unknown properties: {{partition_retention_condition={value}}}"
        )))
    }

    /// The same rules for the properties of a CREATE TABLE.
    pub fn check_first_properties(
        &mut self,
        database: &str,
        table: &Table,
    ) -> Result<(), SqlError> {
        if let Some(number) = table.properties.get("partition_live_number") {
            check_live_number(number)?;
        }
        if let Some(text) = table.properties.get("partition_ttl") {
            dynamic::check_time_to_live(text)?;
        }
        if let Some(condition) = table.properties.get("partition_retention_condition") {
            self.check_conditions_known(condition)?;
            if condition.is_empty() {
                return Err(error::analyzing("Illegal partition retention condition: "));
            }
            self.keep_condition(&Session::inner(database), table, condition)?;
        }
        Ok(())
    }
}

/// `-1` switches it off (`catalog/TableProperty.INVALID`).
fn check_live_number(text: &str) -> Result<(), SqlError> {
    match text.parse::<i64>() {
        Ok(number) if number > 0 || number == -1 => Ok(()),
        Ok(number) => Err(error::analyzing(format!(
            "Illegal Partition Live Number: {number}"
        ))),
        Err(_) => Err(error::analyzing(format!(
            "Partition Live Number: For input string: \"{text}\""
        ))),
    }
}
