//! Names for backups: `{database}_{yyyymmdd}_{full|inc}`, then `_r1`, `_r2` … while the name is taken.

use chrono::{DateTime, NaiveDate, Utc};
use md5::{Digest, Md5};

use crate::catalog::BackupKind;
use crate::names::{DatabaseName, JobId, LABEL_LIMIT, Label};

/// Bytes kept for `_yyyymmdd_full_failed_r9999`.
const TAIL: usize = 27;

/// Bytes of `-` and four hex digits.
const DIGEST: usize = 5;

/// The `attempt`-th name for a backup of `subject` on `day` (in the group's zone); attempt 0 carries no `_r#`.
pub fn label(subject: &str, day: NaiveDate, kind: BackupKind, attempt: u32) -> Label {
    numbered(&base(subject, day, kind), attempt)
}

/// Under which a failure is recorded that came before the database's slot was won. No backup is ever named so: whoever holds the slot
/// meanwhile is not disturbed. The subject is the group where no database was known yet.
pub fn failure_label(subject: &str, day: NaiveDate, kind: BackupKind, attempt: u32) -> Label {
    numbered(&format!("{}_failed", base(subject, day, kind)), attempt)
}

/// Under which a prune of one database holds the database's slot.
pub fn prune_label(job: &JobId, database: &DatabaseName) -> Label {
    slot_label("prune", job, database)
}

/// Under which a restore into a database, or what ends it, holds the database's slot. Not its backup's: two databases may be restored from one.
pub fn restore_slot_label(job: &JobId, database: &DatabaseName) -> Label {
    slot_label("restore", job, database)
}

/// Another one for every database of a job: the slot's row is also what fence numbers are counted from, and must not be written over by
/// another database's.
fn slot_label(word: &str, job: &JobId, database: &DatabaseName) -> Label {
    let digest = Md5::digest(database.as_str().as_bytes());
    let job = directory_safe(job.as_str());
    let text = format!(
        "brd_{word}_{job}_{:02x}{:02x}{:02x}{:02x}",
        digest[0], digest[1], digest[2], digest[3]
    );
    Label::parse(text).expect("made of letters, digits, `_` and `-`, and cut to length")
}

/// Of a backup of the `ops` database itself. In UTC, so that the newest is the last in order.
pub fn ops_label(now: DateTime<Utc>) -> Label {
    Label::parse(format!("{OPS_LABEL}{}", now.format("%Y%m%d_%H%M%S")))
        .expect("made of letters, digits and `_`")
}

/// What every label of a backup of `ops` begins with.
pub const OPS_LABEL: &str = "brd_ops_";

/// Under which a recovery holds the slot of `ops`.
pub fn recover_label(job: &JobId) -> Label {
    Label::parse(format!("brd_recover_{}", directory_safe(job.as_str())))
        .expect("made of letters, digits, `_` and `-`, and cut to length")
}

