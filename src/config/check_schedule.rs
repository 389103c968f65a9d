//! What the keys of a schedule file mean.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use chrono::DateTime;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::cron::Cron;
use super::file::{DefaultKeys, GroupKeys, SCHEDULE_TABLES, ScheduleKeys};
use super::finding::Inspection;
use super::keys::accepts;
use super::schedule::{CatchUp, Chaining, GroupSchedule, Keep, Overlap, Schedule, Verify};
use super::tables;
use super::value::{DAY, HOUR, JOB_TIMEOUT, MINUTE};
use super::zone::Zone;
use crate::names::{GroupName, RepositoryName};

/// A read schedule file whose findings may still be added to.
pub(super) struct ScheduleSheet {
    pub schedule: Option<Schedule>,
    /// Where each group's name stands.
    pub headers: BTreeMap<GroupName, Range<usize>>,
    pub inspection: Inspection,
}

pub(super) fn read(path: &Path, text: &str) -> ScheduleSheet {
    let mut inspection = Inspection::new(path, text);
    let mut headers = BTreeMap::new();
    let schedule = tables::parse(text, &mut inspection)
        .and_then(|root| schedule(root, &mut headers, &mut inspection));
    ScheduleSheet {
        schedule,
        headers,
        inspection,
    }
}

fn schedule(
    mut root: DeTable<'_>,
    headers: &mut BTreeMap<GroupName, Range<usize>>,
    inspection: &mut Inspection,
) -> Option<Schedule> {
    if !tables::version_is_known(&root, inspection) {
        return None;
    }
    if let Some(DeValue::Table(defaults)) = root.get_mut("defaults").map(Spanned::get_mut) {
        refuse_crons(defaults, inspection);
        refuse_ttl(defaults, inspection);
    }
    let defaults = tables::take::<DefaultKeys>(&mut root, "defaults", inspection);
    let groups = take_groups(&mut root, inspection);
    let top =
        tables::read::<ScheduleKeys>(root, 0..0, "a schedule file", SCHEDULE_TABLES, inspection);
    inspection.version(&top.keys.version, top.rejected("version"));

    let default_keys = defaults.map(|section| section.keys).unwrap_or_default();
    let defaults = Rules::built_in().with(&default_keys, inspection);
    let mut schedule = Schedule::default();
    for (name, value) in groups {
        let help = "a group is a table of its own: [group.NAME]";
        let Some(table) = tables::as_table(&name, value, help, inspection) else {
            continue;
        };
        let Some((group, rules)) = group(&name, table, &defaults, inspection) else {
            continue;
        };
        headers.insert(group.clone(), name.span());
        schedule.groups.insert(group, rules);
    }
    let has_chains = |rules: &GroupSchedule| rules.chaining != Chaining::Differential;
    if !inspection.has_errors() && !schedule.groups.values().any(has_chains) {
        refuse_length(&default_keys, inspection);
    }
    if schedule.groups.is_empty() && !inspection.has_errors() {
        inspection.warning(
            0..0,
            "no group is scheduled: no backup will run",
            "add [group.NAME] with `full` and `incremental`",
        );
    }
    Some(schedule)
}

type Entry<'t> = (Spanned<Cow<'t, str>>, Spanned<DeValue<'t>>);

fn take_groups<'t>(root: &mut DeTable<'t>, inspection: &mut Inspection) -> Vec<Entry<'t>> {
    let Some((key, value)) = root.remove_entry("group") else {
        return Vec::new();
    };
    let help = "a group is a table of its own: [group.NAME], in single brackets";
    match tables::as_table(&key, value, help, inspection) {
        Some(table) => table.into_iter().collect(),
        None => Vec::new(),
    }
}

/// The two keys that make sense nowhere but in a group get a better answer than "unknown key".
fn refuse_crons(defaults: &mut DeTable<'_>, inspection: &mut Inspection) {
    for key in ["full", "incremental"] {
        if let Some((name, _)) = defaults.remove_entry(key) {
            let message = format!("`{key}` cannot stand in [defaults]");
            inspection.error(
                name.span(),
                message,
                "every group says itself when it is due: write it in [group.NAME]",
            );
        }
    }
}

/// StarRocks 4.2 takes a `ttl` with BACKUP and deletes the snapshot by itself when it is over, whatever was built on it since.
fn refuse_ttl(table: &mut DeTable<'_>, inspection: &mut Inspection) {
    for key in ["ttl", "snapshot-ttl", "backup-ttl"] {
        if let Some((name, _)) = table.remove_entry(key) {
            let message = format!(
                "`{key}`: a time to live that the cluster enforces could delete a full under the incrementals that need it"
            );
            inspection.error(
                name.span(),
                message,
                "say what is kept instead, and brd lets the rest go chain by chain: `keep-fulls`, `keep-days`, `keep-weekly`, `keep-monthly`",
            );
        }
    }
}

