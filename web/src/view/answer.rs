//! Waiting for a node's answer: asked again when what it depends on changes, shown when it is there.

use crate::lab::{Lab, LabError};
use leptos::prelude::*;
use terrarium_core::interface::{Command, NodeId, Reply};
use wasm_bindgen_futures::spawn_local;

/// A node's answer to a command; none until it came. `command` is asked again whenever a signal that it reads changes; a
/// memo must be read with `get`, for one that is only tracked is never computed and so never changes.
pub(crate) fn answer(
    lab: Lab,
    id: NodeId,
    command: impl Fn() -> Command + 'static,
) -> ReadSignal<Option<Result<Reply, LabError>>> {
    let (answer, set_answer) = signal(None);
    Effect::new(move |_| {
        let command = command();
        spawn_local(async move {
            let outcome = lab.exec(id, command).await;
            // Whoever waited may have gone.
            let _ = set_answer.try_set(Some(outcome));
        });
    });
    answer
}
