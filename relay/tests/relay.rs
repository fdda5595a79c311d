//! A relay on loopback, with browsers that are WebSockets of this test.

mod class;
mod client;
mod pace;
mod restart;
mod signals;
mod tls;

use client::{Browser, frame, relay, room_of};
use std::time::Duration;
use terrarium_link::room::{
    End, NodeEntry, Pass, Refusal, RoomCode, Secret, Settings, ToBrowser, ToRelay, wrap_frame,
};
use terrarium_relay::{Limits, Options};

pub(crate) fn quick() -> Options {
    let limits = Limits { other_tab: Duration::from_millis(200), ..Limits::default() };
    Options { bind: [127, 0, 0, 1].into(), port: 0, limits, ..Options::default() }
}

#[tokio::test]
async fn who_makes_a_room_is_its_teacher_and_others_join_by_its_code() {
    let relay = relay(quick()).await;
    let mut teacher = Browser::create(&relay, "老师").await;
    assert!(teacher.token.is_some());
    let mut student = Browser::join(&relay, teacher.code, "王小明\u{202e}").await;
    assert_eq!(student.token, None);
    assert_ne!(teacher.pass.address, student.pass.address);
    assert_eq!(teacher.pass.address[..2], student.pass.address[..2]);
    assert_eq!(teacher.pass.address[0], 10);
    let ToBrowser::Member { address, teacher: is_teacher, name, nodes } = teacher.hear().await else {
        panic!()
    };
    assert_eq!((address, is_teacher, name.as_str()), (student.pass.address, false, "王小明"));
    assert_eq!(nodes, []);
    let ToBrowser::Member { teacher: is_teacher, .. } = student.hear().await else { panic!() };
    assert!(is_teacher);
    let entry = NodeEntry { port: 3001, network: "net".to_owned() };
    student.tell(&ToRelay::Nodes(vec![entry.clone()])).await;
    assert!(matches!(teacher.hear().await, ToBrowser::Member { nodes, .. } if nodes == [entry]));
    drop(student);
    assert_eq!(teacher.hear().await, ToBrowser::Gone(address));
}

#[tokio::test]
async fn frames_reach_the_browser_that_they_are_for_in_order_and_no_other() {
    let relay = relay(quick()).await;
    let mut a = Browser::create(&relay, "a").await;
    let mut b = Browser::join(&relay, a.code, "b").await;
    let mut c = Browser::join(&relay, a.code, "c").await;
    let foreign = Browser::create(&relay, "d").await;
    for number in 0..100 {
        a.post(frame(a.pass.address, b.pass.address, number)).await;
    }
    a.post(frame(a.pass.address, c.pass.address, 100)).await;
    a.post(frame(a.pass.address, foreign.pass.address, 101)).await;
    for number in 0..100 {
        assert_eq!(b.hear_frame().await, frame(a.pass.address, b.pass.address, number));
    }
    assert_eq!(c.hear_frame().await, frame(a.pass.address, c.pass.address, 100));
    let metrics = relay.get("/metrics").await;
    assert!(metrics.contains("terrarium_relay_frames_total 101"), "{metrics}");
    assert!(metrics.contains("{reason=\"nobody\"} 1"), "{metrics}");
}

#[tokio::test]
async fn rooms_know_nothing_of_each_other() {
    let relay = relay(quick()).await;
    let mut one = Browser::create(&relay, "one").await;
    let two = Browser::create(&relay, "two").await;
    assert_ne!(one.code, two.code);
    let mut guest = Browser::join(&relay, two.code, "guest").await;
    // Even an address of the other room's network leads nowhere.
    let mut neighbour = one.pass.address;
    neighbour[3] += 1;
    guest.post(frame(guest.pass.address, one.pass.address, 1)).await;
    guest.post(frame(guest.pass.address, neighbour, 2)).await;
    guest.tell(&ToRelay::Nodes(Vec::new())).await;
    let mut late = Browser::join(&relay, one.code, "late").await;
    assert!(matches!(one.hear().await, ToBrowser::Member { name, .. } if name == "late"));
    assert!(matches!(late.hear().await, ToBrowser::Member { name, .. } if name == "one"));
    late.post(frame(late.pass.address, one.pass.address, 3)).await;
    assert_eq!(
        one.hear_frame().await,
        frame(late.pass.address, one.pass.address, 3),
        "and nothing before it"
    );
}

#[tokio::test]
async fn a_frame_from_an_address_that_is_not_the_senders_is_refused() {
    let relay = relay(quick()).await;
    let a = Browser::create(&relay, "a").await;
    let mut b = Browser::join(&relay, a.code, "b").await;
    let mut c = Browser::join(&relay, a.code, "c").await;
    b.post(frame(a.pass.address, c.pass.address, 1)).await;
    b.post(frame(b.pass.address, c.pass.address, 2)).await;
    assert_eq!(c.hear_frame().await, frame(b.pass.address, c.pass.address, 2));
    assert!(relay.get("/metrics").await.contains("{reason=\"foreign_address\"} 1"));
}

