//! A room's own time beside the relay's: blocks are dated by it, so it stands still while the class does not mine. It never
//! goes back.

use super::{Inner, Room, Seat};
use serde::{Deserialize, Serialize};
use terrarium_link::room::ToBrowser;

/// A room's time, by the relay's clock. Both are in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RoomTime {
    /// How long it stood still in all, less by how much it was advanced meanwhile.
    behind_ms: i64,
    /// What it shows while it stands still.
    stands_ms: Option<u64>,
}

impl RoomTime {
    /// What it shows.
    pub(crate) fn at(self, relay_ms: u64) -> u64 {
        self.stands_ms.unwrap_or_else(|| relay_ms.saturating_add_signed(self.behind_ms.saturating_neg()))
    }

    /// Whether it stands still.
    pub(crate) fn stands(self) -> bool {
        self.stands_ms.is_some()
    }

    /// Lets it stand still from now on, or go on from what it shows.
    pub(crate) fn stand(&mut self, stands: bool, relay_ms: u64) {
        match (stands, self.stands_ms) {
            (true, None) => self.stands_ms = Some(self.at(relay_ms)),
            (false, Some(shown)) => {
                self.behind_ms = behind(shown, relay_ms);
                self.stands_ms = None;
            }
            _ => {}
        }
    }

    /// Moves it on to a later time, if it stands still. Whether it did.
    pub(crate) fn advance(&mut self, to_ms: u64) -> bool {
        let is_later = self.stands_ms.is_some_and(|shown| shown < to_ms);
        if is_later {
            self.stands_ms = Some(to_ms);
        }
        is_later
    }

    /// Lets it go on from the relay's time, where that is later: nodes outside of the room live by that.
    pub(crate) fn catch_up(&mut self, relay_ms: u64) {
        let now = self.at(relay_ms).max(relay_ms);
        *self = Self { behind_ms: behind(now, relay_ms), stands_ms: None };
    }
}

impl Room {
    /// What time it is.
    pub(crate) fn time(&self) -> ToBrowser {
        self.time_news(&self.read())
    }

    pub(super) fn time_news(&self, inner: &Inner) -> ToBrowser {
        let relay_ms = self.clock.unix_ms();
        ToBrowser::Time { room_ms: inner.time.at(relay_ms), stands: inner.time.stands(), relay_ms }
    }

    /// Lets the room's time stand still while the class does not mine, and tells everybody where that is news. A chain that is
    /// made by hand has no schedule to keep, and nodes behind a gateway live by the relay's time.
    pub(super) fn settle_time(&self, inner: &mut Inner) {
        let (before, relay_ms) = (inner.time, self.clock.unix_ms());
        if self.doors.are_open() {
            inner.time.catch_up(relay_ms);
        } else {
            inner.time.stand(!inner.settings.mining && !self.by_hand, relay_ms);
        }
        if inner.time.stands() != before.stands() {
            self.tell_all(inner, &self.time_news(inner));
        }
    }
}

impl Seat {
    /// Moves the time of a room that stands still on, past what was found meanwhile.
    pub(super) fn advance(&self, unix: u32) {
        let mut inner = self.room.write();
        if inner.time.advance(u64::from(unix) * 1_000) {
            self.room.tell_all(&inner, &self.room.time_news(&inner));
        }
    }
}

fn behind(shown: u64, relay_ms: u64) -> i64 {
    let clamp = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    clamp(relay_ms) - clamp(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELAY: u64 = 1_800_000_000_000;

    #[test]
    fn a_room_that_stands_still_goes_on_from_where_it_stood() {
        let mut time = RoomTime::default();
        assert_eq!(time.at(RELAY), RELAY);
        time.stand(true, RELAY);
        time.stand(true, RELAY + 1_000);
        assert_eq!(time.at(RELAY + 60_000), RELAY);
        time.stand(false, RELAY + 60_000);
        assert_eq!(time.at(RELAY + 61_000), RELAY + 1_000);
        time.stand(true, RELAY + 62_000);
        time.stand(false, RELAY + 100_000);
        assert_eq!(time.at(RELAY + 100_500), RELAY + 2_500);
    }

    #[test]
    fn a_room_is_moved_on_only_while_it_stands_and_never_back() {
        let mut time = RoomTime::default();
        assert!(!time.advance(RELAY + 9_000));
        time.stand(true, RELAY);
        assert!(time.advance(RELAY + 20_000));
        assert!(!time.advance(RELAY + 20_000) && !time.advance(RELAY));
        time.stand(false, RELAY + 1_000);
        assert_eq!(time.at(RELAY + 2_000), RELAY + 21_000, "also ahead of the relay");
    }

    #[test]
    fn a_room_that_catches_up_shows_the_relays_time_or_stays_ahead_of_it() {
        let mut time = RoomTime::default();
        time.stand(true, RELAY);
        time.catch_up(RELAY + 5_000);
        assert_eq!((time.at(RELAY + 6_000), time.stands()), (RELAY + 6_000, false));
        time.stand(true, RELAY + 6_000);
        time.advance(RELAY + 66_000);
        time.catch_up(RELAY + 7_000);
        assert_eq!(time.at(RELAY + 7_000), RELAY + 66_000);
    }
}
