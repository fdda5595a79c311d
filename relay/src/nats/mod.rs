//! Several relays share rooms over a NATS server. The relay where a room was made is its home: it keeps passes, settings
//! and who is there. Another relay asks it for a seat for each of its own browsers, and passes on what the two say to each
//! other; frames go from the sender's relay to the receiver's, or stay in one where both are there.
//!
//! | subject | from | what |
//! | --- | --- | --- |
//! | `terrarium.1.<code>.ask` | any relay | a request for a seat, answered by the room's home alone |
//! | `terrarium.1.<code>.up.<session>` | a browser's relay | what the browser says; nothing: its relay is there; 254: it is there; 255: it has gone |
//! | `terrarium.1.<code>.down.<session>` | the home | what it is told; nothing: is the browser there? |
//! | `terrarium.1.<code>.to.<number>` | any relay | frames for the browser with that number |
//!
//! A room's subjects begin with its code and no message crosses from one to another. Subjects hold no secret; passes and
//! tokens are in requests for seats, so that who can read on the NATS server must be trusted as the relays are.
//!
//! `home` answers for rooms of this relay, `away` has the browsers of this relay in rooms of others, `branch` those of
//! them that are in one room, `lobby` is where a relay with a server differs from one without.

mod away;
mod branch;
mod home;
mod lobby;

pub(crate) use away::AwaySeat;

use axum::body::Bytes;
use branch::Branch;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use terrarium_link::room::{End, RoomCode};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Messages of one subscription that wait until their task takes them, which it does at once.
const SUBSCRIPTION: usize = 8 * 1024;
/// The longest between two tries to reach the server again.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How often the server is asked whether it is there.
const PING: Duration = Duration::from_secs(5);
/// How long a subscription may take to have reached the server before what needs it goes on.
const FLUSH: Duration = Duration::from_secs(1);
/// What a browser's relay says when the browser has given a sign of life.
const SEEN: &[u8] = &[254];
/// What a browser's relay says last.
const GONE: &[u8] = &[255];

/// The address of a server cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NatsError(String);

/// This relay's part in what relays share.
#[derive(Debug)]
pub(crate) struct Nats {
    client: async_nats::Client,
    /// Rooms of other relays that browsers of this one are in; bounded by `Limits::connections`.
    branches: Mutex<HashMap<RoomCode, Weak<Branch>>>,
    tasks: Mutex<JoinSet<()>>,
    /// How often the server was lost.
    breaks: Arc<AtomicU64>,
}

/// A request for a seat.
#[derive(Serialize, Deserialize)]
struct Ask {
    /// Too many wrong codes came from where the browser is: a pass or the token alone helps.
    limited: bool,
    /// Names what this browser's relay and the home say to each other.
    session: u64,
    /// Under which addresses the browser's relay serves the page.
    urls: Vec<String>,
    /// The browser's own words.
    join: Vec<u8>,
}

impl Nats {
    /// Begins to reach the server, which need not be there yet.
    pub(crate) async fn connect(url: &str) -> Result<Arc<Self>, NatsError> {
        let breaks = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&breaks);
        let options = async_nats::ConnectOptions::new()
            .name("terrarium-relay")
            .retry_on_initial_connect()
            .no_echo()
            .ping_interval(PING)
            .subscription_capacity(SUBSCRIPTION)
            .reconnect_delay_callback(|tries| {
                LONGEST_WAIT
                    .min(Duration::from_millis(100 * u64::try_from(tries).unwrap_or(u64::MAX).min(100)))
            })
            .event_callback(move |event| {
                if matches!(event, async_nats::Event::Disconnected | async_nats::Event::SlowConsumer(_)) {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                async move { crate::log::info(format_args!("NATS: {event}")) }
            });
        // The error may repeat the address, in which there may be a password.
        let failed = |_| NatsError("the address of the NATS server cannot be used".to_owned());
        let client = options.connect(url).await.map_err(failed)?;
        Ok(Arc::new(Self { client, branches: Mutex::default(), tasks: Mutex::default(), breaks }))
    }

    /// Whether the server is reached.
    fn is_up(&self) -> bool {
        self.client.connection_state() == async_nats::connection::State::Connected
    }

    /// How often the server was lost, or more came than was taken: what was on its way then may be lost.
    fn breaks(&self) -> u64 {
        self.breaks.load(Ordering::Relaxed)
    }

    /// Sends a message; false where the server is not reached: what waited for its return would come too late.
    async fn publish(&self, subject: String, message: Bytes) -> bool {
        self.is_up() && self.client.publish(subject, message).await.is_ok()
    }

    /// Listens to a subject; what is published from now on comes.
    async fn subscribe(&self, subject: String) -> Option<async_nats::Subscriber> {
        let subscriber = self.client.subscribe(subject).await.ok()?;
        if self.is_up() {
            // A server that is just going is subscribed to again when it is back.
            let _ = timeout(FLUSH, self.client.flush()).await;
        }
        Some(subscriber)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> tokio::task::AbortHandle {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task)
    }

    /// The branch of a room, for the first browser in it or one more.
    fn branch(self: &Arc<Self>, code: RoomCode) -> Arc<Branch> {
        let mut branches = self.branches();
        branches.retain(|_, branch| branch.strong_count() > 0);
        let known = branches.get(&code).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let branch = Arc::new(Branch::new(self, code));
            branches.insert(code, Arc::downgrade(&branch));
            branch
        })
    }

    /// Tells every browser in a room of another relay that this one goes.
    pub(crate) fn close(&self) {
        let branches: Vec<Arc<Branch>> = self.branches().values().filter_map(Weak::upgrade).collect();
        branches.iter().for_each(|branch| branch.end(End::Shutdown));
    }

    /// Whether browsers of this relay are in rooms of others.
    pub(crate) fn has_browsers(&self) -> bool {
        self.branches().values().any(|branch| branch.strong_count() > 0)
    }

    /// Lets go of the server, after what was sent to it.
    pub(crate) async fn end(&self) {
        // What does not leave by then does not leave.
        let _ = timeout(FLUSH, self.client.flush()).await;
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    fn branches(&self) -> MutexGuard<'_, HashMap<RoomCode, Weak<Branch>>> {
        self.branches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ask(code: RoomCode) -> String {
    format!("terrarium.1.{code}.ask")
}

fn up(code: RoomCode, session: u64) -> String {
    format!("terrarium.1.{code}.up.{session:016x}")
}

fn down(code: RoomCode, session: u64) -> String {
    format!("terrarium.1.{code}.down.{session:016x}")
}

fn to(code: RoomCode, number: u16) -> String {
    format!("terrarium.1.{code}.to.{number}")
}

/// The number of a browser in its room.
fn number(address: [u8; 4]) -> u16 {
    let [_, _, high, low] = address;
    u16::from_be_bytes([high, low])
}
