//! ALTER TABLE: partitions, names, properties, columns (`alter/AlterJobExecutor.java`, `server/LocalMetastore.java`).

use crate::answer::{Answer, SqlError};
use crate::ast::{AlterClause, Distribution, ObjectName, PartitionItem};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::definition::buckets_of;
use crate::engine::error;
use crate::engine::load::Target;
use crate::engine::partition::Partition;
use crate::engine::partition_items::plan_partitions;
use crate::engine::partition_lists::plan_added;
use crate::engine::replacement::check_replacement;
use crate::engine::session::Session;
use crate::engine::table::Table;

impl Cluster {
    pub fn alter_table(
        &mut self,
        session: &Session,
        name: &ObjectName,
        clauses: &[AlterClause],
    ) -> Result<Answer, SqlError> {
        let (database, table) = self.table(name, session)?;
        let target = Target {
            database: database.to_owned(),
            table: table.name.clone(),
        };
        if table.is_materialized() {
            return Err(error::analyzing(format!(
                "The '{}' cannot be alter by 'ALTER TABLE', because it is a materialized view,you can use 'ALTER MATERIALIZED VIEW' to alter it.",
                table.name
            )));
        }
        table.check_alterable()?;
        for clause in clauses {
            self.alter(&target, clause)?;
        }
        Ok(done())
    }

    fn alter(&mut self, target: &Target, clause: &AlterClause) -> Result<(), SqlError> {
        match clause {
            AlterClause::AddPartition {
                temporary,
                partition,
                distribution,
            } => self.add_partition(target, *temporary, partition, distribution.as_ref()),
            AlterClause::DropPartition {
                temporary,
                if_exists,
                force,
                names,
            } => self.drop_partition(target, (*temporary, *if_exists, *force), names),
            AlterClause::ReplacePartition {
                partitions,
                with,
                properties,
            } => self.replace_partition(target, partitions, with, properties),
            AlterClause::RenamePartition { from, to } => self.rename_partition(target, from, to),
            AlterClause::Rename { to } => self.rename_table(target, to),
            AlterClause::SwapWith { other } => self.swap_tables(target, other),
            AlterClause::SetProperties(given) => self.set_properties(target, given),
            AlterClause::AddColumn(column) => self.add_column(target, column),
            AlterClause::DropColumn { name } => self.drop_column(target, name),
            AlterClause::RenameColumn { from, to } => self.rename_column(target, from, to),
            AlterClause::ModifyColumn(column) => self.modify_column(target, column),
            AlterClause::AddRollup(items) => self.add_rollups(target, items),
            AlterClause::DropRollup { names } => self.drop_rollups(target, names),
            AlterClause::ModifyComment(comment) => {
                self.altered(target)?.comment.clone_from(comment);
                Ok(())
            }
        }
    }

    pub(super) fn altered(&mut self, target: &Target) -> Result<&mut Table, SqlError> {
        self.database_mut(&target.database)?
            .table_mut(&target.table)
            .ok_or_else(|| error::unknown_table(&format!("{}.{}", target.database, target.table)))
    }

