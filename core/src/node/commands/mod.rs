//! Commands: each is answered exactly once, at once, when its changes are stored, or when what it set going is done.

mod chain;
mod import;
mod network;
mod queries;
mod rpc;
mod wallet;

pub(super) use import::Import;

use super::Node;
use super::persistence::Released;
use crate::interface::{Command, CommandError, Reply, RequestId};

/// What became of a command that did not fail.
pub(super) enum Outcome {
    /// This is the answer.
    Now(Reply),
    /// This is the answer once everything that it changed is in the store.
    Stored(Reply),
    /// The answer comes later, from what the command set going.
    Later,
}

/// What a command's handler returns.
pub(super) type Handled = Result<Outcome, CommandError>;

impl Node {
    /// Carries out a command, or sets it going.
    pub(super) fn execute(&mut self, id: RequestId, command: Command) {
        match self.dispatch(id, command) {
            Ok(Outcome::Now(reply)) => self.reply(id, Ok(reply)),
            Ok(Outcome::Stored(reply)) => self.reply_when_stored(id, reply),
            Ok(Outcome::Later) => {}
            Err(error) => {
                let error = self.explain(error);
                self.reply(id, Err(error));
            }
        }
    }

    /// A chain that is stored and cannot be opened is not the same as none.
    fn explain(&self, error: CommandError) -> CommandError {
        match (&error, &self.unreadable) {
            (CommandError::NoBlockchain, Some(reason)) => CommandError::UnreadableChain(reason.clone()),
            _ => error,
        }
    }

    fn dispatch(&mut self, id: RequestId, command: Command) -> Handled {
        match command {
            Command::CreateWallet { label } => self.create_wallet(label),
            Command::ListAddresses => Ok(Outcome::Now(Reply::Addresses(self.address_entries()))),
            Command::DumpKey { address } => self.dump_key(&address),
            Command::ImportKey { wif, label } => self.import_key(id, &wif, label),
            Command::GetBalance { address } => self.get_balance(&address),
            Command::Send { from, to, amount, fee, mine } => self.send(id, &from, &to, amount, fee, mine),
            Command::History => self.history(),

            Command::CreateBlockchain { address, subsidy } => self.create_blockchain(id, &address, subsidy),
            Command::PrintChain => self.print_chain(id),
            Command::ReindexUtxo => self.reindex(id),
            Command::ExportChain => self.export_chain(id),
            Command::ImportChain { file } => self.import_chain(id, &file),
            Command::ShowBlock { hash } => self.show_block(id, hash),
            Command::ShowTransaction { txid } => self.show_transaction(id, txid),

            Command::StartNode(options) => self.start(&options),
            Command::StopNode => self.stop(),
            Command::SetMining { mode, address } => self.set_mining(mode, address),
            Command::Generate { blocks, address } => self.generate(id, blocks, address),
            Command::AddNode { address, action } => self.add_node(address, action),
            Command::DisconnectNode { address } => self.disconnect_node(address),
            Command::SetBan { address, action, seconds } => self.set_ban(address, action, seconds),
            Command::AddPeerAddress { address, tried } => self.add_peer_address(address, tried),

            rpc => self.dispatch_rpc(id, rpc),
        }
    }

    /// Answers a command.
    pub(super) fn reply(&mut self, id: RequestId, result: Result<Reply, CommandError>) {
        self.outputs.push_back(super::Output::Reply { id, result });
    }

    /// Answers a command once everything changed so far is in the store.
    pub(super) fn reply_when_stored(&mut self, id: RequestId, reply: Reply) {
        let dirty = self.dirty();
        self.persistence.defer(id, reply, dirty);
    }

    /// Hands out answers that waited.
    pub(super) fn reply_all(&mut self, released: Vec<Released>) {
        for (id, result) in released {
            self.reply(id, result);
        }
    }

    /// Carries out the commands that came, once the chain rests and no other is on its way.
    pub(super) fn work_commands(&mut self) {
        while self.engine.as_ref().is_none_or(super::Engine::is_settled)
            && self.import.is_none()
            && let Some((id, command)) = self.commands.pop_front()
        {
            self.execute(id, command);
            self.has_news = true;
        }
    }
}
