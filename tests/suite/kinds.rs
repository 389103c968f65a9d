//! Every kind of table comes back exactly, from a full and from an incremental, beside the live table and where it is gone, and goes on as
//! the original did: rows, partitions with their bounds, definition, and what the next loads make of it.

use starrocks_sandbox::release::Release;

use crate::world::World;

/// One kind of table, `sales.t`, and what happens to it.
struct Kind {
    create: &'static str,
    /// Before the full.
    first: &'static [&'static str],
    /// Between the full and the incremental.
    changes: &'static [&'static str],
    /// After the incremental, to the original; and once more to what is restored.
    later: &'static [&'static str],
    /// Partitions of `later` that must have come by themselves.
    born: &'static [&'static str],
}

#[derive(Debug, PartialEq, Eq)]
struct State {
    rows: Vec<Vec<Option<String>>>,
    /// Name and bounds, as the catalogue tells them; the hidden one among them.
    partitions: Vec<Vec<Option<String>>>,
    /// Line by line, in order: that of LIST partitions in SHOW CREATE TABLE is none.
    definition: Vec<String>,
}

fn state(world: &World) -> State {
    State {
        rows: world.rows("sales.t"),
        partitions: world.sql(
            "SELECT PARTITION_NAME, PARTITION_VALUE FROM information_schema.partitions_meta \
             WHERE DB_NAME = 'sales' AND TABLE_NAME = 't' AND IS_TEMP = 0 GROUP BY 1, 2 ORDER BY 1",
        ),
        definition: definition(world),
    }
}

fn definition(world: &World) -> Vec<String> {
    let shown = world.sql("SHOW CREATE TABLE sales.t");
    let lines = shown[0][1].as_deref().unwrap().lines();
    let mut lines: Vec<String> = lines
        .map(|line| line.trim_end_matches(',').to_owned())
        .collect();
    lines.sort();
    lines
}

#[track_caller]
fn run(world: &World, statements: &[&str]) {
    for statement in statements {
        world.sql(statement);
    }
}

fn comes_back_exactly(kind: &Kind) {
    for release in [Release::V3_3, Release::V4_2] {
        play(kind, release);
    }
}

fn play(kind: &Kind, release: Release) {
    let world = World::with_sales_of(release);
    world.sql(kind.create);
    run(&world, kind.first);
    let at_full = state(&world);
    let full = world.back_up("full");
    run(&world, kind.changes);
    let at_incremental = state(&world);
    let incremental = world.back_up("incremental");
    run(&world, kind.later);
    let afterwards = state(&world);
    for name in kind.born {
        let is_it = |row: &Vec<Option<String>>| row[0].as_deref() == Some(name);
        assert!(afterwards.partitions.iter().any(is_it), "{name}");
    }
    let restore = |label: &str, suffix: &str| {
        world.restore(label, &["--table", "t", "--rename-suffix", suffix])
    };

    restore(&incremental, "_one");
    assert_eq!(
        state(&world),
        at_incremental,
        "{release:?}: beside the live table"
    );
    run(&world, kind.later);
    assert_eq!(
        state(&world),
        afterwards,
        "{release:?}: goes on as the original did"
    );

    restore(&full, "_two");
    assert_eq!(state(&world), at_full, "{release:?}: the full");
    run(&world, kind.changes);
    assert_eq!(
        state(&world),
        at_incremental,
        "{release:?}: the full goes on"
    );
    let again = world.back_up("incremental");

    world.sql("DROP TABLE sales.t FORCE");
    restore(&incremental, "_three");
    assert_eq!(
        state(&world),
        at_incremental,
        "{release:?}: the table is gone"
    );
    restore(&again, "_four");
    assert_eq!(
        state(&world),
        at_incremental,
        "{release:?}: of a restored table"
    );
    world.assert_nothing_open();
}

#[test]
fn ranges() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (d DATE NOT NULL, k INT, v VARCHAR(20)) DUPLICATE KEY(d, k) PARTITION BY RANGE(d) \
                 (PARTITION p1 VALUES LESS THAN ('2026-02-01'), PARTITION `order` VALUES LESS THAN ('2026-03-01'), \
                  PARTITION p3 VALUES LESS THAN ('2026-04-01'), PARTITION p4 VALUES LESS THAN ('2026-05-01'), \
                  PARTITION p5 VALUES LESS THAN ('2026-06-01')) DISTRIBUTED BY HASH(k)",
        first: &[
            "INSERT INTO sales.t VALUES ('2026-01-05', 1, 'a'), ('2026-02-05', 2, 'b'), ('2026-03-05', 3, 'c'), ('2026-04-05', 4, 'd'), \
             ('2026-05-05', 5, 'e')",
        ],
        changes: &[
            "ALTER TABLE sales.t ADD PARTITION pmax VALUES LESS THAN (MAXVALUE)",
            "INSERT INTO sales.t VALUES ('2027-01-01', 6, 'max')",
            "INSERT OVERWRITE sales.t PARTITION (`order`) VALUES ('2026-02-06', 7, 'over')",
            "ALTER TABLE sales.t DROP PARTITION p3",
            "TRUNCATE TABLE sales.t PARTITION (p4)",
            "ALTER TABLE sales.t ADD TEMPORARY PARTITION tp VALUES [('2026-05-01'), ('2026-06-01'))",
            "INSERT INTO sales.t TEMPORARY PARTITION (tp) VALUES ('2026-05-09', 8, 'replaced')",
            "ALTER TABLE sales.t REPLACE PARTITION (p5) WITH TEMPORARY PARTITION (tp)",
        ],
        later: &[
            "INSERT INTO sales.t VALUES ('2028-01-01', 9, 'later'), ('2026-04-30', 9, 'later')",
        ],
        born: &[],
    });
}

