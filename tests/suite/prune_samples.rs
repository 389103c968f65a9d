//! A retention plan with something of every kind, and backups that are pinned or expired.

use brd::catalog::{BackupKind, BackupRecord, Pin};
use brd::config::Keep;
use brd::names::RepositoryName;
use brd::plan::retention::{
    DatabaseRetention, Deed, Going, GroupRetention, Means, PrunePlan, Staying, WhyGoes, WhyStays,
};

use crate::ctl_samples::{GIB, at, database, group, label, record};

pub fn pinned_record() -> BackupRecord {
    BackupRecord {
        pin: Some(Pin {
            until: at("2027-04-01T00:00:00Z"),
            by: "uid 0 (pid 7)".to_owned(),
        }),
        ..record("sales_20261122_inc", BackupKind::Incremental)
    }
}

pub fn expired_record() -> BackupRecord {
    BackupRecord {
        expired: Some(at("2026-11-22T01:13:00Z")),
        ..record("sales_20261101_full", BackupKind::Full)
    }
}

fn going(name: &str, kind: BackupKind, why: WhyGoes, deed: Deed) -> Going {
    Going {
        label: label(name),
        kind,
        moment: Some(at("2026-10-04T01:00:05Z")),
        data_bytes: Some(GIB),
        why,
        deed,
        directory: (deed != Deed::Forget)
            .then(|| format!("s3a://b/x/__starrocks_repository_s3_repo/__ss_{name}")),
    }
}

fn staying(name: &str, kind: BackupKind, why: Vec<WhyStays>) -> Staying {
    Staying {
        label: label(name),
        kind,
        moment: Some(at("2026-11-22T01:00:05Z")),
        data_bytes: Some(GIB / 4),
        why,
    }
}

/// Two groups: one with something of every kind, one with nothing to do.
pub fn prune_plan() -> PrunePlan {
    let (full, inc) = (BackupKind::Full, BackupKind::Incremental);
    let keep = Keep {
        fulls: Some(4),
        monthly: Some(6),
        ..Keep::EVERYTHING
    };
    let sales = DatabaseRetention {
        database: database("sales"),
        repository: RepositoryName::parse("s3_repo").unwrap(),
        means: Means::Statement,
        goes: vec![
            going(
                "sales_20261006_inc",
                inc,
                WhyGoes::NoRuleKeepsIt,
                Deed::Forget,
            ),
            going(
                "sales_20261005_inc",
                inc,
                WhyGoes::NoRuleKeepsIt,
                Deed::Drop,
            ),
            going(
                "sales_20261004_full",
                full,
                WhyGoes::Expired(at("2026-11-15T01:13:00Z")),
                Deed::Drop,
            ),
            going(
                "sales_20261001_full",
                full,
                WhyGoes::LeftBy("FAILED".to_owned()),
                Deed::DropForce,
            ),
        ],
        stays: vec![
            staying(
                "sales_20261122_inc",
                inc,
                vec![
                    WhyStays::BuiltOn(label("sales_20261121_full")),
                    WhyStays::NewestPoint,
                ],
            ),
            staying(
                "sales_20261121_full",
                full,
                vec![
                    WhyStays::Full(1),
                    WhyStays::Floor(2),
                    WhyStays::Month("2026-11".to_owned()),
                    WhyStays::NeededBy(label("sales_20261122_inc")),
                ],
            ),
            staying(
                "sales_20261010_full",
                full,
                vec![
                    WhyStays::Pinned {
                        until: None,
                        by: "uid 0".to_owned(),
                    },
                    WhyStays::InUse("restore r9".to_owned()),
                ],
            ),
        ],
        untouched: None,
    };
    let retention = |name: &str, databases, not_ours| GroupRetention {
        group: group(name),
        keep,
        zone: "Europe/Berlin".parse().unwrap(),
        databases,
        not_ours,
    };
    PrunePlan {
        at: at("2026-11-22T01:13:00Z"),
        groups: vec![
            retention("nightly", vec![sales], vec![label("old_20250101_full")]),
            retention("weekly", Vec::new(), Vec::new()),
        ],
    }
}

/// As it is before release 4.2.
pub fn by_hand(retention: &mut DatabaseRetention) {
    retention.means = Means::ByHand;
    for going in &mut retention.goes {
        going.deed = match going.why {
            _ if going.directory.is_none() => Deed::Forget,
            WhyGoes::Expired(_) => Deed::Await,
            _ => Deed::Mark,
        };
    }
}
