//! What blocks, conflicts and reorganisations do to the wallet, and what it shows of them.

use super::*;

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
