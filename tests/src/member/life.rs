//! What a member's thread does: it lets the node work, does what the node asks, and carries its frames.

use super::clock::RoomClock;
use super::wire::Outbox;
use super::{Place, Request, Standing};
use futures_util::{SinkExt, StreamExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use terrarium_core::consensus::ClassParams;
use terrarium_core::interface::{
    CommandError, NodeConfig, NodeId, PeerId, Reply, RequestId, Role, RunState, SyncMode,
};
use terrarium_core::mining;
use terrarium_core::net::seed_answer;
use terrarium_core::node::{Cost, Entropy, Input, Loaded, MiningJob, Node, Output};
use terrarium_core::store::{MemoryStore, StoreBatch};
use terrarium_core::time::{Mono, Time, UnixTime};
use terrarium_core::transport::{Connections, Now, Transport};
use terrarium_link::room::{
    Beginning, ClassNews, NodeEntry, RoomCode, ToBrowser, ToRelay, frame_of, wrap_frame,
};
use terrarium_link::{Address, MAX_FRAME_LEN};
use terrarium_worker::transport::Sessions;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Bytes, Message};

/// What a node may spend in one step.
const BUDGET: Cost = Cost(20_000);

/// A member's socket and node.
pub(super) struct Life {
    socket: WebSocketStream<TcpStream>,
    own: Address,
    node: Node,
    store: MemoryStore,
    connections: Connections<Sessions<Outbox>>,
    began: Instant,
    clock: RoomClock,
    is_up: bool,
    /// The nodes of the others, gateways' included, by address; bounded by the relay.
    others: BTreeMap<[u8; 4], Vec<NodeEntry>>,
    peers: BTreeSet<PeerId>,
    /// What seeds would draw by.
    dice: ChaCha8Rng,
    answers: BTreeMap<RequestId, oneshot::Sender<Result<Reply, CommandError>>>,
    last_request: u32,
}

impl Life {
    /// Joins the room; the node is opened with its first block.
    pub(super) async fn begin(place: &Place, greeting: ToRelay) -> (Self, RoomCode, [u8; 4]) {
        let stream = TcpStream::connect(&place.relay).await.expect("the relay listens");
        stream.set_nodelay(true).expect("a TCP option");
        let url = format!("ws://{}/ws", place.relay);
        let (mut socket, _) =
            tokio_tungstenite::client_async(url, stream).await.expect("it takes WebSockets");
        socket.send(Message::binary(greeting.encode())).await.expect("it is up");
        let first = socket.next().await.expect("an answer").expect("a message").into_data();
        let Ok(ToBrowser::Welcome { code, pass, .. }) = ToBrowser::decode(&first) else {
            panic!("no welcome but {first:?}")
        };
        let own = Address { ip: pass.address, port: place.port };
        let (class, clock) = opening(&mut socket).await;
        let config = NodeConfig {
            id: NodeId(place.port),
            role: Role::Full,
            network: Some(place.network),
            sync: SyncMode::Headers,
            connect: Vec::new(),
        };
        let opened = Node::at(Ipv4Addr::LOCALHOST, class, config, entropy(own), Loaded::default());
        let (node, _) = opened.expect("a new node");
        let connections = Connections::new(Sessions::at(own, u64::from(place.port) << 40, Outbox::default()));
        let life = Self {
            socket,
            own,
            node,
            store: MemoryStore::new(),
            connections,
            began: Instant::now(),
            clock,
            is_up: false,
            others: BTreeMap::new(),
            peers: BTreeSet::new(),
            dice: ChaCha8Rng::seed_from_u64(u64::from(place.port)),
            answers: BTreeMap::new(),
            last_request: 0,
        };
        (life, code, own.ip)
    }

