use super::{object, pairs, parsed, text, texts};
use crate::ast::{
    AlterClause, Bound, ColumnDefinition, CreateTable, DataType, DefaultValue, Distribution,
    KeysType, ListPartition, ListValues, PartitionItem, Partitioning, RangePartition, Statement,
};

fn created(sql: &str) -> CreateTable {
    let Statement::CreateTable(table) = parsed(sql) else {
        panic!("not a CREATE TABLE: {sql}")
    };
    *table
}

fn column(name: &str, data_type: DataType) -> ColumnDefinition {
    ColumnDefinition {
        name: name.to_owned(),
        data_type,
        key: false,
        aggregation: None,
        nullable: None,
        default: None,
        auto_increment: false,
        generated: None,
        comment: None,
    }
}

fn value(text: &str) -> Bound {
    Bound::Value(text.to_owned())
}

#[test]
fn every_part_of_a_column() {
    let table = created(
        "CREATE TABLE t (a BIGINT(20) KEY NOT NULL AUTO_INCREMENT COMMENT 'it''s a', b BIGINT SUM DEFAULT \"0\", \
         c DATETIME DEFAULT CURRENT_TIMESTAMP, d INT AS (a + 1) COMMENT 'x', e VARCHAR(64) NULL DEFAULT NULL, f STRING DEFAULT (uuid()))",
    );
    let expected = vec![
        ColumnDefinition {
            key: true,
            nullable: Some(false),
            auto_increment: true,
            comment: text("it's a"),
            ..column("a", DataType::BigInt)
        },
        ColumnDefinition {
            aggregation: text("SUM"),
            default: Some(DefaultValue::Text("0".to_owned())),
            ..column("b", DataType::BigInt)
        },
        ColumnDefinition {
            default: Some(DefaultValue::CurrentTimestamp),
            ..column("c", DataType::DateTime)
        },
        ColumnDefinition {
            generated: text("(a + 1)"),
            comment: text("x"),
            ..column("d", DataType::Int)
        },
        ColumnDefinition {
            nullable: Some(true),
            default: Some(DefaultValue::Null),
            ..column("e", DataType::Varchar(64))
        },
        ColumnDefinition {
            default: Some(DefaultValue::Function("uuid()".to_owned())),
            ..column("f", DataType::Varchar(65_533))
        },
    ];
    assert_eq!(table.columns, expected);
}

#[test]
fn every_type() {
    let cases = [
        ("BOOLEAN", DataType::Boolean),
        ("TINYINT(1)", DataType::TinyInt),
        ("SMALLINT", DataType::SmallInt),
        ("INTEGER", DataType::Int),
        ("LARGEINT", DataType::LargeInt),
        ("FLOAT", DataType::Float),
        ("DOUBLE", DataType::Double),
        (
            "DECIMAL",
            DataType::Decimal {
                precision: 10,
                scale: 0,
            },
        ),
        (
            "DECIMAL(5)",
            DataType::Decimal {
                precision: 5,
                scale: 0,
            },
        ),
        (
            "DECIMAL64(18, 4)",
            DataType::Decimal {
                precision: 18,
                scale: 4,
            },
        ),
        ("DATE", DataType::Date),
        ("CHAR", DataType::Char(1)),
        ("char(7)", DataType::Char(7)),
        ("VARCHAR", DataType::Varchar(65_533)),
        ("VARCHAR(*)", DataType::Varchar(1_048_576)),
        ("JSON", DataType::Json),
        ("VARBINARY(9)", DataType::VarBinary(9)),
    ];
    for (written, data_type) in cases {
        assert_eq!(
            created(&format!("CREATE TABLE t (c {written})")).columns,
            [column("c", data_type)],
            "{written}"
        );
    }
}

#[test]
fn every_clause_of_a_table_in_its_place() {
    let table = created(
        "CREATE TABLE IF NOT EXISTS ops.run_status (scope VARCHAR(64), label VARCHAR(64)) ENGINE=OLAP PRIMARY KEY(scope, label) COMMENT 'x' \
         DISTRIBUTED BY HASH(scope) BUCKETS 3 ORDER BY (label) PROPERTIES (\"replication_num\" = \"1\")",
    );
    assert_eq!(
        (table.name, table.if_not_exists, table.engine.as_deref()),
        (object("ops.run_status"), true, Some("OLAP"))
    );
    assert_eq!(
        table.keys,
        Some((KeysType::Primary, texts(&["scope", "label"])))
    );
    assert_eq!(
        table.distribution,
        Some(Distribution::Hash {
            columns: texts(&["scope"]),
            buckets: Some(3)
        })
    );
    assert_eq!(
        (table.order_by, table.comment.as_deref()),
        (texts(&["label"]), Some("x"))
    );
    assert_eq!(table.properties, pairs(&[("replication_num", "1")]));
}

