//! The sandbox behind the wire protocol.

use crate::answer::{Answer, SqlError};
use crate::engine::sandbox::Sandbox;
use crate::engine::session::Session;
use crate::engine::wording;
use crate::wire::Service;

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

    fn open(&self, user: &str, host: &str, connection_id: u32) -> Result<Session, SqlError> {
        Ok(self.open_session(user, host, connection_id))
    }

    fn refusal(&self, sql: &str) -> Option<SqlError> {
        self.parsed(sql).err()
    }

    fn execute(&self, session: &mut Session, sql: &str) -> Result<Answer, SqlError> {
        Sandbox::execute(self, session, sql)
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

    fn change_user(&self, session: &mut Session, user: &str) {
        let mut state = self.lock();
        state.serve_as(session.frontend);
        user.clone_into(&mut session.user);
        // `mysql/MysqlProto.changeUser` authenticates anew, which gives the roles of a login.
        session.roles = state.cluster.login_roles(user);
        let zone = state.locally(|cluster| cluster.global_zone());
        session.reset(zone);
        if let Some(info) = state.cluster.sessions.get_mut(&session.id) {
            user.clone_into(&mut info.user);
        }
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
