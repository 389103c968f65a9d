//! [`catch_up`]: what becomes of fires that nobody took when they were due.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fire::Fire;
use crate::catalog::BackupKind;
use crate::config::{CatchUp, GroupSchedule};
use crate::names::GroupName;

/// What is recorded about a missed fire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is run now.
    CatchUp,
    /// It is not run, and this is why.
    Skip(SkipReason),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// It is further back than the group's `catch-up-limit`.
    TooOld { limit: Duration },
    /// The group has `catch-up = "none"`.
    CatchUpOff,
    /// The group has `catch-up = "full-only"`, and this is an incremental.
    FullOnly,
    /// The one run that is caught up covers this one too.
    ReplacedBy(Fire),
}

impl fmt::Display for SkipReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SkipReason::TooOld { limit } => {
                write!(
                    out,
                    "missed by more than the catch-up limit of {}",
                    humantime::format_duration(*limit)
                )
            }
            SkipReason::CatchUpOff => out.write_str("missed, and catch-up is off for this group"),
            SkipReason::FullOnly => {
                out.write_str("missed, and only fulls are caught up for this group")
            }
            SkipReason::ReplacedBy(fire) => {
                let at = fire.scheduled_at.format("%F %T");
                write!(
                    out,
                    "missed, and covered by the {} of {at} UTC, which is caught up",
                    fire.kind
                )
            }
        }
    }
}

/// A verdict for every fire of `group` in `missed` that was due by `now`, in order; at most one of them is
/// [`Verdict::CatchUp`]: the newest full that may be caught up, else the newest incremental.
///
/// The newest full wins over newer incrementals too: run now, it holds all that they would have held. Fires of other
/// groups, and those not yet due, are none of its business and get no verdict.
pub fn catch_up(
    group: &GroupName,
    rules: &GroupSchedule,
    missed: &[Fire],
    now: DateTime<Utc>,
) -> Vec<(Fire, Verdict)> {
    let mut fires: Vec<&Fire> = missed
        .iter()
        .filter(|fire| fire.group == *group && fire.scheduled_at <= now)
        .collect();
    fires.sort();
    fires.dedup();
    let candidates = fires
        .iter()
        .filter(|fire| refusal(rules, fire, now).is_none());
    let newest = |kind| candidates.clone().rfind(|fire| fire.kind == kind);
    let chosen = newest(BackupKind::Full)
        .or_else(|| newest(BackupKind::Incremental))
        .copied();
    let verdict = |fire: &Fire| match (refusal(rules, fire, now), chosen) {
        (Some(reason), _) => Verdict::Skip(reason),
        (None, Some(chosen)) if chosen != fire => {
            Verdict::Skip(SkipReason::ReplacedBy(chosen.clone()))
        }
        (None, _) => Verdict::CatchUp,
    };
    fires
        .iter()
        .map(|fire| ((*fire).clone(), verdict(fire)))
        .collect()
}

