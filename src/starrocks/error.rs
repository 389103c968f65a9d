//! What a refused statement means for us, decided by StarRocks' message in one table.
//!
//! Codes cannot decide: releases up to 3.2 send 1064 for everything, later ones 5064 for nearly every refusal of BACKUP and RESTORE
//! (`common/ErrorReport.java`). Patterns are parts of the texts in the named source files under `fe/fe-core/src/main/java/com/starrocks/`.

use std::fmt;

/// What to do about a failed statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// No answer arrived: the statement may or may not have taken effect. Look before sending anything again.
    Lost,
    /// It did not take effect; the same statement may well succeed in a moment.
    Transient,
    /// Another job holds the database's only slot.
    SlotBusy,
    /// The label cannot be used any more; another one can.
    NewLabel,
    /// The cluster is not what it was when the plan was made.
    Replan,
    /// A privilege or the login is missing.
    Denied,
    /// It will never succeed as it stands.
    Permanent,
}

/// A statement that failed, or whose answer never came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementError {
    pub class: ErrorClass,
    /// MySQL error code; 0 when the server sent none.
    pub code: u16,
    pub message: String,
    /// What to do about it, where the message is one we know.
    pub help: Option<&'static str>,
}

impl fmt::Display for StatementError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            0 => out.write_str(&self.message),
            code => write!(out, "{} (error {code})", self.message),
        }
    }
}

impl std::error::Error for StatementError {}

impl StatementError {
    /// A refusal that the server sent.
    pub fn refused(code: u16, message: &str) -> StatementError {
        let known = KNOWN.iter().find(|known| message.contains(known.part));
        let (class, help) = known.map_or((class_of_code(code), None), |known| {
            (known.class, known.help)
        });
        StatementError {
            class,
            code,
            message: one_line(message),
            help,
        }
    }

    /// No answer: connection lost, or the deadline passed.
    pub fn lost(message: impl Into<String>) -> StatementError {
        StatementError {
            class: ErrorClass::Lost,
            code: 0,
            message: message.into(),
            help: None,
        }
    }

    /// No connection could be made: nothing was sent.
    pub fn unreachable(message: impl Into<String>) -> StatementError {
        let help =
            Some("check that a frontend of [cluster] frontends is up and reachable from this host");
        StatementError {
            class: ErrorClass::Transient,
            code: 0,
            message: message.into(),
            help,
        }
    }

    pub fn is_lost(&self) -> bool {
        self.class == ErrorClass::Lost
    }

    /// The labelled insert lost its race, or had been sent before (`common/LabelAlreadyUsedException.java`).
    pub fn is_label_used(&self) -> bool {
        self.message.contains("has already been used")
    }

    /// 5501 from about 3.3, 1049 before (`common/ErrorCode.java`, ERR_BAD_DB_ERROR).
    pub fn is_unknown_database(&self) -> bool {
        matches!(self.code, 5501 | 1049) || self.message.contains("Unknown database")
    }

    /// 5502 from about 3.3, 1051 before (`common/ErrorCode.java`, ERR_BAD_TABLE_ERROR).
    pub fn is_unknown_table(&self) -> bool {
        matches!(self.code, 5502 | 1051) || self.message.contains("Unknown table")
    }

    /// A table that a running RESTORE holds (`common/ErrorCode.java`, ERR_BAD_TABLE_STATE 5014).
    pub fn is_bad_table_state(&self) -> bool {
        self.code == 5014 || self.message.contains("state is not NORMAL")
    }
}

struct Known {
    part: &'static str,
    class: ErrorClass,
    help: Option<&'static str>,
}

const fn known(part: &'static str, class: ErrorClass) -> Known {
    Known {
        part,
        class,
        help: None,
    }
}

const fn helped(part: &'static str, class: ErrorClass, help: &'static str) -> Known {
    Known {
        part,
        class,
        help: Some(help),
    }
}

const GRANT: &str = "grant it to the user that brd connects as, and make the role a default role of the user: a granted role is not active by itself";

