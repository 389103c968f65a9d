//! Running a translated query and writing its rows as StarRocks prints them.

use rusqlite::params_from_iter;
use rusqlite::types::{Value, ValueRef};
use sqlparser::ast as sql;

use crate::answer::{Answer, Column, ResultSet, SqlError};
use crate::engine::cluster::Cluster;
use crate::engine::session::Session;
use crate::engine::translate::{Output, Translated, Translator, Type};
use crate::engine::value::double_text;
use crate::engine::{error, information_schema, texts};

impl Cluster {
    pub fn select(&mut self, session: &Session, query: &sql::Query) -> Result<Answer, SqlError> {
        let translated = Translator::new(self, session).query(query)?;
        self.check_reads(session, &translated.reads)?;
        self.run_translated(session, &translated).map(Answer::Rows)
    }

    pub fn run_translated(
        &mut self,
        session: &Session,
        translated: &Translated,
    ) -> Result<ResultSet, SqlError> {
        information_schema::fill(self, session, &translated.information)?;
        let columns = translated
            .columns
            .iter()
            .map(|column| Column {
                name: column.name.clone(),
                kind: column.kind.kind(),
            })
            .collect();
        let (sql, texts) = texts::lift(&translated.sql);
        let mut statement = self
            .store
            .connection
            .prepare_cached(&sql)
            .map_err(|fault| error::storage(&fault))?;
        let mut rows = statement
            .query(params_from_iter(&texts))
            .map_err(|fault| error::storage(&fault))?;
        let mut result = ResultSet {
            columns,
            rows: Vec::new(),
        };
        while let Some(row) = rows.next().map_err(|fault| error::storage(&fault))? {
            let cells = translated
                .columns
                .iter()
                .enumerate()
                .map(|(index, column)| cell(row.get_ref(index), column));
            result.rows.push(cells.collect::<Result<_, _>>()?);
        }
        Ok(result)
    }

    /// The rows of a query as values, for INSERT … SELECT.
    pub fn query_values(
        &mut self,
        session: &Session,
        query: &sql::Query,
    ) -> Result<(Vec<Output>, Vec<Vec<Value>>), SqlError> {
        let translated = Translator::new(self, session).query(query)?;
        self.authorized()?;
        self.check_reads(session, &translated.reads)?;
        information_schema::fill(self, session, &translated.information)?;
        let width = translated.columns.len();
        let run = || {
            let (sql, texts) = texts::lift(&translated.sql);
            let mut statement = self.store.connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(&texts), |row| {
                (0..width).map(|index| row.get(index)).collect()
            })?;
            rows.collect::<rusqlite::Result<Vec<Vec<Value>>>>()
        };
        let rows = run().map_err(|fault: rusqlite::Error| error::storage(&fault))?;
        Ok((translated.columns, rows))
    }

    /// One value of an expression without columns.
    pub fn evaluate(
        &mut self,
        session: &Session,
        expression: &sql::Expr,
    ) -> Result<Value, SqlError> {
        let mut translator = Translator::new(self, session);
        let (text, kind) = translator.scalar(expression)?;
        let information = translator.information().clone();
        self.check_reads(session, translator.reads())?;
        information_schema::fill(self, session, &information)?;
        let mut statement = self
            .store
            .connection
            .prepare_cached(&format!("SELECT {text}"))
            .map_err(|fault| error::storage(&fault))?;
        let value: Value = statement
            .query_row([], |row| row.get(0))
            .map_err(|fault| error::storage(&fault))?;
        Ok(match (kind, value) {
            (Type::Decimal(scale), Value::Real(number)) => {
                Value::Text(format!("{number:.scale$}", scale = scale.into()))
            }
            (_, value) => value,
        })
    }
}

fn cell(value: rusqlite::Result<ValueRef>, column: &Output) -> Result<Option<String>, SqlError> {
    Ok(
        match (value.map_err(|fault| error::storage(&fault))?, column.kind) {
            (ValueRef::Null, _) => None,
            #[expect(
                clippy::cast_precision_loss,
                reason = "a whole number in a DECIMAL column has at most 15 digits"
            )]
            (ValueRef::Integer(number), Type::Decimal(scale)) => {
                Some(format!("{:.scale$}", number as f64, scale = scale.into()))
            }
            (ValueRef::Integer(number), _) => Some(number.to_string()),
            (ValueRef::Real(number), Type::Decimal(scale)) => {
                Some(format!("{number:.scale$}", scale = scale.into()))
            }
            (ValueRef::Real(number), Type::Integer | Type::Boolean) => Some(format!("{number:.0}")),
            (ValueRef::Real(number), _) => Some(double_text(number)),
            (ValueRef::Text(bytes) | ValueRef::Blob(bytes), _) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
        },
    )
}
