//! One room: who is in it under which address, and the way of a frame from one browser to another.

mod class;
mod numbers;
mod time;

pub(crate) use class::{Class, beginning};
pub(crate) use numbers::MAX_NUMBERS;
pub(crate) use time::RoomTime;

use crate::Limits;
use crate::clock::Clock;
use crate::gateway::{Doors, Gateway};
use crate::line::Line;
use crate::metrics::Metrics;
use crate::patience::Patience;
use axum::body::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;
use terrarium_link::Header;
use terrarium_link::room::{
    Beginning, End, FRAME, NodeEntry, Pass, Refusal, RoomCode, Secret, Settings, ToBrowser, clean_name,
};

/// Seconds for which nobody is in a room before it is taken for abandoned.
const ABANDONED: u64 = 600;
/// Addresses that were sent away and are remembered.
pub(crate) const MAX_BARRED: usize = 1_000;
/// A message of fewer bytes is copied before it waits: it may be a small part of the buffer that it was read into.
const COPIED: usize = 64 * 1024;

/// What of a room survives a restart of the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) code: RoomCode,
    /// What passes are proven with.
    pub(crate) key: Secret,
    /// The teacher's.
    pub(crate) token: Secret,
    pub(crate) by_hand: bool,
    pub(crate) chain: Vec<u8>,
    pub(crate) settings: Settings,
    /// What the chain of the present epoch begins with; none for one that is made by hand or that every page has built in.
    pub(crate) beginning: Option<Beginning>,
    pub(crate) time: RoomTime,
    /// The number of the last address that was given away.
    pub(crate) last: u16,
    /// When somebody was last there, in seconds since 1970.
    pub(crate) seen: u64,
    /// Whether it is the one whose teacher's link the relay prints.
    pub(crate) own: bool,
    /// Numbers of passes that hold no more.
    pub(crate) barred: BTreeSet<u16>,
    /// What its teacher arranged.
    pub(crate) class: Class,
}

/// Who wants in.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) page: u64,
    pub(crate) pass: Option<Pass>,
    pub(crate) token: Option<Secret>,
    pub(crate) name: String,
    /// Under which addresses the page is served, which it is to be told.
    pub(crate) urls: Vec<String>,
}

/// A place in a room, held by one connection; dropping it leaves the room.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) room: Arc<Room>,
    pub(crate) line: Arc<Line>,
    number: u16,
    teacher: bool,
}

/// What came of asking for a seat.
#[derive(Debug)]
pub(crate) enum Asked {
    Seated(Seat),
    /// Another tab has it; whether it answers is to be seen.
    Taken(Arc<Line>),
}

/// A room.
#[derive(Debug)]
pub(crate) struct Room {
    code: RoomCode,
    key: Secret,
    token: Secret,
    by_hand: bool,
    own: bool,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    clock: Arc<Clock>,
    max_peers: usize,
    doors: Doors,
    /// With passes that are shown again and again, by their addresses in the room.
    returns: Patience,
    began: Instant,
    inner: RwLock<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Bounded by `link`'s `MAX_CHAIN`.
    chain: Vec<u8>,
    settings: Settings,
    beginning: Option<Beginning>,
    time: RoomTime,
    last: u16,
    seen: u64,
    /// By number; bounded by `max_peers`.
    members: BTreeMap<u16, Member>,
    /// Numbers whose passes hold no more; bounded by [`MAX_BARRED`].
    barred: BTreeSet<u16>,
    class: Class,
}

#[derive(Debug)]
struct Member {
    line: Arc<Line>,
    page: u64,
    teacher: bool,
    name: String,
    /// Bounded by `link`'s `MAX_NODES`.
    nodes: Vec<NodeEntry>,
    /// What its page last told of its nodes; bounded by `link`'s `MAX_REPORT`.
    report: Box<[u8]>,
}

