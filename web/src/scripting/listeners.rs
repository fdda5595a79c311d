//! `terrarium.on`: functions of scripts that are told what happens.

use super::object;
use crate::lab::Lab;
use crate::lab::port::Happening;
use js_sys::Function;
use std::cell::RefCell;
use std::rc::Rc;
use terrarium_core::interface::{Direction, Event, NodeId, PeerState};
use wasm_bindgen::JsValue;

/// What scripts can listen for.
pub(super) const KINDS: [&str; 8] = ["block", "tx", "message", "reorg", "peer", "warning", "log", "crash"];

/// Functions at a time; a script that adds one a second without end would else slow everything down.
const MAX_LISTENERS: usize = 1_000;

struct Listener {
    number: u64,
    kind: &'static str,
    call: Function,
}

/// The functions that listen; at most [`MAX_LISTENERS`].
#[derive(Clone, Default)]
pub(super) struct Listeners {
    all: Rc<RefCell<Vec<Listener>>>,
    next: Rc<RefCell<u64>>,
}

impl Listeners {
    /// Listeners that hear what happens in `lab`.
    pub(super) fn of(lab: Lab) -> Self {
        let listeners = Listeners::default();
        let heard = listeners.clone();
        lab.observe(Rc::new(move |id, happening| heard.tell(id, happening)));
        listeners
    }

    /// Adds a function; its number takes it away again.
    pub(super) fn add(&self, kind: &'static str, call: Function) -> Option<u64> {
        let mut all = self.all.borrow_mut();
        if all.len() >= MAX_LISTENERS {
            return None;
        }
        let mut number = self.next.borrow_mut();
        *number += 1;
        all.push(Listener { number: *number, kind, call });
        Some(*number)
    }

    /// Takes a function away.
    pub(super) fn remove(&self, number: u64) {
        self.all.borrow_mut().retain(|listener| listener.number != number);
    }

    fn tell(&self, id: NodeId, happening: &Happening<'_>) {
        let kind = kind_of(happening);
        let calls: Vec<Function> = {
            let all = self.all.borrow();
            all.iter()
                .filter(|listener| listener.kind == kind)
                .map(|listener| listener.call.clone())
                .collect()
        };
        if calls.is_empty() {
            return;
        }
        let payload = payload(id, happening);
        for call in calls {
            if let Err(error) = call.call1(&JsValue::UNDEFINED, &payload) {
                // A script's mistake is the script's to see; the page goes on.
                web_sys::console::error_1(&error);
            }
        }
    }
}

fn kind_of(happening: &Happening<'_>) -> &'static str {
    match happening {
        Happening::Crash(_) => "crash",
        Happening::Event(event) => match event {
            Event::Block { .. } => "block",
            Event::Transaction { .. } => "tx",
            Event::Reorg { .. } => "reorg",
            Event::Peer { .. } => "peer",
            Event::Message { .. } => "message",
            Event::Warning { .. } => "warning",
            Event::Log(_) => "log",
        },
    }
}

fn payload(id: NodeId, happening: &Happening<'_>) -> JsValue {
    let text = |value: &dyn ToString| JsValue::from(value.to_string());
    let id = ("id", text(&id));
    let fields: Vec<(&str, JsValue)> = match happening {
        Happening::Crash(why) => vec![id, ("text", JsValue::from(*why))],
        Happening::Event(event) => match event {
            Event::Block { hash, height } => vec![id, ("hash", text(hash)), ("height", height.0.into())],
            Event::Transaction { txid } => vec![id, ("txid", text(txid))],
            Event::Reorg { from, to, disconnected, connected, .. } => vec![
                id,
                ("from", text(from)),
                ("to", text(to)),
                ("disconnected", object::strings(disconnected)),
                ("connected", object::strings(connected)),
            ],
            Event::Peer { address, state, reason, .. } => vec![
                id,
                ("peer", text(&address.port())),
                ("state", peer_state(*state).into()),
                ("reason", reason.clone().map_or(JsValue::NULL, JsValue::from)),
            ],
            Event::Message { address, direction, command, length, .. } => vec![
                id,
                ("peer", text(&address.port())),
                ("direction", direction_word(*direction).into()),
                ("command", command.as_str().into()),
                ("length", (*length as f64).into()),
            ],
            Event::Warning { warning, active } => vec![
                id,
                ("code", warning.code().into()),
                ("text", text(warning)),
                ("active", (*active).into()),
            ],
            Event::Log(line) => vec![id, ("line", text(line))],
        },
    };
    object::frozen(&fields)
}

fn peer_state(state: PeerState) -> &'static str {
    match state {
        PeerState::Connecting => "connecting",
        PeerState::Handshaking => "handshaking",
        PeerState::Connected => "connected",
        PeerState::Disconnected => "disconnected",
    }
}

fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    }
}
