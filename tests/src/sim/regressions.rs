//! Storms that once found something: they run with every test, whatever else does.

use super::storm::Mix;

/// A seed, what its storm was made of, and what it found.
pub const REGRESSIONS: [(u64, Mix, &str); 2] = [
    (
        200,
        Mix::Faults,
        "a node that syncs by getblocks went on following a peer whose list it had refused, for as long as that peer \
         found blocks",
    ),
    (
        3,
        Mix::Everything,
        "a node whose disk took nothing asked for time without end to write its address book",
    ),
];
