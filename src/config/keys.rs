//! What every key of the two files accepts, and where it belongs: the help lines of findings.

use super::nearest::nearest;

struct Key {
    name: &'static str,
    home: &'static str,
    accepts: &'static str,
}

const TOP: &str = "at the top of the file";
const TOP_SETTINGS: &str = "at the top of brd.toml";
const TOP_SCHEDULE: &str = "at the top of the schedule file";
const CLUSTER: &str = "in [cluster] of brd.toml";
const CONTROL: &str = "in [control] of brd.toml";
const LOG: &str = "in [log] of brd.toml";
const JOBS: &str = "in [jobs] of brd.toml";
const OPS: &str = "in [ops] of brd.toml";
const GROUP: &str = "in [group.NAME] or [defaults] of the schedule file";
const GROUP_ONLY: &str = "in [group.NAME] of the schedule file";

const CRON: &str = "a cron expression of 5 fields, as in \"0 1 * * 0\" (minute, hour, day of month, month, day of \
                    week), or 6 with seconds first, or @hourly, @daily, @weekly, @monthly, @yearly";
const JOB_TIMEOUT: &str = "a duration from 10 minutes to 30 days, as in \"12h\" or \"1day\"";

const VERIFY: &str = "\"counts\", \"checksum\" or \"none\"";

const fn key(name: &'static str, home: &'static str, accepts: &'static str) -> Key {
    Key {
        name,
        home,
        accepts,
    }
}

const KEYS: &[Key] = &[
    key("version", TOP, "the number 1"),
    key(
        "schedule",
        TOP_SETTINGS,
        "the path of the schedule file, relative to this file",
    ),
    key("cluster", TOP_SETTINGS, "a table, [cluster]"),
    key("control", TOP_SETTINGS, "a table, [control]"),
    key("log", TOP_SETTINGS, "a table, [log]"),
    key("jobs", TOP_SETTINGS, "a table, [jobs]"),
    key("ops", TOP_SETTINGS, "a table, [ops]"),
    key("defaults", TOP_SCHEDULE, "a table, [defaults]"),
    key(
        "group",
        TOP_SCHEDULE,
        "one table for each inventory group, [group.NAME]",
    ),
    key(
        "frontends",
        CLUSTER,
        "a list of host:port, as in [\"fe1.example:9030\", \"fe2.example:9030\"]",
    ),
    key("user", CLUSTER, "the name of a StarRocks user"),
    key(
        "password-file",
        CLUSTER,
        "the absolute path of a file that holds the password and nothing else",
    ),
    key("repository", CLUSTER, "the name of a StarRocks repository"),
    key("repository", GROUP, "the name of a StarRocks repository"),
    key(
        "connect-timeout",
        CLUSTER,
        "a duration from 1 second to 5 minutes, as in \"10s\"",
    ),
    key(
        "statement-timeout",
        CLUSTER,
        "a duration from 1 second to 1 hour, as in \"5m\"",
    ),
    key(
        "socket",
        CONTROL,
        "the absolute path of the control socket, as in \"/run/brd/brd.sock\"",
    ),
    key(
        "level",
        LOG,
        "trace, debug, info, warn, error or off, or a list of these with targets, as in \"info,brd=debug\"",
    ),
    key("directory", LOG, "the absolute path of a directory"),
    key("rotation", LOG, "\"daily\", \"hourly\" or \"never\""),
    key("keep-files", LOG, "a number from 1 to 10000"),
    key("max-parallel-databases", JOBS, "a number from 1 to 64"),
    key(
        "poll-interval",
        JOBS,
        "a duration from 100 milliseconds to 1 minute, as in \"3s\"",
    ),
    key("job-timeout", JOBS, JOB_TIMEOUT),
    key("job-timeout", GROUP, JOB_TIMEOUT),
    key(
        "drain-timeout",
        JOBS,
        "a duration of at most 1 day, as in \"10m\"",
    ),
    key(
        "undo-window",
        JOBS,
        "a duration of at most 365 days, as in \"7days\"",
    ),
    key("backup", OPS, "\"after-each-run\" or \"never\""),
    key("keep-backups", OPS, "a number from 1 to 1000"),
    key(
        "mirror-directory",
        OPS,
        "the absolute path of a directory that the daemon's user may write to",
    ),
    key("verify", JOBS, VERIFY),
    key("verify", GROUP, VERIFY),
    key("full", GROUP_ONLY, CRON),
    key("incremental", GROUP_ONLY, CRON),
    key(
        "timezone",
        GROUP,
        "a zone of the IANA database, as in \"Europe/Berlin\" or \"UTC\", or a fixed offset, as in \"+02:00\"",
    ),
    key("catch-up", GROUP, "\"one\", \"none\" or \"full-only\""),
    key(
        "catch-up-limit",
        GROUP,
        "a duration from 1 minute to 365 days, as in \"24h\"",
    ),
    key("on-overlap", GROUP, "\"wait\" or \"skip\""),
    key(
        "wait-limit",
        GROUP,
        "a duration of at most 30 days, as in \"6h\"",
    ),
    key(
        "jitter",
        GROUP,
        "a duration of at most 12 hours, as in \"10m\", or \"0s\" for none",
    ),
    key(
        "keep-fulls",
        GROUP,
        "a number from 1 to 10000: the newest so many fulls stay, with all that is built on them",
    ),
    key(
        "keep-days",
        GROUP,
        "a number from 1 to 36500: every moment of the last so many days can be restored",
    ),
    key(
        "keep-weekly",
        GROUP,
        "a number from 1 to 10000: the newest full of each of the last so many weeks that have one stays",
    ),
    key(
        "keep-monthly",
        GROUP,
        "a number from 1 to 10000: the newest full of each of the last so many months that have one stays",
    ),
    key(
        "keep-floor",
        GROUP,
        "a number from 1 to 10000: so many good fulls stay whatever the other keep keys say",
    ),
    key(
        "chain",
        GROUP,
        "\"differential\" (an incremental is compared with the latest full) or \"incremental\" (with the newest backup)",
    ),
    key(
        "max-chain-length",
        GROUP,
        "a number from 2 to 100: so many backups a restore may need, the full among them",
    ),
];

/// What may stand behind this key.
pub(super) fn accepts(name: &str) -> &'static str {
    let known = KEYS.iter().find(|key| key.name == name);
    known
        .expect("every key of a file shape has its row in KEYS")
        .accepts
}

/// What to do about a key that nobody knows here.
pub(super) fn advice(name: &str, known_here: &[&str], place: &str) -> String {
    let known = quoted(known_here);
    if let Some(meant) = nearest(name, known_here.iter().copied(), 1).first() {
        return format!("did you mean `{meant}`? Known in {place}: {known}");
    }
    if let Some(home) = KEYS.iter().find(|key| key.name == name).map(|key| key.home) {
        return format!("`{name}` belongs {home}; known in {place}: {known}");
    }
    format!("known in {place}: {known}")
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_the_wrong_table_is_sent_home() {
        assert_eq!(
            advice("poll-interval", &["socket"], "[control]"),
            "`poll-interval` belongs in [jobs] of brd.toml; known in [control]: `socket`"
        );
        assert_eq!(
            advice("sokcet", &["socket"], "[control]"),
            "did you mean `socket`? Known in [control]: `socket`"
        );
        assert_eq!(
            advice("colour", &["socket"], "[control]"),
            "known in [control]: `socket`"
        );
    }
}
