//! Where a world's journal goes.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use terrarium_core::node::journal::Recorder;

/// A journal that is being written.
pub(super) struct Journal {
    recorder: Rc<RefCell<Recorder>>,
    to: Rc<RefCell<Sink>>,
}

struct Sink {
    to: Box<dyn Write>,
    /// The first failure; nothing is written after it.
    failure: Option<io::Error>,
}

impl Journal {
    pub(super) fn new(to: Box<dyn Write>) -> Self {
        let to = Rc::new(RefCell::new(Sink { to, failure: None }));
        let sink = Rc::clone(&to);
        let recorder = Recorder::new(Box::new(move |line| sink.borrow_mut().write(line)));
        Self { recorder: Rc::new(RefCell::new(recorder)), to }
    }

    /// What nodes are to be opened with.
    pub(super) fn recorder(&self) -> Rc<RefCell<Recorder>> {
        Rc::clone(&self.recorder)
    }

    /// Ends the journal.
    pub(super) fn finish(self) -> io::Result<()> {
        self.recorder.borrow_mut().finish();
        let mut sink = self.to.borrow_mut();
        match sink.failure.take() {
            Some(failure) => Err(failure),
            None => sink.to.flush(),
        }
    }
}

impl Sink {
    fn write(&mut self, line: &str) {
        if self.failure.is_none() {
            self.failure = self.to.write_all(line.as_bytes()).err();
        }
    }
}