/// Why this fire cannot be caught up, whatever else was missed.
fn refusal(rules: &GroupSchedule, fire: &Fire, now: DateTime<Utc>) -> Option<SkipReason> {
    let age = (now - fire.scheduled_at).to_std().unwrap_or(Duration::ZERO);
    match rules.catch_up {
        CatchUp::None => Some(SkipReason::CatchUpOff),
        CatchUp::FullOnly if fire.kind == BackupKind::Incremental => Some(SkipReason::FullOnly),
        CatchUp::One | CatchUp::FullOnly if age > rules.catch_up_limit => {
            Some(SkipReason::TooOld {
                limit: rules.catch_up_limit,
            })
        }
        CatchUp::One | CatchUp::FullOnly => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::config::parse_schedule;

    const NOW: &str = "2026-11-22T12:00:00Z";

    fn group() -> GroupName {
        GroupName::parse("g").unwrap()
    }

    fn rules(keys: &str) -> GroupSchedule {
        let text = format!("version = 1\n[group.g]\nfull = \"@weekly\"\n{keys}");
        parse_schedule(Path::new("s.toml"), &text)
            .value
            .unwrap()
            .groups
            .remove(&group())
            .unwrap()
    }

    /// A fire so many hours before now, `f` for full and `i` for incremental.
    fn missed(short: &str) -> Fire {
        let (kind, hours) = short.split_at(1);
        let kind = if kind == "f" {
            BackupKind::Full
        } else {
            BackupKind::Incremental
        };
        let now: DateTime<Utc> = NOW.parse().unwrap();
        Fire {
            group: group(),
            kind,
            scheduled_at: now - chrono::TimeDelta::hours(hours.parse().unwrap()),
        }
    }

    fn verdicts(keys: &str, fires: &[&str]) -> Vec<String> {
        let fires: Vec<Fire> = fires.iter().map(|short| missed(short)).collect();
        let verdicts = catch_up(&group(), &rules(keys), &fires, NOW.parse().unwrap());
        let show = |verdict: &Verdict| match verdict {
            Verdict::CatchUp => "run".to_owned(),
            Verdict::Skip(SkipReason::ReplacedBy(fire)) => format!("replaced by the {}", fire.kind),
            Verdict::Skip(SkipReason::TooOld { .. }) => "too old".to_owned(),
            Verdict::Skip(SkipReason::FullOnly) => "full only".to_owned(),
            Verdict::Skip(SkipReason::CatchUpOff) => "off".to_owned(),
        };
        verdicts.iter().map(|(_, verdict)| show(verdict)).collect()
    }

    #[test]
    fn one_run_covers_what_was_missed() {
        const ONE: &str = "catch-up = \"one\"\ncatch-up-limit = \"24h\"";
        const FULL_ONLY: &str = "catch-up = \"full-only\"\ncatch-up-limit = \"24h\"";
        const NONE: &str = "catch-up = \"none\"";
        for (keys, fires, expected) in [
            (ONE, vec![], vec![]),
            (ONE, vec!["i1"], vec!["run"]),
            (
                ONE,
                vec!["i3", "i2", "i1"],
                vec![
                    "replaced by the incremental",
                    "replaced by the incremental",
                    "run",
                ],
            ),
            (
                ONE,
                vec!["i3", "f2", "i1"],
                vec!["replaced by the full", "run", "replaced by the full"],
            ),
            (ONE, vec!["f3", "f2"], vec!["replaced by the full", "run"]),
            (ONE, vec!["f25", "i1"], vec!["too old", "run"]),
            (ONE, vec!["f24"], vec!["run"]),
            (ONE, vec!["f30", "i25"], vec!["too old", "too old"]),
            (FULL_ONLY, vec!["f3", "i1"], vec!["run", "full only"]),
            (FULL_ONLY, vec!["i1"], vec!["full only"]),
            (FULL_ONLY, vec!["f25", "i25"], vec!["too old", "full only"]),
            (NONE, vec!["f1", "i0"], vec!["off", "off"]),
        ] {
            assert_eq!(verdicts(keys, &fires), expected, "{keys} {fires:?}");
        }
    }

    #[test]
    fn other_groups_and_the_future_get_no_verdict() {
        let mut foreign = missed("f1");
        foreign.group = GroupName::parse("other").unwrap();
        let future = missed("f-1");
        assert_eq!(
            catch_up(
                &group(),
                &rules(""),
                &[foreign, future],
                NOW.parse().unwrap()
            ),
            []
        );
    }

    #[test]
    fn a_reason_can_be_read() {
        let reasons = [
            SkipReason::TooOld {
                limit: Duration::from_secs(86400),
            },
            SkipReason::CatchUpOff,
            SkipReason::FullOnly,
            SkipReason::ReplacedBy(missed("f2")),
        ];
        assert_eq!(
            reasons.map(|reason| reason.to_string()),
            [
                "missed by more than the catch-up limit of 1day",
                "missed, and catch-up is off for this group",
                "missed, and only fulls are caught up for this group",
                "missed, and covered by the full of 2026-11-22 10:00:00 UTC, which is caught up",
            ]
        );
    }

    proptest! {
        #[test]
        fn every_missed_fire_has_one_verdict_and_at_most_one_runs(
            shorts in prop::collection::vec(("[fi]", 0_u8..60), 0..20),
            mode in prop::sample::select(vec!["one", "none", "full-only"]),
        ) {
            let mut fires: Vec<Fire> = shorts.iter().map(|(kind, hours)| missed(&format!("{kind}{hours}"))).collect();
            let rules = rules(&format!("catch-up = \"{mode}\""));
            let verdicts = catch_up(&group(), &rules, &fires, NOW.parse().unwrap());
            fires.sort();
            fires.dedup();
            prop_assert_eq!(&verdicts.iter().map(|(fire, _)| fire.clone()).collect::<Vec<_>>(), &fires);
            let run: Vec<&Fire> = verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::CatchUp).map(|(fire, _)| fire).collect();
            prop_assert!(run.len() <= 1);
            for (_, verdict) in &verdicts {
                if let Verdict::Skip(SkipReason::ReplacedBy(fire)) = verdict {
                    prop_assert_eq!(run.clone(), vec![fire]);
                }
            }
        }
    }
}
