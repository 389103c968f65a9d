//! Which recovery point a wanted moment means, for each database.

use chrono::TimeDelta;

use super::text::one_line;
use super::units::{duration, time};
use crate::plan::restore::{RecoveryPoint, SkippedPoint};

/// Points that were passed over, of one database; `--json` has all.
const SKIPPED_SHOWN: usize = 5;

pub fn points(points: &[RecoveryPoint]) -> String {
    points.iter().map(one_point).collect()
}

fn one_point(point: &RecoveryPoint) -> String {
    let mut text = format!(
        "{} as of {}{}: backup {}\n",
        point.database,
        time(point.cut),
        before(point),
        point.label
    );
    for skipped in point.skipped.iter().take(SKIPPED_SHOWN) {
        text.push_str(&skip(skipped));
    }
    if let Some(more) = point
        .skipped
        .len()
        .checked_sub(SKIPPED_SHOWN)
        .filter(|more| *more > 0)
    {
        text.push_str(&format!("  and {more} more are passed over\n"));
    }
    text
}

fn before(point: &RecoveryPoint) -> String {
    let Some(wanted) = point.wanted else {
        return ", the newest there is".to_owned();
    };
    // Of whole seconds, as both are shown: what is cut off would make the difference look wrong.
    let seconds = TimeDelta::seconds(wanted.timestamp() - point.cut.timestamp());
    format!(", {} before {}", duration(seconds), time(wanted))
}

fn skip(point: &SkippedPoint) -> String {
    format!(
        "  passed over: {} of {}: {}\n",
        point.label,
        time(point.cut),
        one_line(&point.reason)
    )
}
