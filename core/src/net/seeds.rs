//! Stand-ins for DNS seeds: nine parties that each know some nodes that are up. The host asks them for the node
//! (`Output::AskSeed`), out of what its directory lists; what each would answer is decided here, alike for every host.

use super::limits::{DNS_SEEDS, MAX_SEED_ANSWER, MIN_SEED_ANSWER};
use std::net::{Ipv4Addr, SocketAddr};

/// What a seed answers: five to twenty of the nodes that are up, or all where there are fewer. `draw` is the host's chance.
pub fn seed_answer(up: &[SocketAddr], mut draw: impl FnMut() -> u64) -> Vec<SocketAddr> {
    let mut left = up.to_vec();
    let range = (MAX_SEED_ANSWER - MIN_SEED_ANSWER + 1) as u64;
    let count = MIN_SEED_ANSWER + (draw() % range) as usize;
    let mut answer = Vec::with_capacity(count);
    while answer.len() < count && !left.is_empty() {
        answer.push(left.swap_remove((draw() % left.len() as u64) as usize));
    }
    answer
}

/// Who tells of a seed's addresses: each seed is a group of its own, so that none fills the share of another.
pub(super) const fn seed_source(seed: u8) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(240, seed, 0, 0)), 53)
}

/// Nodes that are tried where no seed answers and nothing is known: those that a lab's page makes first (Core's
/// `vFixedSeeds`).
pub(super) const FIXED_NODES: [SocketAddr; 4] = [fixed(3000), fixed(3001), fixed(3002), fixed(3003)];

const fn fixed(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Every seed.
pub(super) fn all() -> Vec<u8> {
    (0..DNS_SEEDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::AddressGroup;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_answers_five_to_twenty_nodes_that_are_up_each_once() {
        let up: Vec<SocketAddr> =
            (1..=200).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))).collect();
        let mut state = 1_u64;
        let mut lengths = BTreeSet::new();
        for _ in 0..500 {
            let answer = seed_answer(&up, || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> 33
            });
            assert_eq!(answer.iter().collect::<BTreeSet<_>>().len(), answer.len());
            lengths.insert(answer.len());
        }
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), (5..=20).collect::<Vec<_>>());
        assert_eq!(seed_answer(&up[..3], || 0).len(), 3, "all where there are fewer");
        assert_eq!(seed_answer(&[], || 0), []);
    }

    #[test]
    fn each_seed_is_a_source_of_its_own_group() {
        let groups: Vec<AddressGroup> =
            all().into_iter().map(|seed| AddressGroup::of(&seed_source(seed))).collect();
        assert_eq!(groups.len(), 9);
        for (at, group) in groups.iter().enumerate() {
            assert!(!groups[..at].contains(group));
        }
    }
}