#[tokio::test]
async fn a_browser_that_comes_back_has_its_address_again_and_none_has_anothers() {
    let relay = relay(quick()).await;
    let teacher = Browser::create(&relay, "teacher").await;
    let student = Browser::join(&relay, teacher.code, "student").await;
    let pass = student.pass;
    drop(student);
    let other = Browser::join(&relay, teacher.code, "other").await;
    assert_ne!(other.pass.address, pass.address);
    let back = Browser::come_back(&relay, teacher.code, pass, None).await.unwrap();
    assert_eq!(back.pass, pass);
    let forged = Pass { proof: Secret([1; 16]), ..pass };
    let thief = Browser::come_back(&relay, teacher.code, forged, None).await.unwrap();
    assert_ne!(thief.pass.address, pass.address);
}

#[tokio::test]
async fn a_second_tab_is_refused_while_the_first_answers_and_takes_its_place_when_it_does_not() {
    let relay = relay(quick()).await;
    let teacher = Browser::create(&relay, "teacher").await;
    let mut first = Browser::join(&relay, teacher.code, "first").await;
    let (pass, code) = (first.pass, teacher.code);
    let second = tokio::join!(Browser::come_back(&relay, code, pass, None), first.answer_a_ping()).0;
    assert_eq!(second.map(drop), Err(Refusal::OtherTab));
    // A socket that nobody reads answers no ping.
    let second = Browser::come_back(&relay, code, pass, None).await.unwrap();
    assert_eq!(second.pass, pass);
    assert_eq!(first.end().await, Some(End::Replaced));
}

#[tokio::test]
async fn codes_can_be_guessed_only_so_often() {
    let limits = Limits { tries: 3, ..Limits::default() };
    let relay = relay(Options { limits, ..quick() }).await;
    let teacher = Browser::create(&relay, "teacher").await;
    let wrong = RoomCode::from_number(if room_of(teacher.code) == 1 { 2 } else { 1 });
    for _ in 0..3 {
        assert_eq!(Browser::try_join(&relay, wrong).await.map(drop), Err(Refusal::NoRoom));
    }
    assert_eq!(Browser::try_join(&relay, wrong).await.map(drop), Err(Refusal::TooManyTries));
    assert_eq!(Browser::try_join(&relay, teacher.code).await.map(drop), Err(Refusal::TooManyTries));
    // Others behind the same address who have been there are not shut out.
    let (code, pass) = (teacher.code, teacher.pass);
    drop(teacher);
    assert_eq!(Browser::come_back(&relay, code, pass, None).await.unwrap().pass, pass);
}

#[tokio::test]
async fn rooms_and_browsers_are_bounded() {
    let relay = relay(Options { max_rooms: 1, max_peers: 2, ..quick() }).await;
    let teacher = Browser::create(&relay, "teacher").await;
    assert_eq!(Browser::try_create(&relay).await.map(drop), Err(Refusal::RelayFull));
    let _student = Browser::join(&relay, teacher.code, "student").await;
    assert_eq!(Browser::try_join(&relay, teacher.code).await.map(drop), Err(Refusal::RoomFull));
}

#[tokio::test]
async fn only_the_teacher_shares_a_chain_and_everybody_gets_it() {
    let relay = relay(quick()).await;
    let mut teacher = Browser::create(&relay, "teacher").await;
    let mut student = Browser::join(&relay, teacher.code, "student").await;
    student.tell(&ToRelay::Share(vec![6, 6, 6])).await;
    teacher.tell(&ToRelay::Share(vec![1, 2, 3])).await;
    assert_eq!(student.hear_chain().await, [1, 2, 3]);
    assert_eq!(teacher.hear_chain().await, [1, 2, 3]);
    let mut late = Browser::join(&relay, teacher.code, "late").await;
    assert_eq!(late.hear_chain().await, [1, 2, 3]);
}

#[tokio::test]
async fn only_the_teacher_decides_for_all_and_who_comes_later_hears_of_it() {
    let relay = relay(quick()).await;
    let mut teacher = Browser::create(&relay, "teacher").await;
    let mut student = Browser::join(&relay, teacher.code, "student").await;
    assert_eq!(student.hear_settings().await, Settings::default());
    let wish = Settings { mining: true, khs: 5, locked: false };
    student.tell(&ToRelay::Set(Settings { khs: 32, ..wish })).await;
    student.tell(&ToRelay::Remove(teacher.pass.address)).await;
    teacher.tell(&ToRelay::Set(wish)).await;
    assert_eq!(student.hear_settings().await, wish, "and nothing else before it");
    let mut late = Browser::join(&relay, teacher.code, "late").await;
    assert_eq!(late.hear_settings().await, wish);
    teacher.tell(&ToRelay::Remove(late.pass.address)).await;
    assert_eq!(late.end().await, Some(End::Removed));
    let again = Browser::come_back(&relay, teacher.code, late.pass, None).await.unwrap();
    assert_ne!(again.pass.address, late.pass.address, "its pass holds no more");
    assert!(relay.get("/metrics").await.contains("{reason=\"not_the_teacher\"} 2"));
}

