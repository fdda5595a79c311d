//! Watching for attacks, from this node's own peers alone (seed 004): few address groups, many messages, one program, an
//! old tip, headers without work. Judges once a second at most; what is done about it is the facade's (`watching`).

use super::limits::{
    MAX_AGENT_SHARE_PERCENT, MESSAGE_RATE_FACTOR, MIN_AGENT_PEERS, MIN_MESSAGE_RATE_HISTORY,
    STALE_TIP_SPACINGS, WATCH_ACTION_INTERVAL, WATCH_INTERVAL, WATCHED_LOW_WORK_HEADERS, WATCHED_MESSAGES,
};
use super::sliding_window::SlidingWindow;
use crate::consensus::ConsensusParams;
use crate::interface::{ActiveWarning, NetworkWarning, WatchSummary};
use crate::time::{Mono, Span, Time};

/// The peers as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Crowd {
    /// Peers whose handshake is over.
    pub(crate) peers: u32,
    /// The address groups that they are of.
    pub(crate) groups: u32,
    /// The program that most of them run.
    pub(crate) agent: String,
    /// How many of them run it.
    pub(crate) of_it: u32,
    /// How many are over their budgets.
    pub(crate) waiting: u32,
    /// Blocks are on their way: the tip may be late for want of them.
    pub(crate) is_downloading: bool,
}

/// A warning that holds, and what was last done about it.
#[derive(Clone, Debug)]
struct Alarm {
    active: ActiveWarning,
    acted: Mono,
    done: u32,
}

/// A warning that came, or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) warning: NetworkWarning,
    pub(crate) active: bool,
}

/// The watch.
#[derive(Debug)]
pub(crate) struct Watch {
    /// How old a tip may be; none where blocks are made when somebody wants one.
    stale_after: Option<Span>,
    messages: SlidingWindow,
    low_work: SlidingWindow,
    /// Peers that were cut off for headers without work.
    cut_off: SlidingWindow,
    /// When the tip last changed.
    tip_since: Mono,
    tip_moved: bool,
    /// So many peers ran so many programs once that one can have come to be most of them.
    was_mixed: bool,
    crowd: Crowd,
    judged: Option<Mono>,
    /// Peers came or went since.
    crowd_changed: bool,
    /// When the tip will be old, if nothing happens.
    stale_at: Option<Mono>,
    /// At most one of each kind.
    alarms: Vec<Alarm>,
}

impl Watch {
    pub(crate) fn new(consensus: &ConsensusParams) -> Self {
        let spacing = Span::from_secs(u64::from(consensus.spacing));
        Self::starting(consensus.retarget.map(|_| Span(spacing.0 * STALE_TIP_SPACINGS)), Mono(0))
    }

    /// The node joins the network, or leaves it: nothing is usual or unusual yet.
    pub(crate) fn restart(&mut self, now: Mono) {
        *self = Self::starting(self.stale_after, now);
    }

    fn starting(stale_after: Option<Span>, now: Mono) -> Self {
        let window = SlidingWindow::new(now);
        Self {
            stale_after,
            messages: window.clone(),
            low_work: window.clone(),
            cut_off: window,
            tip_since: now,
            tip_moved: false,
            was_mixed: false,
            crowd: Crowd::default(),
            judged: None,
            crowd_changed: false,
            stale_at: None,
            alarms: Vec::new(),
        }
    }

    /// A message came.
    pub(crate) fn heard(&mut self, now: Mono) {
        self.messages.advance(now);
        self.messages.add(1);
    }

    /// What just came was asked for: however much of it there is, it is no flood.
    pub(crate) const fn was_asked_for(&mut self) {
        self.messages.take_back();
    }

    /// Headers came that have not enough work, and are not kept.
    pub(crate) fn heard_low_work(&mut self, headers: u32, now: Mono) {
        self.low_work.advance(now);
        self.low_work.add(headers);
    }

    /// A peer was cut off for such.
    pub(crate) fn cut_off(&mut self, now: Mono) {
        self.cut_off.advance(now);
        self.cut_off.add(1);
    }

    /// The chain has a new tip.
    pub(crate) const fn tip_changed(&mut self) {
        self.tip_moved = true;
    }

    /// A peer came, or went.
    pub(crate) const fn crowd_changed(&mut self) {
        self.crowd_changed = true;
    }

    /// A step begins; whether it is time to judge.
    pub(crate) fn is_due(&mut self, now: Mono) -> bool {
        if std::mem::take(&mut self.tip_moved) {
            self.tip_since = now;
        }
        self.judged.is_none_or(|judged| judged + WATCH_INTERVAL <= now)
    }

    /// The peers as they were when they were last looked at, if nobody came or went since.
    pub(crate) fn known_crowd(&self) -> Option<Crowd> {
        (self.judged.is_some() && !self.crowd_changed).then(|| self.crowd.clone())
    }

    /// Looks at everything. Returns what is unusual now, as far as is known before anything is done about it.
    pub(crate) fn judge(&mut self, crowd: Crowd, now: Mono) -> Vec<NetworkWarning> {
        for window in [&mut self.messages, &mut self.low_work, &mut self.cut_off] {
            window.advance(now);
        }
        self.crowd = crowd;
        self.judged = Some(now);
        self.crowd_changed = false;
        self.stale_at = self.next_stale(now);
        let found = [
            self.low_diversity(),
            self.message_rate(),
            self.uniform_agents(),
            self.stale_tip(now),
            self.low_work_headers(),
        ];
        found.into_iter().flatten().collect()
    }

