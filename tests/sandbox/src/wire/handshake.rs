//! The greeting and the answer to it (`mysql/MysqlHandshakePacket.java`, `mysql/MysqlAuthPacket.java`, `mysql/MysqlCapability.java`).

use crate::answer::SqlError;
use crate::wire::credential::SALT_LENGTH;
use crate::wire::packet::Fields;

const CONNECT_WITH_DB: u32 = 0x8;
const PROTOCOL_41: u32 = 0x200;
const SSL: u32 = 0x800;
const SECURE_CONNECTION: u32 = 0x8000;
const PLUGIN_AUTH: u32 = 0x8_0000;
const LENENC_CLIENT_DATA: u32 = 0x20_0000;

/// PROTOCOL_41, CONNECT_WITH_DB, SECURE_CONNECTION, PLUGIN_AUTH, LONG_FLAG, CONNECT_ATTRS, PLUGIN_AUTH_LENENC_CLIENT_DATA, and no others. The
/// last one came in November 2024, into 3.1, 3.2 and 3.3 too (StarRocks/starrocks#52489).
const CAPABILITIES: u32 = 0x0038_820c;

/// utf8_general_ci
pub const CHARSET: u8 = 33;

pub const NATIVE_PASSWORD: &str = "mysql_native_password";
const CLEAR_PASSWORD: &str = "mysql_clear_password";

/// Handshake v10; the status is 0, without AUTOCOMMIT.
pub fn greeting(
    version: &str,
    connection_id: u32,
    salt: &[u8; SALT_LENGTH],
    offers_tls: bool,
) -> Vec<u8> {
    let tls = if offers_tls { SSL } else { 0 };
    let capabilities = (CAPABILITIES | tls).to_le_bytes();
    let mut packet = vec![10];
    packet.extend_from_slice(version.as_bytes());
    packet.push(0);
    packet.extend_from_slice(&connection_id.to_le_bytes());
    packet.extend_from_slice(&salt[..8]);
    packet.push(0);
    packet.extend_from_slice(&capabilities[..2]);
    packet.extend_from_slice(&[CHARSET, 0, 0]);
    packet.extend_from_slice(&capabilities[2..]);
    packet.push(21);
    packet.extend_from_slice(&[0; 10]);
    packet.extend_from_slice(&salt[8..]);
    packet.push(0);
    packet.extend_from_slice(NATIVE_PASSWORD.as_bytes());
    packet.push(0);
    packet
}

/// AuthSwitchRequest: the same salt again, for the only method there is.
pub fn switch_request(salt: &[u8; SALT_LENGTH]) -> Vec<u8> {
    let mut packet = vec![0xfe];
    packet.extend_from_slice(NATIVE_PASSWORD.as_bytes());
    packet.push(0);
    packet.extend_from_slice(salt);
    packet.push(0);
    packet
}

/// Who a client says it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub answer: Vec<u8>,
    pub database: Option<String>,
    pub plugin: Option<String>,
}

/// Why a first packet is no login.
#[derive(Debug, PartialEq, Eq)]
pub enum NoLogin {
    /// The client does not speak protocol 4.1: it is told so.
    OldProtocol,
    /// Cut short: the connection ends without a word.
    Cut,
}

/// Whether the first packet asks for TLS. The flag alone decides (`mysql/MysqlAuthPacket.isSSLConnRequest`).
pub fn asks_for_tls(payload: &[u8]) -> bool {
    Fields(payload)
        .array()
        .is_some_and(|flags| u32::from_le_bytes(flags) & SSL != 0)
}

impl Login {
    /// HandshakeResponse41.
    pub fn read(payload: &[u8]) -> Result<Login, NoLogin> {
        let mut fields = Fields(payload);
        let capabilities = u32::from_le_bytes(fields.array().ok_or(NoLogin::Cut)?);
        if capabilities & PROTOCOL_41 == 0 {
            return Err(NoLogin::OldProtocol);
        }
        Login::read_rest(fields, capabilities).ok_or(NoLogin::Cut)
    }

