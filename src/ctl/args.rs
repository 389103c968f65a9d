//! What `brctl` can be told.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand};

use super::exit::Exit;
use crate::catalog::BackupKind;
use crate::control::protocol::NEXT_DAYS_LIMIT;
use crate::names::{DatabaseName, GroupName, JobId, Label, RepositoryName};
use crate::plan::restore::default_suffix;

/// Asks brd, the StarRocks backup and restore daemon.
#[derive(Debug, Parser)]
#[command(name = "brctl", version, max_term_width = 100, arg_required_else_help = true, after_help = exit_codes())]
pub(super) struct Brctl {
    /// The daemon's control socket
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "BRD_SOCKET",
        default_value = "/run/brd/brd.sock"
    )]
    pub socket: PathBuf,

    #[command(subcommand)]
    pub verb: Verb,
}

/// The whole grammar, for completions and man pages.
pub fn command() -> clap::Command {
    Brctl::command()
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Create or upgrade brd's tables in the cluster's `ops` database
    Init(Json),
    /// How the daemon, the cluster and every group are
    Status(Json),
    /// What is due, and when
    Next(NextArgs),
    /// Jobs that wait, run or ended since the daemon started
    Jobs(Json),
    /// All about one job or one backup
    Show(ShowArgs),
    /// Watch a job until it ends
    Follow(FollowArgs),
    /// Cancel a job, also on the cluster
    Cancel(JobArgs),
    /// The backups on record: what one can restore to
    Backups(BackupsArgs),
    /// Which tables of the cluster are backed up, and which are not
    Coverage(Json),
    /// Make a backup now
    Backup(BackupArgs),
    /// Bring tables back to the state of a backup
    Restore(RestoreArgs),
    /// Swap back the tables that a restore replaced
    Undo(EndArgs),
    /// Make live what a restore with --no-swap left beside the live tables
    Swap(EndArgs),
    /// Drop the tables that a restore left under its suffix
    Discard(EndArgs),
    /// Keep a backup, with all that it was compared with, whatever retention says
    Pin(PinArgs),
    /// Leave a backup to retention again
    Unpin(UnpinArgs),
    /// Let go of the backups that the schedule's keep keys do not keep
    Prune(PruneArgs),
    /// Bring brd's memory back on a new cluster, when the old one is gone
    Recover(RecoverArgs),
    /// Check configuration or schedule files; without a file, the running daemon and its cluster
    Check(CheckArgs),
    /// Let the daemon read its schedule again
    Reload(Json),
}

#[derive(Debug, Args)]
pub(super) struct Json {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct NextArgs {
    /// How far to look ahead
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=i64::from(NEXT_DAYS_LIMIT)))]
    pub days: u32,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A job's id (`brctl jobs`) or a backup's label (`brctl backups`)
    #[arg(value_name = "JOB|LABEL")]
    pub name: String,
    /// List every partition of a backup
    #[arg(long)]
    pub partitions: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub(super) struct JobArgs {
    /// As `brctl jobs` lists it
    pub job: JobId,
}

#[derive(Debug, Args)]
pub(super) struct FollowArgs {
    /// As `brctl jobs` lists it
    pub job: JobId,
    /// Stop watching after this time, such as 90m; the job goes on
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub(super) struct BackupsArgs {
    /// Only backups of this inventory group
    #[arg(long, value_name = "GROUP")]
    pub group: Option<GroupName>,
    #[command(flatten)]
    pub json: Json,
}

/// How long to stay with a job.
#[derive(Debug, Args)]
pub(super) struct WaitArgs {
    /// Only start the job, and print its id
    #[arg(long)]
    pub no_wait: bool,
    /// Stop watching after this time, such as 90m; the job goes on
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "no_wait")]
    pub timeout: Option<Duration>,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// Everything, or what changed since the baseline
    #[arg(value_name = "full|incremental", value_parser = PossibleValuesParser::new(["full", "incremental"]).map(kind), hide_possible_values = true)]
    pub kind: BackupKind,
    /// The inventory group whose tables are backed up
    #[arg(long, value_name = "GROUP")]
    pub group: GroupName,
    /// Compare with this backup; without it, with the latest one that the schedule's rules allow
    #[arg(long, value_name = "LABEL", value_parser = recorded_label)]
    pub baseline_backup: Option<Label>,
    /// The new backup's label; without it, database, day and kind
    #[arg(long, value_name = "LABEL", value_parser = new_label)]
    pub name: Option<Label>,
    #[command(flatten)]
    pub wait: WaitArgs,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("point").required(true))]