    /// Whether something is to be done about a warning now: it is new, or lasts.
    pub(crate) fn is_action_due(&self, warning: &NetworkWarning, now: Mono) -> bool {
        let alarm = self.alarms.iter().find(|alarm| alarm.active.warning.code() == warning.code());
        alarm.is_none_or(|alarm| alarm.acted + WATCH_ACTION_INTERVAL <= now)
    }

    /// These warnings hold now; `done` says what was just done about them, none where nothing was due. Tells which came
    /// and which went.
    pub(crate) fn update(&mut self, found: Vec<(NetworkWarning, Option<u32>)>, now: Time) -> Vec<Change> {
        let holds =
            |alarm: &Alarm| found.iter().any(|(warning, _)| warning.code() == alarm.active.warning.code());
        let (kept, gone): (Vec<Alarm>, Vec<Alarm>) =
            std::mem::take(&mut self.alarms).into_iter().partition(holds);
        self.alarms = kept;
        let mut changes: Vec<Change> =
            gone.into_iter().map(|alarm| Change { warning: alarm.active.warning, active: false }).collect();
        for (warning, done) in found {
            let is_same = |alarm: &&mut Alarm| alarm.active.warning.code() == warning.code();
            if let Some(alarm) = self.alarms.iter_mut().find(is_same) {
                if let Some(done) = done {
                    (alarm.acted, alarm.done) = (now.mono, alarm.done.saturating_add(done));
                }
                alarm.active.warning = with_done(warning, alarm.done);
            } else {
                let done = done.unwrap_or_default();
                let warning = with_done(warning, done);
                changes.push(Change { warning: warning.clone(), active: true });
                let active = ActiveWarning { since: now.unix.0, warning };
                self.alarms.push(Alarm { active, acted: now.mono, done });
            }
        }
        changes
    }

    /// When to judge though nothing happens: peers came or went, or something is unusual, whose figures change and which
    /// ends.
    pub(crate) fn next_wakeup(&self) -> Option<Mono> {
        let is_moving = self.crowd_changed || !self.alarms.is_empty();
        let again = self.judged.filter(|_| is_moving).map(|judged| judged + WATCH_INTERVAL);
        again.into_iter().chain(self.stale_at).min()
    }

    /// What the watch sees.
    pub(crate) fn summary(&self, now: Mono) -> WatchSummary {
        let Crowd { peers, groups, agent, of_it, .. } = self.crowd.clone();
        WatchSummary {
            peers,
            groups,
            agent,
            of_it,
            messages: self.messages.last(),
            median: self.messages.median(),
            tip_age: seconds(now - self.tip_since),
            low_work_headers: self.low_work.total(),
            warnings: self.alarms.iter().map(|alarm| alarm.active.clone()).collect(),
        }
    }

    fn low_diversity(&self) -> Option<NetworkWarning> {
        let Crowd { peers, groups, .. } = self.crowd;
        (2 * groups < peers).then_some(NetworkWarning::LowDiversity { groups, peers, asked: 0 })
    }

    /// The first minute only shows what is usual.
    fn message_rate(&self) -> Option<NetworkWarning> {
        let (messages, median) = (self.messages.recent(), self.messages.median());
        let is_known = self.messages.slots() >= MIN_MESSAGE_RATE_HISTORY;
        let is_unusual =
            messages >= WATCHED_MESSAGES && messages > median.saturating_mul(MESSAGE_RATE_FACTOR);
        let waiting = self.crowd.waiting;
        (is_known && is_unusual).then_some(NetworkWarning::MessageRate { messages, median, waiting })
    }

    /// Where all have always run one program that says nothing: the share must have risen.
    fn uniform_agents(&mut self) -> Option<NetworkWarning> {
        let Crowd { peers, of_it, ref agent, .. } = self.crowd;
        if peers < MIN_AGENT_PEERS {
            return None;
        }
        let is_uniform = 100 * of_it > MAX_AGENT_SHARE_PERCENT * peers;
        self.was_mixed |= !is_uniform;
        let warning = || NetworkWarning::UniformAgents { agent: agent.clone(), of_it, peers, asked: 0 };
        (is_uniform && self.was_mixed).then(warning)
    }

    fn stale_tip(&self, now: Mono) -> Option<NetworkWarning> {
        let age = now - self.tip_since;
        let is_stale = self.may_be_stale() && self.stale_after.is_some_and(|after| age >= after);
        is_stale.then(|| NetworkWarning::StaleTip { seconds: seconds(age), asked: 0 })
    }

    fn low_work_headers(&self) -> Option<NetworkWarning> {
        let headers = self.low_work.total();
        let cut_off = self.cut_off.total();
        (headers > WATCHED_LOW_WORK_HEADERS).then_some(NetworkWarning::LowWorkHeaders { headers, cut_off })
    }

    /// Who has no peers hears of no blocks, and knows why.
    const fn may_be_stale(&self) -> bool {
        self.crowd.peers > 0 && !self.crowd.is_downloading
    }

    /// Not before it is time to judge again.
    fn next_stale(&self, now: Mono) -> Option<Mono> {
        let at = self.tip_since + self.stale_after?;
        (self.may_be_stale() && at > now).then(|| at.max(now + WATCH_INTERVAL))
    }
}

/// The warning with what was done about it.
fn with_done(warning: NetworkWarning, done: u32) -> NetworkWarning {
    use NetworkWarning::{LowDiversity, StaleTip, UniformAgents};
    match warning {
        LowDiversity { groups, peers, .. } => LowDiversity { groups, peers, asked: done },
        UniformAgents { agent, of_it, peers, .. } => UniformAgents { agent, of_it, peers, asked: done },
        StaleTip { seconds, .. } => StaleTip { seconds, asked: done },
        other => other,
    }
}

fn seconds(span: Span) -> u32 {
    u32::try_from(span.as_millis() / 1_000).unwrap_or(u32::MAX)
}
