//! Whatever browsers of two rooms send, each frame comes to the browser it is for, once, in the order of its sender, and to
//! nobody else.

use super::*;
use crate::line::Work;
use futures_util::FutureExt;
use proptest::collection::vec;
use proptest::prelude::*;
use terrarium_link::room::wrap_frame;
use terrarium_link::{Address, Body, Frame, Role};

/// Browsers in each room.
const CLASS: usize = 3;

fn class(key: u8) -> Vec<Seat> {
    let record = tests::record(u64::from(key), key, key);
    let clock = Arc::new(Clock::starting(0));
    let room = Arc::new(Room::new(record, CLASS, Arc::default(), Arc::default(), clock));
    let guest = |page| Guest { page, pass: None, token: None, name: String::new(), urls: Vec::new() };
    let seats: Vec<Seat> = (0..CLASS as u64)
        .map(|page| match room.seat(&guest(page), false) {
            Ok(Asked::Seated(seat)) => seat,
            other => panic!("{other:?}"),
        })
        .collect();
    seats.iter().for_each(|seat| drop(heard(seat)));
    seats
}

fn heard(seat: &Seat) -> Vec<Bytes> {
    match seat.line.next().now_or_never() {
        Some(Work::Send(messages)) => messages.into(),
        _ => Vec::new(),
    }
}

fn frame(from: [u8; 4], to: [u8; 4], ports: (u16, u16), number: u64) -> Vec<u8> {
    let (from, to) = (Address { ip: from, port: ports.0 }, Address { ip: to, port: ports.1 });
    let header = Header { role: Role::Opener, from, to, opener: 1, acceptor: 2 };
    wrap_frame(&Frame { header, body: Body::Credit { offset: number } }.encode())
}

/// Where a frame says that it is from or for: one of the browsers, or any address.
fn place() -> impl Strategy<Value = Result<usize, [u8; 4]>> {
    prop_oneof![
        8 => (0..2 * CLASS).prop_map(Ok),
        1 => any::<[u8; 4]>().prop_map(Err),
        1 => any::<u8>().prop_map(|last| Err([10, 7, 0, last])),
    ]
}

proptest! {
    #[test]
    fn a_frame_comes_to_whom_it_is_for_once_and_in_order(
        sent in vec((0..2 * CLASS, place(), place(), any::<(u16, u16)>(), any::<bool>()), 0..200),
    ) {
        let seats: Vec<Seat> = [7, 9].into_iter().flat_map(class).collect();
        let address = |place: Result<usize, [u8; 4]>| place.map_or_else(|any| any, |at| seats[at].address());
        let mut expected = vec![Vec::new(); seats.len()];
        for (number, (sender, from, to, ports, honest)) in sent.into_iter().enumerate() {
            let from = if honest { seats[sender].address() } else { address(from) };
            let message = frame(from, address(to), ports, number as u64);
            let is_frame = Header::decode(&message[1..]).is_ok();
            let taken = seats[sender].route(message.clone().into());
            prop_assert_eq!(taken, is_frame && from == seats[sender].address());
            let room = sender / CLASS * CLASS..(sender / CLASS + 1) * CLASS;
            if let (true, Some(at)) = (taken, room.clone().find(|at| seats[*at].address() == address(to))) {
                expected[at].push(message);
            }
        }
        for (seat, expected) in seats.iter().zip(expected) {
            prop_assert_eq!(heard(seat), expected);
        }
    }
}
