//! A console: lines in, lines out, at a node or free. Languages, history and completion are `terrarium-console`'s.

use super::words::words;
use crate::i18n::{Lang, lang, t};
use crate::lab::Lab;
use crate::lab::host::PageHost;
use crate::lab::port::Happening;
use crate::testid;
use leptos::html;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use terrarium_console::{ConsoleError, Follow, Host, Language, Output, Terminal, complete, message_line};
use terrarium_core::interface::{Direction, Event, NodeId};
use wasm_bindgen_futures::spawn_local;

/// Lines that a console keeps.
const MAX_LINES: usize = 400;

/// Texts that wait to be pasted.
const MAX_PASTED: usize = 16;

/// Key code of a key press that an input method has taken.
const TAKEN_BY_INPUT_METHOD: u32 = 229;

/// What kind of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What was typed.
    Typed,
    /// What it printed.
    Printed,
    /// Why it failed.
    Failed,
}

#[derive(Clone, Debug, PartialEq)]
struct Shown {
    number: u64,
    kind: Kind,
    prompt: String,
    text: String,
}

/// A console's state. The terminal is out while a command runs.
#[derive(Clone)]
struct Session {
    host: PageHost,
    lab: Lab,
    terminal: Rc<RefCell<Option<Terminal>>>,
    /// Texts pasted while a command ran, at most [`MAX_PASTED`].
    pasted: Rc<RefCell<VecDeque<String>>>,
    /// What goes on printing, and how far it has.
    follow: Rc<Cell<Option<Follow>>>,
    /// At most [`MAX_LINES`].
    lines: RwSignal<VecDeque<Shown>>,
    next: Rc<Cell<u64>>,
    node: RwSignal<Option<NodeId>>,
    busy: RwSignal<bool>,
}

/// A console or a free terminal.
#[component]
pub(crate) fn Console(
    terminal: Terminal,
    /// Whose console it is, for screen readers.
    about: String,
) -> impl IntoView {
    let session = Session::new(terminal);
    let input = NodeRef::<html::Input>::new();
    let output = NodeRef::<html::Div>::new();
    let (lines, node, busy) = (session.lines, session.node, session.busy);
    session.keep_following();
    Effect::new(move |_| {
        lines.track();
        if let Some(output) = output.get() {
            output.set_scroll_top(output.scroll_height());
        }
    });
    let session = StoredValue::new_local(session);
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
    // A click anywhere goes to the line being typed, unless text was selected.
    let focus = move |_| {
        let selected = window().get_selection().ok().flatten().is_some_and(|range| !range.is_collapsed());
        if let (false, Some(input)) = (selected, input.get()) {
            let _ = input.focus();
        }
    };
    let label = {
        let about = about.clone();
        move || format!("{} {about}", t().console)
    };
    view! {
        <div class="screen console" node_ref=output on:click=focus>
            <div role="log" aria-live="polite" data-testid=testid::CONSOLE_OUTPUT>
                <For each=move || lines.get() key=|line| line.number let:line>
                    {shown(line)}
                </For>
            </div>
            <div class="prompt" class:busy=busy>
                <span class="quiet" aria-hidden="true">{words(move || prompt(node.get()))}</span>
                <input
                    node_ref=input
                    type="text"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    enterkeyhint="send"
                    aria-label=label
                    data-testid=testid::CONSOLE_INPUT
                    on:keydown=on_key
                    on:paste=on_paste
                />
            </div>
        </div>
    }
}

fn shown(line: Shown) -> impl IntoView {
    match line.kind {
        Kind::Typed => view! {
            <div><span class="quiet">{line.prompt}</span> <b>{line.text}</b></div>
        }
        .into_any(),
        Kind::Printed => view! { <div>{line.text}</div> }.into_any(),
        Kind::Failed => view! { <div class="bad">{line.text}</div> }.into_any(),
    }
}

fn prompt(node: Option<NodeId>) -> String {
    node.map_or_else(|| "$ ".to_owned(), |id| format!("{id}$ "))
}

impl Session {
    fn new(terminal: Terminal) -> Self {
        let node = RwSignal::new(terminal.node());
        Session {
            host: expect_context::<StoredValue<PageHost, LocalStorage>>().with_value(PageHost::clone),
            lab: expect_context(),
            terminal: Rc::new(RefCell::new(Some(terminal))),
            pasted: Rc::default(),
            follow: Rc::default(),
            lines: RwSignal::new(VecDeque::new()),
            next: Rc::default(),
            node,
            busy: RwSignal::new(false),
        }
    }

    fn key(&self, event: &web_sys::KeyboardEvent, input: &web_sys::HtmlInputElement) {
        if event.is_composing() || event.key_code() == TAKEN_BY_INPUT_METHOD {
            return;
        }
        match event.key().as_str() {
            "Enter" if !self.busy.get_untracked() => {
                let line = input.value();
                input.set_value("");
                self.clone().submit(line);
            }
            "ArrowUp" => {
                event.prevent_default();
                self.with_terminal(|terminal| terminal.history.older().map(str::to_owned))
                    .into_iter()
                    .for_each(|line| input.set_value(&line));
            }
            "ArrowDown" => {
                event.prevent_default();
                // At the end of the history the line being typed stays.
                let line = self.with_terminal(|terminal| {
                    let walking = terminal.history.is_walking();
                    walking.then(|| terminal.history.newer().unwrap_or_default().to_owned())
                });
                line.into_iter().for_each(|line| input.set_value(&line));
            }
            "Tab" if !event.shift_key() && !input.value().trim().is_empty() => {
                self.complete(event, input);
            }
            // Cmd+C only ever copies.
            "c" if event.ctrl_key() && nothing_selected(input) => self.clone().interrupt(),
            _ => {}
        }
    }