#[test]
fn partitions_that_exchanged_their_bounds() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (k VARCHAR(20), v INT) PARTITION BY (k) DISTRIBUTED BY HASH(v)",
        first: &[
            "ALTER TABLE sales.t ADD PARTITION one VALUES IN ('a')",
            "ALTER TABLE sales.t ADD PARTITION two VALUES IN ('b')",
            "INSERT INTO sales.t VALUES ('a', 1), ('b', 2), ('c', 3)",
        ],
        changes: &[
            "ALTER TABLE sales.t DROP PARTITION one FORCE",
            "ALTER TABLE sales.t DROP PARTITION two FORCE",
            "ALTER TABLE sales.t ADD PARTITION one VALUES IN ('b')",
            "ALTER TABLE sales.t ADD PARTITION two VALUES IN ('a')",
            "INSERT INTO sales.t VALUES ('a', 4), ('b', 5)",
        ],
        later: &["INSERT INTO sales.t VALUES ('a', 6), ('new', 7)"],
        born: &["pnew"],
    });
}

#[test]
fn lists() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (k VARCHAR(20), n INT, v INT) PARTITION BY LIST(k, n) (PARTITION pa VALUES IN (('a', '1'), ('b', '2')), \
                 PARTITION pn VALUES IN ((NULL, '1')), PARTITION px VALUES IN (('x', '1'))) DISTRIBUTED BY HASH(v)",
        first: &["INSERT INTO sales.t VALUES ('a', 1, 1), ('b', 2, 2), (NULL, 1, 3), ('x', 1, 4)"],
        changes: &[
            r"ALTER TABLE sales.t ADD PARTITION quoted VALUES IN (('it\'s', '1'), ('b\\c', NULL))",
            "ALTER TABLE sales.t ADD PARTITION text_null VALUES IN (('NULL', '1'))",
            "ALTER TABLE sales.t ADD PARTITION empty VALUES IN (('e', '1'))",
            r"INSERT INTO sales.t VALUES ('it\'s', 1, 5), ('b\\c', NULL, 6), ('NULL', 1, 7), (NULL, 1, 8)",
            "ALTER TABLE sales.t DROP PARTITION px",
        ],
        later: &[
            r"INSERT INTO sales.t VALUES ('e', 1, 9), ('b\\c', NULL, 10), ('NULL', 1, 11), (NULL, 1, 12)",
        ],
        born: &[],
    });
}

#[test]
fn one_list_of_values() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (k INT, v INT) PARTITION BY LIST(k) (PARTITION low VALUES IN ('1', '2'), \
                 PARTITION high VALUES IN ('8', '9')) DISTRIBUTED BY HASH(v)",
        first: &["INSERT INTO sales.t VALUES (1, 1), (8, 2)"],
        changes: &[
            "TRUNCATE TABLE sales.t PARTITION (low)",
            "ALTER TABLE sales.t ADD PARTITION negative VALUES IN ('-1', NULL)",
            "INSERT INTO sales.t VALUES (-1, 3), (NULL, 4)",
        ],
        later: &["INSERT INTO sales.t VALUES (2, 5), (NULL, 6)"],
        born: &[],
    });
}

#[test]
fn automatic_lists() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (k VARCHAR(20), v INT) PARTITION BY (k) DISTRIBUTED BY HASH(v)",
        first: &["INSERT INTO sales.t VALUES ('a', 1), ('b', 2), (NULL, 3), ('d', 4)"],
        changes: &[
            "INSERT INTO sales.t VALUES ('é', 4), ('a', 5)",
            "ALTER TABLE sales.t ADD PARTITION mine VALUES IN ('by hand')",
            "TRUNCATE TABLE sales.t PARTITION (pb)",
            "ALTER TABLE sales.t DROP PARTITION pd",
            "INSERT INTO sales.t VALUES (NULL, 6)",
        ],
        later: &["INSERT INTO sales.t VALUES ('z', 7), ('by hand', 8), (NULL, 9), ('b', 10)"],
        born: &["pz"],
    });
}

