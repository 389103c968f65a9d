//! Load labels of one database: at most one finished transaction each, forgotten by age and number
//! (`transaction/DatabaseTransactionMgr.java`).

use std::collections::{HashSet, VecDeque};

use chrono::{DateTime, Duration, Utc};

use crate::answer::SqlError;

#[derive(Debug, Clone, Default)]
pub struct Labels {
    used: HashSet<String>,
    /// In the order in which they finished.
    finished: VecDeque<(DateTime<Utc>, String)>,
}

/// `label_keep_max_num` and `label_keep_max_second`.
#[derive(Debug, Clone, Copy)]
pub struct LabelRetention {
    pub count: usize,
    pub age: Duration,
}

impl Labels {
    pub fn check(&self, label: &str) -> Result<(), SqlError> {
        if self.used.contains(label) {
            return Err(SqlError::plain(format!(
                "Label [{label}] has already been used."
            )));
        }
        Ok(())
    }

    /// Remembers a visible transaction. An aborted one is never recorded, so that its label stays free.
    pub fn record(&mut self, label: String, now: DateTime<Utc>, retention: LabelRetention) {
        self.used.insert(label.clone());
        self.finished.push_back((now, label));
        self.expire(now, retention);
    }

    /// The transaction was aborted after all.
    pub fn forget(&mut self, label: &str) {
        self.used.remove(label);
        self.finished.retain(|(_, known)| known != label);
    }

    pub fn expire(&mut self, now: DateTime<Utc>, retention: LabelRetention) {
        while let Some((finished, _)) = self.finished.front() {
            if self.finished.len() <= retention.count && now - *finished <= retention.age {
                break;
            }
            if let Some((_, label)) = self.finished.pop_front() {
                self.used.remove(&label);
            }
        }
    }
}

/// `[-\w]{1,128}` (`common/FeNameFormat.LABEL_REGEX`).
pub fn check_spelling(label: &str) -> Result<(), SqlError> {
    let fits = (1..=128).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if fits {
        Ok(())
    } else {
        Err(SqlError::plain(format!(
            "Label format error. regex: ^[-\\w]{{1,128}}$, label: {label}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_forgotten_by_number_and_by_age() {
        let retention = LabelRetention {
            count: 2,
            age: Duration::days(3),
        };
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let mut labels = Labels::default();
        for label in ["a", "b", "c"] {
            labels.record(label.into(), now, retention);
        }
        assert!(labels.check("a").is_ok());
        assert_eq!(
            labels.check("b").unwrap_err().message,
            "Label [b] has already been used."
        );
        labels.expire(now + Duration::days(4), retention);
        assert!(labels.check("b").is_ok());
    }
}
