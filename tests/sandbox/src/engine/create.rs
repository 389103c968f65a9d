//! CREATE DATABASE, TABLE, TABLE LIKE and VIEW, with the analyzer's rules (`sql/analyzer/CreateTableAnalyzer.java`).

use std::collections::BTreeMap;

use crate::answer::{Answer, Done, SqlError};
use crate::ast::{CreateTable, ObjectName, Partitioning};
use crate::engine::cluster::Cluster;
use crate::engine::database::Database;
use crate::engine::foreign::Foreign;
use crate::engine::partition::{Partition, Partitions, PhysicalPartition, SHADOW};
use crate::engine::partition_items::{NewPartition, plan_partitions};
use crate::engine::partition_lists::plan_first;
use crate::engine::partitioning::partition_kind;
use crate::engine::session::Session;
use crate::engine::table::{Relation, Table, TableState};
use crate::engine::{definition, dynamic, error, generated, properties};

pub fn done() -> Answer {
    Answer::Done(Done::default())
}

impl Cluster {
    pub fn create_database(&mut self, name: &str, if_not_exists: bool) -> Result<Answer, SqlError> {
        if self.databases.contains_key(name) {
            if if_not_exists {
                return Ok(done());
            }
            return Err(SqlError::new(
                1007,
                "HY000",
                format!("Can't create database '{name}'; database exists"),
            ));
        }
        if matches!(name, "information_schema" | "sys" | "_statistics_") {
            return Err(SqlError::new(
                1007,
                "HY000",
                format!("Can't create database '{name}'; database exists"),
            ));
        }
        let id = self.new_id();
        self.databases
            .insert(name.to_owned(), Database::new(id, name));
        Ok(done())
    }

    pub fn create_table(
        &mut self,
        session: &Session,
        statement: &CreateTable,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(&statement.name, session)?.to_owned();
        if statement.temporary {
            let table = self.build_table(statement)?;
            self.authorized()?;
            return self.add_session_table(session, &database, table, statement.if_not_exists);
        }
        if self.databases[&database]
            .relations
            .contains_key(&statement.name.name)
        {
            if !statement.if_not_exists {
                return Err(error::table_exists(&statement.name.name));
            }
            self.authorized()?;
            return Ok(done());
        }
        let id = self.new_id();
        if let Some(foreign) = Foreign::read(statement, id, self.now)? {
            self.authorized()?;
            self.database_mut(&database)?
                .relations
                .insert(foreign.name.clone(), Relation::Foreign(foreign));
            return Ok(done());
        }
        let table = self.build_table(statement)?;
        self.check_generated(session, &table)?;
        self.check_first_properties(&database, &table)?;
        self.authorized()?;
        self.store.create(&table)?;
        self.database_mut(&database)?.add_table(table);
        Ok(done())
    }

    /// The same columns, partitions and properties, no rows.
    pub fn create_table_like(
        &mut self,
        session: &Session,
        name: &ObjectName,
        if_not_exists: bool,
        source: &ObjectName,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(name, session)?.to_owned();
        if self.databases[&database].relations.contains_key(&name.name) {
            return if if_not_exists {
                Ok(done())
            } else {
                Err(error::table_exists(&name.name))
            };
        }
        let model = self.table(source, session)?.1;
        let mut table = model.without_partitions();
        let partitions: Vec<Partition> = model.partitions.iter().cloned().collect();
        table.id = self.new_id();
        table.name.clone_from(&name.name);
        table.created = self.now;
        table.auto_increment = 1;
        table.state = TableState::Normal;
        for partition in partitions {
            let partition_name = if table.is_partitioned() {
                partition.name.clone()
            } else {
                name.name.clone()
            };
            let fresh = self.new_partition(partition_name, &partition);
            table.partitions.add(fresh);
        }
        self.store.create(&table)?;
        self.database_mut(&database)?.add_table(table);
        Ok(done())
    }

    fn build_table(&mut self, statement: &CreateTable) -> Result<Table, SqlError> {
        definition::refuse_unmodelled(statement)?;
        let name = &statement.name.name;
        let (keys, key_count) = definition::key_columns(statement)?;
        let columns = definition::columns(statement, keys, key_count)?;
        generated::check(statement, keys, key_count)?;
        let mut given: BTreeMap<String, String> = statement.properties.iter().cloned().collect();
        properties::check(&given)?;
        let replication_num =
            self.replication_num(name, given.remove("replication_num").as_deref())?;
        let distribution = definition::distribution(statement, keys, &columns[..key_count])?;
        let buckets = definition::buckets_of(&distribution)
            .unwrap_or_else(|| u32::try_from(self.backends.len()).unwrap_or(1).max(1));
        let partition_kind = partition_kind(statement.partitioning.as_ref(), &columns, keys)?;
        let mut table = Table {
            id: self.new_id(),
            name: name.clone(),
            keys,
            key_count,
            columns,
            comment: statement.comment.clone().unwrap_or_default(),
            partition_kind,
            distribution,
            buckets,
            replication_num,
            order_by: statement.order_by.clone(),
            properties: given,
            partitions: Partitions::default(),
            temporary_partitions: Partitions::default(),
            state: TableState::Normal,
            created: self.now,
            auto_increment: 1,
            schema_version: 0,
            materialized: None,
            rollups: Vec::new(),
        };
        self.first_partitions(&mut table, statement)?;
        Ok(table)
    }

