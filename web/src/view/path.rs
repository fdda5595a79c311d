//! Which way a link takes: in this browser, by the relay, or direct; and, step by step, how a link to another browser came
//! to be as it is.

use super::format;
use super::words::{IntoViews as _, part, words};
use crate::i18n::{fill, t};
use crate::room::{Room, Step, Story, Why};
use crate::testid;
use leptos::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

/// The path to a peer at an address.
#[component]
pub(crate) fn LinkPath(address: IpAddr) -> impl IntoView {
    let room = expect_context::<Option<Room>>();
    let elsewhere = room.and_then(|room| match address {
        IpAddr::V4(ip) if !ip.is_loopback() && ip != room.address() => Some((room, ip)),
        _ => None,
    });
    let story = Memo::new(move |_| elsewhere.and_then(|(room, ip)| story_of(room, ip)).unwrap_or_default());
    let way = move || match elsewhere {
        None => t().path_browser,
        Some(_) if story.with(Story::is_direct) => t().path_direct,
        Some(_) => t().path_relay,
    };
    let code = move || match elsewhere {
        None => "browser",
        Some(_) if story.with(Story::is_direct) => "direct",
        Some(_) => "relay",
    };
    let steps = move || {
        let line = |(time, step): (f64, Step)| {
            let at = format::clock_time((time / 1_000.0) as u32);
            let text = fill(t().parted_at, &[&at, &step_in_words(step)]);
            view! { <li data-step=step.code()>{text}</li> }
        };
        story.with(|story| story.steps().map(line).into_views())
    };
    view! {
        <span data-testid=testid::PEER_PATH data-path=words(move || code().to_owned())>
            {words(move || way().to_owned())}
        </span>
        <ol class="steps">{part(steps)}</ol>
    }
}

fn story_of(room: Room, ip: Ipv4Addr) -> Option<Story> {
    room.state.stories.with(|stories| {
        stories.iter().find(|(place, _)| *place == ip.octets()).map(|(_, story)| story.clone())
    })
}

fn step_in_words(step: Step) -> String {
    let text = match step {
        Step::Began => t().path_began,
        Step::Offered => t().path_offered,
        Step::Answered => t().path_answered,
        Step::Gathered(count) => return fill(t().path_gathered, &[&count]),
        Step::Ignored(count) => return fill(t().path_ignored, &[&count]),
        Step::Punched => t().path_punched,
        Step::Direct => t().path_relay_left,
        Step::Back(why) => return fill(t().path_back, &[&why_in_words(why)]),
    };
    text.to_owned()
}

fn why_in_words(why: Why) -> &'static str {
    match why {
        Why::Unsupported => t().path_unsupported,
        Why::OtherUnsupported => t().path_other_unsupported,
        Why::TooMany => t().path_too_many,
        Why::TooLate => t().path_too_late,
        Why::Closed => t().path_closed,
        Why::OtherEnd => t().path_other_end,
        Why::Strange => t().path_strange,
        Why::Off => t().path_off,
    }
}
