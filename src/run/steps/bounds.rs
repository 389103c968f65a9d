//! How a partition that one restored table lacks is made in it, with the bounds that it has in the other.
//!
//! SHOW CREATE TABLE lists the ranges of a RANGE table, and only the expression of a table that makes its partitions itself
//! (`catalog/ExpressionRangePartitionInfo.java`, toSql). The values of LIST partitions are printed there without escapes
//! (`catalog/ListPartitionInfo.java`, valuesToString), so that they come from SHOW PARTITIONS, which writes them as JSON (getValuesFormat).

use crate::names::PartitionName;
use crate::starrocks::sql;

/// What makes the partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Birth {
    /// ADD with this clause, before rows are copied.
    Added(String),
    /// The rows themselves: a table by expression takes no single range (`sql/analyzer/PartitionDescAnalyzer.java`). Without rows, the
    /// clause, where there is one that makes the same partition.
    ByRows { empty: Option<String> },
}

/// What the cluster shows of the table that is copied from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    /// Of SHOW CREATE TABLE.
    pub definition: &'a str,
    /// `Range` of SHOW PARTITIONS.
    pub range: Option<&'a str>,
    /// `List` of SHOW PARTITIONS, of tables by LIST.
    pub list: Option<&'a str>,
}

/// `None`: the cluster does not show enough to make it again. `is_null`: whether the text NULL in this column of a LIST partition is the
/// value NULL; both are shown alike (`analysis/NullLiteral.java`, getStringValue).
pub(super) fn birth(
    shown: Shown<'_>,
    partition: &PartitionName,
    is_null: impl Fn(usize) -> bool,
) -> Option<Birth> {
    let (_, partitioning) = shown.definition.rsplit_once("\nPARTITION BY ")?;
    if let Some(list) = shown.list {
        let form = list_form(partitioning, partition);
        return values(list, form, &is_null)
            .map(|values| Birth::Added(format!("PARTITION IF NOT EXISTS `{partition}` {values}")));
    }
    if let Some(clause) = partition_clause(partitioning, partition) {
        return Some(Birth::Added(clause));
    }
    if partitioning.starts_with("date_trunc(") {
        let empty = shown
            .range
            .and_then(|range| slice(partitioning, range, partition));
        return Some(Birth::ByRows { empty });
    }
    partitioning
        .starts_with("time_slice(")
        .then_some(Birth::ByRows { empty: None })
}

/// Values that may be NULL, by their place, in what `List` shows.
pub(super) fn places_of_null(list: &str) -> Vec<usize> {
    let rows: Vec<Vec<String>> = serde_json::from_str(list).unwrap_or_default();
    let mut places: Vec<usize> = rows
        .iter()
        .flat_map(|row| row.iter().enumerate())
        .filter(|(_, value)| is_shown_as_null(value))
        .map(|(place, _)| place)
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

fn is_shown_as_null(value: &str) -> bool {
    value == "NULL"
}

/// The two ways in which a LIST partition is written, and kept (`catalog/ListPartitionInfo.java`, idToValues and idToMultiValues).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListForm {
    /// `IN ('a', 'b')`: of one column.
    Values,
    /// `IN (('a', '1'), ('b', '2'))`. What a load makes is kept so, also for one column (`sql/analyzer/AnalyzerUtils.java`).
    Rows,
}

fn list_form(partitioning: &str, partition: &PartitionName) -> ListForm {
    let head = format!("PARTITION {partition} VALUES IN (");
    let values = partitioning.split_once(&head).map(|(_, values)| values);
    match values {
        Some(values) if !values.starts_with('(') => ListForm::Values,
        _ => ListForm::Rows,
    }
}

