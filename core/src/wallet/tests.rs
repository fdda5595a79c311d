//! The wallet's rules, proven on blocks that were never mined: the wallet does not judge blocks, it is given them.

use super::*;
use crate::consensus::Preset;
use crate::interface::WalletTransaction;
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
        assert_eq!(damaged, [String::new(); 0]);
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
        let shown = self.wallet.addresses(&self.params);
        for (address, entry) in self.addresses.iter().zip(&shown) {
            assert_eq!(entry.balance, self.sum(&confirmed, address));
        }
        let total =
            |coins| Amount::checked_sum(self.addresses.iter().map(|address| self.sum(coins, address)));
        let balances = self.wallet.balances(&self.params, self.tip());
        let shown = Amount::checked_sum([balances.confirmed, balances.immature]);
        assert_eq!(shown, total(&confirmed));
        assert_eq!(shown.and_then(|shown| shown.checked_add(balances.pending)), total(&all));
    }

    /// The wallet as it would be after a restart.
    fn reload(&mut self) -> Vec<Record> {
        let mut records = BTreeMap::new();
        while let Some(batch) = self.wallet.take_batch(BatchId(1)) {
            for op in batch.ops {
                match op {
                    Op::Put { table, key, value } => records.insert((table, key), value),
                    Op::Delete { table, key } => records.remove(&(table, key)),
                    Op::Clear { .. } => None,
                };
            }
            self.wallet.committed(BatchId(1));
        }
        let record = |((table, key), value)| Record { table, key, value };
        records.into_iter().map(record).collect()
    }

    fn entry(&self, tx: &Transaction) -> WalletTransaction {
        let history = self.wallet.history(&self.params, self.tip());
        history.into_iter().find(|entry| entry.txid == tx.txid()).expect("in the history")
    }
}

#[test]
fn change_returns_to_the_sender_and_inputs_cover_outputs_and_fee() {
    let mut world = World::new();
    let [alice, bob] = [world.addresses[0].clone(), world.addresses[1].clone()];
    world.mine(&alice);
    let payment = world.pay(0, &bob, coins(20), coins(1)).expect("enough");
    assert_eq!((payment.fee, payment.change), (coins(1), coins(29)));
    let outputs = &payment.transaction.outputs;
    assert_eq!(outputs[0], TxOut { value: coins(20), script_pubkey: bob.script_pubkey() });
    assert_eq!(outputs[1], TxOut { value: coins(29), script_pubkey: alice.script_pubkey() });
}

#[test]
fn a_payment_that_matches_exactly_has_no_change_output() {
    let mut world = World::new();
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    let payment = world.pay(0, &STRANGER, coins(50), Amount::ZERO).expect("enough");
    assert_eq!((payment.transaction.outputs.len(), payment.change), (1, Amount::ZERO));
}

#[test]
fn coins_of_another_address_of_the_wallet_are_never_spent() {
    let mut world = World::new();
    let [alice, bob] = [world.addresses[0].clone(), world.addresses[1].clone()];
    world.mine(&alice);
    world.mine(&bob);
    let error = WalletError::NotEnoughFunds { available: coins(50), needed: coins(51) };
    assert_eq!(world.pay(0, &STRANGER, coins(51), Amount::ZERO), Err(error));
}

#[test]
fn unconfirmed_own_change_can_be_spent_and_a_spent_coin_cannot_be_again() {
    let mut world = World::new();
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    let first = world.pay_and_wait(0, &STRANGER, coins(20));
    let second = world.pay_and_wait(0, &STRANGER, coins(30));
    assert_eq!(second.inputs[0].previous_output, OutPoint::new(first.txid(), 1));
    let error = WalletError::NotEnoughFunds { available: Amount::ZERO, needed: coins(1) };
    assert_eq!(world.pay(0, &STRANGER, coins(1), Amount::ZERO), Err(error));
    world.assert_agrees_with_the_chain();
}

#[test]
fn an_unconfirmed_payment_from_somebody_else_cannot_be_spent() {
    let mut world = World::new();
    let alice = world.addresses[0].clone();
    let gift = world.gift(&alice, coins(5));
    world.wait(gift);
    assert!(matches!(
        world.pay(0, &STRANGER, coins(1), Amount::ZERO),
        Err(WalletError::NotEnoughFunds { .. })
    ));
    assert_eq!(world.wallet.balances(&world.params, world.tip()).pending, coins(5));
    world.mine(&STRANGER);
    assert!(world.pay(0, &STRANGER, coins(1), Amount::ZERO).is_ok());
}

