//! The relay as a whole: bound to its port, accepting connections, ending cleanly.

use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::http::{self, Caller, Desk};
use crate::lobby::{Bounds, Lobby};
use crate::state::{self, Kept, StateError};
use crate::tls::{Tls, Way};
use crate::{Limits, Site, StunServer, TlsError, TlsFiles, announce, log};
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use terrarium_link::room::{Refusal, RoomCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

/// How long browsers get to take their farewell.
const FAREWELL: Duration = Duration::from_secs(3);
/// Changes of this long go into one writing of the state file.
const GATHER: Duration = Duration::from_millis(200);
/// How often empty rooms are looked for, and the time is written down.
const SWEEP: Duration = Duration::from_secs(60);
/// How far ahead the time is written down, so that it holds until it is written again, whatever ends this program.
const AHEAD: Duration = SWEEP.saturating_mul(2);

/// One write of a state file at a time: one that was given up still runs, and the next waits for it.
static TURN: Mutex<()> = Mutex::new(());

/// What is said to requests.
type Answers = TowerToHyperService<axum::Router>;

/// How a relay is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen at; unspecified for all.
    pub bind: IpAddr,
    /// The port, 0 for any free one.
    pub port: u16,
    /// What stands before every path: empty, or like `/terrarium`.
    pub base_path: String,
    /// Rooms at a time.
    pub max_rooms: usize,
    /// Browsers in one room.
    pub max_peers: usize,
    /// Origins beside the page's own that may open a WebSocket.
    pub origins: Vec<String>,
    /// Where rooms survive a restart; nowhere if none.
    pub state: Option<PathBuf>,
    /// The certificate for https and wss; plain http and ws if none.
    pub tls: Option<TlsFiles>,
    /// A room that was empty for so long goes.
    pub room_life: Duration,
    /// Servers that tell browsers under which address others see them; pages are told of the first eight.
    pub stun: Vec<StunServer>,
    /// Nodes outside of the rooms that are their peers.
    pub gateways: Vec<Gateway>,
    /// The server over which several relays share rooms; needs the feature `nats`.
    pub nats: Option<String>,
    /// Bounds on connections.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 8_080,
            base_path: String::new(),
            max_rooms: 100,
            max_peers: 500,
            origins: Vec::new(),
            state: None,
            tls: None,
            room_life: Duration::from_secs(24 * 60 * 60),
            stun: Vec::new(),
            gateways: Vec::new(),
            nats: None,
            limits: Limits::default(),
        }
    }
}

/// Why a relay cannot start.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The port is taken, or not to be had.
    #[error("cannot listen on {0}: {1}; choose another port with --port N")]
    Bind(SocketAddr, io::Error),
    /// The state file does not hold.
    #[error("{} {error}", .file.display())]
    State {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        error: StateError,
    },
    /// The certificate or its key does not hold.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Rooms cannot be shared.
    #[error("{0}")]
    Nats(String),
    /// The first room could not be made.
    #[error("no room could be made: {0}")]
    Room(Refusal),
}

/// A relay that is bound to its port and does not answer yet.
#[derive(Debug)]
pub struct Relay {
    listener: TcpListener,
    address: SocketAddr,
    desk: Arc<Desk>,
    state: Option<PathBuf>,
    tls: Option<Tls>,
}

impl Relay {
    /// Binds the port and takes up the rooms of the state file.
    ///
    /// # Errors
    /// See [`RelayError`].
    pub async fn bind(options: Options, site: Site) -> Result<Self, RelayError> {
        let Options {
            bind,
            port,
            base_path,
            max_rooms,
            max_peers,
            origins,
            state,
            tls,
            room_life,
            stun,
            gateways,
            nats,
            limits,
        } = options;
        let gateways = gateways.into();
        let tls = tls.as_ref().map(Tls::load).transpose()?;
        let Kept { time_ms, rooms } = match &state {
            Some(file) => {
                state::load(file).map_err(|error| RelayError::State { file: file.clone(), error })?
            }
            None => Kept::default(),
        };
        let wanted = SocketAddr::new(bind, port);
        let failed = |error| RelayError::Bind(wanted, error);
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let bounds = Bounds { max_rooms, max_peers, room_life, stun, gateways, limits };
        let lobby = Lobby::new(bounds, Clock::starting(time_ms), rooms);
        #[cfg(feature = "nats")]
        let lobby = lobby.shared_at(nats).await.map_err(|error| RelayError::Nats(error.to_string()))?;
        #[cfg(not(feature = "nats"))]
        if nats.is_some() {
            return Err(RelayError::Nats("this relay was built without the feature nats".to_owned()));
        }
        let lobby = Arc::new(lobby);
        let (policy, urls) = (site.policy(), announce::urls(address, &base_path, tls.as_ref()));
        let desk = Arc::new(Desk { lobby, site, policy, base: base_path, origins, urls });
        Ok(Self { listener, address, desk, state, tls })
    }

