//! The address book in the store: written whole, some seconds after a change, or a quarter of an hour after one where it
//! is large, with everything else that changed by then (Core's `peers.dat`, which it writes every quarter of an hour).

use super::Node;
use crate::net::limits::LOOKED_THROUGH;
use crate::net::{Book, Network};
use crate::store::{Op, Record, Table, record};
use crate::time::{Mono, Span};

/// How long changes gather before they are written ...
const GATHERING: Span = Span::from_secs(10);
/// ... in a large book, of which strangers could have the whole written for each address that they tell of (Core's
/// `DUMP_PEERS_INTERVAL`).
const GATHERING_LARGE: Span = Span::from_secs(15 * 60);

/// The key of the record that says whose addresses these are; the others are numbered.
const HEAD: &[u8] = b"head";

/// What of the address book is stored.
#[derive(Default)]
pub(super) struct StoredBook {
    /// The store's, while there is no network.
    waiting: Option<Book>,
    /// The change of the network's book up to which the store has it.
    stored: u64,
    /// When later changes are to be written; none while there are none.
    due: Option<Mono>,
}

impl StoredBook {
    /// Everything up to a change of the network's book is stored.
    pub(super) fn stored_up_to(&mut self, revision: u64) {
        self.stored = revision;
        self.due = None;
    }

    /// What was written is not in the store.
    pub(super) fn lost(&mut self) {
        self.stored = 0;
    }

    /// The node may end soon: what has changed is written at once.
    pub(super) fn hurry(&mut self) {
        self.due = self.due.map(|_| Mono(0));
    }

    /// When there will be something to write. What is due already waits for the store, not for a time.
    pub(super) fn next_wakeup(&self, now: Mono) -> Option<Mono> {
        self.due.filter(|due| *due > now)
    }

    /// The whole book, if it is time to write it.
    pub(super) fn take_ops(&mut self, network: &Network, now: Mono) -> Vec<Op> {
        if self.due.is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.stored_up_to(network.book_revision());
        let book = network.book();
        let records =
            book.records().zip(0_u32..).map(|(payload, number)| put(&number.to_be_bytes(), &payload));
        let head = [Op::Clear { table: Table::Addresses }, put(HEAD, &book.head())];
        head.into_iter().chain(records).collect()
    }
}

impl Node {
    /// Whether the book is to be written now.
    pub(super) fn book_is_due(&self) -> bool {
        self.engine.is_some() && self.book.due.is_some_and(|due| due <= self.now.mono)
    }

    /// Notes changes of the book.
    pub(super) fn note_book(&mut self) {
        let Some(engine) = &self.engine else { return };
        if engine.network.book_revision() != self.book.stored && self.book.due.is_none() {
            let is_large = engine.network.book_size() > LOOKED_THROUGH;
            let gathering = if is_large { GATHERING_LARGE } else { GATHERING };
            self.book.due = Some(self.now.mono + gathering);
        }
    }

    /// The book for a network that takes the place of this node's, or is its first.
    pub(super) fn take_book(&mut self) -> Option<Book> {
        let present = self.engine.as_ref().map(|engine| engine.network.book());
        self.book.waiting.take().or(present)
    }

    /// Reads the book that the store holds, before there is a network; one line for each record that is not believed.
    pub(super) fn restore_book(&mut self, records: &[Record]) -> Vec<String> {
        let stored = || records.iter().filter(|stored| stored.table == Table::Addresses);
        let Some(head) = stored().find(|stored| stored.key == HEAD) else { return Vec::new() };
        let mut book =
            match payload(head).and_then(|bytes| Book::read(bytes).map_err(|error| error.to_string())) {
                Ok(book) => book,
                Err(reason) => return vec![format!("the address book was dropped: {reason}")],
            };
        let mut notes = Vec::new();
        for stored in stored().filter(|stored| stored.key != HEAD) {
            let read =
                payload(stored).and_then(|bytes| book.read_more(bytes).map_err(|error| error.to_string()));
            if let Err(reason) = read {
                notes.push(format!("addresses of other nodes were dropped: {reason}"));
            }
        }
        self.book.waiting = Some(book);
        notes
    }
}

fn put(key: &[u8], payload: &[u8]) -> Op {
    let value = record::seal(Table::Addresses, key, payload);
    Op::Put { table: Table::Addresses, key: key.to_vec(), value }
}

fn payload(stored: &Record) -> Result<&[u8], String> {
    record::open(stored.table, &stored.key, &stored.value).map_err(|error| error.to_string())
}
