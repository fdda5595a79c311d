//! Cases from the field: Bitcoin Core's, bcoin's, rust-bitcoin's and Floresta's test vectors, and NIST's.
//!
//! The files are not part of the repository. They are looked for in `TERRARIUM_VECTORS`, else in `../shared/vectors`
//! beside the repository; where they are not, every test here is reported as ignored.

mod base58;
mod blocks;
mod chain;
mod compact;
mod encryption;
mod files;
mod filters;
mod hashes;
mod key_io;
mod proofs;
mod scripts;
mod sighash;
mod transactions;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

/// A test's name and what it does.
type Case = (&'static str, fn() -> Result<(), Failed>);

const CASES: &[Case] = &[
    ("sha256_short_messages_have_the_digests_of_nist", hashes::sha256_short_messages),
    ("base58_is_encoded_and_decoded_as_in_core", base58::both_ways),
    ("valid_addresses_and_keys_are_read_and_written_as_in_core", key_io::valid),
    ("invalid_addresses_and_keys_are_refused_on_every_chain", key_io::invalid),
    ("signature_hashes_are_those_of_core", sighash::legacy),
    ("scripts_end_as_in_core", scripts::script_tests),
    ("valid_transactions_pass_and_fail_under_any_excluded_rule", transactions::valid),
    ("invalid_transactions_fail_under_their_rules", transactions::invalid),
    ("raw_transactions_survive_decoding_and_encoding", transactions::raw_files),
    ("mainnet_blocks_decode_hash_and_reencode", blocks::mainnet),
    ("regtest_blocks_link_up_to_their_tip", blocks::regtest),
    ("single_blocks_decode_hash_and_reencode", blocks::single_files),
    ("regtest_blocks_connect_up_to_their_tip", chain::regtest),
    ("blocks_with_payments_connect_with_all_scripts_and_agree_on_fees", chain::payments),
    ("mainnet_headers_carry_their_work", chain::mainnet_work),
    ("block_stats_agree_with_core", blocks::stats),
    ("block_filters_and_their_headers_are_those_of_core", filters::basic),
    ("a_compact_block_of_testnet_is_read_and_made_alike", compact::testnet),
    ("keys_that_look_random_decode_as_in_bip324", encryption::ellswift_decode),
    ("coordinates_have_the_inverses_of_bip324", encryption::xswiftec_inv),
    ("packets_are_encrypted_as_in_bip324_and_read_back", encryption::packets),
    ("a_merkle_proof_from_mainnet_verifies_and_is_made_alike", proofs::merkle_block),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let absent = files::folder().is_none();
    if absent {
        println!(
            "no test vectors: set TERRARIUM_VECTORS or put them in ../shared/vectors; every test is ignored"
        );
    }
    let trials = CASES.iter().map(|&(name, run)| Trial::test(name, run).with_ignored_flag(absent)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
