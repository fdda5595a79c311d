//! What a page tells the teacher of its nodes, at most once a second. The relay carries it as bytes. What it says is what
//! the student's page says: nobody has checked the balance in it.

use crate::browser;
use crate::lab::Lab;
use crate::lab::port::Node;
use terrarium_core::encode::{DecodeError, Reader};
use terrarium_core::interface::{
    BlockSummary, NodeId, NodeSnapshot, PeerState, Role, Wire, from_bytes, to_bytes,
};
use terrarium_core::primitives::{Amount, BlockHash};
use terrarium_link::room::MAX_REPORT;

/// The form of a report's bytes.
const FORMAT: u8 = 1;
/// Nodes in a report, peers of each, and blocks.
const MAX_NODES: usize = 6;
const MAX_PEERS: usize = 12;
const MAX_BLOCKS: usize = 6;
/// A clock that is off by less, in seconds, is not worth a word.
const CLOCK_OFF_S: f64 = 20.0;

/// How it stands with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Standing {
    /// On the network.
    Running = 0,
    /// Not on it.
    Stopped = 1,
    /// Its worker is being started.
    Starting = 2,
    /// It cannot be run here.
    Failed = 3,
}

/// Over what a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Path {
    /// Between nodes of one browser.
    Own = 0,
    /// Over the relay.
    Relay = 1,
    /// From browser to browser.
    Direct = 2,
}

/// A node in short.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NodeReport {
    /// Its id.
    pub(crate) id: NodeId,
    /// What it is for.
    pub(crate) role: Role,
    /// How it stands with it.
    pub(crate) standing: Standing,
    /// Height of its tip.
    pub(crate) height: u32,
    /// Its tip.
    pub(crate) tip: Option<BlockHash>,
    /// Hashes a second.
    pub(crate) rate: u32,
    /// Confirmed coins.
    pub(crate) balance: Amount,
    /// Blocks that it found.
    pub(crate) found: u32,
    /// Its connections.
    pub(crate) peers: Vec<(NodeId, Path)>,
    /// Where it is paid.
    pub(crate) address: Option<String>,
}

/// What a page tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// Nobody sees the page: its browser may let it sleep.
    pub(crate) hidden: bool,
    /// How many seconds the machine's clock is behind the relay's; 0 where that is little.
    pub(crate) clock_off: i32,
    /// Its nodes.
    pub(crate) nodes: Vec<NodeReport>,
    /// The last blocks of the highest of them, oldest first.
    pub(crate) blocks: Vec<BlockSummary>,
}

impl Report {
    /// What there is to tell of a lab.
    pub(super) fn of(
        lab: Lab,
        hidden: bool,
        clock_off: i32,
        is_direct: impl Fn(std::net::IpAddr) -> bool,
    ) -> Self {
        let own = lab.host();
        lab.nodes(|nodes| {
            let known = nodes.values().filter(|node| !node.is_viewer()).take(MAX_NODES);
            let highest = nodes.values().filter_map(|node| node.snapshot()?.chain.as_ref());
            let highest = highest.max_by_key(|chain| chain.height);
            let blocks = highest.map(|chain| &chain.recent[chain.recent.len().saturating_sub(MAX_BLOCKS)..]);
            Self {
                hidden,
                clock_off,
                nodes: known.map(|node| NodeReport::of(node, own, &is_direct)).collect(),
                blocks: blocks.unwrap_or_default().to_vec(),
            }
        })
    }

    /// The bytes; none where there are too many of them.
    pub(super) fn write(&self) -> Option<Vec<u8>> {
        Some(to_bytes(&Versioned(self.clone()))).filter(|bytes| bytes.len() <= MAX_REPORT)
    }

    /// What bytes say; none where they are no report.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        from_bytes::<Versioned>(bytes).ok().map(|Versioned(report)| report)
    }

    /// The page's own node: that of the lowest id.
    pub(crate) fn own_node(&self) -> Option<&NodeReport> {
        self.nodes.first()
    }
}

impl NodeReport {
    fn of(node: &Node, own: std::net::Ipv4Addr, is_direct: &impl Fn(std::net::IpAddr) -> bool) -> Self {
        let snapshot = node.snapshot();
        let chain = snapshot.and_then(|snapshot| snapshot.chain.as_ref());
        let standing = match node.state_word() {
            "running" => Standing::Running,
            "starting" => Standing::Starting,
            "crashed" => Standing::Failed,
            _ => Standing::Stopped,
        };
        let peers = |snapshot: &NodeSnapshot| {
            let connected = snapshot.peers.iter().filter(|peer| peer.state == PeerState::Connected);
            let peer = |address: std::net::SocketAddr| {
                let path = match address.ip() {
                    ip if ip == own => Path::Own,
                    ip if is_direct(ip) => Path::Direct,
                    _ => Path::Relay,
                };
                (NodeId(address.port()), path)
            };
            connected.take(MAX_PEERS).map(|peer_of| peer(peer_of.address)).collect()
        };
        // In steps, so that a steady miner is no news.
        let rate = snapshot.map_or(0.0, |snapshot| snapshot.mining.hashes_per_second);
        Self {
            id: node.entry.config.id,
            role: node.entry.config.role,
            standing,
            height: chain.map_or(0, |chain| chain.height.0),
            tip: chain.map(|chain| chain.tip),
            rate: ((rate / 500.0).round() * 500.0) as u32,
            balance: snapshot.map(|snapshot| snapshot.wallet.balance).unwrap_or_default(),
            found: snapshot.map_or(0, |snapshot| snapshot.mining.blocks_found as u32),
            peers: snapshot.map(peers).unwrap_or_default(),
            address: snapshot.and_then(|snapshot| Some(snapshot.wallet.addresses.first()?.address.clone())),
        }
    }
}

