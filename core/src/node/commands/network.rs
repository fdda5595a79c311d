//! Commands of the network and the miner.

use super::{Handled, Outcome};
use crate::interface::{
    AddNodeAction, BanAction, CommandError, LogLine, MiningMode, NodeId, Reply, RequestId, RunState,
    StartOptions, TransportChoice,
};
use crate::net::{Ban, Limits};
use crate::node::light::light;
use crate::node::miner::{Demand, Purpose};
use crate::node::{Node, rpc};
use crate::primitives::Script;
use crate::time::UnixTime;
use std::net::SocketAddr;

/// How long a ban lasts unless the command says otherwise, in seconds (Core's `DEFAULT_MISBEHAVING_BANTIME`).
const DEFAULT_BAN_SECONDS: u32 = 24 * 60 * 60;

/// The most blocks of one `generatetoaddress`.
const MAX_GENERATE: u32 = 10_000;

impl Node {
    /// `startnode`.
    pub(super) fn start(&mut self, options: &StartOptions) -> Handled {
        self.chain()?;
        if self.state == RunState::Running {
            return Err(CommandError::Running(self.config.id));
        }
        if options.spv && options.miner.is_some() {
            return Err(light("it does not mine"));
        }
        if options.spv {
            self.become_light();
        }
        let mut lines = vec![LogLine::Starting(self.config.id)];
        match &options.miner {
            Some(miner) => {
                self.need_blocks("it does not mine")?;
                let address = self.parse_payee(miner, CommandError::WrongMinerAddress)?;
                self.wallet.set_mining_script(Some(address.script_pubkey()));
                if self.miner.mode() == MiningMode::Off {
                    self.miner.set_mode(MiningMode::WhenTwoWait);
                }
                lines.push(LogLine::MiningOn(miner.clone()));
            }
            // An earlier start made it a miner, which it is not said to be now.
            None if self.miner.mode() == MiningMode::WhenTwoWait => self.miner.set_mode(MiningMode::Off),
            None => {}
        }
        self.state = RunState::Running;
        for line in &lines {
            self.log(line.clone());
        }
        self.join(options);
        Ok(Outcome::Stored(Reply::Started(lines)))
    }

    fn join(&mut self, options: &StartOptions) {
        let place = &self.place;
        let addresses =
            |ids: &[NodeId]| ids.iter().map(|id| place.address_of(*id)).collect::<Vec<SocketAddr>>();
        let sync = options.sync.unwrap_or(self.config.sync);
        let connect = if options.connect.is_empty() { &self.config.connect } else { &options.connect };
        let default = Limits::default();
        let limits = Limits {
            outbound: options.max_outbound.map_or(default.outbound, usize::from),
            inbound: options.max_inbound.map_or(default.inbound, usize::from),
        };
        if let Some(engine) = &mut self.engine {
            engine.network.set_quiet(self.quiet);
            engine.network.set_light_filter(options.filters);
            engine.network.set_v2transport(options.transport == TransportChoice::V2);
            let (connect, seed_nodes) = (addresses(connect), addresses(&options.seed_nodes));
            engine.network.start(sync, &connect, &seed_nodes, limits, self.now);
        }
    }

    /// Leaves the network; commands are still answered.
    pub(super) fn stop(&mut self) -> Handled {
        self.state = RunState::Stopped;
        self.leave_network();
        self.book.hurry();
        Ok(Outcome::Now(Reply::Done))
    }

    /// Closes every connection.
    pub(in crate::node) fn leave_network(&mut self) {
        if let Some(engine) = &mut self.engine {
            engine.network.stop(self.now);
            self.work_network();
        }
    }

    /// Sets when this node mines by itself, and for whom.
    pub(super) fn set_mining(&mut self, mode: MiningMode, address: Option<String>) -> Handled {
        if let Some(address) = address {
            let address = self.parse_payee(&address, CommandError::WrongMinerAddress)?;
            self.wallet.set_mining_script(Some(address.script_pubkey()));
        }
        if mode != MiningMode::Off {
            self.need_blocks("it does not mine")?;
            self.mining_script()?;
        }
        self.miner.set_mode(mode);
        Ok(Outcome::Stored(Reply::Done))
    }

