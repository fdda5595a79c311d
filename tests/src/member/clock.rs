//! A room's time as a member follows it.

use std::time::Instant;
use terrarium_core::time::UnixTime;

/// What time it is, by the relay's word.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoomClock {
    room_ms: u64,
    stands: bool,
    pub(super) relay_ms: u64,
    heard: Instant,
}

impl RoomClock {
    /// As it was just heard.
    pub(super) fn heard(room_ms: u64, stands: bool, relay_ms: u64) -> Self {
        Self { room_ms, stands, relay_ms, heard: Instant::now() }
    }

    /// By which blocks are dated.
    pub(super) fn unix(self) -> UnixTime {
        let since = if self.stands { 0 } else { self.heard.elapsed().as_secs() };
        UnixTime(u32::try_from(self.room_ms / 1_000 + since).unwrap_or(u32::MAX))
    }
}
