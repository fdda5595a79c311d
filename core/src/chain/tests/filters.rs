//! The index of compact filters: with every block, over every change.

use super::storage::lived_in;
use super::*;
use crate::chain::StoredFilter;
use crate::chain::persist::StoredEntry;
use crate::collections::BTreeMap;
use crate::encode::{Encode as _, Reader};
use crate::primitives::FilterHeader;
use crate::spv::BlockFilter;
use crate::store::{Op, Table, record};

fn filter_of(lab: &mut Lab, hash: &BlockHash) -> Option<BlockFilter> {
    if let StoredFilter::Stored(key) = lab.chain.filter(hash) {
        lab.supply(&key);
    }
    match lab.chain.filter(hash) {
        StoredFilter::Memory(filter) => Some(filter),
        StoredFilter::Stored(_) | StoredFilter::Absent => None,
    }
}

/// Every block of the active chain has the filter that its bodies say it must have, and the headers lead up to the tip.
fn assert_indexed(lab: &mut Lab) {
    let mut scripts: BTreeMap<OutPoint, Script> = BTreeMap::new();
    let mut header = FilterHeader::ZERO;
    for height in 0..=lab.height() {
        let hash = lab.chain.active_hash(Height(height)).expect("on the chain");
        let block = lab.body(&hash).expect("it is here");
        let mut spent = Vec::new();
        for tx in &block.transactions {
            let inputs = tx.inputs.iter().filter(|_| !tx.is_coinbase());
            spent.extend(inputs.map(|input| scripts[&input.previous_output].clone()));
            for (vout, output) in tx.outputs.iter().enumerate() {
                scripts.insert(OutPoint::new(tx.txid(), vout as u32), output.script_pubkey.clone());
            }
        }
        let expected = BlockFilter::new(&block, spent.iter());
        header = FilterHeader::of(&expected.hash(), &header);
        assert_eq!(lab.chain.filter_header(&hash), Some((expected.hash(), header)), "height {height}");
        assert_eq!(filter_of(lab, &hash), Some(expected), "height {height}");
    }
}

#[test]
fn every_block_has_its_filter_through_reorganisations_and_reopening() {
    let mut lab = lived_in();
    assert_indexed(&mut lab);
    let (mut lab, repairs) = lab.reopen();
    assert_eq!(repairs, [] as [String; 0]);
    assert_indexed(&mut lab);
    lab.mine(vec![]);
    assert_indexed(&mut lab);
    lab.chain.reindex();
    lab.settle();
    assert_indexed(&mut lab);
}

#[test]
fn a_store_from_before_filters_is_given_them() {
    let lab = lived_in();
    let mut ops = Vec::new();
    for stored in lab.store.records(Database::Chain).into_iter().filter(|stored| stored.table == Table::Index)
    {
        let payload = record::open(stored.table, &stored.key, &stored.value).expect("whole").to_vec();
        let (mut reader, mut older) = (Reader::new(&payload), Vec::new());
        while !reader.is_empty() {
            let entry: StoredEntry = reader.read().expect("an entry");
            StoredEntry { filter: None, ..entry }.encode(&mut older);
        }
        let value = record::seal(stored.table, &stored.key, &older);
        ops.push(Op::Put { table: stored.table, key: stored.key, value });
    }
    let durability = crate::store::Durability::Relaxed;
    let batch = StoreBatch { id: BatchId(77), database: Database::Chain, durability, ops };
    lab.store.apply(&batch).expect("applies");
    let tip = lab.chain.tip();
    let (mut lab, repairs) = lab.reopen();
    assert!(repairs.iter().any(|line| line.starts_with("block filters are missing")), "{repairs:?}");
    assert_eq!(lab.chain.tip(), tip);
    assert_indexed(&mut lab);
}

#[test]
fn a_chain_of_headers_has_no_filters() {
    let mut lab = lived_in();
    let tip = lab.chain.tip();
    lab.chain.keep_headers();
    assert_eq!((lab.chain.filter_header(&tip), lab.height()), (None, 0));
    assert!(matches!(lab.chain.filter(&tip), StoredFilter::Absent));
    lab.commit();
    let (lab, repairs) = lab.reopen();
    assert_eq!(repairs, [] as [String; 0]);
    assert_eq!((lab.chain.keeps(), lab.chain.best_header().hash), (crate::chain::Keeps::Headers, tip));
}
