//! The wire of a member: frames wait here until they go out by its WebSocket.

use std::collections::VecDeque;
use terrarium_core::time::Mono;
use terrarium_link::Address;
use terrarium_worker::transport::Wire;

/// Frames that have not been sent; emptied after every step.
#[derive(Debug, Default)]
pub(super) struct Outbox(VecDeque<Vec<u8>>);

impl Outbox {
    /// The next frame.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        self.0.pop_front()
    }
}

impl Wire for Outbox {
    fn reaches(&self, to: Address) -> bool {
        to.ip[0] == 10
    }

    fn post(&mut self, _: Mono, _: Address, frame: Vec<u8>) {
        self.0.push_back(frame);
    }
}