/// A length where every chain has two links.
fn refuse_length(keys: &DefaultKeys, inspection: &mut Inspection) {
    let misspelt = |word: &Spanned<String>| word.get_ref() != "differential";
    if let Some(length) = &keys.max_chain_length
        && !keys.chain.as_ref().is_some_and(misspelt)
    {
        inspection.error(
            length.span(),
            "`max-chain-length` says nothing here: every incremental is compared with the latest full",
            "add `chain = \"incremental\"`, or leave it out",
        );
    }
}

fn group(
    name: &Spanned<Cow<'_, str>>,
    mut table: DeTable<'_>,
    defaults: &Rules,
    inspection: &mut Inspection,
) -> Option<(GroupName, GroupSchedule)> {
    let title = format!("[group.{}]", name.get_ref());
    refuse_ttl(&mut table, inspection);
    let section = tables::read::<GroupKeys>(table, name.span(), &title, &[], inspection);
    let rejected = section.rejected("full") || section.rejected("incremental");
    let (full_text, incremental_text, rest) = section.keys.split();
    let rules = defaults.with(&rest, inspection);
    let full = cron("full", &full_text, inspection);
    let incremental = cron("incremental", &incremental_text, inspection);
    if full_text.is_none() && incremental_text.is_none() && !rejected {
        inspection.error(
            name.span(),
            format!("{title} is never due"),
            "add `full`, or `incremental`, or both",
        );
    }
    if let Some(floor) = rest
        .keep_floor
        .as_ref()
        .filter(|_| rules.keep.is_everything())
    {
        inspection.warning(
            floor.span(),
            "`keep-floor` says nothing here: without another keep key nothing ever expires",
            "add `keep-fulls`, `keep-days`, `keep-weekly` or `keep-monthly`, or leave it out",
        );
    }
    if rules.chain == ChainWord::Differential {
        refuse_length(&rest, inspection);
    }
    if full_text.is_none() && incremental_text.is_some() && !rejected {
        let grows = match rules.chain {
            ChainWord::Differential => "every later one grows with the distance to it",
            ChainWord::Incremental => "all later ones are built on it, so that it can never go",
        };
        let message =
            format!("{title} has no `full`: its first incremental becomes a full, and {grows}");
        inspection.warning(name.span(), message, "add `full`, once a week perhaps");
    }
    if let (Some(full), Some(incremental), Some(text)) = (&full, &incremental, &incremental_text)
        && always_replaced(incremental, full, rules.zone)
    {
        let message = "a full is due at each of these moments and replaces the incremental";
        inspection.warning(
            text.span(),
            message,
            "choose other moments, or remove `incremental`",
        );
    }
    let group = match GroupName::parse(name.get_ref().as_ref()) {
        Ok(group) if group.is_of_ops() => {
            inspection.error(
                name.span(),
                format!("`{group}` is brd's own group, of the backups of the ops database"),
                "rename the group, here and in ops.table_inventory; [ops] in brd.toml says when ops is backed up",
            );
            return None;
        }
        Ok(group) => group,
        Err(error) => {
            inspection.error(
                name.span(),
                error.to_string(),
                "the name of a group in ops.table_inventory",
            );
            return None;
        }
    };
    Some((group, rules.schedule(full, incremental)))
}

fn cron(key: &str, text: &Option<Spanned<String>>, inspection: &mut Inspection) -> Option<Cron> {
    let text = text.as_ref()?;
    let cron = match Cron::parse(text.get_ref()) {
        Ok(cron) => cron,
        Err(error) => {
            let span = inspection.part_of(text, &error.span);
            inspection.error(span, format!("`{key}`: {error}"), error.fault.help());
            return None;
        }
    };
    if cron.either_day() {
        let message = format!(
            "`{key}`: with both day fields restricted, a day that matches either of them is due"
        );
        let help = "for the days that match both write \"+\" before the weekdays, as in \"0 1 1-7 * +MON\"; or leave one of the two `*`";
        inspection.warning(text.span(), message, help);
    }
    if cron.many_seconds() {
        let message = format!("`{key}` is due several times a minute");
        inspection.warning(
            text.span(),
            message,
            "a single number in the first of the 6 fields",
        );
    }
    Some(cron)
}

/// Whether the incremental would not run within its next hundred moments. The reference is any moment: what repeats,
/// repeats.
fn always_replaced(incremental: &Cron, full: &Cron, zone: Zone) -> bool {
    const ENOUGH: usize = 100;
    let start = DateTime::from_timestamp(1_767_225_600, 0).expect("2026-01-01 is a date");
    let moments = std::iter::successors(incremental.next_after(start, zone), |at| {
        incremental.next_after(*at, zone)
    });
    let second = chrono::TimeDelta::seconds(1);
    moments
        .take(ENOUGH)
        .all(|at| full.next_after(at - second, zone) == Some(at))
}

/// What `chain` may say.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ChainWord {
    Differential,
    Incremental,
}

/// A day of hourly incrementals and their full.
const CHAIN_LENGTH: u32 = 24;

