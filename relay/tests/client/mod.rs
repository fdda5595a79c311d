//! Browsers as the relay sees them.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test that asked for it")]
#![allow(dead_code, reason = "each file of tests needs a part of it")]

use futures_util::{SinkExt, StreamExt};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use terrarium_link::room::{
    BLOCK_TIME, Beginning, ClassNews, End, NodeEntry, Pass, ROOM_VERSION, Refusal, RoomCode, Secret,
    Settings, ToBrowser, ToRelay, frame_of, wrap_frame,
};
use terrarium_link::{Address, Body, Frame, Header, Role};
use terrarium_relay::{Options, Relay, Site};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

pub(crate) type Socket = WebSocketStream<Box<dyn Stream>>;

/// What bytes travel on.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Where a relay is reached.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) host: String,
    pub(crate) base: String,
    /// How to speak TLS with it, if that is what it speaks.
    pub(crate) tls: Option<TlsConnector>,
}

/// A relay that runs beside the test.
pub(crate) struct Running {
    pub(crate) home: Home,
    /// Under which addresses it says that it is reached.
    pub(crate) urls: Vec<String>,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Starts a relay.
pub(crate) async fn relay(options: Options) -> Running {
    let page = "<!doctype html><script>let a = 1;</script>".to_owned() + &" ".repeat(2_000);
    let files = [("index.html", page), ("app-0123456789abcdef.js", "let b = 2;".to_owned())];
    let site = Site::of(files.map(|(path, text)| (path.to_owned(), text.into())));
    let base = options.base_path.clone();
    let relay = Relay::bind(options, site).await.unwrap();
    let (host, urls) = (relay.address().to_string(), relay.urls().to_vec());
    let (end, ended) = oneshot::channel::<()>();
    let task = tokio::spawn(relay.serve(async move { drop(ended.await) }));
    Running { home: Home { host, base, tls: None }, urls, end, task }
}

impl Running {
    pub(crate) async fn stop(self) {
        self.end.send(()).unwrap();
        self.task.await.unwrap();
    }
}

impl Deref for Running {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.home
    }
}

