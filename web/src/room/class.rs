//! What the teacher arranges, as a page of the class follows it: names, parts that hear nothing of each other, frozen
//! screens, a new beginning, scenarios; and what each page tells the teacher.

use super::epoch::Epoch;
use super::report::{self, Report};
use super::{Inner, Room};
use crate::browser;
use crate::lab::Lab;
use leptos::prelude::*;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;
use terrarium_console::Scenario;
use terrarium_core::collections::{BTreeMap, BTreeSet};
use terrarium_core::consensus::ClassParams;
use terrarium_core::interface::{Command, NodeId};
use terrarium_core::primitives::{Amount, BlockHash};
use terrarium_link::room::{
    Beginning, ClassNews, ClassWish, Label, Lesson, RoomCode, RosterLine, Settings, ToRelay,
};
use wasm_bindgen_futures::spawn_local;

/// How often a page tells of its nodes, at most.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// What the teacher said last, so many.
const MAX_SAID: usize = 4;

/// What was announced to the class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Mining goes on, so fast at most.
    Mining(u16),
    /// Mining was paused.
    NotMining,
    /// Nobody new is let in.
    Locked,
    /// Others are again.
    Unlocked,
    /// The class was split; the own team's name.
    Split(String),
    /// It is whole again.
    Whole,
    /// The screens are frozen.
    Frozen,
    /// They are not any more.
    Thawed,
    /// A scenario runs: so many of so many steps.
    Scenario(usize, usize),
    /// It has come to its end.
    ScenarioDone,
    /// The teacher pays everybody so much.
    Given(Amount),
    /// It cannot go on, and why.
    ScenarioFailed(String),
}

/// What views read of the class.
#[derive(Clone, Copy)]
pub(crate) struct ClassState {
    /// The roster, empty where there is none.
    pub(crate) roster: ReadSignal<Vec<RosterLine>>,
    /// What the teacher decided about names; to the teacher's page alone.
    pub(crate) labels: ReadSignal<Vec<Label>>,
    /// What this browser's owner is called by the class, where that is not what was typed.
    pub(crate) called: ReadSignal<Option<String>>,
    /// What the pages tell, by address; to the teacher's page alone.
    pub(crate) reports: ReadSignal<BTreeMap<[u8; 4], Report>>,
    /// What is arranged.
    pub(crate) lesson: ReadSignal<Lesson>,
    /// What was announced, the last of it, with a number of its own each.
    pub(crate) said: ReadSignal<VecDeque<(u32, Said)>>,
    /// How many seconds this machine's clock is behind the room's, where that is much.
    pub(crate) clock_off: ReadSignal<i32>,
    /// Mining in this browser was stopped by hand.
    pub(crate) halted: ReadSignal<bool>,
    /// What the chain begins with; none for one that is built in, or made by hand.
    pub(crate) beginning: ReadSignal<Option<Beginning>>,
}

/// What this module knows of the class.
pub(super) struct Class {
    pub(super) state: ClassState,
    roster: WriteSignal<Vec<RosterLine>>,
    labels: WriteSignal<Vec<Label>>,
    called: WriteSignal<Option<String>>,
    reports: WriteSignal<BTreeMap<[u8; 4], Report>>,
    lesson: WriteSignal<Lesson>,
    said: WriteSignal<VecDeque<(u32, Said)>>,
    clock_off: WriteSignal<i32>,
    halted: WriteSignal<bool>,
    beginning: WriteSignal<Option<Beginning>>,
    /// The epoch that this page's lab is of.
    pub(super) epoch: Epoch,

    /// What the relay was told last.
    told: Vec<u8>,
    /// What was arranged when it was last heard; none before.
    heard: Option<Lesson>,
    next: u32,
    /// Nodes for which an address was asked; at most those of the lab.
    asked: BTreeSet<NodeId>,
}

impl Class {
    pub(super) fn new(code: RoomCode) -> Self {
        let (roster_read, roster) = signal(Vec::new());
        let (labels_read, labels) = signal(Vec::new());
        let (called_read, called) = signal(None);
        let (reports_read, reports) = signal(BTreeMap::new());
        let (lesson_read, lesson) = signal(Lesson::default());
        let (said_read, said) = signal(VecDeque::new());
        let (clock_off_read, clock_off) = signal(0);
        let (halted_read, halted) = signal(is_stopped(code));
        let epoch = Epoch::load(code).unwrap_or_default();
        let (beginning_read, beginning) = signal(epoch.beginning);
        let state = ClassState {
            roster: roster_read,
            labels: labels_read,
            called: called_read,
            reports: reports_read,
            lesson: lesson_read,
            said: said_read,
            clock_off: clock_off_read,
            halted: halted_read,
            beginning: beginning_read,
        };
        let (told, asked) = (Vec::new(), BTreeSet::new());
        Self {
            state,
            roster,
            labels,
            called,
            reports,
            lesson,
            said,
            clock_off,
            halted,
            beginning,
            epoch,
            told,
            heard: None,
            next: 0,
            asked,
        }
    }

