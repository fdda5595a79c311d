//! The footer: what this is, and the way to the other scenes.

use super::words::{tr, words};
use crate::browser;
use crate::i18n::{lang, t};
use crate::lab::scene::Scene;
use leptos::prelude::*;

/// The footer.
#[component]
pub(crate) fn Footer() -> impl IntoView {
    let scene = |scene: Scene, name: fn() -> &'static str| {
        // A language that came with the address goes with the links.
        let asked = browser::query("lang").is_some();
        let language = move || if asked { format!("&lang={}", lang().name()) } else { String::new() };
        view! { <a href=words(move || format!("?scene={}{}", scene.name(), language()))>{name}</a> }
    };
    view! {
        <footer class="foot">
            <p>{tr(|t| t.disclaimer)}</p>
            <nav aria-label=tr(|t| t.scenes)>
                {scene(Scene::First, || t().scene_first)}
                {scene(Scene::Seed000, || t().scene_one)}
                {scene(Scene::Seed001, || t().scene_two)}
                {scene(Scene::Empty, || t().scene_empty)}
            </nav>
            <code>"window.terrarium"</code>
        </footer>
    }
}
