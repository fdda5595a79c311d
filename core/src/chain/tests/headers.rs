//! Rules of headers: time, target, retarget, and how many of them are kept.

use super::*;
use crate::chain::{Accepted, ChainError, MAX_SIDE_HEADERS};
use crate::consensus::{HeaderError, Retarget};
use crate::primitives::Work;

/// A header on `parent` dated `seconds` after it, with the target that is asked for there.
fn header_on(chain: &Chainstate, parent: BlockHash, seconds: i64) -> Header {
    let parent = chain.entry(&parent).expect("the parent is known");
    let time = (i64::from(parent.header.time) + seconds) as u32;
    let bits = pow::next_work_required(&parent.difficulty, UnixTime(time), &chain.params().consensus);
    let mut header = Header {
        version: 4,
        prev_blockhash: parent.hash,
        merkle_root: Default::default(),
        time,
        bits,
        nonce: 0,
    };
    solve_header(&mut header);
    header
}

/// Puts `count` headers on the best one, each `seconds` after the last.
fn extend(chain: &mut Chainstate, count: usize, seconds: i64) {
    for _ in 0..count {
        let header = header_on(chain, chain.best_header().hash, seconds);
        assert_eq!(chain.accept_header(&header, NOW), Ok(Accepted::New));
    }
}

/// A chain that adjusts difficulty every four blocks of five seconds.
fn retargeting(min_difficulty_after: Option<u32>) -> Chainstate {
    let retarget = Some(Retarget { interval: 4, min_difficulty_after });
    Chainstate::create(network(ConsensusParams { retarget, ..easy_rules() }))
}

fn difficulty(chain: &Chainstate, bits: CompactTarget) -> u64 {
    let limit = chain.params().consensus.pow_limit_target();
    let target = Target::from_compact(bits).expect("a target");
    (limit.0 / target.0).as_limbs()[0]
}

#[test]
fn a_header_is_later_than_the_median_of_eleven() {
    let mut chain = Chainstate::create(network(easy_rules()));
    extend(&mut chain, 12, 10);
    let best = chain.best_header().clone();
    assert_eq!(best.median_time_past, best.header.time - 50);
    let header = header_on(&chain, best.hash, -50);
    let refused = HeaderError::TooOld { time: header.time, median: header.time };
    assert_eq!(chain.accept_header(&header, NOW), Err(refused));
    let header = header_on(&chain, best.hash, -49);
    assert_eq!(chain.accept_header(&header, NOW), Ok(Accepted::New));
}

#[test]
fn a_header_from_the_future_is_refused_until_its_time_comes() {
    let mut chain = Chainstate::create(network(easy_rules()));
    let now = UnixTime(GENESIS_TIME);
    let header = header_on(&chain, chain.tip(), 121);
    let refused = HeaderError::TooNew { time: header.time, latest: now.0 + 120 };
    assert_eq!(chain.accept_header(&header, now), Err(refused.clone()));
    assert!(!refused.is_permanent());
    assert_eq!(chain.accept_header(&header, UnixTime(now.0 + 1)), Ok(Accepted::New));
    assert_eq!(chain.accept_header(&header, now), Ok(Accepted::Known));
}

#[test]
fn difficulty_follows_the_time_that_an_interval_took_at_most_fourfold() {
    let mut chain = retargeting(None);
    // Four blocks of one second each where five are wanted; the clamp makes it four times as hard.
    extend(&mut chain, 4, 1);
    assert_eq!(difficulty(&chain, chain.best_header().header.bits), 4);
    // The last three steps of the interval take seven seconds each: 21 of 20 wanted, a little easier.
    extend(&mut chain, 3, 7);
    assert_eq!(difficulty(&chain, chain.best_header().header.bits), 4);
    extend(&mut chain, 1, 7);
    assert_eq!(difficulty(&chain, chain.best_header().header.bits), 3);
    // A very slow interval: four times easier, and never easier than the limit.
    extend(&mut chain, 4, 1_000);
    assert_eq!(difficulty(&chain, chain.best_header().header.bits), 1);
    let easiest = chain.params().consensus.pow_limit;
    assert_eq!(chain.best_header().header.bits, easiest);
}

