//! What a relay does with connections and greetings that mean it no good: others do not notice.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test that asked for it")]

mod client;

use client::{Browser, Running, frame, relay};
use std::time::Duration;
use terrarium_link::room::{ROOM_VERSION, Refusal, ToRelay};
use terrarium_relay::{Limits, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

fn options(limits: Limits) -> Options {
    Options { bind: [127, 0, 0, 1].into(), port: 0, limits, ..Options::default() }
}

/// A request that stops in its midst; until the relay lets it go.
async fn half_open(host: String) {
    let mut stream = TcpStream::connect(host).await.unwrap();
    // One that has been let go already takes nothing.
    let _ = stream.write_all(b"GET /ws HTTP/1.1\r\nhost: x\r\nupgr").await;
    let _ = stream.read(&mut [0; 16]).await;
}

async fn talk(a: &mut Browser, b: &mut Browser, number: u64) {
    a.post(frame(a.pass.address, b.pass.address, number)).await;
    assert_eq!(b.hear_frame().await, frame(a.pass.address, b.pass.address, number));
}

async fn pair(relay: &Running) -> (Browser, Browser) {
    let a = Browser::create(relay, "a").await;
    let b = Browser::join(relay, a.code, "b").await;
    (a, b)
}

#[tokio::test]
async fn thousands_of_half_open_connections_are_let_go_and_others_are_served() {
    let limits = Limits { connections: 100, head: Duration::from_millis(100), ..Limits::default() };
    let relay = relay(options(limits)).await;
    let (mut a, mut b) = pair(&relay).await;
    let mut half = JoinSet::new();
    let mut number = 0;
    for begun in 0..2_000 {
        // As many as a machine lets a program have.
        if begun >= 300 {
            half.join_next().await.unwrap().unwrap();
            talk(&mut a, &mut b, number).await;
            number += 1;
        }
        half.spawn(half_open(relay.host().to_owned()));
    }
    let mut late = Browser::join(&relay, a.code, "late").await;
    talk(&mut a, &mut late, number).await;
    while let Some(ended) = half.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test]
async fn a_name_that_is_too_long_is_refused_however_long_it_is() {
    let relay = relay(options(Limits::default())).await;
    let (mut a, mut b) = pair(&relay).await;
    let named = |name: String| ToRelay::Create {
        version: ROOM_VERSION,
        page: 1,
        by_hand: false,
        block_time: 20,
        name,
    };
    let refused = Browser::greet(&relay, named("x".repeat(201)).encode()).await;
    assert_eq!(refused.map(drop), Err(Refusal::Malformed));
    let mut socket = relay.connect().await;
    let huge = [named(String::new()).encode(), vec![b'x'; 10_000_000]].concat();
    // The relay may have closed before all of it was taken.
    let _ = futures_util::SinkExt::send(&mut socket, huge.into()).await;
    assert_eq!(client::end_of(socket).await, None);
    let markup = Browser::join(&relay, a.code, "<img src=x onerror=alert(1)>\u{0}\u{1b}[2J").await;
    drop(markup);
    talk(&mut a, &mut b, 1).await;
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_midst_of_a_frame_is_gone_for_the_others_and_nothing_else() {
    let relay = relay(options(Limits::default())).await;
    let (mut a, mut b) = pair(&relay).await;
    let broken = Browser::join(&relay, a.code, "broken").await;
    let (address, pass, code) = (broken.pass.address, broken.pass, a.code);
    broken.break_off(&[0x82, 0xfe, 0x10, 0x00, 1, 2, 3, 4, 5]).await;
    a.hear_gone(address).await;
    talk(&mut a, &mut b, 1).await;
    assert_eq!(Browser::come_back(&relay, code, pass, None).await.unwrap().pass, pass);
}