#[test]
fn ranges_are_bounded_fixed_or_repeated() {
    let table = created(
        "CREATE TABLE t (d DATE, k INT) DUPLICATE KEY(d) PARTITION BY RANGE(d) (PARTITION IF NOT EXISTS a VALUES LESS THAN (\"2024-01-01\") \
         (\"replication_num\" = \"1\"), PARTITION b VALUES [(\"2024-01-01\"), (\"2024-02-01\")), PARTITION c VALUES LESS THAN MAXVALUE, \
         START (\"2025-01-01\") END (\"2025-02-01\") EVERY (INTERVAL 1 day)) DISTRIBUTED BY RANDOM",
    );
    let partitions = vec![
        RangePartition::LessThan {
            name: "a".to_owned(),
            if_not_exists: true,
            upper: vec![value("2024-01-01")],
            properties: pairs(&[("replication_num", "1")]),
        },
        RangePartition::Between {
            name: "b".to_owned(),
            if_not_exists: false,
            lower: vec![value("2024-01-01")],
            upper: vec![value("2024-02-01")],
            properties: Vec::new(),
        },
        RangePartition::LessThan {
            name: "c".to_owned(),
            if_not_exists: false,
            upper: vec![Bound::MaxValue],
            properties: Vec::new(),
        },
        RangePartition::Every {
            start: "2025-01-01".to_owned(),
            end: "2025-02-01".to_owned(),
            step: 1,
            unit: text("DAY"),
        },
    ];
    assert_eq!(
        table.partitioning,
        Some(Partitioning::Range {
            columns: texts(&["d"]),
            partitions
        })
    );
    assert_eq!(
        table.distribution,
        Some(Distribution::Random { buckets: None })
    );
}

#[test]
fn lists_hold_values_or_rows_of_values() {
    let table = created(
        "CREATE TABLE t (a INT, b INT) PARTITION BY LIST(a, b) (PARTITION p VALUES IN ((\"1\", \"x\"), (\"2\", \"y\")), PARTITION q VALUES IN ('3'))",
    );
    let list = |name: &str, values: ListValues| ListPartition {
        name: name.to_owned(),
        if_not_exists: false,
        values,
        properties: Vec::new(),
    };
    let given = |row: &[&str]| row.iter().map(|value| Some((*value).to_owned())).collect();
    let partitions = vec![
        list(
            "p",
            ListValues::Rows(vec![given(&["1", "x"]), given(&["2", "y"])]),
        ),
        list("q", ListValues::Single(given(&["3"]))),
    ];
    assert_eq!(
        table.partitioning,
        Some(Partitioning::List {
            columns: texts(&["a", "b"]),
            partitions
        })
    );
}

#[test]
fn expressions_partition_by_themselves() {
    let cases = [
        (
            "date_trunc('day', dt) DISTRIBUTED BY HASH(k)",
            "date_trunc('day', dt)",
            1,
        ),
        (
            "date_trunc('month', dt), k ORDER BY (k)",
            "date_trunc('month', dt), k",
            2,
        ),
        ("(dt, k) PROPERTIES ('replication_num' = '1')", "dt, k", 2),
        ("k", "k", 1),
    ];
    for (written, expected, count) in cases {
        let partitioning = created(&format!(
            "CREATE TABLE t (dt DATE, k INT) PARTITION BY {written}"
        ))
        .partitioning;
        let Some(Partitioning::Expression {
            text, expressions, ..
        }) = partitioning
        else {
            panic!("{written}: {partitioning:?}")
        };
        assert_eq!(
            (text.as_str(), expressions.len()),
            (expected, count),
            "{written}"
        );
    }
}

#[test]
fn views_keep_their_text() {
    let Statement::CreateView {
        name,
        or_replace,
        text,
        ..
    } = parsed("CREATE OR REPLACE VIEW d.v AS SELECT a FROM t WHERE b = \"x\" -- why\n;")
    else {
        panic!("not a view")
    };
    assert_eq!(
        (name, or_replace, text.as_str()),
        (object("d.v"), true, "SELECT a FROM t WHERE b = \"x\"")
    );
}

