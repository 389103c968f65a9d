//! Faults of statements: which are ordered, and which of them a statement meets.
//!
//! Any number of delays and statements of others happen to one statement, but only the first fault that ends it.

use crate::ast::{Consequence, Effect, StatementFault};

/// In the order in which they were ordered.
#[derive(Debug, Default)]
pub struct Faults {
    ordered: Vec<Ordered>,
    last_id: u32,
}

#[derive(Debug)]
pub struct Ordered {
    pub id: u32,
    pub fault: StatementFault,
    /// Statements that fitted.
    pub seen: u32,
    pub hits: u32,
    /// Of the chance.
    state: u64,
}

/// What one statement meets.
#[derive(Debug, Default)]
pub struct Met {
    pub before: Vec<Consequence>,
    pub after: Vec<Consequence>,
}

impl Faults {
    pub fn order(&mut self, mut fault: StatementFault) {
        fault.pattern = fault.pattern.to_lowercase();
        self.last_id += 1;
        self.ordered.push(Ordered {
            id: self.last_id,
            state: fault.chance.map_or(0, |chance| chance.seed),
            fault,
            seen: 0,
            hits: 0,
        });
    }

    pub fn clear(&mut self) {
        self.ordered.clear();
    }

    pub fn list(&self) -> &[Ordered] {
        &self.ordered
    }

    pub fn meet(&mut self, sql: &str) -> Met {
        let mut met = Met::default();
        if self.ordered.is_empty() {
            return met;
        }
        let text = sql.to_lowercase();
        let mut ended = false;
        for ordered in &mut self.ordered {
            if !ordered.fits(&text) {
                continue;
            }
            let ends = ordered.fault.consequence.ends();
            if !ordered.falls_due(ends && ended) {
                continue;
            }
            ended |= ends;
            let consequence = ordered.fault.consequence.clone();
            match ordered.fault.effect {
                Effect::None => met.before.push(consequence),
                Effect::Done => met.after.push(consequence),
            }
        }
        self.ordered
            .retain(|ordered| ordered.fault.times.is_none_or(|times| ordered.hits < times));
        met
    }
}

impl Ordered {
    fn fits(&self, text: &str) -> bool {
        match self.fault.pattern.strip_prefix('^') {
            Some(start) => text.starts_with(start),
            None => text.contains(&self.fault.pattern),
        }
    }

    /// Counts the statement. One whose turn it is waits for the next statement if another has ended this one.
    fn falls_due(&mut self, waits: bool) -> bool {
        self.seen += 1;
        if self.seen < self.fault.nth || waits || !self.is_drawn() {
            return false;
        }
        self.hits += 1;
        true
    }

    fn is_drawn(&mut self) -> bool {
        let Some(chance) = self.fault.chance else {
            return true;
        };
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 100 < u64::from(chance.percent)
    }
}

impl Consequence {
    /// Whether the client gets this instead of its answer.
    fn ends(&self) -> bool {
        !matches!(self, Consequence::Delay(_) | Consequence::Run(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Chance;

    fn fault(nth: u32, times: Option<u32>) -> StatementFault {
        StatementFault {
            pattern: "^Insert".to_owned(),
            nth,
            times,
            chance: None,
            effect: Effect::Done,
            consequence: Consequence::Cut,
        }
    }

    fn hits(faults: &mut Faults, count: usize) -> Vec<bool> {
        (0..count)
            .map(|_| !faults.meet("INSERT INTO t").after.is_empty())
            .collect()
    }

    #[test]
    fn the_nth_statement_is_hit_so_many_times() {
        let mut faults = Faults::default();
        faults.order(fault(2, Some(2)));
        assert!(faults.meet("select 'insert'").after.is_empty());
        assert_eq!(hits(&mut faults, 5), [false, true, true, false, false]);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn of_two_that_end_a_statement_the_second_waits() {
        let mut faults = Faults::default();
        faults.order(fault(1, Some(1)));
        faults.order(fault(1, Some(1)));
        assert_eq!(hits(&mut faults, 3), [true, true, false]);
    }

    #[test]
    fn a_seed_hits_the_same_statements_every_time() {
        let drawn = |seed| {
            let mut faults = Faults::default();
            faults.order(StatementFault {
                chance: Some(Chance { percent: 30, seed }),
                ..fault(1, None)
            });
            hits(&mut faults, 400)
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        let count = drawn(7).into_iter().filter(|hit| *hit).count();
        assert!((80..160).contains(&count), "{count} of 400");
    }
}
