//! Terrarium's worker crate: one Web Worker is one node.
//!
//! The node itself is `terrarium_core::node::Node`, which knows no browser. Around it: [`store`] keeps its data,
//! [`transport`] carries its bytes, `directory` finds other nodes, `miner` grinds, `clock` tells it the lab's time, `feed`
//! gathers what the page hears, `journal` what it is to keep of the node's life, [`helpers`] check scripts for it, an
//! [`accelerator`] their signatures, `noise` counts what means nothing, `ownership` and `watch` settle which tab runs it,
//! `boot` brings it up and `host` drives it.

#![warn(missing_docs)]

pub mod accelerator;
mod boot;
mod clock;
mod directory;
mod feed;
pub mod helpers;
mod host;
mod journal;
mod js;
mod miner;
mod noise;
mod ownership;
mod page;
mod paths;
pub mod store;
pub mod transport;
mod watch;

use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::MessageEvent;

/// The build that this module belongs to, set by `cargo xtask`; `dev` under a plain `trunk serve`.
pub const BUILD_ID: &str = match option_env!("TERRARIUM_BUILD") {
    Some(id) => id,
    None => "dev",
};

/// Starts the node, or, where the first message says so, a helper. Installs its message listener before it returns, because
/// `boot.js` then hands over what came early.
pub fn run() {
    page::report_panics();
    let stage = Rc::new(RefCell::new(boot::Stage::Fresh));
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        match helpers::answer(&event.data()) {
            // A scope that is closing refuses; there is nobody left to help.
            Some(answer) => drop(js::scope().post_message(&answer)),
            None => match page::read(&event.data()) {
                Ok(message) => boot::hear(&stage, message),
                Err(text) => page::fail(text),
            },
        }
    });
    js::scope().set_onmessage(Some(listener.into_js_value().unchecked_ref()));
}
