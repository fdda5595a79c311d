//! Legacy signature hashes of random transactions (Core's `sighash.json`).

use libtest_mimic::Failed;
use terrarium_core::encode::{deserialize, hex, serialize};
use terrarium_core::primitives::Transaction;
use terrarium_core::script::SighashType;
use terrarium_core::script::sighash::legacy_signature_hash;

use crate::files;

pub(crate) fn legacy() -> Result<(), Failed> {
    for row in files::rows("bitcoin-core/unit/sighash.json").iter().filter(|row| row.len() > 1) {
        let raw = files::hex(&row[0]);
        let tx: Transaction = deserialize(&raw)?;
        assert_eq!(serialize(&tx), raw);
        let input = row[2].as_u64().ok_or("an input index")? as usize;
        let hash_type = SighashType(row[3].as_i64().ok_or("a hash type")? as u32);
        let mut hash = legacy_signature_hash(&tx, input, &files::hex(&row[1]), hash_type);
        hash.reverse();
        assert_eq!(hex::encode(&hash), files::string(&row[4]));
    }
    Ok(())
}
