//! Chains on regtest that are made before anything is measured, in no time and always the same.

use terrarium_core::{
    consensus::{Preset, bip34::height_script, block_subsidy, merkle},
    crypto::PrivateKey,
    mining::HeaderScanner,
    primitives::{Amount, Block, Header, Height, OutPoint, Script, Target, Transaction, TxIn, TxOut},
    script::{sign::p2pkh_script_sig, standard::p2pkh},
};

/// Seconds between the blocks' times.
const SPACING: u32 = 600;

/// Keys that coins lie on; more than a block of 150 spends takes from and pays to, so that no script is there twice.
const KEYS: u32 = 512;

/// The blocks of a chain, the genesis block first, all mined to one key.
#[derive(Debug)]
pub struct Chain {
    blocks: Vec<Block>,
    owners: Vec<Owner>,
}

/// A key, and the script that pays to it.
#[derive(Clone, Debug)]
struct Owner {
    key: PrivateKey,
    script: Script,
}

/// An output that nobody has spent, and who can: the place of its owner.
#[derive(Clone, Copy, Debug)]
struct Coin {
    outpoint: OutPoint,
    owner: usize,
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
        Self::paying(blocks, spends, 0, &Script::default())
    }

    /// As [`Chain::spending`]; `payments` of the blocks, evenly among them, have one transaction more, which pays `payee`
    /// what [`Chain::share`] says.
    pub fn paying(blocks: u32, spends: u32, payments: u32, payee: &Script) -> Self {
        let maturity = Preset::Regtest.params().consensus.coinbase_maturity;
        let mut chain = Self::coinbase_only(maturity + 1);
        let share = Self::share(spends, payments);
        let coinbase = &chain.blocks[1].transactions[0];
        let mined = Coin { outpoint: OutPoint::new(coinbase.txid(), 0), owner: 0 };
        let outputs = (0..spends + payments).map(|lane| chain.output(lane as usize, share)).collect();
        let fan_out = chain.spend(mined, outputs);
        let txid = fan_out.txid();
        let mut coins: Vec<_> = (0..spends + payments)
            .map(|lane| Coin {
                outpoint: OutPoint::new(txid, lane),
                owner: lane as usize % chain.owners.len(),
            })
            .collect();
        chain.mine(vec![fan_out]);
        let mut for_payee = coins.split_off(spends as usize);
        for block in 0..blocks {
            let mut transactions = Vec::new();
            for coin in &mut coins {
                let next = (coin.owner + spends as usize) % chain.owners.len();
                transactions.push(chain.spend(*coin, vec![chain.output(next, share)]));
                let txid = transactions[transactions.len() - 1].txid();
                *coin = Coin { outpoint: OutPoint::new(txid, 0), owner: next };
            }
            // So many payments are due after this block.
            let due = u64::from(block + 1) * u64::from(payments) / u64::from(blocks);
            while for_payee.len() as u64 > u64::from(payments) - due
                && let Some(coin) = for_payee.pop()
            {
                let output = TxOut { value: share, script_pubkey: payee.clone() };
                transactions.push(chain.spend(coin, vec![output]));
            }
            chain.mine(transactions);
        }
        chain
    }

    /// What each coin of [`Chain::paying`] is worth.
    pub fn share(spends: u32, payments: u32) -> Amount {
        let mined = block_subsidy(Height(1), &Preset::Regtest.params().consensus);
        Amount::from_sat(mined.to_sat() / i64::from(spends + payments))
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
        let owners = (0..KEYS).map(Owner::new).collect();
        Self { blocks: vec![Preset::Regtest.genesis()], owners }
    }

    fn output(&self, owner: usize, value: Amount) -> TxOut {
        TxOut { value, script_pubkey: self.owners[owner % self.owners.len()].script.clone() }
    }

    fn spend(&self, coin: Coin, outputs: Vec<TxOut>) -> Transaction {
        let mut transaction =
            Transaction { version: 2, inputs: vec![TxIn::spending(coin.outpoint)], outputs, lock_time: 0 };
        let Owner { key, script } = &self.owners[coin.owner];
        transaction.inputs[0].script_sig = p2pkh_script_sig(&transaction, 0, script, key);
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
            outputs: vec![self.output(0, block_subsidy(height, &params.consensus))],
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

impl Owner {
    fn new(number: u32) -> Self {
        let mut secret = [7; 32];
        secret[..4].copy_from_slice(&number.to_be_bytes());
        let key = PrivateKey::from_bytes(&secret, true).expect("a valid key");
        let script = p2pkh(key.public_key().pubkey_hash());
        Self { key, script }
    }
}
