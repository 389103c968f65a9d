//! Values of this layer from one line of text each, for the tables of tests.
//!
//! A table is `name#id schema partitioning`, then a word for its state in a manifest where it is in one (`whole`, `part`, `unchanged`,
//! `dropped`), then partitions as `name=fingerprint/bytes` and dropped ones as `-name`. A fingerprint is `id:version` or `id:version@time`,
//! several joined by commas, or `unsettled`; `?` stands for what is not known.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    BackupKind, BackupRecord, Chain, ColumnChanges, DatabaseFacts, LeftOut, LeftOutReason, Link,
    Manifest, PartitionFacts, PartitionRecord, Partitioning, RecordedFingerprint,
    SchemaFingerprint, SnapshotTimestamp, TableFacts, TableLook, TableRecord, TableRecordState,
    TableState,
};
use crate::names::{DatabaseName, Label, PartitionName, RepositoryName, TableName};

pub fn label(text: &str) -> Label {
    Label::parse(text).unwrap()
}

pub fn table(text: &str) -> TableName {
    TableName::parse(text).unwrap()
}

pub fn partition(text: &str) -> PartitionName {
    PartitionName::parse(text).unwrap()
}

pub fn record(line: &str) -> (TableName, TableRecord) {
    let mut words = line.split_whitespace();
    let (name, id) = words.next().unwrap().split_once('#').unwrap();
    let mut record = TableRecord {
        state: TableRecordState::Included,
        table_id: id.parse().ok(),
        schema: words
            .next()
            .filter(|word| *word != "?")
            .map(|word| SchemaFingerprint(word.to_owned())),
        partitioning: words.next().and_then(Partitioning::parse),
        whole_table: false,
        dropped_partitions: BTreeSet::new(),
        partitions: BTreeMap::new(),
    };
    for word in words {
        match word {
            "whole" => record.whole_table = true,
            "part" => {}
            "unchanged" => record.state = TableRecordState::Unchanged,
            "dropped" => record.state = TableRecordState::Dropped,
            _ => match word.strip_prefix('-') {
                Some(gone) => {
                    record.dropped_partitions.insert(partition(gone));
                }
                None => {
                    let (name, held) = word.split_once('=').unwrap();
                    record
                        .partitions
                        .insert(partition(name), partition_record(held));
                }
            },
        }
    }
    (table(name), record)
}

fn partition_record(text: &str) -> PartitionRecord {
    let (fingerprint, bytes) = text.split_once('/').unwrap_or((text, "1"));
    let parts: Vec<String> = fingerprint
        .split(',')
        .map(|part| {
            let time = if part.contains('@') { "" } else { "@0" };
            format!("{part}{time}")
        })
        .collect();
    let fingerprint = match fingerprint {
        "unsettled" => RecordedFingerprint::Unsettled,
        "?" => RecordedFingerprint::Absent,
        _ => RecordedFingerprint::Exact(parts.join(",").parse().unwrap()),
    };
    PartitionRecord {
        fingerprint,
        visible_version: 0,
        rows: 0,
        data_bytes: bytes.parse().unwrap(),
        measured: None,
    }
}

pub fn manifest(lines: &[&str]) -> Manifest {
    Manifest {
        tables: lines.iter().map(|line| record(line)).collect(),
    }
}

/// The state after one full of the tables.
pub fn state(lines: &[&str]) -> BTreeMap<TableName, TableState> {
    let mut manifest = manifest(lines);
    for record in manifest.tables.values_mut() {
        record.whole_table = true;
    }
    Chain::new(vec![Link {
        record: backup("full", None),
        manifest,
    }])
    .state()
}

/// `left_out`: tables that exist and cannot be taken.
pub fn facts(lines: &[&str], left_out: &[&str]) -> DatabaseFacts {
    let tables = lines.iter().map(|line| table_facts(line));
    DatabaseFacts {
        changes: ColumnChanges::default(),
        seen: BTreeSet::new(),
        name: DatabaseName::parse("shop").unwrap(),
        tables: tables.map(|facts| (facts.name.clone(), facts)).collect(),
        left_out: left_out
            .iter()
            .map(|name| LeftOut {
                table: table(name),
                reason: LeftOutReason::TemporaryPartitions,
            })
            .collect(),
    }
}

pub fn table_facts(line: &str) -> TableFacts {
    let (name, record) = record(line);
    let partitions = record.partitions.into_iter().map(|(name, held)| {
        let RecordedFingerprint::Exact(fingerprint) = held.fingerprint else {
            panic!("what exists has a fingerprint: {line}");
        };
        let facts = PartitionFacts {
            name: name.clone(),
            fingerprint,
            rows: 0,
            data_bytes: held.data_bytes,
        };
        (name, facts)
    });
    TableFacts {
        counts: false,
        name,
        id: record.table_id.unwrap(),
        schema: record.schema.unwrap(),
        columns: Vec::new(),
        partitioning: record.partitioning.unwrap(),
        partitions: partitions.collect(),
        replication_num: 3,
    }
}

pub fn looks(lines: &[&str]) -> BTreeMap<TableName, TableLook> {
    let look = |facts: TableFacts| TableLook {
        id: facts.id,
        schema: facts.schema,
        partitions: facts
            .partitions
            .into_iter()
            .map(|(name, partition)| (name, partition.fingerprint))
            .collect(),
    };
    lines
        .iter()
        .map(|line| table_facts(line))
        .map(|facts| (facts.name.clone(), look(facts)))
        .collect()
}

/// A finished backup; an incremental where it has a baseline. Its snapshot's timestamp is `@` and the label.
pub fn backup(name: &str, baseline: Option<&str>) -> BackupRecord {
    let kind = baseline.map_or(BackupKind::Full, |_| BackupKind::Incremental);
    let repository = RepositoryName::parse("nightly").unwrap();
    BackupRecord {
        baseline: baseline.map(label),
        snapshot: Some(SnapshotTimestamp(format!("@{name}"))),
        ..BackupRecord::bare(label(name), kind, repository)
    }
}

/// The first is a full named `f0`; each other one is compared with the one before it: `i1`, `i2` …
pub fn chain(manifests: &[&[&str]]) -> Chain {
    let name = |index: usize| match index {
        0 => "f0".to_owned(),
        index => format!("i{index}"),
    };
    let link = |(index, lines): (usize, &&[&str])| Link {
        record: backup(&name(index), index.checked_sub(1).map(name).as_deref()),
        manifest: manifest(lines),
    };
    Chain::new(manifests.iter().enumerate().map(link).collect())
}

/// As it is written here, state first: `whole`, `unchanged`, `dropped`, or the partitions that are taken; then what was dropped.
pub fn show(manifest: &Manifest) -> Vec<String> {
    let line = |(name, record): (&TableName, &TableRecord)| {
        let mut words = vec![format!("{name}:")];
        match record.state {
            TableRecordState::Unchanged => words.push("unchanged".to_owned()),
            TableRecordState::Dropped => words.push("dropped".to_owned()),
            TableRecordState::Included if record.whole_table => words.push("whole".to_owned()),
            TableRecordState::Included => {
                words.extend(record.partitions.keys().map(ToString::to_string));
            }
        }
        let gone = record.dropped_partitions.iter();
        words.extend(gone.map(|name| format!("-{name}")));
        words.join(" ")
    };
    manifest.tables.iter().map(line).collect()
}