    fn add_partition(
        &mut self,
        target: &Target,
        temporary: bool,
        item: &PartitionItem,
        distribution: Option<&Distribution>,
    ) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        let analyzed = self.release.analyzes_added_partitions();
        let as_refused = |refusal: SqlError| {
            if analyzed {
                error::from_analyzer(refusal)
            } else {
                refusal
            }
        };
        if !table.is_partitioned() {
            return Err(as_refused(SqlError::plain(
                "Only support adding partition to range/list partitioned table",
            )));
        }
        let buckets = distribution.and_then(buckets_of).unwrap_or(table.buckets);
        let planned = match item {
            PartitionItem::Range(item) => plan_partitions(table, item, temporary),
            PartitionItem::List(item) => {
                plan_added(table, item, temporary).map(|planned| planned.into_iter().collect())
            }
        };
        let planned = planned.map_err(as_refused)?;
        // Last of all: the clause has been analyzed by then.
        if !temporary {
            refuse_dynamic(table)?;
        }
        for planned in planned {
            self.replication_num(&target.table, Some(&planned.replication_num.to_string()))?;
            let partition = self.make_partition(planned, buckets);
            let table = self.altered(target)?;
            if temporary {
                table.temporary_partitions.add(partition)
            } else {
                table.partitions.add(partition)
            }
        }
        Ok(())
    }

    fn drop_partition(
        &mut self,
        target: &Target,
        (temporary, if_exists, force): (bool, bool, bool),
        names: &[String],
    ) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        if !table.is_partitioned() {
            return Err(SqlError::plain(format!(
                "Alter table [{}] failed. Not a partitioned table",
                target.table
            )));
        }
        if names.iter().any(|name| name.starts_with('$')) {
            return Err(error::analyzing(
                "Deletion of shadow partitions is not allowed",
            ));
        }
        if !temporary {
            refuse_dynamic(table)?;
        }
        let unknown: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| table.partition_named(name, temporary).is_none())
            .collect();
        if !unknown.is_empty() && !if_exists {
            let unknown = if self.release.drops_partitions_as_a_list() {
                format!("[{}]", unknown.join(", "))
            } else {
                unknown[0].to_owned()
            };
            // ERR_DROP_PARTITION_NON_EXISTENT
            return Err(SqlError::new(
                1507,
                "HY000",
                format!("Error in list of partitions to {unknown}"),
            ));
        }
        let table = self.altered(target)?;
        let partitions = if temporary {
            &mut table.temporary_partitions
        } else {
            &mut table.partitions
        };
        let dropped: Vec<Partition> = names
            .iter()
            .filter_map(|name| partitions.remove(name))
            .collect();
        // Temporary partitions are not recycled.
        self.recycle_partitions(target, dropped, force || temporary)
    }

    /// The temporary partitions take the place of the named ones, with their own ids, versions and times.
    fn replace_partition(
        &mut self,
        target: &Target,
        names: &[String],
        with: &[String],
        given: &[(String, String)],
    ) -> Result<(), SqlError> {
        if names.iter().any(|name| name.starts_with('$')) {
            return Err(error::analyzing("Replace shadow partitions is not allowed"));
        }
        let mut seen = std::collections::HashSet::new();
        let with: Vec<String> = with
            .iter()
            .filter(|name| seen.insert(name.to_lowercase()))
            .cloned()
            .collect();
        let unknown: Vec<String> = given
            .iter()
            .filter(|(key, _)| key != "strict_range" && key != "use_temp_partition_name")
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        if !unknown.is_empty() {
            return Err(error::analyzing(format!(
                "Unknown properties: {{{}}}",
                unknown.join(", ")
            )));
        }
        let table = self.table_at(target)?;
        let find = |name: &String, temporary: bool| {
            let kind = if temporary {
                "Temp partition"
            } else {
                "Partition"
            };
            table
                .partition_named(name, temporary)
                .ok_or_else(|| SqlError::plain(format!("{kind}[{name}] does not exist")))
        };
        let old = names
            .iter()
            .map(|name| find(name, false))
            .collect::<Result<Vec<_>, _>>()?;
        let new = with
            .iter()
            .map(|name| find(name, true))
            .collect::<Result<Vec<_>, _>>()?;
        let flag = |key: &str, default: bool| {
            given
                .iter()
                .find(|(name, _)| name == key)
                .map_or(default, |(_, value)| value == "true")
        };
        check_replacement(table, &old, &new, flag("strict_range", true))?;
        let keep_names = !flag("use_temp_partition_name", false) && old.len() == new.len();
        let gone: Vec<u64> = old
            .iter()
            .flat_map(|partition| partition.physical_ids())
            .collect();
        let table = self.altered(target)?;
        let table_id = table.id;
        for name in names {
            table.partitions.remove(name);
        }
        for (index, temporary) in with.iter().enumerate() {
            let Some(mut partition) = table.temporary_partitions.remove(temporary) else {
                continue;
            };
            if keep_names {
                partition.name.clone_from(&names[index]);
            }
            table.partitions.add(partition);
        }
        self.store.clear(table_id, gone.into_iter())
    }

    fn rename_partition(&mut self, target: &Target, from: &str, to: &str) -> Result<(), SqlError> {
        if from.starts_with('$') {
            return Err(SqlError::plain(
                "Rename of shadow partitions is not allowed",
            ));
        }
        let table = self.altered(target)?;
        if !table.is_range() {
            return Err(SqlError::plain(format!(
                "Table[{}] is single partitioned. no need to rename partition name.",
                target.table
            )));
        }
        if table.is_automatic() {
            return Err(SqlError::plain(format!(
                "Table[{}] is automatic partitioned. not support to rename partition name.",
                target.table
            )));
        }
        if from.eq_ignore_ascii_case(to) {
            return Err(SqlError::plain("Same partition name"));
        }
        if table.partitions.get(from).is_none() {
            return Err(SqlError::plain(format!(
                "Partition[{from}] does not exists"
            )));
        }
        if table.partitions.get(to).is_some() {
            return Err(SqlError::plain(format!(
                "Partition name[{to}] is already used"
            )));
        }
        table.partitions.rename(from, to);
        Ok(())
    }
}

fn refuse_dynamic(table: &Table) -> Result<(), SqlError> {
    if !table.dynamic_partition_enabled() {
        return Ok(());
    }
    Err(SqlError::plain(
        "Cannot add/drop partition on a Dynamic Partition Table, Use command `ALTER TABLE tbl_name SET \
         (\"dynamic_partition.enable\" = \"false\")` firstly.",
    ))
}
