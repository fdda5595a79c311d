//! All rooms: making, finding, keeping and ending them, and the patience with wrong codes.

use crate::Limits;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::metrics::Metrics;
use crate::patience::Patience;
use crate::room::{self, Asked, Class, Guest, Record, Room, RoomTime, Seat};
use crate::{StunServer, stun};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use terrarium_link::room::{BLOCK_TIME, End, GATEWAYS, Refusal, RoomCode, Secret, Settings, ToBrowser};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// The rooms of a relay.
#[derive(Debug)]
pub(crate) struct Lobby {
    /// Bounded by `max_rooms`, beside the relay's own.
    rooms: RwLock<HashMap<RoomCode, Arc<Room>>>,
    /// With wrong codes.
    tries: Patience,
    /// With right codes of browsers that have no pass.
    joins: Patience,
    /// With rooms that are made.
    makers: Patience,
    max_rooms: usize,
    max_peers: usize,
    room_life: Duration,
    /// The servers that pages are told of.
    stun: Vec<String>,
    gateways: Arc<[Gateway]>,
    /// Where rooms are shared with other relays.
    #[cfg(feature = "nats")]
    pub(crate) nats: Option<Arc<crate::nats::Nats>>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<Clock>,
    began: Instant,
    /// Something changed that survives a restart.
    changed: Notify,
    closing: AtomicBool,
}

/// What a lobby is made of.
#[derive(Debug)]
pub(crate) struct Bounds {
    pub(crate) max_rooms: usize,
    pub(crate) max_peers: usize,
    pub(crate) room_life: Duration,
    pub(crate) stun: Vec<StunServer>,
    pub(crate) gateways: Arc<[Gateway]>,
    pub(crate) limits: Limits,
}

impl Lobby {
    /// A lobby with the rooms that survived a restart, and a clock that does not go back behind what they were told before it.
    /// How long nobody was there before the restart does not count.
    pub(crate) fn new(bounds: Bounds, clock: Clock, mut records: Vec<Record>) -> Self {
        let Bounds { max_rooms, max_peers, room_life, stun, gateways, limits } = bounds;
        let stun = stun.iter().take(stun::MAX_SERVERS).map(StunServer::to_string).collect();
        let (limits, metrics, clock) = (Arc::new(limits), Arc::new(Metrics::default()), Arc::new(clock));
        records.sort_by_key(|record| (!record.own, record.code));
        let seen = clock.unix_seconds();
        let room = |record: Record| {
            let record = Record { seen, ..record };
            let room =
                Room::new(record, max_peers, Arc::clone(&limits), Arc::clone(&metrics), Arc::clone(&clock));
            (room.code(), Arc::new(room.with_gateways(Arc::clone(&gateways))))
        };
        // Those that there are stay, though they be more than would be made.
        let rooms = RwLock::new(records.into_iter().map(room).collect());
        Self {
            rooms,
            tries: Patience::new(limits.tries, limits.try_again),
            joins: Patience::new(limits.joins, limits.join_again),
            makers: Patience::new(limits.rooms, limits.room_again),
            max_rooms,
            max_peers,
            room_life,
            stun,
            gateways,
            #[cfg(feature = "nats")]
            nats: None,
            limits,
            metrics,
            clock,
            began: Instant::now(),
            changed: Notify::new(),
            closing: AtomicBool::new(false),
        }
    }

    /// What a browser is told of servers beside the relay, if there are any.
    pub(crate) fn servers(&self) -> Option<ToBrowser> {
        (!self.stun.is_empty()).then(|| ToBrowser::Stun(self.stun.clone()))
    }

    /// Makes a room for a browser at `from` that asks for one, with a chain of this block time, or of one that is made by hand
    /// where there is none.
    pub(crate) fn create(&self, block_time: Option<u16>, from: IpAddr) -> Result<Arc<Room>, Refusal> {
        self.create_at(self.now(), block_time, from)
    }

    fn create_at(&self, now: f64, block_time: Option<u16>, from: IpAddr) -> Result<Arc<Room>, Refusal> {
        if self.makers.spend(from, now) { self.make(block_time, false) } else { Err(Refusal::TooManyTries) }
    }

    /// The relay's own room, for who started it; a new one where there is none.
    pub(crate) fn own(&self) -> Result<Arc<Room>, Refusal> {
        let own = self.rooms().into_iter().filter(|room| room.is_own()).min_by_key(|room| room.code());
        own.map_or_else(|| self.make(Some(BLOCK_TIME), true), Ok)
    }

