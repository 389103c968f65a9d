//! Rollups and synchronous materialized views: further indexes of a table (`alter/MaterializedViewHandler.java`). Their rows are not kept
//! twice; what counts is that they are there, by name.

use serde::{Deserialize, Serialize};
use sqlparser::ast as sql;

use crate::answer::{Answer, SqlError};
use crate::ast::{KeysType, NewRollup, ObjectName};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::load::Target;
use crate::engine::session::Session;
use crate::engine::table::{Table, fixed_width};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollup {
    pub id: u64,
    pub name: String,
    /// Names of its columns, the key ones first.
    pub columns: Vec<String>,
    pub key_count: usize,
    /// The statement it was made with; a plain rollup has one made up (`ShowExecutor.buildCreateMVSql`).
    pub text: String,
    pub is_view: bool,
}

impl Table {
    pub fn has_rollup(&self, name: &str) -> bool {
        self.rollups.iter().any(|rollup| rollup.name == name)
    }
}

impl Cluster {
    /// `CREATE MATERIALIZED VIEW m AS SELECT … FROM t`
    pub fn create_sync_view(
        &mut self,
        session: &Session,
        name: &ObjectName,
        text: &str,
        query: &sql::Query,
    ) -> Result<Answer, SqlError> {
        let target = self.only_table(session, query)?;
        let table = self.table_at(&target)?;
        table.check_alterable()?;
        let columns = outputs(query)?;
        self.check_index_name(&target, &name.name)?;
        let key_count = columns
            .iter()
            .take_while(|column| table.column(column).is_some())
            .count();
        let rollup = Rollup {
            id: self.new_id(),
            name: name.name.clone(),
            columns,
            key_count,
            text: format!("CREATE MATERIALIZED VIEW {} AS {text}", name.name),
            is_view: true,
        };
        self.add_index(&target, rollup)?;
        Ok(done())
    }

    pub fn add_rollups(&mut self, target: &Target, items: &[NewRollup]) -> Result<(), SqlError> {
        for item in items {
            let table = self.table_at(target)?;
            if item.name == table.name {
                return Err(SqlError::plain(format!(
                    "Rollup name should be different with base table:{}",
                    table.name
                )));
            }
            if table.has_rollup(&item.name) {
                return Err(SqlError::plain(format!(
                    "Rollup index[{}] already exists",
                    item.name
                )));
            }
            if let Some(from) = &item.from
                && *from != table.name
                && !table.has_rollup(from)
            {
                return Err(SqlError::plain(format!(
                    "Base index[{from}] does not exist"
                )));
            }
            if let Some(unknown) = item
                .columns
                .iter()
                .find(|column| table.column(column).is_none())
            {
                let kind = if table.keys == KeysType::Duplicate {
                    " in base index"
                } else {
                    ""
                };
                return Err(SqlError::plain(format!(
                    "Column[{unknown}] does not exist{kind}"
                )));
            }
            let rollup = plain_rollup(self.new_id(), self.table_at(target)?, item)?;
            self.add_index(target, rollup)?;
        }
        Ok(())
    }