impl Room {
    pub(crate) fn new(
        record: Record,
        max_peers: usize,
        limits: Arc<Limits>,
        metrics: Arc<Metrics>,
        clock: Arc<Clock>,
    ) -> Self {
        let Record { code, key, token, by_hand, chain, settings, beginning, .. } = record;
        let Record { mut time, last, seen, own, barred, class, .. } = record;
        time.stand(!settings.mining && !by_hand, clock.unix_ms());
        let members = BTreeMap::new();
        let inner = Inner { chain, settings, beginning, time, last, seen, members, barred, class };
        let (inner, doors) = (RwLock::new(inner), Doors::new(Arc::default()));
        let returns = Patience::new(limits.returns, limits.return_again);
        let began = Instant::now();
        Self {
            code,
            key,
            token,
            by_hand,
            own,
            limits,
            metrics,
            clock,
            max_peers,
            doors,
            returns,
            began,
            inner,
        }
    }

    /// The same room with gateways.
    pub(crate) fn with_gateways(self, gateways: Arc<[Gateway]>) -> Self {
        Self { doors: Doors::new(gateways), ..self }
    }

    /// Whether nobody has been here for a while, nobody but its maker ever was, and it was not made ready for anybody.
    pub(crate) fn is_abandoned(&self) -> bool {
        let inner = self.read();
        let is_bare = inner.last <= 1 && inner.chain.is_empty() && inner.class == Class::default();
        drop(inner);
        is_bare && self.empty_for() >= ABANDONED
    }

    pub(crate) fn code(&self) -> RoomCode {
        self.code
    }

    pub(crate) fn token(&self) -> Secret {
        self.token
    }

    /// Whether it is the relay's own.
    pub(crate) fn is_own(&self) -> bool {
        self.own
    }

    /// What survives a restart.
    pub(crate) fn record(&self) -> Record {
        let inner = self.read();
        let seen = if inner.members.is_empty() { inner.seen } else { self.clock.unix_seconds() };
        let Self { code, key, token, by_hand, own, .. } = *self;
        Record {
            code,
            key,
            token,
            by_hand,
            chain: inner.chain.clone(),
            settings: inner.settings,
            beginning: inner.beginning,
            time: inner.time,
            last: inner.last,
            seen,
            own,
            barred: inner.barred.clone(),
            class: inner.class.clone(),
        }
    }

    /// How many browsers are there.
    pub(crate) fn count(&self) -> usize {
        self.read().members.len()
    }

    /// Seconds for which nobody has been there.
    pub(crate) fn empty_for(&self) -> u64 {
        let inner = self.read();
        if inner.members.is_empty() { self.clock.unix_seconds().saturating_sub(inner.seen) } else { 0 }
    }

    /// Whether a guest shows a pass of this room that holds, or its token.
    pub(crate) fn knows(&self, guest: &Guest) -> bool {
        guest.token == Some(self.token) || self.number_shown(&self.read(), guest).is_some()
    }

    /// Gives a guest a seat: the address of its pass, else a new one. `replace` takes the seat from another tab.
    pub(crate) fn seat(self: &Arc<Self>, guest: &Guest, replace: bool) -> Result<Asked, Refusal> {
        self.seat_at(self.began.elapsed().as_secs_f64(), guest, replace)
    }

    fn seat_at(self: &Arc<Self>, now: f64, guest: &Guest, replace: bool) -> Result<Asked, Refusal> {
        let teacher = guest.token == Some(self.token);
        let mut inner = self.write();
        let number = match self.number_shown(&inner, guest) {
            // Who takes a seat from another tab has been counted when it asked for it.
            Some(number) if !replace && !self.may_return(number, now) => return Err(Refusal::TooManyTries),
            Some(number) => number,
            None if inner.settings.locked && !teacher => return Err(Refusal::Locked),
            None => inner.new_number(teacher)?,
        };
        match inner.members.get(&number) {
            Some(other) if other.page != guest.page && !replace => {
                return Ok(Asked::Taken(Arc::clone(&other.line)));
            }
            Some(other) => other.line.end(End::Replaced),
            None if inner.members.len() >= self.max_peers => return Err(Refusal::RoomFull),
            None => {}
        }
        let line = Arc::new(Line::new());
        let name = clean_name(&guest.name);
        let (page, nodes, report) = (guest.page, Vec::new(), Box::default());
        let member = Member { line: Arc::clone(&line), page, teacher, name, nodes, report };
        inner.members.insert(number, member);
        inner.last = inner.last.max(number);
        self.welcome(&inner, number, &line, teacher, guest.urls.clone());
        Ok(Asked::Seated(Seat { room: Arc::clone(self), line, number, teacher }))
    }

