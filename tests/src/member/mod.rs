//! A browser's worth of a class without a browser: a WebSocket into a room of a relay, and one node of the very core behind
//! it, in real time, over the very sessions.

mod clock;
mod life;
mod wire;

use life::Life;
use std::time::{Duration, Instant};
use terrarium_core::consensus::Preset;
use terrarium_core::interface::{Command, CommandError, PeerId, Reply};
use terrarium_core::primitives::BlockHash;
use terrarium_link::room::{BLOCK_TIME, ROOM_VERSION, RoomCode, ToRelay};
use tokio::sync::{mpsc, oneshot, watch};

/// How long what a test waits for may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a member goes.
#[derive(Clone, Debug)]
pub struct Place {
    /// The relay's host and port.
    pub relay: String,
    /// The room; a new one if none.
    pub code: Option<RoomCode>,
    /// The node's id, which is its port.
    pub port: u16,
    /// The network whose first block the node starts with.
    pub network: Preset,
}

/// How a member's node stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The height of its tip.
    pub height: u32,
    /// Its tip.
    pub tip: Option<BlockHash>,
    /// Peers whose connection is up.
    pub peers: Vec<PeerId>,
    /// Other members of the room, gateways included.
    pub others: usize,
    /// What the relay's clock showed last, in milliseconds since 1970.
    pub relay_ms: u64,
    /// When it came to this tip.
    pub since: Instant,
}

impl Default for Standing {
    fn default() -> Self {
        Self { height: 0, tip: None, peers: Vec::new(), others: 0, relay_ms: 0, since: Instant::now() }
    }
}

/// What is asked of a member.
#[derive(Debug)]
enum Request {
    /// A command, and where its answer goes.
    Execute(Command, oneshot::Sender<Result<Reply, CommandError>>),
    /// Words for the relay.
    Tell(ToRelay),
}

/// One member; dropping it ends its connection and its node.
#[derive(Debug)]
pub struct Member {
    requests: mpsc::UnboundedSender<Request>,
    standing: watch::Receiver<Standing>,
    code: RoomCode,
    address: [u8; 4],
}

impl Member {
    /// Joins a room and opens a node, which is stopped.
    ///
    /// # Panics
    /// If the relay does not let it in.
    pub async fn join(place: Place) -> Self {
        let (requests, asked) = mpsc::unbounded_channel();
        let (note, standing) = watch::channel(Standing::default());
        let (welcomed, welcome) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a thread has a runtime").block_on(async {
                let (mut life, code, address) = Life::begin(&place, greeting(&place)).await;
                // Whoever asked may not wait any more.
                let _ = welcomed.send((code, address));
                life.run(asked, &note).await;
            });
        });
        let (code, address) = welcome.await.expect("the relay lets it in");
        Self { requests, standing, code, address }
    }

    /// The room.
    pub fn code(&self) -> RoomCode {
        self.code
    }

    /// Its address in the room.
    pub fn address(&self) -> [u8; 4] {
        self.address
    }

    /// Has the node do something.
    ///
    /// # Errors
    /// The node's.
    ///
    /// # Panics
    /// If the member has ended.
    pub async fn execute(&self, command: Command) -> Result<Reply, CommandError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request::Execute(command, answer)).expect("the member lives");
        answered.await.expect("a node answers every command")
    }

    /// Says something to the relay.
    ///
    /// # Panics
    /// If the member has ended.
    pub fn tell(&self, message: ToRelay) {
        self.requests.send(Request::Tell(message)).expect("the member lives");
    }

    /// How the node stands.
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// Waits until the node stands as is asked.
    ///
    /// # Panics
    /// If that takes a minute.
    pub async fn wait(&self, mut holds: impl FnMut(&Standing) -> bool) -> Standing {
        let mut standing = self.standing.clone();
        let waited = tokio::time::timeout(PATIENCE, standing.wait_for(|now| holds(now))).await;
        let Ok(now) = waited else { panic!("it stands at {:?}", self.standing()) };
        now.expect("the member lives").clone()
    }
}

impl Member {
    /// When the node will have come to a height.
    ///
    /// # Panics
    /// If that takes a minute.
    pub fn arrival(&self, height: u32) -> impl Future<Output = Instant> + Send + 'static {
        let mut standing = self.standing.clone();
        async move {
            let reached = standing.wait_for(|now| now.height >= height);
            let now = tokio::time::timeout(PATIENCE, reached).await.expect("the block comes");
            now.expect("the member lives").since
        }
    }
}

fn greeting(place: &Place) -> ToRelay {
    let (version, page, name) = (ROOM_VERSION, u64::from(place.port), place.port.to_string());
    match place.code {
        None => ToRelay::Create { version, page, by_hand: false, block_time: BLOCK_TIME, name },
        Some(code) => ToRelay::Join { version, page, code, pass: None, token: None, name },
    }
}
