//! The banner of a tutorial scene: what it is, and a button that plays the seed's transcript.

use super::words::tr;
use crate::i18n::{fill, t};
use crate::lab::host::PageHost;
use crate::lab::scene::Scene;
use crate::testid;
use leptos::prelude::*;
use terrarium_console::{Scenario, StepReport};
use wasm_bindgen_futures::spawn_local;

/// The transcript of a scene, as a scenario file.
fn transcript(scene: Scene) -> Option<&'static str> {
    match scene {
        Scene::Seed000 => Some(include_str!("../../../tests/scenarios/seed-000.txt")),
        Scene::Seed001 => Some(include_str!("../../../tests/scenarios/seed-001.txt")),
        Scene::First | Scene::Empty => None,
    }
}

/// How far the transcript has been played.
#[derive(Clone, Debug, PartialEq)]
enum Progress {
    Waiting,
    Playing(usize),
    Passed,
    Failed(String),
}

/// The banner; nothing in scenes that are no tutorial.
#[component]
pub(crate) fn Tutorial(scene: Scene) -> impl IntoView {
    transcript(scene).map(|text| view! { <Banner scene text/> })
}

#[component]
fn Banner(scene: Scene, text: &'static str) -> impl IntoView {
    let host: StoredValue<PageHost, LocalStorage> = expect_context();
    let progress = RwSignal::new(Progress::Waiting);
    let steps = RwSignal::new(Vec::<StepReport>::new());
    let play = move |_| {
        let host = host.with_value(PageHost::clone);
        spawn_local(async move {
            let scenario = match text.parse::<Scenario>() {
                Ok(scenario) => scenario,
                Err(error) => return progress.set(Progress::Failed(error.to_string())),
            };
            progress.set(Progress::Playing(0));
            let show = |step: &StepReport| {
                steps.update(|steps| steps.push(step.clone()));
                progress.set(Progress::Playing(steps.with_untracked(Vec::len)));
            };
            let report = scenario.run(&host, show).await;
            progress.set(report.failure().map_or(Progress::Passed, Progress::Failed));
        });
    };
    let about = move || match scene {
        Scene::Seed001 => t().tutorial_two,
        _ => t().tutorial_one,
    };
    let result = move || match progress.get() {
        Progress::Waiting => String::new(),
        Progress::Playing(done) => fill(t().playing, &[&done]),
        Progress::Passed => t().played.to_owned(),
        Progress::Failed(why) => fill(t().play_failed, &[&why]),
    };
    let playable = move || matches!(progress.get(), Progress::Waiting);
    view! {
        <section class="panel tutorial">
            <p>{about}</p>
            <button type="button" class="primary" data-testid=testid::PLAY_SCENARIO disabled=move || !playable() on:click=play>
                {tr(|t| t.play)}
            </button>
            <p class="quiet" role="status" data-testid=testid::SCENARIO_RESULT>{result}</p>
            <ol class="screen transcript" hidden=move || steps.with(Vec::is_empty)>
                <For each=move || steps.get() key=|step| step.line let:step>
                    <li>
                        <b>{step.text}</b>
                        {step.output.into_iter().map(|line| view! { <div>{line}</div> }).collect_view()}
                        {step.failure.map(|why| view! { <div class="bad">{why}</div> })}
                    </li>
                </For>
            </ol>
        </section>
    }
}
