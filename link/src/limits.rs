//! What an endpoint allows, and what it counts when it drops something.

use std::time::Duration;

use crate::MAX_PAYLOAD_LEN;

/// What an endpoint allows itself and others.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most bytes in one data frame, at most [`MAX_PAYLOAD_LEN`].
    pub payload: usize,
    /// How many bytes a peer may be ahead of what the host has consumed, for each session.
    pub window: u64,
    /// How many bytes one session holds that could not be sent yet.
    pub send_queue: usize,
    /// Sessions that others opened.
    pub inbound_sessions: usize,
    /// Sessions that this end opened. Both together stay below seed 002's 1,000 connections.
    pub outbound_sessions: usize,
    /// How long an open waits for its answer.
    pub open_timeout: Duration,
    /// How often an end that waits for credit asks again, in case the grant was lost.
    pub probe_interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload: MAX_PAYLOAD_LEN,
            window: 2 * 1024 * 1024,
            send_queue: 2 * 1024 * 1024,
            inbound_sessions: 500,
            outbound_sessions: 499,
            open_timeout: Duration::from_secs(5),
            probe_interval: Duration::from_secs(1),
        }
    }
}

/// What an endpoint dropped, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes that were no frame.
    pub malformed: u64,
    /// Frames for another address.
    pub misaddressed: u64,
    /// Frames for a session that is not there.
    pub unknown: u64,
    /// Frames that repeat what was there already.
    pub duplicate: u64,
    /// Opens refused.
    pub refused: u64,
}
