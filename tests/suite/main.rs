//! The integration tests: one file per behaviour, the real binaries against the sandbox over TCP.

mod backup;
mod bad_input;
mod config;
mod control_hand;
mod control_socket;
mod coverage;
mod crash;
mod ctl_prune;
mod ctl_render;
mod ctl_samples;
mod ctl_verbs;
mod gathering;
mod layers;
mod model;
mod monitoring;
mod precheck;
mod prune_samples;
mod readme;
mod restore;
mod restore_options;
mod retention;
mod rival;
mod schedule;
mod system;
mod verification;
mod world;
