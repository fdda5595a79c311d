//! The state machine of one address: opens, accepts, feeds and ends sessions.
//!
//! Frames that it understands: open, accept, data, credit, probe, close. What it does not understand it counts and
//! drops; a frame for a session that it does not have is answered with close, so that neither end is left with
//! half of one.

use std::collections::VecDeque;
use std::time::Duration;

use terrarium_collections::BTreeSet;

use crate::receive::{Arrival, ReceiveHalf};
use crate::send::SendHalf;
use crate::session::{Session, SessionId, Sessions};
use crate::{
    Address, Body, CloseReason, Counters, Frame, Header, Limits, MAX_PAYLOAD_LEN, Output, Payload, Role,
};

/// Why a session cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// `Limits::outbound_sessions` are open.
    #[error("too many sessions")]
    TooManySessions,
    /// The address is the endpoint's own, or has port 0.
    #[error("{0} is no address to open a session to")]
    BadAddress(Address),
    /// The link is cut.
    #[error("the link to {0} is cut")]
    Cut(Address),
}

/// There is no such session, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session has ended")]
pub struct UnknownSession;

/// All sessions of one address.
#[derive(Debug)]
pub struct Endpoint {
    address: Address,
    limits: Limits,
    listening: bool,
    sessions: Sessions,
    /// Peers behind a cut; bounded by who sets cuts, the host.
    cuts: BTreeSet<Address>,
    /// Bounded by the host, which drains it after each call: a call adds at most two, or two a session.
    outputs: VecDeque<Output>,
    counters: Counters,
    next_wire_id: u64,
    /// The latest time that a call brought.
    now: Duration,
}

