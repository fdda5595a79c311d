//! The conditions of all links as the visitor set them, and what each node's worker is told of them. They are the lab's, not
//! a page's: they are remembered where they change, and every tab follows.

use super::memory;
use super::traffic::News;
use crate::browser;
use terrarium_core::collections::BTreeMap;
use terrarium_core::encode::{DecodeError, Reader};
use terrarium_core::interface::{LinkCondition, NodeId, Wire};

/// How links are remembered. Counts up with every change of what is written.
const FORMAT: u8 = 1;

/// How one link differs from a perfect one, the same both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LinkSettings {
    /// One way, milliseconds.
    pub(crate) latency_ms: f64,
    /// Up to this much more, milliseconds.
    pub(crate) jitter_ms: f64,
    /// Bytes a second; 0 is unlimited.
    pub(crate) bandwidth: f64,
    /// Nothing passes.
    pub(crate) cut: bool,
}

/// All links of the lab. A cut network is a list of groups; nodes in none of them form one more group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Links {
    /// Settings by pair, the lower id first; bounded by the nodes of the lab.
    settings: BTreeMap<(NodeId, NodeId), LinkSettings>,
    /// The groups that do not hear each other; empty when the network is whole.
    groups: Vec<Vec<NodeId>>,
}

impl Links {
    /// Sets one link.
    pub(crate) fn set(&mut self, a: NodeId, b: NodeId, settings: LinkSettings) {
        let pair = pair(a, b);
        if settings == LinkSettings::default() {
            self.settings.remove(&pair);
        } else {
            self.settings.insert(pair, settings);
        }
    }

    /// The settings of one link, the network's cut left aside.
    pub(crate) fn get(&self, a: NodeId, b: NodeId) -> LinkSettings {
        self.settings.get(&pair(a, b)).copied().unwrap_or_default()
    }

    /// Cuts the network into groups.
    pub(crate) fn partition(&mut self, groups: Vec<Vec<NodeId>>) {
        self.groups = groups;
    }

    /// Cuts one link or heals it. A network in two halves stays cut everywhere else; `nodes` are all that there are.
    pub(crate) fn toggle(&mut self, a: NodeId, b: NodeId, nodes: &[NodeId]) {
        let cut = !self.is_cut(a, b);
        if !cut {
            self.cut_one_by_one(nodes);
        }
        self.set(a, b, LinkSettings { cut, ..self.get(a, b) });
    }

    /// The same cuts, as those of single links.
    fn cut_one_by_one(&mut self, nodes: &[NodeId]) {
        for (a, b) in pairs(nodes) {
            if self.is_cut(a, b) {
                self.set(a, b, LinkSettings { cut: true, ..self.get(a, b) });
            }
        }
        self.groups.clear();
    }

    /// Forgets a node that is gone. Where all `others` are on one side then, the network is whole again.
    pub(crate) fn forget(&mut self, node: NodeId, others: &[NodeId]) {
        self.settings.retain(|&(a, b), _| a != node && b != node);
        self.groups.iter_mut().for_each(|group| group.retain(|&id| id != node));
        self.groups.retain(|group| !group.is_empty());
        if others.iter().all(|&other| self.group_of(other) == 0) {
            self.groups.clear();
        }
    }

    /// Puts a new node of a cut network with the larger side, unless some of the `others` form a group that no one
    /// named, which it then joins by itself.
    pub(crate) fn welcome(&mut self, node: NodeId, others: &[NodeId]) {
        if others.iter().any(|&other| self.group_of(other) == self.groups.len()) {
            return;
        }
        if let Some(largest) = self.groups.iter_mut().max_by_key(|group| group.len()) {
            largest.push(node);
        }
    }

    /// The links that are cut by themselves, whatever the network's cut is.
    pub(crate) fn cut_singly(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.settings.iter().filter(|(_, settings)| settings.cut).map(|(&link, _)| link)
    }

    /// Heals every cut: the network's and those of single links.
    pub(crate) fn heal(&mut self) {
        self.groups.clear();
        self.settings.values_mut().for_each(|settings| settings.cut = false);
        self.settings.retain(|_, settings| *settings != LinkSettings::default());
    }

    /// The groups of a cut network; empty when it is whole.
    pub(crate) fn groups(&self) -> &[Vec<NodeId>] {
        &self.groups
    }

    /// Which group a node is in; the unnamed nodes share the number after the last group's.
    pub(crate) fn group_of(&self, node: NodeId) -> usize {
        self.groups.iter().position(|group| group.contains(&node)).unwrap_or(self.groups.len())
    }

