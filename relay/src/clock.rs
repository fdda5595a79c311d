//! The relay's clock: this machine's at the relay's start, or, where that is later, the latest that was told before a restart. It
//! goes on from there whatever is done to the machine's clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that never goes back.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Duration,
    began: Instant,
}

impl Clock {
    /// Starts now, no earlier than `told_ms`, in milliseconds since 1970.
    pub(crate) fn starting(told_ms: u64) -> Self {
        Self::starting_at(machine(), told_ms)
    }

    fn starting_at(machine: Duration, told_ms: u64) -> Self {
        Self { start: machine.max(Duration::from_millis(told_ms)), began: Instant::now() }
    }

    /// Milliseconds since 1970; never fewer than before.
    pub(crate) fn unix_ms(&self) -> u64 {
        self.unix_ms_in(Duration::ZERO)
    }

    /// As many as there will be in a while.
    pub(crate) fn unix_ms_in(&self, ahead: Duration) -> u64 {
        let now = self.start.saturating_add(self.began.elapsed()).saturating_add(ahead);
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
    }

    /// Seconds since 1970, likewise.
    pub(crate) fn unix_seconds(&self) -> u64 {
        self.unix_ms() / 1_000
    }
}

/// What this machine's clock says now, since 1970.
pub(crate) fn machine() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_whose_clock_was_set_back_takes_no_room_back_in_time() {
        let day = Duration::from_secs(86_400);
        let told = 1_800_000_000_000;
        let clock = Clock::starting_at(Duration::from_millis(told) - day, told);
        assert!(clock.unix_ms() >= told);
        assert!(clock.unix_ms() < told + 86_400_000, "it goes on from there and not from anywhere");
        let right = Clock::starting_at(Duration::from_millis(told) + day, told);
        assert!(right.unix_ms() >= told + 86_400_000, "a machine that is right is believed");
        assert!(right.unix_ms_in(day) >= right.unix_ms());
    }
}
