//! A room's time as a page follows it. While the class does not mine it stands still, and with it the difficulty's schedule;
//! blocks that are found one by one meanwhile move it on by a block time each, which the teacher's page sees to.

use super::{Inner, Room};
use crate::browser;
use terrarium_core::consensus::{ConsensusParams, Preset};
use terrarium_link::room::{ClassWish, ToRelay};

/// So many blocks at once move the time on, at most: were it further from the last one, the next would be late and take the
/// easiest target (the classroom's `min_difficulty_after`).
const MOST_FOUND: u32 = 6;

/// What time the relay said that it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Heard {
    /// The room's, in milliseconds since 1970.
    pub(super) room_ms: u64,
    /// Whether that stands still.
    pub(super) stands: bool,
    /// The relay's clock.
    pub(super) relay_ms: u64,
    /// This machine's clock when it was heard.
    pub(super) own_ms: f64,
}

impl Room {
    /// Brings the lab's clock in line with the room's, as far as that is known.
    pub(super) fn pass_on_time(&self) {
        match self.with(|inner| (inner.lab, inner.time)) {
            (Some(lab), Some(Heard { room_ms, stands, own_ms, .. })) => {
                let since = if stands { 0.0 } else { browser::now_ms() - own_ms };
                #[allow(
                    clippy::cast_precision_loss,
                    reason = "exact for longer than there will be browsers"
                )]
                lab.follow_time(room_ms as f64 + since, stands);
            }
            (Some(lab), None) => lab.await_time(),
            (None, _) => {}
        }
    }

    /// Moves the room's time on where blocks were found while it stands still, if this is the teacher's page.
    pub(super) fn keep_pace(&self) {
        let Some(lab) = self.with(|inner| inner.lab).filter(|_| self.is_teacher()) else { return };
        let tip = lab.nodes(|nodes| {
            // Nodes of other networks are not the class.
            let own = nodes.values().filter(|node| node.entry.config.network == Some(Preset::Classroom));
            let chains = own.filter_map(|node| node.snapshot()?.chain.as_ref());
            let highest = chains.max_by_key(|chain| chain.height)?;
            Some((highest.height.0, highest.recent.last()?.time))
        });
        if let Some((height, time)) = tip {
            self.change(|inner| inner.keep_pace(height, time));
        }
    }
}

impl Inner {
    fn keep_pace(&mut self, height: u32, time: u32) {
        let Some(heard) = self.time else { return };
        let block_time = self
            .class
            .epoch
            .beginning
            .map_or(ConsensusParams::CLASSROOM.spacing, |beginning| beginning.block_time.into());
        let stands_at = heard.stands.then(|| u32::try_from(heard.room_ms / 1_000).unwrap_or(u32::MAX));
        let told = match (self.paced, stands_at) {
            (Some(paced), Some(room)) => match moved_on(room, block_time, paced, (height, time)) {
                Some(unix) => self.tell(&ToRelay::Class(ClassWish::Advance(unix))),
                None => true,
            },
            _ => true,
        };
        if told {
            self.paced = Some(height);
        }
    }
}

/// To when the time of a room that stands still at `room` moves, all in seconds, where the chain has grown from the height of
/// `paced` to a tip of this height and time; none where that was no block of these minutes, but one of an older chain that is
/// being downloaded.
fn moved_on(room: u32, block_time: u32, paced: u32, (height, time): (u32, u32)) -> Option<u32> {
    let found = height.checked_sub(paced).filter(|found| *found > 0 && time >= room)?;
    Some(room.saturating_add(found.min(MOST_FOUND).saturating_mul(block_time)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_core::consensus::Retarget;

    #[test]
    fn each_block_that_is_found_while_a_room_stands_still_moves_its_time_on_by_a_block_time() {
        assert_eq!(moved_on(1_000, 20, 4, (5, 1_000)), Some(1_020));
        assert_eq!(moved_on(1_020, 20, 5, (8, 1_022)), Some(1_080), "also several at once");
    }

    #[test]
    fn however_many_blocks_are_found_at_once_the_next_one_is_not_late() {
        let late_after = ConsensusParams::CLASSROOM
            .retarget
            .and_then(|Retarget { min_difficulty_after, .. }| min_difficulty_after);
        assert_eq!(Some(MOST_FOUND), late_after);
        for found in [6, 7, 500] {
            assert_eq!(moved_on(1_000, 20, 4, (4 + found, 1_000)), Some(1_120), "{found}");
        }
    }

    #[test]
    fn a_chain_that_is_downloaded_or_shrinks_or_rests_moves_nothing() {
        assert_eq!(moved_on(1_000, 20, 0, (500, 999)), None);
        assert_eq!(moved_on(1_000, 20, 5, (5, 1_000)), None);
        assert_eq!(moved_on(1_000, 20, 5, (4, 1_000)), None);
    }
}
