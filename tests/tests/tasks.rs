//! Long work: it is counted while it lasts, and can be given up.

use terrarium_core::consensus::{ConsensusParams, Preset};
use terrarium_core::interface::{
    ChainFile, Command, CommandError, NodeConfig, NodeId, Reply, RequestId, Role, SyncMode, Task, TaskKind,
};
use terrarium_core::node::{Cost, Entropy, Input, Loaded, MiningJob, Node, Output};
use terrarium_core::primitives::{Header, Height};
use terrarium_core::time::{Mono, Span, Time, UnixTime};
use terrarium_tests::sim::World;

const A: NodeId = NodeId(3000);

/// Blocks of the chains here; more than a node works off in one step.
const BLOCKS: u32 = 400;

fn config(network: Option<Preset>) -> NodeConfig {
    NodeConfig { id: A, role: Role::Full, network, sync: SyncMode::Headers, connect: Vec::new() }
}

fn world() -> World {
    let mut world = World::new(7);
    world.add(config(Some(Preset::Regtest)));
    world
}

fn height(world: &World) -> Height {
    world.snapshot(A).chain.expect("it has a chain").height
}

/// An address of regtest whose key nobody has.
const PAYEE: &str = "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8";

fn mine(blocks: u32) -> Command {
    Command::Generate { blocks, address: Some(PAYEE.to_owned()) }
}

/// What the host says once it has ground a job.
fn solve(job: &MiningJob) -> Input {
    let solves = |nonce: &u32| job.target.is_met_by(&Header { nonce: *nonce, ..job.header }.block_hash());
    Input::NonceFound { job: job.id, nonce: (0..).find(solves).expect("a nonce") }
}

/// A file with [`BLOCKS`] blocks.
fn chain_file() -> ChainFile {
    let mut world = world();
    world.execute(A, mine(BLOCKS)).expect("blocks");
    match world.execute(A, Command::ExportChain) {
        Ok(Reply::ChainFile(file)) => file,
        other => panic!("{other:?}"),
    }
}

/// A node driven by hand, a step at a time, at its own second.
struct ByHand(Node, UnixTime);

impl ByHand {
    fn new(network: Option<Preset>) -> Self {
        let entropy = Entropy { node: [1; 32], wallet: [2; 32] };
        let node = Node::new(config(network), entropy, Loaded::default()).expect("an empty store opens").0;
        ByHand(node, UnixTime(2_000_000_000))
    }

    /// What the node puts out in one step after this input.
    fn outputs(&mut self, input: Input) -> Vec<Output> {
        self.0.handle(input);
        self.0.step(Time { mono: Mono(0), unix: self.1 }, Cost(1_000));
        std::iter::from_fn(|| self.0.poll()).collect()
    }

    /// What it answers in one step after this input.
    fn step(&mut self, input: Input) -> Vec<Result<Reply, CommandError>> {
        let replies = self.outputs(input).into_iter().filter_map(|output| match output {
            Output::Reply { result, .. } => Some(result),
            _ => None,
        });
        replies.collect()
    }

    /// Lets it work until nothing long is left.
    fn rest(&mut self) {
        while !self.tasks().is_empty() {
            self.outputs(Input::Directory { up: Vec::new() });
        }
    }

    fn height(&self) -> Height {
        self.0.snapshot().chain.expect("it has a chain").height
    }

    fn tasks(&self) -> Vec<Task> {
        self.0.snapshot().tasks
    }
}

#[test]
fn mining_is_counted_and_what_was_found_stays_when_it_is_given_up() {
    let mut world = world();
    let request = world.submit(A, mine(5_000));
    let task = |world: &World| world.snapshot(A).tasks.first().copied();
    assert!(world.run_until(Span::from_secs(60), |world| task(world).is_some_and(|task| task.done >= 5)));
    let Some(Task { done, .. }) = task(&world) else { panic!("it is under way") };
    assert_eq!(task(&world), Some(Task { request: Some(request), kind: TaskKind::Mine, done, total: 5_000 }));
    world.cancel(A, request);
    world.run_for(Span::from_secs(2));
    let reply = world.host_mut(A).take_reply(request);
    assert_eq!(reply, Some(Err(CommandError::Cancelled)));
    let kept = height(&world);
    assert!(kept >= Height(done));
    world.run_for(Span::from_secs(10));
    assert_eq!((height(&world), world.snapshot(A).tasks), (kept, Vec::new()));
    world.execute(A, mine(1)).expect("the node goes on working");
    assert_eq!(height(&world), kept.next());
}

