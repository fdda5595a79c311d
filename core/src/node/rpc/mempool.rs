//! The mempool as JSON, with the fields of Bitcoin Core's `rpc/mempool.cpp`.

use super::amounts::coins;
use super::json::{Json, Object, object};
use crate::collections::BTreeSet;
use crate::mempool::{AcceptedTx, FeeRate, Mempool, MempoolEntry, MempoolError};
use crate::primitives::{Amount, Transaction, Txid};
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

/// `getmempoolentry`.
pub(in crate::node) fn entry(entry: &MempoolEntry) -> Object {
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

/// `getmempoolancestors` and `getmempooldescendants`: the ids, or the entries by id.
pub(in crate::node) fn some(pool: &Mempool, ids: &BTreeSet<Txid>, verbose: bool) -> Json {
    if !verbose {
        return ids.iter().map(ToString::to_string).collect();
    }
    let mut entries = Object::default();
    for found in ids.iter().filter_map(|txid| pool.get(txid)) {
        entries.put(found.txid().to_string(), entry(found));
    }
    entries.into()
}

/// One transaction of `testmempoolaccept`.
pub(in crate::node) fn tested(
    transaction: &Transaction,
    tested: Result<&AcceptedTx, &MempoolError>,
) -> Object {
    let mut fields = object! {
        "txid": transaction.txid().to_string(),
        "wtxid": transaction.wtxid().to_string(),
        "allowed": tested.is_ok(),
    };
    match tested {
        Ok(accepted) => {
            fields.put("vsize", accepted.vsize);
            fields.put("fees", object! { "base": coins(accepted.fee) });
        }
        Err(error) => {
            // Core's word where coins are not found; the others are the codes of blocks, too.
            let reason = match error {
                MempoolError::MissingInputs { .. } => "missing-inputs",
                other => other.reject_reason(),
            };
            fields.put("reject-reason", reason);
            fields.put("reject-details", error.to_string());
        }
    }
    fields
}

/// A fee rate in coins per 1,000 virtual bytes.
fn rate(rate: FeeRate) -> Json {
    coins(Amount::from_sat(rate.to_sat_per_kvb() as i64))
}
