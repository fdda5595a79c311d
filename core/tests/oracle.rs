//! Every format against an independent implementation, the crate `bitcoin`, in both directions.

use std::str::FromStr as _;

use bitcoin::consensus::encode as theirs;
use bitcoin::hashes::Hash as _;
use bitcoin::secp256k1::{Message, Secp256k1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use proptest::collection::vec;
use proptest::prelude::*;
use terrarium_core::consensus::merkle;
use terrarium_core::crypto::{
    Address, AddressParams, PrivateKey, PubkeyHash, PublicKey, ScriptHash, Signature,
};
use terrarium_core::encode::{deserialize, serialize};
use terrarium_core::primitives::{
    Amount, Block, BlockHash, CompactTarget, Header, MAX_MONEY, MerkleRoot, OutPoint, Script, Target,
    Transaction, TxIn, TxOut, Txid,
};
use terrarium_core::script::sighash::{legacy_signature_hash, segwit_v0_signature_hash};
use terrarium_core::script::{PrecomputedTransactionData, SighashType};

const MAIN: AddressParams = AddressParams { p2pkh_prefix: 0, p2sh_prefix: 5, wif_prefix: 0x80, hrp: "bc" };

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..max)
}

prop_compose! {
    fn tx_in()(
        txid: [u8; 32], vout: u32, script in bytes(120), sequence: u32, witness in vec(bytes(90), 0..4),
    ) -> TxIn {
        TxIn {
            previous_output: OutPoint::new(Txid::from_bytes(txid), vout),
            script_sig: Script::from_bytes(script),
            sequence,
            witness,
        }
    }
}

prop_compose! {
    fn tx_out()(value in 0..=MAX_MONEY.to_sat(), script in bytes(300)) -> TxOut {
        TxOut { value: Amount::from_sat(value), script_pubkey: Script::from_bytes(script) }
    }
}

prop_compose! {
    fn transaction()(
        version: i32, inputs in vec(tx_in(), 1..5), outputs in vec(tx_out(), 0..5), lock_time: u32,
    ) -> Transaction {
        Transaction { version, inputs, outputs, lock_time }
    }
}

prop_compose! {
    fn header()(
        version: i32, prev: [u8; 32], root: [u8; 32], time: u32, bits: u32, nonce: u32,
    ) -> Header {
        Header {
            version,
            prev_blockhash: BlockHash::from_bytes(prev),
            merkle_root: MerkleRoot::from_bytes(root),
            time,
            bits: CompactTarget(bits),
            nonce,
        }
    }
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        any::<[u8; 20]>().prop_map(|hash| Address::P2pkh(PubkeyHash(hash))),
        any::<[u8; 20]>().prop_map(|hash| Address::P2sh(ScriptHash(hash))),
        any::<[u8; 20]>().prop_map(|program| Address::Witness { version: 0, program: program.to_vec() }),
        any::<[u8; 32]>().prop_map(|program| Address::Witness { version: 0, program: program.to_vec() }),
        (1_u8..=16, vec(any::<u8>(), 2..=40))
            .prop_map(|(version, program)| Address::Witness { version, program }),
    ]
}

fn private_key() -> impl Strategy<Value = PrivateKey> {
    (any::<[u8; 32]>(), any::<bool>())
        .prop_filter_map("in range", |(secret, compressed)| PrivateKey::from_bytes(&secret, compressed).ok())
}

