//! The room from scripts: which way links to other browsers go, and whether they may be direct.

use super::Fields;
use super::arguments;
use super::object::{frozen, function};
use crate::room::{Room, Story};
use js_sys::Array;
use leptos::prelude::GetUntracked;
use std::net::Ipv4Addr;
use wasm_bindgen::JsValue;

/// In a page that is in no room there are no links, and nothing to allow.
pub(super) fn fields(room: Option<Room>) -> Fields {
    let paths = function(move |_| {
        let stories = room.map(|room| room.state.stories.get_untracked()).unwrap_or_default();
        Ok(stories.iter().map(|(place, story)| described(*place, story)).collect::<Array>().into())
    });
    let allow = function(move |[allowed, ..]| {
        let allowed = arguments::flag(&allowed, "allowed")?;
        if let Some(room) = room {
            room.allow_direct(allowed);
        }
        Ok(JsValue::UNDEFINED)
    });
    vec![("paths", paths), ("allowDirect", allow)]
}

fn described(place: [u8; 4], story: &Story) -> JsValue {
    let step = |(time, step): (f64, crate::room::Step)| {
        frozen(&[("time", time.into()), ("step", step.code().into())])
    };
    frozen(&[
        ("address", Ipv4Addr::from(place).to_string().into()),
        ("path", (if story.is_direct() { "direct" } else { "relay" }).into()),
        ("steps", story.steps().map(step).collect::<Array>().into()),
    ])
}
