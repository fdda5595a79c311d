//! Helpers that check scripts: whether threads do it, in whatever order they answer, or the node itself, the chain is the
//! same; and networks in which helpers are late and give up are as whole as others.

use std::collections::BTreeMap;
use std::sync::Arc;
use terrarium_core::consensus::{Preset, bip34::height_script, block_subsidy, merkle};
use terrarium_core::interface::{
    Command, CommandError, Direction, Event, LogLine, NodeConfig, NodeId, PeerId, Reply, RequestId, Role,
    StartOptions, SyncMode,
};
use terrarium_core::mining;
use terrarium_core::mining::HeaderScanner;
use terrarium_core::net::message::{Frame, Inventory, LocatorRequest, Message, MessageDecoder, encode};
use terrarium_core::node::{Cost, Entropy, Input, Loaded, Node, Output};
use terrarium_core::primitives::{
    Block, BlockHash, Header, Height, OutPoint, Script, Target, Transaction, TxIn, TxOut,
};
use terrarium_core::store::{Database, MemoryStore};
use terrarium_core::time::{Mono, Time, UnixTime};
use terrarium_tests::fixture::Chain;
use terrarium_tests::helpers::HelperThreads;
use terrarium_tests::sim::{Mix, run_all};

const PEER: PeerId = PeerId(1);

/// Seconds since 1970 at which all blocks are old.
const NOW: UnixTime = UnixTime(1_767_225_600);

/// Blocks with spends, and how many spends each has.
const SPENDING: (u32, u32) = (4, 90);

/// Lives after which a node that ends in each must have connected all of them: one block a life, and as many to spare.
const MOST_LIVES: u32 = 2 * SPENDING.0 + 2;

/// Storms with helpers.
const STORMS: u64 = 60;

/// Who checks the scripts of a test's node.
#[derive(Clone, Copy)]
enum Checks {
    Inline,
    /// By so many threads.
    Threads(usize),
}

/// A peer that has blocks, and what a node has told it.
struct Peer {
    blocks: BTreeMap<BlockHash, Arc<Block>>,
    /// The chain that it announces.
    chain: Vec<Header>,
    decoder: MessageDecoder,
}

/// A node with a store, one peer and perhaps helpers.
struct Solo {
    node: Node,
    store: MemoryStore,
    peer: Peer,
    threads: Option<HelperThreads>,
    /// Batches that threads have had.
    handed_out: usize,
    /// How often the node had no more need of them.
    cancelled: usize,
    /// What the log says of blocks.
    refused: Vec<String>,
    /// What commands came to.
    replies: Vec<Result<Reply, CommandError>>,
}

impl Solo {
    fn open(store: MemoryStore, checks: Checks) -> Self {
        let load = |database| store.records(database);
        let loaded = Loaded {
            chain: load(Database::Chain),
            wallet: load(Database::Wallet),
            peers: load(Database::Peers),
        };
        let network = Some(Preset::Regtest);
        let config = NodeConfig {
            id: NodeId(3000),
            role: Role::Full,
            network,
            sync: SyncMode::Headers,
            connect: vec![],
        };
        let entropy = Entropy { node: [1; 32], wallet: [2; 32] };
        let (mut node, _) = Node::new(config, entropy, loaded).expect("the store opens");
        let threads = match checks {
            Checks::Inline => None,
            Checks::Threads(count) => {
                node.handle(Input::Helpers { least: Some(Cost(2_000)) });
                Some(HelperThreads::new(count))
            }
        };
        let command = Command::StartNode(StartOptions::default());
        node.handle(Input::Command { id: RequestId(1), command });
        let address = NodeId(3001).local_address();
        let peer = Peer { blocks: BTreeMap::new(), chain: vec![], decoder: MessageDecoder::new(magic()) };
        let mut solo = Self {
            node,
            store,
            peer,
            threads,
            handed_out: 0,
            cancelled: 0,
            refused: vec![],
            replies: vec![],
        };
        solo.work();
        solo.node.handle(Input::PeerConnected { peer: PEER, address, direction: Direction::Inbound });
        // Protocol 70016, services NETWORK and WITNESS.
        let hello = [&70_016_u32.to_le_bytes()[..], &9_u64.to_le_bytes(), &[0; 73]].concat();
        let version = Message::decode_payload("version", &hello).expect("a version").expect("a message");
        solo.say(&version);
        solo.say(&Message::Verack);
        solo
    }

