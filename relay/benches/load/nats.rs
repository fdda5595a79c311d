//! The same frames through a nats-server over its own WebSocket, each talker subscribed to a subject of its own: what a
//! general message server makes of this load on this machine.

use super::{FRAME, FRAMES, GATHER, PACE, TALKERS, beat, print_latencies};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

type Socket = WebSocketStream<TcpStream>;

/// A nats-server, ended with this value.
struct Server {
    process: Child,
    config: PathBuf,
    host: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        drop(self.process.kill());
        drop(self.process.wait());
        drop(std::fs::remove_file(&self.config));
    }
}

/// One connection with a subject of its own.
struct Talker {
    sink: SplitSink<Socket, Message>,
    stream: SplitStream<Socket>,
    /// What of the stream has not been understood yet.
    rest: Vec<u8>,
}

/// Prints throughput and latency, or why not.
pub(super) async fn measure() {
    let Some(server) = start().await else {
        return println!(
            "| beside: nats-server over its WebSocket | skipped: nats-server is not installed |"
        );
    };
    throughput(&server).await;
    latency(&server).await;
}

async fn start() -> Option<Server> {
    let free = || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        listener.local_addr().expect("it is bound").port()
    };
    let (port, websocket) = (free(), free());
    let config = std::env::temp_dir().join(format!("terrarium-bench-nats-{}.conf", std::process::id()));
    let text = format!(
        "host: 127.0.0.1\nport: {port}\nwebsocket {{ host: 127.0.0.1, port: {websocket}, no_tls: true }}\n"
    );
    std::fs::write(&config, text).expect("the folder for passing files can be written");
    let mut command = Command::new("nats-server");
    command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
    let process = command.spawn().ok()?;
    let server = Server { process, config, host: format!("127.0.0.1:{websocket}") };
    while TcpStream::connect(&server.host).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Some(server)
}

async fn talkers(server: &Server) -> Vec<Talker> {
    let mut talkers = Vec::new();
    for number in 0..TALKERS {
        let stream = TcpStream::connect(&server.host).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP option");
        let url = format!("ws://{}/", server.host);
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.expect("it takes WebSockets");
        let (sink, stream) = socket.split();
        let mut talker = Talker { sink, stream, rest: Vec::new() };
        let hello = format!("CONNECT {{\"verbose\":false}}\r\nSUB to.{number} 1\r\nPING\r\n");
        talker.sink.send(Message::binary(hello.into_bytes())).await.expect("it is up");
        while !talker.rest.windows(6).any(|part| part == b"PONG\r\n") {
            talker.read().await;
        }
        talker.rest.clear();
        talkers.push(talker);
    }
    talkers
}

impl Talker {
    async fn read(&mut self) {
        let message = self.stream.next().await.expect("more").expect("a message");
        self.rest.extend_from_slice(&message.into_data());
    }
}

/// The stamps of the messages that are there whole, which are taken out.
fn stamps(rest: &mut Vec<u8>) -> Vec<u64> {
    let (mut stamps, mut at) = (Vec::new(), 0);
    while let Some(line) = rest[at..].windows(2).position(|part| part == b"\r\n") {
        let body = at + line + 2;
        if rest[at..].starts_with(b"MSG ") {
            let Some(stamp) = rest.get(body..body + FRAME + 2) else { break };
            stamps.push(stamp[..8].try_into().map(u64::from_le_bytes).unwrap_or_default());
            at = body + FRAME + 2;
        } else {
            at = body;
        }
    }
    rest.drain(..at);
    stamps
}

fn publish(to: usize, stamp: u64) -> Message {
    let mut message = format!("PUB to.{to} {FRAME}\r\n").into_bytes();
    let body = message.len();
    message.resize(body + FRAME, 0);
    message[body..body + 8].copy_from_slice(&stamp.to_le_bytes());
    message.extend_from_slice(b"\r\n");
    Message::binary(message)
}

async fn throughput(server: &Server) {
    let began = Instant::now();
    let mut work = JoinSet::new();
    for (at, mut talker) in talkers(server).await.into_iter().enumerate() {
        work.spawn(async move {
            let to = (at + 1) % TALKERS;
            let mut heard = 0;
            for number in 0..FRAMES {
                talker.sink.feed(publish(to, number)).await.expect("the server takes it");
                // It drops a client that does not read while it writes.
                while let Some(message) = futures_util::FutureExt::now_or_never(talker.stream.next()) {
                    let message = message.expect("more").expect("a message");
                    talker.rest.extend_from_slice(&message.into_data());
                    heard += stamps(&mut talker.rest).len() as u64;
                }
            }
            talker.sink.flush().await.expect("the server takes it");
            while heard < FRAMES {
                talker.read().await;
                heard += stamps(&mut talker.rest).len() as u64;
            }
            talker
        });
    }
    let done = work.join_all().await;
    let rate = (TALKERS as u64 * FRAMES) as f64 / began.elapsed().as_secs_f64();
    drop(done);
    println!("| beside: nats-server over its WebSocket, {TALKERS} connections | {rate:.0}/s |");
}

async fn latency(server: &Server) {
    let talkers = talkers(server).await;
    let began = Instant::now();
    let over = Arc::new(AtomicBool::new(false));
    let (mut senders, mut readers) = (JoinSet::new(), JoinSet::new());
    for (at, talker) in talkers.into_iter().enumerate() {
        let Talker { mut sink, stream, rest } = talker;
        let stop = Arc::clone(&over);
        senders.spawn(async move {
            let mut beat = beat(at);
            while !stop.load(Ordering::Relaxed) {
                beat.tick().await;
                let now = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                sink.send(publish((at + 1) % TALKERS, now)).await.expect("the server takes it");
            }
            sink
        });
        readers.spawn(async move {
            let (mut stream, mut unread, mut micros) = (stream, rest, Vec::new());
            let patience = Duration::from_secs(1).max(PACE);
            while let Ok(Some(Ok(message))) = tokio::time::timeout(patience, stream.next()).await {
                unread.extend_from_slice(&message.into_data());
                let now = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                let stamps = stamps(&mut unread);
                micros.extend(stamps.into_iter().map(|sent| now.saturating_sub(sent) / 1_000));
            }
            micros
        });
    }
    tokio::time::sleep(GATHER).await;
    over.store(true, Ordering::Relaxed);
    let seconds = began.elapsed().as_secs_f64();
    let mut micros: Vec<u64> = readers.join_all().await.into_iter().flatten().collect();
    drop(senders.join_all().await);
    print_latencies("the same through nats-server", &mut micros, seconds);
}
