//! Where to cut a network in two so that both sides go on: each side connected within itself, hash power balanced.

use terrarium_core::collections::BTreeSet;
use terrarium_core::interface::NodeId;

/// Every way to cut is tried up to this many nodes; larger networks are cut in the middle of the list.
const MAX_EXHAUSTIVE: usize = 12;

/// Splits `nodes` (with the hash power of each) in two. Both sides are non-empty when there are two nodes or more.
pub(crate) fn balanced_split(
    nodes: &[(NodeId, f64)],
    links: &BTreeSet<(NodeId, NodeId)>,
) -> (Vec<NodeId>, Vec<NodeId>) {
    let count = nodes.len();
    if !(2..=MAX_EXHAUSTIVE).contains(&count) {
        let ids: Vec<NodeId> = nodes.iter().map(|&(id, _)| id).collect();
        let (left, right) = ids.split_at(count / 2);
        return (left.to_vec(), right.to_vec());
    }
    // The first node is always on the left, so each cut is tried once.
    let best = (0..(1_u32 << (count - 1)) - 1)
        .map(|mask| sides(nodes, mask << 1 | 1))
        .min_by(|a, b| unfitness(nodes, links, a).total_cmp(&unfitness(nodes, links, b)));
    best.unwrap_or_default()
}

fn sides(nodes: &[(NodeId, f64)], mask: u32) -> (Vec<NodeId>, Vec<NodeId>) {
    let ids = nodes.iter().enumerate().map(|(i, &(id, _))| (mask >> i & 1 == 1, id));
    let (left, right): (Vec<_>, Vec<_>) = ids.partition(|&(left, _)| left);
    let strip = |side: Vec<(bool, NodeId)>| side.into_iter().map(|(_, id)| id).collect();
    (strip(left), strip(right))
}

/// Lower is better: first that no side falls apart, then equal hash power, then equal numbers.
fn unfitness(
    nodes: &[(NodeId, f64)],
    links: &BTreeSet<(NodeId, NodeId)>,
    (left, right): &(Vec<NodeId>, Vec<NodeId>),
) -> f64 {
    let power = |side: &[NodeId]| -> f64 {
        nodes.iter().filter(|(id, _)| side.contains(id)).map(|&(_, power)| power).sum()
    };
    let total = power(left) + power(right);
    let imbalance = if total > 0.0 { (power(left) - power(right)).abs() / total } else { 0.0 };
    let pieces = (components(left, links) + components(right, links)) as f64;
    let unevenness = left.len().abs_diff(right.len()) as f64 / nodes.len() as f64;
    pieces * 10.0 + imbalance + unevenness * 0.1
}

/// Into how many pieces the links divide one side.
fn components(side: &[NodeId], links: &BTreeSet<(NodeId, NodeId)>) -> usize {
    let mut left: BTreeSet<NodeId> = side.iter().copied().collect();
    let mut pieces = 0;
    while let Some(start) = left.pop_first() {
        pieces += 1;
        let mut reached = vec![start];
        while let Some(node) = reached.pop() {
            let near: Vec<NodeId> =
                left.iter().copied().filter(|&other| linked(links, node, other)).collect();
            near.iter().for_each(|other| {
                left.remove(other);
            });
            reached.extend(near);
        }
    }
    pieces
}

fn linked(links: &BTreeSet<(NodeId, NodeId)>, a: NodeId, b: NodeId) -> bool {
    links.contains(&(a.min(b), a.max(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u16) -> NodeId {
        NodeId(n)
    }

    #[test]
    fn both_sides_of_the_first_scene_stay_connected_and_mine() {
        let nodes = [(id(3000), 2.0), (id(3001), 0.0), (id(3002), 8.0), (id(3003), 3.1)];
        let links = [(3000, 3001), (3000, 3002), (3001, 3002), (3001, 3003), (3002, 3003)];
        let links = links.map(|(a, b)| (id(a), id(b))).into();
        let (left, right) = balanced_split(&nodes, &links);
        assert_eq!(left, [id(3000), id(3001), id(3003)]);
        assert_eq!(right, [id(3002)]);
    }

    #[test]
    fn a_line_of_equal_nodes_is_cut_in_the_middle() {
        let nodes = [1, 2, 3, 4].map(|n| (id(n), 1.0));
        let links = [(1, 2), (2, 3), (3, 4)].map(|(a, b)| (id(a), id(b))).into();
        assert_eq!(balanced_split(&nodes, &links), (vec![id(1), id(2)], vec![id(3), id(4)]));
    }

    #[test]
    fn a_single_node_cannot_be_split() {
        let (left, right) = balanced_split(&[(id(1), 1.0)], &BTreeSet::new());
        assert_eq!(left.len() + right.len(), 1);
    }

    #[test]
    fn a_large_network_is_cut_in_the_middle_of_the_list() {
        let nodes: Vec<_> = (1..=30).map(|n| (id(n), 1.0)).collect();
        let (left, right) = balanced_split(&nodes, &BTreeSet::new());
        assert_eq!((left.len(), right.len()), (15, 15));
    }
}
