//! The real daemon on ever more partitions: its processor time and the most memory it ever has.

use crate::client::Client;
use crate::cluster::Cluster;
use crate::daemon::Daemon;
use crate::scene::day;
use crate::{Extent, Failure};

const TABLES: usize = 100;

const WHOLE: [usize; 3] = [1_000, 10_000, 100_000];
const SMALL: [usize; 1] = [1_000];

const MEGABYTE: f64 = 1_000_000.0;

/// The most memory that the daemon may have: for itself, and for each partition, in bytes. 200 MB with a hundred thousand.
const ITSELF: u64 = 25_000_000;
const A_PARTITION: u64 = 1_750;

pub fn measure(extent: Extent) -> Result<(), Failure> {
    let sizes: &[usize] = match extent {
        Extent::Whole => &WHOLE,
        Extent::Small => &SMALL,
    };
    println!(
        "\nThe daemon on {TABLES} tables: a full, then an incremental with one partition in a hundred changed, then a plan to restore all"
    );
    println!(
        "{:>7}  {:>15} {:>15} {:>15} {:>12}",
        "P", "full, processor", "incremental", "restore plan", "most memory"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for &partitions in sizes {
        runtime.block_on(one(partitions))?;
    }
    Ok(())
}

async fn one(partitions: usize) -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let cluster = Cluster::start(&directory.path().join("repositories"))?;
    let per_table = partitions / TABLES;
    let mut client = Client::connect(cluster.address).await?;
    fill(&mut client, per_table).await?;
    let groups = "[group.bench]\nfull = \"0 1 1 1 *\"\nincremental = \"0 2 2 1 *\"\n";
    let daemon = Daemon::start(directory.path(), cluster.address, groups).await?;
    daemon.brctl(&["init"]).await?;
    client
        .run("INSERT INTO ops.table_inventory (inventory_group, database_name, table_name) VALUES ('bench', 'shop', '*')")
        .await?;
    let full = spent(&daemon, &["backup", "full", "--group", "bench"]).await?;
    load(&mut client, per_table.div_ceil(100)).await?;
    let incremental = spent(&daemon, &["backup", "incremental", "--group", "bench"]).await?;
    let plan = [
        "restore", "--latest", "--group", "bench", "--plan", "--json",
    ];
    let plan = spent(&daemon, &plan).await?;
    let peak = daemon.peak_bytes()?;
    #[expect(clippy::cast_precision_loss, reason = "one decimal is printed")]
    let shown = peak as f64 / MEGABYTE;
    println!(
        "{partitions:>7}  {full:>13.2} s {incremental:>13.2} s {plan:>13.2} s {shown:>9.1} MB"
    );
    let limit = ITSELF + A_PARTITION * partitions as u64;
    if peak > limit {
        return Err(format!(
            "with {partitions} partitions the daemon had {peak} bytes of memory, and {limit} are the limit"
        )
        .into());
    }
    Ok(())
}

/// Processor seconds of the daemon.
async fn spent(daemon: &Daemon, arguments: &[&str]) -> Result<f64, Failure> {
    let before = daemon.processor_seconds()?;
    daemon.brctl(arguments).await?;
    Ok(daemon.processor_seconds()? - before)
}

async fn fill(client: &mut Client, per_table: usize) -> Result<(), Failure> {
    client.run("CREATE DATABASE shop").await?;
    client
        .run("CREATE REPOSITORY nightly WITH BROKER ON LOCATION 's3://bucket/nightly' PROPERTIES ('aws.s3.region' = 'x')")
        .await?;
    for table in 0..TABLES {
        let create = format!(
            "CREATE TABLE shop.t{table} (d DATE NOT NULL, v BIGINT NULL) DUPLICATE KEY(d) PARTITION BY RANGE(d) \
             (START ('{}') END ('{}') EVERY (INTERVAL 1 DAY)) DISTRIBUTED BY HASH(d) BUCKETS 1",
            day(0),
            day(per_table)
        );
        client.run(&create).await?;
    }
    Ok(())
}

async fn load(client: &mut Client, per_table: usize) -> Result<(), Failure> {
    for table in 0..TABLES {
        let rows: Vec<String> = (0..per_table)
            .map(|at| format!("('{}', 1)", day(at)))
            .collect();
        client
            .run(&format!(
                "INSERT INTO shop.t{table} VALUES {}",
                rows.join(", ")
            ))
            .await?;
    }
    Ok(())
}
