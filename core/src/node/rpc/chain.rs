//! The chain as JSON, with the fields of Bitcoin Core's `rpc/blockchain.cpp`.

use super::amounts::{coins, difficulty, hashes, target};
use super::json::{Json, Object, object};
use super::transaction::script_pubkey;
use crate::chain::{Chainstate, Coin, Keeps};
use crate::crypto::AddressParams;
use crate::primitives::{CompactTarget, Height};

/// Blocks over which the network's hash rate is reckoned (Core's default of `getnetworkhashps`).
const HASH_RATE_WINDOW: u32 = 120;

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
        "networkhashps": hashes_per_second(chain),
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

/// The network's hashes a second over the last blocks (Core's `GetNetworkHashPS`); none while time stands still.
fn hashes_per_second(chain: &Chainstate) -> f64 {
    let tip = chain.tip_entry();
    let first = Height(tip.height.0.saturating_sub(HASH_RATE_WINDOW));
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
