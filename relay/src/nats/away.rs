//! A browser of this relay in a room of another: its seat is at the room's home, which is asked for it again when the way
//! there was lost. Meanwhile it goes on with those of this relay.

use super::branch::Branch;
use super::{Ask, GONE, Nats, SEEN, ask, down, number, to, up};
use crate::Limits;
use crate::connection::{Place, Taken};
use crate::limits::MAX_MESSAGE;
use crate::line::{Line, Work};
use crate::lobby::Lobby;
use crate::metrics::Metrics;
use crate::room::Guest;
use async_nats::{Request, Subscriber};
use axum::body::Bytes;
use futures_util::StreamExt;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use terrarium_link::Header;
use terrarium_link::room::{
    self, ClassWish, End, FRAME, ROOM_VERSION, Refusal, RoomCode, ToBrowser, ToRelay, frame_of,
};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// How long the home may take to answer, beside what it waits for another tab.
const ANSWER: Duration = Duration::from_secs(3);

/// A place in a room of another relay, held by one connection; dropping it leaves the room.
#[derive(Debug)]
pub(crate) struct AwaySeat {
    nats: Arc<Nats>,
    member: Arc<Member>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Member {
    branch: Arc<Branch>,
    line: Arc<Line>,
    address: [u8; 4],
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    /// What it says to the home.
    words: Line,
    /// Which others it was told of; bounded by the home's `max_peers`.
    known: Mutex<BTreeSet<[u8; 4]>>,
    /// What it said last of its nodes.
    nodes: Mutex<Option<Bytes>>,
    /// What it reported last.
    report: Mutex<Option<Bytes>>,
    /// The subject to which its words go.
    up: Mutex<String>,
    /// With the pass that it was given.
    guest: Mutex<Guest>,
    welcomed: AtomicBool,
    /// Whether the way to the home is lost.
    lost: AtomicBool,
}

/// The way to and from the home.
struct Way {
    address: [u8; 4],
    up: String,
    down: Subscriber,
    frames: Subscriber,
}

impl AwaySeat {
    /// Asks the home of a room for a seat. `limited` says that the browser may not guess any more.
    pub(crate) async fn take_up(
        lobby: &Lobby,
        nats: &Arc<Nats>,
        code: RoomCode,
        guest: Guest,
        limited: bool,
    ) -> Result<Self, Refusal> {
        let way = nats.way(code, &guest, limited, &lobby.limits).await?;
        let branch = nats.branch(code);
        let line = Arc::new(Line::new());
        branch.enter(number(way.address), &line);
        let member = Arc::new(Member {
            branch,
            line,
            address: way.address,
            limits: Arc::clone(&lobby.limits),
            metrics: Arc::clone(&lobby.metrics),
            words: Line::new(),
            known: Mutex::default(),
            nodes: Mutex::default(),
            report: Mutex::default(),
            up: Mutex::new(way.up.clone()),
            guest: Mutex::new(guest),
            welcomed: AtomicBool::new(false),
            lost: AtomicBool::new(false),
        });
        let task = nats.spawn(tend(Arc::clone(nats), Arc::clone(&member), way));
        Ok(Self { nats: Arc::clone(nats), member, task })
    }
}

impl Place for AwaySeat {
    fn line(&self) -> &Line {
        &self.member.line
    }

    fn address(&self) -> [u8; 4] {
        self.member.address
    }

    fn code(&self) -> RoomCode {
        self.member.branch.code()
    }

    /// It comes from the home.
    fn time(&self) -> Option<ToBrowser> {
        None
    }

