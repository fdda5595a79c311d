//! BIP141: the coinbase commits to the witnesses of its block.

use super::error::BlockError;
use super::merkle;
use crate::primitives::{Block, Transaction};

/// What an output script that carries the commitment begins with: OP_RETURN, a push of 36 bytes, and BIP141's tag.
pub const COMMITMENT_HEADER: [u8; 6] = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];

/// Bytes of the whole script that are looked at; more may follow.
const COMMITMENT_LENGTH: usize = 38;

/// The commitment to a block's witnesses with the coinbase's reserved value (Core's `GenerateCoinbaseCommitment`).
pub fn commitment(transactions: &[Transaction], reserved: &[u8; 32]) -> [u8; 32] {
    merkle::parent(merkle::witness_root(transactions).as_bytes(), reserved)
}

/// Checks the coinbase's commitment, or that there is no witness where there is none (Core's
/// `CheckWitnessMalleation`). Before the soft fork a commitment means nothing.
pub fn check_commitment(block: &Block, is_active: bool) -> Result<(), BlockError> {
    let committed = if is_active { find_commitment(block) } else { None };
    let Some(committed) = committed else {
        return match block.transactions.iter().any(Transaction::has_witness) {
            true => Err(BlockError::UnexpectedWitness),
            false => Ok(()),
        };
    };
    let witness = block.transactions.first().and_then(|tx| tx.inputs.first()).map(|input| &input.witness);
    let reserved: &[u8; 32] = match witness.map(Vec::as_slice) {
        Some([item]) => item.as_slice().try_into().map_err(|_| BlockError::WitnessNonceSize)?,
        _ => return Err(BlockError::WitnessNonceSize),
    };
    if commitment(&block.transactions, reserved) != committed {
        return Err(BlockError::WitnessMerkleMatch);
    }
    Ok(())
}

/// The last output of the coinbase that looks like a commitment (Core's `GetWitnessCommitmentIndex`).
fn find_commitment(block: &Block) -> Option<[u8; 32]> {
    let coinbase = block.transactions.first()?;
    coinbase.outputs.iter().rev().find_map(|output| {
        let script = output.script_pubkey.as_bytes();
        let carries = script.len() >= COMMITMENT_LENGTH && script.starts_with(&COMMITMENT_HEADER);
        if carries { script[COMMITMENT_HEADER.len()..COMMITMENT_LENGTH].try_into().ok() } else { None }
    })
}
