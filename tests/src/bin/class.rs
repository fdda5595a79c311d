//! A class of forty browsers' worth of nodes in a room of a relay that runs beside, each a node of the core of its own: how
//! long after one of them finds a block the others have it. `cargo xtask bench relay` runs this.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command as Program, Stdio};
use std::time::{Duration, Instant};
use terrarium_core::consensus::Preset;
use terrarium_core::interface::{Command, StartOptions};
use terrarium_tests::member::{Member, Place};
use tokio::task::JoinSet;

/// Browsers.
const CLASS: u16 = 40;
/// Blocks that are found, one after the other.
const BLOCKS: u32 = 10;

/// The relay, ended with this value.
struct Relay(Child);

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn main() {
    let Some(program) = std::env::var_os("TERRARIUM_RELAY") else {
        return println!("TERRARIUM_RELAY names no relay: nothing is measured");
    };
    let (host, _relay) = start(&program);
    let runtime = tokio::runtime::Runtime::new().expect("threads can be had");
    runtime.block_on(async {
        let class = class(&host).await;
        let mut delays = Vec::new();
        for height in 2..=BLOCKS + 1 {
            delays.extend(spread(&class, height).await);
        }
        delays.sort_unstable();
        let at = |share: usize| delays[(delays.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
        println!(
            "| {CLASS} browsers' nodes, {BLOCKS} blocks: from its finder to a node | p50 {:.0} ms, p99 {:.0} ms, last {:.0} ms |",
            at(50),
            at(99),
            at(100)
        );
    });
}

/// Starts the relay on a free port and waits until it answers.
fn start(program: &std::ffi::OsStr) -> (String, Relay) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let host = free.expect("loopback has free ports").to_string();
    let port = host.rsplit(':').next().unwrap_or_default();
    let mut process = Program::new(program)
        .args(["--bind", "127.0.0.1", "--port", port])
        .stdout(Stdio::piped())
        .spawn()
        .expect("TERRARIUM_RELAY can be run");
    let output = process.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let _ = lines.find(|line| line.starts_with("Students"));
    // It goes on printing, to nobody.
    std::thread::spawn(move || lines.for_each(drop));
    (host, Relay(process))
}

/// A room in which everybody's node is up and has found peers.
async fn class(host: &str) -> Vec<Member> {
    let mut class: Vec<Member> = Vec::new();
    for port in 3_000..3_000 + CLASS {
        let code = class.first().map(Member::code);
        let member =
            Member::join(Place { relay: host.to_owned(), code, port, network: Preset::Classroom }).await;
        member.execute(Command::StartNode(StartOptions::default())).await.expect("a node starts");
        class.push(member);
    }
    for member in &class {
        member.wait(|standing| !standing.peers.is_empty()).await;
    }
    // All are in one network once a block has come to all.
    spread(&class, 1).await;
    class
}

/// Has one node find a block; how long after it had it each of the others did.
async fn spread(class: &[Member], height: u32) -> Vec<Duration> {
    let mut waiting = JoinSet::new();
    for member in class {
        waiting.spawn(member.arrival(height));
    }
    let finder = &class[usize::try_from(height).unwrap_or_default() % class.len()];
    finder.execute(Command::Generate { blocks: 1, address: None }).await.expect("a block is found");
    let mut arrivals: Vec<Instant> = waiting.join_all().await;
    arrivals.sort_unstable();
    arrivals.iter().skip(1).map(|arrival| *arrival - arrivals[0]).collect()
}
