//! Loads for a relay that runs beside: idle browsers, frames through one room, latency, one reader that stops reading; and
//! the same frames through a nats-server over its own WebSocket, where that is installed.
//! `cargo xtask bench relay` builds the relay with its page and runs this; nothing else should run meanwhile.

mod nats;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use terrarium_link::room::{BLOCK_TIME, ROOM_VERSION, RoomCode, ToBrowser, ToRelay, wrap_frame};
use terrarium_link::{Address, Body, Frame, Header, Role};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Bytes, Message};

type Socket = WebSocketStream<TcpStream>;

/// Idle browsers, and how many of them share a room.
const IDLE: (usize, usize) = (2_000, 50);
/// Connections of the loads.
const TALKERS: usize = 50;
/// Frames that each of them sends as fast as it can.
const FRAMES: u64 = 20_000;
/// Bytes of one frame.
const FRAME: usize = 200;
/// A frame of each talker in this time is 10,000 a second in all.
const PACE: Duration = Duration::from_millis(5);
/// How long latencies are gathered.
const GATHER: Duration = Duration::from_secs(5);

/// A browser in a room.
struct Browser {
    sink: SplitSink<Socket, Message>,
    stream: SplitStream<Socket>,
    address: [u8; 4],
    code: RoomCode,
}

