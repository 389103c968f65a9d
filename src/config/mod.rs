//! What the operator wrote: `brd.toml` ([`Settings`]) and the schedule file ([`Schedule`]).
//!
//! [`read_configuration`] reads both as the daemon does, [`check_file`] is `brctl check FILE`; the `parse_*` functions
//! do the same with a text in hand. All of them answer with a [`Checked`] value: the value, or none, and every
//! [`Finding`] at once, which [`render`] prints with file, line and caret. Nothing here looks at a clock, a cluster or
//! any file but the two.
//!
//! Inside: `tables` turns TOML into the shapes of `file`, noting unknown and mistyped keys; `check_settings` and
//! `check_schedule` decide what the values mean and build the memory shapes of `settings` and `schedule`; [`Cron`] and
//! [`Zone`] say when.

mod check_schedule;
mod check_settings;
mod cron;
mod cron_fields;
#[cfg(test)]
mod cron_in_all_zones;
mod file;
mod finding;
mod keys;
mod nearest;
mod read;
mod schedule;
mod settings;
mod tables;
mod value;
mod zone;

pub use cron::{Cron, Moment};
pub use cron_fields::{CronError, CronFault};
pub use finding::{Checked, Color, Finding, Severity, render};
pub use read::{
    CheckedFile, Configuration, Parsed, ReadError, check_file, parse_any, parse_schedule,
    parse_settings, read_configuration, read_schedule, read_settings,
};
pub use schedule::{CatchUp, Chaining, GroupSchedule, Keep, Overlap, Schedule, Verify};
pub use settings::{
    ClusterSettings, ControlSettings, FrontendAddress, FrontendAddressError, JobSettings,
    LogSettings, OpsBackup, OpsSettings, Rotation, Settings,
};
pub use zone::{Zone, ZoneError};
