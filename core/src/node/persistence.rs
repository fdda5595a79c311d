//! What is on its way to the store: one batch per database in flight, replies that wait until what they report is
//! safe, and what happens when the store refuses. Knows batches by number, nothing of what is in them.

use crate::interface::{CommandError, Reply, RequestId};
use crate::store::{BatchId, Database};
use crate::time::{Mono, Span};
use std::collections::VecDeque;

/// A refused write is tried again after this long, and after twice as long each time it is refused again.
const FIRST_RETRY: Span = Span::from_secs(1);

/// The longest pause between two tries.
const LAST_RETRY: Span = Span::from_secs(30);

/// Where the writes of all databases stand.
#[derive(Default)]
pub(super) struct Persistence {
    /// In the order of [`Database::ALL`].
    lanes: [Lane; 3],
    batches: u64,
    /// Replies whose changes are not in the store yet; at most as many as there are open commands.
    waiting: VecDeque<Waiting>,
}

/// Where the writes of one database stand. Batches of a database are numbered from 1 by their order; one that was
/// refused gives its number back, for what it held goes into the next.
#[derive(Default)]
struct Lane {
    taken: u64,
    in_flight: Option<BatchId>,
    failure: Option<Failure>,
}

struct Failure {
    reason: String,
    retry_at: Mono,
    pause: Span,
}

struct Waiting {
    id: RequestId,
    reply: Reply,
    needs: Ticket,
}

/// A state of the node that is safe once it is stored: the number of the batch, per database, that must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket([u64; 3]);

/// A command's outcome that can be told now.
pub(super) type Released = (RequestId, Result<Reply, CommandError>);

impl Persistence {
    /// Whether a batch of `database` may be sent: none is in flight, and the pause after a refusal is over.
    pub(super) fn is_ready(&self, database: Database, now: Mono) -> bool {
        let lane = &self.lanes[index(database)];
        lane.in_flight.is_none() && lane.failure.as_ref().is_none_or(|failure| failure.retry_at <= now)
    }

    /// The name of the next batch.
    pub(super) fn next_id(&self) -> BatchId {
        BatchId(self.batches + 1)
    }

    /// The batch that took the next name is in flight from now on.
    pub(super) fn sent(&mut self, database: Database, id: BatchId) {
        self.batches = id.0;
        let lane = &mut self.lanes[index(database)];
        lane.taken += 1;
        lane.in_flight = Some(id);
    }

    /// A batch is in the store: the database that it changed, unless the batch is not in flight.
    pub(super) fn committed(&mut self, id: BatchId) -> Option<Database> {
        let at = self.lane_of(id)?;
        self.lanes[at].in_flight = None;
        self.lanes[at].failure = None;
        Some(Database::ALL[at])
    }

    /// There is nothing to write. If a refused batch was to be tried again now, what it held has been withdrawn, and
    /// nothing is left that the store could refuse or take.
    pub(super) fn nothing_to_send(&mut self, database: Database, now: Mono) {
        let failure = &mut self.lanes[index(database)].failure;
        if failure.as_ref().is_some_and(|failure| failure.retry_at <= now) {
            *failure = None;
        }
    }

    /// The store refused a batch: its database, and the replies that waited for it, which fail.
    pub(super) fn failed(
        &mut self,
        id: BatchId,
        reason: &str,
        now: Mono,
    ) -> Option<(Database, Vec<Released>)> {
        let at = self.lane_of(id)?;
        let lane = &mut self.lanes[at];
        let refused = lane.taken;
        lane.in_flight = None;
        lane.taken -= 1;
        let pause = lane.failure.take().map_or(FIRST_RETRY, |last| Span(last.pause.0 * 2).min(LAST_RETRY));
        lane.failure = Some(Failure { reason: reason.to_owned(), retry_at: now + pause, pause });
        let error = CommandError::StoreFailed(reason.to_owned());
        let fails = |waiting: &Waiting| waiting.needs.0[at] >= refused;
        let failed = self.waiting.iter().filter(|waiting| fails(waiting));
        let failed = failed.map(|waiting| (waiting.id, Err(error.clone()))).collect();
        self.waiting.retain(|waiting| !fails(waiting));
        Some((Database::ALL[at], failed))
    }

    /// Holds a reply back until everything changed so far is in the store. `dirty` says which databases have changes
    /// that no batch has taken yet.
    pub(super) fn defer(&mut self, id: RequestId, reply: Reply, dirty: [bool; 3]) {
        let needs = self.ticket(dirty);
        self.waiting.push_back(Waiting { id, reply, needs });
    }

    /// The present state; `dirty` as for [`Persistence::defer`].
    pub(super) fn ticket(&self, dirty: [bool; 3]) -> Ticket {
        Ticket(std::array::from_fn(|at| self.lanes[at].taken + u64::from(dirty[at])))
    }

    /// Whether everything changed up to then is in the store.
    pub(super) fn is_stored(&self, ticket: &Ticket) -> bool {
        ticket.0.iter().zip(&self.lanes).all(|(need, lane)| *need <= lane.stored())
    }

    /// The replies that need not wait any longer, in the order of their commands.
    pub(super) fn release(&mut self) -> Vec<Released> {
        let waiting = std::mem::take(&mut self.waiting);
        let (safe, waiting): (VecDeque<Waiting>, _) =
            waiting.into_iter().partition(|waiting| self.is_stored(&waiting.needs));
        self.waiting = waiting;
        safe.into_iter().map(|waiting| (waiting.id, Ok(waiting.reply))).collect()
    }

