//! What RESTORE compares between a table of the snapshot and one that exists (`catalog/OlapTable.getSignature`, isRestore = true).

use crate::ast::Distribution;
use crate::engine::partition::Partition;
use crate::engine::table::Table;

/// The first differing part, in StarRocks' words; an empty text where the two sequences differ in length, whatever else differs.
pub fn difference(local: &Table, remote: &Table) -> Option<String> {
    let (here, there) = (parts(local, remote), parts(remote, local));
    let listed = |parts: &[Part]| parts.iter().filter(|part| part.words.is_some()).count();
    if listed(&here) != listed(&there) {
        return Some(String::new());
    }
    // The checksum goes on from part to part: what has no words of its own shows in the next that has.
    let unequal = here
        .iter()
        .zip(&there)
        .position(|(left, right)| left.content != right.content)?;
    let words = here[unequal..].iter().find_map(|part| part.words);
    Some(words.unwrap_or_default().to_owned())
}

/// A piece that goes into the checksum; most are followed by an entry of the sequence.
struct Part {
    words: Option<&'static str>,
    content: String,
}

/// The sequence of `getSignatureSequence`. Partitions count where both tables have one of that name.
fn parts(table: &Table, other: &Table) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = |words: &'static str, content: String| {
        parts.push(Part {
            words: Some(words),
            content,
        });
    };
    part("Table name is inconsistent", table.name.clone());
    part("Table type is inconsistent", table_type(table).to_owned());
    // The base index is named like the table. Only the low byte of a number goes into the checksum.
    part("indexName is inconsistent", table.name.clone());
    part(
        "short key column count is inconsistent",
        (table.short_key_count() & 0xff).to_string(),
    );
    part("storage type is inconsistent", "COLUMN".to_owned());
    // Every further index by name, as the base index before it.
    let mut rollups: Vec<_> = table.rollups.iter().collect();
    rollups.sort_by(|left, right| left.name.cmp(&right.name));
    for rollup in rollups {
        part("indexName is inconsistent", rollup.name.clone());
        part(
            "short key column count is inconsistent",
            rollup.key_count.min(3).to_string(),
        );
        part("storage type is inconsistent", "COLUMN".to_owned());
    }
    let property = |key: &str| table.properties.get(key).map(String::as_str);
    if let Some(columns) = property("bloom_filter_columns").filter(|columns| !columns.is_empty()) {
        for column in columns.split(',') {
            part("bloom filter is inconsistent", column.trim().to_lowercase());
        }
        let fpp = property("bloom_filter_fpp").unwrap_or("0.05");
        part("bloom filter is inconsistent", fpp.to_owned());
    }
    part(
        "partition type is inconsistent",
        table.partition_type().to_owned(),
    );
    if table.is_range() {
        let columns: Vec<String> = table
            .partition_columns()
            .iter()
            .map(|index| &table.columns[*index])
            .map(|column| format!("{} {:?} {}", column.name, column.data_type, column.key))
            .collect();
        part("partition columns is inconsistent", columns.join(","));
    }
    let mut names: Vec<&Partition> = table
        .partitions
        .iter()
        .filter(|partition| other.partitions.get(&partition.name).is_some())
        .collect();
    names.sort_by_key(|partition| partition.name.to_lowercase());
    for partition in names {
        parts.push(Part {
            words: Some("partition name is inconsistent"),
            content: partition.name.clone(),
        });
        let hashed = match &table.distribution {
            Distribution::Hash { columns, .. } => Some(columns),
            Distribution::Random { .. } => None,
        };
        // Goes in without words; RANDOM against HASH differs in length anyway.
        parts.push(Part {
            words: None,
            content: hashed.is_some().to_string(),
        });
        if let Some(columns) = hashed {
            parts.push(Part {
                words: Some("partition distribution col hash is inconsistent"),
                content: columns.join(","),
            });
            parts.push(Part {
                words: Some("bucket num is inconsistent"),
                content: (partition.buckets & 0xff).to_string(),
            });
        }
    }
    parts
}

fn table_type(table: &Table) -> &'static str {
    if table.is_materialized() {
        "MATERIALIZED_VIEW"
    } else {
        "OLAP"
    }
}

/// The first pair of columns that differ in name, type, key, nullability, default, generation or comment.
pub fn column_difference(local: &Table, remote: &Table) -> Option<(String, String)> {
    let pairs = local.columns.iter().zip(&remote.columns);
    let differing =
        |(here, there): &(&crate::ast::ColumnDefinition, &crate::ast::ColumnDefinition)| {
            !here.name.eq_ignore_ascii_case(&there.name)
                || here.data_type != there.data_type
                || here.aggregation != there.aggregation
                || here.key != there.key
                || here.nullable != there.nullable
                || here.default != there.default
                || here.generated != there.generated
                || here.comment.as_deref().unwrap_or_default()
                    != there.comment.as_deref().unwrap_or_default()
        };
    pairs
        .into_iter()
        .find(differing)
        .map(|(here, there)| (here.name.clone(), there.name.clone()))
}