#[test]
fn slices() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (d DATE, v INT) PARTITION BY date_trunc('day', d) DISTRIBUTED BY HASH(v)",
        first: &[
            "INSERT INTO sales.t VALUES ('2026-03-10', 1), ('2026-03-11', 2), ('2026-03-12', 3), (NULL, 4)",
        ],
        changes: &[
            "INSERT INTO sales.t VALUES ('2026-03-10', 5), ('2026-03-20', 6), (NULL, 7)",
            "TRUNCATE TABLE sales.t PARTITION (p20260311)",
            "ALTER TABLE sales.t DROP PARTITION p20260312",
        ],
        later: &[
            "INSERT INTO sales.t VALUES ('2026-03-12', 8), ('2026-03-11', 9), ('2027-01-01', 10)",
        ],
        born: &["p20270101"],
    });
}

#[test]
fn slices_of_a_month_written_over() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (d DATETIME, v INT) DUPLICATE KEY(d) PARTITION BY date_trunc('month', d) DISTRIBUTED BY HASH(v)",
        first: &[
            "INSERT INTO sales.t VALUES ('2026-03-10 11:12:13', 1), ('2026-04-11 00:00:00', 2), ('2026-05-01 00:00:00', 3)",
        ],
        changes: &["INSERT OVERWRITE sales.t VALUES ('2026-03-31 23:59:59', 4)"],
        later: &["INSERT INTO sales.t VALUES ('2026-12-31 00:00:00', 5)"],
        born: &["p202612"],
    });
}

#[test]
fn random_distribution_that_grew() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (d DATE NOT NULL, v INT) DUPLICATE KEY(d) PARTITION BY RANGE(d) \
                 (PARTITION p1 VALUES LESS THAN ('2026-02-01'), PARTITION p2 VALUES LESS THAN ('2026-03-01')) DISTRIBUTED BY RANDOM",
        first: &[
            "INSERT INTO sales.t VALUES ('2026-01-05', 1), ('2026-02-05', 2)",
            "SANDBOX GROW sales.t PARTITION p1",
            "INSERT INTO sales.t VALUES ('2026-01-06', 3)",
        ],
        changes: &[
            "SANDBOX GROW sales.t PARTITION p2",
            "INSERT INTO sales.t VALUES ('2026-02-05', 2), ('2026-02-06', 4)",
        ],
        later: &["INSERT INTO sales.t VALUES ('2026-01-07', 5), ('2026-02-07', 6)"],
        born: &[],
    });
}

#[test]
fn aggregates() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (d DATE NOT NULL, k INT, s BIGINT SUM, m INT MAX, r VARCHAR(20) REPLACE) AGGREGATE KEY(d, k) \
                 PARTITION BY RANGE(d) (PARTITION p1 VALUES LESS THAN ('2026-02-01'), PARTITION p2 VALUES LESS THAN ('2026-03-01')) \
                 DISTRIBUTED BY HASH(k)",
        first: &[
            "INSERT INTO sales.t VALUES ('2026-01-05', 1, 10, 3, 'a'), ('2026-02-05', 1, 10, 3, 'a')",
        ],
        changes: &[
            "INSERT INTO sales.t VALUES ('2026-02-05', 1, 5, 1, 'b')",
            "INSERT INTO sales.t VALUES ('2026-02-05', 2, NULL, NULL, NULL)",
        ],
        later: &[
            "INSERT INTO sales.t VALUES ('2026-02-05', 1, 1, 9, 'c'), ('2026-01-05', 1, 1, 9, 'c')",
        ],
        born: &[],
    });
}

#[test]
fn generated_columns() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (d DATE NOT NULL, k INT NOT NULL, v INT, g INT AS abs(v)) PRIMARY KEY(d, k) \
                 PARTITION BY RANGE(d) (PARTITION p1 VALUES LESS THAN ('2026-02-01'), PARTITION p2 VALUES LESS THAN ('2026-03-01')) \
                 DISTRIBUTED BY HASH(k)",
        first: &[
            "INSERT INTO sales.t (d, k, v) VALUES ('2026-01-05', 1, -1), ('2026-02-05', 2, -2)",
        ],
        changes: &[
            "INSERT INTO sales.t (d, k, v) VALUES ('2026-02-05', 3, -3)",
            "UPDATE sales.t SET v = -9 WHERE k = 2",
        ],
        later: &["INSERT INTO sales.t (d, k, v) VALUES ('2026-01-05', 4, -4)"],
        born: &[],
    });
}

