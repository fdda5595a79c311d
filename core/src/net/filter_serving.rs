//! What this node gives of compact filters (BIP157). Answers `getcfilters`, `getcfheaders` and `getcfcheckpt`.
//!
//! Headers and hashes come straight from the chain; filters are asked of the node a few at a time, as bodies are.

use super::limits::{CFCHECKPT_INTERVAL, MAX_GETCFHEADERS_SIZE, MAX_GETCFILTERS_SIZE, MAX_SERVING_PER_PEER};
use super::message::{
    BASIC_FILTER, CheckpointMessage, CheckpointRequest, FilterHeadersMessage, FilterMessage, FilterRequest,
    Message,
};
use super::outbox::{NetOutput, Outbox, ServeRequest};
use super::reason::DisconnectReason;
use super::serving::{Customer, Serving};
use crate::chain::Chainstate;
use crate::interface::PeerId;
use crate::primitives::{BlockHash, FilterHeader, Height};
use crate::spv::BlockFilter;

impl Serving {
    /// Takes an order of filters.
    pub(crate) fn on_getcfilters(
        &mut self,
        peer: PeerId,
        request: &FilterRequest,
        chain: &Chainstate,
    ) -> Result<(), DisconnectReason> {
        let heights = stretch(request, MAX_GETCFILTERS_SIZE, chain);
        let (first, last) = heights.ok_or(DisconnectReason::BadFilterRequest("getcfilters"))?;
        self.customer(peer).filters.extend(blocks(chain, &request.stop, first, last));
        Ok(())
    }

    /// Gives the filter header below a stretch and the hashes of its filters.
    pub(crate) fn on_getcfheaders(
        &mut self,
        peer: PeerId,
        request: &FilterRequest,
        chain: &Chainstate,
        outbox: &mut Outbox,
    ) -> Result<(), DisconnectReason> {
        let heights = stretch(request, MAX_GETCFHEADERS_SIZE, chain);
        let (first, last) = heights.ok_or(DisconnectReason::BadFilterRequest("getcfheaders"))?;
        let below = Height(first).previous().and_then(|below| chain.ancestor(&request.stop, below));
        let previous = below.and_then(|below| chain.filter_header(&below));
        let hashes = blocks(chain, &request.stop, first, last);
        let hashes = hashes.iter().filter_map(|hash| chain.filter_header(hash)).map(|(hash, _)| hash);
        let previous = previous.map_or(FilterHeader::ZERO, |(_, header)| header);
        let (kind, stop) = (request.kind, request.stop);
        let answer = FilterHeadersMessage { kind, stop, previous, hashes: hashes.collect() };
        outbox.send(peer, Message::CFHeaders(answer));
        Ok(())
    }

    /// Gives every thousandth filter header.
    pub(crate) fn on_getcfcheckpt(
        &mut self,
        peer: PeerId,
        request: &CheckpointRequest,
        chain: &Chainstate,
        outbox: &mut Outbox,
    ) -> Result<(), DisconnectReason> {
        let CheckpointRequest { kind, stop } = *request;
        let last = served_height(kind, &stop, chain);
        let last = last.ok_or(DisconnectReason::BadFilterRequest("getcfcheckpt"))?;
        let heights = (1..=last / CFCHECKPT_INTERVAL).map(|n| Height(n * CFCHECKPT_INTERVAL));
        let hashes = heights.filter_map(|height| chain.ancestor(&stop, height));
        let headers = hashes.filter_map(|hash| chain.filter_header(&hash)).map(|(_, header)| header);
        let answer = CheckpointMessage { kind, stop, headers: headers.collect() };
        outbox.send(peer, Message::CFCheckpt(answer));
        Ok(())
    }

    /// A filter that was asked of the node.
    pub(crate) fn on_filter(
        &mut self,
        peer: PeerId,
        block: BlockHash,
        filter: Option<&BlockFilter>,
        outbox: &mut Outbox,
    ) {
        self.attend(peer, |customer| {
            customer.filters_pending = customer.filters_pending.saturating_sub(1);
            if let Some(filter) = filter {
                let filter = filter.as_bytes().to_vec();
                outbox.send(peer, Message::CFilter(FilterMessage { kind: BASIC_FILTER, block, filter }));
            }
        });
    }
}

impl Customer {
    /// Asks the node for the next filters; whether there were any.
    pub(super) fn ask_filters(&mut self, peer: PeerId, outbox: &mut Outbox) -> bool {
        let room = MAX_SERVING_PER_PEER - self.filters_pending.min(MAX_SERVING_PER_PEER);
        let next = self.filters.drain(..room.min(self.filters.len()));
        let before = self.filters_pending;
        for hash in next {
            self.filters_pending += 1;
            outbox.push(NetOutput::Serve { peer, request: ServeRequest::Filter(hash) });
        }
        self.filters_pending > before
    }
}

/// The height of the last block of a request, if its filters are served: of the only kind there is, and of a block that
/// has been connected.
fn served_height(kind: u8, stop: &BlockHash, chain: &Chainstate) -> Option<u32> {
    chain.filter_header(stop).filter(|_| kind == BASIC_FILTER)?;
    chain.entry(stop).map(|entry| entry.height.0)
}

/// The first and the last height of a stretch, if it is one and not too long.
fn stretch(request: &FilterRequest, most: u32, chain: &Chainstate) -> Option<(u32, u32)> {
    let last = served_height(request.kind, &request.stop, chain)?;
    let count = last.checked_sub(request.start)?.checked_add(1)?;
    (count <= most).then_some((request.start, last))
}

/// The blocks of a stretch, lowest first.
fn blocks(chain: &Chainstate, stop: &BlockHash, first: u32, last: u32) -> Vec<BlockHash> {
    (first..=last).filter_map(|height| chain.ancestor(stop, Height(height))).collect()
}
