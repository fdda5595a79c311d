//! Who is up: what the directory channel tells every running node, and what seeds answer.

use super::agenda::Happening;
use super::dice::Dice;
use super::host::Host;
use super::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use terrarium_core::interface::NodeId;
use terrarium_core::net::seed_answer;
use terrarium_core::node::Input;
use terrarium_core::time::Span;
use terrarium_core::transport::Transport;

/// How long a seed takes to answer.
const SEED_LATENCY: Span = Span::from_millis(20);

/// What is known in public of who is up.
#[derive(Default)]
pub(super) struct Directory {
    /// Which nodes were on which network when they were last told.
    listed: BTreeMap<NodeId, String>,
    /// Seeds that do not answer.
    dead_seeds: BTreeSet<u8>,
    /// Nobody is listed, nobody is told, and no seed answers.
    closed: bool,
}

impl World {
    /// Lets these seeds answer no more, and all others.
    pub fn set_dead_seeds(&mut self, seeds: impl IntoIterator<Item = u8>) {
        self.directory.dead_seeds = seeds.into_iter().collect();
    }

    /// From now on nobody is told who is up, by directory or by seed: nodes know whom they are named.
    pub fn close_directory(&mut self) {
        self.directory = Directory { closed: true, ..Directory::default() };
    }

    /// Has a seed answer, unless it is dead.
    pub(super) fn ask_seed(&mut self, id: NodeId, seed: u8) {
        if self.directory.closed || self.directory.dead_seeds.contains(&seed) {
            return;
        }
        let listed = &self.directory.listed;
        let network = listed.get(&id);
        let others = listed.iter().filter(|(other, theirs)| **other != id && Some(*theirs) == network);
        let up: Vec<SocketAddr> = others.map(|(other, _)| other.local_address()).collect();
        let mut dice = Dice::new(self.seed, &format!("seed {seed} {id} {}", self.now.0));
        let addresses = seed_answer(&up, || dice.number());
        self.plan(self.now + SEED_LATENCY, id, Happening::Input(Input::SeedAnswer { seed, addresses }));
    }

    /// Takes note of whether a node has joined or left a network, lets it listen or not, and tells the others.
    pub(super) fn update_directory(&mut self, id: NodeId) {
        let host = self.host_mut(id);
        let runs = host.is_running();
        if host.listens == runs {
            return;
        }
        host.listens = runs;
        let transport = host.connections.transport_mut();
        match runs {
            true => transport.listen(),
            false => transport.stop_listening(),
        }
        if self.directory.closed {
            return;
        }
        match self.host(id).network().filter(|_| runs) {
            Some(network) => drop(self.directory.listed.insert(id, network)),
            None => drop(self.directory.listed.remove(&id)),
        }
        self.announce();
    }

    /// Tells every running node which others run on its network, as the directory channel does.
    pub(super) fn announce(&mut self) {
        self.directory.listed.retain(|id, _| self.hosts.get(*id).is_some_and(Host::is_open));
        let listed = self.directory.listed.clone();
        for (id, network) in &listed {
            let others = listed.iter().filter(|(other, theirs)| *other != id && *theirs == network);
            let up: Vec<SocketAddr> = others.map(|(other, _)| other.local_address()).collect();
            if self.host_mut(*id).learn(&up) {
                self.plan(self.now, *id, Happening::Input(Input::Directory { up }));
            }
        }
    }
}