impl Home {
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) async fn connect(&self) -> Socket {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        let address = format!("{scheme}://{}{}/ws", self.host, self.base);
        tokio_tungstenite::client_async(address, self.stream().await).await.unwrap().0
    }

    /// A connection that has said nothing yet.
    pub(crate) async fn stream(&self) -> Box<dyn Stream> {
        let stream = TcpStream::connect(&self.host).await.unwrap();
        match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = ServerName::try_from("localhost").unwrap();
                Box::new(tls.connect(name, stream).await.unwrap())
            }
        }
    }

    /// Connects, asks for nothing, and waits until the relay closes the connection.
    pub(crate) async fn wait_until_closed(&self) {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }

    pub(crate) fn own_origin(&self) -> String {
        format!("http://{}", self.host)
    }

    /// The status with which a WebSocket of a page of `origin` is answered.
    pub(crate) async fn origin(&self, origin: &str) -> u16 {
        let upgrade = [
            ("origin", origin),
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let answer = self.fetch("/ws", &upgrade).await;
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The body of an answer.
    pub(crate) async fn get(&self, path: &str) -> String {
        self.fetch(path, &[]).await.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// A whole answer.
    pub(crate) async fn fetch(&self, path: &str, headers: &[(&str, &str)]) -> String {
        let mut stream = self.stream().await;
        let closing = [("connection", "close")];
        let is_upgrade = headers.iter().any(|(name, _)| *name == "upgrade");
        let headers = if is_upgrade { headers.to_vec() } else { [headers, &closing].concat() };
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("GET {}{path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", self.base, self.host);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Until it closes; an upgraded connection would stay open, and has no more to say than a head.
        while stream.read_buf(&mut answer).await.is_ok_and(|count| count > 0) {
            if is_upgrade && answer.windows(4).any(|end| end == b"\r\n\r\n") {
                break;
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// A browser in a room.
pub(crate) struct Browser {
    socket: Socket,
    pub(crate) code: RoomCode,
    pub(crate) pass: Pass,
    pub(crate) token: Option<Secret>,
    /// What time it was when it came.
    pub(crate) unix_ms: u64,
    gone: Vec<[u8; 4]>,
    /// Who it has been told of, and their nodes.
    members: BTreeMap<[u8; 4], Vec<NodeEntry>>,
}

impl Browser {
    pub(crate) async fn create(relay: &Home, name: &str) -> Self {
        Self::greet(relay, create(BLOCK_TIME, name)).await.unwrap()
    }

    pub(crate) async fn try_create(relay: &Home) -> Result<Self, Refusal> {
        Self::greet(relay, create(BLOCK_TIME, "")).await
    }

    pub(crate) async fn join(relay: &Home, code: RoomCode, name: &str) -> Self {
        Self::greet(relay, join(code, None, None, name)).await.unwrap()
    }

    pub(crate) async fn try_join(relay: &Home, code: RoomCode) -> Result<Self, Refusal> {
        Self::greet(relay, join(code, None, None, "")).await
    }

    pub(crate) async fn try_join_as(relay: &Running, code: RoomCode, name: &str) -> Result<Self, Refusal> {
        Self::greet(relay, join(code, None, None, name)).await
    }

    pub(crate) async fn come_back(
        relay: &Home,
        code: RoomCode,
        pass: Pass,
        token: Option<Secret>,
    ) -> Result<Self, Refusal> {
        Self::greet(relay, join(code, Some(pass), token, "back")).await
    }

    /// Says something first.
    pub(crate) async fn greet(relay: &Home, first: Vec<u8>) -> Result<Self, Refusal> {
        let mut socket = relay.connect().await;
        socket.send(Message::binary(first)).await.unwrap();
        match message(&mut socket).await.map(|bytes| ToBrowser::decode(&bytes).unwrap()) {
            Some(ToBrowser::Welcome { code, pass, token, unix_ms, .. }) => {
                let (gone, members) = (Vec::new(), BTreeMap::new());
                Ok(Self { socket, code, pass, token, unix_ms, gone, members })
            }
            Some(ToBrowser::Refused(reason)) => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn tell(&mut self, message: &ToRelay) {
        self.post(message.encode()).await;
    }

    pub(crate) async fn post(&mut self, bytes: Vec<u8>) {
        // One that the relay has closed shows by what it hears.
        let _ = self.socket.send(Message::binary(bytes)).await;
    }

    /// The next message; who is in the room is kept.
    async fn read(&mut self) -> Option<Vec<u8>> {
        let bytes = message(&mut self.socket).await?;
        match ToBrowser::decode(&bytes) {
            Ok(ToBrowser::Member { address, nodes, .. }) => drop(self.members.insert(address, nodes)),
            Ok(ToBrowser::Gone(address)) => {
                self.members.remove(&address);
                self.gone.push(address);
            }
            _ => {}
        }
        Some(bytes)
    }

    /// The next message of the room; the time, the settings and the class are left out.
    pub(crate) async fn hear(&mut self) -> ToBrowser {
        loop {
            let bytes = self.read().await.unwrap();
            match ToBrowser::decode(&bytes) {
                Ok(ToBrowser::Time { .. } | ToBrowser::Settings(_) | ToBrowser::Class(_)) => {}
                other => return other.unwrap(),
            }
        }
    }

    /// The next frame; news of the room are left out.
    pub(crate) async fn hear_frame(&mut self) -> Vec<u8> {
        loop {
            let bytes = self.read().await.unwrap();
            if frame_of(&bytes).is_some() {
                return bytes;
            }
        }
    }

    /// The chain that comes next.
    pub(crate) async fn hear_chain(&mut self) -> Vec<u8> {
        loop {
            if let ToBrowser::Chain(chain) = self.hear().await {
                return chain;
            }
        }
    }

    /// The settings that come next.
    pub(crate) async fn hear_settings(&mut self) -> Settings {
        loop {
            let bytes = self.read().await.unwrap();
            if let Ok(ToBrowser::Settings(settings)) = ToBrowser::decode(&bytes) {
                return settings;
            }
        }
    }

    /// The next time that holds as is asked: the room's, whether it stands still, and the relay's.
    pub(crate) async fn hear_time(&mut self, mut holds: impl FnMut(u64, bool, u64) -> bool) -> u64 {
        loop {
            let bytes = self.read().await.unwrap();
            if let Ok(ToBrowser::Time { room_ms, stands, relay_ms }) = ToBrowser::decode(&bytes)
                && holds(room_ms, stands, relay_ms)
            {
                return room_ms;
            }
        }
    }

    /// The next news of the class that are of some kind.
    pub(crate) async fn hear_class<T>(&mut self, of_kind: impl Fn(ClassNews) -> Option<T>) -> T {
        loop {
            let bytes = message(&mut self.socket).await.unwrap();
            if let Ok(ToBrowser::Class(news)) = ToBrowser::decode(&bytes)
                && let Some(found) = of_kind(news)
            {
                return found;
            }
        }
    }

    /// What the chain of the epoch begins with that is told next.
    pub(crate) async fn hear_beginning(&mut self) -> Option<Beginning> {
        let of_kind =
            |news| if let ClassNews::Lesson { beginning, .. } = news { Some(beginning) } else { None };
        self.hear_class(of_kind).await
    }

    /// Waits until a member has gone.
    pub(crate) async fn hear_gone(&mut self, address: [u8; 4]) {
        while self.hear().await != ToBrowser::Gone(address) {}
    }

    /// Waits until these have been introduced.
    pub(crate) async fn hear_members(&mut self, wanted: &[[u8; 4]]) {
        while !wanted.iter().all(|address| self.members.contains_key(address)) {
            self.hear().await;
        }
    }

    /// Waits until none of these is there, who all were.
    pub(crate) async fn hear_leave(&mut self, gone: &[[u8; 4]]) {
        while gone.iter().any(|address| self.members.contains_key(address)) {
            self.hear().await;
        }
    }

    /// Waits until a member runs these nodes.
    pub(crate) async fn hear_nodes(&mut self, member: [u8; 4], nodes: &[NodeEntry]) {
        while self.members.get(&member).is_none_or(|known| known != nodes) {
            self.hear().await;
        }
    }

    /// Whether it was heard that a member has gone.
    pub(crate) fn is_gone(&self, address: [u8; 4]) -> bool {
        self.gone.contains(&address)
    }

    /// Reads until a ping has come, which answers it.
    pub(crate) async fn answer_a_ping(&mut self) {
        while !matches!(self.socket.next().await, Some(Ok(Message::Ping(_)))) {}
        self.socket.flush().await.unwrap();
    }

    /// Sends bytes that begin a WebSocket's frame, and breaks the connection.
    pub(crate) async fn break_off(mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).await.unwrap();
    }

    /// What the relay says at the end, if it says anything.
    pub(crate) async fn end(&mut self) -> Option<End> {
        while let Some(bytes) = self.read().await {
            if let Ok(ToBrowser::End(reason)) = ToBrowser::decode(&bytes) {
                return Some(reason);
            }
        }
        None
    }
}

/// What the relay says at the end of a connection that never greeted.
pub(crate) async fn end_of(mut socket: Socket) -> Option<Vec<u8>> {
    message(&mut socket).await
}

/// A frame as a message, from port 3000 to port 3000; `number` tells it from others.
pub(crate) fn frame(from: [u8; 4], to: [u8; 4], number: u64) -> Vec<u8> {
    let address = |ip| Address { ip, port: 3000 };
    let header = Header { role: Role::Opener, from: address(from), to: address(to), opener: 1, acceptor: 2 };
    wrap_frame(&Frame { header, body: Body::Credit { offset: number } }.encode())
}

/// Whether a code is the first there is.
pub(crate) fn room_of(code: RoomCode) -> u64 {
    u64::from(code == RoomCode::from_number(1))
}

/// A folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("terrarium-relay-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

async fn message(socket: &mut Socket) -> Option<Vec<u8>> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) => return Some(bytes.to_vec()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

/// A greeting that makes a room whose chain has this block time.
pub(crate) fn create(block_time: u16, name: &str) -> Vec<u8> {
    let (version, page, name) = (ROOM_VERSION, page(), name.to_owned());
    ToRelay::Create { version, page, by_hand: false, block_time, name }.encode()
}

fn join(code: RoomCode, pass: Option<Pass>, token: Option<Secret>, name: &str) -> Vec<u8> {
    ToRelay::Join { version: ROOM_VERSION, page: page(), code, pass, token, name: name.to_owned() }.encode()
}

/// The number of a tab that there was not before.
fn page() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}