    fn take(&self, body: Bytes, lobby: &Lobby) -> Taken {
        if body.first() == Some(&FRAME) {
            return Taken::done(self.member.route(body));
        }
        let message = if body.len() > room::MAX_MESSAGE { None } else { ToRelay::decode(&body).ok() };
        let taken = match message {
            Some(ToRelay::Create { .. } | ToRelay::Join { .. }) | None => {
                lobby.metrics.malformed.add(1);
                return Taken::Refused;
            }
            Some(ToRelay::Class(ClassWish::Report(_))) => {
                *lock(&self.member.report) = Some(body.clone());
                Taken::News
            }
            Some(ToRelay::Class(ClassWish::Pick(_))) => Taken::News,
            Some(ToRelay::Nodes(_)) => {
                *lock(&self.member.nodes) = Some(body.clone());
                Taken::News
            }
            Some(_) => Taken::Done,
        };
        self.member.say(body);
        taken
    }
}

impl Drop for AwaySeat {
    fn drop(&mut self) {
        self.task.abort();
        let member = Arc::clone(&self.member);
        member.branch.leave(number(member.address), &member.line);
        if member.lost.load(Ordering::Relaxed) {
            let message: Bytes = ToBrowser::Gone(member.address).encode().into();
            member.branch.lines().iter().for_each(|line| member.tell(line, message.clone()));
        }
        let (nats, up) = (Arc::clone(&self.nats), lock(&member.up).clone());
        self.nats.spawn(async move {
            nats.publish(up, Bytes::from_static(GONE)).await;
        });
    }
}

impl Nats {
    /// Asks the home of a room for a seat.
    async fn way(
        &self,
        code: RoomCode,
        guest: &Guest,
        limited: bool,
        limits: &Limits,
    ) -> Result<Way, Refusal> {
        if !self.is_up() {
            return Err(Refusal::NoRoom);
        }
        let mut session = [0; 8];
        getrandom::fill(&mut session).map_err(|_| Refusal::RelayFull)?;
        let session = u64::from_le_bytes(session);
        let Guest { page, pass, token, name, urls } = guest.clone();
        let join = ToRelay::Join { version: ROOM_VERSION, page, code, pass, token, name }.encode();
        let wish =
            serde_json::to_vec(&Ask { limited, session, urls, join }).map_err(|_| Refusal::Malformed)?;
        let down = self.subscribe(down(code, session)).await.ok_or(Refusal::NoRoom)?;
        let request = Request::new().payload(wish.into()).timeout(Some(ANSWER + limits.other_tab));
        let answer = self.client.send_request(ask(code), request).await.map_err(|_| Refusal::NoRoom)?;
        let Ok(address) = <[u8; 4]>::try_from(&*answer.payload) else {
            let refused = ToBrowser::decode(&answer.payload);
            return Err(if let Ok(ToBrowser::Refused(reason)) = refused { reason } else { Refusal::NoRoom });
        };
        let frames = self.subscribe(to(code, number(address))).await.ok_or(Refusal::NoRoom)?;
        Ok(Way { address, up: up(code, session), down, frames })
    }
}

/// Passes on what a browser says and what it is told, and finds the home again when the way there is lost.
async fn tend(nats: Arc<Nats>, member: Arc<Member>, mut way: Way) {
    let beat_time = member.limits.heartbeat;
    let mut beat = interval(beat_time);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut heard, mut breaks) = (Instant::now(), nats.breaks());
    loop {
        tokio::select! {
            message = way.down.next() => {
                let Some(message) = message else { return };
                heard = Instant::now();
                member.hear(&nats, message.payload);
            }
            message = way.frames.next() => {
                let Some(message) = message else { return };
                member.take_in(message.payload);
            }
            work = member.words.next() => if let Work::Send(messages) = work {
                for message in messages {
                    nats.publish(way.up.clone(), message).await;
                }
            },
            _ = beat.tick() => {
                if !member.lost.load(Ordering::Relaxed) {
                    if nats.breaks() == breaks && nats.is_up() && heard.elapsed() <= 3 * beat_time {
                        nats.publish(way.up.clone(), Bytes::new()).await;
                    } else {
                        member.lose();
                    }
                } else {
                    breaks = nats.breaks();
                    if let Some(found) = member.find_back(&nats).await {
                        way = found;
                        heard = Instant::now();
                    }
                }
            }
        }
    }
}

impl Member {
    /// Passes a frame on: from this browser alone, to one of this relay at once, to others by their relay.
    fn route(&self, message: Bytes) -> bool {
        if self.line.has_ended() {
            return true;
        }
        let Some(Ok(header)) = frame_of(&message).map(Header::decode) else {
            self.metrics.malformed.add(1);
            return false;
        };
        if header.from.ip != self.address {
            self.metrics.foreign.add(1);
            return false;
        }
        if header.to.ip[..2] != self.address[..2] {
            // The home knows whether there is something outside of the room.
            self.say(message);
        } else if let Some(line) = self.branch.line(number(header.to.ip)) {
            self.carry(&line, message);
        } else if lock(&self.known).contains(&header.to.ip) {
            self.carry(self.branch.trunk(), message);
        } else {
            self.metrics.nobody.add(1);
        }
        true
    }

