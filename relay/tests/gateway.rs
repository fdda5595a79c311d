//! A gateway as the session layer sees it: whose TCP connection it makes, what it carries, and when either ends.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test that asked for it")]

mod client;

use client::{Browser, relay};
use std::time::{Duration, Instant};
use terrarium_link::room::{NodeEntry, ToBrowser, ToRelay, frame_of, wrap_frame};
use terrarium_link::{Address, CloseReason, Endpoint, Limits, Output, SessionId};
use terrarium_relay::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const AT: Address = Address { ip: [10, 255, 0, 1], port: 18_444 };
const REGTEST: &str = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206/fabfb5da";

async fn target() -> (TcpListener, Options) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = format!("{AT}={}", listener.local_addr().unwrap()).parse().unwrap();
    let options =
        Options { bind: [127, 0, 0, 1].into(), port: 0, gateways: vec![gateway], ..Options::default() };
    (listener, options)
}

/// A browser with a node, which is an endpoint alone.
struct Node {
    browser: Browser,
    endpoint: Endpoint,
    began: Instant,
}

impl Node {
    async fn new(mut browser: Browser) -> Self {
        let own = Address { ip: browser.pass.address, port: 3_000 };
        let nodes = vec![NodeEntry { port: 3_000, network: REGTEST.to_owned() }];
        browser.tell(&ToRelay::Nodes(nodes)).await;
        let endpoint = Endpoint::new(own, 1, Limits { window: 100_000, ..Limits::default() });
        Self { browser, endpoint, began: Instant::now() }
    }

    fn open(&mut self) -> SessionId {
        self.endpoint.open(self.began.elapsed(), AT).unwrap()
    }

    /// What happens next, but for frames.
    async fn next(&mut self) -> Output {
        loop {
            match self.endpoint.poll() {
                Some(Output::Transmit { frame, .. }) => self.browser.post(wrap_frame(&frame)).await,
                Some(output) => return output,
                None => {
                    let message = self.browser.hear_frame().await;
                    self.endpoint.handle_frame(self.began.elapsed(), frame_of(&message).unwrap().to_vec());
                }
            }
        }
    }

    /// Posts what waits.
    async fn flush(&mut self) {
        while let Some(Output::Transmit { frame, .. }) = self.endpoint.poll() {
            self.browser.post(wrap_frame(&frame)).await;
        }
    }
}

/// A node with a session that a TCP connection stands behind.
async fn connected(node: &mut Node, listener: &TcpListener) -> (SessionId, TcpStream) {
    let session = node.open();
    assert_eq!(node.next().await, Output::Opened { session });
    (session, listener.accept().await.unwrap().0)
}

fn bytes(count: u32) -> Vec<u8> {
    (0..count).flat_map(u32::to_le_bytes).collect()
}