pub(super) struct RestoreArgs {
    /// The backup whose state is wanted, as `brctl backups` lists it
    #[arg(long, value_name = "LABEL", value_parser = recorded_label, group = "point")]
    pub target_label: Option<Label>,
    /// The newest state that is not after this time: 2026-11-22T01:00:00Z, "2026-11-22 01:00", "2h ago"
    #[arg(long, value_name = "TIME", group = "point")]
    pub at: Option<String>,
    /// The newest state there is
    #[arg(long, group = "point")]
    pub latest: bool,
    /// Only the tables of this inventory group; with --at and --latest, of each of its databases
    #[arg(long, value_name = "GROUP")]
    pub group: Option<GroupName>,
    /// With --at and --latest: only this database
    #[arg(long, value_name = "DATABASE", conflicts_with = "target_label")]
    pub database: Option<DatabaseName>,
    /// The zone of --at, instead of the group's own
    #[arg(long, value_name = "ZONE", conflicts_with_all = ["target_label", "latest"])]
    pub timezone: Option<String>,
    /// Only this table, as `table` or `database.table`; may be given several times
    #[arg(long = "table", value_name = "TABLE")]
    pub tables: Vec<String>,
    /// Only this partition of a live table, as `table.partition`; the others stay as they are; may be given several times
    #[arg(long = "partition", value_name = "TABLE.PARTITION", conflicts_with_all = ["tables", "group", "into"])]
    pub partitions: Vec<String>,
    /// Put behind a table's name while it is built, and where its old data is afterwards
    #[arg(long, value_name = "SUFFIX", default_value_t = default_suffix())]
    pub rename_suffix: String,
    /// Stop when all is restored and verified beside the live tables; `brctl swap JOB` makes it live
    #[arg(long)]
    pub no_swap: bool,
    /// Restore into this database instead of the backup's own; it is created if it is missing
    #[arg(long, value_name = "DATABASE")]
    pub into: Option<DatabaseName>,
    /// Print what would be done, and do nothing
    #[arg(long)]
    pub plan: bool,
    /// Do not ask before starting
    #[arg(long, conflicts_with = "plan")]
    pub yes: bool,
    /// Although the cluster seems to lack the space: its figures are estimates
    #[arg(long, conflicts_with = "plan")]
    pub force: bool,
    #[command(flatten)]
    pub wait: WaitArgs,
}

#[derive(Debug, Args)]
pub(super) struct EndArgs {
    /// The restore's job, as `brctl jobs` lists it
    pub job: JobId,
    /// Do not ask before starting
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub wait: WaitArgs,
}

#[derive(Debug, Args)]
pub(super) struct PinArgs {
    /// As `brctl backups` lists it
    #[arg(value_name = "LABEL", value_parser = recorded_label)]
    pub label: Label,
    /// Only until the end of this day (UTC), as 2027-03-31, or until a moment, as 2027-03-31T12:00:00Z
    #[arg(long, value_name = "DATE", value_parser = end)]
    pub until: Option<DateTime<Utc>>,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub(super) struct UnpinArgs {
    /// As `brctl backups` lists it
    #[arg(value_name = "LABEL", value_parser = recorded_label)]
    pub label: Label,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// Only this group; without it, every group of the schedule
    #[arg(long, value_name = "GROUP")]
    pub group: Option<GroupName>,
    /// Print what would go and why everything else stays, and do nothing
    #[arg(long)]
    pub plan: bool,
    /// Do not ask before starting
    #[arg(long, conflicts_with = "plan")]
    pub yes: bool,
    #[command(flatten)]
    pub wait: WaitArgs,
}

#[derive(Debug, Args)]
pub(super) struct RecoverArgs {
    /// The repository that the backups are in, under the name that it had on the old cluster
    #[arg(long, value_name = "REPOSITORY")]
    pub repository: RepositoryName,
    /// Take this mirror of the catalogue, on the daemon's host, instead of looking for a backup of `ops`
    #[arg(long, value_name = "FILE")]
    pub from_mirror: Option<PathBuf>,
    #[command(flatten)]
    pub wait: WaitArgs,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// `brd.toml` or a schedule file; needs no daemon
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub json: Json,
}

fn exit_codes() -> String {
    let lines = Exit::ALL.map(|exit| format!("  {:>2}  {}", exit.code(), exit.meaning()));
    format!("Exit status:\n{}", lines.join("\n"))
}

fn kind(word: String) -> BackupKind {
    if word == BackupKind::Full.as_str() {
        BackupKind::Full
    } else {
        BackupKind::Incremental
    }
}

fn recorded_label(text: &str) -> Result<Label, String> {
    Label::recorded(text).map_err(|error| error.to_string())
}

fn new_label(text: &str) -> Result<Label, String> {
    Label::parse(text).map_err(|error| error.to_string())
}

/// A day counts to its end.
fn end(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.to_utc());
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .and_then(|day| day.succ_opt())
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .map(|end| end.and_utc())
        .ok_or_else(|| {
            "neither a day, as 2027-03-31, nor a moment, as 2027-03-31T12:00:00Z".to_owned()
        })
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.is_zero() {
        Err("no time at all; --no-wait does not wait".to_owned())
    } else {
        Ok(duration)
    }
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    fn parse(line: &str) -> Result<Brctl, clap::Error> {
        Brctl::try_parse_from(std::iter::once("brctl").chain(line.split_whitespace()))
    }