#[tokio::test]
async fn a_locked_room_lets_in_its_teacher_and_who_has_been_there_alone() {
    let relay = relay(quick()).await;
    let mut teacher = Browser::create(&relay, "teacher").await;
    let mut student = Browser::join(&relay, teacher.code, "student").await;
    student.hear_settings().await;
    teacher.tell(&ToRelay::Set(Settings { locked: true, ..Settings::default() })).await;
    assert!(student.hear_settings().await.locked);
    assert_eq!(Browser::try_join(&relay, teacher.code).await.map(drop), Err(Refusal::Locked));
    let pass = student.pass;
    drop(student);
    assert_eq!(Browser::come_back(&relay, teacher.code, pass, None).await.unwrap().pass, pass);
}

#[tokio::test]
async fn what_is_no_message_is_counted_and_ends_a_connection_when_it_goes_on() {
    let limits = Limits { malformed: 5, ..Limits::default() };
    let relay = relay(Options { limits, ..quick() }).await;
    let teacher = Browser::create(&relay, "teacher").await;
    let mut fool = Browser::join(&relay, teacher.code, "fool").await;
    let join = ToRelay::Nodes(Vec::new()).encode();
    for nonsense in [&[0][..], &[0, 1, 2, 3], &[9], &[], &join[..1]] {
        fool.post(nonsense.to_vec()).await;
    }
    assert_eq!(fool.end().await, Some(End::Malformed));
    assert!(relay.get("/metrics").await.contains("{reason=\"malformed\"} 5"));
    assert_eq!(relay.get("/health").await, "ok\n");
}

#[tokio::test]
async fn the_first_message_must_be_a_greeting_of_our_version() {
    let relay = relay(quick()).await;
    let nodes = ToRelay::Nodes(Vec::new()).encode();
    assert_eq!(Browser::greet(&relay, nodes).await.map(drop), Err(Refusal::Malformed));
    let create =
        ToRelay::Create { version: 99, page: 1, by_hand: false, block_time: 20, name: String::new() };
    assert_eq!(Browser::greet(&relay, create.encode()).await.map(drop), Err(Refusal::Version));
    let long = wrap_frame(&[0; 5_000]);
    assert_eq!(Browser::greet(&relay, long).await.map(drop), Err(Refusal::Malformed));
}

