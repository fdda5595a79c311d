//! Taking inputs in: each goes to the part that waits for it, or is counted as late.

use super::io::Input;
use super::{Listens, Node};
use crate::interface::PeerId;

/// Inputs that came too late to mean anything, by what they were about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LateEvents {
    /// Peers that are gone, and connections that nobody asked for.
    pub peers: u64,
    /// Mining jobs that were replaced.
    pub jobs: u64,
    /// Batches that are not in flight.
    pub batches: u64,
    /// Reads that nobody waits for.
    pub loads: u64,
    /// Script checks that nobody waits for.
    pub checks: u64,
}

impl Node {
    /// Bytes have left: that there is room again is known at once, and needs no step unless somebody waited for it.
    pub(super) fn drained(&mut self, peer: PeerId, queued: usize) -> bool {
        match self.engine.as_mut().filter(|engine| engine.network.has_peer(peer)) {
            Some(engine) => engine.network.drained(peer, queued),
            None => {
                self.late.peers += 1;
                false
            }
        }
    }

    /// Takes in everything that the host told.
    pub(super) fn work_inputs(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            self.take_in(input);
        }
    }

    fn take_in(&mut self, input: Input) {
        match input {
            Input::Command { id, command } => self.commands.push_back((id, command)),
            Input::Cancel { id } => self.cancel(id),
            Input::NonceFound { job, nonce } => self.nonce_found(job, nonce),
            Input::NoncesExhausted { job } => self.nonces_exhausted(job),
            Input::BatchCommitted { id } => self.batch_committed(id),
            Input::BatchFailed { id, reason } => self.batch_failed(id, &reason),
            Input::Loaded { id, values } => self.loaded(id, values),
            Input::Room { nodes } => self.place.set_nodes(nodes),
            Input::Path { host, path } => self.place.set_path(host, path),
            Input::Helpers { least } => self.set_helpers(least),
            Input::Listens { messages, log } => self.listens = Listens { messages, log },
            Input::Verified { id, result } => self.batch_checked(id, Some(result)),
            Input::Unverified { id } => self.batch_checked(id, None),
            peer => self.take_in_from_network(peer),
        }
    }

    fn take_in_from_network(&mut self, input: Input) {
        let now = self.now;
        let Some(engine) = &mut self.engine else {
            if let Input::PeerConnected { peer, .. } = input {
                self.refuse(peer);
            }
            self.late.peers += 1;
            return;
        };
        let network = &mut engine.network;
        if let Some(peer) = subject(&input)
            && !network.has_peer(peer)
        {
            self.late.peers += 1;
            return;
        }
        match input {
            Input::PeerConnected { peer, address, direction } => {
                network.connected(peer, address, direction, engine.chain.height(), now);
            }
            Input::ConnectFailed { address, .. } => network.connect_failed(address, now),
            Input::PeerBytes { peer, bytes } => network.bytes(peer, bytes, now),
            Input::PeerClosed { peer, reason } => {
                engine.orphans.remove_peer(peer);
                network.closed(peer, &reason, now);
            }
            Input::Directory { up } => network.set_directory(up, now),
            Input::SeedAnswer { seed, addresses } => network.seed_answered(seed, &addresses, now),
            _ => {}
        }
    }
}

/// The peer that an input is about and that must be known already.
fn subject(input: &Input) -> Option<PeerId> {
    match input {
        Input::PeerBytes { peer, .. } | Input::PeerClosed { peer, .. } => Some(*peer),
        _ => None,
    }
}
