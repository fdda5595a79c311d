//! Keys, labels and records.

use super::*;

#[test]
fn labels_are_unique_in_the_wallet() {
    let mut wallet = World::new().wallet;
    let label = |text| Some(Label::parse(text).expect("a label"));
    wallet.create_address(label("WALLET_1")).expect("free");
    assert_eq!(wallet.create_address(label("wallet1")), Err(WalletError::LabelTaken("wallet1".into())));
    wallet.create_address(label("wallet2")).expect("free");
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
    assert!(world.wallet.in_flight.is_some(), "another batch is not this one");
    world.wallet.committed(BatchId(1));
    assert!(world.wallet.in_flight.is_none() && !world.wallet.is_dirty());
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    let batch = world.wallet.take_batch(BatchId(2)).expect("dirty");
    assert_eq!(batch.durability, Durability::Relaxed);
}

#[test]
fn a_batch_that_failed_is_pending_again_with_later_changes() {
    let mut world = World::new();
    records_of(&mut world.wallet);
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    let first = world.wallet.take_batch(BatchId(2)).expect("dirty");
    world.mine(&alice);
    world.wallet.failed(BatchId(2));
    let second = world.wallet.take_batch(BatchId(3)).expect("dirty");
    assert_eq!(second.ops.len(), first.ops.len() + 1);
}

#[test]
fn a_key_is_offered_once_it_is_stored_and_withdrawn_where_it_cannot_be() {
    let mut world = World::new();
    records_of(&mut world.wallet);
    let label = Label::parse("alice").ok();
    let offered = |world: &World| world.wallet.addresses(&world.params).len();
    let refused = world.wallet.create_address(label.clone()).expect("room");
    assert_eq!(offered(&world), 3, "it is not stored yet");
    world.wallet.set_mining_script(Some(refused.script_pubkey()));
    assert!(world.wallet.take_batch(BatchId(2)).is_some());
    let behind = world.wallet.create_address(None).expect("room");
    world.mine(&behind);
    world.wallet.failed(BatchId(2));
    for address in [&refused, &behind] {
        assert!(!world.wallet.is_mine(&address.script_pubkey()));
    }
    assert_eq!(world.wallet.mining_script(), None, "nothing is mined to it");
    assert!(world.wallet.history(&world.params, world.tip()).is_empty());
    let again = world.wallet.create_address(label).expect("the label is free again");
    assert_ne!(again, refused);
    records_of(&mut world.wallet);
    assert_eq!(offered(&world), 4);
}

#[test]
fn a_wallet_comes_back_from_its_records_as_it_was() {
    let mut world = World::new();
    let [alice, bob] = [world.addresses[0].clone(), world.addresses[1].clone()];
    world.wallet.set_mining_script(Some(bob.script_pubkey()));
    world.mine(&alice);
    let waiting = world.pay_and_wait(0, &bob, coins(20));
    let records = records_of(&mut world.wallet);
    let (wallet, damaged) = Wallet::load(&records, KeySource::new([1; 32]));
    assert!(damaged.is_empty(), "{damaged:?}");
    let (tip, params) = (world.tip(), &world.params);
    let mut expected = world.wallet.summary(params, tip);
    expected.revision = wallet.summary(params, tip).revision;
    assert_eq!(wallet.summary(params, tip), expected);
    assert_eq!(wallet.history(params, tip), world.wallet.history(params, tip));
    assert_eq!(wallet.waiting_transactions(), [waiting]);
    assert_eq!(wallet.settings, world.wallet.settings);
    assert!(!wallet.is_dirty());
}

#[test]
fn a_damaged_record_is_named_and_never_believed() {
    let mut world = World::new();
    let alice = world.addresses[0].clone();
    world.mine(&alice);
    let records = records_of(&mut world.wallet);
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

#[test]
fn a_wallet_that_is_seeded_again_makes_no_key_twice() {
    let mut world = World::new();
    let records = records_of(&mut world.wallet);
    let (mut wallet, _) = Wallet::load(&records, KeySource::new([7; 32]));
    let new = wallet.create_address(None).expect("room");
    assert!(!world.addresses.contains(&new));
    records_of(&mut wallet);
    assert_eq!(wallet.addresses(&world.params).len(), 4);
}
