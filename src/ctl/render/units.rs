//! Times, durations and sizes, one way each.

use chrono::{DateTime, TimeDelta, Utc};

/// Always UTC, and says so.
pub fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

pub fn time_or_dash(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(dash, time)
}

/// What there is nothing to say about.
pub fn dash() -> String {
    "-".to_owned()
}

/// The two largest units, from seconds up: `3days 2h`, `12m 31s`, `0s`.
pub fn duration(length: TimeDelta) -> String {
    let seconds = std::time::Duration::from_secs(length.num_seconds().unsigned_abs());
    let all = humantime::format_duration(seconds).to_string();
    let units: Vec<&str> = all.split(' ').take(2).collect();
    units.join(" ")
}

/// In binary units with one digit behind the point, cut rather than rounded: what says 1.0 TiB is one.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let place = (bytes.ilog2() / 10).saturating_sub(1) as usize;
    let unit = 1_u128 << (10 * (place + 1));
    let tenths = u128::from(bytes) * 10 / unit;
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binary() {
        let sizes = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            ((1 << 20) - 1, "1023.9 KiB"),
            (1 << 20, "1.0 MiB"),
            (13_207_024_436, "12.3 GiB"),
            (u64::MAX, "15.9 EiB"),
        ];
        for (bytes, text) in sizes {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let lengths = [
            (0, "0s"),
            (59, "59s"),
            (751, "12m 31s"),
            (7980, "2h 13m"),
            (266_401, "3days 2h"),
            (-60, "1m"),
        ];
        for (seconds, text) in lengths {
            assert_eq!(duration(TimeDelta::seconds(seconds)), text);
        }
    }
}
