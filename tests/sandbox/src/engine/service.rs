//! The sandbox behind the wire protocol.

use crate::answer::{Answer, Column, SqlError};
use crate::engine::sandbox::Sandbox;
use crate::engine::session::Session;
use crate::engine::wording;
use crate::wire::{Field, Parameter, Service, Tls};

impl Service for Sandbox {
    type Session = Session;

    fn server_version(&self) -> String {
        let mut state = self.lock();
        state.serve_as(self.index());
        state
            .cluster
            .config
            .get("mysql_server_version")
            .cloned()
            .unwrap_or_default()
    }

    fn connection_id(&self) -> u32 {
        self.next_connection()
    }

    fn credentials(&self, user: &str, _host: &str) -> Option<Vec<u8>> {
        let mut state = self.lock();
        state.look_at_clock();
        state.serve_as(self.index());
        state.locally(|cluster| {
            let user = cluster.users.get(user)?;
            Some(user.password.map(Vec::from).unwrap_or_default())
        })
    }

    fn tls(&self) -> Option<Tls> {
        self.offered_tls()
    }

    fn demands_tls(&self) -> bool {
        self.requires_tls()
    }

    /// The database comes before the limits (`mysql/nio/AcceptListener.java`).
    fn open(
        &self,
        user: &str,
        host: &str,
        connection_id: u32,
        database: Option<&str>,
    ) -> Result<Session, SqlError> {
        let mut session = self.open_session(user, host, connection_id);
        let opened = database
            .map_or(Ok(()), |name| self.use_database(&mut session, name))
            .and_then(|()| {
                let mut state = self.lock();
                state.serve_as(session.frontend);
                state.cluster.admit(&session)
            });
        match opened {
            Ok(()) => Ok(session),
            Err(refusal) => {
                self.close_session(&session);
                Err(refusal)
            }
        }
    }

    /// `mysql/MysqlProto.changeUser` authenticates anew, which gives the roles of a login.
    fn change_user(
        &self,
        session: &mut Session,
        user: &str,
        database: Option<&str>,
    ) -> Result<(), SqlError> {
        let roles = self.lock().cluster.login_roles(user);
        let before = (
            std::mem::replace(&mut session.user, user.to_owned()),
            std::mem::replace(&mut session.roles, roles),
        );
        if let Some(name) = database
            && let Err(refusal) = self.use_database(session, name)
        {
            (session.user, session.roles) = before;
            return Err(refusal);
        }
        self.reset(session);
        let mut state = self.lock();
        state.serve_as(session.frontend);
        if let Some(info) = state.cluster.sessions.get_mut(&session.id) {
            user.clone_into(&mut info.user);
        }
        Ok(())
    }

    fn refusal(&self, sql: &str) -> Option<SqlError> {
        self.parsed(sql).err()
    }

    fn execute(&self, session: &mut Session, sql: &str) -> Result<Answer, SqlError> {
        Sandbox::execute(self, session, sql)
    }

    fn prepare(&self, session: &mut Session, sql: &str) -> Result<(Vec<Column>, usize), SqlError> {
        self.prepared_columns(session, sql)
            .map_err(|error| wording::as_sent(error, self.release(), None))
    }

    fn execute_prepared(
        &self,
        session: &mut Session,
        sql: &str,
        parameters: &[Parameter],
    ) -> Result<Answer, SqlError> {
        self.execute_bound(session, sql, parameters)
    }

    fn fields(&self, session: &mut Session, table: &str) -> Result<Vec<Field>, SqlError> {
        self.table_fields(session, table)
    }

    fn use_database(&self, session: &mut Session, name: &str) -> Result<(), SqlError> {
        let mut state = self.lock();
        state.look_at_clock();
        state.serve_as(session.frontend);
        let release = state.cluster.release;
        let used = state.locally(|cluster| cluster.use_database(session, name));
        used.map(|_| ())
            .map_err(|error| wording::as_sent(error, release, None))
    }

    fn reset(&self, session: &mut Session) {
        let mut state = self.lock();
        state.look_at_clock();
        state.serve_as(session.frontend);
        let zone = state.locally(|cluster| cluster.global_zone());
        drop(state);
        session.reset(zone);
    }

    fn close(&self, session: Session) {
        self.close_session(&session);
    }

    fn accepts(&self) -> bool {
        self.lock().cluster.frontends[self.index()].ready
    }

    fn closing(&self, connection_id: u32) -> impl Future<Output = ()> + Send + 'static {
        let door = self.connections().door(self.index(), connection_id);
        // Between the accept and the door the process may have ended.
        if !self.accepts() {
            self.connections().cut(self.index(), connection_id);
        }
        door
    }

    fn is_over(&self, session: &Session) -> bool {
        session.killed
    }
}
