//! Which nodes of the lab are up: every running node says so on the directory channel every two seconds, and once
//! more when a new one asks. The stand-ins for DNS seeds answer out of it. Pure: texts in, texts out.
//!
//! `up <id> <network>` (a running node), `down <id>` (it leaves, or has just been started and knows of no connection),
//! `who` (asks all to say `up`). A node that says `down` or falls silent is gone, and so are the connections with it. In
//! a relay's room the page says the same of the nodes of other browsers, `<address>:<id>` in place of `<id>`, whenever
//! the relay tells the time.

use std::net::{Ipv4Addr, SocketAddr};
use terrarium_core::collections::BTreeMap;
use terrarium_core::interface::NodeId;

/// A running node says so this often.
pub(crate) const ANNOUNCE_MS: f64 = 2_000.0;
/// A node that was silent for so long is gone.
const FORGET_MS: f64 = 7_000.0;
/// A node of another browser that the page says nothing of for so long is gone: the page went without a word.
const FORGET_ROOM_MS: f64 = 60_000.0;
/// Nodes that are remembered at most.
const MOST_NODES: usize = 1_000;
/// The longest text that can mean anything: `up 65535 `, genesis hash, magic.
pub(crate) const MOST_TEXT: usize = 100;

/// What this worker knows of the others.
#[derive(Debug)]
pub(crate) struct Directory {
    own: NodeId,
    /// This browser: 127.0.0.1, or its address in a relay's room.
    host: Ipv4Addr,
    /// The network that this node announces, while it is up.
    announced: Option<String>,
    /// Bounded by `MOST_NODES`.
    others: BTreeMap<SocketAddr, Entry>,
    next_announcement: f64,
    /// The nodes of our network changed since they were last asked for.
    changed: bool,
    /// The nodes of the room changed since they were last asked for.
    room_changed: bool,
    /// Nodes that went since they were last asked for; bounded by `MOST_NODES`, each having been in `others`.
    gone: Vec<SocketAddr>,
    /// Texts that were none of the channel's.
    dropped: u64,
}

/// What a text on the channel says.
enum Announcement<'a> {
    Who,
    Up(SocketAddr, &'a str),
    Down(SocketAddr),
}

impl<'a> Announcement<'a> {
    fn read(text: &'a str, host: Ipv4Addr) -> Option<Self> {
        let mut words = text.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("who"), None, ..) => Some(Self::Who),
            (Some("up"), Some(id), Some(network), None) => Some(Self::Up(address(id, host)?, network)),
            (Some("down"), Some(id), None, _) => Some(Self::Down(address(id, host)?)),
            _ => None,
        }
    }
}

/// The address of a node of this browser (`3001`) or of another one of the room (`10.1.0.2:3001`).
fn address(text: &str, host: Ipv4Addr) -> Option<SocketAddr> {
    if let Ok(id) = text.parse::<NodeId>() {
        return Some(SocketAddr::from((host, id.0)));
    }
    let address: SocketAddr = text.parse().ok()?;
    let is_of_the_room = |ip: Ipv4Addr| ip.octets()[0] == 10 && host.octets()[0] == 10 && ip != host;
    let known = matches!(address, SocketAddr::V4(v4) if is_of_the_room(*v4.ip()) && v4.port() > 0);
    known.then_some(address)
}

#[derive(Debug)]
struct Entry {
    network: String,
    heard: f64,
}

impl Directory {
    pub(crate) fn new(own: NodeId, host: Ipv4Addr) -> Self {
        Self {
            own,
            host,
            announced: None,
            others: BTreeMap::new(),
            next_announcement: 0.0,
            changed: false,
            room_changed: false,
            gone: Vec::new(),
            dropped: 0,
        }
    }

    /// What a node says first: whatever ran under its id before is gone, and who is up?
    pub(crate) fn introduction(&self) -> [String; 2] {
        [self.farewell(), "who".to_owned()]
    }

    /// Says which network this node is up on, or that it is not; returns what to tell the others now.
    pub(crate) fn set_own(&mut self, network: Option<String>, now_ms: f64) -> Option<String> {
        if self.announced == network {
            return None;
        }
        self.announced = network;
        self.changed = true;
        Some(self.announcement(now_ms).unwrap_or_else(|| self.farewell()))
    }

