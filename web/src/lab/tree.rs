//! The blocks that any node has shown, as one tree: what the chain view draws. Blocks that every node has left are
//! remembered as stale.

use terrarium_core::collections::{BTreeMap, BTreeSet, sort_by_key};
use terrarium_core::interface::{BlockSummary, NodeId};
use terrarium_core::primitives::BlockHash;

/// How many heights back from the highest block the tree goes; lower blocks are forgotten.
const REMEMBERED_HEIGHTS: u32 = 48;

/// Blocks of one height beyond which no more of other pages are drawn.
const MOST_LEARNT: usize = 8;

/// Lanes that are drawn; a further branch shares the last.
const MAX_LANES: usize = 6;

/// All blocks of all nodes, by hash. Bounded: [`REMEMBERED_HEIGHTS`] heights, pruned by [`BlockTree::merge`].
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct BlockTree {
    blocks: BTreeMap<BlockHash, BlockSummary>,
    /// The node that showed a block first: whoever was on that branch.
    shown_by: BTreeMap<BlockHash, NodeId>,
    /// Tips that nodes have left, with how many transactions went back to the mempool.
    returned: BTreeMap<BlockHash, usize>,
}

/// Where a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// In the chain of at least one node.
    Active,
    /// In no node's chain any more.
    Stale,
}

/// A block with its place in the drawing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlacedBlock {
    /// The block.
    pub(crate) summary: BlockSummary,
    /// Column: heights above the lowest that is drawn.
    pub(crate) column: u32,
    /// Row: 0 is the best chain.
    pub(crate) lane: usize,
    /// Whether a node's chain has it.
    pub(crate) standing: Standing,
    /// Column and lane of its parent, where that is drawn.
    pub(crate) parent: Option<(u32, usize)>,
    /// The nodes whose tip it is.
    pub(crate) nodes: Vec<NodeId>,
    /// A node that can show it.
    pub(crate) shown_by: Option<NodeId>,
    /// How many transactions went back to the mempool when it was left as a tip.
    pub(crate) returned: usize,
}

/// The drawing: blocks from left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TreeLayout {
    /// Every block in sight.
    pub(crate) blocks: Vec<PlacedBlock>,
    /// Columns in use.
    pub(crate) columns: u32,
    /// Lanes in use.
    pub(crate) lanes: usize,
}

impl TreeLayout {
    /// How many of the blocks in sight are stale.
    pub(crate) fn stale(&self) -> usize {
        self.blocks.iter().filter(|block| block.standing == Standing::Stale).count()
    }
}

impl BlockTree {
    /// Adds the last blocks of the chain of `node`; answers whether one was new.
    pub(crate) fn merge(&mut self, node: NodeId, recent: &[BlockSummary]) -> bool {
        let mut grown = false;
        let is_news = |block: &&BlockSummary| {
            self.blocks.get(&block.hash).is_none_or(|known| known.previous != block.previous)
        };
        for block in recent.iter().filter(is_news).collect::<Vec<_>>() {
            self.blocks.insert(block.hash, block.clone());
            self.shown_by.insert(block.hash, node);
            grown = true;
        }
        let top = self.blocks.values().map(|block| block.height.0).max().unwrap_or(0);
        self.blocks.retain(|_, block| block.height.0 + REMEMBERED_HEIGHTS > top);
        self.shown_by.retain(|hash, _| self.blocks.contains_key(hash));
        self.returned.retain(|hash, _| self.blocks.contains_key(hash));
        grown
    }

    /// Adds what another page tells of the last blocks of `node`, which nobody has checked: so many at a height at most;
    /// answers whether one was new.
    pub(crate) fn learn(&mut self, node: NodeId, recent: &[BlockSummary]) -> bool {
        let mut grown = false;
        for block in recent {
            let beside = self.blocks.values().filter(|other| other.height == block.height).count();
            if beside < MOST_LEARNT && !self.blocks.contains_key(&block.hash) {
                grown |= self.merge(node, std::slice::from_ref(block));
            }
        }
        grown
    }

    /// A node has left the branch of `tip`; so many of its transactions went back to that node's mempool.
    pub(crate) fn left(&mut self, tip: BlockHash, returned: usize) {
        if self.blocks.contains_key(&tip) {
            let most = self.returned.entry(tip).or_default();
            *most = returned.max(*most);
        }
    }

