//! Why the chain stops, or does not open.

use crate::consensus::NetworkError;

/// Why the chain goes no further on this node. Not the fault of any block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The coins do not fit into memory.
    #[error("coins-full: this node holds at most {0} coins")]
    CoinsFull(usize),
    /// The headers do not.
    #[error("header-index-full: this node keeps at most {0} headers")]
    HeadersFull(usize),
}

/// Why a chain does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The store holds no chain.
    #[error("the store holds no chain")]
    Empty,
    /// The record that names the network fails; without it nothing else means anything.
    #[error("the record of the chain's network is damaged: {0}")]
    Network(String),
    /// The record is whole but names no network.
    #[error("the record of the chain's network is refused: {0}")]
    UnknownNetwork(#[from] NetworkError),
}
