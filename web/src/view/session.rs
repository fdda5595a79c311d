//! A console's session: what was printed, what runs, what is followed. Language, history and completion are
//! `terrarium-console`'s.

use crate::i18n::{Lang, fill, lang, t_now};
use crate::lab::Lab;
use crate::lab::cancel::{self, Cancelled, Canceller};
use crate::lab::host::PageHost;
use crate::lab::port::Happening;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use terrarium_console::{ConsoleError, Follow, Host, Language, Output, Terminal, complete, message_line};
use terrarium_core::interface::{Direction, Event, NodeId, Task};
use wasm_bindgen_futures::spawn_local;

/// Lines that a console keeps.
const MAX_LINES: usize = 400;

/// Lines and texts that wait while a command runs.
const MAX_WAITING: usize = 16;

/// Key code of a key press that an input method has taken.
const TAKEN_BY_INPUT_METHOD: u32 = 229;

/// What kind of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What was typed.
    Typed,
    /// What it printed.
    Printed,
    /// Why it failed.
    Failed,
}

/// A line of a console.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    /// Counts up within the console.
    pub(super) number: u64,
    /// What kind of line it is.
    pub(super) kind: Kind,
    /// The prompt before what was typed.
    pub(super) prompt: String,
    /// The line.
    pub(super) text: String,
}

/// Input that comes while a command runs, and is taken up after it.
enum Waiting {
    /// A line that was typed.
    Line(String),
    /// A text that was pasted.
    Text(String),
}

/// A console's state. The terminal is out while a command runs.
#[derive(Clone)]
pub(super) struct Session {
    host: PageHost,
    lab: Lab,
    terminal: Rc<RefCell<Option<Terminal>>>,
    /// What was typed or pasted while a command ran, at most [`MAX_WAITING`].
    waiting: Rc<RefCell<VecDeque<Waiting>>>,
    /// Ends the command that runs.
    running: Rc<RefCell<Option<Canceller>>>,
    /// What goes on printing.
    follow: RwSignal<Option<Follow>>,
    /// At most [`MAX_LINES`].
    pub(super) lines: RwSignal<VecDeque<Shown>>,
    next: Rc<Cell<u64>>,
    /// The node that commands go to.
    pub(super) node: RwSignal<Option<NodeId>>,
    /// A command runs.
    pub(super) busy: RwSignal<bool>,
}

/// The prompt of a console.
pub(super) fn prompt(node: Option<NodeId>) -> String {
    node.map_or_else(|| "$ ".to_owned(), |id| format!("{id}$ "))
}

impl Session {
    /// The session of a terminal.
    pub(super) fn new(terminal: Terminal) -> Self {
        let node = RwSignal::new(terminal.node());
        Session {
            host: expect_context::<StoredValue<PageHost, LocalStorage>>().with_value(PageHost::for_console),
            lab: expect_context(),
            terminal: Rc::new(RefCell::new(Some(terminal))),
            waiting: Rc::default(),
            running: Rc::default(),
            follow: RwSignal::new(None),
            lines: RwSignal::new(VecDeque::new()),
            next: Rc::default(),
            node,
            busy: RwSignal::new(false),
        }
    }

    /// Whether there is something that `^C` would end.
    pub(super) fn can_be_interrupted(&self) -> bool {
        self.busy.get() || self.follow.get().is_some()
    }

    /// How far the command that runs has come, where it is long work.
    pub(super) fn task(&self) -> Option<Task> {
        if self.busy.get() { self.host.task() } else { None }
    }

