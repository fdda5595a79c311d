//! One gateway in one room: an endpoint of the session layer, and a TCP connection for each session that is opened to it.
//! What is on its way is bounded by the sessions' credits in one direction and by their send queues in the other.

use super::Gateway;
use super::tcp::{self, Event, Pipe};
use crate::line::{Line, Work};
use crate::log;
use crate::room::Room;
use axum::body::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use terrarium_link::room::{ToBrowser, frame_of, wrap_frame};
use terrarium_link::{Address, Endpoint, Limits, Output, SessionId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Bytes of one session that wait in either direction.
const WINDOW: usize = 256 * 1024;
/// Bytes of one frame.
const PAYLOAD: usize = 64 * 1024;
/// Sessions at a time, as Bitcoin Core lets connections in.
const SESSIONS: usize = 125;
/// Events of the connections that wait at a time; a connection waits until its own are taken.
const EVENTS: usize = 64;

/// Carries a room's sessions with a gateway until the room has no use for it any more.
pub(super) async fn serve(gateway: Gateway, room: Weak<Room>, line: Arc<Line>) {
    let mut entropy = [0; 8];
    if getrandom::fill(&mut entropy).is_err() {
        // A machine without a generator makes no rooms either.
        return;
    }
    let (events, mut happened) = mpsc::channel(EVENTS);
    let mut port = Port::new(gateway, u64::from_le_bytes(entropy), room, events);
    loop {
        port.flush();
        let due = port.due();
        tokio::select! {
            work = line.next() => match work {
                Work::Send(messages) => messages.iter().for_each(|message| port.hear(message)),
                Work::Ping => {}
                Work::End(_) => break,
            },
            Some(event) = happened.recv() => port.take(event),
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                let now = port.now();
                port.endpoint.handle_timeout(now);
            }
        }
    }
}

struct Port {
    gateway: Gateway,
    room: Weak<Room>,
    endpoint: Endpoint,
    began: Instant,
    /// Bounded by [`SESSIONS`], which the endpoint enforces.
    connections: BTreeMap<SessionId, Connection>,
    tasks: JoinSet<()>,
    events: mpsc::Sender<Event>,
}

struct Connection {
    from: Address,
    pipe: Arc<Pipe>,
    /// What came by TCP and found no place in the session's queue; one read at most.
    rest: Bytes,
}

impl Port {
    fn new(gateway: Gateway, entropy: u64, room: Weak<Room>, events: mpsc::Sender<Event>) -> Self {
        let limits = Limits {
            payload: PAYLOAD,
            window: WINDOW as u64,
            send_queue: WINDOW,
            inbound_sessions: SESSIONS,
            ..Limits::default()
        };
        Self {
            gateway,
            room,
            endpoint: Endpoint::new(gateway.at, entropy, limits),
            began: Instant::now(),
            connections: BTreeMap::new(),
            tasks: JoinSet::new(),
            events,
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn due(&self) -> Option<Instant> {
        self.endpoint.next_wakeup().map(|due| self.began + due)
    }

    /// Takes in a message of the room: a frame, or that somebody has gone.
    fn hear(&mut self, message: &Bytes) {
        if let Some(frame) = frame_of(message) {
            let now = self.now();
            self.endpoint.handle_frame(now, frame.to_vec());
        } else if let Ok(ToBrowser::Gone(host)) = ToBrowser::decode(message) {
            let lost = self.connections.values().map(|connection| connection.from);
            let lost: Vec<Address> = lost.filter(|from| from.ip == host).collect();
            lost.into_iter().for_each(|from| self.endpoint.abandon(from));
        }
        self.flush();
    }

    /// Takes in what happened at a TCP connection.
    fn take(&mut self, event: Event) {
        match event {
            Event::Came(id, bytes) => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.rest = bytes;
                    self.send_rest(id);
                }
            }
            Event::Went(id, count) => self.endpoint.consume(id, count),
            Event::Ended(id) => {
                if let Some(connection) = self.connections.remove(&id) {
                    log::info(format_args!("{}: a connection has ended", self.gateway));
                    match connection.rest.is_empty() {
                        true => self.endpoint.finish(id),
                        false => self.endpoint.close(id),
                    }
                }
            }
        }
        while self.tasks.try_join_next().is_some() {}
    }

    /// Does what the endpoint asks.
    fn flush(&mut self) {
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Transmit { to, frame } => {
                    if let Some(room) = self.room.upgrade() {
                        room.deliver(self.endpoint.address().ip, to.ip, wrap_frame(&frame).into());
                    }
                }
                Output::Accepted { session, from } => self.accept(session, from),
                Output::Data { session, bytes } => {
                    if let Some(connection) = self.connections.get(&session) {
                        connection.pipe.push(&bytes);
                    }
                }
                Output::Writable { session } => self.send_rest(session),
                Output::Closed { session, .. } => {
                    if let Some(connection) = self.connections.remove(&session) {
                        connection.pipe.close();
                    }
                }
                // A gateway opens none.
                Output::Opened { .. } => {}
            }
        }
    }

    fn accept(&mut self, session: SessionId, from: Address) {
        log::info(format_args!("{}: a connection for {from}", self.gateway));
        let pipe = Arc::new(Pipe::default());
        let connection = Connection { from, pipe: Arc::clone(&pipe), rest: Bytes::new() };
        self.connections.insert(session, connection);
        self.tasks.spawn(tcp::carry(session, self.gateway.target, pipe, self.events.clone()));
    }

    /// Passes on what came by TCP; more is read once all of it has found its place.
    fn send_rest(&mut self, id: SessionId) {
        let now = self.now();
        let Some(connection) = self.connections.get_mut(&id) else { return };
        // A session that has ended says so by itself.
        let Ok(taken) = self.endpoint.send(now, id, &connection.rest) else { return };
        drop(connection.rest.split_to(taken));
        if connection.rest.is_empty() {
            connection.pipe.let_read();
        }
    }
}