    pub(super) fn say(&mut self, said: Said) {
        self.next += 1;
        let number = self.next;
        self.said.update(|all| {
            // The steps of one scenario are one line.
            let goes_on = |said: &Said| matches!(said, Said::Scenario(..));
            if all.back().is_some_and(|(_, last)| goes_on(last))
                && !matches!(said, Said::Mining(_) | Said::NotMining)
            {
                all.pop_back();
            }
            if all.len() == MAX_SAID {
                all.pop_front();
            }
            all.push_back((number, said));
        });
    }

    /// A new connection: what is told of the nodes is told anew.
    pub(super) fn connected(&mut self) {
        self.told.clear();
    }

    /// Somebody has gone.
    pub(super) fn gone(&self, address: [u8; 4]) {
        self.reports.update(|reports| drop(reports.remove(&address)));
    }

    /// The connection is lost, and with it what others told.
    pub(super) fn lost(&self) {
        self.reports.set(BTreeMap::new());
    }

    /// What is said where the settings have changed.
    pub(super) fn settings_changed(&mut self, before: Option<Settings>, now: Settings) {
        if before.is_some_and(|before| before.mining != now.mining || before.khs != now.khs) {
            self.say(if now.mining { Said::Mining(now.khs) } else { Said::NotMining });
        }
        if before.is_some_and(|before| before.locked != now.locked) {
            self.say(if now.locked { Said::Locked } else { Said::Unlocked });
        }
    }
}

/// Under this name the browser remembers that its owner has stopped its mining.
fn halted_key(code: RoomCode) -> String {
    format!("terrarium/room-{code}/stopped")
}

/// Whether the browser remembers that.
fn is_stopped(code: RoomCode) -> bool {
    browser::remembered(&halted_key(code)).is_some()
}

impl Room {
    /// Wishes something for the class; but for a name and a report the relay does it for the teacher alone.
    pub(crate) fn wish(&self, wish: ClassWish) {
        self.with(|inner| inner.tell(&ToRelay::Class(wish)));
    }

