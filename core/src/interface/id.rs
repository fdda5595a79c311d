//! Who is who: nodes, peers, roles.

use serde::Deserialize;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// A node's id. On one machine it is the node's port, as in the seeds: node 3000 listens on 127.0.0.1:3000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u16);

impl NodeId {
    /// The node's socket address on this machine.
    pub fn local_address(self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.0))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is not a node id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a node id: a number from 1 to 65535 is")]
pub struct NodeIdError(String);

impl FromStr for NodeId {
    type Err = NodeIdError;

    fn from_str(text: &str) -> Result<Self, NodeIdError> {
        match text.parse::<u16>() {
            Ok(id) if id > 0 => Ok(NodeId(id)),
            _ => Err(NodeIdError(text.to_owned())),
        }
    }
}

/// One connection, named by the host and never reused within a node's life, so that a late event for a peer that
/// is gone cannot hit its successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct PeerId(pub u64);

impl From<PeerId> for u64 {
    fn from(peer: PeerId) -> Self {
        peer.0
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a node is for. All but the light one validate everything, and their role only sets how they start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The node that the others connect to first (the seeds' node 3000).
    Central,
    /// Mines.
    Miner,
    /// Pays and is paid.
    Wallet,
    /// None of these in particular.
    Full,
    /// Keeps headers alone and believes proofs (simplified payment verification).
    Spv,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] = [Role::Miner, Role::Wallet, Role::Full, Role::Spv, Role::Central];

    /// Its name in scripts and scenarios.
    pub fn name(self) -> &'static str {
        match self {
            Role::Central => "central",
            Role::Miner => "miner",
            Role::Wallet => "wallet",
            Role::Full => "full",
            Role::Spv => "spv",
        }
    }

    /// The role of that name.
    pub fn named(name: &str) -> Option<Self> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}
