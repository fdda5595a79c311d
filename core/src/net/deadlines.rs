//! When peers' deadlines are judged: a step that comes late (a frozen tab, a computer that slept, a long change of
//! branch) gives what was said meanwhile time to come in before anybody is called silent.

use super::limits::{LATE_STEP, LATE_STEP_PATIENCE};
use crate::time::Mono;

/// Whether deadlines may be judged now.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    /// When the last step was.
    stepped: Mono,
    /// When the next one was to be at the latest.
    promised: Option<Mono>,
    /// Nothing is judged before.
    judged_from: Mono,
}

impl Deadlines {
    /// A step begins. One that comes late puts judgement off; the next does not again, or a host that is always late
    /// would never lose anyone.
    pub(crate) fn woken(&mut self, now: Mono) {
        let is_late = self.promised.is_some_and(|promised| promised + LATE_STEP < now);
        if is_late && self.judged_from <= self.stepped {
            self.judged_from = now + LATE_STEP_PATIENCE;
        }
        self.stepped = now;
    }

    /// Whether they may be judged.
    pub(crate) fn are_judged(&self, now: Mono) -> bool {
        self.judged_from <= now
    }

    /// When a deadline is judged.
    pub(crate) fn judgement_of(&self, deadline: Mono) -> Mono {
        deadline.max(self.judged_from)
    }

    /// A step ends; the next is to be at `wakeup`.
    pub(crate) const fn promise(&mut self, wakeup: Option<Mono>) {
        self.promised = wakeup;
    }
}