    fn refused(line: &str) -> (ErrorKind, i32) {
        let error = parse(line)
            .map(|parsed| panic!("{line} is {parsed:?}"))
            .unwrap_err();
        (error.kind(), error.exit_code())
    }

    #[test]
    fn the_grammar_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn a_restore_takes_everything_it_needs_from_its_line() {
        let parsed =
            parse("--socket /tmp/s restore --target-label l1 --table a --table db.b --plan --json")
                .unwrap();
        assert_eq!(parsed.socket, PathBuf::from("/tmp/s"));
        let Verb::Restore(args) = parsed.verb else {
            panic!("not a restore")
        };
        assert_eq!(args.target_label.unwrap().as_str(), "l1");
        assert_eq!(args.tables, ["a", "db.b"]);
        assert_eq!(args.rename_suffix, "_restored");
        assert!(args.plan && !args.yes && args.wait.json.json);
    }

    #[test]
    fn a_backup_names_its_kind_and_group() {
        let Verb::Backup(args) =
            parse("backup incremental --group g --baseline-backup größe/1 --timeout 90m")
                .unwrap()
                .verb
        else {
            panic!("not a backup")
        };
        assert_eq!(
            (args.kind, args.group.as_str()),
            (BackupKind::Incremental, "g")
        );
        assert_eq!(args.baseline_backup.unwrap().as_str(), "größe/1");
        assert_eq!(args.wait.timeout, Some(Duration::from_secs(5400)));
    }

    #[test]
    fn a_pin_ends_with_its_day() {
        let until = |line: &str| {
            let Verb::Pin(args) = parse(line).unwrap().verb else {
                panic!("not a pin")
            };
            args.until.map(|until| until.to_rfc3339())
        };
        assert_eq!(until("pin l"), None);
        assert_eq!(
            until("pin l --until 2027-03-31").as_deref(),
            Some("2027-04-01T00:00:00+00:00")
        );
        assert_eq!(
            until("pin l --until 2027-03-31T12:00:00+02:00").as_deref(),
            Some("2027-03-31T10:00:00+00:00")
        );
    }

    #[test]
    fn wrong_usage_ends_with_two() {
        for line in [
            "stauts",
            "backup weekly --group g",
            "backup full",
            "backup full --group g --name a/b",
            "backup full --group g --no-wait --timeout 1h",
            "restore",
            "restore --target-label l --plan --yes",
            "restore --target-label l --at 2h",
            "restore --target-label l --latest",
            "restore --latest --at 2h",
            "restore --latest --timezone UTC",
            "restore --target-label l --database d",
            "next --days 0",
            "next --days 367",
            "follow j --timeout 90",
            "follow j --timeout 0s",
            "cancel",
            "show a b",
            "pin",
            "pin l --until tomorrow",
            "pin l --until 2027-02-30",
            "prune --plan --yes",
        ] {
            assert_eq!(refused(line).1, 2, "{line}");
        }
        assert_eq!(refused("--help"), (ErrorKind::DisplayHelp, 0));
    }

    #[test]
    fn the_socket_may_stand_before_or_behind_the_verb() {
        assert_eq!(
            parse("status --socket /tmp/s").unwrap().socket,
            PathBuf::from("/tmp/s")
        );
    }
}
