//! The words in which StarRocks tells how a job or a snapshot stands, spelled as it spells them.

/// `backup/BackupJob.java`, enum BackupJobState.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupState {
    Pending,
    Snapshoting,
    UploadSnapshot,
    Uploading,
    SaveMeta,
    UploadInfo,
    Finished,
    Cancelled,
    Unknown(String),
}

impl BackupState {
    pub fn parse(word: &str) -> BackupState {
        match word {
            "PENDING" => BackupState::Pending,
            "SNAPSHOTING" => BackupState::Snapshoting,
            "UPLOAD_SNAPSHOT" => BackupState::UploadSnapshot,
            "UPLOADING" => BackupState::Uploading,
            "SAVE_META" => BackupState::SaveMeta,
            "UPLOAD_INFO" => BackupState::UploadInfo,
            "FINISHED" => BackupState::Finished,
            "CANCELLED" => BackupState::Cancelled,
            other => BackupState::Unknown(other.to_owned()),
        }
    }

    pub fn is_over(&self) -> bool {
        matches!(self, BackupState::Finished | BackupState::Cancelled)
    }
}

/// `backup/RestoreJob.java`, enum RestoreJobState.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreState {
    Pending,
    Snapshoting,
    Download,
    Downloading,
    Commit,
    Committing,
    Finished,
    Cancelled,
    Unknown(String),
}

impl RestoreState {
    pub fn parse(word: &str) -> RestoreState {
        match word {
            "PENDING" => RestoreState::Pending,
            "SNAPSHOTING" => RestoreState::Snapshoting,
            "DOWNLOAD" => RestoreState::Download,
            "DOWNLOADING" => RestoreState::Downloading,
            "COMMIT" => RestoreState::Commit,
            "COMMITTING" => RestoreState::Committing,
            "FINISHED" => RestoreState::Finished,
            "CANCELLED" => RestoreState::Cancelled,
            other => RestoreState::Unknown(other.to_owned()),
        }
    }

    pub fn is_over(&self) -> bool {
        matches!(self, RestoreState::Finished | RestoreState::Cancelled)
    }
}

/// The Status column of SHOW BACKUP and SHOW RESTORE: `[OK]` or `[CODE, msg: text]` (`backup/Status.java`).
///
/// It explains a state, it never is one: FINISHED jobs may carry an error here, and a cancelled one read OK after a restart (#24830).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatus(pub String);

impl JobStatus {
    pub fn is_ok(&self) -> bool {
        self.0.trim() == "[OK]"
    }

    /// A table, partition or database of the job was gone when the cluster came to it (`backup/BackupJob.java`).
    pub fn is_not_found(&self) -> bool {
        self.0.trim().starts_with("[NOT_FOUND")
    }

    /// A file that the job left with the leader is not there (`backup/BackupJob.java`, validateLocalFile).
    pub fn is_file_missing(&self) -> bool {
        self.0.contains("file is invalid")
    }

    /// The text without its brackets.
    pub fn message(&self) -> &str {
        let inner = self.0.trim().trim_start_matches('[').trim_end_matches(']');
        inner.split_once(", msg: ").map_or(
            inner,
            |(code, text)| if text.trim().is_empty() { code } else { text },
        )
    }
}

/// The Status column of SHOW SNAPSHOT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotStatus {
    Ok,
    /// A directory without its info file, or no such snapshot at all (`backup/Repository.java`, getSnapshotInfo).
    NoSnapshot,
    /// The repository could not be read: this proves nothing about the snapshot.
    Unreadable(String),
}

impl SnapshotStatus {
    pub fn parse(text: &str) -> SnapshotStatus {
        match text {
            "OK" => SnapshotStatus::Ok,
            "ERROR: no snapshot" => SnapshotStatus::NoSnapshot,
            other => SnapshotStatus::Unreadable(other.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_gives_its_reason() {
        assert!(JobStatus("[OK]".into()).is_ok());
        assert_eq!(
            JobStatus("[COMMON_ERROR, msg: user cancelled]".into()).message(),
            "user cancelled"
        );
        assert_eq!(JobStatus("[TIMEOUT, msg: ]".into()).message(), "TIMEOUT");
        let gone = JobStatus("[NOT_FOUND, msg: table t does not exist]".into());
        assert!(gone.is_not_found());
        assert_eq!(gone.message(), "table t does not exist");
    }

    #[test]
    fn only_a_listing_that_found_nothing_says_that_there_is_no_snapshot() {
        assert_eq!(
            SnapshotStatus::parse("ERROR: no snapshot"),
            SnapshotStatus::NoSnapshot
        );
        assert!(matches!(
            SnapshotStatus::parse("ERROR: Failed to get info: timeout"),
            SnapshotStatus::Unreadable(_)
        ));
    }
}
