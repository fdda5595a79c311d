//! Base58 without checksum (Core's `base58_encode_decode.json`).

use libtest_mimic::Failed;
use terrarium_core::crypto::base58;

use crate::files;

pub(crate) fn both_ways() -> Result<(), Failed> {
    for row in files::rows("bitcoin-core/unit/base58_encode_decode.json") {
        let (bytes, text) = (files::hex(&row[0]), files::string(&row[1]));
        assert_eq!(base58::encode(&bytes), text);
        if text.len() <= 128 {
            assert_eq!(base58::decode(text)?, bytes);
        }
    }
    Ok(())
}
