//! What the store holds, and what becomes of it when writes fail, nodes die and records rot.

use super::*;
use crate::chain::LoadError;
use crate::chain::file::{self, ChainFileError, ChainImport};
use crate::interface::ChainFile;
use crate::store::{Op, StoreError, Table};

const COIN: i64 = crate::primitives::COIN;

/// The chain that a file holds.
fn import(file: &ChainFile, now: UnixTime) -> Result<Chainstate, ChainFileError> {
    let mut import = ChainImport::open(file, now)?;
    while import.step()?.is_some() {}
    Ok(import.into_chain())
}

/// A lab with payments, a reorganisation and an invalid block behind it, committed after every few blocks.
pub(super) fn lived_in() -> Lab {
    let mut lab = Lab::new();
    let mut coins = Vec::new();
    for n in 0..12 {
        let payments = coins.pop().map(|coin| spend(&[coin], &[20 * COIN, 30 * COIN]));
        let block = lab.mine(payments.into_iter().collect());
        coins.push(reward(&block));
        if n % 3 == 2 {
            lab.commit();
        }
    }
    let fork = lab.chain.active_hash(Height(8)).expect("on the chain");
    lab.branch(fork, 2);
    lab.commit();
    let tip = lab.branch(fork, 6)[5].block_hash();
    lab.commit();
    lab.settle();
    lab.commit();
    assert_eq!(lab.chain.tip(), tip);
    let bad = lab.block_on(tip, vec![spend(&[OutPoint::NULL], &[1])]);
    assert!(lab.add(&bad).is_err());
    lab.mine(vec![]);
    lab.commit();
    lab
}

fn store_with(batches: &[StoreBatch]) -> MemoryStore {
    let store = MemoryStore::new();
    for batch in batches {
        store.apply(batch).expect("the store takes it");
    }
    store
}

/// Spoils a record of `table`: the one whose key is `key`, or all.
pub(super) fn spoil(store: &MemoryStore, table: Table, key: Option<&[u8]>, batches: &[StoreBatch]) {
    let puts = batches.iter().flat_map(|batch| &batch.ops).filter_map(|op| match op {
        Op::Put { table: of, key: at, value } if *of == table && key.is_none_or(|key| key == at) => {
            let mut value = value.clone();
            let middle = value.len() / 2;
            value[middle] ^= 1;
            Some(Op::Put { table, key: at.clone(), value })
        }
        _ => None,
    });
    let ops: Vec<Op> = puts.collect();
    assert!(!ops.is_empty(), "there is something to spoil in {}", table.name());
    let id = BatchId(99);
    let durability = crate::store::Durability::Relaxed;
    store.apply(&StoreBatch { id, database: Database::Chain, durability, ops }).expect("applies");
}

#[test]
fn a_chain_reopens_as_it_was() {
    let lab = lived_in();
    let (tip, coins, supply) = (lab.chain.tip(), coins_of(&lab.chain), *lab.chain.supply());
    let best = lab.chain.best_header().hash;
    let (mut lab, repairs) = lab.reopen();
    assert_eq!(repairs, Vec::<String>::new());
    assert_eq!((lab.chain.tip(), lab.chain.best_header().hash), (tip, best));
    assert_eq!((coins_of(&lab.chain), *lab.chain.supply()), (coins, supply));
    lab.assert_consistent();
    assert!(lab.chain.take_batch(BatchId(1_000)).is_none(), "nothing is to be written after opening");
    for height in 0..=lab.height() {
        let hash = lab.chain.active_hash(Height(height)).expect("on the chain");
        assert_eq!(lab.body(&hash).map(|block| block.block_hash()), Some(hash));
    }
    lab.mine(vec![]);
}

#[test]
fn every_prefix_of_batches_opens_at_a_consistent_tip() {
    let lab = lived_in();
    let (tip, batches) = (lab.chain.tip(), lab.batches.clone());
    assert!(batches.len() > 5);
    for count in 1..=batches.len() {
        let opened = Lab::on(lab.chain.clone(), store_with(&batches[..count]));
        let (mut opened, repairs) = opened.reopen();
        assert_eq!(repairs, Vec::<String>::new(), "after {count} batches");
        opened.assert_consistent();
        // What was lost comes again, and the end is the same.
        for height in 1..=lab.height() {
            let hash = lab.chain.active_hash(Height(height)).expect("on the chain");
            let Body::Memory(block) = lab.chain.body(&hash) else { panic!("a short chain is in memory") };
            opened.add(&block).expect("valid");
        }
        assert_eq!(opened.chain.tip(), tip, "after {count} batches");
        assert_eq!(coins_of(&opened.chain), coins_of(&lab.chain), "after {count} batches");
        opened.assert_consistent();
    }
}