    /// `generatetoaddress`, and the page's "mine one".
    pub(super) fn generate(&mut self, id: RequestId, blocks: u32, address: Option<String>) -> Handled {
        self.chain()?;
        self.need_blocks("it does not mine")?;
        if blocks == 0 || blocks > MAX_GENERATE {
            let text = format!("{blocks} blocks cannot be asked for: 1 to {MAX_GENERATE} can");
            return Err(CommandError::BadArgument(text));
        }
        let script = match address {
            Some(address) => self.parse_payee(&address, CommandError::InvalidAddress)?.script_pubkey(),
            None => self.mining_script()?,
        };
        let purpose = Purpose::Blocks { left: blocks, found: Vec::new() };
        self.miner.demand(Demand { request: id, script, purpose });
        Ok(Outcome::Later)
    }

    /// Who is paid for the blocks that this node finds: the mining address, by default the wallet's first, which is made
    /// where there is none.
    pub(in crate::node) fn mining_script(&mut self) -> Result<Script, CommandError> {
        if let Some(script) = self.wallet.mining_script() {
            return Ok(script.clone());
        }
        let script = match self.wallet.first_address() {
            Some(first) => first.script_pubkey(),
            None => self.wallet.create_address(None)?.script_pubkey(),
        };
        if !self.wallet.is_saved(&script) {
            self.mining_key = Some(self.persistence.ticket(self.dirty()));
        }
        self.wallet.set_mining_script(Some(script.clone()));
        Ok(script)
    }

    /// `addnode`.
    pub(super) fn add_node(&mut self, address: SocketAddr, action: AddNodeAction) -> Handled {
        let (now, address) = (self.now, self.place.resolve(address));
        let network = &mut self.engine.as_mut().ok_or(CommandError::NoBlockchain)?.network;
        match action {
            AddNodeAction::Add => {
                if !network.add_node(address) {
                    return Err(CommandError::BadArgument("too many nodes were added".to_owned()));
                }
            }
            AddNodeAction::Onetry => network.try_node(address, now),
            AddNodeAction::Remove => {
                if !network.remove_node(address) {
                    return Err(unknown_peer(address));
                }
            }
        }
        Ok(Outcome::Now(Reply::Done))
    }

    /// `disconnectnode`.
    pub(super) fn disconnect_node(&mut self, address: SocketAddr) -> Handled {
        let (now, address) = (self.now, self.place.resolve(address));
        let network = &mut self.engine.as_mut().ok_or(CommandError::NoBlockchain)?.network;
        if !network.disconnect_node(address, now) {
            return Err(unknown_peer(address));
        }
        Ok(Outcome::Now(Reply::Done))
    }

    /// `setban`.
    pub(super) fn set_ban(
        &mut self,
        address: SocketAddr,
        action: BanAction,
        seconds: Option<u32>,
    ) -> Handled {
        let (now, address) = (self.now, self.place.resolve(address));
        let network = &mut self.engine.as_mut().ok_or(CommandError::NoBlockchain)?.network;
        match action {
            BanAction::Add => {
                let until = UnixTime(now.unix.0.saturating_add(seconds.unwrap_or(DEFAULT_BAN_SECONDS)));
                network.ban(Ban { address, created: now.unix, until }, now);
            }
            BanAction::Remove => {
                if !network.unban(&address) {
                    return Err(unknown_peer(address));
                }
            }
        }
        self.bans.changed();
        Ok(Outcome::Stored(Reply::Done))
    }

    /// `addpeeraddress`.
    pub(super) fn add_peer_address(&mut self, address: SocketAddr, tried: bool) -> Handled {
        let now = self.now;
        let network = &mut self.engine.as_mut().ok_or(CommandError::NoBlockchain)?.network;
        let success = network.add_peer_address(address, tried, now);
        Ok(Outcome::Now(rpc::reply(rpc::network::added_address(success))))
    }
}

fn unknown_peer(address: SocketAddr) -> CommandError {
    CommandError::NotFound { what: "peer".to_owned(), id: address.to_string() }
}