    fn complete(&self, event: &web_sys::KeyboardEvent, input: &web_sys::HtmlInputElement) {
        self.host.learn_labels();
        let nodes = self.host.nodes();
        let fits = complete(&input.value(), &self.host.desk().borrow().book, &nodes);
        // Where nothing fits Tab leaves the console, as everywhere else.
        match fits.as_slice() {
            [] => {}
            [one] => {
                event.prevent_default();
                input.set_value(one);
            }
            many => {
                event.prevent_default();
                let words: Vec<&str> =
                    many.iter().filter_map(|line| line.split_whitespace().last()).collect();
                self.print(Kind::Printed, &words.join("  "));
                input.set_value(common_prefix(many));
            }
        }
    }

    fn submit(self, line: String) {
        self.print(Kind::Typed, &line);
        spawn_local(async move {
            let Some(mut terminal) = self.take() else { return };
            let outcome = terminal.run(&self.host, &line).await;
            self.give_back(terminal);
            self.tell(outcome);
        });
    }

    /// Carries out the lines of a text, once the console is free.
    fn paste(self, text: String) {
        spawn_local(async move {
            let Some(mut terminal) = self.take() else {
                let mut waiting = self.pasted.borrow_mut();
                if waiting.len() < MAX_PASTED {
                    waiting.push_back(text);
                }
                return;
            };
            let session = self.clone();
            let show = |line: &str, outcome: Result<Output, ConsoleError>| {
                session.print(Kind::Typed, line);
                session.tell(outcome);
            };
            terminal.paste(&self.host, &text, show).await;
            self.give_back(terminal);
        });
    }

    /// `^C`.
    fn interrupt(self) {
        let Some(follow) = self.follow.take() else { return };
        self.print(Kind::Printed, "^C");
        spawn_local(async move {
            let Follow::Log(node) = follow else { return };
            if let Err(error) = self.lab.stop(node).await {
                self.print(Kind::Failed, &error.to_string());
            }
        });
    }

    fn take(&self) -> Option<Terminal> {
        let mut terminal = self.terminal.borrow_mut().take()?;
        terminal.language = match lang_now() {
            Lang::Zh => Language::Chinese,
            Lang::En => Language::English,
        };
        self.host.learn_labels();
        self.busy.set(true);
        Some(terminal)
    }

    fn give_back(&self, terminal: Terminal) {
        let _ = self.node.try_set(terminal.node());
        *self.terminal.borrow_mut() = Some(terminal);
        self.host.keep_files();
        let _ = self.busy.try_set(false);
        let next = self.pasted.borrow_mut().pop_front();
        if let Some(text) = next {
            self.clone().paste(text);
        }
    }

    fn with_terminal<T>(&self, f: impl FnOnce(&mut Terminal) -> Option<T>) -> Option<T> {
        self.terminal.borrow_mut().as_mut().and_then(f)
    }

    fn tell(&self, outcome: Result<Output, ConsoleError>) {
        match outcome {
            Ok(output) => {
                output.lines.iter().for_each(|line| self.print(Kind::Printed, line));
                if output.follow.is_some() {
                    self.follow.set(output.follow);
                }
            }
            Err(error) => self.print(Kind::Failed, &error.to_string()),
        }
    }

    /// Goes on printing what is followed: a node's log, or its messages.
    fn keep_following(&self) {
        let session = self.clone();
        let lab = self.lab;
        let observer = lab.observe(Rc::new(move |id, happening| {
            let Happening::Event(event) = happening else { return };
            match (session.follow.get(), event) {
                (Some(Follow::Log(node)), Event::Log(line)) if node == id => {
                    session.print(Kind::Printed, &line.to_string());
                }
                (
                    Some(Follow::Messages(node)),
                    Event::Message { direction: Direction::Inbound, command, length, .. },
                ) if node == id => {
                    let language = if lang_now() == Lang::Zh { Language::Chinese } else { Language::English };
                    session.print(Kind::Printed, &message_line(command, *length, language));
                }
                _ => {}
            }
        }));
        on_cleanup(move || lab.unobserve(observer));
    }

    fn print(&self, kind: Kind, text: &str) {
        let number = self.next.get();
        self.next.set(number + 1);
        let prompt = prompt(self.node.try_get_untracked().flatten());
        let line = Shown { number, kind, prompt, text: text.to_owned() };
        // The console may have been closed while its command ran.
        let _ = self.lines.try_update(|lines| {
            if lines.len() == MAX_LINES {
                lines.pop_front();
            }
            lines.push_back(line);
        });
    }
}

fn nothing_selected(input: &web_sys::HtmlInputElement) -> bool {
    let on_page = window().get_selection().ok().flatten().is_some_and(|range| !range.is_collapsed());
    !on_page && input.selection_start() == input.selection_end()
}

fn lang_now() -> Lang {
    untrack(lang)
}

/// The beginning that all lines share.
fn common_prefix(lines: &[String]) -> &str {
    let Some((first, rest)) = lines.split_first() else { return "" };
    let shared = |other: &String| first.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let length = rest.iter().map(shared).min().unwrap_or(first.len());
    (0..=length).rev().find_map(|end| first.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::common_prefix;

    #[test]
    fn completion_fills_in_what_all_choices_share() {
        let lines = ["getblock ", "getblockhash ", "getblockheader "].map(str::to_owned);
        assert_eq!(common_prefix(&lines), "getblock");
        assert_eq!(common_prefix(&["矿a".to_owned(), "矿b".to_owned()]), "矿");
        assert_eq!(common_prefix(&[]), "");
    }
}