    fn make(&self, block_time: Option<u16>, own: bool) -> Result<Arc<Room>, Refusal> {
        let (key, token) = (room_key()?, secret()?);
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= self.max_rooms && !own {
            // A room in which nobody but its maker ever was gives way, the longest empty one first.
            let idle = rooms.values().filter(|room| !room.is_own() && room.is_abandoned());
            let idle = idle.max_by_key(|room| (room.empty_for(), room.code())).map(|room| room.code());
            rooms.remove(&idle.ok_or(Refusal::RelayFull)?);
        }
        let code = loop {
            let Secret([a, b, c, d, e, f, ..]) = secret()?;
            let code = RoomCode::from_number(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]));
            if !rooms.contains_key(&code) {
                break code;
            }
        };
        let (seen, settings) = (self.clock.unix_seconds(), Settings::default());
        // Its maker is the only one who is there.
        let begins = |block_time| room::beginning(block_time, settings.khs, 1, self.clock.unix_ms());
        let record = Record {
            code,
            key,
            token,
            by_hand: block_time.is_none(),
            chain: Vec::new(),
            settings,
            beginning: block_time.map(begins),
            time: RoomTime::default(),
            last: 0,
            seen,
            own,
            barred: BTreeSet::new(),
            class: Class::default(),
        };
        let (limits, metrics) = (Arc::clone(&self.limits), Arc::clone(&self.metrics));
        let room = Room::new(record, self.max_peers, limits, metrics, Arc::clone(&self.clock));
        let room = Arc::new(room.with_gateways(Arc::clone(&self.gateways)));
        rooms.insert(code, Arc::clone(&room));
        drop(rooms);
        self.changed.notify_one();
        Ok(room)
    }

    /// The room of a code, if it is one of this relay.
    pub(crate) fn get(&self, code: RoomCode) -> Option<Arc<Room>> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner).get(&code).cloned()
    }

    /// The room of a code, for a guest at `from`, who may be wrong only so often, and bring only so many browsers. Who shows
    /// a pass or the token of the room comes in whatever others at the same address have tried.
    pub(crate) fn find(&self, code: RoomCode, guest: &Guest, from: IpAddr) -> Result<Arc<Room>, Refusal> {
        self.find_at(self.now(), code, guest, from)
    }

    fn find_at(&self, now: f64, code: RoomCode, guest: &Guest, from: IpAddr) -> Result<Arc<Room>, Refusal> {
        match self.get(code) {
            Some(room) if room.knows(guest) => Ok(room),
            _ if !self.tries.allows(from, now) => Err(Refusal::TooManyTries),
            Some(room) if self.joins.spend(from, now) => Ok(room),
            None if self.tries.spend(from, now) => Err(Refusal::NoRoom),
            Some(_) | None => Err(Refusal::TooManyTries),
        }
    }

    /// Whether a guest at `from` who is nobody yet may be brought to a room of another relay.
    #[cfg(feature = "nats")]
    pub(crate) fn may_bring(&self, from: IpAddr) -> bool {
        self.joins.spend(from, self.now())
    }

    /// Counts a code from an address as wrong, if it may be wrong once more; [`Lobby::was_right`] takes it back.
    #[cfg(feature = "nats")]
    pub(crate) fn begin_try(&self, from: IpAddr) -> bool {
        self.tries.spend(from, self.now())
    }

    /// A code from an address that was counted as wrong was right.
    #[cfg(feature = "nats")]
    pub(crate) fn was_right(&self, from: IpAddr) {
        self.tries.give_back(from, self.now());
    }

    /// Seconds since the start.
    fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// A seat in a room. Where another tab has it, that tab is asked for a sign of life first.
    pub(crate) async fn seat(&self, room: &Arc<Room>, guest: &Guest) -> Result<Seat, Refusal> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(Refusal::RelayFull);
        }
        let seat = match room.seat(guest, false)? {
            Asked::Seated(seat) => seat,
            Asked::Taken(line) => {
                let asked = line.now();
                line.ping();
                sleep(self.limits.other_tab).await;
                if line.was_heard_since(asked) {
                    return Err(Refusal::OtherTab);
                }
                match room.seat(guest, true)? {
                    Asked::Seated(seat) => seat,
                    Asked::Taken(_) => return Err(Refusal::OtherTab),
                }
            }
        };
        self.changed.notify_one();
        Ok(seat)
    }

    /// What survives a restart has changed.
    pub(crate) fn touch(&self) {
        self.changed.notify_one();
    }

    /// Resolves once something has changed that survives a restart.
    pub(crate) async fn change(&self) {
        self.changed.notified().await;
    }

    /// What survives a restart.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut records: Vec<Record> = self.rooms().iter().map(|room| room.record()).collect();
        records.sort_by_key(|record| record.code);
        records
    }

    /// Every room.
    pub(crate) fn rooms(&self) -> Vec<Arc<Room>> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Ends rooms that have been empty for too long. The relay's own stays: its link is printed once.
    pub(crate) fn end_empty_rooms(&self) {
        let life = self.room_life.as_secs();
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        let before = rooms.len();
        rooms.retain(|_, room| room.is_own() || room.empty_for() < life);
        if rooms.len() < before {
            self.changed.notify_one();
        }
    }

    /// Whether a browser is in any room.
    pub(crate) fn has_browsers(&self) -> bool {
        #[cfg(feature = "nats")]
        if self.nats.as_ref().is_some_and(|nats| nats.has_browsers()) {
            return true;
        }
        self.rooms().iter().any(|room| room.count() > 0)
    }

    /// Tells every browser that the relay goes, and lets nobody in any more.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        #[cfg(feature = "nats")]
        self.close_branches();
        self.rooms().iter().for_each(|room| room.end(End::Shutdown));
    }
}

