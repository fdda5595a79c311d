//! The sending half of a session: a bounded queue of frames under construction, and the credit that lets them go.

use std::collections::VecDeque;

use crate::frame::{DATA_HEADER_LEN, Header};

/// Bytes on their way out of one session.
#[derive(Debug)]
pub(crate) struct SendHalf {
    /// Data frames, each with room for its header; all but the last are full. Bounded by `queue_limit` bytes of
    /// payload, which [`SendHalf::push`] enforces.
    queue: VecDeque<Vec<u8>>,
    /// Payload bytes in `queue`.
    queued: usize,
    queue_limit: usize,
    payload_limit: usize,
    next_sequence: u32,
    /// Payload bytes sent since the start of the stream.
    sent: u64,
    /// The offset up to which the other end lets us send.
    credit: u64,
    /// A push did not fit whole, so the host waits to hear that there is room.
    wants_room: bool,
}

impl SendHalf {
    pub(crate) fn new(queue_limit: usize, payload_limit: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            queued: 0,
            queue_limit,
            payload_limit,
            next_sequence: 0,
            sent: 0,
            credit: 0,
            wants_room: false,
        }
    }

    /// Takes as much of `bytes` as there is room for and says how much that was.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> usize {
        let accepted = bytes.len().min(self.queue_limit - self.queued);
        self.wants_room |= accepted < bytes.len();
        self.queued += accepted;
        let mut rest = &bytes[..accepted];
        while !rest.is_empty() {
            let room = self.room_in_last_frame(rest.len());
            let (now, later) = rest.split_at(rest.len().min(room));
            let frame = self.queue.back_mut().expect("room_in_last_frame leaves a frame with room");
            frame.extend_from_slice(now);
            rest = later;
        }
        accepted
    }

    /// Starts a new frame, for so many bytes at first, where the last one is full, so that the answer is never 0.
    fn room_in_last_frame(&mut self, wanted: usize) -> usize {
        let full = DATA_HEADER_LEN + self.payload_limit;
        let used = self.queue.back().map_or(full, Vec::len);
        if used < full {
            return full - used;
        }
        let mut frame = Vec::with_capacity(DATA_HEADER_LEN + wanted.min(self.payload_limit));
        frame.resize(DATA_HEADER_LEN, 0);
        self.queue.push_back(frame);
        self.payload_limit
    }

    /// The next data frame, complete, if there is one and credit for at least a part of it.
    pub(crate) fn next_frame(&mut self, header: &Header) -> Option<Vec<u8>> {
        if !self.can_send() {
            return None;
        }
        let allowed = usize::try_from(self.credit - self.sent).unwrap_or(usize::MAX);
        let mut frame = self.queue.pop_front()?;
        if frame.len() - DATA_HEADER_LEN > allowed {
            let later = frame.split_off(DATA_HEADER_LEN + allowed);
            let mut rest = Vec::with_capacity(DATA_HEADER_LEN + later.len());
            rest.resize(DATA_HEADER_LEN, 0);
            rest.extend_from_slice(&later);
            self.queue.push_front(rest);
        }
        header.write_data(self.next_sequence, &mut frame);
        let payload = frame.len() - DATA_HEADER_LEN;
        self.next_sequence = self.next_sequence.wrapping_add(1);
        self.queued -= payload;
        self.sent += payload as u64;
        Some(frame)
    }

    /// Whether [`SendHalf::next_frame`] has one.
    pub(crate) fn can_send(&self) -> bool {
        self.queued > 0 && self.credit > self.sent
    }

    /// Whether only the other end's credit is missing.
    pub(crate) fn is_blocked(&self) -> bool {
        self.queued > 0 && self.credit <= self.sent
    }

    /// Takes in a credit offset; an older one than the present changes nothing.
    pub(crate) fn grant(&mut self, offset: u64) {
        self.credit = self.credit.max(offset);
    }

    /// True once after a push did not fit and the queue has since fallen to half.
    pub(crate) fn take_writable(&mut self) -> bool {
        let writable = self.wants_room && self.queued <= self.queue_limit / 2;
        self.wants_room &= !writable;
        writable
    }

    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    pub(crate) fn next_sequence(&self) -> u32 {
        self.next_sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Body, Frame, Role};

    const HEADER: Header = Header {
        role: Role::Opener,
        from: Address::loopback(3000),
        to: Address::loopback(3001),
        opener: 1,
        acceptor: 2,
    };

    fn payload(frame: &[u8]) -> &[u8] {
        match Frame::decode(frame).unwrap().body {
            Body::Data { payload, .. } => payload,
            other => panic!("not data: {other:?}"),
        }
    }

    #[test]
    fn small_pushes_share_a_frame() {
        let mut half = SendHalf::new(100, 10);
        half.grant(100);
        for byte in 0..12 {
            assert_eq!(half.push(&[byte]), 1);
        }
        assert_eq!(payload(&half.next_frame(&HEADER).unwrap()), (0..10).collect::<Vec<_>>());
        assert_eq!(payload(&half.next_frame(&HEADER).unwrap()), [10, 11]);
        assert_eq!(half.next_frame(&HEADER), None);
    }

    #[test]
    fn nothing_beyond_the_credit_is_sent() {
        let mut half = SendHalf::new(100, 10);
        half.push(&[7; 10]);
        assert!(half.is_blocked());
        half.grant(4);
        assert_eq!(payload(&half.next_frame(&HEADER).unwrap()), [7; 4]);
        assert_eq!(half.next_frame(&HEADER), None);
        half.grant(3);
        assert!(half.is_blocked());
        half.grant(10);
        assert_eq!(payload(&half.next_frame(&HEADER).unwrap()), [7; 6]);
    }

    #[test]
    fn a_full_queue_takes_no_more_and_says_when_there_is_room() {
        let mut half = SendHalf::new(20, 10);
        half.grant(100);
        assert_eq!(half.push(&[1; 25]), 20);
        assert_eq!(half.push(&[1; 25]), 0);
        assert!(!half.take_writable());
        half.next_frame(&HEADER).unwrap();
        assert!(half.take_writable());
        assert!(!half.take_writable());
    }
}
