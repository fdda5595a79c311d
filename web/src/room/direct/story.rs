//! How a link to another browser came to be as it is, step by step, for people to read.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use terrarium_link::room::NoReason;

/// Steps that are remembered of one link; the oldest go first.
const MAX_STEPS: usize = 12;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A session has begun, by the relay: the two are to be introduced.
    Began,
    /// This browser has described itself to the other one, through the relay.
    Offered,
    /// The answer has gone, or come, through the relay.
    Answered,
    /// This browser knows under which addresses it may be reached: so many.
    Gathered(u32),
    /// The other browser has named more addresses than are tried: so many too many.
    Ignored(u32),
    /// The two have reached each other: the channel is up.
    Punched,
    /// Both ends send by the channel; the relay is out of the path.
    Direct,
    /// The relay carries the link, because.
    Back(Why),
}

/// Why a link is not direct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// This browser has no WebRTC.
    Unsupported,
    /// The other one has none.
    OtherUnsupported,
    /// One of the two has as many direct links as it takes.
    TooMany,
    /// It took too long: nothing gets through between the two.
    TooLate,
    /// The channel was closed, or failed.
    Closed,
    /// The other end has given it up.
    OtherEnd,
    /// What came by the channel was no frame of its other end.
    Strange,
    /// Direct links are switched off.
    Off,
}

impl Why {
    pub(super) fn of(reason: NoReason) -> Self {
        match reason {
            NoReason::Unsupported => Self::OtherUnsupported,
            NoReason::TooMany => Self::TooMany,
            NoReason::Failed => Self::OtherEnd,
        }
    }

    /// As programs read it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::OtherUnsupported => "unsupported_there",
            Self::TooMany => "too_many",
            Self::TooLate => "too_late",
            Self::Closed => "closed",
            Self::OtherEnd => "given_up_there",
            Self::Strange => "strange",
            Self::Off => "off",
        }
    }
}

impl Step {
    /// As programs read it.
    pub(crate) fn code(self) -> String {
        match self {
            Self::Began => "began".to_owned(),
            Self::Offered => "offered".to_owned(),
            Self::Answered => "answered".to_owned(),
            Self::Gathered(count) => format!("gathered_{count}"),
            Self::Ignored(count) => format!("ignored_{count}"),
            Self::Punched => "punched".to_owned(),
            Self::Direct => "direct".to_owned(),
            Self::Back(why) => format!("back_{}", why.code()),
        }
    }
}

/// The steps of one link, each with when it was taken, in milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Story {
    /// Bounded by [`MAX_STEPS`].
    steps: VecDeque<(f64, Step)>,
}

impl Story {
    /// The steps, the first one first.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (f64, Step)> {
        self.steps.iter().copied()
    }

    /// Whether the relay has left the path.
    pub(crate) fn is_direct(&self) -> bool {
        let decisive = |step: &Step| matches!(step, Step::Direct | Step::Back(_) | Step::Began);
        self.steps.iter().rev().map(|(_, step)| *step).find(decisive) == Some(Step::Direct)
    }

    /// What workers are told of the link to a browser, for `getpeerinfo`.
    pub(crate) fn text(&self, place: [u8; 4]) -> String {
        let way = if self.is_direct() { "direct" } else { "relay" };
        let step = |(time, step): &(f64, Step)| format!(" {}@{time:.0}", step.code());
        let steps: String = self.steps.iter().map(step).collect();
        format!("path {} {way}{steps}", Ipv4Addr::from(place))
    }

    /// An attempt begins: what was before it is told no more, but for why the last one ended.
    pub(super) fn begin(&mut self, now: f64) {
        self.steps.retain(|(_, step)| matches!(step, Step::Back(_)));
        while self.steps.len() > 1 {
            self.steps.pop_front();
        }
        self.add(Step::Began, now);
    }

    pub(super) fn add(&mut self, step: Step, now: f64) {
        if self.steps.back().is_some_and(|(_, last)| *last == step) {
            return;
        }
        if matches!((step, self.steps.back()), (Step::Ignored(_), Some((_, Step::Ignored(_))))) {
            self.steps.pop_back();
        }
        if self.steps.len() >= MAX_STEPS {
            self.steps.pop_front();
        }
        self.steps.push_back((now, step));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_direct_from_the_step_that_says_so_until_the_one_that_takes_it_back() {
        let mut story = Story::default();
        for step in [Step::Offered, Step::Punched] {
            story.begin(1.0);
            story.add(step, 2.0);
            assert!(!story.is_direct());
        }
        story.add(Step::Direct, 3.0);
        story.add(Step::Gathered(2), 4.0);
        assert!(story.is_direct());
        assert_eq!(story.text([10, 1, 0, 3]), "path 10.1.0.3 direct began@1 punched@2 direct@3 gathered_2@4");
        story.add(Step::Back(Why::Closed), 5.0);
        assert!(!story.is_direct());
        story.begin(6.0);
        assert_eq!(story.text([10, 1, 0, 3]), "path 10.1.0.3 relay back_closed@5 began@6");
    }

    #[test]
    fn the_steps_of_a_link_are_bounded_and_so_is_their_text() {
        let mut story = Story::default();
        for count in 0..1_000 {
            story.add(Step::Gathered(u32::MAX - count), 1.7e12);
            story.add(Step::Back(Why::OtherUnsupported), 1.7e12);
        }
        assert_eq!(story.steps().count(), MAX_STEPS);
        assert!(story.text([10, 255, 255, 255]).len() <= 600, "as much as workers read");
    }
}