    /// Whether nothing passes between two nodes.
    pub(crate) fn is_cut(&self, a: NodeId, b: NodeId) -> bool {
        self.get(a, b).cut || self.group_of(a) != self.group_of(b)
    }

    /// Whether any cut is in force.
    pub(crate) fn any_cut(&self) -> bool {
        !self.groups.is_empty() || self.cut_singly().next().is_some()
    }

    /// What there is to tell of the change from `before`, to somebody who sees `nodes`.
    pub(crate) fn news(&self, before: &Links, nodes: &[NodeId]) -> Vec<News> {
        if before.any_cut() && !self.any_cut() {
            return vec![News::Healed];
        }
        let turned: Vec<(NodeId, NodeId)> =
            pairs(nodes).filter(|&(a, b)| self.is_cut(a, b) != before.is_cut(a, b)).collect();
        let is_parted = !self.groups.is_empty() && self.groups != before.groups;
        // A node that joins a side changes the groups and parts nobody.
        if is_parted && (before.groups.is_empty() || !turned.is_empty()) {
            let unnamed = nodes.iter().any(|&node| self.group_of(node) == self.groups.len());
            return vec![News::Cut { parts: self.groups.len() + usize::from(unnamed) }];
        }
        turned.into_iter().map(|(a, b)| News::Link { a, b, cut: self.is_cut(a, b) }).collect()
    }

    /// What the worker of `node` must know, the other nodes being `others`.
    pub(crate) fn conditions(&self, node: NodeId, others: &[NodeId]) -> Vec<LinkCondition> {
        let differing = others.iter().filter(|&&other| other != node).filter_map(|&other| {
            let LinkSettings { latency_ms, jitter_ms, bandwidth, .. } = self.get(node, other);
            let cut = self.is_cut(node, other);
            let condition = LinkCondition { to: other, latency_ms, jitter_ms, bandwidth, cut };
            let perfect = LinkSettings { cut, ..self.get(node, other) } == LinkSettings::default();
            (!perfect).then_some(condition)
        });
        differing.collect()
    }
}

fn pair(a: NodeId, b: NodeId) -> (NodeId, NodeId) {
    (a.min(b), a.max(b))
}

fn pairs(nodes: &[NodeId]) -> impl Iterator<Item = (NodeId, NodeId)> {
    let after = |at: usize| nodes[at + 1..].iter().copied();
    nodes.iter().enumerate().flat_map(move |(at, &a)| after(at).map(move |b| (a, b)))
}

impl Wire for LinkSettings {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { latency_ms, jitter_ms, bandwidth, cut } = self;
        latency_ms.write(out);
        jitter_ms.write(out);
        bandwidth.write(out);
        cut.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            latency_ms: Wire::read(reader)?,
            jitter_ms: Wire::read(reader)?,
            bandwidth: Wire::read(reader)?,
            cut: Wire::read(reader)?,
        })
    }
}

impl Wire for Links {
    fn write(&self, out: &mut Vec<u8>) {
        let settings: Vec<_> = self.settings.iter().map(|(link, settings)| (*link, *settings)).collect();
        settings.write(out);
        self.groups.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let settings: Vec<_> = Wire::read(reader)?;
        Ok(Self { settings: settings.into_iter().collect(), groups: Wire::read(reader)? })
    }
}

/// The links of a lab as one of its tabs last set them, perfect where nothing is remembered; none where nothing readable
/// is.
pub(crate) fn load(lab: &str) -> Option<Links> {
    browser::remembered(&key(lab)).map_or_else(|| Some(Links::default()), |text| from_text(&text))
}

/// Remembers the links of a lab, for its other tabs and the next visit; of perfect ones nothing.
pub(crate) fn save(lab: &str, links: &Links) {
    if *links == Links::default() {
        browser::forget(&key(lab));
    } else {
        browser::remember(&key(lab), &to_text(links));
    }
}

/// The name under which a lab's links are remembered.
pub(crate) fn key(lab: &str) -> String {
    format!("terrarium/{lab}/links")
}

fn to_text(links: &Links) -> String {
    memory::to_text(FORMAT, links.clone())
}

