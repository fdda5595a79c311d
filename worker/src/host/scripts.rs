//! Having the helpers check scripts, and doing without them where they fail.

use super::Host;
use crate::helpers::{self, Answer};
use crate::js;
use terrarium_core::interface::{Event, LogLine};
use terrarium_core::node::Input;
use wasm_bindgen::JsValue;

impl Host {
    /// Hands out what waits. A node that has nothing else to do takes part: true where it has something to do now.
    pub(super) fn work_helpers(&mut self, is_busy: bool) -> bool {
        if let Err(why) = self.helpers.work(js::monotonic_ms()) {
            self.give_up_helpers(&why);
            return true;
        }
        let taken_back = if is_busy { None } else { self.helpers.take_back() };
        if let Some(id) = taken_back {
            self.node.handle(Input::Unverified { id });
        }
        taken_back.is_some()
    }

    /// Takes in a message of a helper.
    pub(super) fn hear_helper(&mut self, message: &JsValue) {
        match self.helpers.hear(message, js::monotonic_ms()) {
            Ok(Some(Answer { id, verdict })) => {
                self.node.handle(match verdict {
                    Some(result) => Input::Verified { id, result },
                    None => Input::Unverified { id },
                });
            }
            Ok(None) => {}
            Err(why) => self.give_up_helpers(&why),
        }
    }

    /// A helper has thrown, or could not be loaded.
    pub(super) fn helper_failed(&mut self, event: &JsValue) {
        self.give_up_helpers(&helpers::describe(event));
    }

    /// From now on the node checks scripts itself, those that were out included. Of several that fail the first is enough.
    fn give_up_helpers(&mut self, why: &str) {
        if self.helpers.least().is_none() {
            return;
        }
        for id in self.helpers.give_up() {
            self.node.handle(Input::Unverified { id });
        }
        self.node.handle(Input::Helpers { least: None });
        let line = format!("scripts are checked without helpers from now on: {why}");
        self.feed.push(Event::Log(LogLine::Note(line)), js::monotonic_ms());
    }
}
