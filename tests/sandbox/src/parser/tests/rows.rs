use sqlparser::ast::{Expr, Value};

use super::{object, parsed, text, texts};
use crate::ast::{Insert, InsertSource, Statement};

fn inserted(sql: &str) -> Insert {
    let Statement::Insert(insert) = parsed(sql) else {
        panic!("not an INSERT: {sql}")
    };
    *insert
}

/// How each cell reads in SQL; `DEFAULT` for none.
fn cells(insert: &Insert) -> Vec<Vec<String>> {
    let InsertSource::Values(rows) = &insert.source else {
        panic!("no rows")
    };
    let cell = |cell: &Option<Expr>| {
        cell.as_ref()
            .map_or_else(|| "DEFAULT".to_owned(), ToString::to_string)
    };
    rows.iter()
        .map(|row| row.iter().map(cell).collect())
        .collect()
}

#[test]
fn rows_of_literals_and_expressions() {
    let insert = inserted(
        "INSERT INTO `d`.`t` WITH LABEL `x` (a, b) VALUES (1, 'it''s'), (-2.5, NULL), (DEFAULT, now()), (TRUE, concat('a', \"b\")), \
         (1 + 2, \"say \\\"x\\\"\"), (- 3, DATE '2024-01-01')",
    );
    assert_eq!(
        (&insert.table, &insert.label, &insert.columns),
        (&object("d.t"), &text("x"), &texts(&["a", "b"]))
    );
    let expected = [
        ["1", "'it''s'"],
        ["-2.5", "NULL"],
        ["DEFAULT", "now()"],
        ["true", "concat('a', \"b\")"],
        ["1 + 2", "'say \"x\"'"],
        ["-3", "DATE '2024-01-01'"],
    ];
    assert_eq!(cells(&insert), expected);
}

#[test]
fn strings_of_rows_are_unescaped() {
    let insert = inserted("INSERT INTO t VALUES ('a\\nb\\\\c')");
    let InsertSource::Values(rows) = insert.source else {
        panic!("no rows")
    };
    assert_eq!(
        rows,
        [[Some(Expr::value(Value::SingleQuotedString(
            "a\nb\\c".to_owned()
        )))]]
    );
}

#[test]
fn a_label_may_be_quoted_bare_or_absent() {
    for (written, label) in [
        ("WITH LABEL x", text("x")),
        ("WITH LABEL \"a-b\"", text("a-b")),
        ("WITH LABEL `a-b`", text("a-b")),
        ("", None),
    ] {
        assert_eq!(
            inserted(&format!("INSERT INTO t {written} (a) SELECT 1")).label,
            label,
            "{written}"
        );
    }
}

#[test]
fn overwriting_names_partitions() {
    let insert = inserted(
        "INSERT OVERWRITE `d`.`t` PARTITION (`p`) (a) SELECT a FROM `d`.`u` PARTITION (`p`)",
    );
    assert_eq!(
        (
            insert.overwrite,
            insert.temporary_partitions,
            insert.partitions
        ),
        (true, false, texts(&["p"]))
    );
    let InsertSource::Query(query) = insert.source else {
        panic!("no query")
    };
    assert_eq!(query.to_string(), "SELECT a FROM `d`.`u` PARTITION (`p`)");
    let insert = inserted("INSERT OVERWRITE TABLE t TEMPORARY PARTITION (tp) (SELECT 1)");
    assert_eq!(
        (
            insert.temporary_partitions,
            insert.partitions,
            insert.columns
        ),
        (true, texts(&["tp"]), Vec::<String>::new())
    );
}

#[test]
fn ten_thousand_rows_are_the_limit() {
    let rows = |count: usize| format!("INSERT INTO t VALUES {}", vec!["(1, 'x')"; count].join(","));
    assert_eq!(cells(&inserted(&rows(10_000))).len(), 10_000);
    let error = crate::parser::parse(&rows(10_001), crate::release::Release::V3_5).unwrap_err();
    assert!(
        error
            .message
            .contains("The inserted rows are 10001 exceeded the maximum limit 10000"),
        "{error}"
    );
}

#[test]
fn rows_are_changed_and_removed() {
    let sql = "UPDATE ops.run_status SET state = 'DONE', x = if(a > 1, 'WHERE', b) WHERE scope = 'a' AND label = 'b'";
    let Statement::Update {
        table,
        assignments,
        filter,
    } = parsed(sql)
    else {
        panic!("not an UPDATE")
    };
    let assignments: Vec<String> = assignments
        .iter()
        .map(|(column, value)| format!("{column} = {value}"))
        .collect();
    assert_eq!(
        (table, assignments),
        (
            object("ops.run_status"),
            texts(&["state = 'DONE'", "x = if(a > 1, 'WHERE', b)"])
        )
    );
    assert_eq!(filter.unwrap().to_string(), "scope = 'a' AND label = 'b'");
    let Statement::Delete {
        table,
        partitions,
        filter,
    } = parsed("DELETE FROM d.t PARTITION (p) WHERE a IN (1, 2)")
    else {
        panic!("not a DELETE")
    };
    assert_eq!(
        (table, partitions, filter.unwrap().to_string()),
        (object("d.t"), texts(&["p"]), "a IN (1, 2)".to_owned())
    );
    assert!(matches!(
        parsed("DELETE FROM t"),
        Statement::Delete { filter: None, .. }
    ));
}