fn from_text(text: &str) -> Option<Links> {
    memory::from_text(FORMAT, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(3000);
    const B: NodeId = NodeId(3001);
    const C: NodeId = NodeId(3002);

    #[test]
    fn nodes_that_no_group_names_form_one_more_group() {
        let mut links = Links::default();
        links.partition(vec![vec![A]]);
        assert!(links.is_cut(A, B));
        assert!(!links.is_cut(B, C));
        let cut: Vec<NodeId> = links.conditions(A, &[A, B, C]).iter().map(|link| link.to).collect();
        assert_eq!(cut, [B, C]);
    }

    #[test]
    fn healing_lifts_cuts_and_keeps_latency() {
        let mut links = Links::default();
        links.set(B, A, LinkSettings { latency_ms: 200.0, cut: true, ..LinkSettings::default() });
        links.set(B, C, LinkSettings { cut: true, ..LinkSettings::default() });
        links.partition(vec![vec![A], vec![B, C]]);
        links.heal();
        assert!(!links.any_cut());
        assert_eq!(links.conditions(C, &[A, B, C]), []);
        let condition = links.conditions(A, &[A, B, C])[0];
        assert_eq!((condition.to, condition.latency_ms, condition.cut), (B, 200.0, false));
    }

    #[test]
    fn one_link_of_a_cut_network_can_be_healed_and_cut_again() {
        let (nodes, mut links) = ([A, B, C], Links::default());
        let cut = |links: &Links| [(A, B), (A, C), (B, C)].map(|(a, b)| links.is_cut(a, b));
        links.partition(vec![vec![A], vec![B, C]]);
        links.toggle(A, B, &nodes);
        assert_eq!(cut(&links), [false, true, false]);
        links.toggle(B, A, &nodes);
        assert_eq!(cut(&links), [true, true, false]);
    }

    #[test]
    fn a_cut_ends_when_a_side_is_empty() {
        let mut links = Links::default();
        links.partition(vec![vec![A], vec![B, C]]);
        links.forget(B, &[A, C]);
        assert!(links.is_cut(A, C));
        links.forget(A, &[C]);
        assert!(!links.any_cut());
    }

    #[test]
    fn a_node_that_joins_a_cut_network_is_not_alone() {
        let mut links = Links::default();
        links.welcome(C, &[A, B]);
        assert!(!links.any_cut());
        links.partition(vec![vec![A]]);
        links.welcome(C, &[A, B]);
        assert!(links.is_cut(A, C) && !links.is_cut(B, C));
        links.partition(vec![vec![A], vec![B]]);
        links.welcome(C, &[A, B]);
        assert!(links.is_cut(A, C) != links.is_cut(B, C));
    }

    #[test]
    fn links_are_remembered_as_they_are_and_nonsense_is_not_taken_for_them() {
        let mut links = Links::default();
        links.partition(vec![vec![A], vec![B, C]]);
        links.set(B, A, LinkSettings { latency_ms: 200.0, jitter_ms: 20.0, bandwidth: 1e6, cut: false });
        links.set(B, C, LinkSettings { cut: true, ..LinkSettings::default() });
        let text = to_text(&links);
        assert_eq!(from_text(&text), Some(links));
        let newer = text.replacen("01", "02", 1);
        for nonsense in ["", "null", "{", "[7]", "00", "zz", &text[2..], &text[..text.len() - 2], &newer] {
            assert_eq!(from_text(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn what_is_told_of_a_change_is_what_it_does_to_the_nodes_that_one_sees() {
        let nodes = [A, B, C];
        let whole = Links::default();
        let mut cut = Links::default();
        cut.partition(vec![vec![A], vec![B, C]]);
        assert_eq!(cut.news(&whole, &nodes), [News::Cut { parts: 2 }]);
        assert_eq!(cut.news(&whole, &[A]), [News::Cut { parts: 2 }]);
        assert_eq!(whole.news(&cut, &nodes), [News::Healed]);
        assert_eq!(cut.news(&cut, &nodes), []);
        let mut moved = Links::default();
        moved.partition(vec![vec![A, B], vec![C]]);
        assert_eq!(moved.news(&cut, &nodes), [News::Cut { parts: 2 }]);
        let mut joined = cut.clone();
        joined.welcome(NodeId(3003), &nodes);
        assert_eq!(joined.news(&cut, &nodes), []);
        let mut mended = cut.clone();
        mended.toggle(A, B, &nodes);
        assert_eq!(mended.news(&cut, &nodes), [News::Link { a: A, b: B, cut: false }]);
        let mut slow = whole.clone();
        slow.set(A, B, LinkSettings { latency_ms: 1.0, ..LinkSettings::default() });
        assert_eq!(slow.news(&whole, &nodes), []);
    }

    #[test]
    fn a_perfect_link_is_not_listed() {
        let mut links = Links::default();
        links.set(A, B, LinkSettings::default());
        assert_eq!(links.conditions(A, &[A, B]), []);
    }
}
