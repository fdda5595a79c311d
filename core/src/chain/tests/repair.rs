//! Damaged records of index and network: rebuilt from what is stored beside them, with nothing lost that is there.

use super::storage::{lived_in, spoil};
use super::*;
use crate::chain::LoadError;
use crate::consensus::Preset;
use crate::store::{Op, Table};

/// The keys of a table's records.
fn keys(lab: &Lab, table: Table) -> Vec<Vec<u8>> {
    let puts = lab.batches.iter().flat_map(|batch| &batch.ops).filter_map(|op| match op {
        Op::Put { table: of, key, .. } if *of == table => Some(key.clone()),
        _ => None,
    });
    let keys: std::collections::BTreeSet<Vec<u8>> = puts.collect();
    keys.into_iter().collect()
}

/// A chain whose headers take several records of the index.
fn long_chain() -> Lab {
    let mut lab = Lab::new();
    for _ in 0..4 {
        lab.branch(lab.chain.tip(), 60);
        lab.settle();
        lab.commit();
    }
    lab
}

/// Reopens a lab that is damaged: it stands where it stood, and writes the store whole.
fn assert_rebuilt(lab: Lab, reported: &str) -> Lab {
    let (tip, coins, best) = (lab.chain.tip(), coins_of(&lab.chain), lab.chain.best_header().hash);
    let (mut lab, repairs) = lab.reopen();
    assert!(repairs.iter().any(|line| line.contains(reported)), "{repairs:?}");
    assert_eq!((lab.chain.tip(), lab.chain.best_header().hash), (tip, best));
    assert_eq!(coins_of(&lab.chain), coins);
    lab.assert_consistent();
    lab.commit();
    let (mut lab, repairs) = lab.reopen();
    assert_eq!((lab.chain.tip(), repairs), (tip, Vec::<String>::new()), "the store is whole again");
    for height in 0..=lab.height() {
        let hash = lab.chain.active_hash(Height(height)).expect("on the chain");
        assert_eq!(lab.body(&hash).map(|block| block.block_hash()), Some(hash));
    }
    lab.mine(vec![]);
    lab
}

#[test]
fn damaged_index_records_are_rebuilt_from_the_stored_blocks() {
    let all = keys(&long_chain(), Table::Index);
    assert!(all.len() > 2);
    for key in &all {
        let lab = long_chain();
        spoil(&lab.store, Table::Index, Some(key), &lab.batches);
        assert_rebuilt(lab, "index fails its checksum");
    }
    let lab = lived_in();
    spoil(&lab.store, Table::Index, None, &lab.batches.clone());
    assert_rebuilt(lab, "index fails its checksum");
}

#[test]
fn the_index_is_rebuilt_though_the_tip_is_damaged_too() {
    let lab = long_chain();
    spoil(&lab.store, Table::Index, None, &lab.batches);
    spoil(&lab.store, Table::ChainMeta, Some(b"tip"), &lab.batches);
    assert_rebuilt(lab, "chain_meta fails its checksum");
}

#[test]
fn an_index_record_that_is_gone_is_rebuilt_from_the_stored_blocks() {
    let lab = long_chain();
    let last = keys(&lab, Table::Index).pop().expect("there are records");
    let ops = vec![Op::Delete { table: Table::Index, key: last }];
    let durability = crate::store::Durability::Relaxed;
    let batch = StoreBatch { id: BatchId(99), database: Database::Chain, durability, ops };
    lab.store.apply(&batch).expect("applies");
    assert_rebuilt(lab, "the index has holes");
}

#[test]
fn headers_without_bodies_above_a_damaged_index_record_stay() {
    let mut lab = Lab::new();
    lab.branch(lab.chain.tip(), 100);
    lab.settle();
    lab.commit();
    let mut peer = Lab::on(lab.chain.clone(), MemoryStore::new());
    for block in peer.branch(lab.chain.tip(), 60) {
        lab.chain.accept_header(&block.header, NOW).expect("a header");
    }
    lab.commit();
    spoil(&lab.store, Table::Index, Some(&0_u32.to_be_bytes()), &lab.batches);
    let lab = assert_rebuilt(lab, "index fails its checksum");
    assert_eq!(lab.chain.index.len(), 1 + 160 + 1);
}

