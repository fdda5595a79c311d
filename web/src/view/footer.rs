//! The footer: what this is, and the way to the other scenes.

use super::words::{tr, words};
use crate::browser;
use crate::i18n::{lang, t};
use crate::lab::scene::Scene;
use crate::testid;
use leptos::prelude::*;

/// What a scene is called.
pub(super) fn scene_title(scene: Scene) -> &'static str {
    match scene {
        Scene::First => t().scene_first,
        Scene::Seed000 => t().scene_one,
        Scene::Seed001 => t().scene_two,
        Scene::Regtest => t().scene_regtest,
        Scene::Empty => t().scene_empty,
        Scene::Room | Scene::RoomByHand => t().class,
    }
}

/// The footer.
#[component]
pub(crate) fn Footer() -> impl IntoView {
    let link = |scene: Scene| {
        // A language that came with the address goes with the links.
        let asked = browser::query("lang").is_some();
        let language = move || if asked { format!("&lang={}", lang().name()) } else { String::new() };
        view! {
            <a
                data-testid=testid::SCENE_LINK
                data-scene=scene.name()
                href=words(move || format!("?scene={}{}", scene.name(), language()))
            >
                {words(move || scene_title(scene).to_owned())}
            </a>
        }
    };
    view! {
        <footer class="foot">
            <p>{tr(|t| t.disclaimer)}</p>
            <nav aria-label=tr(|t| t.scenes)>
                {Scene::ALL.map(link)}
            </nav>
            <code>"window.terrarium"</code>
        </footer>
    }
}
