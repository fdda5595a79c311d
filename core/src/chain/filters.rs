//! The index of compact filters (BIP157, Core's `blockfilterindex`): each connected block's filter, which is kept with its
//! undo data, and the chain of filter headers, which is kept with the headers. Both are in the batch that has the block.

use super::chainstate::{Chainstate, RecordKey, record_key};
use super::index::EntryId;
use crate::primitives::{BlockHash, FilterHash, FilterHeader};
use crate::spv::BlockFilter;
use crate::store::Table;

/// Where a block's filter is.
#[derive(Clone, Debug)]
pub enum StoredFilter {
    /// In memory.
    Memory(BlockFilter),
    /// In the store: load this record, give it to [`Chainstate::supply_record`] and ask again.
    Stored(RecordKey),
    /// Not here.
    Absent,
}

impl Chainstate {
    /// Where a block's filter is.
    pub fn filter(&self, hash: &BlockHash) -> StoredFilter {
        let Some(id) = self.index.id(hash) else { return StoredFilter::Absent };
        match (self.undo.get(id), self.index.get(id).undo) {
            (Some(undo), _) => StoredFilter::Memory(undo.filter.clone()),
            (None, Some(location)) => StoredFilter::Stored(record_key(Table::Undo, location)),
            // The genesis block spends nothing, and comes with the network.
            (None, None) if id == self.active[0] => StoredFilter::Memory(self.genesis_filter()),
            (None, None) => StoredFilter::Absent,
        }
    }

    /// The hash of a block's filter, and the filter header that ends with it; none before the block was connected.
    pub fn filter_header(&self, hash: &BlockHash) -> Option<(FilterHash, FilterHeader)> {
        self.entry(hash)?.filter
    }

    /// The filter of the genesis block.
    pub(super) fn genesis_filter(&self) -> BlockFilter {
        BlockFilter::new(&self.network.genesis(), std::iter::empty())
    }

    /// Puts a filter's hash on top of the chain of filter headers.
    pub(super) fn index_filter(&mut self, id: EntryId, hash: FilterHash) {
        self.restore_filter(id, hash);
        self.index.mark_dirty([id.record()]);
    }

    /// The same for one that the store has.
    pub(super) fn restore_filter(&mut self, id: EntryId, hash: FilterHash) {
        let entry = self.index.get(id);
        let below = match entry.parent {
            None => Some(FilterHeader::ZERO),
            Some(parent) => self.index.get(parent).filter.map(|(_, header)| header),
        };
        let filter = below.map(|below| (hash, FilterHeader::of(&hash, &below)));
        self.index.get_transient_mut(id).filter = filter;
    }
}
