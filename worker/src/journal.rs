//! The node's journal on its way to the page: gathered line by line, posted when the node has worked, and when it fails.

use crate::page;
use std::cell::RefCell;
use std::rc::Rc;
use terrarium_core::interface::{MAX_JOURNAL, WorkerMessage};
use terrarium_core::node::journal::Recorder;

thread_local! {
    /// What the page has not got. Here, for a node that panics must be able to leave it. Bounded by [`MAX_JOURNAL`].
    static LINES: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Begins a journal.
pub(crate) fn begin() -> Rc<RefCell<Recorder>> {
    let to = |line: &str| LINES.with_borrow_mut(|lines| lines.push_str(line));
    Rc::new(RefCell::new(Recorder::bounded(Box::new(to), MAX_JOURNAL.into())))
}

/// Posts what the page has not got.
pub(crate) fn post() {
    // A panic may come while a line is added.
    let lines = LINES.with(|lines| lines.try_borrow_mut().map(|mut lines| std::mem::take(&mut *lines)));
    match lines {
        Ok(lines) if !lines.is_empty() => page::post(&WorkerMessage::Journal { lines }),
        _ => {}
    }
}
