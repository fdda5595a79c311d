//! Which network a chain belongs to.

use super::genesis;
use super::invitation::{Invitation, InvitationError};
use super::params::{NetworkParams, Preset};
use crate::primitives::Block;

/// A network as a chain's store and files name it: all else follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// One that is built in.
    Preset(Preset),
    /// One that `createblockchain` made.
    Custom(Box<Invitation>),
}

/// First byte of a network's encoding.
const CUSTOM: u8 = 0;
const REGTEST: u8 = 1;
const CLASSROOM: u8 = 2;

/// Why bytes name no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Nothing there, or a kind that this program does not know.
    #[error("no network of kind {0:?} is known")]
    Kind(Option<u8>),
    /// Bytes after the name of a preset.
    #[error("{0} bytes after the network's name")]
    TrailingBytes(usize),
    /// An invitation that does not hold.
    #[error(transparent)]
    Invitation(#[from] InvitationError),
}

impl Network {
    /// The network's parameters.
    pub fn params(&self) -> NetworkParams {
        match self {
            Network::Preset(preset) => preset.params(),
            Network::Custom(invitation) => NetworkParams::custom(invitation),
        }
    }

    /// The network's first block.
    pub fn genesis(&self) -> Block {
        match self {
            Network::Preset(Preset::Classroom) => genesis::classroom(),
            Network::Preset(Preset::Regtest) => genesis::regtest(),
            Network::Custom(invitation) => invitation.genesis.clone(),
        }
    }

    /// A byte for the kind, and for a custom network its invitation.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Network::Preset(Preset::Regtest) => vec![REGTEST],
            Network::Preset(Preset::Classroom) => vec![CLASSROOM],
            Network::Custom(invitation) => {
                let mut bytes = vec![CUSTOM];
                bytes.extend_from_slice(&invitation.to_bytes());
                bytes
            }
        }
    }

    /// Reads what [`Network::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NetworkError> {
        match bytes.split_first() {
            Some((&CUSTOM, rest)) => Ok(Network::Custom(Box::new(Invitation::from_bytes(rest)?))),
            Some((&kind @ (REGTEST | CLASSROOM), rest)) => match rest.len() {
                0 if kind == REGTEST => Ok(Network::Preset(Preset::Regtest)),
                0 => Ok(Network::Preset(Preset::Classroom)),
                extra => Err(NetworkError::TrailingBytes(extra)),
            },
            other => Err(NetworkError::Kind(other.map(|(kind, _)| *kind))),
        }
    }
}

impl From<Preset> for Network {
    fn from(preset: Preset) -> Self {
        Network::Preset(preset)
    }
}

impl From<Invitation> for Network {
    fn from(invitation: Invitation) -> Self {
        Network::Custom(Box::new(invitation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_networks_name_survives_its_journey() {
        for preset in [Preset::Classroom, Preset::Regtest] {
            let network = Network::from(preset);
            assert_eq!(Network::from_bytes(&network.to_bytes()), Ok(network.clone()));
            assert_eq!(network.params(), preset.params());
            assert_eq!(network.genesis(), preset.genesis());
        }
    }

    #[test]
    fn bytes_that_name_no_network_are_refused() {
        assert_eq!(Network::from_bytes(&[]), Err(NetworkError::Kind(None)));
        assert_eq!(Network::from_bytes(&[3]), Err(NetworkError::Kind(Some(3))));
        assert_eq!(Network::from_bytes(&[1, 0]), Err(NetworkError::TrailingBytes(1)));
        assert!(matches!(Network::from_bytes(&[0]), Err(NetworkError::Invitation(_))));
    }

    #[test]
    fn the_classroom_is_what_its_own_invitation_says() {
        let classroom = Preset::Classroom;
        let consensus = classroom.params().consensus;
        let invitation = Invitation { genesis: classroom.genesis(), consensus };
        let travelled = Invitation::from_bytes(&invitation.to_bytes());
        assert_eq!(travelled.map(|invitation| invitation.magic()), Ok(classroom.params().magic));
    }
}