impl Endpoint {
    /// An endpoint that listens at `address`. `entropy` is where its session ids start; it must differ between
    /// incarnations of an address, or frames of the last one could be taken for frames of this one.
    pub fn new(address: Address, entropy: u64, limits: Limits) -> Self {
        let limits = Limits { payload: limits.payload.clamp(1, MAX_PAYLOAD_LEN), ..limits };
        Self {
            address,
            limits,
            listening: true,
            sessions: Sessions::default(),
            cuts: BTreeSet::new(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
            next_wire_id: entropy,
            now: Duration::ZERO,
        }
    }

    /// The address that this endpoint answers to.
    pub fn address(&self) -> Address {
        self.address
    }

    /// What was dropped so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Accepts sessions from others (the state after [`Endpoint::new`]).
    pub fn listen(&mut self) {
        self.listening = true;
    }

    /// Refuses sessions from others from now on; those that are open stay.
    pub fn stop_listening(&mut self) {
        self.listening = false;
    }

    /// Asks `to` for a session. It may be written to at once; [`Output::Opened`] or [`Output::Closed`] follows.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing was sent.
    pub fn open(&mut self, now: Duration, to: Address) -> Result<SessionId, OpenError> {
        self.advance(now);
        if to == self.address || to.port == 0 {
            return Err(OpenError::BadAddress(to));
        }
        if self.cuts.contains(&to) {
            return Err(OpenError::Cut(to));
        }
        if self.sessions.count(Role::Opener) >= self.limits.outbound_sessions {
            return Err(OpenError::TooManySessions);
        }
        let opener = self.fresh_wire_id();
        let header = Header { role: Role::Opener, from: self.address, to, opener, acceptor: 0 };
        let id = self.insert(opener, header);
        self.transmit(header, Body::Open { credit: self.limits.window });
        self.sessions.set_deadline(id, Some(self.now + self.limits.open_timeout));
        Ok(id)
    }

    /// Asks `peer` once more for the sessions that it has not answered: it may not have been there when they were asked for.
    /// One that has heard of them takes no notice.
    pub fn ask_again(&mut self, peer: Address) {
        for id in self.sessions.with_peer(peer) {
            if let Some(header) =
                self.sessions.get(id).filter(|session| !session.open).map(|session| session.header)
            {
                self.transmit(header, Body::Open { credit: self.limits.window });
            }
        }
    }

    /// Queues as much of `bytes` as there is room for and returns how much; where it is less than all,
    /// [`Output::Writable`] follows. Small sends share frames until the next poll.
    ///
    /// # Errors
    /// [`UnknownSession`] if it has ended.
    pub fn send(&mut self, now: Duration, session: SessionId, bytes: &[u8]) -> Result<usize, UnknownSession> {
        self.advance(now);
        let accepted = self.sessions.get_mut(session).ok_or(UnknownSession)?.sender.push(bytes);
        self.arrange_sending(session);
        Ok(accepted)
    }

    /// Bytes of a session that have not been transmitted yet; 0 if it has ended.
    pub fn queued(&self, session: SessionId) -> usize {
        self.sessions.get(session).map_or(0, |session| session.sender.queued())
    }

    /// Says that the host is done with `bytes` received bytes, so that the other end may send as many more.
    pub fn consume(&mut self, session: SessionId, bytes: usize) {
        let Some(state) = self.sessions.get_mut(session) else { return };
        if let Some(offset) = state.receiver.consume(bytes) {
            let header = state.header;
            self.transmit(header, Body::Credit { offset });
        }
    }

    /// Ends a session at once: bytes that wait for credit are dropped, and no [`Output::Closed`] follows.
    pub fn close(&mut self, session: SessionId) {
        if let Some(session) = self.sessions.remove(session) {
            self.transmit(session.header, Body::Close { reason: CloseReason::Closed });
        }
    }

    /// Ends a session once all that was sent to it has been transmitted. It is closed at once where it was never
    /// accepted, and after one probe interval at the latest where the other end grants no more. No
    /// [`Output::Closed`] follows, and no data.
    pub fn finish(&mut self, session: SessionId) {
        let Some(state) = self.sessions.get_mut(session) else { return };
        state.finishing = true;
        if !state.open || state.sender.queued() == 0 {
            self.close(session);
        }
    }

    /// Ends all sessions, as [`Endpoint::close`] does.
    pub fn close_all(&mut self) {
        for session in self.sessions.ids() {
            self.close(session);
        }
    }

    /// Cuts the link to `peer`: its sessions end, new ones are refused. The other end hears of it by the closes.
    pub fn cut(&mut self, peer: Address) {
        self.cuts.insert(peer);
        self.fail_all(peer, CloseReason::Cut);
    }

    /// Ends the sessions with `peer`, which the host knows to be gone; a channel has no close event of its own.
    pub fn abandon(&mut self, peer: Address) {
        self.fail_all(peer, CloseReason::Gone);
    }

    /// Allows sessions with `peer` again.
    pub fn heal(&mut self, peer: Address) {
        self.cuts.remove(&peer);
    }

    /// Takes in whatever came on this address's channel.
    pub fn handle_frame(&mut self, now: Duration, bytes: Vec<u8>) {
        self.advance(now);
        let Ok(Frame { header, body }) = Frame::decode(&bytes) else {
            self.counters.malformed += 1;
            return;
        };
        if header.to != self.address {
            self.counters.misaddressed += 1;
            return;
        }
        match body {
            Body::Open { credit } => self.handle_open(header, credit),
            Body::Close { reason } => self.handle_close(header, reason),
            Body::Accept { credit } => self.handle_accept(header, credit),
            Body::Data { sequence, payload } => {
                let len = payload.len();
                self.handle_data(header, sequence, len, bytes);
            }
            Body::Credit { offset } => self.handle_credit(header, offset),
            Body::Probe { sequence } => self.handle_probe(header, sequence),
        }
    }

    /// Does what is due: gives up opens that nobody answered, asks again for credit.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.advance(now);
        while let Some(id) = self.sessions.take_due(self.now) {
            let Some(session) = self.sessions.get(id) else { continue };
            if !session.open {
                self.fail(id, CloseReason::Timeout);
            } else if session.finishing {
                self.close(id);
            } else if session.sender.is_blocked() {
                let (header, sequence) = (session.header, session.sender.next_sequence());
                self.transmit(header, Body::Probe { sequence });
                self.sessions.set_deadline(id, Some(self.now + self.limits.probe_interval));
            }
        }
    }

