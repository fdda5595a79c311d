//! Large networks, small: how blocks and payments spread is measured, and is the same whenever the same is run.

use terrarium_core::consensus::Preset;
use terrarium_core::interface::{Command, NodeConfig, NodeId, Reply, Role, StartOptions, SyncMode};
use terrarium_core::time::Span;
use terrarium_tests::sim::{Figures, Regions, Scale, World};

/// The table that the documentation shows.
const SIX_REGIONS: &str = include_str!("../tables/six-regions.txt");

fn small() -> Scale {
    Scale { nodes: 50, blocks: 5, ..Scale::default() }
}

fn median(figures: &Figures) -> Span {
    let mut times: Vec<Span> =
        figures.blocks.iter().map(|block| block.delays[block.delays.len() / 2]).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn the_same_network_twice_gives_the_same_figures() {
    let scale = Scale { payments: 2, regions: Some(SIX_REGIONS.parse().expect("a table")), ..small() };
    let [once, again] = [0, 1].map(|_| scale.run());
    assert_eq!(once, again);
    assert_eq!(once.to_csv(), again.to_csv());
    let other = Scale { seed: 2, ..scale }.run();
    assert_ne!(once.to_csv(), other.to_csv());
}

#[test]
fn every_block_and_every_payment_comes_to_every_node_and_all_agree() {
    let figures = Scale { payments: 3, blocks: 8, ..small() }.run();
    assert!(figures.agreed, "{figures}");
    assert_eq!(figures.blocks.len() as f64, figures.found as f64 * (1.0 - figures.stale_rate()));
    assert!(!figures.transactions.is_empty(), "{figures}");
    for item in figures.blocks.iter().chain(&figures.transactions) {
        assert_eq!(item.delays.len(), 50, "{item:?}");
        assert_eq!(item.delays[0], Span(0), "one node has it first: {item:?}");
    }
    assert_eq!(figures.sent.messages, figures.received.messages, "nothing is lost, and all has come");
}

#[test]
fn blocks_take_longer_where_lines_are_longer() {
    let line = |latency: &str| {
        let table = format!("region here 1\nlatency here here {latency}");
        let regions: Regions = table.parse().expect("a table");
        median(&Scale { regions: Some(regions), ..small() }.run())
    };
    let (near, far) = (line("constant 5"), line("constant 100"));
    assert_eq!(near, median(&small().run()), "5 ms is the usual line");
    assert!(far.0 > near.0 * 15, "{near:?} and {far:?}");
}

#[test]
fn a_slow_line_delays_what_is_large() {
    let line = |bandwidth: &str| {
        let table = format!("region here 1\nlatency here here constant 5\n{bandwidth}");
        let regions: Regions = table.parse().expect("a table");
        median(&Scale { regions: Some(regions), ..small() }.run())
    };
    assert!(line("bandwidth here here 0.05") > line(""), "a block takes 50 ms over such a line");
}

#[test]
fn a_quiet_node_sends_no_pings_and_no_addresses_stays_connected_and_tells_its_host_nothing_of_messages() {
    let mut world = World::new(1);
    world.close_directory();
    let (a, b) = (NodeId(3000), NodeId(3001));
    for (id, connect) in [(a, vec![]), (b, vec![a])] {
        let network = Some(Preset::Classroom);
        world.add(NodeConfig { id, role: Role::Full, network, sync: SyncMode::Headers, connect });
        world.keep_quiet(id);
        let options = StartOptions { max_outbound: Some(0), ..StartOptions::default() };
        world.execute(id, Command::StartNode(options)).expect("the node starts");
    }
    world.run_for(Span::from_secs(300));
    for id in [a, b] {
        let Ok(Reply::Json(peers)) = world.execute(id, Command::GetPeerInfo) else {
            panic!("peers are listed")
        };
        assert!(peers.contains("\"verack\""), "{peers}");
        // Whoever asks for addresses tells its own first, and nobody tells any who is not asked.
        for command in ["ping", "pong", "getaddr"] {
            assert!(!peers.contains(&format!("\"{command}\"")), "{command} went over it: {peers}");
        }
        assert!(world.host(id).log().is_empty());
    }
}
