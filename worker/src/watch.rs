//! A second tab that asks for a node which another runs: it watches. The owner posts its snapshots on the node's watch
//! channel for as long as somebody asks for them.

use crate::js;
use crate::ownership::sleep;
use crate::page;
use js_sys::Uint8Array;
use std::cell::Cell;
use std::mem::discriminant;
use std::rc::Rc;
use terrarium_core::interface::{CommandError, NodeId, PageMessage, WorkerMessage, to_bytes};
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

/// A viewer says this often that it is there.
const ASK_MS: i32 = 2_000;
/// An owner goes on for so long after it was last asked.
const ASKED_MS: f64 = 5_000.0;

/// Bytes of a snapshot at most; its lists are bounded far below.
const MAX_SNAPSHOT: usize = 1 << 20;

/// What a viewer says.
const ASK: &str = "watch";

/// An owner answers within this time.
const ANSWER_MS: f64 = 300.0;

fn channel(lab: &str, id: NodeId) -> Result<BroadcastChannel, JsValue> {
    BroadcastChannel::new(&format!("terrarium/{lab}/watch/{id}"))
}

/// The snapshot that a message is, as bytes. Any script of this origin can post here: only one that begins as this node's
/// counts, and the page reads the rest.
fn snapshot_of(id: NodeId, event: &MessageEvent) -> Option<Vec<u8>> {
    let bytes = js::bytes_of(&event.data(), MAX_SNAPSHOT)?;
    bytes.starts_with(&to_bytes(&id)).then_some(bytes)
}

/// Whether another worker runs the node: it shows itself to whoever asks. Where neither locks nor databases are shared
/// between tabs this is all there is to go by; of two workers that start in the same instant neither sees the other.
///
/// # Errors
/// The browser has no BroadcastChannel, or refuses.
pub(crate) async fn is_run_elsewhere(lab: &str, id: NodeId) -> Result<bool, JsValue> {
    let channel = channel(lab, id)?;
    let answered = Rc::new(Cell::new(false));
    let answer = Rc::clone(&answered);
    let hear = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        answer.set(answer.get() || snapshot_of(id, &event).is_some());
    });
    channel.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    channel.post_message(&ASK.into())?;
    sleep(ANSWER_MS).await;
    channel.close();
    Ok(answered.get())
}

/// The owner's side.
pub(crate) struct Watched {
    channel: BroadcastChannel,
    /// When a viewer last asked.
    asked: Option<f64>,
    /// Messages that asked for nothing.
    dropped: u64,
}

impl Watched {
    pub(crate) fn new(lab: &str, id: NodeId) -> Result<Self, JsValue> {
        Ok(Self { channel: channel(lab, id)?, asked: None, dropped: 0 })
    }

    /// The channel, for the host to listen on.
    pub(crate) fn channel(&self) -> &BroadcastChannel {
        &self.channel
    }

    /// Takes in a message; true where a viewer asks.
    pub(crate) fn ask(&mut self, message: &JsValue, now_ms: f64) -> bool {
        let asks = js::text_of(message, ASK.len()).is_some_and(|text| text == ASK);
        if asks {
            self.asked = Some(now_ms);
        } else {
            self.dropped += 1;
        }
        asks
    }

    /// How many messages asked for nothing.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Posts a snapshot, if anybody watches.
    pub(crate) fn show(&self, snapshot: &[u8], now_ms: f64) {
        if self.asked.is_some_and(|asked| asked + ASKED_MS > now_ms) {
            // A closed channel has no viewers.
            let _ = self.channel.post_message(&Uint8Array::from(snapshot));
        }
    }
}

/// The viewer's side; dropping it ends it.
pub(crate) struct Viewer {
    id: NodeId,
    channel: BroadcastChannel,
    interval: Option<i32>,
    settings: Settings,
    /// Keeps the channel's handler alive.
    _show: Closure<dyn FnMut(MessageEvent)>,
    /// Keeps the interval's handler alive.
    _ask: Closure<dyn FnMut()>,
}

impl Viewer {
    /// Starts to show the page what the owner posts.
    pub(crate) fn start(lab: &str, id: NodeId) -> Result<Self, JsValue> {
        let channel = channel(lab, id)?;
        let show = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(bytes) = snapshot_of(id, &event) {
                page::post(&WorkerMessage::Snapshot { bytes });
            }
        });
        channel.set_onmessage(Some(show.as_ref().unchecked_ref()));
        let asking = channel.clone();
        let ask = Closure::<dyn FnMut()>::new(move || {
            // Text can always be cloned; the channel is open.
            let _ = asking.post_message(&ASK.into());
        });
        let interval = js::scope()
            .set_interval_with_callback_and_timeout_and_arguments_0(ask.as_ref().unchecked_ref(), ASK_MS)
            .ok();
        channel.post_message(&ASK.into())?;
        Ok(Self { id, channel, interval, settings: Settings::default(), _show: show, _ask: ask })
    }

    /// Answers the page: whoever only watches carries nothing out, and keeps what is to hold once it owns the node.
    pub(crate) fn handle(&mut self, message: PageMessage) {
        match message {
            PageMessage::Command { id, .. } => {
                let text = format!("node {} runs in another tab; this one only watches it", self.id);
                page::post(&WorkerMessage::Reply { id, result: Err(CommandError::BadArgument(text)) });
            }
            PageMessage::Shutdown => page::post(&WorkerMessage::Ended),
            setting => self.settings.keep(setting),
        }
    }

    /// What the page has set up meanwhile, for the node that this worker takes over.
    pub(crate) fn take_settings(&mut self) -> Vec<PageMessage> {
        std::mem::take(&mut self.settings.0)
    }
}

/// The last message of each kind that sets something up. Bounded by the kinds.
#[derive(Debug, Default)]
struct Settings(Vec<PageMessage>);

impl Settings {
    fn keep(&mut self, message: PageMessage) {
        let kind = discriminant(&message);
        self.0.retain(|kept| discriminant(kept) != kind);
        self.0.push(message);
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        if let Some(interval) = self.interval {
            js::scope().clear_interval_with_handle(interval);
        }
        self.channel.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_core::interface::Clock;

    #[test]
    fn a_viewer_keeps_the_last_setting_of_each_kind() {
        let clock =
            |speed| PageMessage::Clock(Clock { wall_ms: 0.0, lab_ms: 0.0, speed, dates_stand: false });
        let mut settings = Settings::default();
        let said = [
            clock(1.0),
            PageMessage::SetHashRate { khs: 4.0 },
            PageMessage::Conditions(Vec::new()),
            PageMessage::Subscribe { messages: true },
            clock(0.0),
            PageMessage::SetHashRate { khs: 9.0 },
        ];
        said.iter().cloned().for_each(|message| settings.keep(message));
        assert_eq!(settings.0, said[2..]);
    }
}