#[test]
fn a_command_behind_the_one_that_is_given_up_gets_its_own_job() {
    let mut node = ByHand::new(Some(Preset::Regtest));
    let job = |outputs: Vec<Output>| {
        outputs
            .into_iter()
            .find_map(|output| if let Output::Mine(job) = output { Some(job.id) } else { None })
    };
    let first = job(node.outputs(Input::Command { id: RequestId(1), command: mine(5_000) }));
    assert!(first.is_some());
    assert_eq!(job(node.outputs(Input::Command { id: RequestId(2), command: mine(20) })), None);
    assert_eq!(node.tasks().iter().map(|task| task.total).collect::<Vec<_>>(), [5_000, 20]);
    let second = job(node.outputs(Input::Cancel { id: RequestId(1) }));
    assert!(second > first, "{second:?} is no new job");
    assert_eq!(node.tasks().iter().map(|task| task.total).collect::<Vec<_>>(), [20]);
}

#[test]
fn a_block_that_would_be_ahead_of_time_waits_instead_of_being_ground_for_nothing() {
    let mut node = ByHand::new(Some(Preset::Regtest));
    let job = |outputs: Vec<Output>| {
        outputs.into_iter().find_map(|output| if let Output::Mine(job) = output { Some(job) } else { None })
    };
    let right = node.1;
    let mut found = job(node.outputs(Input::Command { id: RequestId(1), command: mine(6) }));
    while let Some(job_found) = found {
        found = job(node.outputs(solve(&job_found)));
    }
    // A clock that is set back beyond the future limit.
    node.1 = UnixTime(right.0 - ConsensusParams::REGTEST.future_limit - 10);
    let early = job(node.outputs(Input::Command { id: RequestId(2), command: mine(1) }));
    assert!(early.is_none(), "{early:?}");
    // The sixth block moved the earliest time two seconds on.
    assert_eq!(node.0.next_wakeup(), Some(Mono(12_000_000)));

    node.1 = right;
    let due = job(node.outputs(Input::Directory { up: Vec::new() })).expect("it is time");
    node.outputs(solve(&due));
    assert_eq!((node.height(), node.tasks()), (Height(7), Vec::new()));
}

#[test]
fn an_import_is_counted_and_changes_nothing_when_it_is_given_up() {
    let (file, mut node) = (chain_file(), ByHand::new(None));
    let id = RequestId(1);
    let import = Command::ImportChain { file };
    assert_eq!(node.step(Input::Command { id, command: import.clone() }), []);
    let tasks = node.tasks();
    let [Task { request: Some(RequestId(1)), kind: TaskKind::Import, done, total: BLOCKS }] = tasks[..]
    else {
        panic!("{tasks:?}")
    };
    assert!((1..BLOCKS).contains(&done));
    let waiting = Input::Command { id: RequestId(2), command: Command::GetBlockchainInfo };
    assert_eq!(node.step(waiting), [], "commands wait for it");
    let answers = node.step(Input::Cancel { id });
    assert_eq!(answers, [Err(CommandError::Cancelled), Err(CommandError::NoBlockchain)]);
    assert_eq!(node.tasks(), []);
    assert_eq!(node.step(Input::Cancel { id }), [], "what is answered cannot be given up");
}

#[test]
fn coins_are_built_anew_to_the_end_though_nobody_waits_for_them() {
    let mut node = ByHand::new(None);
    node.outputs(Input::Command { id: RequestId(1), command: Command::ImportChain { file: chain_file() } });
    node.rest();
    assert_eq!(node.height(), Height(BLOCKS));
    let id = RequestId(2);
    node.outputs(Input::Command { id, command: Command::ReindexUtxo });
    let task = Task { request: Some(id), kind: TaskKind::Reindex, done: 0, total: BLOCKS };
    assert!(node.tasks().contains(&task), "{:?}", node.tasks());
    assert_eq!(node.step(Input::Cancel { id }), [Err(CommandError::Cancelled)]);
    node.rest();
    assert_eq!(node.height(), Height(BLOCKS));
}
