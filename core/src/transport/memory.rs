//! The transport without anything between: for tests of what lies above. Bytes arrive at once, as far as the other end
//! works them off.

use super::{Now, OpenError, SendError, Transport, TransportEvent, Wakeup};
use crate::collections::BTreeMap;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;

/// How many bytes an end receives before it has worked any off.
const WINDOW: usize = 2 * 1024 * 1024;

/// How many bytes one end of a session holds that could not be sent yet.
const SEND_QUEUE: usize = 16 * 1024 * 1024;

/// What connects transports in memory. Clones are the same network.
#[derive(Clone, Debug, Default)]
pub struct MemoryNetwork(Rc<RefCell<State>>);

/// One address of a [`MemoryNetwork`]; it leaves the network when it is dropped.
#[derive(Debug)]
pub struct MemoryTransport {
    address: SocketAddr,
    network: MemoryNetwork,
}

/// A session of a [`MemoryTransport`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemorySession {
    number: u64,
    end: End,
}

impl From<MemorySession> for u64 {
    fn from(session: MemorySession) -> Self {
        2 * session.number + Self::from(session.end == End::Acceptor)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Opener,
    Acceptor,
}

#[derive(Debug, Default)]
struct State {
    /// Who has joined.
    places: BTreeMap<SocketAddr, Place>,
    /// Both ends of each session, by its name there; bounded by who opens them, a test.
    halves: BTreeMap<MemorySession, Half>,
    last_number: u64,
}

#[derive(Debug, Default)]
struct Place {
    listens: bool,
    /// Emptied by who polls; data in it is bounded by [`WINDOW`] a session.
    events: VecDeque<TransportEvent<MemorySession>>,
}

/// One end of a session.
#[derive(Debug)]
struct Half {
    address: SocketAddr,
    /// At most [`SEND_QUEUE`] bytes.
    unsent: VecDeque<u8>,
    /// Bytes that were received and not worked off.
    unconsumed: usize,
    /// It ends when nothing is unsent, and wants to hear nothing more.
    is_finishing: bool,
}

impl MemoryNetwork {
    /// A network that nobody has joined.
    pub fn new() -> Self {
        Self::default()
    }

    /// Joins at an address that nobody has.
    pub fn join(&self, address: SocketAddr) -> MemoryTransport {
        self.0.borrow_mut().places.insert(address, Place::default());
        MemoryTransport { address, network: self.clone() }
    }
}

impl Transport for MemoryTransport {
    type Session = MemorySession;

    fn listen(&mut self) {
        self.set_listens(true);
    }

    fn stop_listening(&mut self) {
        self.set_listens(false);
    }

    fn open(&mut self, _: Now, to: SocketAddr) -> Result<MemorySession, OpenError> {
        if to == self.address || to.port() == 0 {
            return Err(OpenError::Unreachable(to));
        }
        Ok(self.network.0.borrow_mut().open(self.address, to))
    }

    fn send(&mut self, _: Now, session: MemorySession, bytes: &[u8]) -> Result<(), SendError> {
        let mut state = self.network.0.borrow_mut();
        let half = state.halves.get_mut(&session).ok_or(SendError::Ended)?;
        if half.unsent.len() + bytes.len() > SEND_QUEUE {
            return Err(SendError::Full);
        }
        half.unsent.extend(bytes);
        state.flow(session);
        Ok(())
    }

    fn unsent(&self, session: MemorySession) -> usize {
        self.network.0.borrow().halves.get(&session).map_or(0, |half| half.unsent.len())
    }

    fn consume(&mut self, session: MemorySession, bytes: usize) {
        let mut state = self.network.0.borrow_mut();
        if let Some(half) = state.halves.get_mut(&session) {
            half.unconsumed = half.unconsumed.saturating_sub(bytes);
            state.flow(session.other());
        }
    }

    fn finish(&mut self, session: MemorySession) {
        let mut state = self.network.0.borrow_mut();
        if let Some(half) = state.halves.get_mut(&session) {
            half.is_finishing = true;
            state.flow(session);
            // What the other end still has for this one goes nowhere.
            state.flow(session.other());
        }
    }

    fn close(&mut self, session: MemorySession) {
        self.network.0.borrow_mut().end(session, "closed by the other end");
    }

    fn tick(&mut self, _: Now) {}

    fn next_wakeup(&self) -> Wakeup {
        Wakeup::default()
    }

