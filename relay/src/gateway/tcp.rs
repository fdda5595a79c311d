//! The TCP connection of one session: made when the session is there, gone with it, and the session with it.

use axum::body::Bytes;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use terrarium_link::SessionId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

/// How long a connection may take to be made.
const DIAL: Duration = Duration::from_secs(10);
/// How long what is left of an ended session may take to be written.
const LINGER: Duration = Duration::from_secs(5);
/// Bytes read at a time.
const READ: usize = 16 * 1024;

/// What happened at a connection.
#[derive(Debug)]
pub(super) enum Event {
    /// These bytes came; more are read when [`Pipe::let_read`] says so.
    Came(SessionId, Bytes),
    /// So many bytes have been written.
    Went(SessionId, usize),
    /// The connection is no more, or never was.
    Ended(SessionId),
}

/// What waits to be written to a connection, and whether it may read.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    waiting: Mutex<Waiting>,
    news: Notify,
    may_read: Notify,
    closed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Bounded by the session's window: more is granted once it has been written.
    bytes: Vec<u8>,
    closed: bool,
}

impl Pipe {
    /// Adds bytes to those that are to be written.
    pub(super) fn push(&self, bytes: &[u8]) {
        self.waiting().bytes.extend_from_slice(bytes);
        self.news.notify_one();
    }

    /// Nothing more will be written; what waits still is.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.news.notify_one();
        self.closed.notify_one();
    }

    /// What was read has found its place.
    pub(super) fn let_read(&self) {
        self.may_read.notify_one();
    }

    /// What is to be written next; none where nothing more will be.
    async fn next(&self) -> Option<Vec<u8>> {
        loop {
            {
                let mut waiting = self.waiting();
                if !waiting.bytes.is_empty() {
                    return Some(std::mem::take(&mut waiting.bytes));
                }
                if waiting.closed {
                    return None;
                }
            }
            self.news.notified().await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it holds the lock; if something did, what is in there is still whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connects and carries bytes both ways until either end is gone.
pub(super) async fn carry(
    session: SessionId,
    target: SocketAddr,
    pipe: Arc<Pipe>,
    events: mpsc::Sender<Event>,
) {
    if let Ok(Ok(stream)) = timeout(DIAL, TcpStream::connect(target)).await {
        // Bytes are passed on as they come; where the option is not to be had they come a little later.
        let _ = stream.set_nodelay(true);
        let (from, to) = stream.into_split();
        let lingering = async {
            pipe.closed.notified().await;
            sleep(LINGER).await;
        };
        tokio::select! {
            () = read(from, session, &pipe, &events) => {}
            () = write(to, session, &pipe, &events) => {}
            () = lingering => {}
        }
    }
    // Where nobody listens any more the room has gone.
    let _ = events.send(Event::Ended(session)).await;
}

async fn read(mut from: OwnedReadHalf, session: SessionId, pipe: &Pipe, events: &mpsc::Sender<Event>) {
    let mut buffer = vec![0; READ];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let bytes = Bytes::copy_from_slice(&buffer[..count]);
        if events.send(Event::Came(session, bytes)).await.is_err() {
            return;
        }
        pipe.may_read.notified().await;
    }
}

async fn write(mut to: OwnedWriteHalf, session: SessionId, pipe: &Pipe, events: &mpsc::Sender<Event>) {
    while let Some(bytes) = pipe.next().await {
        if to.write_all(&bytes).await.is_err()
            || events.send(Event::Went(session, bytes.len())).await.is_err()
        {
            return;
        }
    }
}