    /// Takes in a key that was pressed in the line being typed.
    pub(super) fn key(&self, event: &web_sys::KeyboardEvent, input: &web_sys::HtmlInputElement) {
        if event.is_composing() || event.key_code() == TAKEN_BY_INPUT_METHOD {
            return;
        }
        match event.key().as_str() {
            "Enter" => {
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
            "c" if event.ctrl_key() && nothing_selected(input) => self.interrupt(),
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

    /// Carries out a line, once the console is free.
    fn submit(self, line: String) {
        spawn_local(async move {
            let Some((mut terminal, interrupted)) = self.take() else {
                return self.wait_with(Waiting::Line(line));
            };
            self.print(Kind::Typed, &line);
            let outcome = cancel::unless(interrupted, terminal.run(&self.host, &line)).await;
            self.give_back(terminal);
            if let Some(outcome) = outcome {
                self.tell(outcome);
            }
        });
    }

    /// Carries out the lines of a text, once the console is free.
    pub(super) fn paste(self, text: String) {
        spawn_local(async move {
            let Some((mut terminal, interrupted)) = self.take() else {
                return self.wait_with(Waiting::Text(text));
            };
            let session = self.clone();
            let show = |line: &str, outcome: Result<Output, ConsoleError>| {
                session.print(Kind::Typed, line);
                session.tell(outcome);
            };
            // Given up, it leaves the rest of the text.
            let _ = cancel::unless(interrupted, terminal.paste(&self.host, &text, show)).await;
            self.give_back(terminal);
        });
    }

    fn wait_with(&self, input: Waiting) {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() < MAX_WAITING {
            waiting.push_back(input);
        }
    }

    /// `^C`: gives up the command that runs, else ends what is followed.
    pub(super) fn interrupt(&self) {
        if let Some(running) = self.running.take() {
            self.print(Kind::Printed, "^C");
            self.waiting.borrow_mut().clear();
            if let Some(task) = untrack(|| self.host.task()) {
                self.print(Kind::Printed, &given_up(&task));
            }
            // A command that has just ended hears nothing of it.
            let _ = running.send(());
            return;
        }
        let Some(follow) = self.follow.get_untracked() else { return };
        self.follow.set(None);
        self.print(Kind::Printed, "^C");
        if let Follow::Log(node) = follow {
            let session = self.clone();
            spawn_local(async move {
                if let Err(error) = session.lab.stop(node).await {
                    session.print(Kind::Failed, &error.to_string());
                }
            });
        }
    }

    /// The terminal, for one command, and what ends that early.
    fn take(&self) -> Option<(Terminal, Cancelled)> {
        let mut terminal = self.terminal.borrow_mut().take()?;
        terminal.language = language();
        let (canceller, cancelled) = cancel::pair();
        self.running.replace(Some(canceller));
        self.host.learn_labels();
        self.busy.set(true);
        Some((terminal, cancelled))
    }

    fn give_back(&self, terminal: Terminal) {
        let _ = self.node.try_set(terminal.node());
        *self.terminal.borrow_mut() = Some(terminal);
        self.running.take();
        self.host.keep_files();
        let _ = self.busy.try_set(false);
        let next = self.waiting.borrow_mut().pop_front();
        match next {
            Some(Waiting::Line(line)) => self.clone().submit(line),
            Some(Waiting::Text(text)) => self.clone().paste(text),
            None => {}
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
                    // The console may have been closed while its command ran.
                    let _ = self.follow.try_set(output.follow);
                }
            }
            Err(error) => self.print(Kind::Failed, &error.to_string()),
        }
    }

    /// Goes on printing what is followed: a node's log, or its messages.
    pub(super) fn keep_following(&self) {
        let session = self.clone();
        let lab = self.lab;
        let observer = lab.observe(Rc::new(move |id, happening| {
            let Happening::Event(event) = happening else { return };
            match (session.follow.try_get_untracked().flatten(), event) {
                (Some(Follow::Log(node)), Event::Log(line)) if node == id => {
                    session.print(Kind::Printed, &line.to_string());
                }
                (
                    Some(Follow::Messages(node)),
                    Event::Message { direction: Direction::Inbound, command, length, .. },
                ) if node == id => {
                    session.print(Kind::Printed, &message_line(command, *length, language()));
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

/// What `^C` says of the work that it meets.
fn given_up(task: &Task) -> String {
    let Task { kind, done, total, .. } = task;
    let text = if kind.ends_when_cancelled() { t_now().given_up } else { t_now().goes_on };
    fill(text, &[done, total])
}

/// The language of help and `listen`.
fn language() -> Language {
    match untrack(lang) {
        Lang::Zh => Language::Chinese,
        Lang::En => Language::English,
    }
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
    use super::*;
    use terrarium_core::interface::TaskKind;

    #[test]
    fn completion_fills_in_what_all_choices_share() {
        let lines = ["getblock ", "getblockhash ", "getblockheader "].map(str::to_owned);
        assert_eq!(common_prefix(&lines), "getblock");
        assert_eq!(common_prefix(&["矿a".to_owned(), "矿b".to_owned()]), "矿");
        assert_eq!(common_prefix(&[]), "");
    }

    #[test]
    fn work_that_the_node_goes_on_with_is_not_called_cancelled() {
        let task = |kind| Task { request: None, kind, done: 12, total: 100 };
        assert_eq!(given_up(&task(TaskKind::Mine)), fill(t_now().given_up, &[&12, &100]));
        assert_eq!(given_up(&task(TaskKind::Rescan)), fill(t_now().goes_on, &[&12, &100]));
    }
}
