//! What a backup asks of the cluster.

use std::time::Duration;

use brd::catalog::BackupKind;

use crate::counting::{Purpose, Record};
use crate::fit::{Point, plane};
use crate::scene::{Scene, in_paused_time};
use crate::{Extent, Failure};

/// Tables, and partitions of all of them together.
const WHOLE: [(usize, usize); 8] = [
    (1, 100),
    (10, 100),
    (1, 1_000),
    (10, 1_000),
    (100, 1_000),
    (10, 10_000),
    (100, 10_000),
    (100, 100_000),
];
const SMALL: [(usize, usize); 4] = [(1, 100), (10, 100), (1, 200), (10, 200)];

/// The runs of one cluster, one after the other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Full,
    /// One partition in a hundred has changed.
    Incremental,
    /// Nothing has.
    Unchanged,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Full, Kind::Incremental, Kind::Unchanged];

    fn name(self) -> &'static str {
        match self {
            Kind::Full => "full",
            Kind::Incremental => "1 % changed",
            Kind::Unchanged => "unchanged",
        }
    }
}

pub fn measure(extent: Extent) -> Result<(), Failure> {
    println!(
        "\nStatements per backup (one group, one database, T tables, P partitions in all, a tick of 3 s, polled every 3 s)"
    );
    println!(
        "{:>4} {:>7}  {:<12} {:>6} = {:>9} {:>8} {:>9} {:>5} {:>5} {:>10} {:>8} {:>10} {:>10}",
        "T",
        "P",
        "kind",
        "all",
        "catalogue",
        "ops read",
        "ops write",
        "polls",
        "job",
        "bytes sent",
        "rows got",
        "longest",
        "brd's time"
    );
    let sizes: &[(usize, usize)] = match extent {
        Extent::Whole => &WHOLE,
        Extent::Small => &SMALL,
    };
    let mut points: Vec<(Kind, Point)> = Vec::new();
    for &(tables, partitions) in sizes {
        for (kind, record, own) in in_paused_time(Box::pin(three_runs(tables, partitions)))?? {
            print(tables, partitions, kind, &record, own);
            let counted = record.statements.len() - count(&record, Purpose::Poll);
            points.push((kind, (real(tables), real(partitions), real(counted))));
        }
    }
    for kind in Kind::ALL {
        let of_kind: Vec<Point> = points
            .iter()
            .filter(|(which, _)| *which == kind)
            .map(|(_, point)| *point)
            .collect();
        if let Some([constant, tables, partitions]) = plane(&of_kind) {
            println!(
                "  {}: statements without polls = {:.1} + {:.2} T + {:.2} P/1000",
                kind.name(),
                tidy(constant),
                tidy(tables),
                tidy(partitions * 1000.0)
            );
        }
    }
    Ok(())
}

async fn three_runs(
    tables: usize,
    partitions: usize,
) -> Result<Vec<(Kind, Record, Duration)>, Failure> {
    let mut scene = Scene::set(tables, partitions / tables)?;
    scene.prepare().await?;
    let mut runs = Vec::new();
    for kind in Kind::ALL {
        if kind == Kind::Incremental {
            scene.load_into(partitions.div_ceil(100))?;
        }
        if kind == Kind::Unchanged {
            // Compared with a full that holds everything.
            scene.back_up(BackupKind::Full).await?;
        }
        let backup = if kind == Kind::Full {
            BackupKind::Full
        } else {
            BackupKind::Incremental
        };
        let (record, took) = scene.back_up(backup).await?;
        let own = took.saturating_sub(record.inside);
        runs.push((kind, record, own));
    }
    Ok(runs)
}

fn print(tables: usize, partitions: usize, kind: Kind, record: &Record, own: Duration) {
    let [catalogue, read, write, polls, job] = Purpose::ALL.map(|purpose| count(record, purpose));
    let bytes: usize = record
        .statements
        .iter()
        .map(|statement| statement.bytes)
        .sum();
    let rows: usize = record
        .statements
        .iter()
        .map(|statement| statement.rows)
        .sum();
    let longest = record
        .statements
        .iter()
        .map(|statement| statement.bytes)
        .max()
        .unwrap_or(0);
    println!(
        "{tables:>4} {partitions:>7}  {:<12} {:>6} = {catalogue:>9} {read:>8} {write:>9} {polls:>5} {job:>5} {bytes:>10} {rows:>8} {longest:>10} {:>7.1} ms",
        kind.name(),
        record.statements.len(),
        own.as_secs_f64() * 1e3
    );
}

fn count(record: &Record, purpose: Purpose) -> usize {
    record
        .statements
        .iter()
        .filter(|statement| statement.purpose == purpose)
        .count()
}

/// To two places, and without the sign of a nought.
fn tidy(number: f64) -> f64 {
    (number * 100.0).round() / 100.0 + 0.0
}

fn real(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
