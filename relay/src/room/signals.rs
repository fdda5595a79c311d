//! What browsers of a room say to each other so as to do without the relay: it passes it on, and reads none of it.

use super::Seat;
use terrarium_link::room::ToBrowser;

impl Seat {
    /// Passes a signal on: as this browser's, to a browser of this room alone, behind all frames that it sent there before.
    pub(crate) fn signal(&self, to: [u8; 4], signal: Vec<u8>) {
        if self.line.has_ended() {
            return;
        }
        let own = self.address();
        let metrics = &self.room.metrics;
        let [a, b, high, low] = to;
        let inner = self.room.read();
        let receiver = inner.members.get(&u16::from_be_bytes([high, low]));
        let Some(member) = receiver.filter(|_| [a, b] == own[..2] && to != own) else {
            return metrics.nobody.add(1);
        };
        if inner.class.parts(self.number, u16::from_be_bytes([high, low])) {
            return metrics.split.add(1);
        }
        let message = ToBrowser::Signal { from: own, signal }.encode();
        if member.line.push(message.into(), &self.room.limits) {
            metrics.signals.add(1);
        } else {
            metrics.overflow.add(1);
        }
    }
}
