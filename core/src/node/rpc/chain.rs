//! The chain as JSON, with the fields of Bitcoin Core's `rpc/blockchain.cpp`.

use super::amounts::{coins, difficulty, hashes, target};
use super::json::{Json, Object, object};
use super::transaction::script_pubkey;
use crate::chain::{ChainTip, Chainstate, Coin, Keeps, TipStatus};
use crate::crypto::{AddressParams, sha256};
use crate::encode::Encode;
use crate::primitives::{Amount, BlockHash, CompactTarget, Height};
use sha2::{Digest as _, Sha256};

/// Blocks over which the network's hash rate is reckoned (Core's default of `getnetworkhashps`).
const HASH_RATE_WINDOW: u32 = 120;
/// What a coin counts for beside its script (Core's `GetBogoSize`).
const BOGOSIZE: usize = 50;

/// `getblockchaininfo`.
pub(in crate::node) fn info(chain: &Chainstate, warnings: Json) -> Object {
    let (height, headers) = (chain.height(), chain.best_header().height);
    let tip = chain.tip_entry();
    object! {
        "chain": chain.params().name,
        "blocks": height.0,
        "headers": headers.0,
        "bestblockhash": tip.hash.to_string(),
        "bits": tip.header.bits.to_string(),
        "target": target(tip.header.bits),
        "difficulty": difficulty(tip.header.bits),
        "time": tip.header.time,
        "mediantime": tip.median_time_past,
        "verificationprogress": f64::from(height.0 + 1) / f64::from(headers.0.max(height.0) + 1),
        "initialblockdownload": headers > height,
        "chainwork": tip.chainwork.to_string(),
        // As in a pruned node, old blocks are not here.
        "pruned": chain.keeps() == Keeps::Headers,
        "warnings": warnings,
    }
}

/// `gettxout`, for an output that is there.
pub(in crate::node) fn tx_out(chain: &Chainstate, coin: &Coin, params: &AddressParams) -> Object {
    object! {
        "bestblock": chain.tip().to_string(),
        "confirmations": (chain.height().0 + 1).saturating_sub(coin.height.0),
        "value": coins(coin.output.value),
        "scriptPubKey": script_pubkey(&coin.output.script_pubkey, params),
        "coinbase": coin.coinbase,
    }
}

/// `getmininginfo`, with `pooled` transactions waiting.
pub(in crate::node) fn mining_info(
    chain: &Chainstate,
    pooled: usize,
    next_bits: CompactTarget,
    warnings: Json,
) -> Object {
    let tip = chain.tip_entry();
    object! {
        "blocks": tip.height.0,
        "bits": tip.header.bits.to_string(),
        "difficulty": difficulty(tip.header.bits),
        "target": target(tip.header.bits),
        "networkhashps": hashes_per_second(chain, None),
        "pooledtx": pooled,
        "blockmintxfee": coins(chain.params().policy.min_relay_fee),
        "chain": chain.params().name,
        "next": object! {
            "height": tip.height.next().0,
            "bits": next_bits.to_string(),
            "difficulty": difficulty(next_bits),
            "target": target(next_bits),
        },
        "warnings": warnings,
    }
}

/// `getdifficulty`.
pub(in crate::node) fn difficulty_of_tip(chain: &Chainstate) -> f64 {
    difficulty(chain.tip_entry().header.bits)
}

/// `getchaintips`.
pub(in crate::node) fn tips(chain: &Chainstate) -> Json {
    let shown = |tip: ChainTip| {
        let status = match tip.status {
            TipStatus::Active => "active",
            TipStatus::ValidFork => "valid-fork",
            TipStatus::ValidHeaders => "valid-headers",
            TipStatus::HeadersOnly => "headers-only",
            TipStatus::Invalid => "invalid",
        };
        object! {
            "height": tip.height.0,
            "hash": tip.hash.to_string(),
            "branchlen": tip.branch_len,
            "status": status,
        }
    };
    chain.tips().into_iter().map(shown).collect()
}

/// `gettxoutsetinfo`: all coins in the order of their outpoints, hashed as Core does.
pub(in crate::node) fn coins_info(chain: &Chainstate) -> Object {
    let (mut hasher, mut bytes, mut bogosize) = (Sha256::new(), Vec::new(), 0);
    for (outpoint, coin) in chain.coins().iter() {
        bytes.clear();
        outpoint.encode(&mut bytes);
        (coin.height.0 << 1 | u32::from(coin.coinbase)).encode(&mut bytes);
        coin.output.encode(&mut bytes);
        hasher.update(&bytes);
        bogosize += BOGOSIZE + coin.output.script_pubkey.as_bytes().len();
    }
    let hash = BlockHash::from_bytes(sha256(&hasher.finalize()));
    object! {
        "height": chain.height().0,
        "bestblock": chain.tip().to_string(),
        "txouts": chain.coins().len(),
        "bogosize": bogosize,
        // Shown as hashes are, the last byte first.
        "hash_serialized_3": hash.to_string(),
        "total_amount": coins(Amount::from_sat(chain.coins().total() as i64)),
        "transactions": chain.coins().transactions(),
    }
}

/// `getindexinfo`.
pub(in crate::node) fn indexes(chain: &Chainstate) -> Object {
    match chain.keeps() {
        Keeps::Blocks => object! {
            "basic block filter index": object! { "synced": true, "best_block_height": chain.height().0 },
        },
        Keeps::Headers => Object::default(),
    }
}

/// `getnetworkhashps`: the network's hashes a second over the last blocks, or so many; none while time stands still.
pub(in crate::node) fn hashes_per_second(chain: &Chainstate, blocks: Option<u32>) -> f64 {
    let tip = chain.tip_entry();
    let first = Height(tip.height.0.saturating_sub(blocks.unwrap_or(HASH_RATE_WINDOW).max(1)));
    let mut entries = (first.0..=tip.height.0).filter_map(|height| chain.active_entry(Height(height)));
    let Some(start) = entries.next() else { return 0.0 };
    let (mut earliest, mut latest) = (start.header.time, start.header.time);
    for entry in entries {
        earliest = earliest.min(entry.header.time);
        latest = latest.max(entry.header.time);
    }
    match latest - earliest {
        0 => 0.0,
        seconds => hashes(tip.chainwork - start.chainwork) / f64::from(seconds),
    }
}