#[test]
fn an_empty_store_holds_no_chain() {
    let error = Chainstate::load(vec![]).expect_err("nothing there");
    assert_eq!(error, LoadError::Empty);
}

#[test]
fn a_failed_batch_is_written_with_the_next_one() {
    let mut lab = lived_in();
    let coin = reward(&lab.mine(vec![]));
    lab.store.fail_after(0);
    let id = BatchId(500);
    let batch = lab.chain.take_batch(id).expect("a block is pending");
    assert!(matches!(lab.store.apply(&batch), Err(StoreError::Full(_))));
    // While it is in flight the coin that it would have written is spent, and no other batch is made.
    lab.mine(vec![spend(&[coin], &[50 * COIN])]);
    assert!(lab.chain.take_batch(BatchId(501)).is_none());
    lab.chain.failed(BatchId(499));
    assert!(lab.chain.take_batch(BatchId(501)).is_none(), "another batch's failure is not this one's");
    lab.chain.failed(id);
    assert!(lab.chain.pending_bytes() > 0);
    lab.store.recover();
    lab.commit();
    assert_eq!(lab.chain.pending_bytes(), 0);
    let (tip, coins) = (lab.chain.tip(), coins_of(&lab.chain));
    let (lab, repairs) = lab.reopen();
    assert_eq!(repairs, Vec::<String>::new());
    assert_eq!((lab.chain.tip(), coins_of(&lab.chain)), (tip, coins));
}

#[test]
fn a_first_batch_that_fails_still_replaces_what_was_there() {
    let old = lived_in();
    let mut lab = Lab::on(Chainstate::create(network(easy_rules())), old.store);
    let id = BatchId(700);
    assert!(lab.chain.take_batch(id).is_some());
    lab.chain.failed(id);
    lab.commit();
    let (lab, repairs) = lab.reopen();
    assert_eq!((lab.height(), repairs), (0, vec![]));
}

#[test]
fn damaged_coins_are_built_anew_from_the_blocks() {
    let lab = lived_in();
    let (tip, coins) = (lab.chain.tip(), coins_of(&lab.chain));
    spoil(&lab.store, Table::Coins, None, &lab.batches[1..]);
    let (mut lab, repairs) = lab.reopen();
    assert!(repairs[0].contains("coins fails its checksum"), "{repairs:?}");
    assert_eq!((lab.chain.tip(), coins_of(&lab.chain)), (tip, coins.clone()));
    lab.assert_consistent();
    lab.commit();
    let (lab, repairs) = lab.reopen();
    assert_eq!(repairs, Vec::<String>::new(), "the next batch wrote them whole");
    assert_eq!(coins_of(&lab.chain), coins);
}

#[test]
fn a_damaged_tip_is_found_again_from_the_blocks() {
    let lab = lived_in();
    let (tip, coins) = (lab.chain.tip(), coins_of(&lab.chain));
    spoil(&lab.store, Table::ChainMeta, Some(b"tip"), &lab.batches);
    let (mut lab, repairs) = lab.reopen();
    assert!(repairs[0].contains("chain_meta fails its checksum"), "{repairs:?}");
    assert_eq!((lab.chain.tip(), coins_of(&lab.chain)), (tip, coins));
    lab.commit();
    let (mut lab, repairs) = lab.reopen();
    assert_eq!((lab.chain.tip(), repairs), (tip, vec![]));
    let genesis = lab.chain.genesis_hash();
    assert!(lab.body(&genesis).is_some(), "bodies are still there");
}

#[test]
fn a_damaged_body_is_downloaded_again() {
    let lab = lived_in();
    let height = lab.height();
    let blocks: Vec<Arc<Block>> = (1..=height)
        .map(|height| match lab.chain.body(&lab.chain.active_hash(Height(height)).expect("active")) {
            Body::Memory(block) => block,
            other => panic!("a short chain is in memory: {other:?}"),
        })
        .collect();
    spoil(&lab.store, Table::Bodies, None, &lab.batches[1..2]);
    let (mut lab, _) = lab.reopen();
    assert_eq!(lab.height(), height, "nobody has looked at the body yet");
    let found = blocks.iter().position(|block| lab.body(&block.block_hash()).is_none());
    let lost = found.expect("one of them is damaged");
    assert!(lab.chain.needs_activation(), "the coins are to be built anew");
    let effects = lab.settle();
    assert!(effects.rescan, "the tip fell back");
    assert!(effects.repairs[0].contains("bodies fails its checksum"), "{:?}", effects.repairs);
    assert_eq!(lab.height() as usize, lost);
    lab.assert_consistent();
    for hash in lab.missing_bodies() {
        let block = blocks.iter().find(|block| block.block_hash() == hash).expect("of this chain");
        lab.add(block).expect("valid");
    }
    assert_eq!(lab.height(), height);
    lab.assert_consistent();
}

