//! The callbacks that lead from the browser's events to the host. They live as long as the worker.

use super::Host;
use js_sys::Function;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

/// What the timer or the scheduler calls.
pub(super) fn waker(host: Weak<RefCell<Host>>, wake: fn(&mut Host)) -> Function {
    let callback = Closure::<dyn FnMut()>::new(move || {
        if let Some(host) = host.upgrade() {
            wake(&mut host.borrow_mut());
        }
    });
    callback.into_js_value().unchecked_into()
}

/// Listens on the node's channels.
pub(super) fn listen(host: &Rc<RefCell<Host>>, inbox: &BroadcastChannel) {
    on_message(inbox, host, Host::hear_frame);
    let directory = host.borrow().directory_channel.clone();
    on_message(&directory, host, Host::hear_directory);
    let watch = host.borrow().watched.channel().clone();
    on_message(&watch, host, Host::hear_viewer);
}

fn on_message(channel: &BroadcastChannel, host: &Rc<RefCell<Host>>, hear: fn(&mut Host, &JsValue)) {
    // The browser keeps a channel with a listener alive.
    let host = Rc::clone(host);
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        hear(&mut host.borrow_mut(), &event.data());
    });
    channel.set_onmessage(Some(listener.into_js_value().unchecked_ref()));
}
