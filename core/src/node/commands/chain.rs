//! Commands of the chain: making, showing, copying and rebuilding it.

use super::{Handled, Outcome};
use crate::chain::Chainstate;
use crate::consensus::{ConsensusParams, genesis};
use crate::interface::{CommandError, RequestId};
use crate::node::Node;
use crate::node::miner::{Demand, Purpose};
use crate::node::tip::Journey;
use crate::node::walk::{Goal, TransactionView};
use crate::primitives::{Amount, BlockHash, Height, Txid};

impl Node {
    /// The chain, or the error that says that there is none.
    pub(super) fn chain(&self) -> Result<&Chainstate, CommandError> {
        self.engine.as_ref().map(|engine| &engine.chain).ok_or(CommandError::NoBlockchain)
    }

    /// `createblockchain`: mines a genesis block that pays `address`.
    pub(super) fn create_blockchain(
        &mut self,
        id: RequestId,
        address: &str,
        subsidy: Option<Amount>,
    ) -> Handled {
        if self.engine.is_some() || self.miner.is_making_chain() {
            return Err(CommandError::BlockchainExists);
        }
        if let Some(reason) = &self.unreadable {
            return Err(CommandError::UnreadableChain(reason.clone()));
        }
        let address = self.parse_payee(address, CommandError::InvalidAddress)?;
        let subsidy = subsidy.unwrap_or(ConsensusParams::CLASSROOM.subsidy);
        if subsidy <= Amount::ZERO || !subsidy.is_money_range() {
            return Err(CommandError::InvalidAmount(subsidy));
        }
        let script = address.script_pubkey();
        let consensus = ConsensusParams::scene(subsidy);
        let genesis = genesis::unsolved(&consensus, script.clone(), self.now.unix);
        let purpose = Purpose::Genesis { block: Box::new(genesis), consensus: Box::new(consensus) };
        self.miner.demand(Demand { request: id, script, purpose });
        Ok(Outcome::Later)
    }

    /// `printchain`: from the tip back to genesis.
    pub(super) fn print_chain(&mut self, id: RequestId) -> Handled {
        self.need_blocks("it has no blocks to print")?;
        let engine = self.engine.as_ref().ok_or(CommandError::NoBlockchain)?;
        let ahead = engine.hashes_from_tip();
        self.walk(Some(id), ahead, Goal::Print(Vec::new()));
        Ok(Outcome::Later)
    }

    /// `reindexutxo`: builds the coins anew from the blocks.
    pub(super) fn reindex(&mut self, id: RequestId) -> Handled {
        self.need_blocks("it has no coins to build anew")?;
        let engine = self.engine.as_mut().ok_or(CommandError::NoBlockchain)?;
        engine.chain.reindex();
        engine.journey = Journey::Underway;
        engine.reindexing.push(id);
        Ok(Outcome::Later)
    }

    /// The chain as a file.
    pub(super) fn export_chain(&mut self, id: RequestId) -> Handled {
        self.need_blocks("it has no chain to copy")?;
        let engine = self.engine.as_ref().ok_or(CommandError::NoBlockchain)?;
        let ahead = engine.hashes_from(Height::GENESIS.next());
        self.walk(Some(id), ahead, Goal::Export(Vec::new()));
        Ok(Outcome::Later)
    }

    /// A block for the page's view.
    pub(super) fn show_block(&mut self, id: RequestId, hash: BlockHash) -> Handled {
        self.walk_one(id, hash, Goal::Show)
    }

    /// A transaction for the page's view.
    pub(super) fn show_transaction(&mut self, id: RequestId, txid: Txid) -> Handled {
        self.find_transaction(id, txid, None, TransactionView::Detail)
    }
}
