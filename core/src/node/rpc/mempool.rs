//! The mempool as JSON, with the fields of Bitcoin Core's `rpc/mempool.cpp`.

use super::amounts::coins;
use super::json::{Json, Object, object};
use crate::collections::BTreeSet;
use crate::mempool::{FeeRate, Mempool, MempoolEntry};
use crate::primitives::{Amount, Txid};
use crate::time::UnixTime;

/// `getmempoolinfo`.
pub(in crate::node) fn info(pool: &Mempool, now: UnixTime) -> Object {
    let policy = pool.policy();
    let relay = FeeRate::per_kvb(policy.min_relay_fee);
    let fees = pool.iter().map(MempoolEntry::fee);
    object! {
        "loaded": true,
        "size": pool.len(),
        "bytes": pool.vsize(),
        "usage": pool.usage(),
        "total_fee": coins(Amount::checked_sum(fees).unwrap_or_default()),
        "maxmempool": policy.max_mempool_bytes,
        "mempoolminfee": rate(pool.min_fee(now).max(relay)),
        "minrelaytxfee": rate(relay),
        "incrementalrelayfee": coins(policy.incremental_relay_fee),
        "unbroadcastcount": 0u32,
        "fullrbf": true,
    }
}

/// `getrawmempool`: the ids, or the entries by id.
pub(in crate::node) fn raw(pool: &Mempool, verbose: bool) -> Json {
    if verbose {
        let mut entries = Object::default();
        pool.iter().for_each(|entry| entries.put(entry.txid().to_string(), self::entry(entry)));
        return entries.into();
    }
    pool.iter_mining_order().map(|entry| entry.txid().to_string()).collect()
}

fn entry(entry: &MempoolEntry) -> Object {
    let (ancestors, descendants) = (entry.with_ancestors(), entry.with_descendants());
    let list = |ids: &BTreeSet<Txid>| ids.iter().map(ToString::to_string).collect::<Json>();
    object! {
        "vsize": entry.vsize(),
        "weight": entry.weight(),
        "time": entry.time().0,
        "height": entry.height().0,
        "descendantcount": descendants.count,
        "descendantsize": descendants.vsize,
        "ancestorcount": ancestors.count,
        "ancestorsize": ancestors.vsize,
        "wtxid": entry.wtxid().to_string(),
        "fees": object! {
            "base": coins(entry.fee()),
            "modified": coins(entry.fee()),
            "ancestor": coins(ancestors.fee),
            "descendant": coins(descendants.fee),
        },
        "depends": list(entry.parents()),
        "spentby": list(entry.children()),
        "bip125-replaceable": true,
        "unbroadcast": false,
    }
}

/// A fee rate in coins per 1,000 virtual bytes.
fn rate(rate: FeeRate) -> Json {
    coins(Amount::from_sat(rate.to_sat_per_kvb() as i64))
}
