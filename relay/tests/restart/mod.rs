//! What a restart of the relay keeps, and what a strange state file does.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test that asked for it")]

use crate::client::{self, Browser, relay};
use crate::quick;
use serde_json::Value;
use std::path::Path;
use terrarium_link::room::{End, Refusal, Settings, ToRelay};
use terrarium_relay::{Options, Relay, Site};

fn kept(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

#[tokio::test]
async fn who_was_sent_away_stays_away_over_a_restart() {
    let folder = client::Folder::new("barred");
    let options = Options { state: Some(folder.file("rooms.json")), ..quick() };
    let first = relay(options.clone()).await;
    let mut teacher = Browser::create(&first, "teacher").await;
    let mut student = Browser::join(&first, teacher.code, "student").await;
    let mut away = Browser::join(&first, teacher.code, "away").await;
    teacher.tell(&ToRelay::Set(Settings { locked: true, ..Settings::default() })).await;
    teacher.tell(&ToRelay::Remove(away.pass.address)).await;
    assert_eq!(away.end().await, Some(End::Removed));
    first.stop().await;
    assert_eq!(student.end().await, Some(End::Shutdown));
    let second = relay(options).await;
    let back = |pass| Browser::come_back(&second, teacher.code, pass, None);
    assert_eq!(back(away.pass).await.map(drop), Err(Refusal::Locked));
    assert_eq!(back(student.pass).await.unwrap().pass, student.pass);
}

#[tokio::test]
async fn the_rooms_time_never_goes_back_over_a_restart_on_a_machine_whose_clock_was_set_back() {
    let folder = client::Folder::new("time");
    let file = folder.file("rooms.json");
    let options = Options { state: Some(file.clone()), ..quick() };
    let first = relay(options.clone()).await;
    let teacher = Browser::create(&first, "teacher").await;
    first.stop().await;
    let mut state = kept(&file);
    let told = state["time_ms"].as_u64().unwrap();
    assert!(told >= teacher.unix_ms, "no later time was told than is written down");
    // A machine that is a day behind what was told is one whose clock was set back by a day.
    let ahead = told + 86_400_000;
    state["time_ms"] = ahead.into();
    std::fs::write(&file, state.to_string()).unwrap();
    let second = relay(options.clone()).await;
    let mut back = Browser::come_back(&second, teacher.code, teacher.pass, teacher.token).await.unwrap();
    assert_eq!(back.unix_ms, teacher.unix_ms, "the room does not mine: its time stands still");
    let mut shown = 0;
    back.hear_time(|_, _, relay_ms| {
        shown = relay_ms;
        true
    })
    .await;
    assert!(shown >= ahead);
    second.stop().await;
    assert!(kept(&file)["time_ms"].as_u64().unwrap() >= shown);
}

#[tokio::test]
async fn a_relay_that_is_killed_has_written_down_a_time_that_it_has_not_told_yet() {
    let folder = client::Folder::new("killed");
    let file = folder.file("rooms.json");
    let first = relay(Options { state: Some(file.clone()), ..quick() }).await;
    let teacher = Browser::create(&first, "teacher").await;
    while !file.exists() {
        tokio::task::yield_now().await;
    }
    assert!(kept(&file)["time_ms"].as_u64().unwrap() > teacher.unix_ms + 60_000);
}

#[tokio::test]
async fn a_state_file_without_what_older_ones_lack_is_taken_up_and_one_that_is_none_is_named() {
    let folder = client::Folder::new("older");
    let file = folder.file("rooms.json");
    let options = Options { state: Some(file.clone()), ..quick() };
    let first = relay(options.clone()).await;
    let teacher = Browser::create(&first, "teacher").await;
    first.stop().await;
    let mut state = kept(&file);
    state.as_object_mut().unwrap().shift_remove("time_ms");
    for room in state["rooms"].as_array_mut().unwrap() {
        for field in ["barred", "own", "beginning", "time"] {
            room.as_object_mut().unwrap().shift_remove(field).unwrap();
        }
    }
    std::fs::write(&file, state.to_string()).unwrap();
    let second = relay(options.clone()).await;
    let mut back = Browser::come_back(&second, teacher.code, teacher.pass, teacher.token).await.unwrap();
    assert_eq!(back.pass, teacher.pass);
    assert_eq!(back.hear_beginning().await, None, "its chain is the one that every page has built in");
    second.stop().await;
    std::fs::write(&file, "a shopping list").unwrap();
    let error = Relay::bind(options, Site::default()).await.unwrap_err().to_string();
    assert!(error.starts_with(&file.display().to_string()) && error.contains("no state file"), "{error}");
}
