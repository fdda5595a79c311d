//! The wallet's rules, proven on blocks that were never mined: the wallet does not judge blocks, it is given them.

mod ledger;
mod payments;
mod records;
mod scan;

use super::*;
use crate::consensus::Preset;
use crate::interface::{Payer, WalletTransaction};
use crate::primitives::{Amount, CompactTarget, Header, MAX_MONEY, MerkleRoot, OutPoint, TxIn, TxOut};
use crate::store::Table;
use proptest::prelude::*;
use std::collections::BTreeMap;

const NOW: UnixTime = UnixTime(1_800_000_000);
const STRANGER: Address = Address::P2pkh(crate::crypto::PubkeyHash([9; 20]));

fn coins(n: u32) -> Amount {
    Amount::from_coins(n)
}

/// A wallet on a chain of its own: blocks, and what waits.
struct World {
    params: NetworkParams,
    wallet: Wallet,
    addresses: Vec<Address>,
    chain: Vec<Block>,
    waiting: Vec<Arc<Transaction>>,
    /// Makes coinbases and gifts differ.
    counter: u64,
}

impl World {
    fn new() -> Self {
        Self::on(Preset::Classroom)
    }

    fn on(preset: Preset) -> Self {
        let (mut wallet, damaged) = Wallet::load(&[], KeySource::new([7; 32]));
        assert!(damaged.is_empty(), "{damaged:?}");
        let addresses = (0..3).map(|_| wallet.create_address(None).expect("room")).collect();
        let mut world = Self {
            params: preset.params(),
            wallet,
            addresses,
            chain: Vec::new(),
            waiting: Vec::new(),
            counter: 0,
        };
        world.mine(&STRANGER);
        world
    }

    fn tip(&self) -> Height {
        Height(self.chain.len() as u32 - 1)
    }

    /// A block with all that waits, its reward to `payee`.
    fn mine(&mut self, payee: &Address) {
        let transactions = std::mem::take(&mut self.waiting).iter().map(|tx| (**tx).clone()).collect();
        self.mine_these(payee, transactions);
    }

    fn mine_these(&mut self, payee: &Address, transactions: Vec<Transaction>) {
        self.counter += 1;
        let script_sig = Script::from_bytes(self.counter.to_le_bytes().to_vec());
        let coinbase = Transaction {
            version: 1,
            inputs: vec![TxIn { script_sig, ..TxIn::spending(OutPoint::NULL) }],
            outputs: vec![TxOut { value: coins(50), script_pubkey: payee.script_pubkey() }],
            lock_time: 0,
        };
        let header = Header {
            version: 1,
            prev_blockhash: self.chain.last().map_or(BlockHash::ZERO, Block::block_hash),
            merkle_root: MerkleRoot::from_bytes(*coinbase.txid().as_bytes()),
            time: NOW.0,
            bits: CompactTarget(0),
            nonce: 0,
        };
        let transactions = std::iter::once(coinbase).chain(transactions).collect();
        self.chain.push(Block { header, transactions });
        let block = self.chain.last().expect("just pushed");
        self.wallet.connect_block(block, self.tip(), &self.params);
    }

    /// Takes the last blocks off, builds one more in their place, and lets what is still valid wait again.
    fn reorganise(&mut self, depth: usize) {
        let mut candidates = Vec::new();
        for _ in 0..depth {
            let block = self.chain.pop().expect("deep enough");
            self.wallet.disconnect_block(&block);
            candidates.splice(0..0, block.transactions.into_iter().skip(1).map(Arc::new));
        }
        let former = std::mem::take(&mut self.waiting);
        for _ in 0..=depth {
            self.mine_these(&STRANGER, Vec::new());
        }
        candidates.extend(former);
        for tx in candidates {
            if self.is_valid(&tx) {
                self.wait(tx);
            } else {
                self.wallet.tx_removed(&tx.txid());
            }
        }
    }

    fn wait(&mut self, tx: Arc<Transaction>) {
        self.wallet.tx_added(&tx, NOW);
        self.waiting.push(tx);
    }

    fn pay(
        &mut self,
        from: usize,
        to: &Address,
        amount: Amount,
        fee: Amount,
    ) -> Result<Payment, WalletError> {
        let from = self.addresses[from].clone();
        let request = PaymentRequest { from, to: to.clone(), amount, fee: Some(fee) };
        self.wallet.create_payment(&request, &self.params, self.tip())
    }

    fn pay_and_wait(&mut self, from: usize, to: &Address, amount: Amount) -> Arc<Transaction> {
        let payment = self.pay(from, to, amount, Amount::ZERO).expect("enough");
        let tx = Arc::new(payment.transaction);
        self.wait(Arc::clone(&tx));
        tx
    }