    fn say(&mut self, message: &Message) {
        self.node.handle(Input::PeerBytes { peer: PEER, bytes: encode(magic(), message) });
    }

    /// Lets the peer have the blocks of `chain`, genesis first, and announce them.
    fn announce(&mut self, chain: &[Block]) {
        self.peer.blocks.extend(chain.iter().map(|block| (block.block_hash(), Arc::new(block.clone()))));
        self.peer.chain = chain.iter().map(|block| block.header).collect();
        let headers = self.peer.chain[1..].to_vec();
        self.say(&Message::Headers(headers));
    }

    /// Works until the node waits for nothing but helpers.
    fn work(&mut self) {
        let now = Time { mono: Mono(1_000_000), unix: NOW };
        loop {
            let busy = self.node.step(now, Cost(20_000));
            let outputs: Vec<Output> = std::iter::from_fn(|| self.node.poll()).collect();
            if outputs.is_empty() && !busy {
                return;
            }
            outputs.into_iter().for_each(|output| self.obey(output));
        }
    }

    /// Works until the node waits for nothing.
    fn run(&mut self) {
        self.work();
        while let Some(answer) = self.threads.as_mut().and_then(HelperThreads::next_answer) {
            self.node.handle(answer);
            self.work();
        }
    }

    fn obey(&mut self, output: Output) {
        match output {
            Output::Send { bytes, .. } => {
                self.peer.decoder.push(bytes);
                while let Some(Frame::Message { message, .. }) =
                    self.peer.decoder.next_frame().expect("our frames")
                {
                    self.peer.answer(&message).iter().for_each(|answer| self.say(answer));
                }
            }
            Output::Commit(batch) => {
                self.store.apply(&batch).expect("memory takes it");
                self.node.handle(Input::BatchCommitted { id: batch.id });
            }
            Output::Load { id, database, table, keys } => {
                let values = self.store.lookup(database, table, &keys).expect("its own tables");
                self.node.handle(Input::Loaded { id, values });
            }
            Output::Verify { id, checks } => {
                self.handed_out += 1;
                self.threads.as_mut().expect("it has helpers").hand_out(id, checks);
            }
            Output::CancelVerify => {
                self.cancelled += 1;
                self.threads.as_mut().expect("it has helpers").cancel();
            }
            Output::Mine(job) => {
                let nonce = mining::search(&job.header, &job.target, job.header.nonce, 1 << 32);
                self.node.handle(Input::NonceFound { job: job.id, nonce: nonce.expect("regtest's target") });
            }
            Output::Reply { result, .. } => self.replies.push(result),
            Output::Event(Event::Log(LogLine::Refused(line))) => self.refused.push(line),
            _ => {}
        }
    }

    /// What must not depend on who checks: tip, coins, and which blocks were refused and why.
    fn standing(&self) -> impl PartialEq + std::fmt::Debug + use<> {
        (self.node.standing(), self.node.coins_digest(), self.refused.clone())
    }

    /// Gives a command, and works until the node waits for nothing but helpers.
    fn command(&mut self, command: Command) {
        self.node.handle(Input::Command { id: RequestId(2), command });
        self.work();
    }

    fn tip(&self) -> BlockHash {
        self.node.standing().expect("a chain").1
    }
}

impl Peer {
    fn answer(&self, message: &Message) -> Vec<Message> {
        match message {
            Message::Ping(nonce) => vec![Message::Pong(*nonce)],
            Message::GetHeaders(LocatorRequest { locator, .. }) => {
                let fork = self.chain.iter().rposition(|header| locator.contains(&header.block_hash()));
                vec![Message::Headers(self.chain[fork.map_or(0, |at| at + 1)..].to_vec())]
            }
            Message::GetData(wanted) => {
                let blocks = wanted.iter().filter_map(Inventory::block);
                let blocks = blocks.filter_map(|hash| self.blocks.get(&hash));
                blocks.map(|block| Message::Block(Arc::clone(block))).collect()
            }
            _ => vec![],
        }
    }
}

