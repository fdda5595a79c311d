//! The addresses of a room: each has a number, the last two bytes of it, and a pass by which the browser that was given it has
//! it again.

use super::{Guest, Inner, Room};
use sha2::{Digest, Sha256};
use terrarium_link::room::{Pass, Refusal, Secret};

/// Addresses that a room gives away in its life; a browser that shows its pass takes none.
pub(crate) const MAX_NUMBERS: u16 = 60_000;

impl Room {
    pub(super) fn pass(&self, number: u16) -> Pass {
        let [high, low] = number.to_be_bytes();
        let mut hash = Sha256::new();
        hash.update(self.key.0);
        hash.update(number.to_be_bytes());
        let mut proof = [0; 16];
        proof.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        Pass { address: [10, self.key.0[0], high, low], proof: Secret(proof) }
    }

    /// The number of a pass that is this room's.
    fn number_of(&self, pass: Pass) -> Option<u16> {
        let [_, _, high, low] = pass.address;
        let number = u16::from_be_bytes([high, low]);
        (number != 0 && same(self.pass(number), pass)).then_some(number)
    }

    /// The number of an address of this room's network.
    pub(super) fn number_at(&self, address: [u8; 4]) -> Option<u16> {
        let [a, b, high, low] = address;
        let number = u16::from_be_bytes([high, low]);
        (number != 0 && [a, b] == [10, self.key.0[0]]).then_some(number)
    }

    /// The number of the pass that a guest shows, if it is this room's and has not been barred.
    pub(super) fn number_shown(&self, inner: &Inner, guest: &Guest) -> Option<u16> {
        guest.pass.and_then(|pass| self.number_of(pass)).filter(|number| !inner.barred.contains(number))
    }

    /// Whether the browser with a number may come in once more. It is counted.
    pub(super) fn may_return(&self, number: u16, now: f64) -> bool {
        self.returns.spend(self.pass(number).address.into(), now)
    }
}

impl Inner {
    /// The first number is the teacher's, for as long as none has come.
    pub(super) fn new_number(&self, teacher: bool) -> Result<u16, Refusal> {
        if teacher && self.last == 0 {
            return Ok(1);
        }
        let next = self.last.max(1) + 1;
        if next > MAX_NUMBERS { Err(Refusal::RoomFull) } else { Ok(next) }
    }
}

/// Compares all of both, however early they differ.
fn same(own: Pass, shown: Pass) -> bool {
    let pairs = own.proof.0.iter().zip(shown.proof.0);
    own.address == shown.address && pairs.fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}