    /// The address that it is bound to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Under which addresses the page is reached from the network.
    pub fn urls(&self) -> &[String] {
        &self.desk.urls
    }

    /// The room for the teacher who started this relay, the same after a restart. Its code, and what the teacher's link
    /// has behind the page's address.
    ///
    /// # Errors
    /// [`RelayError::Room`].
    pub fn teachers_room(&self) -> Result<(RoomCode, String), RelayError> {
        let room = self.desk.lobby.own().map_err(RelayError::Room)?;
        Ok((room.code(), format!("#room={}&teacher={}", room.code(), room.token().to_hex())))
    }

    /// Answers until `end` resolves; then tells every browser, and writes the state file a last time.
    pub async fn serve(self, end: impl Future<Output = ()>) {
        let Self { listener, desk, state, tls, .. } = self;
        let lobby = Arc::clone(&desk.lobby);
        #[cfg(feature = "nats")]
        lobby.share_all().await;
        let mut connections = JoinSet::new();
        tokio::select! {
            () = end => {}
            () = accept(&listener, &desk, tls.as_ref(), &mut connections) => {}
            () = keep(&lobby, state.clone()) => {}
            () = sweep(&lobby) => {}
        }
        drop(listener);
        log::info(format_args!("the relay ends"));
        lobby.close();
        let left = async { while connections.join_next().await.is_some() {} };
        // Connections that only ask for files need not be waited for.
        let _ = timeout(FAREWELL, async {
            while lobby.has_browsers() {
                sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        let _ = timeout(Duration::from_millis(100), left).await;
        #[cfg(feature = "nats")]
        lobby.part().await;
        // Nobody is told a later time any more.
        write_state(&lobby, state, Duration::ZERO).await;
    }
}

async fn accept(listener: &TcpListener, desk: &Arc<Desk>, tls: Option<&Tls>, connections: &mut JoinSet<()>) {
    let places = Arc::new(Semaphore::new(desk.lobby.limits.connections));
    let router = TowerToHyperService::new(http::router(Arc::clone(desk)));
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, from)) => {
                let router = router.clone();
                let limits = Arc::clone(&desk.lobby.limits);
                let caller = Caller { address: from, place: Arc::new(place) };
                connections.spawn(converse(stream, caller, router, limits, tls.cloned()));
            }
            // A machine without free descriptors has some again soon.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Answers the requests of one connection, which may become a WebSocket.
async fn converse(stream: TcpStream, caller: Caller, router: Answers, limits: Arc<Limits>, tls: Option<Tls>) {
    // Frames are small and do not wait for each other.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return answer(stream, caller, router, &limits).await };
    // Who breaks off, or does not get on, concerns nobody else.
    let Ok(Ok(way)) = timeout(limits.head, tls.accept(stream)).await else { return };
    match way {
        Way::Tls(stream) => answer(*stream, caller, router, &limits).await,
        Way::Plain(stream) => {
            answer(stream, caller, TowerToHyperService::new(http::to_https()), &limits).await;
        }
    }
}

async fn answer<S>(stream: S, caller: Caller, router: Answers, limits: &Limits)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(caller.clone());
        router.call(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(16 * 1024);
    // One that becomes a WebSocket is handed over, and this has come to its end.
    let conversation = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    // A connection that breaks, or takes too long, concerns nobody else.
    let _ = timeout(limits.conversation, conversation).await;
}

/// Writes the state file whenever something changed.
async fn keep(lobby: &Arc<Lobby>, file: Option<PathBuf>) {
    loop {
        lobby.change().await;
        sleep(GATHER).await;
        write_state(lobby, file.clone(), AHEAD).await;
    }
}

async fn write_state(lobby: &Arc<Lobby>, file: Option<PathBuf>, ahead: Duration) {
    let Some(file) = file else { return };
    let lobby = Arc::clone(lobby);
    let write = move || {
        let _turn = TURN.lock();
        state::save(&file, Kept { time_ms: lobby.clock.unix_ms_in(ahead), rooms: lobby.records() })
    };
    let written = tokio::task::spawn_blocking(write).await;
    match written {
        Ok(Ok(())) => {}
        Ok(Err(error)) => eprintln!("the state file cannot be written: {error}"),
        Err(error) => eprintln!("the state file cannot be written: {error}"),
    }
}

async fn sweep(lobby: &Lobby) {
    let mut beat = interval(SWEEP);
    loop {
        beat.tick().await;
        lobby.end_empty_rooms();
        lobby.touch();
    }
}
