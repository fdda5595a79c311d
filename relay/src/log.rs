//! What the relay says while it works, on standard error. Codes and addresses are named, secrets never.

use std::fmt::Arguments;
use std::sync::atomic::{AtomicBool, Ordering};

static ON: AtomicBool = AtomicBool::new(false);

/// Begins to say what happens.
pub fn turn_on() {
    ON.store(true, Ordering::Relaxed);
}

/// Says something, if that is wanted.
pub(crate) fn info(what: Arguments<'_>) {
    if ON.load(Ordering::Relaxed) {
        eprintln!("{} {what}", crate::clock::machine().as_secs());
    }
}
