//! Why connections ended, by address, for whoever asks when the same address is connected again (`getpeerinfo`).

use super::limits::{MAX_DEPARTURES, MAX_LATEST_DEPARTURES};
use super::reason::DisconnectReason;
use super::recent::RecentMap;
use crate::time::UnixTime;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// When it was.
    pub time: UnixTime,
    /// The kind of reason: [`DisconnectReason::code`], or `closed` where the other side or the host ended it.
    pub code: &'static str,
    /// The reason in words.
    pub reason: String,
}

/// The last ends of connections.
#[derive(Debug)]
pub(crate) struct Departures {
    by_address: RecentMap<SocketAddr, Departure>,
    /// The last of them, the latest first; at most `limits::MAX_LATEST_DEPARTURES`.
    latest: VecDeque<(SocketAddr, Departure)>,
}

impl Departures {
    pub(crate) const fn new() -> Self {
        Self { by_address: RecentMap::new(MAX_DEPARTURES), latest: VecDeque::new() }
    }

    /// This node ended a connection.
    pub(crate) fn ended(&mut self, address: SocketAddr, reason: &DisconnectReason, time: UnixTime) {
        self.note(address, reason.code(), reason.to_string(), time);
    }

    /// The other side did, or the host.
    pub(crate) fn closed(&mut self, address: SocketAddr, reason: &str, time: UnixTime) {
        self.note(address, "closed", reason.to_owned(), time);
    }

    /// Why the last connection with an address ended.
    pub(crate) fn last(&self, address: &SocketAddr) -> Option<&Departure> {
        self.by_address.get(address)
    }

    /// The last connections that ended, the latest first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &(SocketAddr, Departure)> {
        self.latest.iter()
    }

    fn note(&mut self, address: SocketAddr, code: &'static str, reason: String, time: UnixTime) {
        let departure = Departure { time, code, reason };
        self.latest.truncate(MAX_LATEST_DEPARTURES - 1);
        self.latest.push_front((address, departure.clone()));
        self.by_address.insert(address, departure);
    }

    #[cfg(any(test, feature = "contract"))]
    pub(super) fn bound(&self) -> crate::bound::Bound {
        crate::bound::Bound::new(
            "ends of connections (MAX_DEPARTURES)",
            self.by_address.len(),
            MAX_DEPARTURES,
        )
    }
}