/// What a group has besides its expressions.
#[derive(Clone)]
struct Rules {
    zone: Zone,
    repository: Option<RepositoryName>,
    catch_up: CatchUp,
    catch_up_limit: Duration,
    on_overlap: Overlap,
    wait_limit: Duration,
    jitter: Duration,
    job_timeout: Option<Duration>,
    keep: Keep,
    verify: Option<Verify>,
    chain: ChainWord,
    max_chain_length: u32,
}

impl Rules {
    fn built_in() -> Rules {
        Rules {
            zone: Zone::UTC,
            repository: None,
            catch_up: CatchUp::One,
            catch_up_limit: DAY,
            on_overlap: Overlap::Wait,
            wait_limit: 6 * HOUR,
            jitter: Duration::ZERO,
            job_timeout: None,
            keep: Keep::EVERYTHING,
            verify: None,
            chain: ChainWord::Differential,
            max_chain_length: CHAIN_LENGTH,
        }
    }

    /// These rules, with what the keys say instead.
    fn with(&self, keys: &DefaultKeys, inspection: &mut Inspection) -> Rules {
        let limit = inspection.duration("catch-up-limit", &keys.catch_up_limit, MINUTE..=365 * DAY);
        let wait = inspection.duration("wait-limit", &keys.wait_limit, Duration::ZERO..=30 * DAY);
        let jitter = inspection.duration("jitter", &keys.jitter, Duration::ZERO..=12 * HOUR);
        let length = inspection.number("max-chain-length", &keys.max_chain_length, 2..=100);
        let timeout = inspection.duration("job-timeout", &keys.job_timeout, JOB_TIMEOUT);
        Rules {
            zone: zone(&keys.timezone, inspection).unwrap_or(self.zone),
            repository: inspection
                .repository(&keys.repository)
                .or_else(|| self.repository.clone()),
            catch_up: inspection
                .word("catch-up", &keys.catch_up)
                .unwrap_or(self.catch_up),
            catch_up_limit: limit.unwrap_or(self.catch_up_limit),
            on_overlap: inspection
                .word("on-overlap", &keys.on_overlap)
                .unwrap_or(self.on_overlap),
            wait_limit: wait.unwrap_or(self.wait_limit),
            jitter: jitter.unwrap_or(self.jitter),
            job_timeout: timeout.or(self.job_timeout),
            verify: inspection.word("verify", &keys.verify).or(self.verify),
            chain: inspection.word("chain", &keys.chain).unwrap_or(self.chain),
            max_chain_length: length
                .and_then(|length| u32::try_from(length).ok()) // no error: at most 100
                .unwrap_or(self.max_chain_length),
            keep: self.keep(keys, inspection),
        }
    }

    fn keep(&self, keys: &DefaultKeys, inspection: &mut Inspection) -> Keep {
        let mut number = |key, text, most| {
            let number = inspection.number(key, text, 1..=most)?;
            u32::try_from(number).ok()
        };
        Keep {
            fulls: number("keep-fulls", &keys.keep_fulls, 10_000).or(self.keep.fulls),
            days: number("keep-days", &keys.keep_days, 36_500).or(self.keep.days),
            weekly: number("keep-weekly", &keys.keep_weekly, 10_000).or(self.keep.weekly),
            monthly: number("keep-monthly", &keys.keep_monthly, 10_000).or(self.keep.monthly),
            floor: number("keep-floor", &keys.keep_floor, 10_000).unwrap_or(self.keep.floor),
        }
    }

    fn schedule(self, full: Option<Cron>, incremental: Option<Cron>) -> GroupSchedule {
        GroupSchedule {
            full,
            incremental,
            zone: self.zone,
            repository: self.repository,
            catch_up: self.catch_up,
            catch_up_limit: self.catch_up_limit,
            on_overlap: self.on_overlap,
            wait_limit: self.wait_limit,
            jitter: self.jitter,
            job_timeout: self.job_timeout,
            keep: self.keep,
            verify: self.verify,
            chaining: match self.chain {
                ChainWord::Differential => Chaining::Differential,
                ChainWord::Incremental => Chaining::Incremental {
                    most_links: self.max_chain_length,
                },
            },
        }
    }
}

fn zone(text: &Option<Spanned<String>>, inspection: &mut Inspection) -> Option<Zone> {
    let text = text.as_ref()?;
    match text.get_ref().parse::<Zone>() {
        Ok(zone) => {
            if let Some(offset) = zone.inverted_sign() {
                let message = format!(
                    "{zone} is {offset}: the sign of these zones is the opposite of what it looks like"
                );
                inspection.warning(
                    text.span(),
                    message,
                    format!("write \"{offset}\", or the opposite if that was meant"),
                );
            }
            Some(zone)
        }
        Err(error) => {
            let help = if text.get_ref().is_empty() {
                accepts("timezone").to_owned()
            } else {
                error.help()
            };
            inspection.error(text.span(), format!("`timezone`: {error}"), help);
            None
        }
    }
}