/// First match decides.
const KNOWN: &[Known] = &[
    // backup/BackupHandler.java: one submission at a time in the cluster
    known("is being submitted", ErrorClass::Transient),
    // backup/BackupHandler.java: one job of a database, BACKUP and RESTORE together
    known(
        "Can only run one backup or restore job",
        ErrorClass::SlotBusy,
    ),
    // backup/BackupHandler.java: the label's directory exists in the repository
    known("already exist in repository", ErrorClass::NewLabel),
    known(
        "Currently does not support incremental backup",
        ErrorClass::NewLabel,
    ),
    // backup/BackupJob.java: a compaction overtook the version; the label may be burnt
    known("version already merged", ErrorClass::NewLabel),
    known("failed to choose replica", ErrorClass::NewLabel),
    // sql/analyzer/BackupRestoreAnalyzer.java, backup/BackupHandler.java, backup/BackupJob.java: the world moved after planning
    known("does not exist  in table", ErrorClass::Replan),
    known("Unknown partition", ErrorClass::Replan),
    known("Incorrect table name", ErrorClass::Replan),
    known("Unknown table", ErrorClass::Replan),
    helped(
        "temp partitions",
        ErrorClass::Permanent,
        "replace or drop the table's temporary partitions (SHOW TEMPORARY PARTITIONS FROM …), then run the backup again",
    ),
    helped(
        "is read only",
        ErrorClass::Permanent,
        "a read-only repository can be restored from, not backed up to; name a writable one in the schedule",
    ),
    // backup/BackupHandler.java, sql/analyzer/BackupRestoreAnalyzer.java: with brackets while analysing, without while executing
    helped(
        "Repository [",
        ErrorClass::Permanent,
        "create the repository (CREATE REPOSITORY …), or name an existing one in the schedule",
    ),
    helped(
        "Failed to get info of snapshot",
        ErrorClass::Permanent,
        "the snapshot is gone from the repository or not complete; `brctl backups` lists the recovery points",
    ),
    // sql/analyzer/CreateTableAnalyzer.java; the wording drifts between releases
    helped(
        "replication num should be less than",
        ErrorClass::Permanent,
        "there are too few live backends for the number of replicas; bring backends back",
    ),
    // common/util/RangeUtils.java, checkRangeIntersect: ADD PARTITION where another partition has some of its values
    helped(
        "is intersected with range",
        ErrorClass::Permanent,
        "a partition of the live table overlaps the one that is to be added: drop it, or restore beside the live table with --no-swap and copy what is needed",
    ),
    known("failed to find", ErrorClass::Permanent),
    // sql/analyzer/Authorizer.java, mysql/MysqlProto.java
    helped("Access denied; you need", ErrorClass::Denied, GRANT),
    helped(
        "Access denied for user",
        ErrorClass::Denied,
        "check [cluster] user and the password that brd was given",
    ),
    // qe/ConnectScheduler.java
    known("connection limit", ErrorClass::Transient),
    known("Reach limit of connections", ErrorClass::Transient),
    // common/ErrorCode.java, ERR_TOO_MANY_USER_CONNECTIONS; releases up to 3.2 send no code with it
    known("max_user_connections", ErrorClass::Transient),
    // qe/StmtExecutor.java, rpc: the leader is changing, or is not reachable from the frontend we talk to
    known("Cannot open null host", ErrorClass::Transient),
    // common/ErrorCode.java, ERR_FORWARD_TOO_MANY_TIMES
    known("forward too many times", ErrorClass::Transient),
    // of the journal's library, passed on by qe/LeaderOpExecutor.java: the group that elects has no leader
    known("Could not determine master", ErrorClass::Transient),
    // qe/JournalObserver.java: carried out by the leader, and not replayed in time by the frontend we talk to
    known("the command may be succeed", ErrorClass::Lost),
    known("java.net.", ErrorClass::Lost),
    known("TTransportException", ErrorClass::Lost),
    known(
        "meta data may has been updated during this period",
        ErrorClass::Transient,
    ),
    known("FE RPC failure", ErrorClass::Transient),
    // qe/StmtExecutor.java: the statement's own deadline; a DDL may still complete on the leader
    known("reached its timeout", ErrorClass::Lost),
    known("Too many versions", ErrorClass::Transient),
];

fn class_of_code(code: u16) -> ErrorClass {
    match code {
        1045 | 1227 | 5203 | 5204 => ErrorClass::Denied,
        1203 | 5400 | 5401 => ErrorClass::Transient,
        5024 => ErrorClass::Lost,
        _ => ErrorClass::Permanent,
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_decides_in_both_error_styles() {
        let cases = [
            (
                5064,
                "Another backup or restore job is being submitted. Please wait and try again",
                ErrorClass::Transient,
            ),
            (
                5064,
                "Can only run one backup or restore job of a database at same time",
                ErrorClass::SlotBusy,
            ),
            (
                1064,
                "Unexpected exception: Can only run one backup or restore job of a database at same time",
                ErrorClass::SlotBusy,
            ),
            (
                5064,
                "Snapshot with name 'l' already exist in repository",
                ErrorClass::NewLabel,
            ),
            (
                1064,
                "Getting analyzing error. Detail message: partition[p1] does not exist  in tablet1.",
                ErrorClass::Replan,
            ),
            (5064, "Repository r is read only", ErrorClass::Permanent),
            (
                1045,
                "Access denied for user 'x' (using password: YES)",
                ErrorClass::Denied,
            ),
            (5203, "something in another language", ErrorClass::Denied),
            (
                1064,
                "Getting syntax error at line 1",
                ErrorClass::Permanent,
            ),
            (
                1064,
                "User brd already has more than 'max_user_connections' active connections",
                ErrorClass::Transient,
            ),
            (1064, "forward too many times 31", ErrorClass::Transient),
            (
                1064,
                "Execute timeout, the command may be succeed, you'd better retry",
                ErrorClass::Lost,
            ),
        ];
        for (code, message, class) in cases {
            assert_eq!(
                StatementError::refused(code, message).class,
                class,
                "{message}"
            );
        }
    }

    /// Releases up to 3.2 send 1064 with everything.
    #[test]
    fn what_is_not_there_is_told_by_the_text_alone() {
        let refused = |text| StatementError::refused(1064, text);
        assert!(refused("Unexpected exception: Unknown database 'shop'").is_unknown_database());
        assert!(
            refused("Getting analyzing error. Detail message: Unknown table 'shop.t'.")
                .is_unknown_table()
        );
        assert!(refused("Table state is not NORMAL: 'RESTORING'").is_bad_table_state());
        assert!(
            refused("Unexpected exception: Label [brd_slot_shop_1] has already been used.")
                .is_label_used()
        );
    }

    #[test]
    fn a_lost_answer_is_never_taken_for_a_refusal() {
        assert!(StatementError::lost("connection reset").is_lost());
        assert!(!StatementError::unreachable("connection refused").is_lost());
        assert!(
            StatementError::refused(5024, "Query reached its timeout of 300 seconds").is_lost()
        );
    }
}