fn magic() -> [u8; 4] {
    Preset::Regtest.params().magic
}

/// Makes a header fit its transactions and meet its target.
fn solve(block: &mut Block) {
    block.header.merkle_root = merkle::block_root(&block.transactions).0;
    let target = Target::from_compact(block.header.bits).expect("regtest's target");
    block.header.nonce = 0;
    block.header.nonce =
        HeaderScanner::new(&block.header).scan(&target, 0, 1 << 32).expect("a nonce at regtest's target");
}

/// `count` blocks without spends on the last of `chain`.
fn empty_blocks(chain: &[Block], count: usize) -> Vec<Block> {
    let mut chain = chain.to_vec();
    for _ in 0..count {
        let height = Height(chain.len() as u32);
        let last = chain[chain.len() - 1].header;
        let mut coinbase = TxIn::spending(OutPoint::NULL);
        coinbase.script_sig = height_script(height).push_data(b"rival");
        let value = block_subsidy(height, &Preset::Regtest.params().consensus);
        let outputs = vec![TxOut { value, script_pubkey: Script::from_bytes(vec![0x51]) }];
        let coinbase = Transaction { version: 2, inputs: vec![coinbase], outputs, lock_time: 0 };
        let header = Header { prev_blockhash: last.block_hash(), time: last.time + 600, ..last };
        let mut block = Block { header, transactions: vec![coinbase] };
        solve(&mut block);
        chain.push(block);
    }
    chain
}

/// The chain with a last block in which the signatures of these transactions are not those of their keys.
fn with_forged_signatures(chain: &[Block], transactions: &[usize]) -> Vec<Block> {
    let mut chain = chain.to_vec();
    let block = chain.last_mut().expect("a block");
    for at in transactions {
        let script_sig = &mut block.transactions[*at].inputs[0].script_sig;
        let mut bytes = script_sig.as_bytes().to_vec();
        // Within R, behind the pushes' and DER's own bytes.
        bytes[12] ^= 1;
        *script_sig = Script::from_bytes(bytes);
    }
    solve(block);
    chain
}

#[test]
fn threads_in_any_order_lead_to_the_chain_that_inline_checks_lead_to() {
    let chain = Chain::spending(SPENDING.0, SPENDING.1);
    let mut inline = Solo::open(MemoryStore::new(), Checks::Inline);
    inline.announce(chain.blocks());
    inline.run();
    assert_eq!(inline.node.standing().map(|(height, _)| height.0 as usize), Some(chain.height()));
    for threads in [1, 2, 3] {
        let mut solo = Solo::open(MemoryStore::new(), Checks::Threads(threads));
        solo.announce(chain.blocks());
        solo.run();
        assert!(solo.handed_out > SPENDING.0 as usize, "helpers were used");
        assert_eq!(solo.standing(), inline.standing());
    }
}

#[test]
fn a_script_that_fails_at_any_place_is_named_as_by_inline_checks_and_the_next_best_chain_stays() {
    let chain = Chain::spending(1, SPENDING.1);
    let last = SPENDING.1 as usize;
    for forged in [vec![1], vec![last], vec![40, 2, 77], (1..=last).collect()] {
        let forged = with_forged_signatures(chain.blocks(), &forged);
        let [inline, helped] = [Checks::Inline, Checks::Threads(3)].map(|checks| {
            let mut solo = Solo::open(MemoryStore::new(), checks);
            solo.announce(&forged);
            solo.run();
            solo
        });
        assert_eq!(inline.tip(), chain.blocks()[chain.height() - 1].block_hash());
        assert_eq!(inline.refused.len(), 1, "{:?}", inline.refused);
        assert!(helped.handed_out > 1);
        assert_eq!(helped.standing(), inline.standing());
    }
}

