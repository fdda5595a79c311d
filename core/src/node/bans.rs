//! Bans in the store: few, so each batch that changes one writes all of them anew.

use super::Node;
use crate::encode::{Encode, Reader};
use crate::net::Ban;
use crate::store::{Op, Record, Table, record};
use crate::time::UnixTime;

/// Whether the bans in the store are those of the network, and those that wait for a network.
#[derive(Default)]
pub(super) struct Bans {
    is_dirty: bool,
    /// The store's, while there is no network; at most as many as it holds.
    waiting: Vec<Ban>,
}

impl Bans {
    /// The store does not hold the present bans.
    pub(super) fn changed(&mut self) {
        self.is_dirty = true;
    }

    /// Whether there is something to store.
    pub(super) fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// All bans that last beyond `now`; nothing if the store holds them.
    pub(super) fn take_ops(&mut self, bans: impl Iterator<Item = Ban>, now: UnixTime) -> Vec<Op> {
        if !std::mem::take(&mut self.is_dirty) {
            return Vec::new();
        }
        let clear = Op::Clear { table: Table::Bans };
        std::iter::once(clear).chain(bans.filter(|ban| ban.until > now).map(|ban| put(&ban))).collect()
    }
}

impl Node {
    /// The bans for a network that takes the place of this node's, or is its first.
    pub(super) fn take_bans(&mut self) -> Vec<Ban> {
        let present = self.engine.iter().flat_map(|engine| engine.network.bans());
        std::mem::take(&mut self.bans.waiting).into_iter().chain(present).collect()
    }

    /// Sets the bans that the store holds, before there is a network; one line for each record that is not believed.
    pub(super) fn restore_bans(&mut self, records: &[Record]) -> Vec<String> {
        let mut notes = Vec::new();
        for stored in records.iter().filter(|stored| stored.table == Table::Bans) {
            match read(stored) {
                Ok(ban) => self.bans.waiting.push(ban),
                Err(reason) => notes.push(format!("a ban was dropped: {reason}")),
            }
        }
        notes
    }
}

fn put(ban: &Ban) -> Op {
    let key = ban.address.to_string().into_bytes();
    let mut payload = Vec::new();
    ban.until.0.encode(&mut payload);
    ban.created.0.encode(&mut payload);
    let value = record::seal(Table::Bans, &key, &payload);
    Op::Put { table: Table::Bans, key, value }
}

fn read(stored: &Record) -> Result<Ban, String> {
    let payload =
        record::open(stored.table, &stored.key, &stored.value).map_err(|error| error.to_string())?;
    let mut reader = Reader::new(payload);
    let mut time = || reader.read().map(UnixTime).map_err(|error| error.to_string());
    let (until, created) = (time()?, time()?);
    let address = std::str::from_utf8(&stored.key).ok().and_then(|text| text.parse().ok());
    Ok(Ban { address: address.ok_or("its address does not parse")?, created, until })
}
