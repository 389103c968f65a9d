//! The cluster's own time zone: what the DATETIMEs of the ops tables are written in, so that people's NOW() means the same.

use chrono::{DateTime, FixedOffset, Utc};
use chrono_tz::Tz;

use super::{Session, StatementError, query};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterZone {
    Named(Tz),
    Fixed(FixedOffset),
}

impl ClusterZone {
    /// The global `time_zone`; UTC where it cannot be understood, which is said once in the log.
    pub async fn read(session: &Session) -> Result<ClusterZone, StatementError> {
        let answer = query(session.as_ref(), "SHOW GLOBAL VARIABLES LIKE 'time_zone'").await?;
        let text = answer
            .first()
            .and_then(|row| row.optional("Value"))
            .unwrap_or("UTC")
            .to_owned();
        Ok(ClusterZone::parse(&text).unwrap_or_else(|| {
            tracing::warn!(time_zone = text, "the cluster's time zone is not one we know; times for people in ops.* are written in UTC");
            ClusterZone::Named(Tz::UTC)
        }))
    }

    /// `CST` and `PRC` are Asia/Shanghai to StarRocks (`common/util/TimeUtils.java`).
    fn parse(text: &str) -> Option<ClusterZone> {
        if matches!(text, "CST" | "PRC") {
            return Some(ClusterZone::Named(Tz::Asia__Shanghai));
        }
        Tz::from_str_insensitive(text)
            .map(ClusterZone::Named)
            .ok()
            .or_else(|| text.parse().map(ClusterZone::Fixed).ok())
    }

    /// `yyyy-MM-dd HH:mm:ss`, the wall clock's reading.
    pub fn render(self, at: DateTime<Utc>) -> String {
        const FORMAT: &str = "%Y-%m-%d %H:%M:%S";
        match self {
            ClusterZone::Named(zone) => at.with_timezone(&zone).format(FORMAT).to_string(),
            ClusterZone::Fixed(offset) => at.with_timezone(&offset).format(FORMAT).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_names_zones_in_its_own_way() {
        let noon: DateTime<Utc> = "2026-07-01T12:00:00Z".parse().unwrap();
        let cases = [
            ("UTC", "12"),
            ("Europe/Berlin", "14"),
            ("CST", "20"),
            ("+05:00", "17"),
            ("-03:00", "09"),
        ];
        for (name, hour) in cases {
            assert_eq!(
                ClusterZone::parse(name).unwrap().render(noon),
                format!("2026-07-01 {hour}:00:00"),
                "{name}"
            );
        }
        assert_eq!(ClusterZone::parse("nowhere"), None);
    }
}
