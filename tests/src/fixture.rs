//! Chains on regtest that are made before anything is measured, in no time and always the same.

use terrarium_core::{
    consensus::{Preset, bip34::height_script, block_subsidy, merkle},
    crypto::{PrivateKey, lanes::HeaderScanner},
    primitives::{Amount, Block, Header, Height, OutPoint, Script, Target, Transaction, TxIn, TxOut},
    script::{sign::p2pkh_script_sig, standard::p2pkh},
};

/// Seconds between the blocks' times.
const SPACING: u32 = 600;

/// The blocks of a chain, the genesis block first, all mined to one key.
#[derive(Debug)]
pub struct Chain {
    blocks: Vec<Block>,
    key: PrivateKey,
    script: Script,
}

impl Chain {
    /// `blocks` blocks with nothing but their coinbase.
    pub fn coinbase_only(blocks: u32) -> Self {
        let mut chain = Self::genesis();
        for _ in 0..blocks {
            chain.mine(Vec::new());
        }
        chain
    }

    /// `blocks` blocks of `spends` transactions with one P2PKH input each, after those that make the coins.
    pub fn spending(blocks: u32, spends: u32) -> Self {
        let maturity = Preset::Regtest.params().consensus.coinbase_maturity;
        let mut chain = Self::coinbase_only(maturity + 1);
        let coinbase = &chain.blocks[1].transactions[0];
        let share = Amount::from_sat(coinbase.outputs[0].value.to_sat() / i64::from(spends));
        let fan_out = chain.spend(OutPoint::new(coinbase.txid(), 0), share, spends);
        let mut coins: Vec<_> = (0..spends).map(|vout| OutPoint::new(fan_out.txid(), vout)).collect();
        chain.mine(vec![fan_out]);
        for _ in 0..blocks {
            let transactions: Vec<_> = coins.iter().map(|coin| chain.spend(*coin, share, 1)).collect();
            coins = transactions.iter().map(|transaction| OutPoint::new(transaction.txid(), 0)).collect();
            chain.mine(transactions);
        }
        chain
    }

    /// Height of the last block.
    pub fn height(&self) -> usize {
        self.blocks.len() - 1
    }

    /// The blocks, the genesis block first.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    fn genesis() -> Self {
        let key = PrivateKey::from_bytes(&[7; 32], true).expect("a valid key");
        let script = p2pkh(key.public_key().pubkey_hash());
        Self { blocks: vec![Preset::Regtest.genesis()], key, script }
    }

    fn spend(&self, coin: OutPoint, value: Amount, outputs: u32) -> Transaction {
        let output = TxOut { value, script_pubkey: self.script.clone() };
        let mut transaction = Transaction {
            version: 2,
            inputs: vec![TxIn::spending(coin)],
            outputs: vec![output; outputs as usize],
            lock_time: 0,
        };
        transaction.inputs[0].script_sig = p2pkh_script_sig(&transaction, 0, &self.script, &self.key);
        transaction
    }

    fn mine(&mut self, transactions: Vec<Transaction>) {
        let params = Preset::Regtest.params();
        let height = Height(self.blocks.len() as u32);
        let mut coinbase = TxIn::spending(OutPoint::NULL);
        coinbase.script_sig = height_script(height).push_data(b"bench");
        let coinbase = Transaction {
            version: 2,
            inputs: vec![coinbase],
            outputs: vec![TxOut {
                value: block_subsidy(height, &params.consensus),
                script_pubkey: self.script.clone(),
            }],
            lock_time: 0,
        };
        let transactions: Vec<_> = std::iter::once(coinbase).chain(transactions).collect();
        let previous = self.blocks[self.blocks.len() - 1].header;
        let mut header = Header {
            version: 0x2000_0000,
            prev_blockhash: previous.block_hash(),
            merkle_root: merkle::block_root(&transactions).0,
            time: previous.time + SPACING,
            bits: previous.bits,
            nonce: 0,
        };
        let target = Target::from_compact(header.bits).expect("regtest's target");
        header.nonce =
            HeaderScanner::new(&header).scan(&target, 0, 1 << 32).expect("a nonce at regtest's target");
        self.blocks.push(Block { header, transactions });
    }
}