#[test]
fn an_immature_reward_is_shown_apart_and_cannot_be_spent() {
    let mut world = World::on(Preset::Regtest);
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    for _ in 0..98 {
        world.mine(&STRANGER);
    }
    let immature = Balances { immature: coins(50), ..Balances::default() };
    assert_eq!(world.wallet.balances(&world.params, world.tip()), immature);
    assert!(world.pay(0, &STRANGER, coins(1), coins(1)).is_err());
    world.mine(&STRANGER);
    let mature = Balances { confirmed: coins(50), ..Balances::default() };
    assert_eq!(world.wallet.balances(&world.params, world.tip()), mature);
    assert!(world.pay(0, &STRANGER, coins(1), coins(1)).is_ok());
}

#[test]
fn amounts_and_fees_that_cannot_be_are_refused_by_name() {
    let mut world = World::new();
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    for amount in
        [Amount::ZERO, Amount::from_sat(-1), MAX_MONEY.checked_add(Amount::from_sat(1)).expect("fits")]
    {
        let error = Err(WalletError::InvalidAmount(amount));
        assert_eq!(world.pay(0, &STRANGER, amount, Amount::ZERO), error);
    }
    let fee = Amount::from_sat(-1);
    assert_eq!(world.pay(0, &STRANGER, coins(1), fee), Err(WalletError::InvalidFee(fee)));
    let needed = MAX_MONEY.checked_add(MAX_MONEY).expect("fits");
    let error = WalletError::NotEnoughFunds { available: coins(50), needed };
    assert_eq!(world.pay(0, &STRANGER, MAX_MONEY, MAX_MONEY), Err(error));
    let request = PaymentRequest { from: STRANGER, to: alice, amount: coins(1), fee: None };
    let error = WalletError::UnknownKey(STRANGER.to_text(&world.params.address));
    assert_eq!(world.wallet.create_payment(&request, &world.params, world.tip()), Err(error));
}

#[test]
fn where_relay_costs_a_fee_the_default_pays_it_and_dust_change_goes_to_the_miner() {
    let mut world = World::on(Preset::Regtest);
    let alice = world.addresses[0].clone();
    for value in [1_000, 2_000, 3_000] {
        let gift = world.gift(&alice, Amount::from_sat(value));
        world.wait(gift);
    }
    world.mine(&STRANGER);
    let pay = |amount| {
        let request = PaymentRequest { from: alice.clone(), to: STRANGER, amount, fee: None };
        world.wallet.create_payment(&request, &world.params, world.tip())
    };
    let payment = pay(Amount::from_sat(4_000)).expect("enough");
    let size = payment.transaction.vsize() as i64;
    assert_eq!(payment.transaction.inputs.len(), 2);
    assert!((size..=size + 8).contains(&(payment.fee.to_sat() * 10)), "{size} {}", payment.fee);
    let dusty = pay(Amount::from_sat(2_500)).expect("enough");
    assert_eq!((dusty.transaction.outputs.len(), dusty.change), (1, Amount::ZERO));
    assert_eq!(dusty.fee, Amount::from_sat(500));
    let least = Amount::from_sat(546);
    let error = WalletError::Dust { amount: Amount::from_sat(545), least };
    assert_eq!(pay(Amount::from_sat(545)), Err(error));
}

#[test]
fn a_confirmed_double_spend_voids_the_waiting_payment_and_what_descends_from_it() {
    let mut world = World::new();
    let [alice, bob] = [world.addresses[0].clone(), world.addresses[1].clone()];
    world.mine(&alice);
    let rival = world.pay(0, &STRANGER, coins(50), Amount::ZERO).expect("enough").transaction;
    let voided = world.pay_and_wait(0, &bob, coins(20));
    let child = world.pay_and_wait(0, &bob, coins(30));
    world.waiting.clear();
    world.mine_these(&STRANGER, vec![rival.clone()]);
    for tx in [&voided, &child] {
        assert!(world.entry(tx).conflicted);
    }
    assert!(!world.entry(&rival).conflicted);
    assert_eq!(world.wallet.waiting_transactions(), []);
    world.assert_agrees_with_the_chain();
}

#[test]
fn what_the_mempool_dropped_frees_its_coins_and_is_not_called_conflicted() {
    let mut world = World::new();
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    let tx = world.pay_and_wait(0, &STRANGER, coins(20));
    world.waiting.clear();
    world.wallet.tx_removed(&tx.txid());
    assert!(!world.entry(&tx).conflicted);
    assert!(world.pay(0, &STRANGER, coins(50), Amount::ZERO).is_ok());
    world.mine_these(&STRANGER, vec![(*tx).clone()]);
    world.wallet.tx_removed(&tx.txid());
    assert_eq!(world.entry(&tx).confirmations, 1);
    world.assert_agrees_with_the_chain();
}

