//! First blocks: Bitcoin's regtest's, the classroom's, and the unsolved one that `createblockchain` mines.

use super::bip34;
use super::merkle;
use super::params::ConsensusParams;
use crate::primitives::{
    Block, BlockHash, CompactTarget, Header, Height, OutPoint, Script, Transaction, TxIn, TxOut,
};
use crate::script::Opcode;
use crate::script::standard::op_return;
use crate::time::UnixTime;

/// The headline in Bitcoin's first block, which regtest shares.
const BITCOIN_HEADLINE: &[u8] = b"The Times 03/Jan/2009 Chancellor on brink of second bailout for banks";

/// The key that Bitcoin's first block pays.
const BITCOIN_KEY: [u8; 65] = [
    0x04, 0x67, 0x8a, 0xfd, 0xb0, 0xfe, 0x55, 0x48, 0x27, 0x19, 0x67, 0xf1, 0xa6, 0x71, 0x30, 0xb7, 0x10,
    0x5c, 0xd6, 0xa8, 0x28, 0xe0, 0x39, 0x09, 0xa6, 0x79, 0x62, 0xe0, 0xea, 0x1f, 0x61, 0xde, 0xb6, 0x49,
    0xf6, 0xbc, 0x3f, 0x4c, 0xef, 0x38, 0xc4, 0xf3, 0x55, 0x04, 0xe5, 0x1e, 0xc1, 0x12, 0xde, 0x5c, 0x38,
    0x4d, 0xf7, 0xba, 0x0b, 0x8d, 0x57, 0x8a, 0x4c, 0x70, 0x2b, 0x6b, 0xf1, 0x1d, 0x5f,
];

/// What the classroom's first block says.
const CLASSROOM_HEADLINE: &[u8] = b"Terrarium: a Bitcoin network under glass";

/// When the classroom's first block was made: 2025-01-01 00:00:00 UTC.
const CLASSROOM_TIME: UnixTime = UnixTime(1_735_689_600);

/// The nonce that solves the classroom's first block.
const CLASSROOM_NONCE: u32 = 37_238;

/// The hash of the classroom's first block.
#[cfg(test)]
pub(super) const CLASSROOM_HASH: &str = "00005c844e2b159bcadd47ec6680ea153af0c15b713951839a05c1c52d9cfc96";

/// Bitcoin's regtest genesis block, 0f9188f1…2206 (Core's `CreateGenesisBlock`).
pub fn regtest() -> Block {
    // The number 486604799 is the target of Bitcoin's main network; the 4 was pushed as a byte, not by its opcode.
    let script_sig = Script::new().push_int(486_604_799).push_data(&[4]).push_data(BITCOIN_HEADLINE);
    let script_pubkey = Script::new().push_data(&BITCOIN_KEY).push_opcode(Opcode::OP_CHECKSIG);
    let consensus = ConsensusParams::REGTEST;
    let coinbase = coinbase(&consensus, script_sig, script_pubkey);
    block(consensus.pow_limit, UnixTime(1_296_688_602), 2, coinbase)
}

/// The classroom's built-in genesis block, which pays nobody.
pub fn classroom() -> Block {
    let mut block = unsolved(&ConsensusParams::CLASSROOM, classroom_script(), CLASSROOM_TIME);
    block.header.nonce = CLASSROOM_NONCE;
    block
}

/// What the classroom's first blocks pay to: nobody.
pub(super) fn classroom_script() -> Script {
    op_return(CLASSROOM_HEADLINE)
}

/// A genesis block that pays the first subsidy to `script_pubkey`, its nonce still to be found. Its coinbase begins
/// with height 0, so that no later coinbase can have its txid (BIP34).
pub fn unsolved(consensus: &ConsensusParams, script_pubkey: Script, time: UnixTime) -> Block {
    let script_sig = bip34::height_script(Height::GENESIS).push_data(b"Terrarium");
    block(consensus.pow_limit, time, 0, coinbase(consensus, script_sig, script_pubkey))
}

fn coinbase(consensus: &ConsensusParams, script_sig: Script, script_pubkey: Script) -> Transaction {
    let input = TxIn { script_sig, ..TxIn::spending(OutPoint::NULL) };
    let output = TxOut { value: consensus.subsidy, script_pubkey };
    Transaction { version: 1, inputs: vec![input], outputs: vec![output], lock_time: 0 }
}

fn block(bits: CompactTarget, time: UnixTime, nonce: u32, coinbase: Transaction) -> Block {
    let transactions = vec![coinbase];
    let (merkle_root, _) = merkle::block_root(&transactions);
    let header =
        Header { version: 1, prev_blockhash: BlockHash::ZERO, merkle_root, time: time.0, bits, nonce };
    Block { header, transactions }
}
