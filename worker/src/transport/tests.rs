//! Nodes' sessions over real BroadcastChannels, in one worker.

use super::{Channels, Sessions};
use crate::js;
use crate::ownership::sleep;
use std::cell::RefCell;
use std::rc::Rc;
use terrarium_core::interface::{Direction, LinkCondition, NodeId, PeerId};
use terrarium_core::node::Input;
use terrarium_core::time::Mono;
use terrarium_core::transport::contract::{self, ADDRESSES, Network};
use terrarium_core::transport::{Connections, Now, Transport};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{BroadcastChannel, MessageEvent};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const A: NodeId = NodeId(3000);
const B: NodeId = NodeId(3001);

/// The messages that wait in a node's inbox.
type Inbox = Rc<RefCell<Vec<JsValue>>>;

/// A node's sessions, and its inbox.
fn place(lab: &str, id: NodeId) -> (Sessions<Channels>, Inbox) {
    let channels = Channels::new(lab, std::net::Ipv4Addr::LOCALHOST);
    let channel = channels.inbox(id).expect("a worker has BroadcastChannel");
    let inbox = Inbox::default();
    let messages = Rc::clone(&inbox);
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        messages.borrow_mut().push(event.data());
    });
    channel.set_onmessage(Some(listener.into_js_value().unchecked_ref()));
    (Sessions::new(id, u64::from(id.0) << 40, channels), inbox)
}

/// Takes in what came, and does what is due.
fn pass_on(sessions: &mut Sessions<Channels>, inbox: &Inbox) {
    for message in inbox.take() {
        sessions.receive_message(now(), &message);
    }
    sessions.tick(now());
}

fn now() -> Now {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a page's age")]
    Now::both(Mono((js::monotonic_ms() * 1_000.0) as u64))
}

fn fresh(name: &str) -> String {
    format!("{name}-{}", js::wall_ms())
}

/// What the contract runs on.
struct Lab([(Sessions<Channels>, Inbox); 3]);

impl Network for Lab {
    type Transport = Sessions<Channels>;

    fn transport(&mut self, at: usize) -> &mut Sessions<Channels> {
        &mut self.0[at].0
    }

    fn now(&self) -> Now {
        now()
    }

    async fn pass(&mut self) {
        sleep(1.0).await;
        self.0.iter_mut().for_each(|(sessions, inbox)| pass_on(sessions, inbox));
    }
}

#[wasm_bindgen_test]
async fn broadcast_channels_keep_the_contract() {
    contract::run(async |name: &str| {
        let lab = fresh(name);
        Lab(ADDRESSES.map(|address| place(&lab, NodeId(address.port()))))
    })
    .await;
}

/// One node's end: its connections and its inbox.
struct End {
    connections: Connections<Sessions<Channels>>,
    inbox: Inbox,
}

impl End {
    fn new(lab: &str, id: NodeId) -> Self {
        let (mut sessions, inbox) = place(lab, id);
        sessions.listen();
        Self { connections: Connections::new(sessions), inbox }
    }

    /// Takes in what came and returns what the node hears.
    fn pump(&mut self) -> Vec<Input> {
        pass_on(self.connections.transport_mut(), &self.inbox);
        std::iter::from_fn(|| self.connections.poll(now())).collect()
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
async fn a_cut_link_ends_connections_and_refuses_new_ones_until_it_heals() {
    let (mut a, _, mut b, _) = connected(&fresh("cut")).await;
    let cut = LinkCondition { to: B, latency_ms: 0.0, jitter_ms: 0.0, bandwidth: 0.0, cut: true };
    a.connections.transport_mut().set_conditions(&[cut]);
    assert!(matches!(b.hear(&mut a).await[..], [Input::PeerClosed { .. }]));
    b.connections.connect(now(), A.local_address());
    let heard = b.hear(&mut a).await;
    assert!(
        matches!(&heard[..], [Input::ConnectFailed { reason, .. }] if reason.contains("cut")),
        "{heard:?}"
    );
    a.connections.transport_mut().set_conditions(&[]);
    b.connections.connect(now(), A.local_address());
    assert!(matches!(b.hear(&mut a).await[..], [Input::PeerConnected { .. }]));
}

#[wasm_bindgen_test]
async fn latency_delays_a_connection() {
    let lab = fresh("slow-link");
    let (mut a, mut b) = (End::new(&lab, A), End::new(&lab, B));
    let slow = LinkCondition { to: B, latency_ms: 150.0, jitter_ms: 0.0, bandwidth: 0.0, cut: false };
    a.connections.transport_mut().set_conditions(&[slow]);
    let began = js::monotonic_ms();
    a.connections.connect(now(), B.local_address());
    assert!(matches!(b.hear(&mut a).await[..], [Input::PeerConnected { .. }]));
    assert!(js::monotonic_ms() - began >= 149.0);
}

#[wasm_bindgen_test]
async fn what_is_no_frame_on_a_nodes_channel_changes_nothing_and_is_counted() {
    let lab = fresh("noise");
    let (mut a, at_a, mut b, _) = connected(&lab).await;
    let stranger = BroadcastChannel::new(&format!("terrarium/{lab}/node/3001")).expect("it opens");
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
    assert_eq!(b.connections.transport().dropped_messages(), 6);
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
