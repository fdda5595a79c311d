//! Lines typed before, as the arrow keys walk them.

use std::collections::VecDeque;

/// Lines kept at most.
const HISTORY_LINES: usize = 200;

/// A terminal's history.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Oldest first; at most `HISTORY_LINES`, enforced by `push`.
    lines: VecDeque<String>,
    /// How far back the walk is: 0 is the line being typed.
    back: usize,
}

impl History {
    /// Adds a line and ends the walk; blank lines and repetitions of the last are not kept.
    pub fn push(&mut self, line: &str) {
        self.back = 0;
        let line = line.trim();
        if line.is_empty() || self.lines.back().is_some_and(|last| last == line) {
            return;
        }
        if self.lines.len() == HISTORY_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }

    /// One line further back; stays at the oldest.
    pub fn older(&mut self) -> Option<&str> {
        self.back = (self.back + 1).min(self.lines.len());
        self.current()
    }

    /// One line forward; none once the walk is back at the line being typed.
    pub fn newer(&mut self) -> Option<&str> {
        self.back = self.back.saturating_sub(1);
        self.current()
    }

    /// Whether an earlier line is shown instead of the one being typed.
    pub fn is_walking(&self) -> bool {
        self.back > 0
    }

    fn current(&self) -> Option<&str> {
        let index = self.lines.len().checked_sub(self.back)?;
        self.lines.get(index).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrow_keys_walk_back_to_the_oldest_line_and_forward_to_an_empty_one() {
        let mut history = History::default();
        for line in ["one", "two", "two", " "] {
            history.push(line);
        }
        assert_eq!(history.older(), Some("two"));
        assert_eq!(history.older(), Some("one"));
        assert_eq!(history.older(), Some("one"));
        assert_eq!(history.newer(), Some("two"));
        assert_eq!(history.newer(), None);
    }

    #[test]
    fn history_is_bounded() {
        let mut history = History::default();
        for n in 0..HISTORY_LINES + 5 {
            history.push(&n.to_string());
        }
        assert_eq!(history.lines.len(), HISTORY_LINES);
        assert_eq!(history.lines[0], "5");
    }
}
