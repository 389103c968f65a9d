//! What a restore of a full and an incremental downloads, as a ratio to what the restored tables hold; and what it asks of the cluster for
//! each of them.

use brd::catalog::BackupKind;

use crate::counting::{Purpose, Record};
use crate::scene::{Scene, in_paused_time};
use crate::{Extent, Failure};

/// Tables, partitions of each, and how many of them changed between the full and the incremental.
const WHOLE: [(usize, usize, usize); 7] = [
    (10, 100, 1),
    (10, 100, 10),
    (10, 100, 50),
    (10, 100, 100),
    (5, 20, 2),
    (20, 20, 2),
    (40, 20, 2),
];
const SMALL: [(usize, usize, usize); 2] = [(5, 20, 2), (10, 20, 2)];

/// How much more of anything one table among many may take than one among few.
const GROWTH: f64 = 1.1;

pub fn measure(extent: Extent) -> Result<(), Failure> {
    let sizes: &[(usize, usize, usize)] = match extent {
        Extent::Whole => &WHOLE,
        Extent::Small => &SMALL,
    };
    println!(
        "\nA restore of T tables from a full and an incremental: bytes, and per table statements and rows read"
    );
    println!(
        "{:>4} {:>11} {:>8} {:>9}  {:>10} {:>10} {:>6} {:>9} {:>9} {:>8}",
        "T",
        "P per table",
        "changed",
        "RESTOREs",
        "downloaded",
        "restored",
        "ratio",
        "sent / T",
        "polls / T",
        "rows / T"
    );
    let mut least: Vec<(usize, usize, Cost)> = Vec::new();
    for &(tables, partitions, changed) in sizes {
        let cost = in_paused_time(Box::pin(one(tables, partitions, changed)))??;
        let same = |(of, on, _): &&(usize, usize, Cost)| (*of, *on) == (partitions, changed);
        if let Some((.., least)) = least.iter().find(same) {
            least.prove_no_growth(&cost)?;
        }
        least.push((partitions, changed, cost));
    }
    Ok(())
}

/// Of one table.
struct Cost {
    sent: f64,
    rows: f64,
}

impl Cost {
    fn prove_no_growth(&self, among_more: &Cost) -> Result<(), Failure> {
        if among_more.sent > self.sent * GROWTH || among_more.rows > self.rows * GROWTH {
            return Err("a table among many asks more of the cluster than one among few".into());
        }
        Ok(())
    }
}

async fn one(tables: usize, partitions: usize, changed: usize) -> Result<Cost, Failure> {
    let mut scene = Scene::set(tables, partitions)?;
    scene.prepare().await?;
    scene.load_into(partitions * tables)?;
    scene.back_up(BackupKind::Full).await?;
    scene.load_into(changed * tables)?;
    scene.back_up(BackupKind::Incremental).await?;
    let live = scene.data_bytes()?;
    let (record, planned) = scene.restore_latest().await?;
    let restored = scene.data_bytes()?;
    if restored != live {
        return Err(format!("{live} bytes were backed up, and {restored} restored").into());
    }
    let is_poll = |purpose: Purpose| purpose == Purpose::Poll;
    let statements = record.statements.iter();
    let polls = statements.filter(|sent| is_poll(sent.purpose)).count();
    let cost = Cost {
        sent: per(record.statements.len() - polls, tables),
        rows: per(rows(&record), tables),
    };
    let sent = record.statements.iter();
    let jobs = sent.filter(|sent| sent.text.starts_with("RESTORE")).count();
    #[expect(clippy::cast_precision_loss, reason = "two decimals are printed")]
    let ratio = planned as f64 / restored as f64;
    println!(
        "{tables:>4} {partitions:>11} {changed:>8} {jobs:>9}  {planned:>10} {restored:>10} {ratio:>6.2} {:>9.1} {:>9.1} {:>8.1}",
        cost.sent,
        per(polls, tables),
        cost.rows
    );
    if ratio > 1.0 {
        return Err(
            "some partition was downloaded twice, though each could be taken from one link".into(),
        );
    }
    Ok(cost)
}

fn rows(record: &Record) -> usize {
    record.statements.iter().map(|sent| sent.rows).sum()
}

fn per(count: usize, tables: usize) -> f64 {
    let real = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    real(count) / real(tables)
}