#[test]
fn counted_columns_go_on_counting() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (id BIGINT NOT NULL AUTO_INCREMENT, d DATE NOT NULL, v INT) PRIMARY KEY(id, d) \
                 PARTITION BY RANGE(d) (PARTITION p1 VALUES LESS THAN ('2026-02-01'), PARTITION p2 VALUES LESS THAN ('2026-03-01')) \
                 DISTRIBUTED BY HASH(id)",
        first: &["INSERT INTO sales.t (d, v) VALUES ('2026-01-05', 1), ('2026-02-05', 2)"],
        changes: &["INSERT INTO sales.t (d, v) VALUES ('2026-02-05', 3), ('2026-02-06', 4)"],
        later: &[
            "INSERT INTO sales.t (d, v) VALUES ('2026-01-06', 5)",
            "INSERT INTO sales.t (d, v) VALUES ('2026-02-06', 6)",
        ],
        born: &[],
    });
}

#[test]
fn tables_without_partitions() {
    comes_back_exactly(&Kind {
        create: "CREATE TABLE sales.t (id BIGINT NOT NULL AUTO_INCREMENT, v INT) PRIMARY KEY(id) DISTRIBUTED BY HASH(id)",
        first: &["INSERT INTO sales.t (v) VALUES (1), (2)"],
        changes: &[
            "DELETE FROM sales.t WHERE id = 1",
            "INSERT INTO sales.t (v) VALUES (3)",
        ],
        later: &["INSERT INTO sales.t (v) VALUES (4)"],
        born: &[],
    });
}

/// A slice of several days is added by no statement, and an empty one has no row to make it.
#[test]
fn an_empty_slice_of_several_days_comes_with_its_first_row() {
    let world = World::with_sales();
    world.sql(
        "CREATE TABLE sales.t (d DATE, v INT) PARTITION BY time_slice(d, INTERVAL 7 DAY) DISTRIBUTED BY HASH(v)",
    );
    world.sql("INSERT INTO sales.t VALUES ('2026-03-11', 1), ('2026-03-18', 2), ('2026-03-25', 3)");
    world.back_up("full");
    world.sql("TRUNCATE TABLE sales.t PARTITION (p20260309)");
    world.sql("INSERT INTO sales.t VALUES ('2026-03-19', 4)");
    let before = state(&world);
    let label = world.back_up("incremental");
    world.sql("TRUNCATE TABLE sales.t");
    let job = world.restore(&label, &["--table", "t"]);
    assert_eq!(world.rows("sales.t"), before.rows);
    let said = world.brctl(&["show", &job]).ok().stdout;
    assert!(said.contains("p20260309"), "{said}");
    world.sql("INSERT INTO sales.t VALUES ('2026-03-11', 5), ('2026-04-01', 6)");
    let names: Vec<_> = state(&world)
        .partitions
        .into_iter()
        .filter_map(|mut row| row.remove(0))
        .collect();
    assert_eq!(
        names,
        [
            "$shadow_automatic_partition",
            "p20260309",
            "p20260316",
            "p20260323",
            "p20260330"
        ]
    );
}

#[test]
fn nothing_drops_partitions_of_what_was_restored_until_it_is_asked_for() {
    let world = World::with_sales();
    world.sql(
        "CREATE TABLE sales.t (d DATE, v INT) PARTITION BY RANGE(d) (PARTITION p1 VALUES LESS THAN ('2020-01-01'), \
         PARTITION p2 VALUES LESS THAN ('2021-01-01'), PARTITION p3 VALUES LESS THAN ('2022-01-01')) DISTRIBUTED BY HASH(v)",
    );
    world.sql("INSERT INTO sales.t VALUES ('2019-01-01', 1), ('2020-06-01', 2), ('2021-06-01', 3)");
    world.sql("ALTER TABLE sales.t SET ('partition_ttl' = '1 month')");
    world.sql("ALTER TABLE sales.t SET ('partition_live_number' = '1')");
    let before = world.rows("sales.t");
    let label = world.back_up("full");
    world.sandbox.run_schedulers();
    let dropped = world.rows("sales.t");
    assert!(dropped.len() < before.len());
    let job = world.restore(&label, &["--table", "t"]);
    world.sandbox.run_schedulers();
    assert_eq!(world.rows("sales.t"), before);
    let said = world.brctl(&["show", &job]).ok().stdout;
    for statement in [
        r#"SET ("partition_ttl" = "1 month")"#,
        r#"SET ("partition_live_number" = "1")"#,
    ] {
        assert!(said.contains(statement), "{statement} is not in {said}");
    }
    world.brctl(&["undo", &job]).ok();
    assert_eq!(world.rows("sales.t"), dropped);
    let shown = definition(&world);
    for property in [
        r#""partition_ttl" = "1 month""#,
        r#""partition_live_number" = "1""#,
    ] {
        assert!(shown.contains(&property.to_owned()), "{shown:?}");
    }
}
