//! The wire of one browser: a BroadcastChannel for each node of the lab, named after it, and in a relay's room one more,
//! on which the page takes up what is for other browsers.

use super::{Sessions, Wire};
use crate::js;
use js_sys::Uint8Array;
use std::net::Ipv4Addr;
use terrarium_core::collections::BTreeMap;
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
    /// The address of this browser.
    host: Ipv4Addr,
    /// Those that are open and when each was last written to, by port; none is the page's. Bounded by [`IDLE_CHANNEL`].
    open: BTreeMap<Option<u16>, (BroadcastChannel, Mono)>,
    /// Messages of the inbox that were no bytes, or too many.
    strange: u64,
}

impl Channels {
    /// The channels of a lab in a browser that others know as `host`.
    pub(crate) fn new(lab: &str, host: Ipv4Addr) -> Self {
        Self { prefix: format!("terrarium/{lab}/"), host, open: BTreeMap::new(), strange: 0 }
    }

    /// The channel on which others reach a node.
    ///
    /// # Errors
    /// The browser has no BroadcastChannel, or refuses.
    pub(crate) fn inbox(&self, node: NodeId) -> Result<BroadcastChannel, JsValue> {
        self.channel(Some(node.0))
    }

    fn channel(&self, port: Option<u16>) -> Result<BroadcastChannel, JsValue> {
        match port {
            Some(port) => BroadcastChannel::new(&format!("{}node/{port}", self.prefix)),
            None => BroadcastChannel::new(&format!("{}relay", self.prefix)),
        }
    }
}

impl Wire for Channels {
    fn reaches(&self, to: Address) -> bool {
        // A relay's room is on 10/8, and reaches all of it.
        to.ip == self.host.octets() || (self.host.octets()[0] == 10 && to.ip[0] == 10)
    }

    fn post(&mut self, now: Mono, to: Address, frame: Vec<u8>) {
        let port = (to.ip == self.host.octets()).then_some(to.port);
        if !self.open.contains_key(&port) {
            // Without a channel the frame is lost, and its session ends as any does that hears nothing.
            let Ok(channel) = self.channel(port) else { return };
            self.open.insert(port, (channel, now));
        }
        if let Some((channel, used)) = self.open.get_mut(&port) {
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
