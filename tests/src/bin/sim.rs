//! `cargo xtask sim`: storms by their seeds, journals, and large networks.

use mimalloc::MiMalloc;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::BufWriter;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;
use terrarium_core::time::Span;
use terrarium_tests::sim::{MOST_NODES, Mix, Regions, Scale, Storm, replay, run_all};
use xtask::{Args, Error};

/// Storms that run where no number is given.
const SEEDS: u64 = 100;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match run(&mut Args::from_env()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// `--nodes N` runs a large network, see [`large`]; `--seed N` runs one storm, and with `--journal FILE` writes down what its nodes do; `--seeds N` runs the first N;
/// `--faults-only` leaves NATs, light nodes and adversaries out, `--helpers` has helpers check scripts; `--replay FILE`
/// replays a journal. Fails where something did not hold.
fn run(args: &mut Args) -> Result<ExitCode, Error> {
    if let Some(nodes) = args.value("--nodes")? {
        return large(nodes, args);
    }
    let seed: Option<u64> = args.value("--seed")?;
    let seeds: Option<u64> = args.value("--seeds")?;
    let journal: Option<String> = args.value("--journal")?;
    let to_replay: Option<String> = args.value("--replay")?;
    let mix = match (args.flag("--faults-only"), args.flag("--helpers")) {
        (true, _) => Mix::Faults,
        (false, true) => Mix::Helpers,
        (false, false) => Mix::Everything,
    };
    args.finish()?;
    match (to_replay, seed, journal) {
        (Some(path), _, _) => replay_file(&path),
        (None, Some(seed), journal) => one(seed, mix, journal.as_deref()),
        (None, None, Some(path)) => {
            Err(Error::new(format!("--journal {path}: of which storm? --seed N says it")))
        }
        (None, None, None) => Ok(many(seeds.unwrap_or(SEEDS), mix)),
    }
}

fn one(seed: u64, mix: Mix, journal: Option<&str>) -> Result<ExitCode, Error> {
    let outcome = match journal {
        None => Storm::run(seed, mix),
        Some(path) => {
            let failed = |error| Error::new(format!("{path}: {error}"));
            let file = BufWriter::new(File::create(path).map_err(failed)?);
            Storm::run_recorded(seed, mix, Box::new(file)).map_err(failed)?
        }
    };
    println!("{outcome}\n\n{}", outcome.faults);
    Ok(if outcome.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn many(seeds: u64, mix: Mix) -> ExitCode {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let suite = run_all(0..seeds, mix, threads, |outcome| println!("{outcome}"));
    println!("\n{}", suite.faults);
    println!(
        "{} storms, {} broken; the slowest agreed after {} ms",
        suite.storms,
        suite.broken.len(),
        suite.slowest
    );
    for outcome in &suite.broken {
        println!("{outcome}");
    }
    if suite.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn replay_file(path: &str) -> Result<ExitCode, Error> {
    let text = fs::read_to_string(path).map_err(|error| Error::new(format!("{path}: {error}")))?;
    let replayed = replay(&text).map_err(|error| Error::new(format!("{path}: {error}")))?;
    println!("{path}: {replayed}");
    Ok(ExitCode::SUCCESS)
}

/// `--nodes N` lets N nodes find `--blocks N` blocks (100), `--spacing` seconds apart (10), with `--payments N` after each
/// (none) and `--connections N` opened by each node (8); `--table FILE` says where nodes are and how lines are, `--csv
/// FILE` gets a row for each block and payment, `--seed N` decides what is drawn. Fails where nodes do not agree.
fn large(nodes: usize, args: &mut Args) -> Result<ExitCode, Error> {
    let default = Scale::default();
    let whole = |name: &str, value: Option<usize>, default: usize, from: usize, to: usize| {
        let value = value.unwrap_or(default);
        let is_right = (from..=to).contains(&value);
        is_right
            .then_some(value)
            .ok_or_else(|| Error::new(format!("{name} {value}: it takes {from} to {to}")))
    };
    let spacing = whole("--spacing", args.value("--spacing")?, 10, 1, 3_600)?;
    let scale = Scale {
        seed: args.value("--seed")?.unwrap_or(default.seed),
        nodes: whole("--nodes", Some(nodes), default.nodes, 2, MOST_NODES)?,
        blocks: whole("--blocks", args.value("--blocks")?, default.blocks, 1, 10_000)?,
        spacing: Span::from_secs(spacing as u64),
        payments: whole("--payments", args.value("--payments")?, default.payments, 0, 1_000)?,
        connections: whole("--connections", args.value("--connections")?, default.connections, 1, 100)?,
        regions: args.value::<String>("--table")?.map(|path| read_table(&path)).transpose()?,
    };
    let csv: Option<String> = args.value("--csv")?;
    args.finish()?;
    let began = Instant::now();
    let figures = scale.run();
    let took = began.elapsed().as_secs_f64();
    println!("{figures}");
    let speed = |count: u64| count as f64 / took;
    println!("events         {} ({:.0} a second)", figures.events, speed(figures.events));
    let received = figures.received.messages;
    println!("messages       {received} handled ({:.0} a second)", speed(received));
    println!("took           {took:.1} s{}", usage());
    if let Some(path) = csv {
        fs::write(&path, figures.to_csv()).map_err(|error| Error::new(format!("--csv {path}: {error}")))?;
    }
    Ok(if figures.agreed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read_table(path: &str) -> Result<Regions, Error> {
    let failed = |error: &dyn Display| Error::new(format!("--table {path}: {error}"));
    fs::read_to_string(path).map_err(|error| failed(&error))?.parse().map_err(|error| failed(&error))
}

/// What this process has used of the processor and of memory at most; nothing where the system does not say (Linux does).
fn usage() -> String {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold anything, the 12th and 13th fields are ticks of a hundredth of a second.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let seconds = |at: usize| Some(fields.get(at)?.parse::<f64>().ok()? / 100.0);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map(str::trim);
    let processor = seconds(11)
        .zip(seconds(12))
        .map(|(user, system)| format!(", of the processor {user:.1} s (and {system:.1} s in the system)"));
    let memory = peak.map(|peak| format!(", at most {peak} of memory"));
    [processor, memory].into_iter().flatten().collect()
}
