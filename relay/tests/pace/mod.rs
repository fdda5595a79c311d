//! The pace of a class: its block time, and its own time, which stands still while it does not mine.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test that asked for it")]

use crate::client::{Browser, Folder, create, relay};
use crate::quick;
use std::time::Duration;
use terrarium_link::room::{ClassWish, ROOM_VERSION, Settings, ToRelay};
use terrarium_relay::{Limits, Options};

const MINING: Settings = Settings { mining: true, khs: 10, locked: false };
const PAUSED: Settings = Settings { mining: false, ..MINING };

/// A relay that tells the time often.
fn ticking() -> Options {
    let limits = Limits { ping: Duration::from_millis(20), ..quick().limits };
    Options { limits, ..quick() }
}

#[tokio::test]
async fn a_class_begins_at_the_block_time_that_was_chosen_and_at_the_hash_power_of_who_is_there() {
    let relay = relay(quick()).await;
    let mut teacher = Browser::greet(&relay, create(60, "teacher")).await.unwrap();
    let first = teacher.hear_beginning().await.unwrap();
    assert_eq!((first.block_time, first.khs), (60, 10), "its maker alone is there");
    assert_eq!(u64::from(first.unix), teacher.unix_ms / 1_000);
    let mut student = Browser::join(&relay, teacher.code, "student").await;
    assert_eq!(student.hear_beginning().await, Some(first), "the same to who comes later");
    let mut third = Browser::join(&relay, teacher.code, "third").await;
    third.hear_beginning().await;
    teacher.tell(&ToRelay::Set(Settings { khs: 32, ..PAUSED })).await;
    teacher.tell(&ToRelay::Class(ClassWish::Reset(5))).await;
    let second = student.hear_beginning().await.unwrap();
    assert_eq!((second.block_time, second.khs), (5, 96));
    assert_eq!(third.hear_beginning().await, Some(second));
    let mut late = Browser::join(&relay, teacher.code, "late").await;
    assert_eq!(late.hear_beginning().await, Some(second));
}

#[tokio::test]
async fn a_chain_that_is_made_by_hand_begins_with_nothing_chosen_and_its_time_goes_on() {
    let relay = relay(ticking()).await;
    let version = ROOM_VERSION;
    let by_hand = ToRelay::Create { version, page: 1, by_hand: true, block_time: 20, name: String::new() };
    let mut teacher = Browser::greet(&relay, by_hand.encode()).await.unwrap();
    let before = teacher.hear_time(|room_ms, stands, relay_ms| !stands && room_ms == relay_ms).await;
    teacher.hear_time(|room_ms, stands, _| !stands && room_ms > before).await;
    teacher.tell(&ToRelay::Class(ClassWish::Reset(20))).await;
    assert_eq!(teacher.hear_beginning().await, None);
}

#[tokio::test]
async fn a_rooms_time_stands_still_until_mining_starts_and_from_when_it_is_paused() {
    let relay = relay(ticking()).await;
    let mut teacher = Browser::create(&relay, "teacher").await;
    let began = teacher.hear_time(|_, stands, _| stands).await;
    let behind = |least: u64| move |room: u64, stands: bool, relay: u64| stands && relay >= room + least;
    assert_eq!(teacher.hear_time(behind(60)).await, began, "the relay's clock went on");
    teacher.tell(&ToRelay::Set(MINING)).await;
    let runs = teacher.hear_time(|_, stands, _| !stands).await;
    assert!(runs >= began);
    let later =
        teacher.hear_time(move |room, stands, relay| !stands && room > began && relay >= room + 60).await;
    teacher.tell(&ToRelay::Set(PAUSED)).await;
    let stands = teacher.hear_time(|_, stands, _| stands).await;
    assert!(stands >= later);
    let mut student = Browser::join(&relay, teacher.code, "student").await;
    student.hear_beginning().await;
    assert_eq!((student.unix_ms, student.hear_time(behind(120)).await), (stands, stands));
    teacher.tell(&ToRelay::Class(ClassWish::Reset(20))).await;
    let beginning = student.hear_beginning().await.unwrap();
    assert_eq!(u64::from(beginning.unix), stands / 1_000, "the new chain begins where the time stands");
}

#[tokio::test]
async fn the_teacher_moves_the_time_of_a_room_on_only_while_it_stands_still() {
    let relay = relay(ticking()).await;
    let mut teacher = Browser::create(&relay, "teacher").await;
    let mut student = Browser::join(&relay, teacher.code, "student").await;
    let began = teacher.hear_time(|_, stands, _| stands).await;
    let seconds = |ms: u64| u32::try_from(ms / 1_000).unwrap();
    let (on, back) = (seconds(began) + 40, seconds(began) + 20);
    student.tell(&ToRelay::Class(ClassWish::Advance(u32::MAX))).await;
    teacher.tell(&ToRelay::Class(ClassWish::Advance(on))).await;
    let moved = u64::from(on) * 1_000;
    assert_eq!(student.hear_time(|room, _, _| room != began).await, moved);
    teacher.tell(&ToRelay::Class(ClassWish::Advance(back))).await;
    teacher.tell(&ToRelay::Set(MINING)).await;
    let runs = student.hear_time(|_, stands, _| !stands).await;
    assert!(runs >= moved, "it never goes back, and goes on from there");
    teacher.tell(&ToRelay::Class(ClassWish::Advance(u32::MAX))).await;
    teacher.tell(&ToRelay::Set(PAUSED)).await;
    assert!(student.hear_time(|_, stands, _| stands).await < u64::from(u32::MAX) * 1_000);
}

#[tokio::test]
async fn the_block_time_and_the_rooms_time_survive_a_restart() {
    let folder = Folder::new("pace");
    let options = Options { state: Some(folder.file("rooms.json")), ..ticking() };
    let first = relay(options.clone()).await;
    let mut teacher = Browser::greet(&first, create(60, "teacher")).await.unwrap();
    let beginning = teacher.hear_beginning().await;
    let stood = teacher.unix_ms;
    teacher.hear_time(move |_, _, relay| relay >= stood + 60).await;
    first.stop().await;

    let second = relay(options.clone()).await;
    let (code, pass, token) = (teacher.code, teacher.pass, teacher.token);
    let mut back = Browser::come_back(&second, code, pass, token).await.unwrap();
    assert_eq!(back.unix_ms, stood, "a room that stands still does so over a restart");
    assert_eq!(back.hear_beginning().await, beginning);
    back.tell(&ToRelay::Set(MINING)).await;
    let runs = back.hear_time(|_, stands, _| !stands).await;
    second.stop().await;

    let third = relay(options).await;
    let mut again = Browser::come_back(&third, code, pass, token).await.unwrap();
    let shown = again.hear_time(|_, stands, relay| !stands && relay >= stood + 60).await;
    assert!(shown >= runs, "one that goes on stays as far behind as it was");
    again.hear_time(|room, _, relay| relay >= room + 60).await;
}