/// How many seconds this machine's clock is behind the relay's, given when it said that the relay's time was heard; 0 where
/// that is little.
#[allow(clippy::cast_precision_loss, reason = "exact for longer than there will be browsers")]
pub(super) fn clock_off(relay_ms: u64, heard_ms: f64) -> i32 {
    let seconds = (relay_ms as f64 - heard_ms) / 1_000.0;
    if seconds.abs() < CLOCK_OFF_S { 0 } else { seconds as i32 }
}

/// Whether nobody sees this page.
pub(super) fn is_hidden() -> bool {
    browser::is_hidden()
}

struct Versioned(Report);

impl Wire for Versioned {
    fn write(&self, out: &mut Vec<u8>) {
        let Report { hidden, clock_off, nodes, blocks } = &self.0;
        FORMAT.write(out);
        hidden.write(out);
        clock_off.write(out);
        nodes.write(out);
        blocks.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if u8::read(reader)? != FORMAT {
            return Err(DecodeError::InvalidValue { field: "report" });
        }
        let (hidden, clock_off) = (Wire::read(reader)?, Wire::read(reader)?);
        let (nodes, blocks): (Vec<NodeReport>, Vec<BlockSummary>) =
            (Wire::read(reader)?, Wire::read(reader)?);
        let most_peers = nodes.iter().map(|node| node.peers.len()).max().unwrap_or(0);
        if nodes.len() > MAX_NODES || blocks.len() > MAX_BLOCKS || most_peers > MAX_PEERS {
            return Err(DecodeError::InvalidValue { field: "report" });
        }
        Ok(Self(Report { hidden, clock_off, nodes, blocks }))
    }
}

impl Wire for NodeReport {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { id, role, standing, height, tip, rate, balance, found, peers, address } = self;
        id.write(out);
        role.write(out);
        (*standing as u8).write(out);
        height.write(out);
        tip.write(out);
        rate.write(out);
        balance.write(out);
        found.write(out);
        peers.write(out);
        address.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: Wire::read(reader)?,
            role: Wire::read(reader)?,
            standing: match u8::read(reader)? {
                0 => Standing::Running,
                1 => Standing::Stopped,
                2 => Standing::Starting,
                3 => Standing::Failed,
                _ => return Err(DecodeError::InvalidValue { field: "standing" }),
            },
            height: Wire::read(reader)?,
            tip: Wire::read(reader)?,
            rate: Wire::read(reader)?,
            balance: Wire::read(reader)?,
            found: Wire::read(reader)?,
            peers: Wire::read(reader)?,
            address: Wire::read(reader)?,
        })
    }
}

impl Wire for Path {
    fn write(&self, out: &mut Vec<u8>) {
        (*self as u8).write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::read(reader)? {
            0 => Ok(Self::Own),
            1 => Ok(Self::Relay),
            2 => Ok(Self::Direct),
            _ => Err(DecodeError::InvalidValue { field: "path" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_core::primitives::Height;

    fn node(id: u16) -> NodeReport {
        NodeReport {
            id: NodeId(id),
            role: Role::Full,
            standing: Standing::Running,
            height: u32::MAX,
            tip: Some(BlockHash::from_bytes([7; 32])),
            rate: 10_000,
            balance: Amount::from_coins(21_000_000),
            found: 3,
            peers: vec![(NodeId(3000), Path::Relay); MAX_PEERS],
            address: Some("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".to_owned()),
        }
    }

    fn block() -> BlockSummary {
        BlockSummary {
            hash: BlockHash::from_bytes([1; 32]),
            previous: BlockHash::from_bytes([2; 32]),
            height: Height(7),
            time: 8,
            transactions: 9,
            miner: Some("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".to_owned()),
        }
    }

    #[test]
    fn the_longest_report_fits_and_reads_back_what_it_wrote() {
        let nodes = (0..MAX_NODES as u16).map(|at| node(3000 + at)).collect();
        let report = Report { hidden: true, clock_off: -90, nodes, blocks: vec![block(); MAX_BLOCKS] };
        let bytes = report.write().expect("it fits");
        assert_eq!(Report::read(&bytes), Some(report));
    }

    #[test]
    fn a_clock_that_is_off_by_little_is_right() {
        assert_eq!(clock_off(1_000_000, 1_019_000.0), 0);
        assert_eq!(clock_off(1_000_000, 1_090_000.0), -90);
        assert_eq!(clock_off(1_090_000, 1_000_000.0), 90);
    }

    #[test]
    fn what_is_no_report_is_none() {
        let bytes = Report { nodes: vec![node(3001)], ..Report::default() }.write().expect("it fits");
        assert!((0..bytes.len()).all(|length| Report::read(&bytes[..length]).is_none()));
        assert_eq!(Report::read(&[FORMAT + 1, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