#[tokio::test]
async fn a_message_longer_than_any_frame_closes_the_connection() {
    let relay = relay(quick()).await;
    let mut teacher = Browser::create(&relay, "teacher").await;
    teacher.post(vec![0; terrarium_link::MAX_FRAME_LEN + 2]).await;
    assert_eq!(teacher.end().await, None, "it is closed without more words");
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_and_one_that_is_allowed_is_not() {
    let relay = relay(Options { origins: vec!["https://school.example".to_owned()], ..quick() }).await;
    assert_eq!(relay.origin("https://evil.example").await, 403);
    assert_eq!(relay.origin("null").await, 403);
    assert_eq!(relay.origin("https://school.example").await, 101);
    assert_eq!(relay.origin(&relay.own_origin()).await, 101);
}

#[tokio::test]
async fn a_slow_reader_loses_its_place_and_others_do_not_notice() {
    let limits = Limits { queue_bytes: 64 * 1024, slow: Duration::from_millis(500), ..Limits::default() };
    let relay = relay(Options { limits, ..quick() }).await;
    let mut sender = Browser::create(&relay, "sender").await;
    let slow = Browser::join(&relay, sender.code, "slow").await;
    let mut quick = Browser::join(&relay, sender.code, "quick").await;
    let large = frame(sender.pass.address, slow.pass.address, 0);
    let large = [large, vec![7; 60_000]].concat();
    let gone = async {
        // Nobody reads `slow`: its kernel buffers fill, then its queue, then its time is up.
        for number in 0_u64.. {
            sender.post(large.clone()).await;
            sender.post(frame(sender.pass.address, quick.pass.address, number)).await;
            assert_eq!(quick.hear_frame().await, frame(sender.pass.address, quick.pass.address, number));
            if quick.is_gone(slow.pass.address) {
                break;
            }
        }
    };
    gone.await;
    assert!(!relay.get("/metrics").await.contains("{reason=\"queue_full\"} 0"), "its queue was bounded");
    drop(slow);
}

#[tokio::test]
async fn a_flood_is_slowed_down_and_others_are_served() {
    let limits = Limits { messages_per_second: 1_000, ..Limits::default() };
    let relay = relay(Options { limits, ..quick() }).await;
    let mut flooder = Browser::create(&relay, "flooder").await;
    let mut a = Browser::join(&relay, flooder.code, "a").await;
    let mut b = Browser::join(&relay, flooder.code, "b").await;
    let flood = frame(flooder.pass.address, [10, 0, 0, 9], 0);
    let flooding = async {
        loop {
            flooder.post(flood.clone()).await;
        }
    };
    let talking = async {
        for number in 0..200 {
            a.post(frame(a.pass.address, b.pass.address, number)).await;
            assert_eq!(b.hear_frame().await, frame(a.pass.address, b.pass.address, number));
        }
    };
    tokio::select! {
        () = flooding => {}
        () = talking => {}
    }
}

#[tokio::test]
async fn a_browser_that_says_nothing_is_let_go() {
    let limits = Limits {
        ping: Duration::from_millis(50),
        silence: Duration::from_millis(200),
        hello: Duration::from_millis(200),
        ..Limits::default()
    };
    let relay = relay(Options { limits, ..quick() }).await;
    let silent = relay.connect().await;
    assert_eq!(client::end_of(silent).await, None, "it never greeted");
    let mut teacher = Browser::create(&relay, "teacher").await;
    let student = Browser::join(&relay, teacher.code, "student").await;
    // The teacher's socket is read, and so answers pings; the student's is not.
    teacher.hear_gone(student.pass.address).await;
}

#[tokio::test]
async fn a_connection_that_becomes_no_websocket_ends_and_a_websocket_stays() {
    let (conversation, head) = (Duration::from_millis(200), Duration::from_secs(3_600));
    let limits = Limits { conversation, head, ..Limits::default() };
    let relay = relay(Options { limits, ..quick() }).await;
    let mut a = Browser::create(&relay, "a").await;
    let mut b = Browser::join(&relay, a.code, "b").await;
    relay.wait_until_closed().await;
    a.post(frame(a.pass.address, b.pass.address, 1)).await;
    assert_eq!(b.hear_frame().await, frame(a.pass.address, b.pass.address, 1));
}

#[tokio::test]
async fn a_restart_keeps_codes_tokens_chains_and_addresses_and_every_browser_is_told() {
    let folder = client::Folder::new("state");
    let options = Options { state: Some(folder.file("rooms.json")), ..quick() };
    let first = relay(options.clone()).await;
    let mut teacher = Browser::create(&first, "teacher").await;
    let mut student = Browser::join(&first, teacher.code, "student").await;
    teacher.tell(&ToRelay::Share(vec![4, 5])).await;
    assert_eq!(student.hear_chain().await, [4, 5]);
    first.stop().await;
    assert_eq!(student.end().await, Some(End::Shutdown));
    assert_eq!(teacher.end().await, Some(End::Shutdown));
    let second = relay(options).await;
    let mut back = Browser::come_back(&second, teacher.code, student.pass, None).await.unwrap();
    assert_eq!(back.pass, student.pass);
    assert_eq!(back.hear_chain().await, [4, 5]);
    let fresh = Browser::join(&second, teacher.code, "fresh").await;
    assert!(fresh.pass.address[3] > student.pass.address[3], "no address is given away twice");
    let mut again = Browser::come_back(&second, teacher.code, teacher.pass, teacher.token).await.unwrap();
    again.tell(&ToRelay::Share(vec![6])).await;
    assert_eq!(back.hear_chain().await, [6], "the token is still the teacher's");
}

#[tokio::test]
async fn the_page_is_served_with_its_policy_packed_and_kept_as_long_as_it_may() {
    let relay = relay(Options { base_path: "/terrarium".to_owned(), ..quick() }).await;
    let page = relay.fetch("/", &[("accept-encoding", "gzip")]).await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(
        page.contains("content-security-policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"),
        "{page}"
    );
    assert!(page.contains("cache-control: no-cache") && page.contains("content-encoding: gzip"), "{page}");
    let etag = page.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().trim();
    assert!(relay.fetch("/", &[("if-none-match", etag)]).await.starts_with("HTTP/1.1 304"));
    let hashed = relay.fetch("/app-0123456789abcdef.js", &[]).await;
    assert!(hashed.contains("max-age=31536000, immutable") && hashed.contains("text/javascript"), "{hashed}");
    assert!(relay.fetch("/../Cargo.toml", &[]).await.starts_with("HTTP/1.1 404"));
    let qr = relay.fetch("/qr.svg?text=http://10.0.0.1/", &[]).await;
    assert!(qr.contains("image/svg+xml") && qr.contains("<svg"), "{qr}");
    assert!(relay.fetch("/qr.svg", &[]).await.starts_with("HTTP/1.1 400"));
}
