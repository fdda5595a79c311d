//! The browsers of this relay that are in one room of another.

use super::{Nats, number, to};
use crate::line::{Line, Work};
use axum::body::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use terrarium_link::Header;
use terrarium_link::room::{End, RoomCode, frame_of};

/// One room's part at this relay.
#[derive(Debug)]
pub(super) struct Branch {
    code: RoomCode,
    /// By number; bounded by the home's `max_peers`.
    here: RwLock<BTreeMap<u16, Arc<Line>>>,
    /// Frames for browsers of other relays.
    trunk: Arc<Line>,
}

impl Branch {
    pub(super) fn new(nats: &Arc<Nats>, code: RoomCode) -> Self {
        let trunk = Arc::new(Line::new());
        nats.spawn(send(Arc::clone(nats), code, Arc::clone(&trunk)));
        Self { code, here: RwLock::default(), trunk }
    }

    pub(super) fn code(&self) -> RoomCode {
        self.code
    }

    /// A browser is there; a place that it had before is another's no more.
    pub(super) fn enter(&self, number: u16, line: &Arc<Line>) {
        let mut here = self.here.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = here.insert(number, Arc::clone(line)) {
            before.end(End::Replaced);
        }
    }

    /// A browser has gone, unless another has its number now.
    pub(super) fn leave(&self, number: u16, line: &Arc<Line>) {
        let mut here = self.here.write().unwrap_or_else(PoisonError::into_inner);
        if here.get(&number).is_some_and(|other| Arc::ptr_eq(other, line)) {
            here.remove(&number);
        }
    }

    /// What waits for a browser, if it is of this relay.
    pub(super) fn line(&self, number: u16) -> Option<Arc<Line>> {
        self.here().get(&number).cloned()
    }

    /// Everybody who is there.
    pub(super) fn lines(&self) -> Vec<Arc<Line>> {
        self.here().values().cloned().collect()
    }

    /// What waits to go to other relays.
    pub(super) fn trunk(&self) -> &Line {
        &self.trunk
    }

    pub(super) fn end(&self, reason: End) {
        self.here().values().for_each(|line| line.end(reason));
    }

    fn here(&self) -> RwLockReadGuard<'_, BTreeMap<u16, Arc<Line>>> {
        self.here.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        self.trunk.end(End::RoomClosed);
    }
}

/// Sends what waits for other relays, each frame to the subject of its receiver.
async fn send(nats: Arc<Nats>, code: RoomCode, trunk: Arc<Line>) {
    loop {
        match trunk.next().await {
            Work::Send(messages) => {
                for message in messages {
                    if let Some(number) = receiver(&message) {
                        // What finds no way shows as a gap to the sessions concerned.
                        nats.publish(to(code, number), message).await;
                    }
                }
            }
            Work::Ping => {}
            Work::End(_) => return,
        }
    }
}

fn receiver(message: &Bytes) -> Option<u16> {
    Some(number(Header::decode(frame_of(message)?).ok()?.to.ip))
}
