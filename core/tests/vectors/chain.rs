//! Real chains through the chainstate, from genesis to tip.

use std::sync::Arc;

use libtest_mimic::Failed;
use terrarium_core::chain::{ActivateStep, BlockOutcome, Chainstate, Effects, ScriptCache};
use terrarium_core::consensus::{ConsensusParams, Network, Preset, block_subsidy, pow};
use terrarium_core::encode::{deserialize, hex};
use terrarium_core::primitives::{Amount, Block, CompactTarget, Height, Target, Work};
use terrarium_core::time::UnixTime;

use crate::files;

/// Gives all blocks above genesis to a new regtest chain.
fn replay(blocks: Vec<Block>, now: UnixTime) -> Result<(Chainstate, Effects), Failed> {
    let mut chain = Chainstate::create(Network::from(Preset::Regtest));
    assert_eq!(chain.genesis_hash(), blocks.first().ok_or("a genesis block")?.block_hash());
    for block in blocks.into_iter().skip(1) {
        assert_eq!(chain.accept_block(Arc::new(block), now)?, BlockOutcome::New);
    }
    while chain.activate(&ScriptCache::default())? != ActivateStep::Done {}
    let effects = chain.take_effects();
    assert!(effects.failed.is_empty(), "{:?}", effects.failed);
    assert!(chain.supply_is_right());
    Ok((chain, effects))
}

/// Floresta's 150 blocks on regtest's genesis.
pub(crate) fn regtest() -> Result<(), Failed> {
    let blocks = from_lines("floresta/regtest_blocks.txt")?;
    let now = UnixTime(blocks.last().ok_or("a tip")?.header.time);
    let (chain, effects) = replay(blocks, now)?;
    let tip = chain.tip().to_string();
    assert!(tip.starts_with("4ddf4a47") && tip.ends_with("9c78"), "{tip}");
    assert_eq!((chain.height(), effects.connected.len()), (Height(150), 150));
    // 149 blocks of 50 and the first of 25.
    assert_eq!(chain.total_coins(), (149 * 50 + 25) * 100_000_000);
    Ok(())
}

/// Core's chain with legacy and witness payments; every script runs.
pub(crate) fn payments() -> Result<(), Failed> {
    let file = files::json("bitcoin-core/functional/rpc_getblockstats.json");
    let raw = file["blocks"].as_array().ok_or("blocks")?;
    let blocks =
        raw.iter().map(|block| deserialize(&files::hex(block))).collect::<Result<Vec<Block>, _>>()?;
    let now = UnixTime(u32::try_from(file["mocktime"].as_u64().ok_or("a time")?)?);
    let (chain, effects) = replay(blocks, now)?;
    for stats in file["stats"].as_array().ok_or("stats")? {
        let height = Height(u32::try_from(stats["height"].as_u64().ok_or("a height")?)?);
        let Some(connected) = effects.connected.iter().find(|connected| connected.height == height) else {
            assert_eq!(height, Height::GENESIS);
            continue;
        };
        assert_eq!(connected.fees, Amount::from_sat(stats["totalfee"].as_i64().ok_or("fees")?));
        let subsidy = block_subsidy(height, &chain.params().consensus);
        assert_eq!(subsidy, Amount::from_sat(stats["subsidy"].as_i64().ok_or("a subsidy")?));
        let entry = chain.active_entry(height).ok_or("active")?;
        assert_eq!(Some(u64::from(entry.median_time_past)), stats["mediantime"].as_u64());
    }
    Ok(())
}

/// The first headers of Bitcoin: all at the easiest target, each worth 2^32 and a little more hashes.
pub(crate) fn mainnet_work() -> Result<(), Failed> {
    let blocks = from_lines("floresta/mainnet_blocks.txt")?;
    let consensus = ConsensusParams { pow_limit: CompactTarget(0x1d00_ffff), ..ConsensusParams::REGTEST };
    let mut chainwork = Work::ZERO;
    for block in &blocks {
        pow::check_proof_of_work(&block.header, block.block_hash(), &consensus)?;
        chainwork += Target::from_compact(block.header.bits)?.work();
    }
    assert_eq!(chainwork.to_string(), format!("{:064x}", blocks.len() as u128 * 0x1_0001_0001));
    Ok(())
}

fn from_lines(path: &str) -> Result<Vec<Block>, Failed> {
    files::text(path).split_whitespace().map(|line| Ok(deserialize(&hex::decode(line)?)?)).collect()
}
