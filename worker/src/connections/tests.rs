//! Two nodes' connections over real BroadcastChannels, in one worker.

use super::*;
use crate::js;
use crate::ownership::sleep;
use crate::transport::Transport;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use terrarium_core::interface::{LinkCondition, NodeId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::MessageEvent;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const A: NodeId = NodeId(3000);
const B: NodeId = NodeId(3001);

/// One node's end: its connections, and the messages that wait in its inbox.
struct End {
    connections: Connections,
    inbox: Rc<RefCell<Vec<JsValue>>>,
}

impl End {
    fn new(lab: &str, id: NodeId) -> Self {
        let mut transport = Transport::new(lab, id, u64::from(id.0) << 40);
        transport.listen();
        let inbox = Rc::new(RefCell::new(Vec::new()));
        let messages = Rc::clone(&inbox);
        let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            messages.borrow_mut().push(event.data());
        });
        let channel = transport.inbox().expect("a worker has BroadcastChannel");
        channel.set_onmessage(Some(listener.into_js_value().unchecked_ref()));
        Self { connections: Connections::new(transport), inbox }
    }

    /// Takes in what came and returns what the node hears.
    fn pump(&mut self) -> Vec<Input> {
        let now = now();
        for message in self.inbox.take() {
            self.connections.transport().receive(now, &message);
        }
        self.connections.transport().tick(now);
        std::iter::from_fn(|| self.connections.poll(now)).collect()
    }

    /// Pumps until something comes, for two seconds at most.
    async fn hear(&mut self, other: &mut Self) -> Vec<Input> {
        let began = js::monotonic_ms();
        loop {
            other.pump();
            let heard = self.pump();
            if !heard.is_empty() || js::monotonic_ms() - began > 2_000.0 {
                return heard;
            }
            sleep(1.0).await;
        }
    }
}

fn now() -> Now {
    let time = Duration::from_secs_f64(js::monotonic_ms() / 1_000.0);
    Now { real: time, lab: time }
}

fn fresh(name: &str) -> String {
    format!("{name}-{}", js::wall_ms())
}

/// Two ends with a connection from A to B, and its peer id at each.
async fn connected(lab: &str) -> (End, PeerId, End, PeerId) {
    let (mut a, mut b) = (End::new(lab, A), End::new(lab, B));
    a.connections.connect(now(), B.local_address());
    let at_b = match b.hear(&mut a).await[..] {
        [Input::PeerConnected { peer, direction: Direction::Inbound, address }]
            if address == A.local_address() =>
        {
            peer
        }
        ref other => panic!("{other:?}"),
    };
    let at_a = match a.hear(&mut b).await[..] {
        [Input::PeerConnected { peer, direction: Direction::Outbound, address }]
            if address == B.local_address() =>
        {
            peer
        }
        ref other => panic!("{other:?}"),
    };
    (a, at_a, b, at_b)
}

#[wasm_bindgen_test]
async fn bytes_arrive_in_order_and_as_fast_as_they_are_worked_off() {
    let (mut a, at_a, mut b, at_b) = connected(&fresh("order")).await;
    let sent: Vec<u8> = (0..5_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 4]).collect();
    a.connections.send(now(), at_a, &sent);
    let mut received = Vec::new();
    let mut told = Vec::new();
    while received.len() < sent.len() {
        for input in b.pump() {
            let Input::PeerBytes { bytes, .. } = input else { panic!("{input:?}") };
            b.connections.consumed(at_b, bytes.len());
            received.extend(bytes);
        }
        for input in a.pump() {
            let Input::PeerDrained { queued, .. } = input else { panic!("{input:?}") };
            told.push(queued);
        }
        sleep(0.0).await;
    }
    assert!(received == sent, "the same bytes");
    assert_eq!(told.last(), Some(&0));
    assert!(told.is_sorted_by(|a, b| a > b), "the queue only shrinks");
}

