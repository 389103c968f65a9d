//! What a restore of a full and an incremental downloads, as a ratio to what the restored tables hold.

use brd::catalog::BackupKind;

use crate::scene::{Scene, in_paused_time};
use crate::{Extent, Failure};

const TABLES: usize = 10;

/// Partitions of each table, and how many of them changed between the full and the incremental.
const WHOLE: [(usize, usize); 4] = [(100, 1), (100, 10), (100, 50), (100, 100)];
const SMALL: [(usize, usize); 1] = [(20, 2)];

pub fn measure(extent: Extent) -> Result<(), Failure> {
    let sizes: &[(usize, usize)] = match extent {
        Extent::Whole => &WHOLE,
        Extent::Small => &SMALL,
    };
    println!("\nBytes that a restore downloads ({TABLES} tables, a full and an incremental)");
    println!(
        "{:>11} {:>8} {:>9}  {:>10} {:>10} {:>6}",
        "P per table", "changed", "RESTOREs", "downloaded", "restored", "ratio"
    );
    for &(partitions, changed) in sizes {
        in_paused_time(Box::pin(one(partitions, changed)))??;
    }
    Ok(())
}

async fn one(partitions: usize, changed: usize) -> Result<(), Failure> {
    let mut scene = Scene::set(TABLES, partitions)?;
    scene.prepare().await?;
    scene.load_into(partitions * TABLES)?;
    scene.back_up(BackupKind::Full).await?;
    scene.load_into(changed * TABLES)?;
    scene.back_up(BackupKind::Incremental).await?;
    let live = scene.data_bytes()?;
    let (jobs, planned) = scene.restore_latest().await?;
    let restored = scene.data_bytes()?;
    if restored != live {
        return Err(format!("{live} bytes were backed up, and {restored} restored").into());
    }
    #[expect(clippy::cast_precision_loss, reason = "two decimals are printed")]
    let ratio = planned as f64 / restored as f64;
    println!("{partitions:>11} {changed:>8} {jobs:>9}  {planned:>10} {restored:>10} {ratio:>6.2}");
    if ratio > 1.0 {
        return Err(
            "some partition was downloaded twice, though each could be taken from one link".into(),
        );
    }
    Ok(())
}