    pub fn drop_rollups(&mut self, target: &Target, names: &[String]) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        for name in names {
            if *name == table.name {
                return Err(SqlError::plain(
                    "Cannot drop base index by using DROP ROLLUP or DROP MATERIALIZED VIEW.",
                ));
            }
            if !table.has_rollup(name) {
                // `MaterializedViewHandler.checkDropMaterializedView`
                return Err(SqlError::plain(format!(
                    "Materialized view [{name}] does not exist in table [{}]",
                    table.name
                )));
            }
        }
        self.altered(target)?
            .rollups
            .retain(|rollup| !names.contains(&rollup.name));
        Ok(())
    }

    fn add_index(&mut self, target: &Target, rollup: Rollup) -> Result<(), SqlError> {
        self.altered(target)?.rollups.push(rollup);
        Ok(())
    }

    /// A view's name is free of tables and of the indexes of all tables (`checkAndPrepareMaterializedView`).
    fn check_index_name(&self, target: &Target, name: &str) -> Result<(), SqlError> {
        let database = self.database(&target.database)?;
        if self.table_at(target)?.has_rollup(name) {
            return Err(SqlError::plain(format!(
                "Materialized view[{name}] already exists in the table {}",
                target.table
            )));
        }
        if database.relations.contains_key(name) {
            return Err(SqlError::plain(format!(
                "Table [{name}] already exists in the db {}",
                target.database
            )));
        }
        match database.tables().find(|table| table.has_rollup(name)) {
            Some(owner) => Err(SqlError::plain(format!(
                "Materialized view[{name}] already exists in table {}",
                owner.name
            ))),
            None => Ok(()),
        }
    }

    fn only_table(&self, session: &Session, query: &sql::Query) -> Result<Target, SqlError> {
        let translated = crate::engine::translate::Translator::new(self, session).query(query)?;
        let mut found = None;
        for database in self.databases.values() {
            for table in database.tables() {
                if translated.relations.contains(&table.id) && !table.is_materialized() {
                    found = Some(Target {
                        database: database.name.clone(),
                        table: table.name.clone(),
                    });
                }
            }
        }
        match found {
            Some(target) if translated.relations.len() == 1 => Ok(target),
            // `sql/ast/CreateMaterializedViewStmt.analyze`
            _ => Err(error::analyzing(
                "The materialized view only support one table in from clause.",
            )),
        }
    }
}

/// What the select list calls its columns; an aggregate is a value column (`CreateMaterializedViewStmt.analyzeSelectClause`).
fn outputs(query: &sql::Query) -> Result<Vec<String>, SqlError> {
    let sql::SetExpr::Select(select) = query.body.as_ref() else {
        return Err(error::analyzing(
            "The materialized view only support the single select statement",
        ));
    };
    select
        .projection
        .iter()
        .map(|item| match item {
            sql::SelectItem::UnnamedExpr(sql::Expr::Identifier(name)) => Ok(name.value.clone()),
            sql::SelectItem::ExprWithAlias { alias, .. } => Ok(alias.value.clone()),
            sql::SelectItem::UnnamedExpr(expression) => {
                Ok(format!("mv_{expression}").to_lowercase())
            }
            other => Err(error::analyzing(format!(
                "The materialized view currently does not support {other} in the select list"
            ))),
        })
        .collect()
}

/// The key is the longest prefix that fits a short key, as for a table (`checkAndPrepareMaterializedView`, DUP_KEYS).
fn plain_rollup(id: u64, table: &Table, item: &NewRollup) -> Result<Rollup, SqlError> {
    let mut bytes = 0;
    let mut key_count = 0;
    for name in &item.columns {
        let column = &table.columns[table.column(name).expect("checked by the caller")];
        let width = fixed_width(column.data_type);
        bytes += width.unwrap_or(0);
        if key_count == 3 || (bytes > 36 && key_count > 0) {
            break;
        }
        key_count += 1;
        if width.is_none() {
            break;
        }
    }
    if table.keys != KeysType::Duplicate {
        key_count = item
            .columns
            .iter()
            .filter(|name| table.column(name).is_some_and(|at| at < table.key_count))
            .count();
        if key_count == 0 {
            return Err(SqlError::plain("No key column is found"));
        }
        if key_count < table.key_count {
            return Err(SqlError::plain(
                "Rollup should contains all unique keys in basetable",
            ));
        }
    }
    let keys = item.columns[..key_count].join(",");
    Ok(Rollup {
        id,
        name: item.name.clone(),
        columns: item.columns.clone(),
        key_count,
        text: format!(
            "create materialized view {} as select {} from {} group by {keys}",
            item.name,
            item.columns.join(","),
            table.name
        ),
        is_view: false,
    })
}