    /// Whether replies wait for what is to be stored.
    pub(super) fn is_awaited(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Why the store no longer takes writes, if so.
    pub(super) fn failure(&self) -> Option<&str> {
        self.lanes.iter().find_map(|lane| lane.failure.as_ref()).map(|failure| failure.reason.as_str())
    }

    /// Whether nothing is on its way and no reply waits.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.lanes.iter().all(|lane| lane.in_flight.is_none())
    }

    /// When a refused write should be tried again.
    pub(super) fn next_wakeup(&self) -> Option<Mono> {
        let waiting = self.lanes.iter().filter(|lane| lane.in_flight.is_none());
        waiting.filter_map(|lane| lane.failure.as_ref()).map(|failure| failure.retry_at).min()
    }

    fn lane_of(&self, id: BatchId) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.in_flight == Some(id))
    }
}

impl Lane {
    /// The number of the last batch that is in the store.
    fn stored(&self) -> u64 {
        self.taken - u64::from(self.in_flight.is_some())
    }
}

/// The lane of a database.
const fn index(database: Database) -> usize {
    match database {
        Database::Chain => 0,
        Database::Wallet => 1,
        Database::Peers => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: [bool; 3] = [false; 3];
    const CHAIN_DIRTY: [bool; 3] = [true, false, false];

    fn send(persistence: &mut Persistence, database: Database) -> BatchId {
        let id = persistence.next_id();
        persistence.sent(database, id);
        id
    }

    #[test]
    fn a_reply_waits_for_the_batch_that_holds_its_change() {
        let mut persistence = Persistence::default();
        let first = send(&mut persistence, Database::Chain);
        // Its change came while the first batch was in flight, so it goes with the second.
        persistence.defer(RequestId(7), Reply::Done, CHAIN_DIRTY);
        assert_eq!(persistence.committed(first), Some(Database::Chain));
        assert!(persistence.release().is_empty());
        let second = send(&mut persistence, Database::Chain);
        assert!(persistence.release().is_empty());
        persistence.committed(second);
        assert_eq!(persistence.release(), [(RequestId(7), Ok(Reply::Done))]);
    }

    #[test]
    fn a_reply_waits_for_every_database_it_changed() {
        let mut persistence = Persistence::default();
        let chain = send(&mut persistence, Database::Chain);
        let wallet = send(&mut persistence, Database::Wallet);
        persistence.defer(RequestId(1), Reply::Done, CLEAN);
        persistence.committed(wallet);
        assert!(persistence.release().is_empty());
        persistence.committed(chain);
        assert_eq!(persistence.release().len(), 1);
    }

    #[test]
    fn a_reply_without_a_change_does_not_wait() {
        let mut persistence = Persistence::default();
        persistence.defer(RequestId(1), Reply::Done, CLEAN);
        assert_eq!(persistence.release().len(), 1);
    }

    #[test]
    fn a_refused_batch_fails_its_replies_and_is_tried_again_later() {
        let mut persistence = Persistence::default();
        let first = send(&mut persistence, Database::Chain);
        persistence.defer(RequestId(1), Reply::Done, CLEAN);
        persistence.defer(RequestId(2), Reply::Done, CHAIN_DIRTY);
        let (database, failed) =
            persistence.failed(first, "quota", Mono(0)).expect("the batch was in flight");
        assert_eq!((database, failed.len()), (Database::Chain, 2));
        assert_eq!(persistence.failure(), Some("quota"));
        assert!(!persistence.is_ready(Database::Chain, Mono(0)));
        assert!(persistence.is_ready(Database::Wallet, Mono(0)));
        let retry = persistence.next_wakeup().expect("it is tried again");
        assert!(persistence.is_ready(Database::Chain, retry));
        let second = send(&mut persistence, Database::Chain);
        persistence.committed(second);
        assert_eq!(persistence.failure(), None);
    }

    #[test]
    fn a_refused_batch_whose_content_was_withdrawn_is_not_waited_for() {
        let mut persistence = Persistence::default();
        let id = send(&mut persistence, Database::Wallet);
        persistence.failed(id, "quota", Mono(0));
        persistence.nothing_to_send(Database::Wallet, Mono(0));
        let retry = persistence.next_wakeup().expect("the pause is not over");
        persistence.nothing_to_send(Database::Wallet, retry);
        assert_eq!((persistence.next_wakeup(), persistence.failure()), (None, None));
    }

    #[test]
    fn the_pause_between_tries_grows_to_half_a_minute() {
        let mut persistence = Persistence::default();
        let mut now = Mono(0);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let id = send(&mut persistence, Database::Wallet);
            persistence.failed(id, "quota", now);
            let retry = persistence.next_wakeup().expect("it is tried again");
            pauses.push((retry - now).as_millis() / 1_000);
            now = retry;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn a_batch_that_is_not_in_flight_changes_nothing() {
        let mut persistence = Persistence::default();
        let id = send(&mut persistence, Database::Peers);
        persistence.committed(id);
        assert_eq!(persistence.committed(id), None);
        assert!(persistence.failed(id, "late", Mono(0)).is_none());
        assert_eq!(persistence.failure(), None);
    }
}
