//! The wallet beside a real chain: what it finds when it opens, wherever the two stopped.

use super::*;
use crate::mempool::testing::Lab;
use crate::mempool::{MempoolEntry, RemovalReason};

/// A lab whose reward goes to a wallet.
struct Scene {
    lab: Lab,
    wallet: Wallet,
    alice: Address,
}

impl Scene {
    fn new() -> Self {
        let (mut wallet, _) = Wallet::load(&[], KeySource::new([5; 32]));
        let alice = wallet.create_address(None).expect("room");
        let mut scene = Self { lab: Lab::classroom(), wallet, alice };
        scene.scan();
        scene
    }

    /// What a node does when it opens.
    fn scan(&mut self) -> Option<Height> {
        let from = self.wallet.begin_scan(&self.lab.chain)?;
        for height in from.0..=self.lab.chain.height().0 {
            let block = self.lab.block(height);
            self.wallet.connect_block(&block, Height(height), self.lab.params());
        }
        assert_eq!(self.wallet.begin_scan(&self.lab.chain), None);
        Some(from)
    }

    /// Takes a block in as a node does.
    fn receive(&mut self, block: &Arc<Block>) {
        let (change, effects) = self.lab.receive(block);
        self.wallet.follow(&effects, self.lab.params());
        for tx in &change.returned {
            self.wallet.tx_added(tx, NOW);
        }
        for removed in &change.removed {
            if !matches!(removed.reason, RemovalReason::Confirmed(_)) {
                self.wallet.tx_removed(&removed.txid);
            }
        }
    }

    fn mine(&mut self) {
        let mut miner = self.lab.clone();
        let block = miner.mine_to(&self.alice.script_pubkey());
        self.lab.extra_nonce += 1;
        self.receive(&block);
    }

    fn pay(&mut self, amount: u32) -> Result<Arc<Transaction>, WalletError> {
        let request =
            PaymentRequest { from: self.alice.clone(), to: STRANGER, amount: coins(amount), fee: None };
        let payment = self.wallet.create_payment(&request, self.lab.params(), self.lab.chain.height())?;
        let tx = Arc::new(payment.transaction);
        self.lab.accept(&tx).expect("what the wallet makes is valid");
        self.wallet.tx_added(&tx, NOW);
        Ok(tx)
    }

    /// Another branch from `depth` blocks down takes over.
    fn reorganise(&mut self, depth: u32) {
        let keep = self.lab.chain.height().0 - depth;
        let mut branch =
            Lab { extra_nonce: self.lab.extra_nonce + 1_000, now: self.lab.now, ..Lab::classroom() };
        for height in 1..=keep {
            branch.receive(&self.lab.block(height));
        }
        for _ in 0..=depth {
            let block = branch.mine();
            self.receive(&block);
        }
        assert_eq!(self.lab.chain.tip(), branch.chain.tip());
    }

    fn assert_agrees_with_the_chain(&self) {
        let (params, tip) = (self.lab.params(), self.lab.chain.height());
        let Balances { confirmed, immature, .. } = self.wallet.balances(params, tip);
        let shown = Amount::checked_sum([confirmed, immature]).expect("in range");
        assert_eq!(shown, self.lab.chain.balance_of(&self.alice.script_pubkey()));
    }
}

#[test]
fn a_wallet_that_knows_the_tip_scans_nothing() {
    let mut scene = Scene::new();
    scene.mine();
    assert_eq!(scene.scan(), None);
}

#[test]
fn a_wallet_that_stopped_behind_the_chain_scans_what_it_missed() {
    let mut scene = Scene::new();
    scene.mine();
    let stored = records_of(&mut scene.wallet);
    scene.mine();
    scene.mine();
    (scene.wallet, _) = Wallet::load(&stored, KeySource::new([6; 32]));
    assert_eq!(scene.scan(), Some(Height(2)));
    scene.assert_agrees_with_the_chain();
}

#[test]
fn a_wallet_that_stopped_ahead_of_the_chain_takes_its_confirmations_back() {
    let mut scene = Scene::new();
    scene.mine();
    scene.pay(20).expect("enough");
    let behind = scene.lab.clone();
    scene.mine();
    scene.mine();
    let stored = records_of(&mut scene.wallet);
    scene.lab = behind;
    (scene.wallet, _) = Wallet::load(&stored, KeySource::new([6; 32]));
    // The chain does not know the wallet's last block: everything is looked at again.
    assert_eq!(scene.scan(), Some(Height(0)));
    scene.assert_agrees_with_the_chain();
    assert_eq!(scene.wallet.waiting_transactions().len(), 1);
}

#[test]
fn a_wallet_that_stopped_on_another_branch_scans_from_the_fork() {
    let mut scene = Scene::new();
    for _ in 0..4 {
        scene.mine();
    }
    let stored = records_of(&mut scene.wallet);
    scene.reorganise(2);
    (scene.wallet, _) = Wallet::load(&stored, KeySource::new([6; 32]));
    assert_eq!(scene.scan(), Some(Height(3)));
    scene.assert_agrees_with_the_chain();
}

#[test]
fn a_wallet_beside_another_chain_forgets_what_that_one_confirmed() {
    let mut scene = Scene::new();
    scene.mine();
    scene.lab = Lab::regtest();
    assert_eq!(scene.scan(), Some(Height(0)));
    let balances = scene.wallet.balances(scene.lab.params(), Height(0));
    assert_eq!(balances, Balances::default());
}

/// What may happen to a wallet on a real chain.
#[derive(Clone, Debug)]
enum Event {
    Mine,
    Pay { amount: u32 },
    Reorganise { depth: u32 },
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => Just(Event::Mine),
        4 => (1..120_u32).prop_map(|amount| Event::Pay { amount }),
        1 => (1..4_u32).prop_map(|depth| Event::Reorganise { depth }),
        1 => Just(Event::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn wallet_chain_and_mempool_agree_over_reorganisations(events in prop::collection::vec(event(), 1..25)) {
        let mut scene = Scene::new();
        let mut stored = BTreeMap::new();
        for event in events {
            match event {
                Event::Mine => scene.mine(),
                Event::Pay { amount } => match scene.pay(amount) {
                    Ok(_) | Err(WalletError::NotEnoughFunds { .. }) => {}
                    Err(error) => panic!("{error}"),
                },
                Event::Reorganise { depth } if scene.lab.chain.height().0 > depth => scene.reorganise(depth),
                Event::Reorganise { .. } => {}
                Event::Restart => {
                    write(&mut scene.wallet, &mut stored);
                    (scene.wallet, _) = Wallet::load(&as_records(&stored), KeySource::new([6; 32]));
                }
            }
            scene.assert_agrees_with_the_chain();
            let waiting: BTreeSet<Txid> =
                scene.wallet.waiting_transactions().iter().map(|tx| tx.txid()).collect();
            let pool: BTreeSet<Txid> = scene.lab.pool.iter().map(MempoolEntry::txid).collect();
            prop_assert_eq!(waiting, pool);
        }
    }
}
