//! How long a sync takes when not every peer is as good as the others: on virtual time, over a line of the new node's
//! that takes a minute to carry the chain.

use super::lab::{Lab, branch, stranger};
use crate::interface::{PeerId, SyncMode};
use crate::net::limits::MAX_HEADERS_RESULTS;
use crate::net::message::{Inventory, Message};
use crate::primitives::{Block, BlockHash};
use crate::time::{Mono, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

const BLOCKS: u32 = 2_500;
/// What one block takes on the new node's line: a minute for all of them.
const LINE: Span = Span(60_000_000 / BLOCKS as u64);
/// From here to a peer, one way.
const LATENCY: Span = Span::from_millis(50);

/// What a peer takes over one block besides; none from whom no block ever comes.
type Pace = Option<Span>;

const GOOD: Pace = Some(Span(0));
/// A fifth of what each of four good peers gives.
const SLOW: Pace = Some(Span(LINE.0 * 4 * 5));
const STALLING: Pace = None;

struct Peer {
    id: PeerId,
    pace: Pace,
    /// When it can send the next block.
    free: Mono,
}

/// What is on its way.
enum Event {
    /// A peer is done with it, and the line can carry it.
    Leaves(PeerId, Message),
    Arrives(PeerId, Message),
}

struct Scene {
    lab: Lab,
    blocks: Vec<Arc<Block>>,
    heights: BTreeMap<BlockHash, usize>,
    peers: Vec<Peer>,
    /// When the line can take the next block.
    line: Mono,
    /// By time, then in order.
    coming: BTreeMap<(Mono, usize), Event>,
    events: usize,
}

impl Scene {
    fn new(paces: &[Pace]) -> Self {
        let mut lab = Lab::new(1);
        lab.start(0, SyncMode::Headers, &[]);
        let blocks: Vec<Arc<Block>> = branch(BLOCKS, 0).into_iter().map(Arc::new).collect();
        let heights = blocks.iter().enumerate().map(|(n, block)| (block.block_hash(), n)).collect();
        let peers = paces.iter().zip(1..).map(|(pace, number)| Peer {
            id: lab.greeted(0, stranger(number), BLOCKS as i32),
            pace: *pace,
            free: Mono(0),
        });
        let peers: Vec<Peer> = peers.collect();
        let mut scene =
            Self { lab, blocks, heights, peers, line: Mono(0), coming: BTreeMap::new(), events: 0 };
        for peer in 0..scene.peers.len() {
            let greetings = scene.lab.heard_all(0, scene.peers[peer].id);
            greetings.into_iter().for_each(|message| scene.answer(peer, message));
        }
        scene
    }

    /// Lets the node sync; how long it took.
    fn run(mut self) -> Span {
        let began = self.lab.now.mono;
        while self.lab.nodes[0].height() < BLOCKS {
            self.lab.run();
            for peer in 0..self.peers.len() {
                let heard = self.lab.heard(0, self.peers[peer].id);
                heard.into_iter().for_each(|message| self.answer(peer, message));
            }
            let arrival = self.coming.first_key_value().map(|((at, _), _)| *at);
            let wakeup = self.lab.nodes[0].network.next_wakeup();
            let next = arrival.into_iter().chain(wakeup).min().expect("something will happen");
            self.lab.sleep(next - self.lab.now.mono);
            while let Some(entry) = self.coming.first_entry()
                && entry.key().0 <= next
            {
                match entry.remove() {
                    Event::Leaves(peer, message) => {
                        self.line = self.line.max(next) + LINE;
                        self.plan(self.line + LATENCY, Event::Arrives(peer, message));
                    }
                    Event::Arrives(peer, message) if self.lab.is_up(0, peer) => {
                        self.lab.say(0, peer, &message);
                    }
                    Event::Arrives(..) => {}
                }
            }
        }
        self.lab.now.mono - began
    }

    fn answer(&mut self, peer: usize, message: Message) {
        let (id, pace) = (self.peers[peer].id, self.peers[peer].pace);
        let asked = self.lab.now.mono + LATENCY;
        match message {
            Message::Ping(nonce) => self.plan(asked + LATENCY, Event::Arrives(id, Message::Pong(nonce))),
            Message::GetHeaders(request) => {
                let known = request.locator.iter().find_map(|hash| self.heights.get(hash));
                let first = known.map_or(0, |height| height + 1);
                let headers = self.blocks[first..].iter().take(MAX_HEADERS_RESULTS);
                let headers = Message::Headers(headers.map(|block| block.header).collect());
                self.plan(asked + LATENCY, Event::Arrives(id, headers));
            }
            Message::GetData(items) => {
                let Some(pace) = pace else { return };
                for hash in items.iter().filter_map(Inventory::block) {
                    let block = Arc::clone(&self.blocks[self.heights[&hash]]);
                    let ready = self.peers[peer].free.max(asked) + pace;
                    self.peers[peer].free = ready;
                    self.plan(ready, Event::Leaves(id, Message::Block(block)));
                }
            }
            _ => {}
        }
    }

    fn plan(&mut self, at: Mono, event: Event) {
        self.coming.insert((at, self.events), event);
        self.events += 1;
    }
}

#[test]
fn a_stalling_and_a_slow_peer_among_four_cost_at_most_a_quarter_more_time() {
    let good = Scene::new(&[GOOD; 4]).run();
    assert!(good > Span::from_secs(60) && good < Span::from_secs(62), "{good:?}");
    let mixed = Scene::new(&[STALLING, SLOW, GOOD, GOOD]).run();
    assert!(mixed.0 * 4 <= good.0 * 5, "{mixed:?} instead of {good:?}");
    let other_order = Scene::new(&[GOOD, SLOW, GOOD, STALLING]).run();
    assert!(other_order.0 * 4 <= good.0 * 5, "{other_order:?} instead of {good:?}");
}
