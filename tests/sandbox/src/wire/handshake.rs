//! The greeting and the answer to it (`mysql/MysqlHandshakePacket.java`, `mysql/MysqlAuthPacket.java`, `mysql/MysqlCapability.java`).

use crate::answer::SqlError;
use crate::wire::credential::SALT_LENGTH;
use crate::wire::packet::Fields;

const CONNECT_WITH_DB: u32 = 0x8;
const SECURE_CONNECTION: u32 = 0x8000;
const PLUGIN_AUTH: u32 = 0x8_0000;

/// PROTOCOL_41, CONNECT_WITH_DB, SECURE_CONNECTION, PLUGIN_AUTH, LONG_FLAG, CONNECT_ATTRS, and no others.
const CAPABILITIES: u32 = 0x0018_820c;

/// utf8_general_ci
pub const CHARSET: u8 = 33;

pub const NATIVE_PASSWORD: &str = "mysql_native_password";

/// Handshake v10; the status is 0, without AUTOCOMMIT.
pub fn greeting(version: &str, connection_id: u32, salt: &[u8; SALT_LENGTH]) -> Vec<u8> {
    let capabilities = CAPABILITIES.to_le_bytes();
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

impl Login {
    /// HandshakeResponse41. `None`: not one, or a wish for TLS, which this front end has no key store for.
    pub fn read(payload: &[u8]) -> Option<Login> {
        let mut fields = Fields(payload);
        let capabilities = u32::from_le_bytes(fields.bytes(4)?.try_into().ok()?);
        fields.bytes(28)?;
        if fields.0.is_empty() {
            return None;
        }
        let user = fields.text();
        let answer = if capabilities & SECURE_CONNECTION == 0 {
            fields.text().into_bytes()
        } else {
            fields.short_bytes()?.to_vec()
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

    /// COM_CHANGE_USER's payload after the command byte.
    pub fn read_change(payload: &[u8]) -> Option<Login> {
        let mut fields = Fields(payload);
        let user = fields.text();
        let answer = fields.short_bytes()?.to_vec();
        let database = Some(fields.text()).filter(|name| !name.is_empty());
        // A charset of two bytes stands before the plugin; older clients end earlier.
        let plugin = fields
            .bytes(2)
            .map(|_| fields.text())
            .filter(|name| !name.is_empty());
        Some(Login {
            user,
            answer,
            database,
            plugin,
        })
    }

    pub fn wants_other_plugin(&self) -> bool {
        self.plugin
            .as_deref()
            .is_some_and(|plugin| plugin != NATIVE_PASSWORD)
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
        let packet = greeting("8.0.33", 0x0102_0304, b"abcdefghijklmnopqrst");
        let expected: &[u8] =
            b"\x0a8.0.33\0\x04\x03\x02\x01abcdefgh\0\x0c\x82\x21\0\0\x18\0\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0mysql_native_password\0";
        assert_eq!(packet, expected);
    }

    #[test]
    fn logins_are_read_and_cut_ones_refused() {
        let mut payload = (CONNECT_WITH_DB | SECURE_CONNECTION | PLUGIN_AUTH)
            .to_le_bytes()
            .to_vec();
        payload.extend_from_slice(&[0; 28]);
        assert_eq!(Login::read(&payload), None, "a wish for TLS ends here");
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
        assert_eq!(Login::read(&payload[..39]), None);
    }
}
