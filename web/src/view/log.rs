//! A node's log as text.

use super::each::Each;
use super::words::tr;
use crate::lab::state::NodeView;
use crate::testid;
use leptos::html;
use leptos::prelude::*;

/// Lines in sight.
const LINES: usize = 120;

/// The end of the log, the newest line in sight.
#[component]
pub(crate) fn NodeLog(node: NodeView) -> impl IntoView {
    let element = NodeRef::<html::Ol>::new();
    let lines = move || {
        node.log.with(|log| log.iter().skip(log.len().saturating_sub(LINES)).cloned().collect::<Vec<_>>())
    };
    Effect::new(move |_| {
        node.log.track();
        if let Some(element) = element.get() {
            element.set_scroll_top(element.scroll_height());
        }
    });
    view! {
        <ol
            class="screen log"
            node_ref=element
            tabindex="0"
            role="log"
            aria-live="off"
            aria-label=tr(|t| t.log)
            data-testid=testid::NODE_LOG
        >
            <Each each=lines key=|entry| entry.number let:entry>
                <li>{entry.text.to_string()}</li>
            </Each>
        </ol>
    }
}
