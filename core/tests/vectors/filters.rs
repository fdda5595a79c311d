//! Compact block filters of testnet's blocks (BIP158's vectors, which Core has too), and SipHash by way of them.

use libtest_mimic::Failed;
use terrarium_core::encode::deserialize;
use terrarium_core::primitives::{Block, FilterHeader, Script};
use terrarium_core::spv::BlockFilter;

use crate::files;

/// Each block's filter and filter header are those of the row, and every script of the block is found.
pub(crate) fn basic() -> Result<(), Failed> {
    for path in ["bitcoin-core/unit/blockfilters.json", "bips/bip-0158_testnet-19.json"] {
        let rows = files::rows(path);
        assert!(rows.len() > 5, "{path}");
        for row in rows.iter().filter(|row| row.len() > 1) {
            let block: Block = deserialize(&files::hex(&row[2]))?;
            let spent = row[3].as_array().ok_or("a list of scripts")?;
            let spent: Vec<Script> = spent.iter().map(|hex| Script::from_bytes(files::hex(hex))).collect();
            let filter = BlockFilter::new(&block, spent.iter());
            assert_eq!(filter.as_bytes(), files::hex(&row[5]), "height {}", row[0]);
            let previous: FilterHeader = files::string(&row[4]).parse()?;
            let header = FilterHeader::of(&filter.hash(), &previous);
            assert_eq!(header.to_string(), files::string(&row[6]), "height {}", row[0]);
            let hash = block.block_hash();
            for script in spent.iter().filter(|script| !script.as_bytes().is_empty()) {
                assert!(filter.matches(&hash, [script.as_bytes()].into_iter())?);
            }
        }
    }
    Ok(())
}
