//! Payments: what is spent, what returns, what is refused.

use super::*;

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
fn the_payer_is_the_address_that_can_pay_most_now_and_all_that_it_can_is_paid() {
    let mut world = World::on(Preset::Regtest);
    let [alice, bob] = [world.addresses[0].clone(), world.addresses[1].clone()];
    let payer = |world: &World| world.wallet.summary(&world.params, world.tip()).payer;
    let is = |address: &Address, world: &World, spendable: Amount| Payer {
        address: address.to_text(&world.params.address),
        spendable,
    };
    // Bob's rewards do not mature in this test.
    world.mine(&alice);
    (0..99).for_each(|_| world.mine(&STRANGER));
    (0..2).for_each(|_| world.mine(&bob));
    assert_eq!(payer(&world), Some(is(&alice, &world, coins(50))));

    let waiting = world.pay(0, &STRANGER, coins(20), coins(1)).expect("enough").transaction;
    world.wait(Arc::new(waiting));
    let left = payer(&world).expect("change");
    assert_eq!(left, is(&alice, &world, coins(29)));
    let all = world.pay(0, &STRANGER, coins(28), coins(1)).expect("that much").transaction;
    world.wait(Arc::new(all));
    assert_eq!(payer(&world), None);
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
fn a_payment_of_too_many_coins_is_refused_before_it_is_signed() {
    let mut world = World::new();
    let alice = world.addresses[0].clone();
    for _ in 0..700 {
        let gift = world.gift(&alice, Amount::from_sat(1));
        world.wait(gift);
    }
    world.mine(&STRANGER);
    let error = WalletError::TooLarge { inputs: 700 };
    assert_eq!(world.pay(0, &STRANGER, Amount::from_sat(700), Amount::ZERO), Err(error));
    assert!(world.pay(0, &STRANGER, Amount::from_sat(300), Amount::ZERO).is_ok());
}