#[test]
fn tables_are_dropped_copied_emptied_and_recovered() {
    let cases = [
        (
            "CREATE TABLE IF NOT EXISTS a LIKE d.b",
            Statement::CreateTableLike {
                name: object("a"),
                if_not_exists: true,
                source: object("d.b"),
            },
        ),
        (
            "DROP TABLE IF EXISTS d.t FORCE",
            Statement::DropTable {
                name: object("d.t"),
                if_exists: true,
                force: true,
            },
        ),
        (
            "DROP TABLE default_catalog.d.t",
            Statement::DropTable {
                name: object("d.t"),
                if_exists: false,
                force: false,
            },
        ),
        (
            "DROP VIEW v",
            Statement::DropView {
                name: object("v"),
                if_exists: false,
            },
        ),
        (
            "RECOVER TABLE d.t",
            Statement::RecoverTable {
                name: object("d.t"),
            },
        ),
        (
            "TRUNCATE TABLE t PARTITION (p, q)",
            Statement::Truncate {
                name: object("t"),
                partitions: texts(&["p", "q"]),
            },
        ),
        (
            "CREATE SCHEMA IF NOT EXISTS d",
            Statement::CreateDatabase {
                name: "d".to_owned(),
                if_not_exists: true,
            },
        ),
        (
            "DROP DATABASE d FORCE",
            Statement::DropDatabase {
                name: "d".to_owned(),
                if_exists: false,
                force: true,
            },
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(parsed(sql), expected, "{sql}");
    }
}

#[track_caller]
fn altered(cases: &[(&str, AlterClause)]) {
    for (clause, expected) in cases {
        let sql = format!("ALTER TABLE d.t {clause}");
        assert_eq!(
            parsed(&sql),
            Statement::AlterTable {
                name: object("d.t"),
                clauses: vec![expected.clone()]
            },
            "{sql}"
        );
    }
}

#[test]
fn alter_table_changes_names_columns_and_properties() {
    altered(&[
        (
            "SWAP WITH `b`",
            AlterClause::SwapWith {
                other: "b".to_owned(),
            },
        ),
        ("RENAME b", AlterClause::Rename { to: "b".to_owned() }),
        (
            "SET (\"a.b\" = \"c\")",
            AlterClause::SetProperties(pairs(&[("a.b", "c")])),
        ),
        (
            "COMMENT = \"x\"",
            AlterClause::ModifyComment("x".to_owned()),
        ),
        (
            "ADD COLUMN c INT",
            AlterClause::AddColumn(Box::new(column("c", DataType::Int))),
        ),
        (
            "MODIFY COLUMN c BIGINT",
            AlterClause::ModifyColumn(Box::new(column("c", DataType::BigInt))),
        ),
        (
            "DROP COLUMN c",
            AlterClause::DropColumn {
                name: "c".to_owned(),
            },
        ),
    ]);
    let Statement::AlterTable { clauses, .. } =
        parsed("ALTER TABLE t DROP COLUMN a, DROP COLUMN b")
    else {
        panic!("not an ALTER TABLE")
    };
    assert_eq!(clauses.len(), 2);
}

#[test]
fn alter_table_changes_partitions() {
    let range = |name: &str| {
        PartitionItem::Range(RangePartition::LessThan {
            name: name.to_owned(),
            if_not_exists: false,
            upper: vec![value("x")],
            properties: Vec::new(),
        })
    };
    let listed = PartitionItem::List(ListPartition {
        name: "p".to_owned(),
        if_not_exists: true,
        values: ListValues::Single(vec![Some("x".to_owned())]),
        properties: Vec::new(),
    });
    let buckets = Some(Distribution::Hash {
        columns: texts(&["a"]),
        buckets: Some(2),
    });
    altered(&[
        (
            "RENAME PARTITION p q",
            AlterClause::RenamePartition {
                from: "p".to_owned(),
                to: "q".to_owned(),
            },
        ),
        (
            "ADD PARTITION p VALUES LESS THAN (\"x\") DISTRIBUTED BY HASH(a) BUCKETS 2",
            AlterClause::AddPartition {
                temporary: false,
                partition: range("p"),
                distribution: buckets,
            },
        ),
        (
            "ADD TEMPORARY PARTITION tp VALUES LESS THAN (\"x\")",
            AlterClause::AddPartition {
                temporary: true,
                partition: range("tp"),
                distribution: None,
            },
        ),
        (
            "ADD PARTITION IF NOT EXISTS p VALUES IN (\"x\")",
            AlterClause::AddPartition {
                temporary: false,
                partition: listed,
                distribution: None,
            },
        ),
        (
            "DROP TEMPORARY PARTITION IF EXISTS p FORCE",
            AlterClause::DropPartition {
                temporary: true,
                if_exists: true,
                force: true,
                names: texts(&["p"]),
            },
        ),
        (
            "DROP PARTITIONS (p, q)",
            AlterClause::DropPartition {
                temporary: false,
                if_exists: false,
                force: false,
                names: texts(&["p", "q"]),
            },
        ),
        (
            "REPLACE PARTITION (p) WITH TEMPORARY PARTITION (tp) PROPERTIES ('strict_range' = 'false')",
            AlterClause::ReplacePartition {
                partitions: texts(&["p"]),
                with: texts(&["tp"]),
                properties: pairs(&[("strict_range", "false")]),
            },
        ),
    ]);
}
