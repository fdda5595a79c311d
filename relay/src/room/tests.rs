use super::*;
use crate::line::Work;
use futures_util::FutureExt;
use terrarium_link::room::wrap_frame;
use terrarium_link::{Address, Body, Frame, Role};

/// A new room's record, by its number, its key and its token.
pub(super) fn record(number: u64, key: u8, token: u8) -> Record {
    Record {
        code: RoomCode::from_number(number),
        key: Secret([key; 16]),
        token: Secret([token; 16]),
        by_hand: false,
        chain: Vec::new(),
        settings: Settings::default(),
        beginning: None,
        time: RoomTime::default(),
        last: 0,
        seen: 0,
        own: false,
        barred: BTreeSet::new(),
        class: Class::default(),
    }
}

fn room() -> Arc<Room> {
    Arc::new(Room::new(record(1, 7, 8), 10, Arc::default(), Arc::default(), Arc::new(Clock::starting(0))))
}

fn guest(page: u64, pass: Option<Pass>, token: Option<Secret>) -> Guest {
    Guest { page, pass, token, name: String::new(), urls: Vec::new() }
}

fn seat(room: &Arc<Room>, guest: &Guest) -> Seat {
    let Ok(Asked::Seated(seat)) = room.seat(guest, false) else { panic!("no seat") };
    seat
}

/// A teacher and a student, who have taken in all that there was to hear.
fn class(room: &Arc<Room>) -> (Seat, Seat) {
    let teacher = seat(room, &guest(1, None, Some(room.token())));
    let student = seat(room, &guest(2, None, None));
    heard(&teacher);
    heard(&student);
    (teacher, student)
}

/// The messages that wait for a browser.
fn heard(seat: &Seat) -> Vec<Bytes> {
    match seat.line.next().now_or_never() {
        Some(Work::Send(messages)) => messages.into(),
        _ => Vec::new(),
    }
}

fn frame(from: &Seat, to: &Seat) -> Vec<u8> {
    let address = |seat: &Seat| Address { ip: seat.address(), port: 3_000 };
    let header = Header { role: Role::Opener, from: address(from), to: address(to), opener: 1, acceptor: 2 };
    wrap_frame(&Frame { header, body: Body::Credit { offset: 1 } }.encode())
}

#[test]
fn a_small_frame_that_waits_does_not_keep_the_buffer_that_it_was_read_into() {
    struct Buffer(Vec<u8>, #[expect(dead_code, reason = "is dropped with the buffer")] Arc<()>);
    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    let (teacher, student) = class(&room());
    let small = frame(&student, &teacher);
    let large = [small.clone(), vec![0; COPIED]].concat();
    for (message, kept) in [(small, 1), (large, 2)] {
        let held = Arc::new(());
        let buffer = Buffer([message.clone(), vec![0; 1_000]].concat(), Arc::clone(&held));
        assert!(student.route(Bytes::from_owner(buffer).slice(..message.len())));
        assert_eq!(Arc::strong_count(&held), kept);
        assert_eq!(heard(&teacher), [message]);
    }
}

#[test]
fn nodes_that_are_the_same_as_before_are_no_news() {
    let (teacher, student) = class(&room());
    let nodes = vec![NodeEntry { port: 3_001, network: "net".to_owned() }];
    student.set_nodes(nodes.clone());
    assert_eq!(heard(&teacher).len(), 1);
    student.set_nodes(nodes);
    assert_eq!(heard(&teacher).len(), 0);
    student.set_nodes(Vec::new());
    assert_eq!(heard(&teacher).len(), 1);
}

#[test]
fn who_was_sent_away_says_nothing_more() {
    let (teacher, student) = class(&room());
    assert!(student.route(frame(&student, &teacher).into()));
    assert_eq!(heard(&teacher).len(), 1);
    assert!(teacher.remove(student.address()));
    assert!(student.route(frame(&student, &teacher).into()));
    student.set_nodes(vec![NodeEntry { port: 3_001, network: "net".to_owned() }]);
    assert_eq!(heard(&teacher).len(), 0);
}

#[test]
fn the_pass_of_who_was_sent_away_holds_no_more() {
    let room = room();
    let (teacher, student) = class(&room);
    let back = guest(2, Some(room.pass(student.number)), None);
    assert!(room.knows(&back));
    assert!(teacher.remove(student.address()));
    assert!(!room.knows(&back));
    let again = seat(&room, &back);
    assert_ne!(again.address(), student.address());
    assert!(teacher.set(Settings { locked: true, ..Settings::default() }));
    assert!(matches!(room.seat(&back, false), Err(Refusal::Locked)));
    let held = guest(2, Some(room.pass(again.number)), None);
    assert_eq!(seat(&room, &held).address(), again.address(), "a pass that holds opens a locked room");
}

#[test]
fn no_more_than_so_many_who_were_sent_away_are_remembered() {
    let room = room();
    let teacher = seat(&room, &guest(1, None, Some(room.token())));
    for page in 0..=MAX_BARRED as u64 {
        let student = seat(&room, &guest(page, None, None));
        assert!(teacher.remove(student.address()));
        heard(&teacher);
    }
    assert_eq!(room.read().barred.len(), MAX_BARRED);
}

#[test]
fn a_browser_comes_back_as_often_as_a_person_reloads_and_then_only_so_fast() {
    let room = room();
    let (teacher, student) = class(&room);
    let back = |page| guest(page, Some(room.pass(student.number)), None);
    let comes = |page, now| room.seat_at(now, &back(page), true).is_ok();
    assert!((0..1_000).all(|page| comes(page, 0.0)), "it was counted when it asked");
    let asks = |now| room.seat_at(now, &back(2), false).map(drop);
    assert!((0..60).all(|_| asks(0.0).is_ok()));
    assert_eq!(asks(0.0), Err(Refusal::TooManyTries));
    assert_eq!([0.5, 0.5, 1.0].map(|now| asks(now).is_ok()), [true, false, true]);
    let other = guest(1, Some(room.pass(teacher.number)), None);
    assert!(room.seat_at(0.0, &other, false).is_ok(), "others have their own measure");
}

#[test]
fn a_room_that_has_given_all_its_addresses_away_is_full_for_strangers_alone() {
    let record = Record { last: MAX_NUMBERS - 1, ..record(1, 7, 8) };
    let clock = Arc::new(Clock::starting(0));
    let room = Arc::new(Room::new(record, 10, Arc::default(), Arc::default(), clock));
    let last = seat(&room, &guest(1, None, None));
    assert_eq!(last.number, MAX_NUMBERS);
    let stranger = |token| room.seat(&guest(2, None, token), false).map(drop);
    assert_eq!([None, Some(room.token())].map(stranger), [Err(Refusal::RoomFull); 2]);
    for number in [1, 2, MAX_NUMBERS] {
        let known = guest(3, Some(room.pass(number)), None);
        drop(room.seat(&known, true).unwrap());
    }
}