#[test]
fn a_wrong_target_is_refused() {
    let mut chain = retargeting(None);
    extend(&mut chain, 3, 1);
    let mut header = header_on(&chain, chain.best_header().hash, 1);
    let expected = header.bits;
    header.bits = chain.params().consensus.pow_limit;
    solve_header(&mut header);
    let refused = HeaderError::WrongTarget { expected, found: header.bits };
    assert_eq!(chain.accept_header(&header, NOW), Err(refused));
}

#[test]
fn a_late_block_takes_the_easiest_target_and_the_next_is_as_hard_as_before() {
    let mut chain = retargeting(Some(6));
    let easiest = chain.params().consensus.pow_limit;
    extend(&mut chain, 5, 1);
    let hard = chain.best_header().header.bits;
    assert_eq!(difficulty(&chain, hard), 4);
    // Six spacings are not late, one second more is.
    assert_eq!(header_on(&chain, chain.best_header().hash, 30).bits, hard);
    extend(&mut chain, 1, 31);
    assert_eq!(chain.best_header().header.bits, easiest);
    assert_eq!(header_on(&chain, chain.best_header().hash, 1).bits, hard);
}

#[test]
fn an_interval_that_begins_late_keeps_its_difficulty_for_the_blocks_after() {
    let mut chain = retargeting(Some(6));
    let easiest = chain.params().consensus.pow_limit;
    extend(&mut chain, 7, 1);
    // Height 8 begins an interval: by the clock of heights 4 to 7 it is to be 16 times as hard.
    let parent = chain.best_header().hash;
    assert_eq!(difficulty(&chain, header_on(&chain, parent, 1).bits), 16);
    extend(&mut chain, 1, 31);
    assert_eq!(chain.best_header().header.bits, easiest, "a class that stopped at a boundary starts again");
    let next = header_on(&chain, chain.best_header().hash, 1);
    assert_eq!(difficulty(&chain, next.bits), 16, "one late block does not make the interval easy");
}

#[test]
fn an_interval_of_late_blocks_lowers_the_difficulty() {
    let mut chain = retargeting(Some(6));
    extend(&mut chain, 8, 1);
    assert_eq!(difficulty(&chain, chain.best_header().header.bits), 16);
    extend(&mut chain, 3, 31);
    extend(&mut chain, 1, 1);
    assert_eq!(difficulty(&chain, chain.best_header().header.bits), 4);
}

#[test]
fn an_intervals_first_block_is_not_dated_far_before_its_parent() {
    let mut chain = retargeting(None);
    extend(&mut chain, 11, 5);
    let parent = chain.best_header().clone();
    let header = header_on(&chain, parent.hash, -6);
    let earliest = parent.header.time - 5;
    let refused = HeaderError::Timewarp { time: header.time, earliest };
    assert_eq!(chain.accept_header(&header, NOW), Err(refused));
    let header = header_on(&chain, parent.hash, -5);
    assert_eq!(chain.accept_header(&header, NOW), Ok(Accepted::New));
}

#[test]
fn the_best_header_has_the_most_work_and_is_the_first_seen() {
    let mut chain = Chainstate::create(network(easy_rules()));
    let genesis = chain.tip();
    let first = header_on(&chain, genesis, 1);
    let second = header_on(&chain, genesis, 2);
    for header in [first, second] {
        assert_eq!(chain.accept_header(&header, NOW), Ok(Accepted::New));
    }
    assert_eq!(chain.best_header().hash, first.block_hash());
    let third = header_on(&chain, second.block_hash(), 1);
    assert_eq!(chain.accept_header(&third, NOW), Ok(Accepted::New));
    assert_eq!(chain.best_header().hash, third.block_hash());
}

#[test]
fn headers_that_do_not_connect_are_refused() {
    let mut chain = Chainstate::create(network(easy_rules()));
    let mut header = header_on(&chain, chain.tip(), 1);
    header.prev_blockhash = BlockHash::from_bytes([1; 32]);
    solve_header(&mut header);
    let refused = HeaderError::UnknownParent(header.prev_blockhash);
    assert_eq!(chain.accept_header(&header, NOW), Err(refused));
}