    /// Lives until nobody can ask it for anything any more, or the relay is gone.
    pub(super) async fn run(
        &mut self,
        mut asked: mpsc::UnboundedReceiver<Request>,
        note: &watch::Sender<Standing>,
    ) {
        loop {
            self.pump();
            note.send_if_modified(|known| {
                let now = self.standing(known);
                let news = *known != now;
                *known = now;
                news
            });
            if self.send().await.is_none() {
                return;
            }
            let due = self.due();
            tokio::select! {
                message = self.socket.next() => match message {
                    Some(Ok(Message::Binary(bytes))) => self.hear(&bytes),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => {}
                },
                request = asked.recv() => match request {
                    Some(Request::Tell(message)) => {
                        if self.socket.send(Message::binary(message.encode())).await.is_err() {
                            return;
                        }
                    }
                    Some(Request::Execute(command, answer)) => {
                        self.last_request += 1;
                        let id = RequestId(self.last_request);
                        self.answers.insert(id, answer);
                        self.node.handle(Input::Command { id, command });
                    }
                    None => return,
                },
                () = tokio::time::sleep(due) => {
                    let now = self.now();
                    self.connections.transport_mut().tick(now);
                }
            }
        }
    }

    fn mono(&self) -> Mono {
        Mono(u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    fn now(&self) -> Now {
        Now::both(self.mono())
    }

    fn time(&self) -> Time {
        Time { mono: self.mono(), unix: self.clock.unix() }
    }

    /// How long nothing need be done.
    fn due(&self) -> Duration {
        let sessions = self.connections.transport().next_wakeup().earliest();
        let due = [self.node.next_wakeup(), sessions].into_iter().flatten().min();
        let now = self.mono().0;
        Duration::from_micros(due.map_or(1_000_000, |due| due.0.saturating_sub(now)))
    }

    fn standing(&self, before: &Standing) -> Standing {
        let (height, tip) = self.node.standing().map_or((0, None), |(height, tip)| (height.0, Some(tip)));
        let since = if tip == before.tip { before.since } else { Instant::now() };
        Standing {
            since,
            height,
            tip,
            relay_ms: self.clock.relay_ms,
            peers: self.peers.iter().copied().collect(),
            others: self.others.len(),
        }
    }

    /// Takes in a message of the relay.
    fn hear(&mut self, bytes: &[u8]) {
        if let Some(frame) = frame_of(bytes) {
            let now = self.now();
            return self.connections.transport_mut().receive(now, frame.to_vec());
        }
        match ToBrowser::decode(bytes) {
            Ok(ToBrowser::Member { address, nodes, .. }) => {
                let before = self.others.insert(address, nodes.clone()).unwrap_or_default();
                self.abandon(address, before.iter().filter(|node| !nodes.contains(node)));
            }
            Ok(ToBrowser::Gone(address)) => {
                let before = self.others.remove(&address).unwrap_or_default();
                self.abandon(address, before.iter());
            }
            Ok(ToBrowser::Time { room_ms, stands, relay_ms }) => {
                self.clock = RoomClock::heard(room_ms, stands, relay_ms);
                return;
            }
            _ => return,
        }
        self.list();
    }

    fn abandon<'a>(&mut self, address: [u8; 4], gone: impl Iterator<Item = &'a NodeEntry>) {
        gone.for_each(|node| self.connections.transport_mut().abandon((address, node.port).into()));
    }

    /// Tells the node which others are up.
    fn list(&mut self) {
        let network = self.network();
        let of = |wanted: Option<&String>| -> Vec<SocketAddr> {
            let all = self.others.iter().flat_map(|(ip, nodes)| nodes.iter().map(move |node| (ip, node)));
            all.filter(|(_, node)| wanted.is_none_or(|network| node.network == *network))
                .map(|(ip, node)| SocketAddr::from((*ip, node.port)))
                .collect()
        };
        let (up, nodes) = (of(network.as_ref()), of(None));
        if network.is_some() {
            self.node.handle(Input::Directory { up });
        }
        self.node.handle(Input::Room { nodes });
    }

    /// What the node's network is called in the room's directory; none while it is not on one.
    fn network(&self) -> Option<String> {
        let chain = self.node.snapshot().chain.filter(|_| self.node.state() == RunState::Running)?;
        Some(format!("{}/{}", chain.genesis, chain.magic))
    }

    /// Lets the node work until it has nothing more to do.
    fn pump(&mut self) {
        loop {
            let mut heard = false;
            while let Some(input) = self.connections.poll(self.now()) {
                match &input {
                    Input::PeerConnected { peer, .. } => drop(self.peers.insert(*peer)),
                    Input::PeerClosed { peer, .. } => drop(self.peers.remove(peer)),
                    _ => {}
                }
                heard |= self.node.handle(input);
            }
            let busy = self.node.step(self.time(), BUDGET);
            let mut asked = false;
            while let Some(output) = self.node.poll() {
                asked = true;
                self.obey(output);
            }
            if !heard && !busy && !asked {
                return;
            }
        }
    }

    fn obey(&mut self, output: Output) {
        let now = self.now();
        match output {
            Output::Connect { address } => self.connections.connect(now, address),
            Output::AskSeed { seed } => {
                let up: Vec<SocketAddr> = self
                    .others
                    .iter()
                    .flat_map(|(ip, nodes)| nodes.iter().map(|node| SocketAddr::from((*ip, node.port))))
                    .collect();
                let addresses = seed_answer(&up, || self.dice.next_u64());
                self.node.handle(Input::SeedAnswer { seed, addresses });
            }
            Output::Send { peer, bytes } => self.connections.send(now, peer, &bytes),
            Output::Consumed { peer, bytes } => self.connections.consumed(peer, bytes),
            Output::Disconnect { peer, .. } => {
                self.peers.remove(&peer);
                self.connections.disconnect(peer);
            }
            Output::Commit(batch) => self.commit(&batch),
            Output::Load { id, database, table, keys } => {
                let values =
                    self.store.lookup(database, table, &keys).expect("a node asks for its own tables");
                self.node.handle(Input::Loaded { id, values });
            }
            Output::Mine(job) => self.mine(&job),
            Output::Reply { id, result } => {
                if let Some(answer) = self.answers.remove(&id) {
                    // Who asked may not wait any more.
                    let _ = answer.send(result);
                }
            }
            // A nonce is found at once, no helpers were offered, and nobody watches.
            Output::CancelMine | Output::Verify { .. } | Output::CancelVerify | Output::Event(_) => {}
        }
    }

    fn commit(&mut self, batch: &StoreBatch) {
        self.store.apply(batch).expect("memory takes what a node writes");
        self.node.handle(Input::BatchCommitted { id: batch.id });
    }

    fn mine(&mut self, job: &MiningJob) {
        let found = mining::search(&job.header, &job.target, job.header.nonce, 1 << 32);
        self.node.handle(match found {
            Some(nonce) => Input::NonceFound { job: job.id, nonce },
            None => Input::NoncesExhausted { job: job.id },
        });
    }

    /// Sends what waits, and says that the node has come up or gone down; none where the relay is gone.
    async fn send(&mut self) -> Option<()> {
        let is_up = self.node.state() == RunState::Running;
        if is_up != self.is_up {
            self.is_up = is_up;
            let transport = self.connections.transport_mut();
            if is_up {
                transport.listen();
            } else {
                transport.stop_listening();
            }
            let entry = |network| NodeEntry { port: self.own.port, network };
            let nodes = ToRelay::Nodes(self.network().map(entry).into_iter().collect());
            self.socket.feed(Message::binary(nodes.encode())).await.ok()?;
            self.list();
            self.pump();
        }
        while let Some(frame) = self.connections.transport_mut().wire_mut().take() {
            debug_assert!(frame.len() <= MAX_FRAME_LEN);
            self.socket.feed(Message::Binary(Bytes::from(wrap_frame(&frame)))).await.ok()?;
        }
        self.socket.flush().await.ok()
    }
}

/// What a room says first of its chain and its time.
async fn opening(socket: &mut WebSocketStream<TcpStream>) -> (Option<ClassParams>, RoomClock) {
    let mut clock = RoomClock::heard(0, false, 0);
    loop {
        let bytes = socket.next().await.expect("more of the room").expect("a message").into_data();
        match ToBrowser::decode(&bytes) {
            Ok(ToBrowser::Time { room_ms, stands, relay_ms }) => {
                clock = RoomClock::heard(room_ms, stands, relay_ms);
            }
            Ok(ToBrowser::Class(ClassNews::Lesson { beginning, .. })) => {
                let class = beginning.map(|Beginning { block_time, khs, unix }| ClassParams {
                    spacing: block_time.into(),
                    khs,
                    time: UnixTime(unix),
                });
                return (class, clock);
            }
            _ => {}
        }
    }
}

fn entropy(own: Address) -> Entropy {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let draw = |purpose: &str| Sha256::digest(format!("{own} {since:?} {purpose}")).into();
    Entropy { node: draw("node"), wallet: draw("wallet") }
}