/// Whether it has the form that brd and starrocks-br give to the label of a full: `…_yyyymmdd_full`, with or without `_r#`.
pub fn is_labelled_full(label: &Label) -> bool {
    let text = label.as_str();
    let numbered = text.rsplit_once("_r").filter(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let text = numbered.map_or(text, |(text, _)| text);
    let dated = text
        .strip_suffix("_full")
        .and_then(|rest| rest.rsplit_once('_'));
    dated.is_some_and(|(subject, day)| {
        !subject.is_empty() && day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn base(subject: &str, day: NaiveDate, kind: BackupKind) -> String {
    let word = match kind {
        BackupKind::Full => "full",
        BackupKind::Incremental => "inc",
    };
    format!(
        "{}_{}_{word}",
        directory_safe(subject),
        day.format("%Y%m%d")
    )
}

/// The `attempt`-th variant of a label that was asked for by name.
pub fn variant(wanted: &Label, attempt: u32) -> Option<Label> {
    if attempt == 0 {
        return Some(wanted.clone());
    }
    Label::parse(format!("{wanted}_r{attempt}")).ok()
}

fn numbered(base: &str, attempt: u32) -> Label {
    let text = if attempt == 0 {
        base.to_owned()
    } else {
        format!("{base}_r{attempt}")
    };
    Label::parse(text).expect("made of letters, digits, `_` and `-`, and cut to length")
}

/// The label becomes a directory name: whatever is not a plain letter, digit, `_` or `-` becomes `_`. A name that does not come through
/// whole carries a digest of itself, so that two databases of one run never ask for one label.
pub fn directory_safe(subject: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
            c
        } else {
            '_'
        }
    };
    let text: String = subject.chars().map(safe).take(LABEL_LIMIT - TAIL).collect();
    if text == subject {
        return text;
    }
    let digest = Md5::digest(subject.as_bytes());
    let kept: String = text.chars().take(LABEL_LIMIT - TAIL - DIGEST).collect();
    format!("{kept}-{:02x}{:02x}", digest[0], digest[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(database: &str, kind: BackupKind, attempt: u32) -> String {
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        label(database, day, kind, attempt).to_string()
    }

    #[test]
    fn labels_are_named_for_database_day_and_kind() {
        assert_eq!(name("sales", BackupKind::Full, 0), "sales_20261122_full");
        assert_eq!(
            name("sales", BackupKind::Incremental, 2),
            "sales_20261122_inc_r2"
        );
        assert_eq!(
            name("Größe 1", BackupKind::Full, 0),
            "Gr__e_1-0c0e_20261122_full"
        );
        let long = name(&"x".repeat(1000), BackupKind::Full, 9999);
        assert_eq!(
            long.len(),
            LABEL_LIMIT - TAIL + "_20261122_full_r9999".len()
        );
        assert!(long.ends_with("_20261122_full_r9999"));
    }

    #[test]
    fn a_prune_has_a_label_for_each_of_its_databases() {
        let label = |job: &str, database: &str| {
            let database = DatabaseName::parse(database).unwrap();
            prune_label(&JobId::parse(job).unwrap(), &database).to_string()
        };
        let first = label("20260310-071500-3fa2c1", "sales");
        assert_eq!(first, "brd_prune_20260310-071500-3fa2c1_9ed083b1");
        assert_ne!(first, label("20260310-071500-3fa2c1", "sales2"));
        assert!(label(&"ö".repeat(32), "größe").len() <= LABEL_LIMIT);
    }

    #[test]
    fn a_label_asked_for_by_name_gets_a_number_only_when_it_fits() {
        let wanted = Label::parse("before-upgrade").unwrap();
        assert_eq!(variant(&wanted, 0), Some(wanted.clone()));
        assert_eq!(variant(&wanted, 3).unwrap().as_str(), "before-upgrade_r3");
        assert_eq!(
            variant(&Label::parse("x".repeat(LABEL_LIMIT)).unwrap(), 1),
            None
        );
    }

    #[test]
    fn only_the_form_of_a_fulls_label_is_taken_for_one() {
        for (text, full) in [
            ("sales_20261122_full", true),
            ("sales_20261122_full_r12", true),
            ("a_b_20261122_full", true),
            ("sales_20261122_inc", false),
            ("sales_20261122_full_failed", false),
            ("sales_20261122_full_r", false),
            ("sales_full", false),
            ("_20261122_full", false),
            ("20261122_full", false),
            ("monday", false),
        ] {
            let label = Label::recorded(text).unwrap();
            assert_eq!(is_labelled_full(&label), full, "{text}");
        }
    }

    #[test]
    fn labels_of_ops_are_in_the_order_of_their_times() {
        let at = |text: &str| ops_label(text.parse().unwrap());
        let first = at("2026-11-22T01:02:03Z");
        assert_eq!(first.as_str(), "brd_ops_20261122_010203");
        assert!(first < at("2026-11-22T10:00:00Z"));
        assert!(first < variant(&first, 1).unwrap());
    }
}