/// `VALUES IN (('a', '1'), ('b', NULL))` of `[["a","1"],["b","NULL"]]`.
fn values(list: &str, form: ListForm, is_null: &impl Fn(usize) -> bool) -> Option<String> {
    let rows: Vec<Vec<String>> = serde_json::from_str(list).ok()?;
    let value = |(place, value): (usize, &String)| {
        if is_shown_as_null(value) && is_null(place) {
            "NULL".to_owned()
        } else {
            sql::text(value)
        }
    };
    let row = |row: &Vec<String>| {
        let values: Vec<String> = row.iter().enumerate().map(value).collect();
        let values = values.join(", ");
        match form {
            ListForm::Values => values,
            ListForm::Rows => format!("({values})"),
        }
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    (!rows.is_empty()).then(|| format!("VALUES IN ({})", rows.join(", ")))
}

/// `PARTITION name VALUES …` as SHOW CREATE TABLE prints it (`catalog/RangePartitionInfo.java`, toSql): what ADD PARTITION takes.
fn partition_clause(partitioning: &str, partition: &PartitionName) -> Option<String> {
    let plain = format!("PARTITION {partition} VALUES");
    let quoted = format!("PARTITION `{partition}` VALUES");
    let start = [&plain, &quoted]
        .into_iter()
        .find_map(|head| partitioning.find(head.as_str()).map(|at| at + head.len()))?;
    let mut depth = 0_u32;
    let mut quote = None;
    for (offset, c) in partitioning[start..].char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            // A range ends with `))` after `[(`, or `]`: brackets close whatever opened them.
            (None, ')' | ']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let values = &partitioning[start..start + offset + c.len_utf8()];
                    return Some(format!(
                        "PARTITION IF NOT EXISTS `{partition}` VALUES{values}"
                    ));
                }
            }
            (None, _) => {}
        }
    }
    None
}

/// One slice of a table by date_trunc, in the one form that ADD takes there, with the name that follows from its beginning: the same that a
/// row gives it (`sql/ast/MultiRangePartitionDesc.java`, `sql/analyzer/AnalyzerUtils.java`).
fn slice(partitioning: &str, range: &str, partition: &PartitionName) -> Option<String> {
    let unit = partitioning.split('\'').nth(1)?.to_ascii_uppercase();
    let digits = match unit.as_str() {
        "HOUR" => 10,
        "DAY" => 8,
        "MONTH" => 6,
        "YEAR" => 4,
        _ => return None,
    };
    let (from, to) = range_keys(range)?;
    let name: String = from.chars().filter(char::is_ascii_digit).collect();
    let named = format!("p{}", name.get(..digits)?);
    partition
        .as_str()
        .eq_ignore_ascii_case(&named)
        .then(|| format!("PARTITIONS START (\"{from}\") END (\"{to}\") EVERY (INTERVAL 1 {unit})"))
}

