//! The receiving half of a session: which data frame comes next, and how much more the other end may send.

use crate::CloseReason;

/// What a data frame is to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next piece.
    Next,
    /// A piece that was here already.
    Duplicate,
}

/// Bytes on their way into one session.
#[derive(Debug)]
pub(crate) struct ReceiveHalf {
    /// How many bytes the host may owe us [`ReceiveHalf::consume`] for.
    window: u64,
    next_sequence: u32,
    received: u64,
    consumed: u64,
    granted: u64,
}

impl ReceiveHalf {
    pub(crate) fn new(window: u64) -> Self {
        Self { window, next_sequence: 0, received: 0, consumed: 0, granted: window }
    }

    /// Judges a data frame, and counts it where it is the next one.
    ///
    /// # Errors
    /// [`CloseReason::Gap`] where frames are missing before it, [`CloseReason::CreditExceeded`] where the sender
    /// was not granted as much.
    pub(crate) fn receive(&mut self, sequence: u32, len: usize) -> Result<Arrival, CloseReason> {
        if self.is_behind(sequence)? {
            return Ok(Arrival::Duplicate);
        }
        let received = self.received + len as u64;
        if received > self.granted {
            return Err(CloseReason::CreditExceeded);
        }
        self.received = received;
        self.next_sequence = self.next_sequence.wrapping_add(1);
        Ok(Arrival::Next)
    }

    /// Checks a probe: the sender's next sequence number shows whether something was lost before it.
    ///
    /// # Errors
    /// [`CloseReason::Gap`] where it was.
    pub(crate) fn probe(&self, sequence: u32) -> Result<(), CloseReason> {
        self.is_behind(sequence).map(|_| ())
    }

    /// Whether `sequence` was received already; half of the number space lies behind, half ahead.
    fn is_behind(&self, sequence: u32) -> Result<bool, CloseReason> {
        let ahead = sequence.wrapping_sub(self.next_sequence);
        match ahead {
            0 => Ok(false),
            _ if ahead < 1 << 31 => Err(CloseReason::Gap),
            _ => Ok(true),
        }
    }

    /// Notes that the host is done with `bytes`, and says the new credit where it is worth a frame: half of the
    /// window at a time.
    pub(crate) fn consume(&mut self, bytes: usize) -> Option<u64> {
        self.consumed = (self.consumed + bytes as u64).min(self.received);
        let worth_a_frame = self.consumed + self.window - self.granted >= self.window.div_ceil(2);
        worth_a_frame.then(|| self.credit())
    }

    /// The present credit, which counts as granted from now on.
    pub(crate) fn credit(&mut self) -> u64 {
        self.granted = self.consumed + self.window;
        self.granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_is_dropped_and_a_gap_is_an_error() {
        let mut half = ReceiveHalf::new(100);
        assert_eq!(half.receive(0, 5), Ok(Arrival::Next));
        assert_eq!(half.receive(0, 5), Ok(Arrival::Duplicate));
        assert_eq!(half.receive(1, 5), Ok(Arrival::Next));
        assert_eq!(half.receive(3, 5), Err(CloseReason::Gap));
    }

    #[test]
    fn the_sequence_number_wraps() {
        let mut half = ReceiveHalf { next_sequence: u32::MAX, ..ReceiveHalf::new(100) };
        assert_eq!(half.receive(u32::MAX, 1), Ok(Arrival::Next));
        assert_eq!(half.receive(u32::MAX, 1), Ok(Arrival::Duplicate));
        assert_eq!(half.receive(0, 1), Ok(Arrival::Next));
    }

    #[test]
    fn data_beyond_the_grant_is_an_error() {
        let mut half = ReceiveHalf::new(10);
        assert_eq!(half.receive(0, 10), Ok(Arrival::Next));
        assert_eq!(half.receive(1, 1), Err(CloseReason::CreditExceeded));
    }

    #[test]
    fn credit_is_granted_by_half_windows_and_never_for_bytes_that_did_not_come() {
        let mut half = ReceiveHalf::new(10);
        half.receive(0, 10).unwrap();
        assert_eq!(half.consume(4), None);
        assert_eq!(half.consume(1), Some(15));
        assert_eq!(half.consume(1_000), Some(20));
        assert_eq!(half.consume(1_000), None);
    }

    #[test]
    fn a_probe_shows_a_loss_that_no_later_frame_showed() {
        let mut half = ReceiveHalf::new(10);
        half.receive(0, 1).unwrap();
        assert_eq!(half.probe(1), Ok(()));
        assert_eq!(half.probe(0), Ok(()));
        assert_eq!(half.probe(2), Err(CloseReason::Gap));
    }
}