    /// What a browser is told first, before anything that others say: its welcome, the settings, the chain, who is there.
    /// The others are told of it.
    fn welcome(&self, inner: &Inner, number: u16, line: &Line, teacher: bool, urls: Vec<String>) {
        let welcome = ToBrowser::Welcome {
            version: terrarium_link::room::ROOM_VERSION,
            code: self.code,
            pass: self.pass(number),
            token: teacher.then_some(self.token),
            unix_ms: inner.time.at(self.clock.unix_ms()),
            by_hand: self.by_hand,
            urls,
        };
        let mut messages = vec![welcome, self.time_news(inner), ToBrowser::Settings(inner.settings)];
        messages.extend(self.class_news(inner, number, teacher));
        if !inner.chain.is_empty() {
            messages.push(ToBrowser::Chain(inner.chain.clone()));
        }
        let others = inner.members.iter().filter(|(other, _)| **other != number);
        messages.extend(others.map(|(other, member)| self.introduction(inner, *other, member, teacher)));
        messages.extend(self.doors.introductions());
        for message in messages {
            if !line.push(message.encode().into(), &self.limits) {
                line.end(End::TooSlow);
            }
        }
        self.announce(inner, number);
    }

    /// Tells everybody that the room is no more.
    pub(crate) fn end(&self, reason: End) {
        self.read().members.values().for_each(|member| member.line.end(reason));
    }

    fn announce(&self, inner: &Inner, number: u16) {
        let Some(member) = inner.members.get(&number) else { return };
        let [student, teacher]: [Bytes; 2] =
            [false, true].map(|teacher| self.introduction(inner, number, member, teacher).encode().into());
        for (other, member) in &inner.members {
            if *other != number {
                self.push(member, if member.teacher { &teacher } else { &student }.clone());
            }
        }
    }

    fn introduction(&self, inner: &Inner, number: u16, member: &Member, to_teacher: bool) -> ToBrowser {
        let Member { teacher, name, nodes, .. } = member;
        let (name, nodes) = (inner.class.shown(number, name, to_teacher).to_owned(), nodes.clone());
        ToBrowser::Member { address: self.pass(number).address, teacher: *teacher, name, nodes }
    }

    fn push(&self, member: &Member, message: Bytes) {
        if !member.line.push(message, &self.limits) {
            // Who misses news of the room has a wrong picture of it: it comes back and is told all.
            member.line.end(End::TooSlow);
        }
    }

    /// Passes on what a gateway, or a browser of another relay, sends to a browser.
    pub(crate) fn deliver(&self, from: [u8; 4], to: [u8; 4], message: Bytes) {
        let inner = self.read();
        let (from, to) = (self.number_at(from), self.number_at(to));
        // A gateway is of no team.
        let is_apart = from.zip(to).is_some_and(|(from, to)| inner.class.parts(from, to));
        match to.and_then(|to| inner.members.get(&to)) {
            None => self.metrics.nobody.add(1),
            Some(_) if is_apart => self.metrics.split.add(1),
            Some(member) => self.carry(&member.line, message),
        }
    }

    /// Puts a frame on a line, and counts it.
    fn carry(&self, line: &Line, message: Bytes) {
        let length = message.len() as u64;
        let small = message.len() < COPIED;
        let message = if small { Bytes::copy_from_slice(&message) } else { message };
        if line.push(message, &self.limits) {
            self.metrics.frames.add(1);
            self.metrics.bytes.add(length);
        } else {
            self.metrics.overflow.add(1);
        }
    }

