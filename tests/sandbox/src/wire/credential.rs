//! mysql_native_password (`mysql/MysqlPassword.java`).

use sha1::{Digest, Sha1};

pub const SALT_LENGTH: usize = 20;

/// What is kept of a password: SHA1(SHA1(password)), nothing for the empty one.
pub fn stored_password(password: &str) -> Vec<u8> {
    if password.is_empty() {
        Vec::new()
    } else {
        sha1(&[&sha1(&[password.as_bytes()])]).to_vec()
    }
}

/// Whether a client's answer to the salt proves the stored password: the answer is SHA1(password) XOR SHA1(salt + stored).
pub fn proves(answer: &[u8], salt: &[u8; SALT_LENGTH], stored: &[u8]) -> bool {
    if stored.is_empty() || answer.len() != SALT_LENGTH {
        return stored.is_empty() && answer.is_empty();
    }
    let mask = sha1(&[salt, stored]);
    let once: Vec<u8> = answer
        .iter()
        .zip(mask)
        .map(|(answered, mask)| answered ^ mask)
        .collect();
    sha1(&[&once]).as_slice() == stored
}

/// mysql_clear_password: the password itself, mostly with a NUL behind it (`authentication/PlainPasswordAuthenticationProvider.java`).
pub fn is_password(answer: &[u8], stored: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    stored_password(text.trim_end_matches('\0')) == stored
}

/// Twenty printable bytes nobody can foresee: a NUL would end the salt early for some clients.
pub fn new_salt(connection_id: u32) -> [u8; SALT_LENGTH] {
    let seed = std::hash::BuildHasher::hash_one(
        &std::collections::hash_map::RandomState::new(),
        connection_id,
    );
    let mut salt = sha1(&[&seed.to_le_bytes(), &connection_id.to_le_bytes()]);
    for byte in &mut salt {
        *byte = b'!' + *byte % 90;
    }
    salt
}

fn sha1(parts: &[&[u8]]) -> [u8; SALT_LENGTH] {
    let mut digest = Sha1::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(password: &str, salt: &[u8; SALT_LENGTH]) -> Vec<u8> {
        let once = sha1(&[password.as_bytes()]);
        let mask = sha1(&[salt, &sha1(&[&once])]);
        once.iter()
            .zip(mask)
            .map(|(once, mask)| once ^ mask)
            .collect()
    }

    #[test]
    fn only_the_right_password_is_proven() {
        let salt = new_salt(7);
        let stored = stored_password("secret");
        assert!(proves(&answer("secret", &salt), &salt, &stored));
        assert!(!proves(&answer("Secret", &salt), &salt, &stored));
        assert!(!proves(&[], &salt, &stored));
        assert!(proves(&[], &salt, &stored_password("")));
        assert!(!proves(
            &answer("secret", &salt),
            &salt,
            &stored_password("")
        ));
    }

    #[test]
    fn salts_are_printable_and_differ() {
        let (one, other) = (new_salt(1), new_salt(1));
        assert!(one.iter().all(u8::is_ascii_graphic));
        assert_ne!(one, other);
    }
}
