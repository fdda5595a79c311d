//! What lies between hosts: how long frames take, and what becomes of them on the way.

use super::dice::Dice;
use super::fault::{Fault, FaultCounts};
use std::collections::BTreeMap;
use terrarium_core::interface::NodeId;
use terrarium_core::time::{Mono, Span};

/// The longest that the second copy of a frame comes after the first.
const LONGEST_ECHO: Span = Span::from_millis(500);

/// How the way from one host to another is. Frames keep their order on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// One way.
    pub latency: Span,
    /// Up to this much more, drawn evenly for each frame.
    pub jitter: Span,
    /// The share of frames that vanish.
    pub loss: f64,
    /// The share of frames that come twice.
    pub doubling: f64,
    /// Nothing passes, and both ends know it: sessions end, and none begins.
    pub cut: bool,
}

impl Default for Link {
    /// Five milliseconds, and nothing happens on the way.
    fn default() -> Self {
        Self { latency: Span::from_millis(5), jitter: Span(0), loss: 0.0, doubling: 0.0, cut: false }
    }
}

/// All lines of a world, each from one host to another.
pub(super) struct Lines {
    /// How a line is that nobody changed.
    usual: Link,
    /// Lines that are otherwise, or carry something in order.
    lines: BTreeMap<(NodeId, NodeId), Line>,
    dice: Dice,
}

#[derive(Clone, Copy)]
struct Line {
    link: Link,
    /// Swallows everything, and nobody is told.
    dead: bool,
    /// Holds everything back until then.
    clogged_until: Mono,
    /// When the last frame on the way arrives.
    last_due: Mono,
}

impl Lines {
    pub(super) fn new(seed: u64) -> Self {
        Self { usual: Link::default(), lines: BTreeMap::new(), dice: Dice::new(seed, "lines") }
    }

    /// Makes every line that nobody changed yet as `link`.
    pub(super) fn set_usual(&mut self, link: Link) {
        self.usual = link;
    }

    pub(super) fn between(&self, from: NodeId, to: NodeId) -> Link {
        self.lines.get(&(from, to)).map_or(self.usual, |line| line.link)
    }

    pub(super) fn set(&mut self, from: NodeId, to: NodeId, link: Link) {
        self.line(from, to).link = link;
    }

    pub(super) fn set_dead(&mut self, from: NodeId, to: NodeId, dead: bool) {
        self.line(from, to).dead = dead;
    }

    pub(super) fn clog(&mut self, from: NodeId, to: NodeId, until: Mono) {
        self.line(from, to).clogged_until = until;
    }

    /// When the copies of a frame that is sent now arrive; none where it is lost.
    pub(super) fn carry(
        &mut self,
        now: Mono,
        from: NodeId,
        to: NodeId,
        faults: &mut FaultCounts,
    ) -> [Option<Mono>; 2] {
        let link = self.between(from, to);
        let known = self.lines.get(&(from, to)).copied();
        if link.cut || known.is_some_and(|line| line.dead) {
            return [None, None];
        }
        if self.dice.chance(link.loss) {
            faults.note(Fault::FrameLost);
            return [None, None];
        }
        let mut due = now + link.latency;
        if link.jitter > Span(0) {
            due = due + Span(self.dice.within(0, link.jitter.0));
        }
        if let Some(line) = known {
            due = due.max(line.clogged_until);
        }
        if known.is_some() || link.jitter > Span(0) {
            let line = self.line(from, to);
            due = due.max(line.last_due);
            line.last_due = due;
        }
        let echo = self.dice.chance(link.doubling).then(|| {
            faults.note(Fault::FrameDoubled);
            due + Span(self.dice.within(0, LONGEST_ECHO.0))
        });
        [Some(due), echo]
    }

    fn line(&mut self, from: NodeId, to: NodeId) -> &mut Line {
        let new = Line { link: self.usual, dead: false, clogged_until: Mono(0), last_due: Mono(0) };
        self.lines.entry((from, to)).or_insert(new)
    }
}