    /// A transaction of somebody else that pays an address; its own coin is not in this chain.
    fn gift(&mut self, to: &Address, value: Amount) -> Arc<Transaction> {
        self.counter += 1;
        let mut txid = [0xee; 32];
        txid[..8].copy_from_slice(&self.counter.to_le_bytes());
        let inputs = vec![TxIn::spending(OutPoint::new(Txid::from_bytes(txid), 0))];
        let outputs = vec![TxOut { value, script_pubkey: to.script_pubkey() }];
        Arc::new(Transaction { version: 1, inputs, outputs, lock_time: 0 })
    }

    /// The coins of the chain, with what waits if asked for: the model that the wallet is compared with.
    fn scan(&self, waiting: &[Arc<Transaction>]) -> BTreeMap<OutPoint, TxOut> {
        let mut found = BTreeMap::new();
        let blocks = self.chain.iter().skip(1).flat_map(|block| &block.transactions);
        for tx in blocks.chain(waiting.iter().map(|tx| &**tx)) {
            for input in &tx.inputs {
                found.remove(&input.previous_output);
            }
            let txid = tx.txid();
            let outputs = tx.outputs.iter().cloned().enumerate();
            found.extend(outputs.map(|(vout, output)| (OutPoint::new(txid, vout as u32), output)));
        }
        found
    }

    fn is_valid(&self, tx: &Transaction) -> bool {
        let coins = self.scan(&self.waiting);
        let is_foreign = |outpoint: &OutPoint| outpoint.txid.as_bytes().ends_with(&[0xee; 24]);
        tx.inputs
            .iter()
            .all(|input| is_foreign(&input.previous_output) || coins.contains_key(&input.previous_output))
    }

    fn sum(&self, coins: &BTreeMap<OutPoint, TxOut>, address: &Address) -> Amount {
        let script = address.script_pubkey();
        let values =
            coins.values().filter(|output| output.script_pubkey == script).map(|output| output.value);
        Amount::checked_sum(values).expect("in range")
    }

    fn assert_agrees_with_the_chain(&self) {
        let confirmed = self.scan(&[]);
        let all = self.scan(&self.waiting);
        for address in &self.addresses {
            let entry = self.wallet.address_entry(address, &self.params);
            assert_eq!(entry.balance, self.sum(&confirmed, address));
        }
        let total =
            |coins| Amount::checked_sum(self.addresses.iter().map(|address| self.sum(coins, address)));
        let balances = self.wallet.balances(&self.params, self.tip());
        let shown = Amount::checked_sum([balances.confirmed, balances.immature]);
        assert_eq!(shown, total(&confirmed));
        assert_eq!(shown.and_then(|shown| shown.checked_add(balances.pending)), total(&all));
    }

    fn entry(&self, tx: &Transaction) -> WalletTransaction {
        let history = self.wallet.history(&self.params, self.tip());
        history.into_iter().find(|entry| entry.txid == tx.txid()).expect("in the history")
    }
}

/// A store's wallet database.
type Stored = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

/// Writes what is pending.
fn write(wallet: &mut Wallet, stored: &mut Stored) {
    while let Some(batch) = wallet.take_batch(BatchId(1)) {
        for op in batch.ops {
            match op {
                Op::Put { table, key, value } => stored.insert((table, key), value),
                Op::Delete { table, key } => stored.remove(&(table, key)),
                Op::Clear { .. } => panic!("the wallet never clears a table"),
            };
        }
        wallet.committed(BatchId(1));
    }
}

fn as_records(stored: &Stored) -> Vec<Record> {
    let record = |((table, key), value): (&(Table, Vec<u8>), &Vec<u8>)| Record {
        table: *table,
        key: key.clone(),
        value: value.clone(),
    };
    stored.iter().map(record).collect()
}

/// The records of a wallet that was never stored before.
fn records_of(wallet: &mut Wallet) -> Vec<Record> {
    let mut stored = Stored::new();
    write(wallet, &mut stored);
    as_records(&stored)
}

/// What may happen to a wallet.
#[derive(Clone, Debug)]
enum Step {
    Pay { from: usize, to: usize, percent: i64 },
    Gift { to: usize },
    Mine { payee: usize },
    Reorganise { depth: usize },
    DoubleSpend { from: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize, 0..4_usize, 1..100_i64).prop_map(|(from, to, percent)| Step::Pay { from, to, percent }),
        1 => (0..3_usize).prop_map(|to| Step::Gift { to }),
        3 => (0..4_usize).prop_map(|payee| Step::Mine { payee }),
        1 => (1..4_usize).prop_map(|depth| Step::Reorganise { depth }),
        1 => (0..3_usize).prop_map(|from| Step::DoubleSpend { from }),
    ]
}

