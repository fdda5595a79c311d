//! Between the relay's connection and the workers of this browser, whichever tab runs them: frames and presence, by the
//! channels on which workers speak among themselves.

use js_sys::{JsString, Uint8Array};
use terrarium_core::collections::BTreeMap;
use terrarium_link::MAX_FRAME_LEN;
use terrarium_link::room::MAX_NODES;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

/// A channel that was not written to for so long is closed: whoever has it open gets a copy of all that others post.
const IDLE_MS: f64 = 1_000.0;
/// The longest text of the directory that is looked at.
const MAX_TEXT: u32 = 120;

/// What workers say.
pub(super) enum FromNodes {
    /// A frame for another browser.
    Frame(Vec<u8>),
    /// A text of the directory.
    Said(String),
}

/// The channels of a lab.
pub(super) struct Bridge {
    prefix: String,
    directory: BroadcastChannel,
    frames: BroadcastChannel,
    /// Inboxes of nodes that are open and when each was last written to; at most [`MAX_NODES`].
    inboxes: BTreeMap<u16, (BroadcastChannel, f64)>,
    _hear: [Closure<dyn FnMut(MessageEvent)>; 2],
}

impl Bridge {
    /// Opens the channels; `hear` gets what workers say.
    ///
    /// # Errors
    /// The browser refuses.
    pub(super) fn open(lab: &str, hear: impl Fn(FromNodes) + Clone + 'static) -> Result<Self, JsValue> {
        let prefix = format!("terrarium/{lab}/");
        let directory = BroadcastChannel::new(&format!("{prefix}directory"))?;
        let frames = BroadcastChannel::new(&format!("{prefix}relay"))?;
        let hear_frame = {
            let hear = hear.clone();
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                let data = event.data();
                let Some(bytes) = data.dyn_ref::<Uint8Array>() else { return };
                if bytes.length() as usize <= MAX_FRAME_LEN {
                    hear(FromNodes::Frame(bytes.to_vec()));
                }
            })
        };
        let hear_text = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            let Some(text) = data.dyn_ref::<JsString>() else { return };
            if text.length() <= MAX_TEXT {
                hear(FromNodes::Said(String::from(text)));
            }
        });
        frames.set_onmessage(Some(hear_frame.as_ref().unchecked_ref()));
        directory.set_onmessage(Some(hear_text.as_ref().unchecked_ref()));
        Ok(Self { prefix, directory, frames, inboxes: BTreeMap::new(), _hear: [hear_frame, hear_text] })
    }

    /// Hands a frame to a node of this browser.
    pub(super) fn deliver(&mut self, port: u16, frame: &[u8], now_ms: f64) {
        self.inboxes.retain(|_, (channel, used)| {
            let keep = *used + IDLE_MS > now_ms;
            if !keep {
                channel.close();
            }
            keep
        });
        if !self.inboxes.contains_key(&port) {
            // A browser has no more nodes; somebody tries one port after the other.
            if self.inboxes.len() >= MAX_NODES {
                return;
            }
            // Without a channel the frame is lost, and its session ends as any does that hears nothing.
            let Ok(channel) = BroadcastChannel::new(&format!("{}node/{port}", self.prefix)) else { return };
            self.inboxes.insert(port, (channel, now_ms));
        }
        if let Some((channel, used)) = self.inboxes.get_mut(&port) {
            *used = now_ms;
            // Bytes can always be cloned; the channel is open.
            let _ = channel.post_message(&Uint8Array::from(frame));
        }
    }

    /// Says something to all workers.
    pub(super) fn say(&self, text: &str) {
        // Text can always be cloned; the channel is open.
        let _ = self.directory.post_message(&text.into());
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.frames.set_onmessage(None);
        self.directory.set_onmessage(None);
        self.frames.close();
        self.directory.close();
        self.inboxes.values().for_each(|(channel, _)| channel.close());
    }
}
