//! The shapes of the two files, as TOML types: what may stand where. What the values mean is decided in
//! [`super::check_settings`] and [`super::check_schedule`]; memory has shapes of its own.
//!
//! Every value keeps its place in the file. Every key is optional here, so that one that is missing is a finding among
//! others and not the end of the reading.

use serde::Deserialize;
use toml::Spanned;

type Text = Option<Spanned<String>>;
type Number = Option<Spanned<i64>>;

/// The tables of `brd.toml`.
pub(super) const SETTINGS_TABLES: &[&str] = &["cluster", "control", "log", "jobs", "ops"];

/// The tables of a schedule file.
pub(super) const SCHEDULE_TABLES: &[&str] = &["defaults", "group"];

/// `brd.toml` outside its tables.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct SettingsKeys {
    pub version: Number,
    pub schedule: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ClusterKeys {
    pub frontends: Option<Spanned<Vec<Spanned<String>>>>,
    pub user: Text,
    pub password_file: Text,
    pub repository: Text,
    pub connect_timeout: Text,
    pub statement_timeout: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ControlKeys {
    pub socket: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct LogKeys {
    pub level: Text,
    pub directory: Text,
    pub rotation: Text,
    pub keep_files: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct JobKeys {
    pub max_parallel_databases: Number,
    pub poll_interval: Text,
    pub job_timeout: Text,
    pub drain_timeout: Text,
    pub undo_window: Text,
    pub verify: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct OpsKeys {
    pub backup: Text,
    pub keep_backups: Number,
    pub mirror_directory: Text,
}

/// A schedule file outside its tables.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ScheduleKeys {
    pub version: Number,
}

/// `[defaults]`: what every group has that does not say otherwise.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DefaultKeys {
    pub timezone: Text,
    pub repository: Text,
    pub catch_up: Text,
    pub catch_up_limit: Text,
    pub on_overlap: Text,
    pub wait_limit: Text,
    pub jitter: Text,
    pub job_timeout: Text,
    pub keep_fulls: Number,
    pub keep_days: Number,
    pub keep_weekly: Number,
    pub keep_monthly: Number,
    pub keep_floor: Number,
    pub verify: Text,
    pub chain: Text,
    pub max_chain_length: Number,
}

/// `[group.NAME]`: the cron expressions, and the keys of [`DefaultKeys`] again (serde's `flatten` would lose the
/// places and the refusal of unknown keys).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GroupKeys {
    pub full: Text,
    pub incremental: Text,
    pub timezone: Text,
    pub repository: Text,
    pub catch_up: Text,
    pub catch_up_limit: Text,
    pub on_overlap: Text,
    pub wait_limit: Text,
    pub jitter: Text,
    pub job_timeout: Text,
    pub keep_fulls: Number,
    pub keep_days: Number,
    pub keep_weekly: Number,
    pub keep_monthly: Number,
    pub keep_floor: Number,
    pub verify: Text,
    pub chain: Text,
    pub max_chain_length: Number,
}

impl GroupKeys {
    /// The cron expressions, and the rest.
    pub fn split(self) -> (Text, Text, DefaultKeys) {
        let rest = DefaultKeys {
            timezone: self.timezone,
            repository: self.repository,
            catch_up: self.catch_up,
            catch_up_limit: self.catch_up_limit,
            on_overlap: self.on_overlap,
            wait_limit: self.wait_limit,
            jitter: self.jitter,
            job_timeout: self.job_timeout,
            keep_fulls: self.keep_fulls,
            keep_days: self.keep_days,
            keep_weekly: self.keep_weekly,
            keep_monthly: self.keep_monthly,
            keep_floor: self.keep_floor,
            verify: self.verify,
            chain: self.chain,
            max_chain_length: self.max_chain_length,
        };
        (self.full, self.incremental, rest)
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::config::keys::accepts;
    use crate::config::tables::known_keys;

    #[test]
    fn every_key_of_every_shape_has_its_help_line() {
        fn check<T: DeserializeOwned>() {
            assert!(!known_keys::<T>().is_empty());
            for key in known_keys::<T>() {
                assert!(!accepts(key).is_empty(), "{key}");
            }
        }
        check::<SettingsKeys>();
        check::<ClusterKeys>();
        check::<ControlKeys>();
        check::<LogKeys>();
        check::<JobKeys>();
        check::<OpsKeys>();
        check::<ScheduleKeys>();
        check::<DefaultKeys>();
        check::<GroupKeys>();
        for table in SETTINGS_TABLES.iter().chain(SCHEDULE_TABLES) {
            assert!(!accepts(table).is_empty());
        }
    }
}
