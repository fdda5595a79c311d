//! Storms: everything goes wrong for a minute, then nothing any more, and the network must be whole. Each seed is one
//! storm; `cargo xtask sim --seed N` runs one alone.

use terrarium_tests::sim::{Fault, FaultCounts, Outcome, Storm};

/// How many storms.
const SEEDS: u64 = 200;

/// How many of them are run twice and compared.
const TWICE: u64 = 50;

fn run_all(seeds: impl Iterator<Item = u64>) -> Vec<Outcome> {
    seeds.map(Storm::run).collect()
}

#[test]
fn every_storm_ends_in_one_chain_and_every_fault_happens() {
    let odd = std::thread::spawn(|| run_all((1..SEEDS).step_by(2)));
    let mut outcomes = run_all((0..SEEDS).step_by(2));
    outcomes.extend(odd.join().expect("the other half of the storms"));
    let mut faults = FaultCounts::default();
    outcomes.iter().for_each(|outcome| faults += &outcome.faults);
    let broken: Vec<String> =
        outcomes.iter().filter(|outcome| !outcome.is_whole()).map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(faults.missing(), [] as [Fault; 0], "a fault that never happens proves nothing");
}

#[test]
fn the_same_storm_twice_is_the_same_to_the_byte() {
    for seed in 0..TWICE {
        let (once, again) = (Storm::run_traced(seed), Storm::run_traced(seed));
        assert!(!once.trace.is_empty());
        assert_eq!(once.trace, again.trace, "storm {seed}");
        assert_eq!(once.faults, again.faults, "storm {seed}");
    }
}