    fn read_rest(mut fields: Fields<'_>, capabilities: u32) -> Option<Login> {
        fields.bytes(28)?;
        if fields.0.is_empty() {
            return None;
        }
        let user = fields.text();
        let answer = if capabilities & LENENC_CLIENT_DATA != 0 {
            fields.long_bytes()?.to_vec()
        } else if capabilities & SECURE_CONNECTION != 0 {
            fields.short_bytes()?.to_vec()
        } else {
            fields.text().into_bytes()
        };
        let database = (capabilities & CONNECT_WITH_DB != 0)
            .then(|| fields.text())
            .filter(|name| !name.is_empty());
        let plugin = (capabilities & PLUGIN_AUTH != 0)
            .then(|| fields.text())
            .filter(|name| !name.is_empty());
        Some(Login {
            user,
            answer,
            database,
            plugin,
        })
    }

    /// COM_CHANGE_USER's payload after the command byte, read by the capabilities of the server (`mysql/MysqlChangeUserPacket.java`). Its plugin
    /// is not looked at.
    pub fn read_change(payload: &[u8]) -> Option<Login> {
        let mut fields = Fields(payload);
        let user = fields.text();
        let answer = fields.long_bytes()?.to_vec();
        let database = Some(fields.text()).filter(|name| !name.is_empty());
        // The charset has to be there.
        fields.bytes(2)?;
        Some(Login {
            user,
            answer,
            database,
            plugin: None,
        })
    }

    /// Without a plugin it is an old client's native password.
    pub fn wants_other_plugin(&self) -> bool {
        self.plugin
            .as_deref()
            .is_some_and(|plugin| plugin != NATIVE_PASSWORD && plugin != CLEAR_PASSWORD)
    }

    pub fn is_clear(&self) -> bool {
        self.plugin.as_deref() == Some(CLEAR_PASSWORD)
    }

    /// ErrorCode.ERR_AUTHENTICATION_FAIL
    pub fn denied(&self) -> SqlError {
        let using = if self.answer.is_empty() { "NO" } else { "YES" };
        SqlError::new(
            1045,
            "28000",
            format!(
                "Access denied for user '{}' (using password: {using})",
                self.user
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_has_the_bytes_clients_look_for() {
        let packet = greeting("8.0.33", 0x0102_0304, b"abcdefghijklmnopqrst", false);
        let expected: &[u8] =
            b"\x0a8.0.33\0\x04\x03\x02\x01abcdefgh\0\x0c\x82\x21\0\0\x38\0\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0mysql_native_password\0";
        assert_eq!(packet, expected);
        let offered = greeting("8.0.33", 1, b"abcdefghijklmnopqrst", true);
        assert_eq!(offered[21..23], [0x0c, 0x8a]);
    }

    #[test]
    fn logins_are_read_and_cut_ones_refused() {
        let flags = PROTOCOL_41 | CONNECT_WITH_DB | SECURE_CONNECTION | PLUGIN_AUTH;
        let mut payload = flags.to_le_bytes().to_vec();
        payload.extend_from_slice(&[0; 28]);
        assert_eq!(Login::read(&payload), Err(NoLogin::Cut));
        assert!(!asks_for_tls(&payload) && asks_for_tls(&(flags | SSL).to_le_bytes()));
        let old = [&SECURE_CONNECTION.to_le_bytes()[..], &[0; 40]].concat();
        assert_eq!(Login::read(&old), Err(NoLogin::OldProtocol));
        payload.extend_from_slice(b"root\0\x03abcops\0caching_sha2_password\0");
        let login = Login::read(&payload).unwrap();
        assert_eq!(
            (
                login.user.as_str(),
                login.answer.as_slice(),
                login.database.as_deref()
            ),
            ("root", &b"abc"[..], Some("ops"))
        );
        assert!(login.wants_other_plugin());
        assert_eq!(Login::read(&payload[..39]), Err(NoLogin::Cut));
    }
}
