//! Headers and blocks as JSON, with the fields of Bitcoin Core's `blockheaderToJSON` and `blockToJSON`.

use super::amounts::{difficulty, target};
use super::transaction::{transaction, transaction_hex};
use crate::chain::Chainstate;
use crate::crypto::AddressParams;
use crate::encode::Encode;
use crate::primitives::{Block, BlockHash, Header};
use serde_json::{Map, Value, json};

/// A header and where it stands; none if it is not known.
pub(in crate::node) fn header(chain: &Chainstate, hash: &BlockHash) -> Option<Map<String, Value>> {
    let entry = chain.entry(hash)?;
    let Header { version, prev_blockhash, merkle_root, time, bits, nonce } = entry.header;
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
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
) -> Option<Value> {
    let mut fields = header(chain, &block.block_hash())?;
    fields.insert("strippedsize".into(), block.stripped_size().into());
    fields.insert("size".into(), block.encoded_len().into());
    fields.insert("weight".into(), block.weight().into());
    let transactions = block.transactions.iter().map(|tx| match verbosity {
        0 | 1 => tx.txid().to_string().into(),
        _ => {
            let mut fields = transaction(tx, params);
            fields.insert("hex".into(), transaction_hex(tx).into());
            Value::Object(fields)
        }
    });
    fields.insert("tx".into(), transactions.collect::<Vec<Value>>().into());
    Some(Value::Object(fields))
}

/// Blocks from this one to the tip, both counted; -1 off the active chain, as Core has it.
pub(in crate::node) fn confirmations(chain: &Chainstate, hash: &BlockHash) -> i64 {
    match chain.entry(hash).filter(|_| chain.is_active(hash)) {
        Some(entry) => i64::from(chain.height().0) - i64::from(entry.height.0) + 1,
        None => -1,
    }
}

/// What a transaction's JSON says of the block that confirmed it.
pub(in crate::node) fn confirmed_by(chain: &Chainstate, hash: &BlockHash, fields: &mut Map<String, Value>) {
    let Some(entry) = chain.entry(hash) else { return };
    let Value::Object(more) = json!({
        "blockhash": hash.to_string(),
        "confirmations": confirmations(chain, hash).max(0),
        "time": entry.header.time,
        "blocktime": entry.header.time,
    }) else {
        return;
    };
    fields.extend(more);
}
