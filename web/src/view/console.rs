//! A console: lines in, lines out, at a node or free.

use super::each::Each;
use super::session::{Kind, Session, Shown, prompt};
use super::words::{part, tr, words};
use crate::i18n::{fill, t};
use crate::testid;
use leptos::html;
use leptos::prelude::*;
use terrarium_console::Terminal;

/// A console's session, from the parts of its view.
type Held = StoredValue<Session, LocalStorage>;

/// A console or a free terminal.
#[component]
pub(crate) fn Console(
    terminal: Terminal,
    /// Whose console it is, for screen readers.
    about: String,
) -> impl IntoView {
    let session = Session::new(terminal);
    let output = NodeRef::<html::Div>::new();
    let input = NodeRef::<html::Input>::new();
    let lines = session.lines;
    session.keep_following();
    Effect::new(move |_| {
        lines.track();
        if let Some(output) = output.get() {
            output.set_scroll_top(output.scroll_height());
        }
    });
    // A click anywhere goes to the line being typed, unless text was selected.
    let focus = move |_| {
        let selected = window().get_selection().ok().flatten().is_some_and(|range| !range.is_collapsed());
        if let (false, Some(input)) = (selected, input.get()) {
            let _ = input.focus();
        }
    };
    view! {
        <div class="screen console" node_ref=output on:click=focus>
            <div role="log" aria-live="polite" data-testid=testid::CONSOLE_OUTPUT>
                <Each each=move || lines.get() key=|line| line.number let:line>
                    {shown(line)}
                </Each>
            </div>
            <PromptLine session=StoredValue::new_local(session) input about/>
        </div>
    }
}

fn shown(line: Shown) -> AnyView {
    let Shown { kind, prompt, text, .. } = line;
    match kind {
        Kind::Typed => view! { <div><span class="quiet">{prompt}</span> <b>{text}</b></div> }.into_any(),
        Kind::Printed => view! { <div>{text}</div> }.into_any(),
        Kind::Failed => view! { <div class="bad">{text}</div> }.into_any(),
    }
}

/// The line being typed; while a command runs, how far it has come and what ends it.
#[component]
fn PromptLine(session: Held, input: NodeRef<html::Input>, about: String) -> impl IntoView {
    let (node, busy) = session.with_value(|session| (session.node, session.busy));
    let on_key = move |event: web_sys::KeyboardEvent| {
        if let Some(input) = input.get() {
            session.with_value(|session| session.key(&event, &input));
        }
    };
    let on_paste = move |event: web_sys::ClipboardEvent| {
        let text = event.clipboard_data().and_then(|data| data.get_data("text").ok()).unwrap_or_default();
        if text.trim().lines().count() > 1 {
            event.prevent_default();
            session.with_value(Session::clone).paste(text);
        }
    };
    let counted = move || {
        let task = session.with_value(Session::task)?;
        Some(fill(t().blocks_of, &[&task.done, &task.total]))
    };
    let interruptible = Memo::new(move |_| session.with_value(Session::can_be_interrupted));
    view! {
        <div class="prompt" class:busy=busy>
            <span class="quiet" aria-hidden="true">{words(move || prompt(node.get()))}</span>
            <input
                node_ref=input
                type="text"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                enterkeyhint="send"
                aria-label=words(move || format!("{} {about}", t().console))
                data-testid=testid::CONSOLE_INPUT
                on:keydown=on_key
                on:paste=on_paste
            />
            <span class="quiet" aria-hidden="true">{words(move || counted().unwrap_or_default())}</span>
            {part(move || interruptible.get().then(|| view! { <Interrupt session/> }))}
        </div>
    }
}

/// `^C` for those who have no such key.
#[component]
fn Interrupt(session: Held) -> impl IntoView {
    view! {
        <button
            type="button"
            class="interrupt"
            title=tr(|t| t.interrupt)
            aria-label=tr(|t| t.interrupt)
            data-testid=testid::CONSOLE_INTERRUPT
            on:click=move |_| session.with_value(Session::interrupt)
        >
            "^C"
        </button>
    }
}