    /// Lays the last `columns` heights out, given each node's tip.
    pub(crate) fn layout(&self, tips: &[(NodeId, BlockHash)], columns: u32) -> TreeLayout {
        let active = self.active(tips);
        let top = self.blocks.values().map(|block| block.height.0).max().unwrap_or(0);
        let lowest = (top + 1).saturating_sub(columns);
        let lanes = self.lanes(&active, tips, lowest);
        let place = |hash: &BlockHash| {
            let block = self.blocks.get(hash).filter(|block| block.height.0 >= lowest)?;
            Some((block.height.0 - lowest, lanes.get(hash).copied().unwrap_or(0)))
        };
        let mut blocks: Vec<PlacedBlock> = self
            .blocks
            .values()
            .filter_map(|summary| {
                let (column, lane) = place(&summary.hash)?;
                Some(PlacedBlock {
                    column,
                    lane,
                    standing: if active.contains(&summary.hash) { Standing::Active } else { Standing::Stale },
                    parent: place(&summary.previous),
                    nodes: at_tip(tips, &summary.hash),
                    shown_by: self.shown_by.get(&summary.hash).copied(),
                    returned: self.returned.get(&summary.hash).copied().unwrap_or(0),
                    summary: summary.clone(),
                })
            })
            .collect();
        sort_by_key(&mut blocks, |block| (block.column, block.lane));
        TreeLayout {
            columns: blocks.iter().map(|block| block.column + 1).max().unwrap_or(0),
            lanes: blocks.iter().map(|block| block.lane + 1).max().unwrap_or(0),
            blocks,
        }
    }

    /// The blocks that are in some node's chain.
    fn active(&self, tips: &[(NodeId, BlockHash)]) -> BTreeSet<BlockHash> {
        let mut active = BTreeSet::new();
        for (_, tip) in tips {
            for block in self.back_from(*tip) {
                if !active.insert(block.hash) {
                    break;
                }
            }
        }
        active
    }

    /// The lane of every block: each branch, best first, takes the first lane that is free over its heights.
    fn lanes(
        &self,
        active: &BTreeSet<BlockHash>,
        tips: &[(NodeId, BlockHash)],
        lowest: u32,
    ) -> BTreeMap<BlockHash, usize> {
        let mut lanes = BTreeMap::new();
        // For each lane the lowest height that is taken from there up to the right edge or the next branch.
        let mut taken: Vec<Vec<(u32, u32)>> = Vec::new();
        for leaf in self.leaves(active, tips) {
            let branch: Vec<&BlockSummary> = self
                .back_from(leaf)
                .take_while(|block| block.height.0 >= lowest && !lanes.contains_key(&block.hash))
                .collect();
            let (Some(last), Some(first)) = (branch.first(), branch.last()) else { continue };
            // One column more on each side, for the line from the fork and the words after the tip.
            let span = (first.height.0.saturating_sub(1), last.height.0 + 1);
            let free = |lane: &Vec<(u32, u32)>| lane.iter().all(|&(from, to)| span.1 < from || to < span.0);
            let lane = taken.iter().position(free).unwrap_or(taken.len()).min(MAX_LANES - 1);
            if lane == taken.len() {
                taken.push(Vec::new());
            }
            taken[lane].push(span);
            lanes.extend(branch.iter().map(|block| (block.hash, lane)));
        }
        lanes
    }

    /// The blocks without a child: active before stale, then by how many nodes stand there, height and hash.
    fn leaves(&self, active: &BTreeSet<BlockHash>, tips: &[(NodeId, BlockHash)]) -> Vec<BlockHash> {
        let parents: BTreeSet<BlockHash> = self.blocks.values().map(|block| block.previous).collect();
        let is_leaf = |block: &&BlockSummary| !parents.contains(&block.hash);
        let mut leaves: Vec<&BlockSummary> = self.blocks.values().filter(is_leaf).collect();
        sort_by_key(&mut leaves, |block| {
            let followers = at_tip(tips, &block.hash).len();
            let key = (active.contains(&block.hash), block.height, followers);
            (std::cmp::Reverse(key), block.hash)
        });
        leaves.into_iter().map(|block| block.hash).collect()
    }

    fn back_from(&self, tip: BlockHash) -> impl Iterator<Item = &BlockSummary> {
        // What another page told nobody has checked: a parent that is not lower is none.
        std::iter::successors(self.blocks.get(&tip), |block| {
            self.blocks.get(&block.previous).filter(|parent| parent.height < block.height)
        })
    }
}