    /// Opens or closes the gateways by what nodes there are now, and tells everybody.
    fn settle_gateways(self: &Arc<Self>, inner: &mut Inner) {
        let nodes = inner.members.values().flat_map(|member| &member.nodes);
        for news in self.doors.settle(self, nodes) {
            self.tell_all(inner, &news);
        }
        self.settle_time(inner);
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        // Nothing panics while it holds the lock; if something did, what is in there is still whole.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The address that it stands for.
    pub(crate) fn address(&self) -> [u8; 4] {
        self.room.pass(self.number).address
    }

    /// Passes a frame on: from this browser alone, to a browser of this room alone, and no more once it was told to go.
    pub(crate) fn route(&self, message: Bytes) -> bool {
        if self.line.has_ended() {
            return true;
        }
        let metrics = &self.room.metrics;
        let Some(Ok(header)) = message.strip_prefix(&[FRAME]).map(Header::decode) else {
            metrics.malformed.add(1);
            return false;
        };
        let own = self.address();
        if header.from.ip != own {
            metrics.foreign.add(1);
            return false;
        }
        let [a, b, high, low] = header.to.ip;
        if [a, b] != own[..2] {
            match self.room.doors.line(header.to) {
                None => metrics.nobody.add(1),
                Some(line) => self.room.carry(&line, message),
            }
            return true;
        }
        let inner = self.room.read();
        let to = u16::from_be_bytes([high, low]);
        match inner.members.get(&to) {
            Some(_) if inner.class.parts(self.number, to) => metrics.split.add(1),
            None => metrics.nobody.add(1),
            Some(member) => self.room.carry(&member.line, message),
        }
        true
    }

    /// Takes over what nodes this browser runs, and tells the others if that is news.
    pub(crate) fn set_nodes(&self, nodes: Vec<NodeEntry>) {
        if self.line.has_ended() {
            return;
        }
        let mut inner = self.room.write();
        let news = |member: &&mut Member| Arc::ptr_eq(&member.line, &self.line) && member.nodes != nodes;
        if let Some(member) = inner.members.get_mut(&self.number).filter(news) {
            member.nodes = nodes;
            self.room.announce(&inner, self.number);
            self.room.settle_gateways(&mut inner);
        }
    }

    /// Takes over the room's chain from its teacher; false from anybody else.
    pub(crate) fn share(&self, chain: Vec<u8>) -> bool {
        if !self.teacher {
            return false;
        }
        let mut inner = self.room.write();
        self.room.tell_all(&inner, &ToBrowser::Chain(chain.clone()));
        inner.chain = chain;
        true
    }

    /// Takes over what the teacher decides for all; false from anybody else.
    pub(crate) fn set(&self, settings: Settings) -> bool {
        if !self.teacher {
            return false;
        }
        let mut inner = self.room.write();
        inner.settings = settings;
        self.room.settle_time(&mut inner);
        self.room.tell_all(&inner, &ToBrowser::Settings(settings));
        true
    }

    /// Sends a browser away, whose pass holds no more; false from anybody but the teacher.
    pub(crate) fn remove(&self, address: [u8; 4]) -> bool {
        if self.teacher {
            let mut inner = self.room.write();
            if let Some(number) = self.room.number_at(address)
                && let Some(member) = inner.members.get(&number)
            {
                member.line.end(End::Removed);
                inner.barred.insert(number);
                if inner.barred.len() > MAX_BARRED {
                    inner.barred.pop_first();
                }
            }
        }
        self.teacher
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let room = Arc::clone(&self.room);
        let mut inner = room.write();
        let is_mine = |member: &Member| Arc::ptr_eq(&member.line, &self.line);
        if inner.members.get(&self.number).is_some_and(is_mine) {
            inner.members.remove(&self.number);
            inner.seen = room.clock.unix_seconds();
            let message: Bytes = ToBrowser::Gone(self.address()).encode().into();
            inner.members.values().for_each(|member| room.push(member, message.clone()));
            room.doors.tell(&message, &room.limits);
            room.settle_gateways(&mut inner);
        }
    }
}

#[cfg(test)]
mod routing;
mod signals;
#[cfg(test)]
mod tests;
