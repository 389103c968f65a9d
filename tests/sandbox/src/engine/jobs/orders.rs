//! What a job has been ordered to meet, once, at the step where it can happen.

pub use crate::ast::JobOrder;
use crate::engine::jobs::Jobs;

impl Jobs {
    /// Takes the order away: it hits once.
    pub fn meets(&mut self, order: &JobOrder) -> bool {
        let found = self.orders.iter().position(|known| known == order);
        if let Some(at) = found {
            self.orders.remove(at);
        }
        found.is_some()
    }

    pub fn meets_exception(&mut self) -> Option<String> {
        let found = self
            .orders
            .iter()
            .position(|known| matches!(known, JobOrder::Exception(_)))?;
        match self.orders.remove(found) {
            JobOrder::Exception(text) => Some(text),
            _ => None,
        }
    }
}
