//! Signals, by which browsers of a room introduce themselves to each other: the relay passes them on and stamps them.

use super::client::{Browser, frame, relay};
use terrarium_link::room::{MAX_SIGNAL, Signal, SignalBody, ToBrowser, ToRelay};
use terrarium_relay::Options;

fn quick() -> Options {
    Options { bind: [127, 0, 0, 1].into(), port: 0, ..Options::default() }
}

fn offer(attempt: u32) -> Vec<u8> {
    Signal { attempt, body: SignalBody::Offer("v=0".to_owned()) }.encode()
}

/// The next signal that a browser hears; who came and went is left out.
async fn hear_signal(browser: &mut Browser) -> ([u8; 4], Vec<u8>) {
    loop {
        if let ToBrowser::Signal { from, signal } = browser.hear().await {
            return (from, signal);
        }
    }
}

#[tokio::test]
async fn a_signal_reaches_its_browser_with_the_address_of_its_sender_and_no_other() {
    let relay = relay(quick()).await;
    let mut a = Browser::create(&relay, "a").await;
    let mut b = Browser::join(&relay, a.code, "b").await;
    let mut c = Browser::join(&relay, a.code, "c").await;
    b.tell(&ToRelay::Signal { to: a.pass.address, signal: offer(1) }).await;
    b.tell(&ToRelay::Signal { to: c.pass.address, signal: b"nothing that the relay reads".to_vec() }).await;
    assert_eq!(hear_signal(&mut a).await, (b.pass.address, offer(1)));
    let heard = hear_signal(&mut c).await;
    assert_eq!(heard, (b.pass.address, b"nothing that the relay reads".to_vec()), "and nothing before it");
    let metrics = relay.get("/metrics").await;
    assert!(metrics.contains("terrarium_relay_signals_total 2"), "{metrics}");
    assert!(metrics.contains("terrarium_relay_frames_total 0"), "{metrics}");
}

#[tokio::test]
async fn a_signal_stays_behind_the_frames_that_were_sent_before_it() {
    let relay = relay(quick()).await;
    let a = Browser::create(&relay, "a").await;
    let mut b = Browser::join(&relay, a.code, "b").await;
    let (mut a, to) = (a, b.pass.address);
    for number in 0..50 {
        a.post(frame(a.pass.address, to, number)).await;
        a.tell(&ToRelay::Signal { to, signal: number.to_le_bytes().to_vec() }).await;
    }
    for number in 0..50_u64 {
        assert_eq!(b.hear_frame().await, frame(a.pass.address, to, number));
        assert_eq!(hear_signal(&mut b).await, (a.pass.address, number.to_le_bytes().to_vec()));
    }
}

#[tokio::test]
async fn a_signal_to_nobody_to_oneself_or_into_another_room_is_dropped_and_counted() {
    let relay = relay(quick()).await;
    let mut a = Browser::create(&relay, "a").await;
    let foreign = Browser::create(&relay, "foreign").await;
    let [net, high, ..] = a.pass.address;
    for to in [[net, high, 0, 99], a.pass.address, foreign.pass.address, [8, 8, 8, 8]] {
        a.tell(&ToRelay::Signal { to, signal: offer(1) }).await;
    }
    let mut b = Browser::join(&relay, a.code, "b").await;
    a.tell(&ToRelay::Signal { to: b.pass.address, signal: offer(2) }).await;
    assert_eq!(hear_signal(&mut b).await, (a.pass.address, offer(2)));
    let metrics = relay.get("/metrics").await;
    assert!(metrics.contains("{reason=\"nobody\"} 4"), "{metrics}");
    assert!(metrics.contains("terrarium_relay_signals_total 1"), "{metrics}");
}

#[tokio::test]
async fn a_signal_that_is_too_long_is_no_message() {
    let relay = relay(quick()).await;
    let mut a = Browser::create(&relay, "a").await;
    let mut b = Browser::join(&relay, a.code, "b").await;
    a.tell(&ToRelay::Signal { to: b.pass.address, signal: vec![0; MAX_SIGNAL + 1] }).await;
    a.tell(&ToRelay::Signal { to: b.pass.address, signal: vec![0; MAX_SIGNAL] }).await;
    assert_eq!(hear_signal(&mut b).await.1.len(), MAX_SIGNAL);
    let metrics = relay.get("/metrics").await;
    assert!(metrics.contains("{reason=\"malformed\"} 1"), "{metrics}");
}

#[tokio::test]
async fn pages_are_told_of_the_servers_that_the_relay_was_given_and_of_none_otherwise() {
    let stun = vec!["stun:127.0.0.1:3478".parse().unwrap()];
    let told = relay(Options { stun, ..quick() }).await;
    let mut a = Browser::create(&told, "a").await;
    assert_eq!(a.hear().await, ToBrowser::Stun(vec!["stun:127.0.0.1:3478".to_owned()]));
    let silent = relay(quick()).await;
    let mut a = Browser::create(&silent, "a").await;
    let b = Browser::join(&silent, a.code, "b").await;
    assert!(matches!(a.hear().await, ToBrowser::Member { address, .. } if address == b.pass.address));
}
