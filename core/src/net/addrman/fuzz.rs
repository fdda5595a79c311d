//! The address manager under any sequence of calls: its tables and its addresses always agree.

use super::placement::PlacementKey;
use super::{AddrMan, BUCKET_SIZE, Book, From, NEW_BUCKETS_PER_ADDRESS};
use crate::choices::Choices;
use crate::net::message::{NetAddress, Services, TimedAddress};
use crate::time::UnixTime;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use std::net::SocketAddr;

/// Moves of one run.
const MAX_MOVES: usize = 2_000;

/// Any sequence of what the network does to its address manager.
///
/// # Panics
/// If tables and addresses disagree.
pub fn address_manager(data: &[u8]) {
    let mut choices = Choices::new(data);
    let own = SocketAddr::from(([127, 0, 0, 1], 3000));
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let mut book = AddrMan::new(own, PlacementKey([1, 2]));
    let mut now = UnixTime(1_700_000_000);
    for _ in 0..MAX_MOVES {
        if choices.is_over() {
            break;
        }
        match choices.byte() % 10 {
            0 => {
                let (address, source) = (address(&mut choices), address(&mut choices));
                let time = now.0.wrapping_sub(u32::from(choices.u16()) * 60);
                let node = NetAddress { services: Services::NETWORK, address };
                book.add(&[TimedAddress { time, node }], source, 0, now, &mut rng);
            }
            1 => book.good(&address(&mut choices), now),
            2 => book.attempt(&address(&mut choices), choices.flag(), now),
            3 => book.introduced(&address(&mut choices), Services::NETWORK, choices.u32()),
            4 => book.connected(&address(&mut choices), now),
            5 => {
                let from = if choices.flag() { From::New } else { From::Both };
                if let Some(selected) = book.select(from, now, &mut rng) {
                    assert!(book.get(&selected).is_some(), "{selected} is selected and not known");
                }
                book.select_tried_collision(&mut rng);
            }
            6 => book.resolve_collisions(now),
            7 => {
                let told = book.get_addr(1_000, 23, now, &mut rng);
                assert!(told.len() <= book.len() * 23 / 100);
            }
            8 => book = restored(&book, own),
            _ => now = UnixTime(now.0.saturating_add(choices.u32() % 4_000_000)),
        }
    }
    check(&book, own);
    check(&restored(&book, own), own);
}

/// Few ports and few networks, so that places are contested.
fn address(choices: &mut Choices<'_>) -> SocketAddr {
    let (low, high) = (choices.byte(), choices.byte());
    match choices.byte() % 4 {
        0 => SocketAddr::from(([127, 0, 0, 1], 3000 + u16::from(low))),
        1 => SocketAddr::from(([high, 1, 2, low], 8333)),
        2 => SocketAddr::from(([10, 0, high, low], 8333)),
        _ => SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, u16::from(high), u16::from(low)], 8333)),
    }
}

/// The book as it comes back from the store.
fn restored(book: &AddrMan, own: SocketAddr) -> AddrMan {
    let written = book.book([1, 2, 3, 4]);
    let mut read = Book::read(&written.head()).expect("what was written is read");
    for record in written.records() {
        read.read_more(&record).expect("what was written is read");
    }
    AddrMan::restore(own, read)
}

fn check(book: &AddrMan, own: SocketAddr) {
    for bound in book.bounds() {
        assert!(bound.holds(), "{bound:?}");
    }
    let (mut new_places, mut tried) = (0, 0);
    for (address, info) in book.iter() {
        assert_ne!(*address, own);
        assert!(info.places.len() <= NEW_BUCKETS_PER_ADDRESS);
        assert_ne!(info.in_tried, !info.places.is_empty(), "{address} is in one table: {info:?}");
        assert!(info.places.iter().all(|place| place.position < BUCKET_SIZE));
        assert!(info.places.iter().all(|place| book.new.get(*place) == Some(*address)));
        new_places += info.places.len();
        if info.in_tried {
            tried += 1;
            assert_eq!(book.tried.get(book.key.tried_place(address)), Some(*address));
        }
    }
    assert_eq!((book.new.len(), book.tried.len()), (new_places, tried));
    assert!(book.collisions.iter().all(|waiting| book.get(waiting).is_some()), "who waits is known");
}