    /// Whether the room's chain is made by hand.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.with(|inner| inner.record.is_some_and(|record| record.by_hand))
    }

    /// What was chosen of the chain that this browser's nodes begin with.
    pub(crate) fn class_params(&self) -> Option<ClassParams> {
        self.with(|inner| inner.class.epoch.class_params())
    }

    /// Takes in news of the class.
    pub(super) fn hear_class(&self, news: ClassNews) {
        match news {
            ClassNews::Roster(lines) => self.with(|inner| inner.class.roster.set(lines)),
            ClassNews::Labels(labels) => self.with(|inner| inner.class.labels.set(labels)),
            ClassNews::Called(name) => self.with(|inner| inner.class.called.set(Some(name))),
            ClassNews::Report { address, report } => {
                if let Some(report) = Report::read(&report) {
                    self.learn(&report);
                    self.with(|inner| inner.class.reports.update(|all| drop(all.insert(address, report))));
                }
            }
            ClassNews::Lesson { epoch, beginning, lesson } => {
                self.hear_lesson(Epoch { number: epoch, beginning }, lesson);
            }
            // The teacher's page runs none: it is where the class is watched.
            ClassNews::Scenario(text) if !self.is_teacher() => self.play(text),
            ClassNews::Scenario(_) => {}
            ClassNews::Given(coins) => {
                let coins = Amount::from_sat(i64::try_from(coins).unwrap_or(i64::MAX));
                self.change(|inner| inner.class.say(Said::Given(coins)));
            }
        }
    }

    /// The blocks of the class are drawn where those of the own nodes are.
    fn learn(&self, report: &Report) {
        let lab = self.with(|inner| inner.lab);
        if let (Some(lab), Some(node)) = (lab, report.own_node()) {
            lab.learn_blocks(node.id, &report.blocks);
        }
    }

    fn hear_lesson(&self, epoch: Epoch, lesson: Lesson) {
        let (lab, own) = self.with(|inner| (inner.lab, inner.class.epoch));
        if epoch == own {
            return self.take_lesson(lesson);
        }
        epoch.save(self.code);
        if let Some(lab) = lab {
            return self.begin_anew(lab);
        }
        self.change(|inner| {
            inner.class.epoch = epoch;
            inner.class.heard = None;
            inner.class.beginning.set(epoch.beginning);
        });
        let room = *self;
        spawn_local(async move {
            own.delete_lab(room.code).await;
            // What was heard meanwhile is newer.
            if room.with(|inner| inner.class.epoch == epoch && inner.class.heard.is_none()) {
                room.take_lesson(lesson);
            }
        });
    }

    fn take_lesson(&self, lesson: Lesson) {
        let address = self.address().octets();
        self.change(|inner| {
            let class = &mut inner.class;
            if let Some(before) = class.heard.replace(lesson.clone()) {
                if before.teams != lesson.teams {
                    let team = lesson.team_of(address).and_then(|at| lesson.teams.get(at));
                    class.say(team.map_or(Said::Whole, |team| Said::Split(team.name.clone())));
                }
                if before.frozen != lesson.frozen {
                    class.say(if lesson.frozen { Said::Frozen } else { Said::Thawed });
                }
            }
            class.lesson.set(lesson.clone());
            let texts = inner.presence.arrange(address, lesson);
            inner.say(texts);
            inner.presence.apart().into_iter().for_each(|other| inner.direct.remove(other));
            if let Some(first) = inner.first.take() {
                // Who asked may have gone.
                let _ = first.send(Ok(()));
            }
        });
        self.run_errands();
    }

    /// The class begins a new chain: this lab is of the old one. Nothing of it crosses any more, and the page opens anew.
    fn begin_anew(&self, lab: Lab) {
        self.change(|inner| {
            inner.socket = None;
            inner.bridge = None;
        });
        spawn_local(async move { lab.new_network().await });
    }

    /// Runs a scenario of the teacher's, and says how it goes.
    fn play(&self, text: String) {
        let room = *self;
        let say = move |said| room.change(|inner| inner.class.say(said));
        let Some((host, lab)) = self.with(|inner| Some((inner.host.clone()?, inner.lab?))) else { return };
        let own = lab.nodes(|nodes| nodes.keys().next().copied());
        let text = for_node(&text, own.unwrap_or(NodeId(0)));
        let scenario = match text.parse::<Scenario>() {
            Ok(scenario) => scenario,
            Err(error) => return say(Said::ScenarioFailed(error.to_string())),
        };
        let all = scenario.steps();
        say(Said::Scenario(0, all));
        let mut done = 0;
        spawn_local(async move {
            let step = move |_: &terrarium_console::StepReport| {
                done += 1;
                say(Said::Scenario(done, all));
            };
            let report = scenario.run(&host.for_console(), step).await;
            say(report.failure().map_or(Said::ScenarioDone, Said::ScenarioFailed));
        });
    }

    /// Tells of this page's nodes from now on, as often as there is news.
    pub(crate) fn keep_telling(&self) {
        let room = *self;
        set_interval(move || room.tell_of_nodes(), REPORT_EVERY);
    }

    /// Tells of this page's nodes, if there is news.
    pub(crate) fn tell_of_nodes(&self) {
        let (lab, time) = self.with(|inner| (inner.lab, inner.time));
        let Some(lab) = lab else { return };
        self.keep_pace();
        let off = time.map_or(0, |heard| report::clock_off(heard.relay_ms, heard.own_ms));
        let stories = self.state.stories;
        let is_direct = |ip: IpAddr| {
            stories.with_untracked(|all| {
                all.iter().any(|(place, story)| ip == IpAddr::from(*place) && story.is_direct())
            })
        };
        let report = Report::of(lab, report::is_hidden(), off, is_direct);
        self.make_addresses(lab, &report);
        self.change(|inner| {
            if inner.class.state.clock_off.get_untracked() != report.clock_off {
                inner.class.clock_off.set(report.clock_off);
            }
            if let Some(bytes) = report.write().filter(|bytes| *bytes != inner.class.told)
                && inner.tell(&ToRelay::Class(ClassWish::Report(bytes.clone())))
            {
                inner.class.told = bytes;
            }
        });
    }

    /// A node of a class has an address under which it can be paid. Where the chain is made by hand the wallets are too.
    fn make_addresses(&self, lab: Lab, report: &Report) {
        if self.with(|inner| inner.record.is_none_or(|record| record.by_hand)) {
            return;
        }
        let lacks = |node: &&report::NodeReport| {
            node.address.is_none() && node.tip.is_some() && node.standing == report::Standing::Running
        };
        let lacking: Vec<NodeId> = report.nodes.iter().filter(lacks).map(|node| node.id).collect();
        let room = *self;
        for id in lacking.into_iter().filter(|id| room.change(|inner| inner.class.asked.insert(*id))) {
            spawn_local(async move {
                // What fails now is tried again in a second.
                if lab.first_address(id).await.is_err() {
                    room.change(|inner| inner.class.asked.remove(&id));
                }
            });
        }
    }

    /// The tips of all nodes of which pages of the class tell; views that read them follow.
    pub(crate) fn tips(&self) -> Vec<(NodeId, BlockHash)> {
        self.state.class.reports.with(|reports| {
            let nodes = reports.values().flat_map(|report| &report.nodes);
            nodes.filter_map(|node| Some((node.id, node.tip?))).collect()
        })
    }

    /// The name of whoever runs a node, where one is known; views that read it follow.
    pub(crate) fn owner_of(&self, id: NodeId) -> Option<String> {
        let own = self.with(|inner| inner.lab.map(|lab| lab.nodes(|nodes| nodes.keys().next().copied())));
        if own.flatten() == Some(id) {
            let called = self.state.class.called.get();
            return Some(called.unwrap_or_else(super::own_name)).filter(|name| !name.is_empty());
        }
        self.state.members.with(|members| {
            let runs = |member: &&super::Member| member.nodes.iter().any(|node| node.port == id.0);
            members.iter().find(runs).map(|member| member.name.clone()).filter(|name| !name.is_empty())
        })
    }

    /// Stops the mining of this browser's nodes, whatever the class does.
    pub(crate) fn halt(&self) {
        browser::remember(&halted_key(self.code), "by hand");
        let lab = self.change(|inner| {
            inner.class.halted.set(true);
            inner.followed = None;
            inner.lab
        });
        if let Some(lab) = lab {
            lab.follow_mining(false, 0.0);
        }
    }

    /// Goes by what the class does again.
    pub(crate) fn unhalt(&self) {
        browser::forget(&halted_key(self.code));
        self.change(|inner| {
            inner.class.halted.set(false);
            inner.followed = None;
        });
        self.follow_settings();
    }

    /// Splits the class into these teams, or joins it again where there are none; the screens stay as they are.
    pub(crate) fn split(&self, teams: Vec<terrarium_link::room::Team>) {
        let frozen = self.state.class.lesson.with_untracked(|lesson| lesson.frozen);
        self.wish(ClassWish::Arrange(Lesson { frozen, teams }));
    }

    /// Freezes the students' screens, or lets them go.
    pub(crate) fn freeze(&self, frozen: bool) {
        let teams = self.state.class.lesson.with_untracked(|lesson| lesson.teams.clone());
        self.wish(ClassWish::Arrange(Lesson { frozen, teams }));
    }
}

/// A scenario of the class as one page runs it: `{own}` stands for its own node.
pub(crate) fn for_node(text: &str, own: NodeId) -> String {
    text.replace("{own}", &own.to_string())
}

/// Pays an address from the one that can pay most, as the teacher does when coins are given out.
pub(crate) async fn pay(
    lab: Lab,
    from: NodeId,
    to: String,
    amount: Amount,
) -> Result<(), crate::lab::LabError> {
    let payer = lab.nodes(|nodes| nodes.get(&from)?.snapshot()?.wallet.payer.clone());
    let source = match payer {
        Some(payer) => payer.address,
        None => lab.first_address(from).await?,
    };
    let command = Command::Send { from: source, to, amount, fee: None, mine: false };
    lab.exec(from, command).await.map(drop)
}

impl Inner {
    /// Reads again whether mining was stopped by hand: another tab may have stopped it, or let it go on.
    pub(super) fn recall_stop(&mut self, code: RoomCode) {
        let halted = is_stopped(code);
        if halted != self.is_halted() {
            self.class.halted.set(halted);
            self.followed = None;
        }
    }

    /// Whether the class's mining is not this browser's.
    pub(super) fn is_halted(&self) -> bool {
        self.class.state.halted.get_untracked()
    }
}