    /// Takes in a frame from another relay.
    fn take_in(&self, message: Bytes) {
        let header = frame_of(&message).and_then(|frame| Header::decode(frame).ok());
        if header.is_some_and(|header| header.to.ip == self.address) && message.len() <= MAX_MESSAGE {
            self.carry(&self.line, message);
        }
    }

    fn carry(&self, line: &Line, message: Bytes) {
        let length = message.len() as u64;
        if line.push(message, &self.limits) {
            self.metrics.frames.add(1);
            self.metrics.bytes.add(length);
        } else {
            self.metrics.overflow.add(1);
        }
    }

    /// Takes in what the home says.
    fn hear(self: &Arc<Self>, nats: &Arc<Nats>, message: Bytes) {
        if message.is_empty() {
            return self.look_after(nats);
        }
        match message.first().map(|_| ToBrowser::decode(&message)) {
            Some(Ok(ToBrowser::Welcome { pass, .. })) => {
                lock(&self.guest).pass = Some(pass);
                // A browser that never noticed is not welcomed again.
                if self.welcomed.swap(true, Ordering::Relaxed) {
                    return;
                }
            }
            Some(Ok(ToBrowser::Member { address, .. })) => drop(lock(&self.known).insert(address)),
            Some(Ok(ToBrowser::Gone(address))) => drop(lock(&self.known).remove(&address)),
            Some(Ok(ToBrowser::End(reason))) => return self.line.end(reason),
            _ if message.first() == Some(&FRAME) => return self.take_in(message),
            _ => {}
        }
        self.tell(&self.line, message);
    }

    fn tell(&self, line: &Line, message: Bytes) {
        if !line.push(message, &self.limits) {
            // As at home: who misses news comes back and is told all.
            line.end(End::TooSlow);
        }
    }

    fn say(&self, message: Bytes) {
        if self.lost.load(Ordering::Relaxed) || !self.words.push(message, &self.limits) {
            self.metrics.overflow.add(1);
        }
    }

    /// Asks the browser for a sign of life, and tells the home of one.
    fn look_after(self: &Arc<Self>, nats: &Arc<Nats>) {
        let (member, nats_of) = (Arc::clone(self), Arc::clone(nats));
        let asked = self.line.now();
        self.line.ping();
        nats.spawn(async move {
            sleep(member.limits.other_tab / 2).await;
            if member.line.was_heard_since(asked) {
                let up = lock(&member.up).clone();
                nats_of.publish(up, Bytes::from_static(SEEN)).await;
            }
        });
    }

    /// The home is not reached any more: whoever is not of this relay is gone.
    fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
        let mut known = lock(&self.known);
        let gone: Vec<[u8; 4]> =
            known.iter().copied().filter(|address| self.branch.line(number(*address)).is_none()).collect();
        for address in gone {
            known.remove(&address);
            self.tell(&self.line, ToBrowser::Gone(address).encode().into());
        }
    }

    /// Asks for the seat again.
    async fn find_back(&self, nats: &Arc<Nats>) -> Option<Way> {
        let guest = lock(&self.guest).clone();
        match nats.way(self.branch.code(), &guest, false, &self.limits).await {
            Ok(way) if way.address == self.address => {
                lock(&self.up).clone_from(&way.up);
                self.lost.store(false, Ordering::Relaxed);
                let (nodes, report) = (lock(&self.nodes).clone(), lock(&self.report).clone());
                nodes.into_iter().chain(report).for_each(|message| self.say(message));
                Some(way)
            }
            // It has not come back yet, or the seat was asked for too often of late.
            Err(Refusal::NoRoom | Refusal::RelayFull | Refusal::TooManyTries) => None,
            Ok(_) | Err(_) => {
                self.line.end(End::RoomClosed);
                None
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these; if something did, what is in there is still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