#[wasm_bindgen_test]
async fn a_node_that_works_nothing_off_is_not_sent_more() {
    let (mut a, at_a, mut b, _) = connected(&fresh("slow")).await;
    a.connections.send(now(), at_a, &vec![7; 5_000_000]);
    let mut received = 0;
    for _ in 0..50 {
        a.pump();
        for input in b.pump() {
            if let Input::PeerBytes { bytes, .. } = input {
                received += bytes.len();
            }
        }
        sleep(1.0).await;
    }
    assert_eq!(received, 2 * 1024 * 1024, "one window");
}

#[wasm_bindgen_test]
async fn a_disconnect_comes_after_what_was_sent() {
    let (mut a, at_a, mut b, _) = connected(&fresh("end")).await;
    a.connections.send(now(), at_a, b"last words");
    a.connections.disconnect(at_a);
    let heard = b.hear(&mut a).await;
    assert!(matches!(&heard[0], Input::PeerBytes { bytes, .. } if bytes == b"last words"), "{heard:?}");
    let closed = if heard.len() > 1 { heard } else { b.hear(&mut a).await };
    assert!(matches!(closed.last(), Some(Input::PeerClosed { .. })), "{closed:?}");
    assert!(a.pump().is_empty(), "who disconnects hears nothing more");
}

#[wasm_bindgen_test]
async fn a_cut_link_ends_connections_and_refuses_new_ones_until_it_heals() {
    let (mut a, _, mut b, _) = connected(&fresh("cut")).await;
    let cut = LinkCondition { to: B, latency_ms: 0.0, jitter_ms: 0.0, bandwidth: 0.0, cut: true };
    a.connections.transport().set_conditions(&[cut]);
    assert!(matches!(b.hear(&mut a).await[..], [Input::PeerClosed { .. }]));
    b.connections.connect(now(), A.local_address());
    let heard = b.hear(&mut a).await;
    assert!(
        matches!(&heard[..], [Input::ConnectFailed { reason, .. }] if reason.contains("cut")),
        "{heard:?}"
    );
    a.connections.transport().set_conditions(&[]);
    b.connections.connect(now(), A.local_address());
    assert!(matches!(b.hear(&mut a).await[..], [Input::PeerConnected { .. }]));
}

#[wasm_bindgen_test]
async fn latency_delays_a_connection() {
    let lab = fresh("slow-link");
    let (mut a, mut b) = (End::new(&lab, A), End::new(&lab, B));
    let slow = LinkCondition { to: B, latency_ms: 150.0, jitter_ms: 0.0, bandwidth: 0.0, cut: false };
    a.connections.transport().set_conditions(&[slow]);
    let began = js::monotonic_ms();
    a.connections.connect(now(), B.local_address());
    assert!(matches!(b.hear(&mut a).await[..], [Input::PeerConnected { .. }]));
    assert!(js::monotonic_ms() - began >= 149.0);
}

#[wasm_bindgen_test]
async fn what_is_no_frame_on_a_nodes_channel_changes_nothing() {
    let lab = fresh("noise");
    let (mut a, at_a, mut b, _) = connected(&lab).await;
    let stranger = web_sys::BroadcastChannel::new(&format!("terrarium/{lab}/node/3001")).expect("it opens");
    let bytes = js_sys::Uint8Array::from([1_u8, 3, 0, 9].as_slice());
    let huge = js_sys::Uint8Array::new_with_length(10_000_000);
    for noise in
        [JsValue::NULL, "up 1".into(), 5.into(), bytes.into(), huge.into(), js_sys::Object::new().into()]
    {
        stranger.post_message(&noise).expect("it can be cloned");
    }
    a.connections.send(now(), at_a, b"still here");
    let heard = b.hear(&mut a).await;
    assert!(matches!(&heard[..], [Input::PeerBytes { bytes, .. }] if bytes == b"still here"), "{heard:?}");
}

#[wasm_bindgen_test]
fn only_nodes_of_this_machine_are_reachable() {
    let mut a = End::new(&fresh("far"), A);
    for far in ["10.0.0.1:3001", "[::1]:3001", "127.0.0.1:3000"] {
        a.connections.connect(now(), far.parse().expect("an address"));
    }
    let heard = a.pump();
    assert_eq!(heard.len(), 3);
    assert!(heard.iter().all(|input| matches!(input, Input::ConnectFailed { .. })), "{heard:?}");
}
