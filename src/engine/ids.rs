//! Names for jobs.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::names::JobId;

/// `yyyymmdd-hhmmss-` and six random hex digits: sorts by time, and two daemons hardly ever give the same one.
pub fn new_job_id(now: DateTime<Utc>) -> JobId {
    let random = Uuid::new_v4().simple().to_string();
    JobId::parse(format!("{}-{}", now.format("%Y%m%d-%H%M%S"), &random[..6]))
        .expect("digits and hyphens")
}
