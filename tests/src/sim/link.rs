//! What lies between hosts: how long frames take, and what becomes of them on the way.

use super::dice::Dice;
use super::fault::{Fault, FaultCounts};
use super::regions::Regions;
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
    /// Bytes a second; none is unlimited.
    pub bandwidth: Option<u64>,
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
        let latency = Span::from_millis(5);
        Self { latency, jitter: Span(0), bandwidth: None, loss: 0.0, doubling: 0.0, cut: false }
    }
}

/// All lines of a world, each from one host to another.
pub(super) struct Lines {
    seed: u64,
    /// How a line is that nobody changed.
    usual: Link,
    /// Where hosts are, and how lines between such places are, if that is what decides how a line is.
    regions: Option<Regions>,
    /// By where they begin, and there in order of where they end: lines that are otherwise, or carry something in order.
    lines: Vec<Vec<(NodeId, Line)>>,
    dice: Dice,
}

#[derive(Clone, Copy)]
struct Line {
    link: Link,
    /// Swallows everything, and nobody is told.
    dead: bool,
    /// Holds everything back until then.
    clogged_until: Mono,
    /// Until when what was sent already takes all of its bandwidth.
    busy_until: Mono,
    /// When the last frame on the way arrives.
    last_due: Mono,
}

impl Line {
    fn new(link: Link) -> Self {
        let at_once = Mono(0);
        Self { link, dead: false, clogged_until: at_once, busy_until: at_once, last_due: at_once }
    }

    /// When a frame that is sent now and would be there at `due` on an empty line is there, after those before it.
    fn queue(&mut self, now: Mono, due: Mono, length: usize) -> Mono {
        let mut due = due.max(self.clogged_until);
        if let Some(bandwidth) = self.link.bandwidth {
            let takes = Span((length as u64 * 1_000_000).div_ceil(bandwidth.max(1)));
            self.busy_until = self.busy_until.max(now) + takes;
            due = due + (self.busy_until - now);
        }
        self.last_due = due.max(self.last_due);
        self.last_due
    }
}

impl Lines {
    pub(super) fn new(seed: u64) -> Self {
        let dice = Dice::new(seed, "lines");
        Self { seed, usual: Link::default(), regions: None, lines: Vec::new(), dice }
    }

    /// Makes every line that nobody changed yet as `link`.
    pub(super) fn set_usual(&mut self, link: Link) {
        self.usual = link;
    }

    /// Makes every line that nobody changed yet as lines between its ends' regions are.
    pub(super) fn set_regions(&mut self, regions: Regions) {
        self.regions = Some(regions);
    }

    pub(super) fn between(&self, from: NodeId, to: NodeId) -> Link {
        self.find(from, to).map_or_else(|| self.unchanged(from, to), |line| line.link)
    }

    /// To whom the lines from a host are cut.
    pub(super) fn cut_from(&self, from: NodeId) -> Vec<NodeId> {
        let lines = self.lines.get(usize::from(from.0)).into_iter().flatten();
        lines.filter(|(_, line)| line.link.cut).map(|(to, _)| *to).collect()
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

    /// When a frame of so many bytes that is sent now arrives, and when a second copy of it; never where it is lost.
    pub(super) fn carry(
        &mut self,
        now: Mono,
        from: NodeId,
        to: NodeId,
        length: usize,
        faults: &mut FaultCounts,
    ) -> (Option<Mono>, Option<Mono>) {
        let known = self.find(from, to).copied();
        let link = known.map_or_else(|| self.unchanged(from, to), |line| line.link);
        if link.cut || known.is_some_and(|line| line.dead) {
            return (None, None);
        }
        if self.dice.chance(link.loss) {
            faults.note(Fault::FrameLost);
            return (None, None);
        }
        let mut due = now + link.latency;
        if link.jitter > Span(0) {
            due = due + Span(self.dice.within(0, link.jitter.0));
        }
        if known.is_some() || link.jitter > Span(0) || link.bandwidth.is_some() || self.regions.is_some() {
            due = self.line(from, to).queue(now, due, length);
        }
        let echo = self.dice.chance(link.doubling).then(|| {
            faults.note(Fault::FrameDoubled);
            due + Span(self.dice.within(0, LONGEST_ECHO.0))
        });
        (Some(due), echo)
    }

    /// How a line is that nobody changed.
    fn unchanged(&self, from: NodeId, to: NodeId) -> Link {
        self.regions.as_ref().map_or(self.usual, |regions| regions.link(self.seed, from, to))
    }

    fn find(&self, from: NodeId, to: NodeId) -> Option<&Line> {
        let lines = self.lines.get(usize::from(from.0))?;
        let at = lines.binary_search_by_key(&to, |(to, _)| *to).ok()?;
        Some(&lines[at].1)
    }

    fn line(&mut self, from: NodeId, to: NodeId) -> &mut Line {
        let place = usize::from(from.0);
        if self.lines.len() <= place {
            self.lines.resize_with(place + 1, Vec::new);
        }
        let at = self.lines[place].binary_search_by_key(&to, |(to, _)| *to).unwrap_or_else(|at| {
            let new = Line::new(self.unchanged(from, to));
            self.lines[place].insert(at, (to, new));
            at
        });
        &mut self.lines[place][at].1
    }
}
