//! The class at one glance, made of who is there and what their pages tell. Pure.

use super::Member;
use super::report::{NodeReport, Report, Standing};
use std::net::Ipv4Addr;
use terrarium_core::collections::{BTreeMap, sort_by_key};
use terrarium_core::primitives::{Amount, BlockHash};
use terrarium_link::room::{Label, Lesson, RosterLine};

/// Somebody of the class.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Its address.
    pub(crate) address: [u8; 4],
    /// Whether it is the teacher's.
    pub(crate) teacher: bool,
    /// What it is called; its address where it has no name.
    pub(crate) name: String,
    /// The school's number; empty where the roster has none.
    pub(crate) number: String,
    /// Others do not see the name.
    pub(crate) hidden: bool,
    /// The part of the class that is split.
    pub(crate) team: Option<usize>,
    /// What is wrong there.
    pub(crate) trouble: Trouble,
    /// Its own node.
    pub(crate) node: Option<NodeReport>,
    /// Coins of all its nodes.
    pub(crate) balance: Amount,
    /// Blocks found by all of them.
    pub(crate) found: u32,
}

/// What keeps a browser from taking part, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing.
    None,
    /// Its page has told nothing yet.
    Silent,
    /// It cannot run its node.
    Failed,
    /// It runs no node, or its node was stopped.
    Stopped,
    /// Nobody sees the page: its browser may let it sleep.
    Hidden,
    /// Its clock is behind the room's by so many seconds, or ahead by fewer than none.
    ClockOff(i32),
}

/// A tip and how many nodes are on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tip {
    /// The block.
    pub(crate) hash: BlockHash,
    /// Its height.
    pub(crate) height: u32,
    /// Nodes whose tip it is.
    pub(crate) nodes: usize,
}

/// What the overview is made of.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Who is there, this browser too.
    pub(crate) members: &'a [Member],
    /// What their pages tell.
    pub(crate) reports: &'a BTreeMap<[u8; 4], Report>,
    /// The roster.
    pub(crate) roster: &'a [RosterLine],
    /// What the teacher decided about names.
    pub(crate) labels: &'a [Label],
    /// What is arranged.
    pub(crate) lesson: &'a Lesson,
}

/// The rows of the class, by address.
pub(crate) fn rows(known: Known<'_>) -> Vec<Row> {
    known.members.iter().map(|member| row(known, member)).collect()
}

fn row(known: Known<'_>, member: &Member) -> Row {
    let Member { address, teacher, name, .. } = member;
    let report = known.reports.get(address);
    let line = known.roster.iter().find(|line| line.held == Some(*address));
    let nodes = report.map(|report| report.nodes.as_slice()).unwrap_or_default();
    let sum = |sum: Amount, node: &NodeReport| sum.checked_add(node.balance).unwrap_or(sum);
    Row {
        address: *address,
        teacher: *teacher,
        name: if name.is_empty() { Ipv4Addr::from(*address).to_string() } else { name.clone() },
        number: line.map(|line| line.number.clone()).unwrap_or_default(),
        hidden: known.labels.iter().any(|label| label.address == *address && label.hidden),
        team: known.lesson.team_of(*address),
        trouble: trouble(report),
        node: report.and_then(Report::own_node).cloned(),
        balance: nodes.iter().fold(Amount::ZERO, sum),
        found: nodes.iter().fold(0, |sum: u32, node| sum.saturating_add(node.found)),
    }
}

fn trouble(report: Option<&Report>) -> Trouble {
    let Some(report) = report else { return Trouble::Silent };
    match report.own_node().map(|node| node.standing) {
        Some(Standing::Failed) => Trouble::Failed,
        None | Some(Standing::Stopped) => Trouble::Stopped,
        Some(Standing::Running | Standing::Starting) if report.hidden => Trouble::Hidden,
        Some(Standing::Running | Standing::Starting) if report.clock_off != 0 => {
            Trouble::ClockOff(report.clock_off)
        }
        Some(Standing::Running | Standing::Starting) => Trouble::None,
    }
}

/// The tips of all running nodes, the one of most nodes first.
pub(crate) fn tips(reports: &BTreeMap<[u8; 4], Report>) -> Vec<Tip> {
    let mut tips: Vec<Tip> = Vec::new();
    let nodes = reports.values().flat_map(|report| &report.nodes);
    for node in nodes.filter(|node| node.standing == Standing::Running) {
        let Some(hash) = node.tip else { continue };
        match tips.iter_mut().find(|tip| tip.hash == hash) {
            Some(tip) => tip.nodes += 1,
            None => tips.push(Tip { hash, height: node.height, nodes: 1 }),
        }
    }
    sort_by_key(&mut tips, |tip| std::cmp::Reverse((tip.nodes, tip.height)));
    tips
}