#[test]
fn the_reward_of_a_stale_block_is_void_with_all_that_was_made_of_it() {
    let mut world = World::new();
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    let spent = world.pay_and_wait(0, &STRANGER, coins(20));
    world.mine(&STRANGER);
    world.reorganise(2);
    assert!(world.entry(&spent).conflicted);
    assert_eq!(world.wallet.balances(&world.params, world.tip()), Balances::default());
}

#[test]
fn history_shows_net_amounts_payees_without_change_and_confirmations() {
    let mut world = World::new();
    let [alice, bob] = [world.addresses[0].clone(), world.addresses[1].clone()];
    world.mine(&alice);
    let payment = world.pay(0, &STRANGER, coins(20), coins(1)).expect("enough");
    let sent = Arc::new(payment.transaction);
    world.wait(Arc::clone(&sent));
    world.mine(&STRANGER);
    let moved = world.pay_and_wait(0, &bob, coins(9));
    let itself = world.pay_and_wait(0, &alice, coins(5));
    world.mine(&STRANGER);
    let history = world.wallet.history(&world.params, world.tip());
    let text = |address: &Address| vec![address.to_text(&world.params.address)];
    let shown: Vec<_> = history
        .iter()
        .map(|entry| (entry.txid, entry.net, entry.to.clone(), entry.confirmations, entry.coinbase))
        .collect();
    let reward = world.chain[1].transactions[0].txid();
    assert_eq!(
        shown,
        [
            (itself.txid(), Amount::ZERO, text(&alice), 1, false),
            (moved.txid(), Amount::ZERO, text(&bob), 1, false),
            (sent.txid(), Amount::from_sat(-coins(21).to_sat()), text(&STRANGER), 2, false),
            (reward, coins(50), text(&alice), 3, true),
        ]
    );
}

#[test]
fn labels_are_unique_in_the_wallet_and_the_next_free_one_is_found() {
    let mut wallet = World::new().wallet;
    let label = |text| Some(Label::parse(text).expect("a label"));
    assert_eq!(wallet.next_free_label().as_str(), "wallet1");
    let first = wallet.create_address(label("WALLET_1")).expect("free");
    assert_eq!(wallet.labelled(&wallet.next_free_label()), None);
    assert_eq!(wallet.next_free_label().as_str(), "wallet2");
    assert_eq!(wallet.create_address(label("wallet1")), Err(WalletError::LabelTaken("wallet1".into())));
    assert_eq!(wallet.labelled(&label("wallet1").expect("a label")), Some(&first));
}

#[test]
fn an_imported_key_finds_its_coins_when_the_chain_is_scanned_again() {
    let mut giver = World::new();
    let alice = giver.addresses[0].clone();
    giver.mine(&alice);
    let params = giver.params.address;
    let wif = giver.wallet.dump_key(&alice, &params).expect("its own");
    let (mut wallet, _) = Wallet::load(&[], KeySource::new([8; 32]));
    for (height, block) in giver.chain.iter().enumerate() {
        wallet.connect_block(block, Height(height as u32), &giver.params);
    }
    assert_eq!(wallet.import_key(&wif, None, &params), Ok(alice));
    assert_eq!(wallet.import_key(&wif, None, &params), Err(WalletError::KeyExists));
    assert_eq!(wallet.settings.scanned, None);
    for (height, block) in giver.chain.iter().enumerate() {
        wallet.connect_block(block, Height(height as u32), &giver.params);
    }
    assert_eq!(wallet.balances(&giver.params, giver.tip()).confirmed, coins(50));
    assert!(matches!(wallet.import_key("nonsense", None, &params), Err(WalletError::Wif(_))));
}

#[test]
fn a_genesis_output_counts_only_where_it_can_be_spent() {
    for (spendable_genesis, expected) in [(true, coins(50)), (false, Amount::ZERO)] {
        let mut world = World::new();
        world.params.consensus.spendable_genesis = spendable_genesis;
        let (mut wallet, _) = Wallet::load(&[], KeySource::new([7; 32]));
        let alice = wallet.create_address(None).expect("room");
        world.chain.clear();
        world.mine(&alice);
        wallet.connect_block(&world.chain[0], Height::GENESIS, &world.params);
        assert_eq!(wallet.balances(&world.params, Height(1)).confirmed, expected);
    }
}

#[test]
fn a_block_that_does_not_follow_the_last_one_is_left_to_the_scan() {
    let mut world = World::new();
    let alice = world.addresses[0].clone();
    let scanned = world.wallet.settings.scanned;
    let mut other = World::new();
    other.mine(&STRANGER);
    other.mine(&alice);
    world.wallet.connect_block(&other.chain[2], Height(2), &world.params);
    assert_eq!(world.wallet.settings.scanned, scanned);
    assert_eq!(world.wallet.history(&world.params, world.tip()), []);
}