#[tokio::test]
async fn bytes_go_through_a_gateway_unchanged_and_no_faster_than_they_are_taken() {
    let (listener, options) = target().await;
    let relay = relay(options).await;
    let mut node = Node::new(Browser::create(&relay, "node").await).await;
    let (session, stream) = connected(&mut node, &listener).await;
    let all = bytes(1_000_000);
    let (mut from, mut to) = stream.into_split();
    let echo = tokio::spawn(async move { tokio::io::copy(&mut from, &mut to).await });
    let (mut sent, mut heard) = (0, Vec::new());
    while heard.len() < all.len() {
        sent += node.endpoint.send(node.began.elapsed(), session, &all[sent..]).unwrap();
        match node.next().await {
            Output::Data { bytes, .. } => {
                heard.extend_from_slice(&bytes);
                node.endpoint.consume(session, bytes.len());
            }
            Output::Writable { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(heard == all);
    node.endpoint.close(session);
    node.flush().await;
    assert_eq!(echo.await.unwrap().unwrap(), all.len() as u64, "the connection ends with its session");
}

#[tokio::test]
async fn what_nobody_takes_waits_outside_of_the_relay() {
    let (listener, options) = target().await;
    let relay = relay(options).await;
    let mut node = Node::new(Browser::create(&relay, "node").await).await;
    let (session, mut stream) = connected(&mut node, &listener).await;
    let flood = bytes(250_000);
    // It is read no more once the node's window, the session's queue and the kernel's buffers are full.
    let mut taken = 0;
    while let Ok(Ok(())) = tokio::time::timeout(Duration::from_secs(1), stream.write_all(&flood)).await {
        taken += flood.len();
        assert!(taken < 100_000_000, "it is read without end");
    }
    let mut heard = 0;
    while heard < taken {
        let Output::Data { bytes, .. } = node.next().await else { continue };
        heard += bytes.len();
        node.endpoint.consume(session, bytes.len());
    }
}

#[tokio::test]
async fn a_session_is_lost_when_its_connection_is_and_none_is_there_without_a_node() {
    let (listener, options) = target().await;
    let relay = relay(options).await;
    let mut node = Node::new(Browser::create(&relay, "node").await).await;
    let (session, mut stream) = connected(&mut node, &listener).await;
    stream.write_all(b"last words").await.unwrap();
    drop(stream);
    assert!(matches!(node.next().await, Output::Data { bytes, .. } if *bytes == *b"last words"));
    assert_eq!(node.next().await, Output::Closed { session, reason: CloseReason::Closed });
    drop(listener);
    let session = node.open();
    assert_eq!(node.next().await, Output::Opened { session });
    assert_eq!(node.next().await, Output::Closed { session, reason: CloseReason::Closed });
}

#[tokio::test]
async fn a_connection_is_lost_with_the_browser_whose_session_it_is() {
    let (listener, options) = target().await;
    let relay = relay(options).await;
    let teacher = Browser::create(&relay, "teacher").await;
    let code = teacher.code;
    let _teacher = Node::new(teacher).await;
    let mut node = Node::new(Browser::join(&relay, code, "node").await).await;
    let (_, mut stream) = connected(&mut node, &listener).await;
    drop(node);
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_gateway_is_there_while_a_room_has_a_node_of_its_network() {
    let (listener, options) = target().await;
    let relay = relay(options).await;
    let mut teacher = Browser::create(&relay, "teacher").await;
    let other = vec![NodeEntry { port: 3_000, network: "another".to_owned() }];
    teacher.tell(&ToRelay::Nodes(other)).await;
    let mut student = Browser::join(&relay, teacher.code, "student").await;
    assert!(matches!(teacher.hear().await, ToBrowser::Member { name, .. } if name == "student"));
    assert!(matches!(student.hear().await, ToBrowser::Member { name, .. } if name == "teacher"));
    student.tell(&ToRelay::Nodes(vec![NodeEntry { port: 3_001, network: REGTEST.to_owned() }])).await;
    let entry = NodeEntry { port: AT.port, network: REGTEST.to_owned() };
    let nodes = vec![entry];
    let gateway = ToBrowser::Member { address: AT.ip, teacher: false, name: String::new(), nodes };
    assert_eq!(student.hear().await, gateway);
    assert!(matches!(teacher.hear().await, ToBrowser::Member { name, .. } if name == "student"));
    assert_eq!(teacher.hear().await, gateway);
    let mut late = Browser::join(&relay, teacher.code, "late").await;
    let known = [late.hear().await, late.hear().await, late.hear().await];
    assert!(known.contains(&gateway), "{known:?}");
    let address = student.pass.address;
    drop(student);
    assert!(matches!(teacher.hear().await, ToBrowser::Member { name, .. } if name == "late"));
    assert_eq!(teacher.hear().await, ToBrowser::Gone(address));
    assert_eq!(teacher.hear().await, ToBrowser::Gone(AT.ip));
    drop(listener);
}

#[tokio::test]
async fn a_room_with_a_gateway_goes_by_the_relays_time() {
    let (_listener, options) = target().await;
    let relay = relay(options).await;
    let mut teacher = Browser::create(&relay, "teacher").await;
    teacher.hear_time(|_, stands, _| stands).await;
    let node = NodeEntry { port: 3_000, network: REGTEST.to_owned() };
    teacher.tell(&ToRelay::Nodes(vec![node])).await;
    teacher.hear_time(|room, stands, relay| !stands && room == relay).await;
    teacher.tell(&ToRelay::Nodes(Vec::new())).await;
    teacher.hear_time(|_, stands, _| stands).await;
}
