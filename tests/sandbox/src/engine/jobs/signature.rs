//! What RESTORE compares between a table of the snapshot and one that exists (`catalog/OlapTable.getSignature`, isRestore = true).

use crate::ast::Distribution;
use crate::engine::table::Table;

/// The first differing part, in StarRocks' words; an empty text where the two merely differ in length.
pub fn difference(local: &Table, remote: &Table) -> Option<String> {
    let (here, there) = (parts(local, remote), parts(remote, local));
    let unequal = here
        .iter()
        .zip(&there)
        .find(|(left, right)| left.1 != right.1);
    match unequal {
        Some((left, _)) => Some(left.0.to_owned()),
        None => (here.len() != there.len()).then(String::new),
    }
}

/// The sequence that goes into the checksum. Partitions count where both tables have one of that name.
fn parts(table: &Table, other: &Table) -> Vec<(&'static str, String)> {
    let mut parts = vec![
        ("Table name is inconsistent", table.name.clone()),
        ("Table type is inconsistent", table_type(table).to_owned()),
        // The base index is named like the table.
        ("indexName is inconsistent", table.name.clone()),
        (
            "short key column count is inconsistent",
            table.short_key_count().to_string(),
        ),
        ("storage type is inconsistent", "COLUMN".to_owned()),
    ];
    // Every further index by name, as the base index before it.
    let mut rollups: Vec<_> = table.rollups.iter().collect();
    rollups.sort_by(|left, right| left.name.cmp(&right.name));
    for rollup in rollups {
        parts.push(("indexName is inconsistent", rollup.name.clone()));
        parts.push((
            "short key column count is inconsistent",
            rollup.key_count.min(3).to_string(),
        ));
        parts.push(("storage type is inconsistent", "COLUMN".to_owned()));
    }
    parts.extend([
        ("bloom filter is inconsistent", bloom_filter(table)),
        (
            "partition type is inconsistent",
            table.partition_type().to_owned(),
        ),
    ]);
    let ranged = if table.is_range() {
        table.partition_columns()
    } else {
        &[]
    };
    for index in ranged {
        let column = &table.columns[*index];
        parts.push((
            "partition columns is inconsistent",
            format!("{} {:?}", column.name, column.data_type),
        ));
    }
    for partition in table.partitions.iter() {
        if other.partitions.get(&partition.name).is_none() {
            continue;
        }
        parts.push(("partition name is inconsistent", partition.name.clone()));
        if let Distribution::Hash { columns, .. } = &table.distribution {
            parts.push((
                "partition distribution col hash is inconsistent",
                columns.join(","),
            ));
            // Only the low byte of the number goes into the checksum.
            parts.push((
                "bucket num is inconsistent",
                (partition.buckets & 0xff).to_string(),
            ));
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

fn bloom_filter(table: &Table) -> String {
    let property = |key: &str| table.properties.get(key).cloned().unwrap_or_default();
    format!(
        "{}/{}",
        property("bloom_filter_columns"),
        property("bloom_filter_fpp")
    )
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
