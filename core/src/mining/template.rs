//! A block that lacks nothing but its nonce.

use crate::consensus::{bip34, merkle, witness};
use crate::primitives::{
    Amount, Block, Header, Height, MAX_MONEY, MerkleRoot, OutPoint, Script, Target, Transaction, TxIn, TxOut,
};

/// What the coinbase's witness holds until a soft fork gives it a meaning (BIP141).
const WITNESS_RESERVED_VALUE: [u8; 32] = [0; 32];

/// What a template is made of.
pub(super) struct Contents {
    pub(super) header: Header,
    pub(super) height: Height,
    pub(super) payout: Script,
    pub(super) subsidy: Amount,
    pub(super) fees: Amount,
    pub(super) transactions: Vec<Transaction>,
    pub(super) extra_nonce: u64,
}

/// A block to be solved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockTemplate {
    block: Block,
    height: Height,
    fees: Amount,
    extra_nonce: u64,
    /// The hashes beside the coinbase's way up to the merkle root.
    coinbase_branch: Vec<[u8; 32]>,
}

impl BlockTemplate {
    pub(super) fn new(contents: Contents) -> Self {
        let Contents { header, height, payout, subsidy, fees, mut transactions, extra_nonce } = contents;
        // A coinbase may take less than it could, and no output may hold more than all money.
        let value = subsidy.checked_add(fees).map_or(MAX_MONEY, |value| value.min(MAX_MONEY));
        let mut coinbase = Transaction {
            version: 2,
            inputs: vec![TxIn::spending(OutPoint::NULL)],
            outputs: vec![TxOut { value, script_pubkey: payout }],
            lock_time: 0,
        };
        let has_witness = transactions.iter().any(Transaction::has_witness);
        transactions.insert(0, coinbase.clone());
        if has_witness {
            coinbase.inputs[0].witness = vec![WITNESS_RESERVED_VALUE.to_vec()];
            let commitment = witness::commitment(&transactions, &WITNESS_RESERVED_VALUE);
            let script = [&witness::COMMITMENT_HEADER[..], &commitment[..]].concat();
            coinbase.outputs.push(TxOut { value: Amount::ZERO, script_pubkey: Script::from_bytes(script) });
            transactions[0] = coinbase;
        }
        let coinbase_branch = first_leaf_branch(&transactions);
        let block = Block { header, transactions };
        let mut template = Self { block, height, fees, extra_nonce, coinbase_branch };
        template.seal();
        template
    }

    /// The header, its nonce zero.
    pub fn header(&self) -> &Header {
        &self.block.header
    }

    /// The height that the block will have.
    pub fn height(&self) -> Height {
        self.height
    }

    /// The transactions, the coinbase first.
    pub fn transactions(&self) -> &[Transaction] {
        &self.block.transactions
    }

    /// What the transactions pay to the miner.
    pub fn fees(&self) -> Amount {
        self.fees
    }

    /// The number that the block's hash must not exceed.
    pub fn target(&self) -> Target {
        // The assembler takes the bits from the chain's own rule; if they were no target, no hash would meet this.
        Target::from_compact(self.block.header.bits).unwrap_or(Target(Default::default()))
    }

    /// Changes the coinbase, and with it the merkle root, so that all nonces can be tried again.
    pub fn roll_extra_nonce(&mut self) {
        self.extra_nonce = self.extra_nonce.wrapping_add(1);
        self.seal();
    }

    /// The block with a nonce; whether that solves it is for the caller to know.
    pub fn solve(&self, nonce: u32) -> Block {
        let mut block = self.block.clone();
        block.header.nonce = nonce;
        block
    }

    /// Writes height and extra nonce into the coinbase and the root into the header.
    fn seal(&mut self) {
        let coinbase = &mut self.block.transactions[0];
        coinbase.inputs[0].script_sig =
            bip34::height_script(self.height).push_data(&self.extra_nonce.to_le_bytes());
        let leaf = *coinbase.txid().as_bytes();
        let root = self.coinbase_branch.iter().fold(leaf, |hash, sibling| merkle::parent(&hash, sibling));
        self.block.header.merkle_root = MerkleRoot::from_bytes(root);
    }
}

/// The hash beside the first one on each level of the merkle tree; the first leaf itself does not matter.
fn first_leaf_branch(transactions: &[Transaction]) -> Vec<[u8; 32]> {
    let mut level: Vec<[u8; 32]> = transactions.iter().map(|tx| *tx.txid().as_bytes()).collect();
    let mut branch = Vec::new();
    while level.len() > 1 {
        branch.push(level[1]);
        level =
            level.chunks(2).map(|pair| merkle::parent(&pair[0], pair.last().unwrap_or(&pair[0]))).collect();
    }
    branch
}
