//! CREATE, OR REPLACE and ALTER of logical views (`sql/analyzer/ViewAnalyzer.java`, `server/LocalMetastore.createView`,
//! `alter/AlterJobMgr.alterView`).

use sqlparser::ast as sql;

use crate::answer::{Answer, SqlError};
use crate::ast::ObjectName;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::session::Session;
use crate::engine::table::{Relation, View};
use crate::engine::translate::Translator;

impl Cluster {
    /// The query is read before the name is looked at. Its bare names belong to the session's database, whichever the view is in.
    pub fn create_view(
        &mut self,
        session: &Session,
        name: &ObjectName,
        (if_not_exists, or_replace): (bool, bool),
        text: &str,
        query: &sql::Query,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(name, session)?.to_owned();
        let view = self.read_view(session, &database, name, text, query)?;
        match self.databases[&database].relations.get(&name.name) {
            None => {}
            Some(_) if if_not_exists => return Ok(done()),
            Some(Relation::View(_)) if or_replace => return self.replace_view(&database, view),
            // A replacement is an ALTER VIEW, and says so.
            Some(_) if or_replace => {
                return Err(error::analyzing(format!(
                    "The specified table [{database}.{}] is not a view",
                    name.name
                )));
            }
            Some(_) => return Err(error::table_exists(&name.name)),
        }
        self.database_mut(&database)?
            .relations
            .insert(name.name.clone(), Relation::View(view));
        Ok(done())
    }

    pub fn alter_view(
        &mut self,
        session: &Session,
        name: &ObjectName,
        text: &str,
        query: &sql::Query,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(name, session)?.to_owned();
        match self.databases[&database].relations.get(&name.name) {
            Some(Relation::View(_)) => {}
            Some(_) => {
                return Err(error::analyzing(format!(
                    "The specified table [{}] is not a view",
                    name.name
                )));
            }
            None => {
                return Err(error::analyzing(format!(
                    "Table {} is not found",
                    name.name
                )));
            }
        }
        let view = self.read_view(session, &database, name, text, query)?;
        self.replace_view(&database, view)
    }

    /// The view keeps its id; materialized views made from it become inactive.
    fn replace_view(&mut self, database: &str, mut view: View) -> Result<Answer, SqlError> {
        let relations = &mut self.database_mut(database)?.relations;
        if let Some(Relation::View(before)) = relations.get(&view.name) {
            view.id = before.id;
            view.created = before.created;
        }
        let (id, name) = (view.id, view.name.clone());
        relations.insert(name.clone(), Relation::View(view));
        self.inactivate_dependents(id, &format!("base-view changed: {name}"));
        Ok(done())
    }

    fn read_view(
        &mut self,
        session: &Session,
        database: &str,
        name: &ObjectName,
        text: &str,
        query: &sql::Query,
    ) -> Result<View, SqlError> {
        let translated = Translator::new(self, session).query(query)?;
        self.check_reads(session, &translated.reads)?;
        Ok(View {
            id: self.new_id(),
            name: name.name.clone(),
            text: text.to_owned(),
            database: session
                .database
                .clone()
                .unwrap_or_else(|| database.to_owned()),
            columns: translated
                .columns
                .into_iter()
                .map(|column| column.name)
                .collect(),
            query: Box::new(query.clone()),
            created: self.now,
        })
    }
}
