//! Which epoch of a room's chain this browser's lab is of, and what that chain begins with.

use crate::browser;
use crate::lab::{self, roster};
use terrarium_core::consensus::ClassParams;
use terrarium_core::time::UnixTime;
use terrarium_link::room::{Beginning, MAX_BLOCK_TIME, MAX_CLASS_KHS, RoomCode};

/// An epoch of a class: nodes of another are on another chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Epoch {
    /// How often the class was reset.
    pub(super) number: u32,
    /// What its chain begins with; none is the one that is built in, or that is made by hand.
    pub(super) beginning: Option<Beginning>,
}

impl Epoch {
    /// The one that this browser remembers of a room; none where it has not been there.
    pub(super) fn load(code: RoomCode) -> Option<Self> {
        Self::read(&browser::remembered(&key(code))?)
    }

    /// Remembers it.
    pub(super) fn save(&self, code: RoomCode) {
        browser::remember(&key(code), &self.write());
    }

    /// What nodes of the classroom network begin with.
    pub(super) fn class_params(&self) -> Option<ClassParams> {
        self.beginning.map(|Beginning { block_time, khs, unix }| ClassParams {
            spacing: block_time.into(),
            khs,
            time: UnixTime(unix),
        })
    }

    /// The lab of this epoch, of its own, so that no old chain comes into a new one.
    pub(super) fn lab_name(&self, code: RoomCode) -> String {
        match self.number {
            0 => format!("room-{code}"),
            number => format!("room-{code}-{number}"),
        }
    }

    /// Deletes what this browser still has of this epoch, which the class was through with while it was away.
    pub(super) async fn delete_lab(&self, code: RoomCode) {
        let name = self.lab_name(code);
        if roster::is_remembered(&name) {
            lab::delete(&name).await;
        }
    }

    fn write(&self) -> String {
        let beginning =
            self.beginning.map(|Beginning { block_time, khs, unix }| format!(" {block_time} {khs} {unix}"));
        format!("{}{}", self.number, beginning.unwrap_or_default())
    }

    fn read(text: &str) -> Option<Self> {
        let numbers: Result<Vec<u32>, _> = text.split(' ').map(str::parse).collect();
        match numbers.ok()?[..] {
            [number] => Some(Self { number, beginning: None }),
            [number, block_time, khs, unix] => {
                let block_time = u16::try_from(block_time).ok()?;
                let fits = (1..=MAX_BLOCK_TIME).contains(&block_time) && (1..=MAX_CLASS_KHS).contains(&khs);
                fits.then_some(Self { number, beginning: Some(Beginning { block_time, khs, unix }) })
            }
            _ => None,
        }
    }
}

/// The lab of a room, as it was last heard.
pub(crate) fn lab_name(code: RoomCode) -> String {
    Epoch::load(code).unwrap_or_default().lab_name(code)
}

fn key(code: RoomCode) -> String {
    format!("terrarium/room-{code}/epoch")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_reads_back_what_it_wrote_and_what_an_earlier_build_wrote() {
        let beginning = Some(Beginning { block_time: 20, khs: 400, unix: 1_800_000_000 });
        for epoch in [Epoch { number: 3, beginning }, Epoch { number: 7, beginning: None }] {
            assert_eq!(Epoch::read(&epoch.write()), Some(epoch));
        }
        assert_eq!(Epoch::read("2"), Some(Epoch { number: 2, beginning: None }));
        for text in ["", "x", "1 2", "1 70000 3 4", "1 2 3 4 5"] {
            assert_eq!(Epoch::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_beginning_that_no_relay_tells_is_not_read() {
        for text in ["1 0 3 4", "1 601 3 4", "1 2 0 4", "1 2 1000001 4"] {
            assert_eq!(Epoch::read(text), None, "{text}");
        }
        for text in ["1 1 1 4", "1 600 1000000 4"] {
            assert!(Epoch::read(text).is_some(), "{text}");
        }
    }

    #[test]
    fn each_epoch_has_a_lab_of_its_own() {
        let code = RoomCode::from_number(1);
        let name = |number| Epoch { number, beginning: None }.lab_name(code);
        assert_eq!([name(0), name(2)], [format!("room-{code}"), format!("room-{code}-2")]);
    }
}
