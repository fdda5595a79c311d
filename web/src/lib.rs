//! Terrarium's page: it starts a worker for each node, shows the nodes side by side, and hands what people and scripts
//! do on to them. It speaks with workers through `terrarium_core::interface` alone.

#![forbid(unsafe_code)]

mod browser;
mod failure;
mod i18n;
mod lab;
mod prefs;
mod room;
mod scripting;

mod testid;
mod view;

use lab::host::PageHost;
use lab::scene::{self, Scene};
use leptos::prelude::*;
use room::Room;
use std::net::Ipv4Addr;
use std::time::Duration;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::PageTransitionEvent;

/// How often lab time is remembered, for a page that ends without being left: blocks of the lab must not lie in the
/// future of the next visit.
const CLOCK_SAVED_EVERY: Duration = Duration::from_secs(3);

/// Mounts the page and brings the lab up.
pub fn run() {
    failure::show_panics();
    if document().get_element_by_id("loading").is_none() {
        // index.html found that this browser cannot run the page, and says what to do instead.
        return;
    }
    // The lab's effects begin before Leptos mounts anything, which is when it would set its executor up by itself.
    if any_spawner::Executor::init_wasm_bindgen().is_err() {
        leptos::logging::warn!("an executor was there already");
    }
    prefs::show_lang(prefs::lang());
    prefs::show_theme(prefs::theme());
    // The lab's signals live as long as the page.
    let owner = Owner::new();
    owner.set();
    window_event_listener_untyped("hashchange", |_| browser::reload());
    match room::asked() {
        None => open(None),
        Some(asked) => {
            let scope = owner.clone();
            wasm_bindgen_futures::spawn_local(async move {
                let joined = Room::join(asked).await;
                scope.set();
                match joined {
                    Ok(room) => open(Some(room)),
                    Err(failure) => refuse(failure),
                }
            });
        }
    }
    std::mem::forget(owner);
}

/// Brings the lab up, that of a room or the visitor's own, and shows it.
fn open(room: Option<Room>) {
    let scene = Scene::from_address();
    let host_ip = room.map_or(Ipv4Addr::LOCALHOST, |room| room.address());
    let class = room.and_then(|room| room.class_params());
    let lab = lab::Lab::open(scene::lab_name(scene), host_ip, class);
    let host = PageHost::new(lab, scene, room);
    if let Some(room) = room {
        room.attach(lab, host.clone());
    }
    let listed = scene::open(lab, scene, room);
    if let Some(room) = room {
        room.follow_settings();
        room.keep_telling();
    }
    scripting::publish(lab, room, host.clone(), listed);
    watch_page(lab, room);
    browser::ask_to_keep_data();
    leptos::mount::mount_to_body(move || view! { <view::App lab scene room host=host.clone()/> });
    end_loading();
}

/// Says why the room that the address names is not shown.
fn refuse(failure: room::Failure) {
    leptos::mount::mount_to_body(move || view! { <view::NoRoom failure/> });
    end_loading();
}

fn end_loading() {
    for id in ["loading", "unloaded"] {
        if let Some(element) = document().get_element_by_id(id) {
            element.remove();
        }
    }
}

/// Follows the page's own life: hidden, shown, left, come back to; and the system's theme, unless one was chosen.
fn watch_page(lab: lab::Lab, room: Option<Room>) {
    browser::on_change_of_dark(|| prefs::show_theme(prefs::theme()));
    window_event_listener_untyped("pagehide", move |_| {
        lab.leave();
        if let Some(room) = room {
            room.leave();
        }
    });
    window_event_listener_untyped("pageshow", |event| {
        // A page brought back from the browser's cache has no workers any more.
        let brought_back = event.dyn_ref().is_some_and(PageTransitionEvent::persisted);
        if brought_back {
            browser::reload();
        }
    });
    // Another tab of this lab has changed what is remembered of it.
    let name = lab.name();
    let (roster, links, clock) = (lab::roster::key(&name), lab::links::key(&name), lab::clock::key(&name));
    window_event_listener_untyped("storage", move |event| {
        let field = |name: &str| js_sys::Reflect::get(&event, &name.into()).ok()?.as_string();
        match (field("key"), field("newValue")) {
            (Some(key), Some(_)) if key == roster => lab.follow_roster(),
            (Some(key), None) if key == roster => lab.follow_emptying(),
            (Some(key), _) if key == links => lab.follow_links(),
            (Some(key), _) if key == clock => lab.follow_clock(),
            _ => {}
        }
    });
    set_interval(move || lab.remember_clock(), CLOCK_SAVED_EVERY);
    let changed = Closure::<dyn Fn()>::new(move || {
        lab.update_subscriptions();
        if let Some(room) = room {
            room.tell_of_nodes();
        }
    });
    document().set_onvisibilitychange(Some(changed.as_ref().unchecked_ref()));
    changed.forget();
}