    /// The regular announcement, if it is time for it.
    pub(crate) fn announce(&mut self, now_ms: f64) -> Option<String> {
        self.forget_silent(now_ms);
        if now_ms < self.next_announcement { None } else { self.announcement(now_ms) }
    }

    /// When to call [`Directory::announce`] again.
    pub(crate) fn next_wakeup(&self) -> Option<f64> {
        self.announced.as_ref().map(|_| self.next_announcement)
    }

    /// Takes in a message from the channel, which anybody may have posted; none is one that was no text of at most
    /// [`MOST_TEXT`]. Returns what to answer.
    pub(crate) fn hear(&mut self, text: Option<&str>, now_ms: f64) -> Option<String> {
        let own = SocketAddr::from((self.host, self.own.0));
        match text.and_then(|text| Announcement::read(text, self.host)) {
            Some(Announcement::Who) => self.announcement(now_ms),
            Some(Announcement::Up(id, _)) if id == own => None,
            Some(Announcement::Up(id, network)) => {
                let is_new = self.note(id, network, now_ms);
                if is_new { self.announcement(now_ms) } else { None }
            }
            Some(Announcement::Down(id)) => {
                self.forget(id);
                None
            }
            None => {
                self.dropped += 1;
                None
            }
        }
    }

    /// How many messages meant nothing.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The nodes that are up on our network, if that changed since the last time.
    pub(crate) fn take_changed(&mut self) -> Option<Vec<SocketAddr>> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        self.announced.as_ref()?;
        Some(self.up().collect())
    }

    /// The nodes of the room, on whatever network, if they changed since the last time; never outside a room.
    pub(crate) fn take_room(&mut self) -> Option<Vec<SocketAddr>> {
        let changed = std::mem::take(&mut self.room_changed) && !self.host.is_loopback();
        changed.then(|| self.others.keys().copied().collect())
    }

    /// The nodes that are up on our network; none while this node is on none.
    pub(crate) fn up(&self) -> impl Iterator<Item = SocketAddr> {
        let is_ours = |entry: &Entry| self.announced.as_ref() == Some(&entry.network);
        self.others.iter().filter(move |(_, entry)| is_ours(entry)).map(|(id, _)| *id)
    }

    /// The nodes that went since the last call.
    pub(crate) fn take_gone(&mut self) -> Vec<SocketAddr> {
        std::mem::take(&mut self.gone)
    }

    fn farewell(&self) -> String {
        format!("down {}", self.own)
    }

    fn announcement(&mut self, now_ms: f64) -> Option<String> {
        let network = self.announced.as_ref()?;
        self.next_announcement = now_ms + ANNOUNCE_MS;
        Some(format!("up {} {network}", self.own))
    }

    /// True for a node that was not there.
    fn note(&mut self, id: SocketAddr, network: &str, now_ms: f64) -> bool {
        if let Some(entry) = self.others.get_mut(&id) {
            self.changed |= entry.network != network;
            network.clone_into(&mut entry.network);
            entry.heard = now_ms;
            return false;
        }
        if self.others.len() >= MOST_NODES {
            return false;
        }
        self.others.insert(id, Entry { network: network.to_owned(), heard: now_ms });
        self.changed = true;
        self.room_changed = true;
        true
    }

    fn forget_silent(&mut self, now_ms: f64) {
        let host = self.host;
        let patience = |id: &SocketAddr| if id.ip() == host { FORGET_MS } else { FORGET_ROOM_MS };
        let silent =
            |(id, entry): (&SocketAddr, &Entry)| (entry.heard + patience(id) <= now_ms).then_some(*id);
        let silent: Vec<SocketAddr> = self.others.iter().filter_map(silent).collect();
        silent.into_iter().for_each(|id| self.forget(id));
    }

    fn forget(&mut self, id: SocketAddr) {
        if self.others.remove(&id).is_some() {
            self.changed = true;
            self.room_changed = true;
            self.gone.push(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(3000);

    fn up(id: u16, network: &str) -> String {
        format!("up {id} {network}")
    }

    fn hear(directory: &mut Directory, text: &str, now_ms: f64) -> Option<String> {
        directory.hear(Some(text), now_ms)
    }

    fn running() -> Directory {
        let mut directory = Directory::new(A, Ipv4Addr::LOCALHOST);
        assert_eq!(directory.set_own(Some("net".to_owned()), 0.0), Some(up(3000, "net")));
        directory
    }

    #[test]
    fn a_new_node_is_answered_and_listed_and_an_old_one_is_not_answered() {
        let mut directory = running();
        assert_eq!(hear(&mut directory, &up(3001, "net"), 0.0), Some(up(3000, "net")));
        assert_eq!(directory.take_changed(), Some(vec![NodeId(3001).local_address()]));
        assert_eq!(hear(&mut directory, &up(3001, "net"), 1.0), None);
        assert_eq!(directory.take_changed(), None);
    }

    #[test]
    fn nodes_of_other_networks_are_not_listed() {
        let mut directory = running();
        hear(&mut directory, &up(3001, "other"), 0.0);
        assert_eq!(directory.take_changed(), Some(vec![]));
        hear(&mut directory, &up(3001, "net"), 0.0);
        assert_eq!(directory.take_changed(), Some(vec![NodeId(3001).local_address()]));
    }

    #[test]
    fn a_node_that_leaves_or_falls_silent_is_forgotten() {
        let mut directory = running();
        hear(&mut directory, &up(3001, "net"), 0.0);
        hear(&mut directory, &up(3002, "net"), 0.0);
        directory.take_changed();
        hear(&mut directory, "down 3001", 1.0);
        assert_eq!(directory.take_changed(), Some(vec![NodeId(3002).local_address()]));
        assert_eq!(directory.take_gone(), [NodeId(3001).local_address()]);
        directory.announce(FORGET_MS);
        assert_eq!(directory.take_changed(), Some(vec![]));
        assert_eq!(directory.take_gone(), [NodeId(3002).local_address()]);
        hear(&mut directory, "down 3001", 1.0);
        assert_eq!(directory.take_gone(), [], "it was gone already");
    }

    #[test]
    fn a_node_that_is_up_says_so_regularly_and_when_asked() {
        let mut directory = running();
        assert_eq!(directory.announce(ANNOUNCE_MS - 1.0), None);
        assert_eq!(directory.announce(ANNOUNCE_MS), Some(up(3000, "net")));
        assert_eq!(hear(&mut directory, "who", 0.0), Some(up(3000, "net")));
        assert_eq!(directory.set_own(None, 0.0), Some("down 3000".to_owned()));
        assert_eq!(hear(&mut directory, "who", 0.0), None);
    }

    #[test]
    fn nodes_of_other_browsers_are_listed_in_a_room_alone() {
        let mut lonely = running();
        hear(&mut lonely, "up 10.1.0.3:3001 net", 0.0);
        assert_eq!(lonely.dropped(), 1, "this browser is in no room");
        let host = Ipv4Addr::new(10, 1, 0, 2);
        let mut directory = Directory::new(A, host);
        directory.set_own(Some("net".to_owned()), 0.0);
        let far: SocketAddr = "10.1.0.3:3001".parse().unwrap();
        assert_eq!(hear(&mut directory, "up 10.1.0.3:3001 net", 0.0), Some(up(3000, "net")));
        hear(&mut directory, "up 3002 other", 0.0);
        hear(&mut directory, "up 8.8.8.8:3001 net", 0.0);
        hear(&mut directory, "up 10.1.0.2:3000 net", 0.0);
        let own = SocketAddr::from((host, 3002));
        assert_eq!(directory.take_changed(), Some(vec![far]));
        assert_eq!(directory.take_room(), Some(vec![own, far]), "on whatever network");
        assert_eq!(directory.take_room(), None);
        directory.announce(FORGET_MS);
        assert_eq!(directory.take_room(), Some(vec![far]), "the page says seldom what it says");
        hear(&mut directory, "down 10.1.0.3:3001", 1.0);
        assert_eq!(directory.take_gone(), [own, far]);
    }

    #[test]
    fn nonsense_is_ignored_and_what_is_remembered_is_bounded() {
        let mut directory = running();
        directory.take_changed();
        for text in ["", "up", "up 0 net", "up 3000 net", "up x net", "up 1 2 3", "down"] {
            assert_eq!(hear(&mut directory, text, 0.0), None, "{text}");
        }
        assert_eq!(directory.hear(None, 0.0), None);
        assert_eq!(directory.take_changed(), None);
        assert_eq!(directory.dropped(), 7, "its own announcement is no nonsense");
        for id in 1..=u16::MAX {
            hear(&mut directory, &up(id, "net"), 0.0);
        }
        assert_eq!(directory.take_changed().map(|nodes| nodes.len()), Some(MOST_NODES));
    }
}
