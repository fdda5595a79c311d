//! The tables; counterparts of Core's `addrman_tests.cpp`.

use super::*;
use crate::net::limits::MAX_ADDR_TO_SEND;
use rand_chacha::rand_core::SeedableRng as _;
use std::collections::BTreeSet as Set;

const NOW: UnixTime = UnixTime(1_700_000_000);
const HOUR: u32 = 60 * 60;
const DAY: u32 = 24 * HOUR;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([7; 32])
}

fn empty() -> AddrMan {
    AddrMan::new(local(1), PlacementKey([1, 2]))
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn distant(a: u8, b: u8, c: u8, d: u8) -> SocketAddr {
    SocketAddr::from(([a, b, c, d], 8333))
}

fn seen(address: SocketAddr, time: UnixTime) -> TimedAddress {
    TimedAddress { time: time.0, node: NetAddress { services: Services::NETWORK, address } }
}

fn add(book: &mut AddrMan, address: SocketAddr, source: SocketAddr) -> bool {
    book.add(&[seen(address, NOW)], source, 0, NOW, &mut rng()) > 0
}

fn later(seconds: u32) -> UnixTime {
    UnixTime(NOW.0 + seconds)
}

#[test]
fn nothing_is_selected_from_nothing() {
    assert_eq!(empty().select(From::Both, NOW, &mut rng()), None);
    assert_eq!(empty().select_tried_collision(&mut rng()), None);
}

#[test]
fn an_address_is_new_until_it_was_spoken_to_and_known_once() {
    let mut book = empty();
    assert!(add(&mut book, local(3001), local(3002)));
    assert!(!add(&mut book, local(3001), local(3002)));
    assert_eq!(book.counts()[0], AddressCounts { new: 1, tried: 0 });
    book.good(&local(3001), NOW);
    assert_eq!(book.counts()[0], AddressCounts { new: 0, tried: 1 });
    assert_eq!(book.select(From::Both, NOW, &mut rng()), Some(local(3001)));
    assert_eq!(book.select(From::New, NOW, &mut rng()), None);
}

#[test]
fn the_own_address_and_addresses_of_nobody_are_never_known() {
    let mut book = empty();
    for address in
        [local(1), local(0), distant(0, 0, 0, 0), distant(255, 255, 255, 255), distant(224, 0, 0, 1)]
    {
        assert!(!add(&mut book, address, local(3002)), "{address}");
    }
}

#[test]
fn one_source_group_fills_at_most_64_new_buckets() {
    let (key, source) = (PlacementKey([3, 4]), distant(9, 9, 1, 1));
    let buckets: Set<u16> = (0..=255)
        .flat_map(|a| (0..16).map(move |b| distant(a.max(11), b, 1, 1)))
        .map(|address| key.new_place(&address, &source).bucket)
        .collect();
    assert!(buckets.len() <= 64 && buckets.len() > 50, "{}", buckets.len());
}

#[test]
fn one_group_fills_at_most_8_tried_buckets() {
    let key = PlacementKey([3, 4]);
    let of_one = (0..=255).flat_map(|c| (0..4).map(move |d| distant(9, 9, c, d)));
    let buckets: Set<u16> = of_one.map(|address| key.tried_place(&address).bucket).collect();
    assert!(buckets.len() <= 8 && buckets.len() > 4, "{}", buckets.len());
    let of_many = (0..=255).map(|b| distant(9, b, 1, 1));
    let buckets: Set<u16> = of_many.map(|address| key.tried_place(&address).bucket).collect();
    assert!(buckets.len() > 100, "{}", buckets.len());
}

#[test]
fn places_depend_on_the_secret() {
    let place = |key| PlacementKey(key).new_place(&local(3001), &local(3002));
    assert_ne!(place([1, 2]), place([1, 3]));
}

#[test]
fn a_flood_from_one_source_keeps_to_its_share_and_leaves_the_others_in() {
    let mut book = empty();
    let honest: Vec<SocketAddr> = (3000..3050).map(local).collect();
    for address in &honest {
        add(&mut book, *address, *address);
    }
    for a in 11..=110 {
        let list: Vec<TimedAddress> =
            (0..=255).flat_map(|b| (0..4).map(move |c| seen(distant(a, b, c, 1), NOW))).collect();
        book.add(&list, distant(9, 9, 9, 9), 0, NOW, &mut rng());
    }
    assert!(book.len() <= 64 * usize::from(BUCKET_SIZE) + honest.len());
    let left = honest.iter().filter(|address| book.get(address).is_some()).count();
    assert!(left >= 45, "{left}");
    for bound in book.bounds() {
        assert!(bound.holds(), "{bound:?}");
    }
}

#[test]
fn several_sources_give_an_address_at_most_eight_places() {
    let mut book = empty();
    let mut rng = rng();
    for hour in 0..2_000_u32 {
        let source = distant(11 + (hour % 200) as u8, (hour / 200) as u8, 1, 1);
        book.add(&[seen(local(3001), later(hour))], source, 0, later(hour), &mut rng);
    }
    let places = book.get(&local(3001)).map_or(0, |info| info.places.len());
    assert!((2..=8).contains(&places), "{places}");
    assert_eq!(book.new.len(), places);
    book.good(&local(3001), NOW);
    assert_eq!((book.new.len(), book.tried.len()), (0, 1));
}

#[test]
fn an_address_that_is_too_old_too_young_or_never_answers_is_terrible() {
    let info = || AddrInfo::new(Services::NETWORK, NOW, local(1));
    let tried = |attempts, last_success| AddrInfo {
        attempts,
        last_success,
        last_try: Some(UnixTime(NOW.0 - HOUR)),
        ..info()
    };
    assert!(!info().is_terrible(NOW));
    assert!(info().is_terrible(later(31 * DAY)) && !info().is_terrible(later(29 * DAY)));
    assert!(AddrInfo { time: later(11 * 60), ..info() }.is_terrible(NOW));
    assert!(!tried(2, None).is_terrible(NOW) && tried(3, None).is_terrible(NOW));
    let days_ago = |days: u32| Some(UnixTime(NOW.0 - days * DAY));
    assert!(!tried(10, days_ago(6)).is_terrible(NOW) && tried(10, days_ago(8)).is_terrible(NOW));
    let just_tried = AddrInfo { last_try: Some(NOW), ..tried(3, None) };
    assert!(!just_tried.is_terrible(later(60)), "it is not judged while it is tried");
}

#[test]
fn an_address_that_was_just_tried_or_failed_is_drawn_less_often() {
    let info = AddrInfo::new(Services::NETWORK, NOW, local(1));
    assert_eq!(info.chance(NOW), 1.0);
    let lately = AddrInfo { last_try: Some(NOW), ..info.clone() };
    assert_eq!((lately.chance(later(599)), lately.chance(later(601))), (0.01, 1.0));
    let failed = |attempts| AddrInfo { attempts, ..info.clone() }.chance(NOW);
    assert_eq!(failed(2), 0.66 * 0.66);
    assert_eq!(failed(8), failed(100));
}

#[test]
fn failures_count_once_between_two_successes_of_anybody() {
    let mut book = empty();
    add(&mut book, local(3001), local(3002));
    add(&mut book, local(3003), local(3002));
    let attempts = |book: &AddrMan| book.get(&local(3001)).map(|info| info.attempts);
    book.attempt(&local(3001), false, NOW);
    assert_eq!(attempts(&book), Some(0), "a node that reaches nobody has itself to blame");
    book.attempt(&local(3001), true, later(1));
    book.attempt(&local(3001), true, later(2));
    assert_eq!(attempts(&book), Some(1));
    book.good(&local(3003), later(3));
    book.attempt(&local(3001), true, later(4));
    assert_eq!(attempts(&book), Some(2));
    book.good(&local(3001), later(5));
    assert_eq!(attempts(&book), Some(0));
}

/// A book with an address in the tried table, and another that wants its place.
fn collision() -> (AddrMan, SocketAddr, SocketAddr) {
    let mut book = empty();
    let place = |book: &AddrMan, address: &SocketAddr| book.key.tried_place(address);
    let old = local(10_000);
    let new = (10_001..65_000).map(local).find(|other| place(&book, other) == place(&book, &old));
    let new = new.expect("one of them goes to the same place");
    for address in [old, new] {
        add(&mut book, address, address);
        book.good(&address, NOW);
    }
    (book, old, new)
}

fn is_tried(book: &AddrMan, address: &SocketAddr) -> bool {
    book.get(address).is_some_and(|info| info.in_tried)
}

#[test]
fn who_was_spoken_to_of_late_keeps_its_place() {
    let (mut book, old, new) = collision();
    assert_eq!(book.select_tried_collision(&mut rng()), Some(old), "it is tested");
    book.resolve_collisions(later(HOUR));
    assert!(is_tried(&book, &old) && !is_tried(&book, &new));
    assert_eq!(book.select_tried_collision(&mut rng()), None);
}

#[test]
fn who_fails_its_test_gives_way_and_is_new_again() {
    let (mut book, old, new) = collision();
    let day = DAY;
    book.attempt(&old, true, later(day));
    book.resolve_collisions(later(day + 30));
    assert!(is_tried(&book, &old), "the test may still succeed");
    book.resolve_collisions(later(day + 61));
    assert!(is_tried(&book, &new) && !is_tried(&book, &old));
    assert!(book.get(&old).is_some());
}

#[test]
fn who_is_not_tested_in_time_gives_way() {
    let (mut book, old, new) = collision();
    book.resolve_collisions(later(DAY));
    assert!(is_tried(&book, &new) && !is_tried(&book, &old));
}

#[test]
fn a_share_of_the_addresses_is_told_and_none_that_is_terrible() {
    let mut book = empty();
    for port in 10_000..12_000 {
        add(&mut book, local(port), local(port));
    }
    let told = book.get_addr(MAX_ADDR_TO_SEND, 23, NOW, &mut rng());
    assert_eq!(told.len(), book.len() * 23 / 100);
    assert_eq!(told.iter().map(|entry| entry.node.address).collect::<Set<_>>().len(), told.len());
    assert_eq!(book.get_addr(MAX_ADDR_TO_SEND, 100, NOW, &mut rng()).len(), MAX_ADDR_TO_SEND);
    assert_eq!(book.get_addr(MAX_ADDR_TO_SEND, 100, later(31 * DAY), &mut rng()), []);
}

#[test]
fn what_strangers_say_is_two_hours_older_than_what_an_address_says_of_itself() {
    let mut book = empty();
    book.add(&[seen(local(3001), NOW)], local(3001), TIME_PENALTY, NOW, &mut rng());
    book.add(&[seen(local(3002), NOW)], local(3001), TIME_PENALTY, NOW, &mut rng());
    let time = |port| book.get(&local(port)).map(|info| info.time);
    assert_eq!((time(3001), time(3002)), (Some(NOW), Some(UnixTime(NOW.0 - 2 * HOUR))));
}

#[test]
fn a_book_is_stored_and_read_again_as_it_was() {
    let mut book = empty();
    for port in 10_000..10_600 {
        add(&mut book, local(port), distant(11, (port % 200) as u8, 1, 1));
    }
    (10_000..10_050).for_each(|port| book.good(&local(port), later(u32::from(port))));
    book.introduced(&local(10_001), Services::NETWORK, 70_016);
    let written = book.book([1, 2, 3, 4]);
    let mut read = Book::read(&written.head()).expect("a head");
    assert!(written.records().count() > 1);
    for record in written.records() {
        read.read_more(&record).expect("a record");
    }
    assert_eq!(read.magic(), [1, 2, 3, 4]);
    let restored = AddrMan::restore(local(1), read);
    assert_eq!(restored.counts(), book.counts());
    let info = |book: &AddrMan| {
        book.get(&local(10_001)).map(|info| (info.services, info.version, info.last_success, info.in_tried))
    };
    assert_eq!(info(&restored), info(&book));
    assert_eq!(restored.latest(8), book.latest(8));
    assert_eq!(restored.latest(1), [local(10_049)]);
}

#[test]
fn a_book_that_was_never_stored_is_placed_anew() {
    let mut book = empty();
    for port in 10_000..10_600 {
        add(&mut book, local(port), local(port));
    }
    (10_000..10_050).for_each(|port| book.good(&local(port), NOW));
    // The network that it goes to is another node's: what stood in whose way is not decided as before.
    let restored = AddrMan::restore(local(10_100), book.book([0; 4]));
    let new = restored.iter().filter(|(_, info)| !info.in_tried);
    let places: Vec<(Place, SocketAddr)> =
        new.flat_map(|(address, info)| info.places.iter().map(|place| (*place, *address))).collect();
    assert_eq!(places.len(), restored.new.len());
    assert!(places.iter().all(|(place, address)| restored.new.get(*place) == Some(*address)));
    assert!(restored.iter().all(|(_, info)| info.in_tried == info.places.is_empty()));
}

#[test]
fn bytes_that_are_no_book_are_refused() {
    assert!(Book::read(&[1, 2, 3]).is_err());
    assert!(Book::read(&[0; 21]).is_err(), "an unknown version");
    let mut book = empty().book([0; 4]);
    assert!(book.read_more(&[5, 0]).is_err());
    assert_eq!(book.records().count(), 0);
}
