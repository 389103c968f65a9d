//! Whatever the text, the parser returns.

use crate::parser::{parse, split};
use crate::release::Release;

const PIECES: &[&str] = &[
    "BACKUP",
    "RESTORE",
    "SNAPSHOT",
    "DATABASE",
    "TO",
    "FROM",
    "ON",
    "TABLE",
    "PARTITION",
    "PARTITIONS",
    "TEMPORARY",
    "PROPERTIES",
    "SHOW",
    "CREATE",
    "ALTER",
    "DROP",
    "INSERT",
    "INTO",
    "OVERWRITE",
    "VALUES",
    "SELECT",
    "WHERE",
    "SET",
    "GRANT",
    "WITH",
    "LABEL",
    "BROKER",
    "LOCATION",
    "REPOSITORY",
    "RANGE",
    "LIST",
    "LESS",
    "THAN",
    "MAXVALUE",
    "START",
    "END",
    "EVERY",
    "INTERVAL",
    "DAY",
    "BY",
    "HASH",
    "BUCKETS",
    "KEY",
    "PRIMARY",
    "INT",
    "DECIMAL",
    "VARCHAR",
    "DEFAULT",
    "NOT",
    "NULL",
    "AS",
    "ADD",
    "COLUMN",
    "COMMENT",
    "ALL",
    "EXTERNAL",
    "CATALOGS",
    "VIEW",
    "MATERIALIZED",
    "FUNCTION",
    "CASE",
    "WHEN",
    "UNION",
    "LIKE",
    "IN",
    "IF",
    "EXISTS",
    "UPDATE",
    "DELETE",
    "USER",
    "ROLE",
    "IDENTIFIED",
    "GLOBAL",
    "NAMES",
    "(",
    ")",
    "[",
    "]",
    "{",
    ",",
    ".",
    ";",
    "=",
    "*",
    "-",
    "+",
    "<",
    ">",
    "@",
    "@@",
    "!",
    "|",
    "&",
    "'a'",
    "\"b\"",
    "`c`",
    "''",
    "``",
    "'",
    "\"",
    "`",
    "\\",
    "--",
    "#",
    "/*",
    "*/",
    "/*+",
    "1",
    "0.5",
    ".5",
    "1e",
    "99999999999999999999",
    "1a",
    "é",
    "x",
    "t",
    "\n",
    "\u{0}",
    "\u{2028}",
    "€'",
];

/// A xorshift generator: the same texts on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

fn read(text: &str) {
    // Either outcome is fine; not coming back is not.
    drop(parse(text, Release::V3_5));
    for piece in split(text) {
        assert!(text.contains(piece));
        drop(parse(piece, Release::V3_5));
    }
}

#[test]
fn random_words_never_break_it() {
    let mut dice = Dice(0x5eed_cafe);
    for _ in 0..20_000 {
        let length = 1 + dice.roll(14);
        let text: Vec<&str> = (0..length)
            .map(|_| PIECES[dice.roll(PIECES.len())])
            .collect();
        read(&text.join(if dice.roll(4) == 0 { "" } else { " " }));
    }
}

#[test]
fn cut_and_mutated_statements_never_break_it() {
    let statements = [
        "BACKUP DATABASE d SNAPSHOT l TO r ON (TABLE t PARTITION (p1, 'p2') AS x, ALL VIEWS) PROPERTIES ('timeout' = \"3600\")",
        "RESTORE SNAPSHOT `d`.`l` FROM r ON (t AS t2) PROPERTIES (\"backup_timestamp\" = \"x\")",
        "CREATE TABLE d.t (a BIGINT NOT NULL AUTO_INCREMENT COMMENT 'é', b DECIMAL(10, 2) DEFAULT '0') PRIMARY KEY (a) PARTITION BY RANGE(a) \
         (PARTITION p VALUES [('1'), ('2')), START ('2') END ('9') EVERY (1)) DISTRIBUTED BY HASH(a) BUCKETS 3 PROPERTIES ('x' = 'y')",
        "INSERT INTO d.t PARTITION (p) WITH LABEL x (a, b) VALUES (-1, 'it''s'), (now(), DEFAULT), (1 + 2, \"\\\"\")",
        "SELECT a, CASE WHEN b THEN 'é' ELSE @@x END FROM t PARTITIONS (p) WHERE a IN (1, 2) AND b LIKE '%x' -- c\n ORDER BY 1 LIMIT 2, 3",
        "SET GLOBAL a = 1, @@session.b = 'x', @u = (SELECT 1), NAMES utf8",
    ];
    let mut dice = Dice(0x0dd_ba11);
    for statement in statements {
        for (end, _) in statement.char_indices() {
            read(&statement[..end]);
            read(&statement[end..]);
        }
        for _ in 0..1_000 {
            let mut characters: Vec<char> = statement.chars().collect();
            for _ in 0..=dice.roll(4) {
                let at = dice.roll(characters.len());
                let other = dice.roll(characters.len());
                match dice.roll(3) {
                    0 => characters.swap(at, other),
                    1 => drop(characters.remove(at)),
                    _ => characters.insert(at, characters[other]),
                }
            }
            read(&characters.into_iter().collect::<String>());
        }
    }
}

#[test]
fn deep_and_long_texts_are_refused_or_read() {
    for nested in [
        "(".repeat(50_000),
        format!("SELECT {}1{}", "(".repeat(90), ")".repeat(90)),
        format!("SELECT {}1", "NOT ".repeat(5_000)),
        format!("SELECT {}1", "- ".repeat(2_900)),
        format!("SELECT {}", "CASE WHEN ".repeat(5_000)),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(2_000)),
        format!("SELECT {}1{}", "f(".repeat(5_000), ")".repeat(5_000)),
        format!("SELECT a{}", "[1]".repeat(5_000)),
        format!("SELECT a{}", " IS NULL".repeat(5_000)),
        format!(
            "SELECT a FROM t WHERE {}",
            vec!["a = 1"; 3_000].join(" OR ")
        ),
        format!(
            "SELECT a FROM t WHERE {}",
            vec!["a = 1"; 200_000].join(" OR ")
        ),
    ] {
        read(&nested);
    }
    let list = vec!["'x'"; 9_999].join(", ");
    assert!(
        parse(
            &format!("SELECT a FROM t WHERE a IN ({list})"),
            Release::V3_5
        )
        .is_ok()
    );
}
