//! Which nodes are up in the room: those of this browser, for the relay, and those of the others, for the workers. Pure:
//! the texts are those of the workers' directory.

use std::net::Ipv4Addr;
use terrarium_core::collections::BTreeMap;
use terrarium_link::room::{GATEWAYS, Lesson, MAX_NETWORK, MAX_NODES, NodeEntry};

/// A node of this browser that was silent for so long is gone, as in the directory.
const FORGET_MS: f64 = 7_000.0;

/// A browser of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its address.
    pub(crate) address: [u8; 4],
    /// Whether it is the teacher's.
    pub(crate) teacher: bool,
    /// What its owner is called; may be empty.
    pub(crate) name: String,
    /// The nodes that it runs.
    pub(crate) nodes: Vec<NodeEntry>,
}

/// What is known of both.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Nodes of this browser with their network and when they were last heard; at most `MAX_NODES`.
    own: BTreeMap<u16, (String, f64)>,
    /// The others, by address; bounded by the relay's `max_peers`.
    others: BTreeMap<[u8; 4], Member>,
    /// The address of this browser, and into which parts the class is split.
    own_address: [u8; 4],
    lesson: Lesson,
}

impl Presence {
    /// Takes in a text of the directory. True where the nodes of this browser changed.
    pub(super) fn hear(&mut self, text: &str, now_ms: f64) -> bool {
        let mut words = text.split(' ');
        let (verb, id) =
            (words.next(), words.next().and_then(|id| id.parse::<u16>().ok()).filter(|id| *id > 0));
        match (verb, id, words.next()) {
            (Some("up"), Some(id), Some(network)) if network.len() <= MAX_NETWORK => {
                if self.own.len() >= MAX_NODES && !self.own.contains_key(&id) {
                    return false;
                }
                let before = self.own.insert(id, (network.to_owned(), now_ms));
                before.is_none_or(|(before, _)| before != network)
            }
            (Some("down"), Some(id), None) => self.own.remove(&id).is_some(),
            _ => false,
        }
    }

    /// Forgets nodes of this browser that have fallen silent. True where there were any.
    pub(super) fn forget_silent(&mut self, now_ms: f64) -> bool {
        let before = self.own.len();
        self.own.retain(|_, (_, heard)| *heard + FORGET_MS > now_ms);
        self.own.len() < before
    }

    /// The nodes of this browser.
    pub(super) fn own(&self) -> Vec<NodeEntry> {
        let entry = |(port, (network, _)): (&u16, &(String, f64))| NodeEntry {
            port: *port,
            network: network.clone(),
        };
        self.own.iter().map(entry).collect()
    }

    /// Takes over what is known of another browser; what to tell the workers.
    pub(super) fn set(&mut self, member: Member) -> Vec<String> {
        let gone = self.others.get(&member.address).map(|before| {
            let ports =
                before.nodes.iter().filter(|node| !member.nodes.iter().any(|other| other.port == node.port));
            ports.map(|node| down(before.address, node)).collect::<Vec<_>>()
        });
        let mut texts = gone.unwrap_or_default();
        if !self.is_apart(member.address) {
            texts.extend(member.nodes.iter().map(|node| up(member.address, node)));
        }
        self.others.insert(member.address, member);
        texts
    }

    /// Another browser has gone; what to tell the workers.
    pub(super) fn remove(&mut self, address: [u8; 4]) -> Vec<String> {
        let gone = self.others.remove(&address);
        gone.iter().flat_map(|member| member.nodes.iter().map(|node| down(member.address, node))).collect()
    }

    /// What the workers are to be told so that they end all sessions with another browser, whose nodes are still there.
    pub(super) fn restart(&self, address: [u8; 4]) -> Vec<String> {
        let together = self.others.get(&address).filter(|_| !self.is_apart(address));
        let Some(member) = together else { return Vec::new() };
        let downs = member.nodes.iter().map(|node| down(address, node));
        downs.chain(member.nodes.iter().map(|node| up(address, node))).collect()
    }

    /// The connection is lost, and with it everybody; what to tell the workers.
    pub(super) fn clear(&mut self) -> Vec<String> {
        let addresses: Vec<[u8; 4]> = self.others.keys().copied().collect();
        addresses.into_iter().flat_map(|address| self.remove(address)).collect()
    }

    /// All nodes of the others, as texts for the workers.
    pub(super) fn all(&self) -> Vec<String> {
        let of =
            |member: &Member| member.nodes.iter().map(|node| up(member.address, node)).collect::<Vec<_>>();
        self.others.values().filter(|member| !self.is_apart(member.address)).flat_map(of).collect()
    }

