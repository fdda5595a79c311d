//! Addresses and private keys of four chains (Core's `key_io_valid.json`, `key_io_invalid.json`).

use libtest_mimic::Failed;
use terrarium_core::crypto::{Address, AddressParams, PrivateKey};
use terrarium_core::encode::hex;

use crate::files;

const CHAINS: [(&str, AddressParams); 4] = [
    ("main", AddressParams { p2pkh_prefix: 0, p2sh_prefix: 5, wif_prefix: 128, hrp: "bc" }),
    ("testnet4", AddressParams { p2pkh_prefix: 111, p2sh_prefix: 196, wif_prefix: 239, hrp: "tb" }),
    ("signet", AddressParams { p2pkh_prefix: 111, p2sh_prefix: 196, wif_prefix: 239, hrp: "tb" }),
    ("regtest", AddressParams { p2pkh_prefix: 111, p2sh_prefix: 196, wif_prefix: 239, hrp: "bcrt" }),
];

pub(crate) fn valid() -> Result<(), Failed> {
    for row in files::rows("bitcoin-core/unit/key_io_valid.json") {
        let (text, payload, meta) = (files::string(&row[0]), files::hex(&row[1]), &row[2]);
        let chain = files::string(&meta["chain"]);
        let (_, params) = CHAINS.iter().find(|(name, _)| *name == chain).ok_or("a chain we know")?;
        if meta["isPrivkey"] == true {
            let key = PrivateKey::from_wif(text, params)?;
            assert_eq!(key.secret_bytes(), payload.as_slice());
            assert_eq!(key.is_compressed(), meta["isCompressed"] == true);
            assert_eq!(key.to_wif(params), text);
            assert!(Address::parse(text, params).is_err(), "a key is no address: {text}");
        } else {
            let address = Address::parse(text, params)?;
            assert_eq!(hex::encode(address.script_pubkey().as_bytes()), hex::encode(&payload));
            assert_eq!(address.to_text(params), text);
            assert!(PrivateKey::from_wif(text, params).is_err(), "an address is no key: {text}");
            if meta["tryCaseFlip"] == true {
                let flipped: String = text.chars().map(flip_case).collect();
                assert_eq!(Address::parse(&flipped, params)?, address);
            }
        }
    }
    Ok(())
}

pub(crate) fn invalid() -> Result<(), Failed> {
    for row in files::rows("bitcoin-core/unit/key_io_invalid.json") {
        let text = files::string(&row[0]);
        for (chain, params) in &CHAINS {
            assert!(Address::parse(text, params).is_err(), "{text} is no address on {chain}");
            assert!(PrivateKey::from_wif(text, params).is_err(), "{text} is no key on {chain}");
        }
    }
    Ok(())
}

fn flip_case(c: char) -> char {
    if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
}