/// A key whose room has no address of a gateway.
fn room_key() -> Result<Secret, Refusal> {
    loop {
        let key = secret()?;
        if key.0[0] != GATEWAYS[1] {
            return Ok(key);
        }
    }
}

/// A number that nobody guesses.
fn secret() -> Result<Secret, Refusal> {
    let mut bytes = [0; 16];
    // A machine without a generator can make no rooms.
    getrandom::fill(&mut bytes).map_err(|_| Refusal::RelayFull)?;
    Ok(Secret(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_link::room::Pass;

    fn record(number: u64, own: bool) -> Record {
        let (code, settings) = (RoomCode::from_number(number), Settings::default());
        let (key, token) = (Secret([1; 16]), Secret([2; 16]));
        Record {
            code,
            key,
            token,
            by_hand: false,
            chain: Vec::new(),
            settings,
            beginning: None,
            time: RoomTime::default(),
            last: 0,
            seen: 0,
            own,
            barred: BTreeSet::new(),
            class: Class::default(),
        }
    }

    fn lobby(max_rooms: usize, room_life: Duration, records: Vec<Record>) -> Lobby {
        let limits = Limits { tries: 1, ..Limits::default() };
        let (stun, gateways) = (Vec::new(), Arc::default());
        let bounds = Bounds { max_rooms, max_peers: 10, room_life, stun, gateways, limits };
        Lobby::new(bounds, Clock::starting(0), records)
    }

    #[test]
    fn a_room_that_survived_a_restart_counts_as_seen_at_the_start() {
        let lobby = lobby(10, Duration::from_secs(3_600), vec![record(1, false)]);
        lobby.end_empty_rooms();
        assert_eq!(lobby.rooms().len(), 1);
    }

    #[test]
    fn the_relays_own_room_is_the_same_after_a_restart_and_never_goes() {
        let lobby = lobby(10, Duration::ZERO, vec![record(1, false), record(2, true), record(3, false)]);
        lobby.end_empty_rooms();
        let codes: Vec<RoomCode> = lobby.rooms().iter().map(|room| room.code()).collect();
        assert_eq!(codes, [RoomCode::from_number(2)]);
        assert_eq!(lobby.own().unwrap().code(), codes[0]);
    }

    #[test]
    fn the_relay_has_a_room_of_its_own_however_many_others_there_are() {
        let full = lobby(1, Duration::ZERO, vec![Record { last: 2, ..record(1, false) }]);
        assert_eq!(full.create(Some(20), [10, 0, 0, 1].into()).map(drop), Err(Refusal::RelayFull));
        let own = full.own().unwrap();
        assert_eq!(full.own().unwrap().code(), own.code());
        let again = lobby(1, Duration::ZERO, full.records());
        assert_eq!(again.own().unwrap().code(), own.code());
        assert!(again.get(RoomCode::from_number(1)).is_some(), "and none is lost for it");
    }

    #[test]
    fn a_room_in_which_nobody_but_its_maker_was_gives_way_where_there_are_too_many() {
        let full = lobby(2, Duration::ZERO, vec![record(1, false)]);
        let long_empty =
            Room::new(record(2, false), 10, Arc::default(), Arc::default(), Arc::clone(&full.clock));
        full.rooms.write().unwrap().insert(long_empty.code(), Arc::new(long_empty));
        let made = full.create(Some(20), [10, 0, 0, 1].into()).unwrap();
        assert!(full.get(RoomCode::from_number(2)).is_none());
        assert_eq!(
            full.create(Some(20), [10, 0, 0, 2].into()).map(drop),
            Err(Refusal::RelayFull),
            "it is new"
        );
        assert!(full.get(RoomCode::from_number(1)).is_some() && full.get(made.code()).is_some());
    }

    #[test]
    fn who_shows_a_pass_or_the_token_comes_in_whatever_others_at_the_address_have_tried() {
        let (lobby, from) = (lobby(10, Duration::ZERO, vec![record(1, false)]), [10, 0, 0, 1].into());
        let (right, wrong) = (RoomCode::from_number(1), RoomCode::from_number(2));
        let guest = |pass, token| Guest { page: 1, pass, token, name: String::new(), urls: Vec::new() };
        let find = |code, guest| lobby.find(code, &guest, from).map(drop);
        let forged = Pass { address: [10, 1, 0, 2], proof: Secret([3; 16]) };
        assert_eq!(find(wrong, guest(None, Some(Secret([2; 16])))), Err(Refusal::NoRoom), "it costs a try");
        assert_eq!(find(right, guest(None, None)), Err(Refusal::TooManyTries));
        assert_eq!(find(right, guest(Some(forged), Some(Secret([3; 16])))), Err(Refusal::TooManyTries));
        assert_eq!(find(right, guest(None, Some(Secret([2; 16])))), Ok(()));
    }

    fn stranger() -> Guest {
        Guest { page: 1, pass: None, token: None, name: String::new(), urls: Vec::new() }
    }

    #[test]
    fn a_class_behind_one_address_comes_in_at_once_and_a_crowd_one_by_one() {
        let bounds = Bounds {
            max_rooms: 10,
            max_peers: 10,
            room_life: Duration::ZERO,
            stun: Vec::new(),
            gateways: Arc::default(),
            limits: Limits::default(),
        };
        let lobby = Lobby::new(bounds, Clock::starting(0), vec![record(1, false)]);
        let (code, [school, other]) = (RoomCode::from_number(1), [[10, 0, 0, 1], [10, 0, 0, 2]]);
        let find = |now, guest, from: [u8; 4]| lobby.find_at(now, code, &guest, from.into()).map(drop);
        for _ in 0..200 {
            assert_eq!(find(0.0, stranger(), school), Ok(()));
        }
        assert_eq!(find(0.0, stranger(), school), Err(Refusal::TooManyTries));
        assert_eq!(find(0.0, stranger(), other), Ok(()), "others have their own measure");
        let teacher = Guest { token: Some(Secret([2; 16])), ..stranger() };
        assert_eq!(find(0.0, teacher, school), Ok(()), "who is known costs nothing");
        assert_eq!([0.5, 0.5, 1.0].map(|now| find(now, stranger(), school).is_ok()), [true, false, true]);
    }

    #[test]
    fn one_address_makes_only_so_many_rooms() {
        let limits = Limits { rooms: 2, room_again: Duration::from_secs(30), ..Limits::default() };
        let (room_life, stun, gateways) = (Duration::ZERO, Vec::new(), Arc::default());
        let bounds = Bounds { max_rooms: 10, max_peers: 10, room_life, stun, gateways, limits };
        let lobby = Lobby::new(bounds, Clock::starting(0), Vec::new());
        let make = |now, last| lobby.create_at(now, Some(20), [10, 0, 0, last].into()).map(drop);
        assert_eq!([0.0, 0.0].map(|now| make(now, 1)), [Ok(()), Ok(())]);
        assert_eq!(make(29.0, 1), Err(Refusal::TooManyTries));
        assert_eq!([make(29.0, 2), make(30.0, 1)], [Ok(()), Ok(())]);
        assert!(lobby.own().is_ok(), "the relay's own room is nobody's");
    }
}