proptest! {
    #[test]
    fn transactions_agree_both_ways(tx in transaction()) {
        let ours = serialize(&tx);
        prop_assert_eq!(ours.len(), terrarium_core::encode::Encode::encoded_len(&tx));
        let other: bitcoin::Transaction = theirs::deserialize(&ours)?;
        prop_assert_eq!(theirs::serialize(&other), ours.clone());
        prop_assert_eq!(deserialize::<Transaction>(&ours)?, tx.clone());
        prop_assert_eq!(other.compute_txid().to_byte_array(), *tx.txid().as_bytes());
        prop_assert_eq!(other.compute_wtxid().to_byte_array(), *tx.wtxid().as_bytes());
        prop_assert_eq!(other.compute_txid().to_string(), tx.txid().to_string());
        prop_assert_eq!(other.weight().to_wu(), tx.weight() as u64);
        prop_assert_eq!(other.vsize(), tx.vsize());
        prop_assert_eq!(other.is_coinbase(), tx.is_coinbase());
    }

    #[test]
    fn damaged_transactions_are_accepted_by_both_or_by_none(
        tx in transaction(), at: prop::sample::Index, byte: u8, cut in 0_usize..3,
    ) {
        let mut raw = serialize(&tx);
        let index = at.index(raw.len());
        raw[index] = byte;
        raw.truncate(raw.len() - cut);
        let (ours, other) = (deserialize::<Transaction>(&raw), theirs::deserialize::<bitcoin::Transaction>(&raw));
        match (ours, other) {
            (Ok(ours), Ok(other)) => prop_assert_eq!(serialize(&ours), theirs::serialize(&other)),
            (Err(_), Err(_)) => {}
            (ours, other) => prop_assert!(false, "{ours:?} and {other:?}"),
        }
    }

    #[test]
    fn blocks_agree_both_ways(header in header(), transactions in vec(transaction(), 1..6)) {
        let block = Block { header, transactions };
        let ours = serialize(&block);
        let other: bitcoin::Block = theirs::deserialize(&ours)?;
        prop_assert_eq!(theirs::serialize(&other), ours.clone());
        prop_assert_eq!(deserialize::<Block>(&ours)?, block.clone());
        prop_assert_eq!(other.block_hash().to_string(), block.block_hash().to_string());
        prop_assert_eq!(other.weight().to_wu(), block.weight() as u64);
        let root = other.compute_merkle_root().map(bitcoin::hashes::Hash::to_byte_array);
        prop_assert_eq!(root, Some(*merkle::block_root(&block.transactions).0.as_bytes()));
        let witness_root = other.witness_root().map(bitcoin::hashes::Hash::to_byte_array);
        prop_assert_eq!(witness_root, Some(*merkle::witness_root(&block.transactions).as_bytes()));
    }

    #[test]
    fn signature_hashes_agree(
        tx in transaction(), at: prop::sample::Index, hash: [u8; 20], amount in 0..=MAX_MONEY.to_sat(),
        kind in prop::sample::select(vec![1_u32, 2, 3, 0x81, 0x82, 0x83]),
    ) {
        let index = at.index(tx.inputs.len());
        let script = Address::P2pkh(PubkeyHash(hash)).script_pubkey();
        let other: bitcoin::Transaction = theirs::deserialize(&serialize(&tx))?;
        let other_script = bitcoin::Script::from_bytes(script.as_bytes());
        let mut cache = SighashCache::new(&other);

        let legacy = cache.legacy_signature_hash(index, other_script, kind).expect("an input");
        let ours = legacy_signature_hash(&tx, index, script.as_bytes(), SighashType(kind));
        prop_assert_eq!(legacy.to_byte_array(), ours);

        let value = bitcoin::Amount::from_sat(amount as u64);
        let other_kind = EcdsaSighashType::from_consensus(kind);
        let segwit = cache.p2wsh_signature_hash(index, other_script, value, other_kind).expect("an input");
        let (value, precomputed) = (Amount::from_sat(amount), PrecomputedTransactionData::new(&tx));
        let ours =
            segwit_v0_signature_hash(&tx, index, script.as_bytes(), value, SighashType(kind), &precomputed);
        prop_assert_eq!(segwit.to_byte_array(), ours);
    }

    #[test]
    fn addresses_agree_both_ways(address in address()) {
        let text = address.to_text(&MAIN);
        let other = bitcoin::Address::from_str(&text).expect("theirs reads it").assume_checked();
        let script = other.script_pubkey();
        prop_assert_eq!(script.to_bytes(), address.script_pubkey().into_bytes());
        prop_assert_eq!(Address::parse(&other.to_string(), &MAIN)?, address.clone());
        prop_assert_eq!(Address::from_script(&Script::from_bytes(script.to_bytes())), Some(address));
    }

    #[test]
    fn compact_targets_agree_where_they_are_targets(bits: u32) {
        let compact = CompactTarget(bits);
        let other = bitcoin::Target::from_compact(bitcoin::CompactTarget::from_consensus(bits));
        // Below four bytes theirs takes the sign bit for a bit of the number; Core does not.
        let sign_bit = bits & 0x0080_0000 != 0;
        if let (Ok(target), false) = (Target::from_compact(compact), sign_bit) {
            prop_assert_eq!(target.0.to_be_bytes::<32>(), other.to_be_bytes());
            prop_assert_eq!(target.to_compact().0, other.to_compact_lossy().to_consensus());
            if !target.0.is_zero() {
                prop_assert_eq!(target.work().0.to_be_bytes::<32>(), other.to_work().to_be_bytes());
            }
        }
    }

    #[test]
    fn keys_and_signatures_agree_both_ways(key in private_key(), digest: [u8; 32]) {
        let secp = Secp256k1::new();
        let wif = key.to_wif(&MAIN);
        let other = bitcoin::PrivateKey::from_wif(&wif)?;
        prop_assert_eq!(PrivateKey::from_wif(&other.to_wif(), &MAIN)?.secret_bytes(), key.secret_bytes());
        let public = other.public_key(&secp);
        prop_assert_eq!(public.to_bytes(), key.public_key().as_bytes().to_vec());

        let secret = SecretKey::from_slice(&key.secret_bytes()).expect("in range");
        let message = Message::from_digest(digest);
        let signature = secp.sign_ecdsa(&message, &secret);
        prop_assert_eq!(key.sign(&digest).to_der(), signature.serialize_der().to_vec());
        let read = Signature::from_der_lax(&signature.serialize_der()).expect("DER");
        prop_assert!(PublicKey::from_bytes(&public.to_bytes())?.verify(&digest, &read));
        let ours = bitcoin::secp256k1::ecdsa::Signature::from_der(&key.sign(&digest).to_der()).expect("DER");
        prop_assert!(secp.verify_ecdsa(&message, &ours, &public.inner).is_ok());
    }

    #[test]
    fn signatures_are_read_as_laxly_as_theirs(raw in bytes(80), digest: [u8; 32], key in private_key(), at: prop::sample::Index, byte: u8) {
        let mut damaged = key.sign(&digest).to_der();
        let index = at.index(damaged.len());
        damaged[index] = byte;
        for der in [raw, damaged] {
            let other = bitcoin::secp256k1::ecdsa::Signature::from_der_lax(&der).ok();
            // Theirs reads numbers out of range as zero, which verifies nothing; ours does not read them.
            if let Some(ours) = Signature::from_der_lax(&der) {
                let other = other.map(|signature| signature.serialize_der().to_vec());
                prop_assert_eq!(Some(ours.to_der()), other);
            }
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(raw in bytes(400)) {
        let _ = deserialize::<Transaction>(&raw);
        let _ = deserialize::<Block>(&raw);
        let _ = deserialize::<Header>(&raw);
        let text = String::from_utf8_lossy(&raw);
        let _ = Address::parse(&text, &MAIN);
        let _ = PrivateKey::from_wif(&text, &MAIN);
        let _ = PublicKey::from_bytes(&raw);
    }
}
