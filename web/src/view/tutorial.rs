//! The banner of a tutorial scene: what it is, and a button that plays the seed's transcript.

use super::each::Each;
use super::words::{IntoViews as _, holds, tr, words};
use crate::i18n::{fill, t};
use crate::lab::Lab;
use crate::lab::cancel::{self, Canceller};
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
        Scene::First | Scene::Empty | Scene::Regtest | Scene::Room | Scene::RoomByHand => None,
    }
}

/// How far the transcript has come.
#[derive(Clone, Debug, PartialEq)]
enum Progress {
    Waiting,
    Playing,
    GivenUp,
    Passed,
    Failed(String),
}

/// The banner; nothing in scenes that are no tutorial.
#[component]
pub(crate) fn Tutorial(scene: Scene) -> impl IntoView {
    transcript(scene).map(|text| view! { <Banner scene text/> })
}

/// A transcript that is played.
#[derive(Clone, Copy)]
struct Playback {
    progress: RwSignal<Progress>,
    /// Its steps in all.
    all: RwSignal<usize>,
    done: RwSignal<Vec<StepReport>>,
    /// Ends it early.
    playing: StoredValue<Option<Canceller>, LocalStorage>,
}

impl Playback {
    fn new() -> Self {
        Playback {
            progress: RwSignal::new(Progress::Waiting),
            all: RwSignal::new(0),
            done: RwSignal::new(Vec::new()),
            playing: StoredValue::new_local(None),
        }
    }

    fn play(self, host: PageHost, text: &'static str) {
        let Playback { progress, all, done, playing } = self;
        let (canceller, cancelled) = cancel::pair();
        playing.set_value(Some(canceller));
        spawn_local(async move {
            let scenario = match text.parse::<Scenario>() {
                Ok(scenario) => scenario,
                Err(error) => return progress.set(Progress::Failed(error.to_string())),
            };
            all.set(scenario.steps());
            progress.set(Progress::Playing);
            let show = |step: &StepReport| done.update(|steps| steps.push(step.clone()));
            let report = cancel::unless(cancelled, scenario.run(&host, show)).await;
            progress.set(match report {
                None => Progress::GivenUp,
                Some(report) => report.failure().map_or(Progress::Passed, Progress::Failed),
            });
        });
    }

    fn stop(self) {
        if let Some(playing) = self.playing.try_update_value(Option::take).flatten() {
            // What has just ended hears nothing of it.
            let _ = playing.send(());
        }
    }

    fn in_words(self, used: bool) -> String {
        let count = |text: &str| fill(text, &[&self.done.with(Vec::len), &self.all.get()]);
        match self.progress.get() {
            Progress::Waiting if used => t().play_needs_new.to_owned(),
            Progress::Waiting => String::new(),
            Progress::Playing => count(t().playing),
            Progress::GivenUp => count(t().play_given_up),
            Progress::Passed => t().played.to_owned(),
            Progress::Failed(why) => fill(t().play_failed, &[&why]),
        }
    }
}

#[component]
fn Banner(scene: Scene, text: &'static str) -> impl IntoView {
    let host: StoredValue<PageHost, LocalStorage> = expect_context();
    let lab: Lab = expect_context();
    // The transcript begins with nodes that have no chain.
    let used =
        Memo::new(move |_| lab.state.nodes.with(|nodes| nodes.iter().any(|node| node.tip().is_some())));
    let playback = Playback::new();
    let unplayable =
        holds(move || used.get() || playback.progress.with(|progress| *progress != Progress::Waiting));
    let is = move |wanted: Progress| holds(move || playback.progress.with(|progress| *progress == wanted));
    let is_not =
        move |wanted: Progress| holds(move || playback.progress.with(|progress| *progress != wanted));
    let about = move || match scene {
        Scene::Seed001 => t().tutorial_two,
        _ => t().tutorial_one,
    };
    view! {
        <section class="panel tutorial">
            <p>{about}</p>
            <button
                type="button"
                class="primary"
                data-testid=testid::PLAY_SCENARIO
                hidden=is(Progress::Playing)
                disabled=unplayable
                on:click=move |_| playback.play(host.with_value(PageHost::for_console), text)
            >
                {tr(|t| t.play)}
            </button>
            <button
                type="button"
                class="plain"
                data-testid=testid::STOP_SCENARIO
                hidden=is_not(Progress::Playing)
                on:click=move |_| playback.stop()
            >
                {tr(|t| t.stop_playing)}
            </button>
            <p class="quiet" role="status" data-testid=testid::SCENARIO_RESULT>{words(move || playback.in_words(used.get()))}</p>
            <ol class="screen transcript" hidden=holds(move || playback.done.with(Vec::is_empty))>
                <Each each=move || playback.done.get() key=|step| step.line let:step>
                    {played(step)}
                </Each>
            </ol>
        </section>
    }
}

fn played(step: StepReport) -> AnyView {
    let output = step.output.into_iter().map(|line| view! { <div>{line}</div> }).into_views();
    let failure = step.failure.map(|why| view! { <div class="bad">{why}</div> });
    view! { <li><b>{step.text}</b> {output} {failure}</li> }.into_any()
}