fn perform(world: &mut World, step: &Step) {
    let payee = |world: &World, index: usize| world.addresses.get(index).cloned().unwrap_or(STRANGER);
    match *step {
        Step::Pay { from, to, percent } => {
            let balance = world.wallet.address_entry(&world.addresses[from], &world.params).balance;
            let amount = Amount::from_sat(balance.to_sat() / 100 * percent);
            let to = payee(world, to);
            if let Ok(payment) = world.pay(from, &to, amount, Amount::ZERO) {
                world.wait(Arc::new(payment.transaction));
            }
        }
        Step::Gift { to } => {
            let to = payee(world, to);
            let gift = world.gift(&to, coins(3));
            world.wait(gift);
        }
        Step::Mine { payee: index } => {
            let payee = payee(world, index);
            world.mine(&payee);
        }
        Step::Reorganise { depth } if world.chain.len() > depth + 1 => world.reorganise(depth),
        Step::Reorganise { .. } => {}
        Step::DoubleSpend { from } => {
            // Confirmed coins alone, so that the block is valid without what waits.
            let confirmed = world.scan(&[]);
            let script = world.addresses[from].script_pubkey();
            let coin = confirmed.iter().find(|(_, output)| output.script_pubkey == script);
            let Some((outpoint, output)) = coin else { return };
            let outputs = vec![TxOut { value: output.value, script_pubkey: STRANGER.script_pubkey() }];
            let inputs = vec![TxIn::spending(*outpoint)];
            let rival = Transaction { version: 2, inputs, outputs, lock_time: 0 };
            let former = std::mem::take(&mut world.waiting);
            world.mine_these(&STRANGER, vec![rival]);
            for tx in former {
                match world.is_valid(&tx) {
                    true => world.waiting.push(tx),
                    false => world.wallet.tx_removed(&tx.txid()),
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn balances_equal_a_scan_of_the_chain_whatever_happened(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in &steps {
            perform(&mut world, step);
            world.assert_agrees_with_the_chain();
        }
        let records = records_of(&mut world.wallet);
        let (wallet, damaged) = Wallet::load(&records, KeySource::new([1; 32]));
        prop_assert!(damaged.is_empty());
        prop_assert_eq!(
            wallet.history(&world.params, world.tip()),
            world.wallet.history(&world.params, world.tip())
        );
    }

    #[test]
    fn the_coins_spent_equal_amount_fee_and_change_and_every_signature_is_right(
        gifts in prop::collection::vec(1_000..1_000_000_i64, 1..8),
        amount in 1..3_000_000_i64,
        fee in 0..10_000_i64,
    ) {
        let mut world = World::new();
        let alice = world.addresses[0].clone();
        for value in gifts {
            let gift = world.gift(&alice, Amount::from_sat(value));
            world.wait(gift);
        }
        world.mine(&STRANGER);
        let coins = world.scan(&[]);
        let (amount, fee) = (Amount::from_sat(amount), Amount::from_sat(fee));
        let Ok(payment) = world.pay(0, &STRANGER, amount, fee) else {
            prop_assert!(world.sum(&coins, &alice) < amount.checked_add(fee).expect("fits"));
            return Ok(());
        };
        let tx = &payment.transaction;
        let spent = tx.inputs.iter().map(|input| coins[&input.previous_output].value);
        prop_assert_eq!(
            Amount::checked_sum(spent),
            Amount::checked_sum([amount, payment.fee, payment.change])
        );
        prop_assert_eq!(payment.fee, fee);
        oracle::assert_signatures_verify(tx, &coins);
    }
}

/// The crate `bitcoin` judges our signatures.
mod oracle {
    use super::*;
    use bitcoin::hashes::Hash as _;
    use bitcoin::secp256k1::{Message, Secp256k1};
    use bitcoin::sighash::{EcdsaSighashType, SighashCache};

    pub(super) fn assert_signatures_verify(tx: &Transaction, coins: &BTreeMap<OutPoint, TxOut>) {
        let bytes = crate::encode::serialize(tx);
        let theirs: bitcoin::Transaction = bitcoin::consensus::deserialize(&bytes).expect("their format too");
        assert_eq!(theirs.compute_txid().to_byte_array(), *tx.txid().as_bytes());
        let secp = Secp256k1::verification_only();
        for (index, input) in theirs.input.iter().enumerate() {
            let pushes: Vec<_> = input.script_sig.instructions().map(|step| step.expect("whole")).collect();
            let [signature, key] = [0, 1].map(|n| pushes[n].push_bytes().expect("a push").as_bytes());
            let key = bitcoin::PublicKey::from_slice(key).expect("a key");
            let script = coins[&tx.inputs[index].previous_output].script_pubkey.as_bytes().to_vec();
            let script = bitcoin::ScriptBuf::from_bytes(script);
            assert_eq!(script, bitcoin::ScriptBuf::new_p2pkh(&key.pubkey_hash()));
            let signature = bitcoin::ecdsa::Signature::from_slice(signature).expect("strict DER");
            assert_eq!(signature.sighash_type, EcdsaSighashType::All);
            let mut normal = signature.signature;
            normal.normalize_s();
            assert_eq!(normal, signature.signature, "S is low");
            let digest = SighashCache::new(&theirs)
                .legacy_signature_hash(index, &script, EcdsaSighashType::All.to_u32())
                .expect("in range");
            let message = Message::from_digest(digest.to_byte_array());
            secp.verify_ecdsa(&message, &signature.signature, &key.inner).expect("it verifies");
        }
    }
}
