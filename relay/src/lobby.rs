//! All rooms: making, finding, keeping and ending them, and the patience with wrong codes.

use crate::limits::Bucket;
use crate::metrics::Metrics;
use crate::room::{Asked, Guest, Record, Room, Seat};
use crate::{Limits, clock};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use terrarium_link::room::{End, Refusal, RoomCode, Secret, Settings};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// Addresses whose wrong tries are remembered.
const MAX_TRIERS: usize = 10_000;

/// The rooms of a relay.
#[derive(Debug)]
pub(crate) struct Lobby {
    /// Bounded by `max_rooms`.
    rooms: RwLock<HashMap<RoomCode, Arc<Room>>>,
    /// Bounded by [`MAX_TRIERS`].
    tries: Mutex<HashMap<IpAddr, Bucket>>,
    max_rooms: usize,
    max_peers: usize,
    room_life: Duration,
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
    pub(crate) limits: Limits,
}

impl Lobby {
    pub(crate) fn new(bounds: Bounds, records: Vec<Record>) -> Self {
        let Bounds { max_rooms, max_peers, room_life, limits } = bounds;
        let (limits, metrics) = (Arc::new(limits), Arc::new(Metrics::default()));
        let room = |record: Record| {
            let room = Room::new(record, max_peers, Arc::clone(&limits), Arc::clone(&metrics));
            (room.code(), Arc::new(room))
        };
        let rooms = RwLock::new(records.into_iter().take(max_rooms).map(room).collect());
        Self {
            rooms,
            tries: Mutex::default(),
            max_rooms,
            max_peers,
            room_life,
            limits,
            metrics,
            began: Instant::now(),
            changed: Notify::new(),
            closing: AtomicBool::new(false),
        }
    }

    /// Makes a room.
    pub(crate) fn create(&self, by_hand: bool) -> Result<Arc<Room>, Refusal> {
        let (key, token) = (secret()?, secret()?);
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= self.max_rooms {
            return Err(Refusal::RelayFull);
        }
        let code = loop {
            let Secret([a, b, c, d, e, f, ..]) = secret()?;
            let code = RoomCode::from_number(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]));
            if !rooms.contains_key(&code) {
                break code;
            }
        };
        let seen = clock::unix_ms() / 1_000;
        let record = Record {
            code,
            key,
            token,
            by_hand,
            chain: Vec::new(),
            settings: Settings::default(),
            last: 0,
            seen,
        };
        let room = Room::new(record, self.max_peers, Arc::clone(&self.limits), Arc::clone(&self.metrics));
        let room = Arc::new(room);
        rooms.insert(code, Arc::clone(&room));
        drop(rooms);
        self.changed.notify_one();
        Ok(room)
    }

    /// The room of a code, for somebody at `from`, who may be wrong only so often.
    pub(crate) fn find(&self, code: RoomCode, from: IpAddr) -> Result<Arc<Room>, Refusal> {
        let now = self.began.elapsed().as_secs_f64();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.get_mut(&from).is_some_and(|bucket| !bucket.has_one(now)) {
            return Err(Refusal::TooManyTries);
        }
        let room = self.rooms.read().unwrap_or_else(PoisonError::into_inner).get(&code).cloned();
        if let Some(room) = room {
            return Ok(room);
        }
        if tries.len() >= MAX_TRIERS {
            tries.retain(|_, bucket| !bucket.is_full(now));
        }
        if tries.len() >= MAX_TRIERS {
            return Err(Refusal::TooManyTries);
        }
        let Limits { tries: most, try_again, .. } = &*self.limits;
        let fresh = || Bucket::full(1.0 / try_again.as_secs_f64(), f64::from(*most), now);
        tries.entry(from).or_insert_with(fresh).spend(1.0, now);
        Err(Refusal::NoRoom)
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

    /// Ends rooms that have been empty for too long.
    pub(crate) fn end_empty_rooms(&self) {
        let life = self.room_life.as_secs();
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        let before = rooms.len();
        rooms.retain(|_, room| room.empty_for() < life);
        if rooms.len() < before {
            self.changed.notify_one();
        }
    }

    /// Tells every browser that the relay goes, and lets nobody in any more.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.rooms().iter().for_each(|room| room.end(End::Shutdown));
    }
}

/// A number that nobody guesses.
fn secret() -> Result<Secret, Refusal> {
    let mut bytes = [0; 16];
    // A machine without a generator can make no rooms.
    getrandom::fill(&mut bytes).map_err(|_| Refusal::RelayFull)?;
    Ok(Secret(bytes))
}
