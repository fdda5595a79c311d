//! What a lab gives to a class, and learns from it.

use super::{Lab, LabError, Nodes};
use leptos::prelude::*;
use std::net::Ipv4Addr;
use terrarium_core::interface::{BlockSummary, Command, CommandError, NodeId, Reply};

/// How far above the highest of the own nodes a block may be that another page tells of: nobody has checked it, and the
/// tree forgets what is far below its highest block.
const MOST_AHEAD: u32 = 24;

impl Lab {
    /// Where others reach this lab's nodes.
    pub(crate) fn host(&self) -> Ipv4Addr {
        self.with(|inner| inner.host)
    }

    /// Draws blocks of which another page told beside those of the own nodes.
    pub(crate) fn learn_blocks(&self, node: NodeId, blocks: &[BlockSummary]) {
        self.change(|inner| {
            let heights = inner.nodes.values().filter_map(|node| Some(node.tip()?.0.0));
            let most = heights.max().unwrap_or(0).saturating_add(MOST_AHEAD);
            let near: Vec<BlockSummary> =
                blocks.iter().filter(|block| block.height.0 <= most).cloned().collect();
            inner.writer.tree.maybe_update(|tree| tree.learn(node, &near));
        });
    }

    /// The first address of a node's wallet, which is made where there is none.
    pub(crate) async fn first_address(&self, id: NodeId) -> Result<String, LabError> {
        let first =
            |nodes: &Nodes| Some(nodes.get(&id)?.snapshot()?.wallet.addresses.first()?.address.clone());
        if let Some(address) = self.nodes(first) {
            return Ok(address);
        }
        match self.exec(id, Command::CreateWallet { label: None }).await? {
            Reply::Address(entry) => Ok(entry.address),
            _ => Err(LabError::Command(CommandError::Ended(id))),
        }
    }
}
