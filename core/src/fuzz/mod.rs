//! What fuzzers run: for each part that reads what others send, a function that takes any bytes and panics where something
//! is wrong that must never be. Each has a corpus to start from; the tests replay it.
//!
//! `fuzz/` at the top of the repository hands these functions to libFuzzer, and `cargo xtask test --nightly` runs it.

mod corpus;
mod formats;
mod moves;
mod scene;

pub use crate::net::fuzz_address_manager as address_manager;
pub use formats::{filters, merkle_block, message_stream, payload};
pub use moves::{compact_block, header_sync, node_inputs};

/// A function for fuzzers.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is the binary's in `fuzz/`.
    pub name: &'static str,
    /// Reads any bytes; panics where what it tries is broken.
    pub run: fn(&[u8]),
    /// Inputs that reach far into it.
    pub corpus: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: [Target; 8] = [
    Target { name: "message_stream", run: message_stream, corpus: corpus::message_stream },
    Target { name: "payload", run: payload, corpus: corpus::payload },
    Target { name: "header_sync", run: header_sync, corpus: corpus::header_sync },
    Target { name: "address_manager", run: address_manager, corpus: corpus::address_manager },
    Target { name: "compact_block", run: compact_block, corpus: corpus::compact_block },
    Target { name: "merkle_block", run: merkle_block, corpus: corpus::merkle_block },
    Target { name: "filters", run: filters, corpus: corpus::filters },
    Target { name: "node_inputs", run: node_inputs, corpus: corpus::node_inputs },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(name: &str) {
        let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
        let corpus = (target.corpus)();
        assert!(!corpus.is_empty());
        for input in &corpus {
            (target.run)(input);
            // Cut short and with a bit turned over, at a few places each.
            for at in (0..input.len()).step_by(input.len() / 16 + 1) {
                (target.run)(&input[..at]);
                let mut changed = input.clone();
                changed[at] ^= 1 << (at % 8);
                (target.run)(&changed);
            }
        }
    }

    macro_rules! replayed {
        ($($test:ident: $target:literal,)*) => {
            $(#[test]
            fn $test() {
                replay($target);
            })*
        };
    }

    replayed! {
        the_corpus_of_message_streams_breaks_nothing: "message_stream",
        the_corpus_of_payloads_breaks_nothing: "payload",
        the_corpus_of_header_syncs_breaks_nothing: "header_sync",
        the_corpus_of_address_managers_breaks_nothing: "address_manager",
        the_corpus_of_compact_blocks_breaks_nothing: "compact_block",
        the_corpus_of_merkle_blocks_breaks_nothing: "merkle_block",
        the_corpus_of_filters_breaks_nothing: "filters",
        the_corpus_of_node_inputs_breaks_nothing: "node_inputs",
    }
}