    /// When to call [`Endpoint::handle_timeout`] next; ask again after each call and poll.
    pub fn next_wakeup(&self) -> Option<Duration> {
        self.sessions.next_deadline()
    }

    /// The next thing to do; data of sessions that can send takes turns by frame.
    pub fn poll(&mut self) -> Option<Output> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
            let (id, session) = self.sessions.next_in_round()?;
            let header = session.header;
            let Some(frame) = session.sender.next_frame(&header) else { continue };
            if session.finishing && session.sender.queued() == 0 {
                self.close(id);
            } else if session.sender.take_writable() {
                self.outputs.push_back(Output::Writable { session: id });
            }
            self.arrange_sending(id);
            return Some(Output::Transmit { to: header.to, frame });
        }
    }

    fn handle_open(&mut self, header: Header, credit: u64) {
        let key = (header.from, Role::Acceptor, header.opener);
        if self.sessions.find(&key).is_some() {
            self.counters.duplicate += 1;
            return;
        }
        if let Some(reason) = self.refusal(header.from) {
            self.counters.refused += 1;
            self.transmit(self.answer(header), Body::Close { reason });
            return;
        }
        let acceptor = self.fresh_wire_id();
        let answer = Header { acceptor, ..self.answer(header) };
        let id = self.insert(acceptor, answer);
        if let Some(session) = self.sessions.get_mut(id) {
            session.sender.grant(credit);
        }
        self.transmit(answer, Body::Accept { credit: self.limits.window });
        self.outputs.push_back(Output::Accepted { session: id, from: header.from });
    }

    /// Why an open from `peer` is refused now, if it is.
    fn refusal(&self, peer: Address) -> Option<CloseReason> {
        if self.cuts.contains(&peer) {
            Some(CloseReason::Cut)
        } else if !self.listening {
            Some(CloseReason::NotListening)
        } else if self.sessions.count(Role::Acceptor) >= self.limits.inbound_sessions {
            Some(CloseReason::Full)
        } else {
            None
        }
    }

    fn handle_accept(&mut self, header: Header, credit: u64) {
        let key = (header.from, Role::Opener, header.opener);
        let Some(id) = self.sessions.find(&key) else { return self.answer_unknown(header) };
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.open && session.header.acceptor == header.acceptor {
            self.counters.duplicate += 1;
            return;
        }
        if session.open {
            // The open came twice and made a second session there, which nobody wants.
            return self.answer_unknown(header);
        }
        session.open = true;
        session.header.acceptor = header.acceptor;
        session.sender.grant(credit);
        self.sessions.set_deadline(id, None);
        self.outputs.push_back(Output::Opened { session: id });
        self.arrange_sending(id);
    }

    fn handle_data(&mut self, header: Header, sequence: u32, len: usize, frame: Vec<u8>) {
        let Some(id) = self.find_open(header) else { return };
        let Some(session) = self.sessions.get_mut(id) else { return };
        match session.receiver.receive(sequence, len) {
            Ok(Arrival::Next) if session.finishing => {}
            Ok(Arrival::Next) => {
                self.outputs.push_back(Output::Data { session: id, bytes: Payload(frame) });
            }
            Ok(Arrival::Duplicate) => self.counters.duplicate += 1,
            Err(reason) => self.fail(id, reason),
        }
    }

    fn handle_credit(&mut self, header: Header, offset: u64) {
        let Some(id) = self.find_open(header) else { return };
        if let Some(session) = self.sessions.get_mut(id) {
            session.sender.grant(offset);
        }
        self.arrange_sending(id);
    }

    fn handle_probe(&mut self, header: Header, sequence: u32) {
        let Some(id) = self.find_open(header) else { return };
        let Some(session) = self.sessions.get_mut(id) else { return };
        match session.receiver.probe(sequence) {
            Ok(()) => {
                let (header, offset) = (session.header, session.receiver.credit());
                self.transmit(header, Body::Credit { offset });
            }
            Err(reason) => self.fail(id, reason),
        }
    }

    fn handle_close(&mut self, header: Header, reason: CloseReason) {
        let key = (header.from, header.role.other(), header.opener);
        let Some(id) = self.sessions.find(&key) else {
            self.counters.unknown += 1;
            return;
        };
        let known = self.sessions.get(id).map_or(0, |session| session.header.acceptor);
        // An opener that gave up before it was answered cannot name our id; an acceptor whose accept was lost
        // names one that we never heard.
        let same =
            known == header.acceptor || known == 0 || (header.role == Role::Opener && header.acceptor == 0);
        if same {
            if let Some(session) = self.sessions.remove(id) {
                self.tell_closed(&session, id, reason);
            }
        } else {
            self.counters.unknown += 1;
        }
    }

    /// The open session that a data, credit or probe frame belongs to; where there is none, the other end is told.
    fn find_open(&mut self, header: Header) -> Option<SessionId> {
        let id = SessionId(match header.role {
            Role::Opener => header.acceptor,
            Role::Acceptor => header.opener,
        });
        match self.sessions.get(id).filter(|session| session.is_of(&header)) {
            Some(session) if session.open && session.header.acceptor == header.acceptor => Some(id),
            Some(session) if !session.open => {
                self.fail(id, CloseReason::NotAccepted);
                None
            }
            _ => {
                self.answer_unknown(header);
                None
            }
        }
    }

    /// Tells the sender of a frame that its session is not here.
    fn answer_unknown(&mut self, header: Header) {
        self.counters.unknown += 1;
        self.transmit(self.answer(header), Body::Close { reason: CloseReason::UnknownSession });
    }

    fn fail_all(&mut self, peer: Address, reason: CloseReason) {
        for session in self.sessions.with_peer(peer) {
            self.fail(session, reason);
        }
    }

    /// Ends a session from within: both the other end and the host are told why.
    fn fail(&mut self, id: SessionId, reason: CloseReason) {
        if let Some(session) = self.sessions.remove(id) {
            self.transmit(session.header, Body::Close { reason });
            self.tell_closed(&session, id, reason);
        }
    }

    /// The host hears of an end that it did not ask for.
    fn tell_closed(&mut self, session: &Session, id: SessionId, reason: CloseReason) {
        if !session.finishing {
            self.outputs.push_back(Output::Closed { session: id, reason });
        }
    }

    /// Gives a session its turn where it can send, and a deadline where it waits for credit.
    fn arrange_sending(&mut self, id: SessionId) {
        self.sessions.arrange(id, self.now + self.limits.probe_interval);
    }

    /// Adds a session; `id` is what this end calls it on the wire.
    fn insert(&mut self, id: u64, header: Header) -> SessionId {
        let sender = SendHalf::new(self.limits.send_queue, self.limits.payload);
        let receiver = ReceiveHalf::new(self.limits.window);
        let id = SessionId(id);
        self.sessions.insert(id, Session::new(header, sender, receiver));
        id
    }

    fn transmit(&mut self, header: Header, body: Body<'_>) {
        let frame = Frame { header, body }.encode();
        self.outputs.push_back(Output::Transmit { to: header.to, frame });
    }

    /// The header of an answer to a frame.
    fn answer(&self, header: Header) -> Header {
        Header { role: header.role.other(), from: self.address, to: header.from, ..header }
    }

    /// Never 0, which stands for no id.
    fn fresh_wire_id(&mut self) -> u64 {
        self.next_wire_id = self.next_wire_id.checked_add(1).unwrap_or(1);
        self.next_wire_id
    }

    fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }
}

#[cfg(test)]
mod tests;