#[test]
fn nothing_prints_a_key() {
    let world = World::new();
    let wif = world.wallet.dump_key(&world.addresses[0], &world.params.address).expect("its own");
    let key = PrivateKey::from_wif(&wif, &world.params.address).expect("a key");
    let printed = format!("{:?} {:#?}", world.wallet, world.wallet);
    assert!(!printed.contains(&wif));
    assert!(!printed.contains(&crate::encode::hex::encode(&key.secret_bytes())));
    assert!(!printed.contains(&format!("{:?}", key.secret_bytes())));
    assert!(!printed.contains(&format!("{:?}", [7_u8; 32])), "the seed");
}

#[test]
fn keys_are_stored_strictly_and_other_changes_are_not() {
    let mut world = World::new();
    let batch = world.wallet.take_batch(BatchId(1)).expect("dirty");
    assert_eq!((batch.database, batch.durability), (Database::Wallet, Durability::Strict));
    assert_eq!(world.wallet.take_batch(BatchId(2)), None, "one is on its way");
    world.wallet.committed(BatchId(7));
    assert!(world.wallet.has_pending());
    world.wallet.committed(BatchId(1));
    assert!(!world.wallet.has_pending());
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    let batch = world.wallet.take_batch(BatchId(2)).expect("dirty");
    assert_eq!(batch.durability, Durability::Relaxed);
}

#[test]
fn a_batch_that_failed_is_pending_again_with_later_changes() {
    let mut world = World::new();
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    let first = world.wallet.take_batch(BatchId(1)).expect("dirty");
    world.mine(&alice);
    world.wallet.failed(BatchId(1));
    let second = world.wallet.take_batch(BatchId(2)).expect("dirty");
    assert_eq!(second.durability, Durability::Strict);
    assert_eq!(second.ops.len(), first.ops.len() + 1);
}

#[test]
fn a_wallet_comes_back_from_its_records_as_it_was() {
    let mut world = World::new();
    let [alice, bob] = [world.addresses[0].clone(), world.addresses[1].clone()];
    world.wallet.set_mining_script(Some(bob.script_pubkey()));
    world.mine(&alice);
    let waiting = world.pay_and_wait(0, &bob, coins(20));
    let records = world.reload();
    let (wallet, damaged) = Wallet::load(&records, KeySource::new([1; 32]));
    assert_eq!(damaged, [String::new(); 0]);
    let (tip, params) = (world.tip(), &world.params);
    let mut expected = world.wallet.summary(params, tip);
    expected.revision = wallet.summary(params, tip).revision;
    assert_eq!(wallet.summary(params, tip), expected);
    assert_eq!(wallet.history(params, tip), world.wallet.history(params, tip));
    assert_eq!(wallet.waiting_transactions(), [waiting]);
    assert_eq!(wallet.settings, world.wallet.settings);
    assert!(!wallet.has_pending());
}

#[test]
fn a_damaged_record_is_named_and_never_believed() {
    let mut world = World::new();
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    let records = world.reload();
    for (at, record) in records.iter().enumerate() {
        let mut damaged = records.clone();
        let middle = damaged[at].value.len() / 2;
        damaged[at].value[middle] ^= 1;
        let (mut wallet, named) = Wallet::load(&damaged, KeySource::new([2; 32]));
        assert_eq!(named.len(), 1);
        assert!(named[0].starts_with(record.table.name()), "{}", named[0]);
        let keys = wallet.addresses(&world.params).len();
        assert_eq!(keys, if record.table == Table::Keys { 2 } else { 3 });
        assert_eq!(wallet.settings.scanned.is_some(), record.table == Table::Keys);
        // A new key does not take the place of the one that cannot be read.
        wallet.create_address(None).expect("room");
        let batch = wallet.take_batch(BatchId(1)).expect("dirty");
        let key = 3_u32.to_be_bytes().to_vec();
        assert!(matches!(&batch.ops[0], Op::Put { table: Table::Keys, key: found, .. } if *found == key));
    }
}

#[test]
fn wallets_of_the_same_entropy_make_the_same_keys_and_others_do_not() {
    let first = |seed| World { wallet: Wallet::load(&[], KeySource::new(seed)).0, ..World::new() };
    let address = |seed| first(seed).wallet.create_address(None).expect("room");
    assert_eq!(address([3; 32]), address([3; 32]));
    assert_ne!(address([3; 32]), address([4; 32]));
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
            let balance = world.wallet.addresses(&world.params)[from].balance;
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
        let records = world.reload();
        let (wallet, damaged) = Wallet::load(&records, KeySource::new([1; 32]));
        prop_assert_eq!(damaged, [String::new(); 0]);
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
