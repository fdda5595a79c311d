//! Headers and blocks as JSON, with the fields of Bitcoin Core's `blockheaderToJSON` and `blockToJSON`.

use super::amounts::{difficulty, target};
use super::json::{Json, Object};
use super::transaction::{transaction, transaction_hex};
use crate::chain::Chainstate;
use crate::crypto::AddressParams;
use crate::encode::Encode;
use crate::primitives::{Block, BlockHash, Header};

/// A header and where it stands; none if it is not known.
pub(in crate::node) fn header(chain: &Chainstate, hash: &BlockHash) -> Option<Object> {
    let entry = chain.entry(hash)?;
    let Header { version, prev_blockhash, merkle_root, time, bits, nonce } = entry.header;
    let mut fields = Object::default();
    let mut put = |name: &'static str, value: Json| fields.put(name, value);
    put("hash", hash.to_string().into());
    put("confirmations", confirmations(chain, hash).into());
    put("height", entry.height.0.into());
    put("version", version.into());
    put("versionHex", format!("{:08x}", version as u32).into());
    put("merkleroot", merkle_root.to_string().into());
    put("time", time.into());
    put("mediantime", entry.median_time_past.into());
    put("nonce", nonce.into());
    put("bits", bits.to_string().into());
    put("target", target(bits).into());
    put("difficulty", difficulty(bits).into());
    put("chainwork", entry.chainwork.to_string().into());
    put("nTx", entry.n_tx.into());
    if prev_blockhash != BlockHash::ZERO {
        put("previousblockhash", prev_blockhash.to_string().into());
    }
    if let Some(next) = chain.active_hash(entry.height.next()).filter(|_| chain.is_active(hash)) {
        put("nextblockhash", next.to_string().into());
    }
    Some(fields)
}

/// A block with its header's fields; `verbosity` 1 lists txids, more decodes the transactions.
pub(in crate::node) fn block(
    chain: &Chainstate,
    block: &Block,
    verbosity: u8,
    params: &AddressParams,
) -> Option<Object> {
    let mut fields = header(chain, &block.block_hash())?;
    fields.put("strippedsize", block.stripped_size());
    fields.put("size", block.encoded_len());
    fields.put("weight", block.weight());
    let transactions = block.transactions.iter().map(|tx| match verbosity {
        0 | 1 => Json::from(tx.txid().to_string()),
        _ => {
            let mut fields = transaction(tx, params);
            fields.put("hex", transaction_hex(tx));
            fields.into()
        }
    });
    fields.put("tx", transactions.collect::<Json>());
    Some(fields)
}

/// Blocks from this one to the tip, both counted; -1 off the active chain, as Core has it.
pub(in crate::node) fn confirmations(chain: &Chainstate, hash: &BlockHash) -> i64 {
    match chain.entry(hash).filter(|_| chain.is_active(hash)) {
        Some(entry) => i64::from(chain.height().0) - i64::from(entry.height.0) + 1,
        None => -1,
    }
}

/// What a transaction's JSON says of the block that confirmed it.
pub(in crate::node) fn confirmed_by(chain: &Chainstate, hash: &BlockHash, fields: &mut Object) {
    let Some(entry) = chain.entry(hash) else { return };
    fields.put("blockhash", hash.to_string());
    fields.put("confirmations", confirmations(chain, hash).max(0));
    fields.put("time", entry.header.time);
    fields.put("blocktime", entry.header.time);
}
