//! The callbacks that lead from the browser's events to the host. They live as long as the worker.

use super::{Grind, Host};
use js_sys::Function;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, Event, MessageEvent};

/// What the timer or the scheduler calls.
pub(super) fn waker(host: Weak<RefCell<Host>>, wake: fn(&mut Host)) -> Function {
    let callback = Closure::<dyn FnMut()>::new(move || {
        if let Some(host) = host.upgrade() {
            wake(&mut host.borrow_mut());
        }
    });
    callback.into_js_value().unchecked_into()
}

/// What a worker calls with its messages.
pub(super) fn hearer(host: Weak<RefCell<Host>>, hear: fn(&mut Host, &JsValue)) -> Function {
    let callback = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(host) = host.upgrade() {
            let mut host = host.borrow_mut();
            hear(&mut host, &event.data());
            host.drive(Grind::No);
        }
    });
    callback.into_js_value().unchecked_into()
}

/// What a worker calls when it fails. Its failure ends here: the page is not to take it for this worker's own.
pub(super) fn hearer_of_errors(host: Weak<RefCell<Host>>, hear: fn(&mut Host, &JsValue)) -> Function {
    let callback = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        event.prevent_default();
        if let Some(host) = host.upgrade() {
            let mut host = host.borrow_mut();
            hear(&mut host, &event);
            host.drive(Grind::No);
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