#[test]
fn damaged_undo_data_is_made_anew_when_it_is_needed() {
    let lab = lived_in();
    let batches = lab.batches.clone();
    spoil(&lab.store, Table::Undo, None, &batches);
    let (mut lab, repairs) = lab.reopen();
    assert_eq!(repairs, Vec::<String>::new(), "nobody has looked at it yet");
    let fork = lab.chain.active_hash(Height(8)).expect("on the chain");
    let count = lab.height() as usize - 8 + 1;
    let branch = lab.branch(fork, count);
    let effects = lab.settle();
    assert!(effects.repairs[0].contains("undo fails its checksum"), "{:?}", effects.repairs);
    assert_eq!(lab.chain.tip(), branch[count - 1].block_hash());
    lab.assert_consistent();
}

#[test]
fn reindexing_gives_the_same_coins() {
    let mut lab = lived_in();
    let (tip, coins, transactions) = (lab.chain.tip(), coins_of(&lab.chain), lab.chain.utxo_transactions());
    lab.chain.reindex();
    assert_eq!(lab.height(), 0);
    let effects = lab.settle();
    assert!(effects.connected.is_empty() && effects.disconnected.is_empty() && !effects.rescan);
    assert_eq!((lab.chain.tip(), coins_of(&lab.chain)), (tip, coins));
    assert_eq!(lab.chain.utxo_transactions(), transactions);
}

#[test]
fn a_chain_file_carries_the_chain() {
    let mut lab = lived_in();
    let hashes: Vec<BlockHash> =
        (1..=lab.height()).filter_map(|height| lab.chain.active_hash(Height(height))).collect();
    let blocks: Vec<Arc<Block>> = hashes.iter().map(|hash| lab.body(hash).expect("here")).collect();
    let exported = file::export(lab.chain.network(), blocks.iter().map(Arc::as_ref));
    let imported = import(&exported, NOW).expect("our own file");
    assert_eq!(imported.tip(), lab.chain.tip());
    assert_eq!(coins_of(&imported), coins_of(&lab.chain));
    for position in (0..exported.0.len()).step_by(97) {
        let mut damaged = exported.clone();
        damaged.0[position] ^= 0x10;
        assert!(import(&damaged, NOW).is_err(), "byte {position}");
    }
    for length in [0, 7, 8, 20, exported.0.len() - 1] {
        let cut = ChainFile(exported.0[..length].to_vec());
        assert!(import(&cut, NOW).is_err(), "length {length}");
    }
}

#[test]
fn many_small_changes_are_kept_in_few_records() {
    let mut lab = Lab::new();
    lab.commit();
    lab.branch(lab.chain.tip(), 500);
    lab.settle();
    lab.commit();
    let puts = |table| {
        let ops = lab.batches[1].ops.iter();
        ops.filter(|op| matches!(op, Op::Put { table: of, .. } if *of == table)).count()
    };
    let counts = [Table::Coins, Table::Bodies, Table::Undo, Table::Index].map(puts);
    assert_eq!(counts, [1, 1, 1, 8]);
}

#[test]
fn a_coin_that_came_and_went_between_two_batches_is_never_written() {
    let mut lab = Lab::new();
    lab.commit();
    let coin = reward(&lab.mine(vec![]));
    let outpoint = |tx: &Transaction| OutPoint::new(tx.txid(), 0);
    let tx = spend(&[coin], &[50 * COIN]);
    let last = spend(&[outpoint(&tx)], &[50 * COIN]);
    lab.mine(vec![tx]);
    let kept = reward(&lab.mine(vec![last.clone()]));
    lab.commit();
    let changed: Vec<OutPoint> = lab.chain.coins().iter().map(|(outpoint, _)| *outpoint).collect();
    assert!(changed.contains(&outpoint(&last)) && changed.contains(&kept) && !changed.contains(&coin));
    let Some(Op::Put { value, .. }) = lab.batches[1].ops.iter().find(|op| op.table() == Table::Coins) else {
        panic!("coins changed");
    };
    let holds = |outpoint: &OutPoint| value.windows(32).any(|window| window == outpoint.txid.as_bytes());
    assert!(holds(&kept) && !holds(&coin));
}

#[test]
fn the_log_of_coins_is_written_whole_once_it_is_long() {
    let mut lab = Lab::new();
    for _ in 0..300 {
        lab.mine(vec![]);
        lab.commit();
    }
    let stored = lab.store.records(Database::Chain);
    let segments = stored.iter().filter(|record| record.table == Table::Coins).count();
    assert!(segments < 100, "{segments} segments");
    let coins = coins_of(&lab.chain);
    let (lab, repairs) = lab.reopen();
    assert_eq!((coins_of(&lab.chain), repairs), (coins, vec![]));
}