/// The newest block of which a page tells, and the name of who found it, where that is known.
pub(crate) fn last_found(known: Known<'_>) -> Option<(u32, BlockHash, Option<String>)> {
    let blocks = known.reports.values().flat_map(|report| &report.blocks);
    let block = blocks.max_by_key(|block| (block.height, block.time))?;
    let address = block.miner.as_deref();
    let pays = |report: &Report| report.nodes.iter().any(|node| node.address.as_deref() == address);
    let finder = known.reports.iter().find(|(_, report)| address.is_some() && pays(report));
    let member =
        finder.and_then(|(address, _)| known.members.iter().find(|member| member.address == *address));
    let name = member.map(|member| row(known, member).name);
    Some((block.height.0, block.hash, name))
}

/// Names of the roster whose students are not there.
pub(crate) fn absent(known: Known<'_>) -> Vec<String> {
    let is_there = |address: [u8; 4]| known.members.iter().any(|member| member.address == address);
    let absent = known.roster.iter().filter(|line| !line.held.is_some_and(is_there));
    absent.map(|line| line.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_core::interface::{NodeId, Role};

    fn node(id: u16, tip: u8, coins: u32) -> NodeReport {
        NodeReport {
            id: NodeId(id),
            role: Role::Full,
            standing: Standing::Running,
            height: u32::from(tip),
            tip: Some(BlockHash::from_bytes([tip; 32])),
            rate: 0,
            balance: Amount::from_coins(coins),
            found: 1,
            peers: Vec::new(),
            address: Some(format!("address {id}")),
        }
    }

    fn report(nodes: Vec<NodeReport>) -> Report {
        Report { nodes, ..Report::default() }
    }

    fn member(at: u8, name: &str) -> Member {
        Member { address: [10, 1, 0, at], teacher: at == 1, name: name.to_owned(), nodes: Vec::new() }
    }

    fn line(name: &str, held: Option<[u8; 4]>) -> RosterLine {
        RosterLine { number: "07".to_owned(), name: name.to_owned(), held }
    }

    #[test]
    fn a_class_agrees_when_all_running_nodes_are_on_one_tip() {
        let mut stopped = node(3003, 9, 0);
        stopped.standing = Standing::Stopped;
        let mut reports = BTreeMap::new();
        reports.insert([10, 1, 0, 1], report(vec![node(3000, 5, 0), node(3002, 5, 0)]));
        reports.insert([10, 1, 0, 2], report(vec![node(3001, 5, 0), stopped]));
        assert_eq!(tips(&reports).iter().map(|tip| (tip.height, tip.nodes)).collect::<Vec<_>>(), [(5, 3)]);
        reports.insert([10, 1, 0, 3], report(vec![node(3004, 6, 0)]));
        assert_eq!(
            tips(&reports).iter().map(|tip| (tip.height, tip.nodes)).collect::<Vec<_>>(),
            [(5, 3), (6, 1)]
        );
    }

    #[test]
    fn a_row_tells_what_is_wrong_and_who_of_the_roster_it_is() {
        let members = [member(1, "老师"), member(2, "王小明"), member(3, "")];
        let mut reports = BTreeMap::new();
        reports.insert([10, 1, 0, 1], report(vec![node(3000, 5, 20), node(3002, 5, 5)]));
        let asleep = Report { hidden: true, clock_off: 90, ..report(vec![node(3001, 5, 0)]) };
        reports.insert([10, 1, 0, 2], asleep);
        let roster =
            [line("王小明", Some([10, 1, 0, 2])), line("李雷", None), line("赵六", Some([10, 1, 0, 9]))];
        let labels = [Label { address: [10, 1, 0, 2], name: String::new(), hidden: true }];
        let lesson = Lesson::default();
        let known =
            Known { members: &members, reports: &reports, roster: &roster, labels: &labels, lesson: &lesson };
        let rows = rows(known);
        assert_eq!(rows[0].balance, Amount::from_coins(25));
        assert_eq!((rows[1].number.as_str(), rows[1].hidden, rows[1].trouble), ("07", true, Trouble::Hidden));
        assert_eq!((rows[2].name.as_str(), rows[2].trouble), ("10.1.0.3", Trouble::Silent));
        assert_eq!(absent(known), ["李雷", "赵六"]);
    }
}