    fn first_partitions(
        &mut self,
        table: &mut Table,
        statement: &CreateTable,
    ) -> Result<(), SqlError> {
        let unbounded = |name: &str| NewPartition {
            name: name.to_owned(),
            range: None,
            list: None,
            replication_num: table.replication_num,
        };
        match &statement.partitioning {
            None if table.has_dynamic_properties() => {
                return Err(SqlError::plain(
                    "Only support dynamic partition properties on range partition table",
                ));
            }
            None => {
                let only = self.make_partition(unbounded(&table.name), table.buckets);
                table.partitions.add(only);
                return Ok(());
            }
            Some(
                Partitioning::Range { partitions, .. }
                | Partitioning::Expression { partitions, .. },
            ) => {
                for item in partitions {
                    for planned in plan_partitions(table, item, false)? {
                        self.check_replication(&table.name, planned.replication_num)?;
                        let partition = self.make_partition(planned, table.buckets);
                        table.partitions.add(partition);
                    }
                }
            }
            Some(Partitioning::List { partitions, .. }) => {
                for planned in plan_first(table, partitions)? {
                    self.check_replication(&table.name, planned.replication_num)?;
                    let partition = self.make_partition(planned, table.buckets);
                    table.partitions.add(partition);
                }
            }
        }
        if table.is_automatic() {
            let shadow = unbounded(SHADOW);
            let shadow = self.make_partition(shadow, table.buckets);
            table.partitions.add(shadow);
        }
        if table.has_dynamic_properties() {
            if table.is_automatic() && table.properties.contains_key("dynamic_partition.enable") {
                return Err(SqlError::plain(
                    "Expression partitioning does not support properties of dynamic partitioning",
                ));
            }
            dynamic::check_properties(table)?;
        }
        if table.dynamic_partition_enabled() {
            for planned in dynamic::missing(table, self.now, self.zone) {
                let partition = self.make_partition(planned, table.buckets);
                table.partitions.add(partition);
            }
        }
        Ok(())
    }

    /// An empty partition with new ids, at version 1.
    pub fn make_partition(&mut self, planned: NewPartition, buckets: u32) -> Partition {
        Partition {
            id: self.new_id(),
            name: planned.name,
            range: planned.range,
            list: planned.list,
            physical: vec![self.new_physical(buckets)],
            replication_num: planned.replication_num,
            buckets,
            storage_medium: "HDD".to_owned(),
        }
    }

    /// An empty partition in the place of another: same range and replication, new ids.
    pub fn new_partition(&mut self, name: String, model: &Partition) -> Partition {
        let id = self.new_id();
        let physical = vec![self.new_physical(model.buckets)];
        Partition {
            id,
            name,
            physical,
            ..model.clone()
        }
    }

    pub fn new_physical(&mut self, buckets: u32) -> PhysicalPartition {
        PhysicalPartition {
            id: self.new_id(),
            visible_version: 1,
            visible_time: self.now,
            next_version: 2,
            index_id: self.new_id(),
            tablets: (0..buckets).map(|_| self.new_id()).collect(),
        }
    }

    /// What a table gets: the property, or `default_replication_num`; more than there are live backends is an error
    /// (`server/LocalMetastore` through `SystemInfoService.checkAndSetReplicationNum`).
    pub fn replication_num(&self, table: &str, given: Option<&str>) -> Result<u32, SqlError> {
        let number = match given {
            Some(text) => text.parse().map_err(|_| {
                SqlError::plain(format!(
                    "Property replication_num should be a number, but is {text}"
                ))
            })?,
            None => u32::try_from(self.config_number("default_replication_num")).unwrap_or(3),
        };
        if number == 0 {
            return Err(SqlError::plain(
                "Replication num should larger than 0. (suggested 3)",
            ));
        }
        self.check_replication(table, number)?;
        Ok(number)
    }

    fn check_replication(&self, table: &str, number: u32) -> Result<(), SqlError> {
        let alive = self.alive_backends();
        if alive.is_empty() {
            return Err(SqlError::plain("No alive nodes"));
        }
        if alive.len() >= number as usize {
            return Ok(());
        }
        let ids: Vec<String> = alive.iter().map(u64::to_string).collect();
        Err(SqlError::plain(format!(
            "Table replication num should be less than or equal to the number of available backends. You can change this default by setting \
             the replication_num table properties. Current available backends: [{}], table={table}, replication_num={number}, \
             default_replication_num={}",
            ids.join(","),
            self.config_number("default_replication_num")
        )))
    }
}