#[test]
fn a_reorganisation_whose_blocks_helpers_check_ends_as_one_that_is_checked_inline() {
    let chain = Chain::spending(SPENDING.0, SPENDING.1);
    let fork = chain.height() - SPENDING.0 as usize - 1;
    let rival = empty_blocks(&chain.blocks()[..=fork], 2);
    let [inline, helped] = [Checks::Inline, Checks::Threads(2)].map(|checks| {
        let mut solo = Solo::open(MemoryStore::new(), checks);
        solo.announce(&rival);
        solo.run();
        assert_eq!(solo.tip(), rival[fork + 2].block_hash());
        solo.announce(chain.blocks());
        solo.run();
        solo
    });
    assert_eq!(inline.tip(), chain.blocks()[chain.height()].block_hash());
    assert!(helped.handed_out > SPENDING.0 as usize);
    assert_eq!(helped.standing(), inline.standing());
}

#[test]
fn a_better_branch_that_comes_while_checks_are_out_has_the_host_forget_them() {
    let chain = Chain::spending(1, SPENDING.1);
    let rival = empty_blocks(&chain.blocks()[..chain.height()], 2);
    let mut solo = Solo::open(MemoryStore::new(), Checks::Threads(1));
    solo.announce(chain.blocks());
    solo.work();
    assert!(solo.threads.as_ref().is_some_and(|threads| threads.out() > 0));
    assert_eq!(solo.cancelled, 0, "somebody waits for them");
    solo.announce(&rival);
    solo.work();
    assert_eq!(solo.tip(), rival[chain.height() + 1].block_hash());
    assert_eq!(solo.cancelled, 1);
    solo.run();
    assert_eq!(solo.cancelled, 1, "what is late is not cancelled again");
}

#[test]
fn blocks_on_demand_wait_for_the_block_that_helpers_check_and_are_built_on_it() {
    let chain = Chain::spending(1, SPENDING.1);
    let mut solo = Solo::open(MemoryStore::new(), Checks::Threads(2));
    solo.command(Command::CreateWallet { label: None });
    solo.announce(chain.blocks());
    solo.work();
    solo.replies.clear();
    solo.command(Command::Generate { blocks: 5, address: None });
    assert!(solo.threads.as_ref().is_some_and(|threads| threads.out() > 0));
    assert!(solo.replies.is_empty(), "{:?}", solo.replies);
    solo.run();
    let [Ok(Reply::Generated(found))] = &solo.replies[..] else { panic!("{:?}", solo.replies) };
    assert_eq!(found.len(), 5);
    let (height, tip) = solo.node.standing().expect("a chain");
    assert_eq!((height.0 as usize, Some(&tip)), (chain.height() + 5, found.last()));
}

#[test]
fn a_node_that_ends_while_checks_are_out_opens_again_and_goes_on() {
    let chain = Chain::spending(SPENDING.0, SPENDING.1);
    let tip = chain.blocks()[chain.height()].block_hash();
    let mut store = MemoryStore::new();
    let mut lives = 0;
    while lives < MOST_LIVES {
        let mut solo = Solo::open(store, Checks::Threads(2));
        solo.announce(chain.blocks());
        solo.work();
        lives += 1;
        // In every life one block gets its answers, and the node ends while those of the next are out.
        let first = solo.tip();
        while solo.tip() == first
            && let Some(answer) = solo.threads.as_mut().and_then(HelperThreads::next_answer)
        {
            solo.node.handle(answer);
            solo.work();
        }
        if solo.tip() == tip {
            assert!(solo.node.supply_is_right());
            break;
        }
        assert!(solo.threads.as_ref().is_some_and(|threads| threads.out() > 0));
        store = solo.store;
    }
    assert!((SPENDING.0..MOST_LIVES).contains(&lives), "{lives} lives");
}

#[test]
fn storms_in_which_helpers_are_late_and_give_up_end_in_one_chain() {
    let mut handed_out = 0;
    let suite = run_all(0..STORMS, Mix::Helpers, 2, |storm| handed_out += storm.handed_out);
    let broken: Vec<String> = suite.broken.iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(handed_out > STORMS, "{handed_out} batches prove little");
}