/// The two of `[types: [DATE]; keys: [2026-03-05]; ..types: [DATE]; keys: [2026-04-01]; )` (`catalog/PartitionKey.java`, toString), padded
/// to the digits of a slice's name.
fn range_keys(range: &str) -> Option<(&str, &str)> {
    let mut keys = range
        .split("keys: [")
        .skip(1)
        .filter_map(|rest| rest.split_once(']').map(|(key, _)| key));
    Some((keys.next()?, keys.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: &str = r#"CREATE TABLE `t` (
  `d` date NOT NULL COMMENT "PARTITION p1 VALUES [("no"), ("no"))"
) ENGINE=OLAP
DUPLICATE KEY(`d`)
PARTITION BY RANGE(`d`)
(PARTITION p1 VALUES [("2026-01-01"), ("2026-01-02")),
PARTITION `p 2` VALUES [("2026-01-02"), ("2026-01-03")) ("storage_medium" = "HDD"),
PARTITION pmax VALUES [("2026-01-03"), (MAXVALUE)))
DISTRIBUTED BY HASH(`d`) BUCKETS 3
PROPERTIES (
"replication_num" = "3"
);"#;

    fn named(name: &str) -> PartitionName {
        PartitionName::parse(name).unwrap()
    }

    fn shown(definition: &str) -> Shown<'_> {
        Shown {
            definition,
            range: None,
            list: None,
        }
    }

    #[test]
    fn a_range_is_added_with_the_clause_that_show_create_prints() {
        let clause = |name: &str| birth(shown(RANGE), &named(name), |_| true);
        let added = |text: &str| Some(Birth::Added(text.to_owned()));
        assert_eq!(
            clause("p1"),
            added(r#"PARTITION IF NOT EXISTS `p1` VALUES [("2026-01-01"), ("2026-01-02"))"#)
        );
        assert_eq!(
            clause("p 2"),
            added(r#"PARTITION IF NOT EXISTS `p 2` VALUES [("2026-01-02"), ("2026-01-03"))"#)
        );
        assert_eq!(
            clause("pmax"),
            added(r#"PARTITION IF NOT EXISTS `pmax` VALUES [("2026-01-03"), (MAXVALUE))"#)
        );
        assert_eq!(clause("p"), None);
    }

    #[test]
    fn values_of_a_list_are_read_from_json_and_quoted() {
        let list = |list: &str, null: bool| {
            let shown = Shown {
                list: Some(list),
                ..shown("…\nPARTITION BY (`k`)\nDISTRIBUTED BY …")
            };
            match birth(shown, &named("p"), |_| null) {
                Some(Birth::Added(clause)) => clause,
                other => format!("{other:?}"),
            }
        };
        assert_eq!(
            list(r#"[["it\u0027s"],["b\\"]]"#, true),
            r"PARTITION IF NOT EXISTS `p` VALUES IN (('it\'s'), ('b\\'))"
        );
        assert_eq!(
            list(r#"[["a","2026-03-10"],["NULL","1"]]"#, true),
            "PARTITION IF NOT EXISTS `p` VALUES IN (('a', '2026-03-10'), (NULL, '1'))"
        );
        assert_eq!(
            list(r#"[["NULL"]]"#, false),
            "PARTITION IF NOT EXISTS `p` VALUES IN (('NULL'))"
        );
        assert_eq!(list("", true), "None");
        let single = Shown {
            list: Some(r#"[["8"],["NULL"]]"#),
            ..shown("…\nPARTITION BY LIST(`k`)(\n  PARTITION p VALUES IN ('8', 'NULL')\n)")
        };
        let clause = "PARTITION IF NOT EXISTS `p` VALUES IN ('8', NULL)".to_owned();
        assert_eq!(
            birth(single, &named("p"), |_| true),
            Some(Birth::Added(clause))
        );
        assert_eq!(places_of_null(r#"[["a","NULL"],["b","NULL"]]"#), [1]);
    }

    #[test]
    fn a_slice_is_born_by_its_rows_or_added_as_one_step() {
        let slice = |unit: &str, name: &str, from: &str, to: &str| {
            let definition = format!("…\nPARTITION BY date_trunc('{unit}', d)\nDISTRIBUTED BY …");
            let range =
                format!("[types: [DATETIME]; keys: [{from}]; ..types: [DATETIME]; keys: [{to}]; )");
            let shown = Shown {
                range: Some(&range),
                ..shown(&definition)
            };
            match birth(shown, &named(name), |_| true) {
                Some(Birth::ByRows { empty }) => empty.unwrap_or_else(|| "unborn".to_owned()),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(
            slice("day", "p20260310", "2026-03-10", "2026-03-11"),
            r#"PARTITIONS START ("2026-03-10") END ("2026-03-11") EVERY (INTERVAL 1 DAY)"#
        );
        assert_eq!(
            slice(
                "hour",
                "p2026031012",
                "2026-03-10 12:00:00",
                "2026-03-10 13:00:00"
            ),
            r#"PARTITIONS START ("2026-03-10 12:00:00") END ("2026-03-10 13:00:00") EVERY (INTERVAL 1 HOUR)"#
        );
        let month = slice("month", "p202603", "2026-03-01", "2026-04-01");
        assert!(month.contains("1 MONTH"), "{month}");
        assert_eq!(
            slice("month", "other", "2026-03-01", "2026-04-01"),
            "unborn"
        );
        assert_eq!(
            slice(
                "minute",
                "p202603101200",
                "2026-03-10 12:00:00",
                "2026-03-10 12:01:00"
            ),
            "unborn"
        );
        let definition = "…\nPARTITION BY time_slice(d, 7, 'day', 'floor')\nDISTRIBUTED BY …";
        assert_eq!(
            birth(shown(definition), &named("p20260309"), |_| true),
            Some(Birth::ByRows { empty: None })
        );
    }
}
