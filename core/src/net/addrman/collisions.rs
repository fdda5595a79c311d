//! Test before evict: an address that was spoken to and finds another in its place of the tried table waits until that
//! one has been tested.

use super::AddrMan;
use super::entry::since;
use crate::time::UnixTime;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;
use std::net::SocketAddr;

/// One that was spoken to within this time keeps its place (Core's `ADDRMAN_REPLACEMENT`).
const REPLACEMENT: u32 = 4 * 60 * 60;
/// How long a test may take ...
const TEST: u32 = 60;
/// ... and how long one may wait for it (Core's `ADDRMAN_TEST_WINDOW`).
const TEST_WINDOW: u32 = 40 * 60;

/// What becomes of an address that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It gets the place.
    Moves,
    /// It stays where it is.
    Stays,
    /// The other has not been tested yet.
    Waits,
}

impl AddrMan {
    /// The address that stands where one that waits wants to be: it is to be tested (Core's `SelectTriedCollision`).
    pub(crate) fn select_tried_collision(&self, rng: &mut ChaCha20Rng) -> Option<SocketAddr> {
        let count = self.collisions.len().max(1);
        let waiting = self.collisions.iter().nth(rng.next_u32() as usize % count)?;
        self.tried.get(self.key.tried_place(waiting))
    }

    /// Settles who gets the places that two addresses want (Core's `ResolveCollisions`): one that was spoken to of late
    /// keeps it, one that failed its test, or was never tested, loses it.
    pub(crate) fn resolve_collisions(&mut self, now: UnixTime) {
        for waiting in self.collisions.iter().copied().collect::<Vec<_>>() {
            let verdict = self.judge(&waiting, now);
            if verdict != Verdict::Waits {
                self.collisions.remove(&waiting);
            }
            if verdict == Verdict::Moves {
                self.make_tried(waiting, self.key.tried_place(&waiting), now);
            }
        }
    }

    fn judge(&self, waiting: &SocketAddr, now: UnixTime) -> Verdict {
        let Some(info) = self.addresses.get(waiting).filter(|info| !info.in_tried) else {
            return Verdict::Stays;
        };
        let held = self.tried.get(self.key.tried_place(waiting));
        let Some(held) = held.and_then(|held| self.addresses.get(&held)) else { return Verdict::Moves };
        if held.last_success.is_some_and(|time| since(time, now) < REPLACEMENT) {
            return Verdict::Stays;
        }
        let is_over = match held.last_try.map(|time| since(time, now)) {
            Some(tried) if tried < REPLACEMENT => tried > TEST,
            _ => info.last_success.is_none_or(|time| since(time, now) > TEST_WINDOW),
        };
        if is_over { Verdict::Moves } else { Verdict::Waits }
    }
}
