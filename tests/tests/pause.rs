//! A class whose mining is paused: its room's time stands still, and with it the schedule of the difficulty.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test that asked for it")]

use serde_json::Value;
use std::time::Duration;
use terrarium_core::consensus::{ClassParams, Preset};
use terrarium_core::interface::{Command, Reply, StartOptions};
use terrarium_core::primitives::BlockHash;
use terrarium_core::time::UnixTime;
use terrarium_link::room::{ClassWish, RoomCode, Settings, ToRelay};
use terrarium_relay::{Limits, Options, Relay, Site};
use terrarium_tests::member::{Member, Place};
use tokio::sync::oneshot;

/// Seconds between blocks, so that six of them are soon over.
const BLOCK_TIME: u16 = 1;
/// What each is to mine at, and how many are there when the class begins anew.
const KHS: u16 = 32;
const THERE: u16 = 3;

/// A relay that tells the time often, until the sender is dropped; its host.
async fn relay() -> (String, oneshot::Sender<()>) {
    let limits = Limits { ping: Duration::from_millis(50), ..Limits::default() };
    let options = Options { bind: [127, 0, 0, 1].into(), port: 0, limits, ..Options::default() };
    let site = Site::of([("index.html".to_owned(), Vec::<u8>::new().into())]);
    let relay = Relay::bind(options, site).await.unwrap();
    let host = relay.address().to_string();
    let (end, ended) = oneshot::channel();
    tokio::spawn(relay.serve(async move { drop(ended.await) }));
    (host, end)
}

async fn join(relay: &str, code: Option<RoomCode>, port: u16) -> Member {
    let place = Place { relay: relay.to_owned(), code, port, network: Preset::Classroom };
    let member = Member::join(place).await;
    member.execute(Command::StartNode(StartOptions::default())).await.unwrap();
    member
}

/// Mines a block by hand; its target in compact form, and its time.
async fn mine(member: &Member) -> (String, u64) {
    let Reply::Generated(blocks) =
        member.execute(Command::Generate { blocks: 1, address: None }).await.unwrap()
    else {
        panic!("no block")
    };
    header(member, blocks[0]).await
}

async fn header(member: &Member, hash: BlockHash) -> (String, u64) {
    let Reply::Json(text) = member.execute(Command::GetBlockHeader { hash, verbose: true }).await.unwrap()
    else {
        panic!("no header")
    };
    let header: Value = serde_json::from_str(&text).unwrap();
    (header["bits"].as_str().unwrap().to_owned(), header["time"].as_u64().unwrap())
}

#[tokio::test]
async fn after_a_pause_a_class_goes_on_at_the_difficulty_and_the_time_that_it_had() {
    let (relay, _end) = relay().await;
    let old = join(&relay, None, 3_000).await;
    let code = Some(old.code());
    let others = [join(&relay, code, 3_001).await, join(&relay, code, 3_002).await];
    old.wait(|standing| standing.others == usize::from(THERE) - 1).await;
    let settings = Settings { khs: KHS, ..Settings::default() };
    old.tell(ToRelay::Set(settings));
    old.tell(ToRelay::Class(ClassWish::Reset(BLOCK_TIME)));
    // Who joins now is of the new epoch: the first ones stay on their chain.
    let (student, other) = (join(&relay, code, 3_003).await, join(&relay, code, 3_004).await);
    student.wait(|standing| standing.others == 4).await;

    let (bits, began) = mine(&student).await;
    let class = ClassParams {
        spacing: BLOCK_TIME.into(),
        khs: u32::from(KHS * THERE),
        time: UnixTime(u32::try_from(began).unwrap()),
    };
    let first = class.consensus().first_target.unwrap();
    assert_eq!(bits, format!("{:08x}", first.0), "the hash power of those who were there");
    other.wait(|standing| standing.height == 1).await;
    assert_eq!(mine(&other).await.0, bits);
    student.wait(|standing| standing.height == 2).await;
    // As long as the easiest target would be allowed after, and longer.
    student.wait(|standing| standing.relay_ms > 1_000 * (began + 8 * u64::from(BLOCK_TIME))).await;
    let (later, time) = mine(&student).await;
    assert_eq!(later, bits);
    assert!(time <= began + 3, "it is dated by the room's time, which stands still: {time}, {began}");
    other.wait(|standing| standing.height == 3).await;

    old.tell(ToRelay::Set(Settings { mining: true, ..settings }));
    let (resumed, _) = mine(&other).await;
    assert_eq!(resumed, bits, "nor is there a gap once it mines again");
    student.wait(|standing| standing.height == 4).await;
    for member in others.iter().chain([&old]) {
        assert_eq!(member.standing().height, 0, "nodes of another epoch never connect");
    }
}