#[test]
fn nothing_is_written_while_the_index_is_rebuilt() {
    let lab = long_chain();
    spoil(&lab.store, Table::Index, Some(&1_u32.to_be_bytes()), &lab.batches);
    let before = lab.store.records(Database::Chain);
    let mut chain = Chainstate::load(lab.store.records(Database::Chain)).expect("it opens").chain;
    assert!(chain.needs_activation());
    assert_eq!(chain.take_batch(BatchId(1)), None);
    let step = chain.activate(&lab.verified).expect("it begins");
    assert!(matches!(step, ActivateStep::NeedRecords(_)), "{step:?}");
    assert_eq!(chain.take_batch(BatchId(1)), None);
    // It dies there, and the next life does it all.
    assert_eq!(lab.store.records(Database::Chain), before);
    assert_rebuilt(lab, "index fails its checksum");
}

#[test]
fn a_lost_body_of_the_genesis_block_is_put_back_and_costs_nothing_else() {
    let lab = long_chain();
    let (tip, genesis) = (lab.chain.tip(), lab.chain.genesis_hash());
    spoil(&lab.store, Table::Bodies, None, &lab.batches[..1]);
    let (mut lab, _) = lab.reopen();
    assert_eq!(lab.body(&genesis).map(|block| block.block_hash()), Some(genesis));
    let lost: Vec<BlockHash> = lab.missing_bodies();
    assert!(!lost.contains(&genesis));
    let effects = lab.settle();
    assert!(lab.chain.tip() != tip || effects.rescan || lost.is_empty());
    lab.mine(vec![]);
    lab.commit();
    let (mut lab, _) = lab.reopen();
    assert_eq!(lab.body(&genesis).map(|block| block.block_hash()), Some(genesis), "it is stored again");
}

#[test]
fn a_damaged_record_of_the_network_is_rebuilt_from_its_copy() {
    for key in [&b"network"[..], b"network-copy"] {
        let lab = lived_in();
        spoil(&lab.store, Table::ChainMeta, Some(key), &lab.batches);
        let tip = lab.chain.tip();
        let (mut lab, _) = lab.reopen();
        assert_eq!(lab.chain.tip(), tip);
        lab.commit();
        spoil(&lab.store, Table::ChainMeta, Some(b"network"), &lab.batches.clone());
        let (lab, _) = lab.reopen();
        assert_eq!(lab.chain.tip(), tip, "{key:?} was written again");
    }
}

#[test]
fn a_built_in_network_without_its_records_is_known_by_its_genesis_block() {
    for preset in [Preset::Classroom, Preset::Regtest] {
        let mut lab = Lab::on(Chainstate::create(preset.into()), MemoryStore::new());
        lab.mine(vec![]);
        lab.commit();
        for key in [&b"network"[..], b"network-copy"] {
            spoil(&lab.store, Table::ChainMeta, Some(key), &lab.batches);
        }
        let tip = lab.chain.tip();
        let (mut lab, repairs) = lab.reopen();
        assert!(repairs[0].contains("it is rebuilt from the genesis block"), "{repairs:?}");
        assert_eq!((lab.chain.network(), lab.chain.tip()), (&preset.into(), tip));
        lab.commit();
        assert_eq!(lab.reopen().1, Vec::<String>::new());
    }
}

#[test]
fn without_both_its_records_a_network_of_ones_own_does_not_open() {
    let lab = lived_in();
    for key in [&b"network"[..], b"network-copy"] {
        spoil(&lab.store, Table::ChainMeta, Some(key), &lab.batches);
    }
    let error = Chainstate::load(lab.store.records(Database::Chain)).expect_err("damaged");
    assert!(matches!(error, LoadError::Network(_)), "{error}");
}
