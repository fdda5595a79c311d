//! The room's time is this machine's at the relay's start, and goes on from there whatever is done to the machine's clock.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; never fewer than before.
pub(crate) fn unix_ms() -> u64 {
    static START: OnceLock<(Duration, Instant)> = OnceLock::new();
    let (since, began) = START
        .get_or_init(|| (SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(), Instant::now()));
    u64::try_from(since.saturating_add(began.elapsed()).as_millis()).unwrap_or(u64::MAX)
}

/// Seconds since 1970, likewise.
pub(crate) fn unix_seconds() -> u64 {
    unix_ms() / 1_000
}