    /// Takes over what is arranged; what to tell the workers: nodes of another part of the class are down to them.
    pub(super) fn arrange(&mut self, own_address: [u8; 4], lesson: Lesson) -> Vec<String> {
        let before: Vec<([u8; 4], bool)> =
            self.others.keys().map(|address| (*address, self.is_apart(*address))).collect();
        (self.own_address, self.lesson) = (own_address, lesson);
        let changed = before.into_iter().filter(|(address, was)| self.is_apart(*address) != *was);
        let texts = |(address, was): ([u8; 4], bool)| {
            let nodes = self.others.get(&address).map(|member| member.nodes.as_slice()).unwrap_or_default();
            let text = move |node: &NodeEntry| if was { up(address, node) } else { down(address, node) };
            nodes.iter().map(text).collect::<Vec<_>>()
        };
        changed.flat_map(texts).collect()
    }

    /// The browsers of other parts of the class, which reach this one by no path.
    pub(super) fn apart(&self) -> Vec<[u8; 4]> {
        self.others.keys().copied().filter(|address| self.is_apart(*address)).collect()
    }

    fn is_apart(&self, address: [u8; 4]) -> bool {
        self.lesson.team_of(address) != self.lesson.team_of(self.own_address)
    }

    /// The others; a gateway is no browser, only a peer.
    pub(super) fn members(&self) -> Vec<Member> {
        self.others.values().filter(|member| member.address[..2] != GATEWAYS).cloned().collect()
    }
}

fn up(address: [u8; 4], node: &NodeEntry) -> String {
    format!("up {}:{} {}", Ipv4Addr::from(address), node.port, node.network)
}

fn down(address: [u8; 4], node: &NodeEntry) -> String {
    format!("down {}:{}", Ipv4Addr::from(address), node.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(port: u16) -> NodeEntry {
        NodeEntry { port, network: "net".to_owned() }
    }

    fn member(nodes: Vec<NodeEntry>) -> Member {
        Member { address: [10, 1, 0, 3], teacher: false, name: String::new(), nodes }
    }

    #[test]
    fn the_nodes_of_this_browser_are_those_that_say_so() {
        let mut presence = Presence::default();
        assert!(presence.hear("up 3001 net", 0.0));
        assert!(!presence.hear("up 3001 net", 1.0), "it is known");
        for text in ["who", "up 10.1.0.3:3001 net", "up 0 net", "down 3002", "up 3001", ""] {
            assert!(!presence.hear(text, 1.0), "{text}");
        }
        assert_eq!(presence.own(), [node(3001)]);
        assert!(presence.forget_silent(1.0 + FORGET_MS));
        assert_eq!(presence.own(), []);
    }

    #[test]
    fn workers_hear_of_the_others_nodes_as_they_come_and_go() {
        let mut presence = Presence::default();
        assert_eq!(presence.set(member(vec![node(3001)])), ["up 10.1.0.3:3001 net"]);
        let texts = presence.set(member(vec![node(3002)]));
        assert_eq!(texts, ["down 10.1.0.3:3001", "up 10.1.0.3:3002 net"]);
        assert_eq!(presence.all(), ["up 10.1.0.3:3002 net"]);
        let again = ["down 10.1.0.3:3002", "up 10.1.0.3:3002 net"];
        assert_eq!(presence.restart([10, 1, 0, 3]), again, "its sessions end, and it is there");
        assert_eq!(presence.clear(), ["down 10.1.0.3:3002"]);
        assert_eq!(presence.members(), []);
    }

    #[test]
    fn nodes_of_another_part_of_the_class_are_down_until_it_is_whole() {
        let mut presence = Presence::default();
        let near = Member { address: [10, 1, 0, 4], ..member(vec![node(3003)]) };
        presence.set(member(vec![node(3002)]));
        presence.set(near);
        let own = [10, 1, 0, 2];
        let team = |members| terrarium_link::room::Team { name: String::new(), members };
        let teams = vec![team(vec![own, [10, 1, 0, 4]]), team(vec![[10, 1, 0, 3]])];
        let split = Lesson { frozen: false, teams };
        assert_eq!(presence.arrange(own, split.clone()), ["down 10.1.0.3:3002"]);
        assert_eq!(presence.arrange(own, split), [""; 0], "it is so already");
        assert_eq!(presence.all(), ["up 10.1.0.4:3003 net"]);
        assert_eq!(presence.set(member(vec![node(3005)])), ["down 10.1.0.3:3002"]);
        assert_eq!(presence.members().len(), 2, "they are in the class all the same");
        assert_eq!(presence.arrange(own, Lesson::default()), ["up 10.1.0.3:3005 net"]);
    }

    #[test]
    fn a_gateway_is_a_peer_for_the_workers_and_nobody_in_the_class() {
        let mut presence = Presence::default();
        let gateway = Member { address: [10, 255, 0, 1], ..member(vec![node(18_444)]) };
        assert_eq!(presence.set(gateway), ["up 10.255.0.1:18444 net"]);
        assert_eq!(presence.all(), ["up 10.255.0.1:18444 net"]);
        assert_eq!(presence.members(), []);
    }
}
