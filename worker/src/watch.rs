//! A second tab that asks for a node which another runs: it watches. The owner posts its snapshots on the node's watch
//! channel for as long as somebody asks for them.

use crate::js;
use crate::page;
use terrarium_core::interface::{CommandError, NodeId, NodeSnapshot, PageMessage, WorkerMessage};
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

/// A viewer says this often that it is there.
const ASK_MS: i32 = 2_000;
/// An owner goes on for so long after it was last asked.
const ASKED_MS: f64 = 5_000.0;

fn channel(lab: &str, id: NodeId) -> Result<BroadcastChannel, JsValue> {
    BroadcastChannel::new(&format!("terrarium/{lab}/watch/{id}"))
}

/// The owner's side.
pub(crate) struct Watched {
    channel: BroadcastChannel,
    /// When a viewer last asked.
    asked: Option<f64>,
}

impl Watched {
    pub(crate) fn new(lab: &str, id: NodeId) -> Result<Self, JsValue> {
        Ok(Self { channel: channel(lab, id)?, asked: None })
    }

    /// The channel, for the host to listen on.
    pub(crate) fn channel(&self) -> &BroadcastChannel {
        &self.channel
    }

    /// A viewer asked.
    pub(crate) fn ask(&mut self, now_ms: f64) {
        self.asked = Some(now_ms);
    }

    /// Posts a snapshot, if anybody watches.
    pub(crate) fn show(&self, snapshot: &NodeSnapshot, now_ms: f64) {
        if self.asked.is_some_and(|asked| asked + ASKED_MS > now_ms)
            && let Ok(value) = serde_wasm_bindgen::to_value(snapshot)
        {
            // A closed channel has no viewers.
            let _ = self.channel.post_message(&value);
        }
    }
}

/// The viewer's side; dropping it ends it.
pub(crate) struct Viewer {
    id: NodeId,
    channel: BroadcastChannel,
    interval: Option<i32>,
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
            // Any script of this origin can post here: only a snapshot of this node is passed on.
            if let Ok(snapshot) = serde_wasm_bindgen::from_value::<NodeSnapshot>(event.data())
                && snapshot.id == id
            {
                page::post(&WorkerMessage::Snapshot(Box::new(snapshot)));
            }
        });
        channel.set_onmessage(Some(show.as_ref().unchecked_ref()));
        let asking = channel.clone();
        let ask = Closure::<dyn FnMut()>::new(move || {
            // Text can always be cloned; the channel is open.
            let _ = asking.post_message(&"watch".into());
        });
        let interval = js::scope()
            .set_interval_with_callback_and_timeout_and_arguments_0(ask.as_ref().unchecked_ref(), ASK_MS)
            .ok();
        channel.post_message(&"watch".into())?;
        Ok(Self { id, channel, interval, _show: show, _ask: ask })
    }

    /// Answers the page: whoever only watches carries nothing out.
    pub(crate) fn handle(&self, message: PageMessage) {
        match message {
            PageMessage::Command { id, .. } => {
                let text = format!("node {} runs in another tab; this one only watches it", self.id);
                page::post(&WorkerMessage::Reply { id, result: Err(CommandError::BadArgument(text)) });
            }
            PageMessage::Shutdown => page::post(&WorkerMessage::Ended),
            _ => {}
        }
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
