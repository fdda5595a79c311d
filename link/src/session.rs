//! One end of one session, and the table of all that an endpoint has.

use std::collections::VecDeque;
use std::time::Duration;

use terrarium_collections::{BTreeMap, BTreeSet, SerialMap};

use crate::receive::ReceiveHalf;
use crate::send::SendHalf;
use crate::{Address, Header, Role};

/// Names a session at its own endpoint, which calls it by this number on the wire too; never used twice by one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub(crate) u64);

impl From<SessionId> for u64 {
    fn from(id: SessionId) -> Self {
        id.0
    }
}

/// What tells sessions apart on the wire: the other end, our role, the opener's id.
pub(crate) type Key = (Address, Role, u64);

#[derive(Debug)]
pub(crate) struct Session {
    /// The header of every frame that this end sends.
    pub(crate) header: Header,
    /// False only at the opener until the accept is there.
    pub(crate) open: bool,
    /// The host is done with it: it ends when its queue is empty.
    pub(crate) finishing: bool,
    pub(crate) sender: SendHalf,
    pub(crate) receiver: ReceiveHalf,
    /// Waits in the table's round of senders.
    scheduled: bool,
    /// When to give up an open, or to probe for credit.
    deadline: Option<Duration>,
}

impl Session {
    pub(crate) fn new(header: Header, sender: SendHalf, receiver: ReceiveHalf) -> Self {
        let open = header.role == Role::Acceptor;
        Self { header, open, finishing: false, sender, receiver, scheduled: false, deadline: None }
    }

    pub(crate) fn key(&self) -> Key {
        (self.header.to, self.header.role, self.header.opener)
    }

    /// Whether a frame with this header, from the other end, is of this session, as far as the opener knew it.
    pub(crate) fn is_of(&self, frame: &Header) -> bool {
        self.key() == (frame.from, frame.role.other(), frame.opener)
    }
}

/// The sessions of an endpoint, by id and by what they are called on the wire, with their deadlines and turns.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// Bounded by `Limits::{inbound, outbound}_sessions`, which the endpoint enforces.
    by_id: SerialMap<SessionId, Session>,
    /// One entry a session.
    by_key: BTreeMap<Key, SessionId>,
    /// At most one entry a session.
    deadlines: BTreeSet<(Duration, SessionId)>,
    /// Sessions that may send, in turn; at most one entry a session.
    round: VecDeque<SessionId>,
}

impl Sessions {
    pub(crate) fn insert(&mut self, id: SessionId, session: Session) {
        self.by_key.insert(session.key(), id);
        self.by_id.insert(id, session);
    }

    pub(crate) fn remove(&mut self, id: SessionId) -> Option<Session> {
        let session = self.by_id.remove(&id)?;
        self.by_key.remove(&session.key());
        if let Some(deadline) = session.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        if session.scheduled {
            self.round.retain(|other| *other != id);
        }
        Some(session)
    }

    pub(crate) fn get(&self, id: SessionId) -> Option<&Session> {
        self.by_id.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.by_id.get_mut(&id)
    }

    pub(crate) fn find(&self, key: &Key) -> Option<SessionId> {
        self.by_key.get(key).copied()
    }

    pub(crate) fn ids(&self) -> Vec<SessionId> {
        self.by_id.keys().copied().collect()
    }

    pub(crate) fn with_peer(&self, peer: Address) -> Vec<SessionId> {
        let first = (peer, Role::Opener, 0);
        self.by_key.range(first..).take_while(|(key, _)| key.0 == peer).map(|(_, id)| *id).collect()
    }

    pub(crate) fn count(&self, role: Role) -> usize {
        self.by_id.values().filter(|session| session.header.role == role).count()
    }

    pub(crate) fn set_deadline(&mut self, id: SessionId, deadline: Option<Duration>) {
        let Some(session) = self.by_id.get_mut(&id) else { return };
        if let Some(old) = std::mem::replace(&mut session.deadline, deadline) {
            self.deadlines.remove(&(old, id));
        }
        if let Some(new) = deadline {
            self.deadlines.insert((new, id));
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Takes out a session whose deadline has come; its deadline is cleared.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<SessionId> {
        let &(deadline, id) = self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        self.set_deadline(id, None);
        Some(id)
    }

    /// Puts an open session at the end of the round where it may send and is not in it; gives it a deadline, to probe at
    /// `probe`, where it waits for credit, and none where it does not.
    pub(crate) fn arrange(&mut self, id: SessionId, probe: Duration) {
        let Some(session) = self.by_id.get_mut(&id).filter(|session| session.open) else { return };
        if !session.scheduled && session.sender.can_send() {
            session.scheduled = true;
            self.round.push_back(id);
        }
        let blocked = session.sender.is_blocked();
        if blocked != session.deadline.is_some() {
            self.set_deadline(id, blocked.then_some(probe));
        }
    }

    /// The session whose turn it is to send.
    pub(crate) fn next_in_round(&mut self) -> Option<(SessionId, &mut Session)> {
        // Whoever ends leaves the round.
        let id = self.round.pop_front()?;
        let session = self.by_id.get_mut(&id)?;
        session.scheduled = false;
        Some((id, session))
    }
}
