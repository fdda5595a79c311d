//! The wire of one browser: a BroadcastChannel for each node of the lab, named after it.

use super::{Sessions, Wire};
use crate::js;
use js_sys::Uint8Array;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use terrarium_core::interface::NodeId;
use terrarium_core::time::{Mono, Span};
use terrarium_core::transport::Now;
use terrarium_link::{Address, MAX_FRAME_LEN};
use wasm_bindgen::JsValue;
use web_sys::BroadcastChannel;

/// A channel that was not written to for so long is closed: whoever has it open gets a copy of all that others post.
const IDLE_CHANNEL: Span = Span::from_secs(1);

/// The channels of other nodes.
pub(crate) struct Channels {
    /// What channel names start with.
    prefix: String,
    /// Those that are open and when each was last written to; bounded by [`IDLE_CHANNEL`].
    open: BTreeMap<u16, (BroadcastChannel, Mono)>,
    /// Messages of the inbox that were no bytes, or too many.
    strange: u64,
}

impl Channels {
    /// The channels of a lab.
    pub(crate) fn new(lab: &str) -> Self {
        Self { prefix: format!("terrarium/{lab}/node/"), open: BTreeMap::new(), strange: 0 }
    }

    /// The channel on which others reach a node.
    ///
    /// # Errors
    /// The browser has no BroadcastChannel, or refuses.
    pub(crate) fn inbox(&self, node: NodeId) -> Result<BroadcastChannel, JsValue> {
        self.channel(node.0)
    }

    fn channel(&self, port: u16) -> Result<BroadcastChannel, JsValue> {
        BroadcastChannel::new(&format!("{}{port}", self.prefix))
    }
}

impl Wire for Channels {
    fn reaches(&self, to: Address) -> bool {
        Ipv4Addr::from(to.ip).is_loopback()
    }

    fn post(&mut self, now: Mono, to: Address, frame: Vec<u8>) {
        if !self.open.contains_key(&to.port) {
            // Without a channel the frame is lost, and its session ends as any does that hears nothing.
            let Ok(channel) = self.channel(to.port) else { return };
            self.open.insert(to.port, (channel, now));
        }
        if let Some((channel, used)) = self.open.get_mut(&to.port) {
            *used = now;
            // Bytes can always be cloned; the channel is open.
            let _ = channel.post_message(&Uint8Array::from(frame.as_slice()));
        }
    }

    fn tick(&mut self, now: Mono) {
        self.open.retain(|_, (channel, used)| {
            let keep = *used + IDLE_CHANNEL > now;
            if !keep {
                channel.close();
            }
            keep
        });
    }
}

impl Sessions<Channels> {
    /// Takes in a message of the inbox, whatever it is.
    pub(crate) fn receive_message(&mut self, now: Now, message: &JsValue) {
        // What is no bytes, or too long to be a frame, is not even copied.
        match js::bytes_of(message, MAX_FRAME_LEN) {
            Some(frame) => self.receive(now, frame),
            None => self.wire_mut().strange += 1,
        }
    }

    /// How many messages of the inbox were no frames for this node.
    pub(crate) fn dropped_messages(&self) -> u64 {
        self.wire().strange + self.dropped()
    }
}