    fn poll(&mut self, _: Now) -> Option<TransportEvent<MemorySession>> {
        self.network.0.borrow_mut().places.get_mut(&self.address)?.events.pop_front()
    }
}

impl MemoryTransport {
    fn set_listens(&mut self, listens: bool) {
        if let Some(place) = self.network.0.borrow_mut().places.get_mut(&self.address) {
            place.listens = listens;
        }
    }
}

impl Drop for MemoryTransport {
    fn drop(&mut self) {
        let mut state = self.network.0.borrow_mut();
        let own = state.halves.iter().filter(|(_, half)| half.address == self.address);
        let sessions: Vec<MemorySession> = own.map(|(session, _)| *session).collect();
        sessions.into_iter().for_each(|session| state.end(session, "the other end is gone"));
        state.places.remove(&self.address);
    }
}

impl MemorySession {
    /// The same session as its other end names it.
    fn other(self) -> Self {
        let end = match self.end {
            End::Opener => End::Acceptor,
            End::Acceptor => End::Opener,
        };
        Self { end, ..self }
    }
}

impl State {
    fn open(&mut self, from: SocketAddr, to: SocketAddr) -> MemorySession {
        self.last_number += 1;
        let session = MemorySession { number: self.last_number, end: End::Opener };
        if self.places.get(&to).is_some_and(|place| place.listens) {
            for (session, address) in [(session, from), (session.other(), to)] {
                let half = Half { address, unsent: VecDeque::new(), unconsumed: 0, is_finishing: false };
                self.halves.insert(session, half);
            }
            self.tell(from, TransportEvent::Opened { session });
            self.tell(to, TransportEvent::Accepted { session: session.other(), from });
        } else {
            let reason = "refused: not listening".to_owned();
            self.tell(from, TransportEvent::Closed { session, reason });
        }
        session
    }

    /// Moves to the other end what it has room for, and ends the session if that was the last of it.
    fn flow(&mut self, from: MemorySession) {
        let to = from.other();
        let Some(receiver) = self.halves.get(&to) else { return };
        let (address, is_deaf) = (receiver.address, receiver.is_finishing);
        let room = if is_deaf { usize::MAX } else { WINDOW - receiver.unconsumed };
        let Some(sender) = self.halves.get_mut(&from) else { return };
        let len = sender.unsent.len().min(room);
        let bytes: Vec<u8> = sender.unsent.drain(..len).collect();
        let is_done = sender.is_finishing && sender.unsent.is_empty();
        if !is_deaf && len > 0 {
            self.tell(address, TransportEvent::Data { session: to, bytes });
            if let Some(receiver) = self.halves.get_mut(&to) {
                receiver.unconsumed += len;
            }
        }
        if is_done {
            self.end(from, "closed by the other end");
        }
    }

    /// Ends a session; the other end hears why.
    fn end(&mut self, session: MemorySession, reason: &str) {
        self.halves.remove(&session);
        let other = session.other();
        if let Some(half) = self.halves.remove(&other).filter(|half| !half.is_finishing) {
            self.tell(half.address, TransportEvent::Closed { session: other, reason: reason.to_owned() });
        }
    }

    fn tell(&mut self, address: SocketAddr, event: TransportEvent<MemorySession>) {
        if let Some(place) = self.places.get_mut(&address) {
            place.events.push_back(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::contract::{self, ADDRESSES, Network};
    use std::task::{Context, Poll, Waker};

    impl Network for [MemoryTransport; 3] {
        type Transport = MemoryTransport;

        fn transport(&mut self, at: usize) -> &mut MemoryTransport {
            &mut self[at]
        }

        fn now(&self) -> Now {
            Now::default()
        }

        async fn pass(&mut self) {}
    }

    #[test]
    fn memory_keeps_the_contract() {
        let suite = contract::run(async |_: &str| {
            let network = MemoryNetwork::new();
            ADDRESSES.map(|address| network.join(address))
        });
        let suite = std::pin::pin!(suite).poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(suite, Poll::Ready(()), "memory never waits");
    }

    #[test]
    fn who_leaves_takes_its_sessions_along() {
        let network = MemoryNetwork::new();
        let [mut a, mut b, _] = ADDRESSES.map(|address| network.join(address));
        b.listen();
        let session = a.open(Now::default(), ADDRESSES[1]).expect("it is another's");
        drop(b);
        let reason = "the other end is gone".to_owned();
        let heard: Vec<_> = std::iter::from_fn(|| a.poll(Now::default())).collect();
        assert_eq!(heard, [TransportEvent::Opened { session }, TransportEvent::Closed { session, reason }]);
    }
}