#[test]
fn side_headers_are_bounded_and_those_of_least_work_give_way() {
    let mut chain = Chainstate::create(network(easy_rules()));
    let genesis = chain.tip();
    // The best chain is longer than the bound allows beside it: it does not count.
    extend(&mut chain, 50, 1);
    let best = chain.best_header().hash;
    // A side branch with much work, and then a flood with little.
    let mut strong = genesis;
    for _ in 0..40 {
        let header = header_on(&chain, strong, 2);
        assert_eq!(chain.accept_header(&header, NOW), Ok(Accepted::New));
        strong = header.block_hash();
    }
    for n in 0..MAX_SIDE_HEADERS as i64 + 100 {
        let header = header_on(&chain, genesis, n + 3);
        assert_eq!(chain.accept_header(&header, NOW), Ok(Accepted::New));
    }
    assert!(chain.index.len() <= 51 + MAX_SIDE_HEADERS, "{} headers", chain.index.len());
    assert!(chain.index.len() > MAX_SIDE_HEADERS * 9 / 10);
    assert_eq!(chain.best_header().hash, best);
    assert!(chain.entry(&strong).is_some(), "the branch with more work stays");
}

#[test]
fn a_locator_thins_out_and_finds_the_fork() {
    let mut lab = Lab::new();
    let genesis = lab.chain.tip();
    let blocks = lab.branch(genesis, 40);
    lab.settle();
    let locator = lab.chain.locator(&lab.chain.tip());
    let heights: Vec<u32> =
        locator.iter().map(|hash| lab.chain.entry(hash).expect("known").height.0).collect();
    assert_eq!(heights, [40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 28, 24, 16, 0]);
    let unknown = BlockHash::from_bytes([3; 32]);
    assert_eq!(lab.chain.fork_of(&[unknown, blocks[9].block_hash(), genesis]), Height(10));
    assert_eq!(lab.chain.fork_of(&[unknown]), Height(0));
    let after = |stop: BlockHash, max| lab.chain.hashes_after(&[blocks[9].block_hash()], &stop, max);
    assert_eq!(after(unknown, 2), [blocks[10].block_hash(), blocks[11].block_hash()]);
    assert_eq!(after(blocks[11].block_hash(), 9).len(), 2);
    assert_eq!(after(blocks[3].block_hash(), 9), [], "a stop below the fork leaves nothing");
    assert_eq!(lab.chain.headers_after(&[genesis], &unknown, 2_000).len(), 40);
}

#[test]
fn chainwork_is_the_sum_of_the_work_of_all_blocks() {
    let mut chain = retargeting(None);
    extend(&mut chain, 9, 1);
    let mut sum = Work::ZERO;
    let mut next = Some(chain.best_header());
    while let Some(entry) = next {
        sum += Target::from_compact(entry.header.bits).expect("a target").work();
        next = chain.entry(&entry.header.prev_blockhash);
    }
    assert_eq!(chain.best_header().chainwork, sum);
}

#[test]
fn over_the_bound_on_headers_the_chain_stops_by_name() {
    let mut lab = Lab::new();
    let genesis = lab.chain.tip();
    lab.branch(genesis, 3);
    lab.chain.max_headers = 4;
    lab.settle();
    assert!(!lab.chain.is_full());
    let header = header_on(&lab.chain, lab.chain.best_header().hash, 1);
    assert_eq!(lab.chain.accept_header(&header, NOW), Err(HeaderError::IndexFull(4)));
    assert!(lab.chain.is_full());
    assert_eq!(lab.chain.activate(&ScriptCache::default()), Err(ChainError::HeadersFull(4)));
}

#[test]
fn a_retarget_never_asks_for_a_target_of_zero() {
    let consensus = retargeting(None).params().consensus;
    let hardest = Target(ruint::aliases::U256::ONE).to_compact();
    let last =
        pow::DifficultyState { height: Height(3), time: 9, interval_target: hardest, interval_start: 9 };
    assert_eq!(pow::next_work_required(&last, UnixTime(10), &consensus), hardest);
}
