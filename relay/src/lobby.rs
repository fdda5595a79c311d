//! All rooms: making, finding, keeping and ending them, and the patience with wrong codes.

use crate::gateway::Gateway;
use crate::limits::Bucket;
use crate::metrics::Metrics;
use crate::room::{Asked, Guest, Record, Room, Seat};
use crate::{Limits, clock};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use terrarium_link::room::{End, GATEWAYS, Refusal, RoomCode, Secret, Settings};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// Addresses whose wrong tries are remembered.
const MAX_TRIERS: usize = 10_000;

/// The rooms of a relay.
#[derive(Debug)]
pub(crate) struct Lobby {
    /// Bounded by `max_rooms`, beside the relay's own.
    rooms: RwLock<HashMap<RoomCode, Arc<Room>>>,
    /// Bounded by [`MAX_TRIERS`].
    tries: Mutex<HashMap<IpAddr, Bucket>>,
    max_rooms: usize,
    max_peers: usize,
    room_life: Duration,
    gateways: Arc<[Gateway]>,
    /// Where rooms are shared with other relays.
    #[cfg(feature = "nats")]
    pub(crate) nats: Option<Arc<crate::nats::Nats>>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Arc<Metrics>,
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
    pub(crate) gateways: Arc<[Gateway]>,
    pub(crate) limits: Limits,
}

impl Lobby {
    /// A lobby with the rooms that survived a restart. How long nobody was there before it does not count.
    pub(crate) fn new(bounds: Bounds, mut records: Vec<Record>) -> Self {
        let Bounds { max_rooms, max_peers, room_life, gateways, limits } = bounds;
        let (limits, metrics) = (Arc::new(limits), Arc::new(Metrics::default()));
        records.sort_by_key(|record| (!record.own, record.code));
        let seen = clock::unix_seconds();
        let room = |record: Record| {
            let record = Record { seen, ..record };
            let room = Room::new(record, max_peers, Arc::clone(&limits), Arc::clone(&metrics));
            (room.code(), Arc::new(room.with_gateways(Arc::clone(&gateways))))
        };
        let rooms = RwLock::new(records.into_iter().take(max_rooms).map(room).collect());
        Self {
            rooms,
            tries: Mutex::default(),
            max_rooms,
            max_peers,
            room_life,
            gateways,
            #[cfg(feature = "nats")]
            nats: None,
            limits,
            metrics,
            began: Instant::now(),
            changed: Notify::new(),
            closing: AtomicBool::new(false),
        }
    }

    /// Makes a room for a browser that asks for one.
    pub(crate) fn create(&self, by_hand: bool) -> Result<Arc<Room>, Refusal> {
        self.make(by_hand, false)
    }

    /// The relay's own room, for who started it; a new one where there is none.
    pub(crate) fn own(&self) -> Result<Arc<Room>, Refusal> {
        let own = self.rooms().into_iter().filter(|room| room.is_own()).min_by_key(|room| room.code());
        own.map_or_else(|| self.make(false, true), Ok)
    }

    fn make(&self, by_hand: bool, own: bool) -> Result<Arc<Room>, Refusal> {
        let (key, token) = (room_key()?, secret()?);
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= self.max_rooms && !own {
            return Err(Refusal::RelayFull);
        }
        let code = loop {
            let Secret([a, b, c, d, e, f, ..]) = secret()?;
            let code = RoomCode::from_number(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]));
            if !rooms.contains_key(&code) {
                break code;
            }
        };
        let seen = clock::unix_seconds();
        let record = Record {
            code,
            key,
            token,
            by_hand,
            chain: Vec::new(),
            settings: Settings::default(),
            last: 0,
            seen,
            own,
        };
        let room = Room::new(record, self.max_peers, Arc::clone(&self.limits), Arc::clone(&self.metrics));
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

    /// The room of a code, for a guest at `from`, where one may be wrong only so often. Who shows a pass or the token of
    /// the room comes in whatever others at the same address have tried.
    pub(crate) fn find(&self, code: RoomCode, guest: &Guest, from: IpAddr) -> Result<Arc<Room>, Refusal> {
        let room = self.get(code);
        if let Some(room) = room.as_ref().filter(|room| room.knows(guest)) {
            return Ok(Arc::clone(room));
        }
        match room {
            Some(room) if self.may_try(from) => Ok(room),
            Some(_) => Err(Refusal::TooManyTries),
            None => self.begin_try(from).and(Err(Refusal::NoRoom)),
        }
    }

    /// Whether not too many wrong codes came from an address.
    fn may_try(&self, from: IpAddr) -> bool {
        let now = self.began.elapsed().as_secs_f64();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.get_mut(&from).is_none_or(|bucket| bucket.has_one(now))
    }

    /// Counts a code from an address as wrong; [`Lobby::was_right`] takes it back.
    pub(crate) fn begin_try(&self, from: IpAddr) -> Result<(), Refusal> {
        let now = self.began.elapsed().as_secs_f64();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.get_mut(&from).is_some_and(|bucket| !bucket.has_one(now)) {
            return Err(Refusal::TooManyTries);
        }
        if tries.len() >= MAX_TRIERS && !tries.contains_key(&from) {
            tries.retain(|_, bucket| !bucket.is_full(now));
        }
        if tries.len() >= MAX_TRIERS && !tries.contains_key(&from) {
            return Err(Refusal::TooManyTries);
        }
        let Limits { tries: most, try_again, .. } = &*self.limits;
        let fresh = || Bucket::full(1.0 / try_again.as_secs_f64(), f64::from(*most), now);
        tries.entry(from).or_insert_with(fresh).spend(1.0, now);
        Ok(())
    }

    /// A code from an address that was counted as wrong was right.
    #[cfg(feature = "nats")]
    pub(crate) fn was_right(&self, from: IpAddr) {
        let now = self.began.elapsed().as_secs_f64();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = tries.get_mut(&from) {
            bucket.spend(-1.0, now);
        }
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
        Record { code, key, token, by_hand: false, chain: Vec::new(), settings, last: 0, seen: 0, own }
    }

    fn lobby(max_rooms: usize, room_life: Duration, records: Vec<Record>) -> Lobby {
        let limits = Limits { tries: 1, ..Limits::default() };
        let gateways = Arc::default();
        Lobby::new(Bounds { max_rooms, max_peers: 10, room_life, gateways, limits }, records)
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
        let full = lobby(1, Duration::ZERO, vec![record(1, false)]);
        assert_eq!(full.create(false).map(drop), Err(Refusal::RelayFull));
        let own = full.own().unwrap();
        assert_eq!(full.own().unwrap().code(), own.code());
        let again = lobby(1, Duration::ZERO, full.records());
        assert_eq!(again.own().unwrap().code(), own.code());
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
}
