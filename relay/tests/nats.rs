//! Three relays that share rooms over Debian's `nats-server`, with browsers on each. Where that is not installed every
//! test here is reported as ignored.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test that asked for it")]

mod client;

use client::{Browser, Running, create, frame, relay, room_of};
use libtest_mimic::{Arguments, Trial};
use std::net::TcpListener;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;
use terrarium_link::room::{ClassWish, End, NodeEntry, Pass, Refusal, RoomCode, Secret, Settings, ToRelay};
use terrarium_relay::{Limits, Options};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// The test of a rule.
macro_rules! trials {
    ($($rule:ident,)*) => {
        vec![$(Trial::test(stringify!($rule), || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on($rule());
            Ok(())
        })),*]
    };
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let absent = Command::new("nats-server").arg("--version").stdout(Stdio::null()).status().is_err();
    if absent {
        println!("nats-server is not installed (apt-get install nats-server); every test is ignored");
    }
    let trials = trials![
        frames_go_from_each_browser_to_each_in_order_and_once_whichever_relay_it_is_on,
        who_is_there_and_what_the_teacher_decides_is_heard_on_every_relay,
        the_pace_of_a_class_is_the_same_on_every_relay,
        a_browser_moves_to_another_relay_with_its_address_and_two_tabs_are_told_apart,
        rooms_with_browsers_on_the_same_relays_know_nothing_of_each_other,
        codes_are_guessed_through_another_relay_no_more_often,
        a_server_that_goes_and_returns_parts_the_relays_for_that_time_alone,
        a_relay_that_ends_tells_the_browsers_of_its_rooms_on_every_relay,
    ];
    let trials = trials.into_iter().map(|trial| trial.with_ignored_flag(absent)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A server, ended with this value.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    async fn start(port: u16) -> Self {
        let mut command = Command::new("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &port.to_string()]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
        Self { process, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A server with three relays, with these limits on the second.
async fn three(limits: Limits) -> (Server, [Running; 3]) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::start(port).await;
    let options = Options {
        bind: [127, 0, 0, 1].into(),
        port: 0,
        nats: Some(format!("nats://127.0.0.1:{port}")),
        limits: quick(),
        ..Options::default()
    };
    let second = Options { limits, ..options.clone() };
    let relays = [relay(options.clone()).await, relay(second).await, relay(options).await];
    (server, relays)
}

fn quick() -> Limits {
    Limits {
        other_tab: Duration::from_millis(400),
        heartbeat: Duration::from_millis(200),
        // Some come before the relays have reached the server.
        tries: 10_000,
        ..Limits::default()
    }
}

/// Asks until the relays have reached the server.
async fn join(relay: &Running, code: RoomCode, name: &str) -> Browser {
    loop {
        match Browser::try_join_as(relay, code, name).await {
            Ok(browser) => return browser,
            Err(Refusal::NoRoom) => sleep(Duration::from_millis(50)).await,
            Err(other) => panic!("{other}"),
        }
    }
}

/// A browser on each relay and one more on the second, all in one room of the first.
async fn class(relays: &[Running; 3]) -> [Browser; 4] {
    let teacher = Browser::create(&relays[0], "teacher").await;
    let code = teacher.code;
    let b = join(&relays[1], code, "b").await;
    let c = join(&relays[2], code, "c").await;
    let d = join(&relays[1], code, "d").await;
    [teacher, b, c, d]
}

/// Has everybody heard of everybody, by frames between all.
async fn settle(browsers: &mut [Browser; 4]) {
    let addresses = browsers.each_ref().map(|browser| browser.pass.address);
    for (at, browser) in browsers.iter_mut().enumerate() {
        let mut wanted: Vec<[u8; 4]> = addresses.to_vec();
        wanted.remove(at);
        browser.hear_members(&wanted).await;
    }
}

async fn frames_go_from_each_browser_to_each_in_order_and_once_whichever_relay_it_is_on() {
    let (_server, relays) = three(quick()).await;
    let mut browsers = class(&relays).await;
    settle(&mut browsers).await;
    let addresses = browsers.each_ref().map(|browser| browser.pass.address);
    for number in 0..200 {
        for (at, browser) in browsers.iter_mut().enumerate() {
            for to in addresses.iter().filter(|to| **to != addresses[at]) {
                browser.post(frame(addresses[at], *to, number)).await;
            }
        }
    }
    for (at, browser) in browsers.iter_mut().enumerate() {
        let mut next = [0; 4];
        for _ in 0..600 {
            let heard = browser.hear_frame().await;
            let from = (0..4).find(|from| heard == frame(addresses[*from], addresses[at], next[*from]));
            next[from.expect("the next of some browser, and for this one")] += 1;
        }
        next[at] = 200;
        assert_eq!(next, [200; 4]);
    }
}

async fn who_is_there_and_what_the_teacher_decides_is_heard_on_every_relay() {
    let (_server, relays) = three(quick()).await;
    let [mut teacher, mut b, mut c, mut d] = class(&relays).await;
    let entry = NodeEntry { port: 3_001, network: "net".to_owned() };
    b.tell(&ToRelay::Nodes(vec![entry.clone()])).await;
    for other in [&mut teacher, &mut c, &mut d] {
        other.hear_nodes(b.pass.address, std::slice::from_ref(&entry)).await;
    }
    let wish = Settings { mining: true, khs: 5, ..Settings::default() };
    c.tell(&ToRelay::Set(Settings { khs: 32, ..wish })).await;
    teacher.tell(&ToRelay::Set(wish)).await;
    for other in [&mut b, &mut c, &mut d] {
        while other.hear_settings().await != wish {}
    }
    teacher.tell(&ToRelay::Share(vec![1, 2, 3])).await;
    assert_eq!(c.hear_chain().await, [1, 2, 3]);
    teacher.tell(&ToRelay::Remove(d.pass.address)).await;
    assert_eq!(d.end().await, Some(End::Removed));
    c.hear_gone(d.pass.address).await;
    let address = b.pass.address;
    drop(b);
    teacher.hear_gone(address).await;
    c.hear_gone(address).await;
    // The teacher's link works on any relay.
    let (code, pass, token) = (teacher.code, teacher.pass, teacher.token);
    drop(teacher);
    c.hear_gone(pass.address).await;
    let mut again = Browser::come_back(&relays[2], code, pass, token).await.unwrap();
    assert_eq!((again.pass, again.token), (pass, token));
    again.tell(&ToRelay::Share(vec![4])).await;
    assert_eq!(c.hear_chain().await, [4]);
}

async fn the_pace_of_a_class_is_the_same_on_every_relay() {
    let (_server, relays) = three(quick()).await;
    let mut teacher = Browser::greet(&relays[0], create(60, "teacher")).await.unwrap();
    let mut away = join(&relays[1], teacher.code, "away").await;
    let first = teacher.hear_beginning().await;
    assert_eq!(first.map(|beginning| beginning.block_time), Some(60));
    assert_eq!(away.hear_beginning().await, first);
    let stood = away.hear_time(|_, stands, _| stands).await;
    assert_eq!(away.hear_time(|room, _, relay| relay >= room + 300).await, stood);
    let on = u32::try_from(stood / 1_000).unwrap() + 60;
    teacher.tell(&ToRelay::Class(ClassWish::Advance(on))).await;
    assert_eq!(away.hear_time(|room, _, _| room != stood).await, u64::from(on) * 1_000);
    teacher.tell(&ToRelay::Set(Settings { mining: true, ..Settings::default() })).await;
    away.hear_time(|_, stands, _| !stands).await;
    teacher.tell(&ToRelay::Class(ClassWish::Reset(5))).await;
    let second = away.hear_beginning().await;
    assert_eq!(second.map(|beginning| (beginning.block_time, beginning.khs)), Some((5, 20)));
    assert_eq!(teacher.hear_beginning().await, second);
}

async fn a_browser_moves_to_another_relay_with_its_address_and_two_tabs_are_told_apart() {
    let (_server, relays) = three(quick()).await;
    let [mut teacher, mut b, _c, _d] = class(&relays).await;
    let (code, pass) = (b.code, b.pass);
    let second = tokio::join!(Browser::come_back(&relays[2], code, pass, None), b.answer_a_ping()).0;
    assert_eq!(second.map(drop), Err(Refusal::OtherTab));
    let mut second = Browser::come_back(&relays[2], code, pass, None).await.unwrap();
    assert_eq!(second.pass, pass);
    assert_eq!(b.end().await, Some(End::Replaced));
    second.post(frame(pass.address, teacher.pass.address, 1)).await;
    assert_eq!(teacher.hear_frame().await, frame(pass.address, teacher.pass.address, 1));
}

async fn rooms_with_browsers_on_the_same_relays_know_nothing_of_each_other() {
    let (_server, relays) = three(quick()).await;
    let mut ours = class(&relays).await;
    settle(&mut ours).await;
    let [_, mut stranger, _, _] = class(&relays).await;
    let [mut teacher, mut b, ..] = ours;
    for (from, to) in [(&teacher, &b), (&b, &teacher)] {
        stranger.post(frame(stranger.pass.address, to.pass.address, 1)).await;
        stranger.post(frame(from.pass.address, to.pass.address, 2)).await;
    }
    while !relays[1].get("/metrics").await.contains("{reason=\"foreign_address\"} 2") {
        sleep(Duration::from_millis(10)).await;
    }
    b.post(frame(b.pass.address, teacher.pass.address, 7)).await;
    assert_eq!(teacher.hear_frame().await, frame(b.pass.address, teacher.pass.address, 7));
    teacher.post(frame(teacher.pass.address, b.pass.address, 8)).await;
    assert_eq!(b.hear_frame().await, frame(teacher.pass.address, b.pass.address, 8));
}

async fn codes_are_guessed_through_another_relay_no_more_often() {
    let (_server, relays) = three(Limits { tries: 3, ..quick() }).await;
    let teacher = Browser::create(&relays[0], "teacher").await;
    let student = join(&relays[2], teacher.code, "student").await;
    let wrong = RoomCode::from_number(if room_of(teacher.code) == 1 { 2 } else { 1 });
    while Browser::try_join(&relays[1], wrong).await.map(drop) != Err(Refusal::TooManyTries) {}
    assert_eq!(Browser::try_join(&relays[1], teacher.code).await.map(drop), Err(Refusal::TooManyTries));
    let forged = Pass { proof: Secret([1; 16]), ..student.pass };
    let thief = Browser::come_back(&relays[1], teacher.code, forged, None).await;
    assert_eq!(thief.map(drop), Err(Refusal::TooManyTries));
    let (code, pass) = (teacher.code, student.pass);
    drop(student);
    assert_eq!(Browser::come_back(&relays[1], code, pass, None).await.unwrap().pass, pass);
}

async fn a_server_that_goes_and_returns_parts_the_relays_for_that_time_alone() {
    let (server, relays) = three(quick()).await;
    let mut browsers = class(&relays).await;
    settle(&mut browsers).await;
    let [mut teacher, mut b, mut c, mut d] = browsers;
    let nodes = vec![NodeEntry { port: 3_002, network: "net".to_owned() }];
    d.tell(&ToRelay::Nodes(nodes.clone())).await;
    c.hear_nodes(d.pass.address, &nodes).await;
    let port = server.port;
    drop(server);
    teacher.hear_leave(&[b.pass.address, c.pass.address, d.pass.address]).await;
    c.hear_leave(&[teacher.pass.address, b.pass.address, d.pass.address]).await;
    b.hear_leave(&[teacher.pass.address, c.pass.address]).await;
    // Those of one relay go on.
    b.post(frame(b.pass.address, d.pass.address, 1)).await;
    assert_eq!(d.hear_frame().await, frame(b.pass.address, d.pass.address, 1));
    d.post(frame(d.pass.address, b.pass.address, 2)).await;
    assert_eq!(b.hear_frame().await, frame(d.pass.address, b.pass.address, 2));
    let _server = Server::start(port).await;
    // All are there again, under their addresses and with their nodes.
    teacher.hear_nodes(d.pass.address, &nodes).await;
    teacher.hear_members(&[b.pass.address, c.pass.address]).await;
    c.hear_nodes(d.pass.address, &nodes).await;
    c.hear_members(&[teacher.pass.address]).await;
    c.post(frame(c.pass.address, teacher.pass.address, 3)).await;
    assert_eq!(teacher.hear_frame().await, frame(c.pass.address, teacher.pass.address, 3));
    c.post(frame(c.pass.address, d.pass.address, 4)).await;
    assert_eq!(d.hear_frame().await, frame(c.pass.address, d.pass.address, 4));
}

async fn a_relay_that_ends_tells_the_browsers_of_its_rooms_on_every_relay() {
    let (_server, relays) = three(quick()).await;
    let [mut teacher, mut b, mut c, _d] = class(&relays).await;
    let [home, second, _third] = relays;
    second.stop().await;
    assert_eq!(b.end().await, Some(End::Shutdown));
    teacher.hear_gone(b.pass.address).await;
    home.stop().await;
    assert_eq!(teacher.end().await, Some(End::Shutdown));
    assert_eq!(c.end().await, Some(End::Shutdown));
}
