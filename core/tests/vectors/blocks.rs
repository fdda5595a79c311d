//! Real blocks of three networks.

use libtest_mimic::Failed;
use serde_json::Value;
use terrarium_core::consensus::merkle;
use terrarium_core::encode::{deserialize, hex, serialize};
use terrarium_core::primitives::{Block, BlockHash, Header, Target, Transaction};

use crate::files;

pub(crate) fn mainnet() -> Result<(), Failed> {
    let blocks = from_lines("floresta/mainnet_blocks.txt")?;
    assert_eq!(blocks.len(), 176);
    assert_chain(&blocks);
    Ok(())
}

pub(crate) fn regtest() -> Result<(), Failed> {
    let blocks = from_lines("floresta/regtest_blocks.txt")?;
    assert_eq!(blocks.len(), 151);
    assert_chain(&blocks);
    let tip = blocks.last().ok_or("a tip")?.block_hash().to_string();
    assert!(tip.starts_with("4ddf4a47") && tip.ends_with("9c78"), "{tip}");
    Ok(())
}

pub(crate) fn single_files() -> Result<(), Failed> {
    let testnet =
        "rust-bitcoin/testnet_block_000000000000045e0b1660b6445b5e5c5ab63c9a4f956be7e1e69be04fa4497b.raw";
    let block = check(&files::bytes(testnet))?;
    assert!(testnet.contains(&block.block_hash().to_string()));
    assert!(block.transactions.iter().any(Transaction::has_witness));
    check(&hex::decode(files::text("rust-bitcoin/block_13b8a.hex").trim())?)?;
    for (name, transactions) in [("block1", 1), ("block300025", 461), ("block898352", 0)] {
        let block = check(&files::bytes(&format!("bcoin/{name}.raw")))?;
        assert!(transactions == 0 || block.transactions.len() == transactions, "{name}");
    }
    let raw = files::bytes("bcoin/headers1.raw");
    let header: Header = deserialize(&raw[..80])?;
    assert_eq!(serialize(&header), raw[..80]);
    Ok(())
}

/// Core's own figures for blocks of a regtest chain.
pub(crate) fn stats() -> Result<(), Failed> {
    let file = files::json("bitcoin-core/functional/rpc_getblockstats.json");
    let list = |name: &str| file[name].as_array().cloned().unwrap_or_default();
    let blocks =
        list("blocks").iter().map(|block| check(&files::hex(block))).collect::<Result<Vec<_>, _>>()?;
    assert_chain(&blocks);
    for stats in list("stats") {
        let number = |name: &str| stats[name].as_u64().unwrap_or(u64::MAX);
        let block = &blocks[number("height") as usize];
        assert_eq!(Value::from(block.block_hash().to_string()), stats["blockhash"]);
        let spending = &block.transactions[1..];
        let sum = |of: fn(&terrarium_core::primitives::Transaction) -> usize| {
            spending.iter().map(of).sum::<usize>() as u64
        };
        assert_eq!(block.transactions.len() as u64, number("txs"));
        assert_eq!(sum(Transaction::weight), number("total_weight"));
        assert_eq!(sum(|tx| serialize(tx).len()), number("total_size"));
        assert_eq!(sum(|tx| usize::from(tx.has_witness())), number("swtxs"));
        assert_eq!(sum(|tx| tx.inputs.len()), number("ins"));
    }
    Ok(())
}

fn from_lines(path: &str) -> Result<Vec<Block>, Failed> {
    files::text(path).split_whitespace().map(|line| check(&hex::decode(line)?)).collect()
}

/// Decodes a block, encodes it again, and checks what it says of itself: work, merkle root, sizes.
fn check(raw: &[u8]) -> Result<Block, Failed> {
    let block: Block = deserialize(raw)?;
    let hash = block.block_hash();
    assert_eq!(serialize(&block), raw, "{hash}");
    assert_eq!(block.weight(), block.stripped_size() * 3 + raw.len(), "{hash}");
    assert!(Target::from_compact(block.header.bits)?.is_met_by(&hash), "{hash}");
    assert_eq!(merkle::block_root(&block.transactions), (block.header.merkle_root, false), "{hash}");
    Ok(block)
}

fn assert_chain(blocks: &[Block]) {
    assert_eq!(blocks[0].header.prev_blockhash, BlockHash::ZERO);
    for pair in blocks.windows(2) {
        assert_eq!(pair[1].header.prev_blockhash, pair[0].block_hash());
    }
}
