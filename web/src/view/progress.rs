//! Long work of a node: what it is, how far it has come, and a button that gives it up.

use super::each::Each;
use super::words::{holds, words};
use crate::i18n::{Texts, fill, t};
use crate::lab::Lab;
use crate::lab::state::{NodeView, Phase};
use crate::testid;
use leptos::prelude::*;
use terrarium_core::interface::{NodeSnapshot, RequestId, RunState, TaskKind};
use wasm_bindgen_futures::spawn_local;

/// Headers ahead of the tip from which on a node is said to be syncing: fewer come with every new block.
const SYNCING: u32 = 12;

/// What a node works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// The blocks that others have.
    Sync,
    /// Its own, or that of a command.
    Task(TaskKind, Option<RequestId>),
}

impl Work {
    /// What tells it from a node's other work.
    fn key(self) -> Option<(TaskKind, Option<RequestId>)> {
        match self {
            Self::Sync => None,
            Self::Task(kind, request) => Some((kind, request)),
        }
    }
}

/// A piece of work, how much of it is done, and how much there is.
type Counted = (Work, u32, u32);

/// What a node works on, one line each.
#[component]
pub(crate) fn Progress(node: NodeView) -> impl IntoView {
    let all = Memo::new(move |_| node.read(works).unwrap_or_default());
    view! {
        <Each each=move || all.get() key=|(work, ..)| work.key() let:counted>
            {line(node, all, counted.0)}
        </Each>
    }
}

fn works(snapshot: &NodeSnapshot) -> Vec<Counted> {
    let tasks = snapshot.tasks.iter();
    let mut works: Vec<Counted> =
        tasks.map(|task| (Work::Task(task.kind, task.request), task.done, task.total)).collect();
    let reindexes = snapshot.tasks.iter().any(|task| task.kind == TaskKind::Reindex);
    if let Some(chain) = snapshot.chain.as_ref().filter(|_| snapshot.state == RunState::Running && !reindexes)
    {
        let (height, headers) = (chain.height.0, chain.headers.0);
        if headers >= height + SYNCING {
            works.push((Work::Sync, height, headers));
        }
    }
    works
}

fn line(node: NodeView, all: Memo<Vec<Counted>>, work: Work) -> AnyView {
    let lab: Lab = expect_context();
    let counts = Memo::new(move |_| {
        let found = all.with(|all| all.iter().find(|(other, ..)| *other == work).copied());
        found.map_or((0, 1), |(_, done, total)| (done, total.max(1)))
    });
    let text = move || {
        let (done, total) = counts.get();
        format!("{} {}", name(work)(t()), fill(t().blocks_of, &[&done, &total]))
    };
    let give_up = move |_| match work {
        Work::Task(_, Some(request)) => lab.cancel(node.id, request),
        // What the node says to that is on its card soon enough.
        Work::Sync => spawn_local(async move { drop(lab.stop(node.id).await) }),
        Work::Task(_, None) => {}
    };
    // The commands of a node that another tab runs are that tab's.
    let mine = move || node.status.with(|status| status.phase == Phase::Up && !status.viewer);
    view! {
        <div class="progress" data-testid=testid::CARD_PROGRESS data-kind=kind(work)>
            <span class="figure" aria-hidden="true">{words(text)}</span>
            <progress
                max=words(move || counts.get().1.to_string())
                prop:value=move || counts.get().0
                aria-label=words(text)
            ></progress>
            <button
                type="button"
                class="link"
                data-testid=testid::CANCEL_WORK
                hidden=holds(move || matches!(work, Work::Task(_, None)) || !mine())
                on:click=give_up
            >
                {words(move || ending(work)(t()).to_owned())}
            </button>
        </div>
    }
    .into_any()
}

/// Its stable name, for tests and scripts.
fn kind(work: Work) -> &'static str {
    match work {
        Work::Sync => "sync",
        Work::Task(TaskKind::Mine, _) => "mine",
        Work::Task(TaskKind::Read, _) => "read",
        Work::Task(TaskKind::Rescan, _) => "rescan",
        Work::Task(TaskKind::Reindex, _) => "reindex",
        Work::Task(TaskKind::Import, _) => "import",
    }
}

fn name(work: Work) -> fn(&Texts) -> &'static str {
    match work {
        Work::Sync => |t| t.work_sync,
        Work::Task(TaskKind::Mine, _) => |t| t.work_mine,
        Work::Task(TaskKind::Read, _) => |t| t.work_read,
        Work::Task(TaskKind::Rescan, _) => |t| t.work_rescan,
        Work::Task(TaskKind::Reindex, _) => |t| t.work_reindex,
        Work::Task(TaskKind::Import, _) => |t| t.work_import,
    }
}

/// What the button says: the work ends, or goes on without anybody waiting.
fn ending(work: Work) -> fn(&Texts) -> &'static str {
    match work {
        Work::Sync => |t| t.stop,
        Work::Task(kind, _) if kind.ends_when_cancelled() => |t| t.cancel,
        Work::Task(..) => |t| t.do_not_wait,
    }
}