/// The relay, ended with this value.
struct Relay {
    process: Child,
    host: String,
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn main() {
    // `cargo test --benches` runs benches too, without a relay to measure.
    let Some(program) = std::env::var_os("TERRARIUM_RELAY") else {
        return println!("TERRARIUM_RELAY names no relay: nothing is measured");
    };
    let began = Instant::now();
    let relay = start(&program);
    println!("| start to answer | {} ms |", began.elapsed().as_millis());
    let size = std::fs::metadata(&program).map_or(0, |file| file.len());
    println!("| the relay's file | {:.1} MB |", size as f64 / 1e6);
    let runtime = tokio::runtime::Runtime::new().expect("threads can be had");
    runtime.block_on(async {
        idle(&relay).await;
        throughput(&relay).await;
        latency(&relay, "10,000 frames/s", false).await;
        latency(&relay, "the same beside a reader that stops", true).await;
        nats::measure().await;
    });
}

/// Starts the relay on a free port and waits until it answers.
fn start(program: &std::ffi::OsStr) -> Relay {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let host = free.expect("loopback has free ports").to_string();
    let port = host.rsplit(':').next().unwrap_or_default();
    let mut process = Command::new(program)
        .args(["--bind", "127.0.0.1", "--port", port, "--max-peers", "5000", "--max-rooms", "5000"])
        .args(["--joins", "50000"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("TERRARIUM_RELAY can be run");
    let output = process.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let _ = lines.find(|line| line.starts_with("Students"));
    // It goes on printing, to nobody.
    std::thread::spawn(move || lines.for_each(drop));
    Relay { process, host }
}

async fn enter(relay: &Relay, code: Option<RoomCode>) -> Browser {
    let stream = TcpStream::connect(&relay.host).await.expect("the relay listens");
    stream.set_nodelay(true).expect("a TCP option");
    let address = format!("ws://{}/ws", relay.host);
    let (mut socket, _) =
        tokio_tungstenite::client_async(address, stream).await.expect("it takes WebSockets");
    let (version, name) = (ROOM_VERSION, String::new());
    let first = match code {
        None => ToRelay::Create { version, page: 1, by_hand: false, block_time: BLOCK_TIME, name },
        Some(code) => ToRelay::Join { version, page: 1, code, pass: None, token: None, name },
    };
    socket.send(Message::binary(first.encode())).await.expect("it is up");
    loop {
        let message = socket.next().await.expect("a welcome").expect("a message");
        if let Ok(ToBrowser::Welcome { pass, code, .. }) = ToBrowser::decode(&message.into_data()) {
            let (sink, stream) = socket.split();
            return Browser { sink, stream, address: pass.address, code };
        }
    }
}

/// A room of talkers.
async fn room(relay: &Relay, count: usize) -> Vec<Browser> {
    let first = enter(relay, None).await;
    let code = first.code;
    let mut browsers = vec![first];
    while browsers.len() < count {
        browsers.push(enter(relay, Some(code)).await);
    }
    browsers
}

/// A data frame of [`FRAME`] bytes; `stamp` travels in it.
fn frame(from: [u8; 4], to: [u8; 4], stamp: u64) -> Message {
    let address = |ip| Address { ip, port: 3_000 };
    let header = Header { role: Role::Opener, from: address(from), to: address(to), opener: 1, acceptor: 2 };
    let mut payload = [0; FRAME - 35];
    payload[..8].copy_from_slice(&stamp.to_le_bytes());
    let body = Body::Data { sequence: 0, payload: &payload };
    Message::Binary(Bytes::from(wrap_frame(&Frame { header, body }.encode())))
}

/// The stamp of a frame; none where the message is no frame.
fn stamp(message: &Message) -> Option<u64> {
    let Message::Binary(bytes) = message else { return None };
    (bytes.len() == FRAME + 1).then(|| bytes[36..44].try_into().map(u64::from_le_bytes).unwrap_or_default())
}

/// Every talker sends to the next one, as fast as it can.
async fn throughput(relay: &Relay) {
    let browsers = room(relay, TALKERS).await;
    let addresses: Vec<[u8; 4]> = browsers.iter().map(|browser| browser.address).collect();
    let began = Instant::now();
    let mut work = JoinSet::new();
    for (at, browser) in browsers.into_iter().enumerate() {
        let Browser { mut sink, mut stream, address, .. } = browser;
        let to = addresses[(at + 1) % addresses.len()];
        work.spawn(async move {
            for number in 0..FRAMES {
                sink.feed(frame(address, to, number)).await.expect("the relay takes it");
            }
            sink.flush().await.expect("the relay takes it");
            // The socket stays open until everybody is done.
            std::mem::forget(sink);
        });
        work.spawn(async move {
            let mut heard = 0;
            while heard < FRAMES {
                let message = stream.next().await.expect("more frames").expect("a message");
                heard += u64::from(stamp(&message).is_some());
            }
            std::mem::forget(stream);
        });
    }
    while let Some(done) = work.join_next().await {
        done.expect("every frame arrives");
    }
    let rate = (TALKERS as u64 * FRAMES) as f64 / began.elapsed().as_secs_f64();
    println!("| frames of {FRAME} B through one room, {TALKERS} connections | {rate:.0}/s |");
}

/// Talkers at a steady pace; with `slow` one more in the room is sent frames and reads none.
async fn latency(relay: &Relay, what: &str, slow: bool) {
    let mut browsers = room(relay, TALKERS + 2).await;
    let (mute, mut shouter) = (browsers.pop(), browsers.pop());
    let addresses: Vec<[u8; 4]> = browsers.iter().map(|browser| browser.address).collect();
    let began = Instant::now();
    let over = Arc::new(AtomicBool::new(false));
    let mut senders = JoinSet::new();
    let mut readers = JoinSet::new();
    for (at, browser) in browsers.into_iter().enumerate() {
        let Browser { mut sink, mut stream, address, .. } = browser;
        let (to, stop) = (addresses[(at + 1) % addresses.len()], Arc::clone(&over));
        senders.spawn(async move {
            let mut beat = beat(at);
            while !stop.load(Ordering::Relaxed) {
                beat.tick().await;
                let now = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                sink.send(frame(address, to, now)).await.expect("the relay takes it");
            }
            sink
        });
        readers.spawn(async move {
            let mut micros = Vec::new();
            while let Ok(Some(Ok(message))) =
                tokio::time::timeout(Duration::from_secs(1), stream.next()).await
            {
                if let Some(sent) = stamp(&message) {
                    let now = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                    micros.push(now.saturating_sub(sent) / 1_000);
                }
            }
            micros
        });
    }
    if let (true, Some(mute), Some(shouter)) = (slow, &mute, &mut shouter) {
        // More than fits into its queue and the kernel's buffers.
        for number in 0..200_000 {
            let shout = frame(shouter.address, mute.address, number);
            shouter.sink.feed(shout).await.expect("the relay takes it");
        }
    }
    tokio::time::sleep(GATHER).await;
    over.store(true, Ordering::Relaxed);
    let seconds = began.elapsed().as_secs_f64();
    let mut micros: Vec<u64> = readers.join_all().await.into_iter().flatten().collect();
    drop(senders.join_all().await);
    print_latencies(what, &mut micros, seconds);
}

/// The beat of a talker. All have the same pace, and none the same moment: a burst of all at once would wait for itself.
fn beat(talker: usize) -> Interval {
    let offset = PACE * u32::try_from(talker).unwrap_or_default() / TALKERS as u32;
    let mut beat = interval_at(tokio::time::Instant::now() + offset, PACE);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

fn print_latencies(what: &str, micros: &mut [u64], seconds: f64) {
    micros.sort_unstable();
    let at =
        |share: usize| micros.get(micros.len() * share / 100).copied().unwrap_or_default() as f64 / 1_000.0;
    let rate = micros.len() as f64 / seconds;
    println!("| latency, {what} ({rate:.0}/s measured) | p50 {:.2} ms, p99 {:.2} ms |", at(50), at(99));
}

async fn idle(relay: &Relay) {
    let (count, together) = IDLE;
    let before = resident(relay);
    let mut rooms = Vec::new();
    for _ in 0..count / together {
        rooms.push(room(relay, together).await);
    }
    // What joins say to each other has been taken in by then.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let each = resident(relay).saturating_sub(before) / count as u64;
    println!("| idle browsers | {count}, {:.1} kB each |", each as f64 / 1_000.0);
}

/// Resident bytes of the relay.
fn resident(relay: &Relay) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", relay.process.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1_024
}
