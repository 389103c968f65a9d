//! The cluster's password: read from where it is kept, never from the configuration file, never shown.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("the password file {path} cannot be read: {source}")]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the password file {path} can be read by every user (mode {mode:04o})")]
    Open { path: PathBuf, mode: u32 },
}

impl SecretError {
    pub fn help(&self) -> String {
        match self {
            SecretError::Unreadable { path, .. } => {
                format!(
                    "create {} readable by the daemon's user only, or name another as [cluster] password-file",
                    path.display()
                )
            }
            SecretError::Open { path, .. } => format!("chmod 0600 {}", path.display()),
        }
    }
}

/// The name of the systemd credential, and of the environment variable that starrocks-br uses too.
const CREDENTIAL: &str = "password";
const VARIABLE: &str = "STARROCKS_PASSWORD";

/// `password-file`, else the systemd credential, else the environment, else no password.
pub fn password(
    file: Option<&Path>,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<SecretString, SecretError> {
    if let Some(file) = file {
        return read(file);
    }
    if let Some(directory) = environment("CREDENTIALS_DIRECTORY") {
        let credential = Path::new(&directory).join(CREDENTIAL);
        if credential.exists() {
            return read(&credential);
        }
    }
    Ok(environment(VARIABLE).unwrap_or_default().into())
}

fn read(path: &Path) -> Result<SecretString, SecretError> {
    let unreadable = |source| SecretError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mode = std::fs::metadata(path).map_err(unreadable)?.mode() & 0o7777;
    if mode & 0o004 != 0 {
        return Err(SecretError::Open {
            path: path.to_owned(),
            mode,
        });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned().into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    fn write(directory: &Path, name: &str, mode: u32) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, "s3cret \n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn the_file_wins_over_the_credential_and_that_over_the_environment() {
        let directory = tempfile::tempdir().unwrap();
        let file = write(directory.path(), "file", 0o600);
        let environment = |name: &str| match name {
            "CREDENTIALS_DIRECTORY" => Some(directory.path().display().to_string()),
            "STARROCKS_PASSWORD" => Some("from the environment".to_owned()),
            _ => None,
        };
        assert_eq!(
            password(Some(&file), environment).unwrap().expose_secret(),
            "s3cret "
        );
        assert_eq!(
            password(None, environment).unwrap().expose_secret(),
            "from the environment"
        );
        write(directory.path(), "password", 0o400);
        assert_eq!(
            password(None, environment).unwrap().expose_secret(),
            "s3cret "
        );
        assert_eq!(password(None, |_| None).unwrap().expose_secret(), "");
    }

    #[test]
    fn a_password_that_everybody_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let error = password(Some(&write(directory.path(), "open", 0o644)), |_| None).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("can be read by every user (mode 0644)"),
            "{error}"
        );
        assert!(error.help().starts_with("chmod 0600 "));
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}