fn at_tip(tips: &[(NodeId, BlockHash)], hash: &BlockHash) -> Vec<NodeId> {
    tips.iter().filter(|(_, tip)| tip == hash).map(|&(id, _)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_core::primitives::Height;

    fn hash(n: u8) -> BlockHash {
        BlockHash::from_bytes([n; 32])
    }

    fn block(n: u8, previous: u8, height: u32) -> BlockSummary {
        BlockSummary {
            hash: hash(n),
            previous: hash(previous),
            height: Height(height),
            time: 0,
            transactions: 1,
            miner: None,
        }
    }

    #[test]
    fn blocks_that_go_round_in_a_circle_are_drawn_and_no_more() {
        let mut tree = BlockTree::default();
        tree.learn(NodeId(3001), &[block(1, 2, 5), block(2, 1, 5), block(3, 1, 6), block(4, 4, 7)]);
        let layout = tree.layout(&[(NodeId(3001), hash(3)), (NodeId(3002), hash(4))], 8);
        assert_eq!(layout.blocks.len(), 4);
    }

    #[test]
    fn other_pages_fill_a_height_only_so_far_and_the_own_nodes_are_believed() {
        let mut tree = BlockTree::default();
        for n in 10..30 {
            tree.learn(NodeId(3001), &[block(n, 1, 5)]);
        }
        tree.learn(NodeId(3001), &[block(2, 9, 4)]);
        tree.merge(NodeId(3000), &[block(40, 2, 5), block(2, 1, 4)]);
        let layout = tree.layout(&[], 8);
        assert_eq!(layout.blocks.len(), MOST_LEARNT + 2);
        assert!(layout.blocks.iter().all(|placed| placed.summary.previous != hash(9)));
    }

    fn forked() -> BlockTree {
        let mut tree = BlockTree::default();
        tree.merge(NodeId(1), &[block(1, 0, 0), block(2, 1, 1), block(3, 2, 2), block(4, 3, 3)]);
        tree.merge(NodeId(2), &[block(1, 0, 0), block(2, 1, 1), block(13, 2, 2)]);
        tree
    }

    fn lane(layout: &TreeLayout, n: u8) -> usize {
        layout.blocks.iter().find(|block| block.summary.hash == hash(n)).unwrap().lane
    }

    #[test]
    fn the_best_chain_is_the_first_lane_and_a_branch_the_next() {
        let layout = forked().layout(&[(NodeId(1), hash(4)), (NodeId(2), hash(13))], 10);
        assert_eq!([1, 2, 3, 4, 13].map(|n| lane(&layout, n)), [0, 0, 0, 0, 1]);
        assert_eq!((layout.lanes, layout.stale()), (2, 0));
        let branch = layout.blocks.iter().find(|block| block.summary.hash == hash(13)).unwrap();
        assert_eq!(branch.parent, Some((1, 0)));
        assert_eq!((branch.nodes.as_slice(), branch.shown_by), ([NodeId(2)].as_slice(), Some(NodeId(2))));
    }

    #[test]
    fn a_block_that_every_node_left_is_stale() {
        let layout = forked().layout(&[(NodeId(1), hash(4)), (NodeId(2), hash(4))], 10);
        assert_eq!(layout.stale(), 1);
        assert_eq!(lane(&layout, 13), 1);
    }

    #[test]
    fn a_branch_that_was_left_says_what_it_gave_back() {
        let mut tree = forked();
        tree.left(hash(13), 2);
        tree.left(hash(13), 1);
        tree.left(hash(99), 5);
        let layout = tree.layout(&[(NodeId(1), hash(4)), (NodeId(2), hash(4))], 10);
        let returned = layout.blocks.iter().map(|block| block.returned).collect::<Vec<_>>();
        assert_eq!((returned.iter().sum::<usize>(), returned.iter().max()), (2, Some(&2)));
    }

    #[test]
    fn a_longer_branch_that_nobody_follows_stays_below_the_active_chain() {
        let layout = forked().layout(&[(NodeId(1), hash(13))], 10);
        assert_eq!(lane(&layout, 13), 0);
        assert_eq!(lane(&layout, 4), 1);
    }

    #[test]
    fn only_the_last_heights_are_drawn() {
        let layout = forked().layout(&[(NodeId(1), hash(4))], 2);
        assert_eq!(layout.columns, 2);
        assert!(layout.blocks.iter().all(|block| block.summary.height >= Height(2)));
    }

    #[test]
    fn blocks_far_below_the_top_are_forgotten() {
        let mut tree = BlockTree::default();
        let chain: Vec<_> = (1..=100).map(|n| block(n, n - 1, u32::from(n))).collect();
        assert!(tree.merge(NodeId(1), &chain));
        assert_eq!(tree.blocks.len(), REMEMBERED_HEIGHTS as usize);
    }
}
