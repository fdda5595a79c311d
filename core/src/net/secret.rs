//! Secrets that nobody is shown: their `Debug` gives their names alone, so that no log and no failed test tells them.

use std::fmt;

/// Thirty-two random bytes of which a connection's key and garbage are drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) [u8; 32]);

/// The key of a hash whose outcome nobody is to foresee.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashKey(pub(crate) [u64; 2]);

impl fmt::Debug for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Seed(secret)")
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HashKey(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::Direction;
    use crate::net::addrman::PlacementKey;
    use crate::net::session::{Opening, Session};

    #[test]
    fn secrets_are_not_shown() {
        let opening = Opening::V2 { seed: Seed([77; 32]) };
        let detecting = Session::new(opening, Direction::Inbound, [0; 4]);
        let shown = format!("{opening:?} {detecting:?} {:?} {:?}", HashKey([77; 2]), PlacementKey([77; 2]));
        assert!(shown.contains("Seed(secret)") && !shown.contains("77"), "{shown}");
    }
}
