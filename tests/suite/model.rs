//! The promise itself, tried on random histories: a restore gives exactly the state of its recovery point.
//!
//! A [`history`] is a script of loads, partition work, table work, backups and restores, with loads and lost answers between the statements
//! of a running job. It is [`play`]ed through the code that the daemon runs, on a [`cluster`] in this process under paused time, and every
//! recovery point is restored in the end, in random order. What a point must hold is not reckoned: the rows are read at the cluster's cut.
//!
//! `BRD_MODEL_CASES` sets how many histories are played, `BRD_MODEL_SEED` which ones; a failure prints both, and the script.

mod by_hand;
mod change;
mod cluster;
mod damage;
mod history;
mod partitions;
mod play;
mod state;

use std::thread::{self, available_parallelism};
use std::time::{SystemTime, UNIX_EPOCH};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

const CASES: u32 = 40;

#[test]
fn every_recovery_point_is_restored_exactly() {
    let cases = number("BRD_MODEL_CASES").map_or(CASES, |cases| cases.try_into().unwrap());
    if let Some(seed) = number("BRD_MODEL_SEED") {
        return play(seed, cases);
    }
    let hands = available_parallelism().map_or(1, |hands| hands.get().try_into().unwrap());
    let first = clock();
    thread::scope(|scope| {
        for hand in 0..hands {
            let share = cases / hands + u32::from(hand < cases % hands);
            scope.spawn(move || play(first.wrapping_add(hand.into()), share));
        }
    });
}

fn play(seed: u64, cases: u32) {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 3_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let played = TestRunner::new_with_rng(config, rng).run(&history::histories(), |history| {
        play::play(&history).map_err(TestCaseError::fail)
    });
    if let Err(error) = played {
        panic!("BRD_MODEL_SEED={seed} BRD_MODEL_CASES={cases}\n{error}");
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is {text:?}, which is no number")),
    )
}

fn clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs() ^ u64::from(now.subsec_nanos())
}
