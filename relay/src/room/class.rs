//! What a teacher arranges in a room: names, the roster, parts between which nothing passes, a new beginning. The relay
//! carries what pages tell of their nodes to the teacher's page and understands nothing of it: that a balance is so much
//! is what the student's page says.

use super::{Inner, Member, Room, Seat};
use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use terrarium_link::room::{
    Beginning, ClassNews, ClassWish, Label, Lesson, MAX_ADDRESSES, MAX_CLASS_KHS, MAX_ROSTER, MAX_TEAMS,
    RosterLine, Team, ToBrowser, clean_name,
};

/// The part of a class that survives a restart. Browsers are named by the last two bytes of their addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Class {
    /// At most `MAX_ROSTER`.
    roster: Vec<Line>,
    /// At most `MAX_ADDRESSES`.
    labels: BTreeMap<u16, Named>,
    epoch: u32,
    frozen: bool,
    /// At most `MAX_TEAMS`, each of at most `MAX_ADDRESSES`.
    teams: Vec<Part>,
    /// The part of whoever is not in the first; empty where the class is whole.
    #[serde(skip)]
    sides: BTreeMap<u16, usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    number: String,
    name: String,
    held: Option<u16>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Named {
    name: String,
    hidden: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    name: String,
    members: Vec<u16>,
}

impl Class {
    /// What a file holds, within its bounds.
    pub(crate) fn bounded(mut self) -> Self {
        self.roster.truncate(MAX_ROSTER);
        for line in &mut self.roster {
            (line.number, line.name) = (clean_name(&line.number), clean_name(&line.name));
        }
        while self.labels.len() > MAX_ADDRESSES {
            self.labels.pop_last();
        }
        self.labels.values_mut().for_each(|named| named.name = clean_name(&named.name));
        self.teams.truncate(MAX_TEAMS);
        for team in &mut self.teams {
            team.name = clean_name(&team.name);
            team.members.truncate(MAX_ADDRESSES);
        }
        self.find_sides();
        self
    }

    /// Whether frames between two browsers are kept back.
    pub(super) fn parts(&self, a: u16, b: u16) -> bool {
        let side = |number| self.sides.get(&number).copied().unwrap_or(0);
        !self.sides.is_empty() && side(a) != side(b)
    }

    /// What somebody is called who typed a name: what the teacher said, else what was picked, else what was typed.
    fn name<'a>(&'a self, number: u16, typed: &'a str) -> &'a str {
        let said = self.labels.get(&number).map(|named| named.name.as_str()).filter(|name| !name.is_empty());
        let picked =
            || self.roster.iter().find(|line| line.held == Some(number)).map(|line| line.name.as_str());
        said.or_else(picked).unwrap_or(typed)
    }

    /// The same for the eyes of others.
    pub(super) fn shown<'a>(&'a self, number: u16, typed: &'a str, to_teacher: bool) -> &'a str {
        let hidden = self.labels.get(&number).is_some_and(|named| named.hidden);
        if hidden && !to_teacher { "" } else { self.name(number, typed) }
    }

    fn find_sides(&mut self) {
        self.sides.clear();
        for (side, team) in self.teams.iter().enumerate() {
            for number in &team.members {
                self.sides.entry(*number).or_insert(side);
            }
        }
        self.sides.retain(|_, side| *side > 0);
    }

    /// Takes over a roster; who has picked a line that is still there keeps it.
    fn set_roster(&mut self, lines: Vec<RosterLine>) {
        let old = std::mem::take(&mut self.roster);
        let line = |line: RosterLine| {
            let (number, name) = (clean_name(&line.number), clean_name(&line.name));
            let same = old.iter().find(|old| old.number == number && old.name == name);
            Line { held: same.and_then(|old| old.held), number, name }
        };
        self.roster = lines.into_iter().map(line).filter(|line| !line.name.is_empty()).collect();
    }

    fn label(&mut self, number: u16, named: Named) {
        if named == Named::default() {
            self.labels.remove(&number);
        } else if self.labels.len() < MAX_ADDRESSES || self.labels.contains_key(&number) {
            self.labels.insert(number, named);
        }
    }
}

impl Room {
    /// What a browser that comes is told of the class.
    pub(super) fn class_news(&self, inner: &Inner, number: u16, teacher: bool) -> Vec<ToBrowser> {
        let mut news = vec![self.lesson(inner)];
        if !inner.class.roster.is_empty() {
            news.push(self.roster(inner, (!teacher).then_some(number)));
        }
        if let Some(member) = inner.members.get(&number)
            && inner.class.name(number, &member.name) != member.name
        {
            news.push(called(inner, number, member));
        }
        if teacher {
            news.push(self.labels(inner));
            let told = inner.members.iter().filter(|(_, member)| !member.report.is_empty());
            news.extend(told.map(|(number, member)| self.report(*number, &member.report)));
        }
        news
    }

    fn lesson(&self, inner: &Inner) -> ToBrowser {
        let Class { epoch, frozen, teams, .. } = &inner.class;
        let team = |part: &Part| {
            let members = part.members.iter().map(|number| self.pass(*number).address).collect();
            Team { name: part.name.clone(), members }
        };
        let lesson = Lesson { frozen: *frozen, teams: teams.iter().map(team).collect() };
        ToBrowser::Class(ClassNews::Lesson { epoch: *epoch, beginning: inner.beginning, lesson })
    }

    /// The roster as the browser with this number sees it, or the teacher if none: who has a hidden name is not told by the
    /// line that was picked.
    fn roster(&self, inner: &Inner, reader: Option<u16>) -> ToBrowser {
        let is_hidden = |number: &u16| {
            let hidden = inner.class.labels.get(number).is_some_and(|named| named.hidden);
            hidden && reader.is_some_and(|reader| reader != *number)
        };
        let line = |line: &Line| RosterLine {
            number: if reader.is_none() { line.number.clone() } else { String::new() },
            name: line.name.clone(),
            held: line.held.filter(|number| !is_hidden(number)).map(|number| self.pass(number).address),
        };
        ToBrowser::Class(ClassNews::Roster(inner.class.roster.iter().map(line).collect()))
    }

    fn labels(&self, inner: &Inner) -> ToBrowser {
        let label = |(number, named): (&u16, &Named)| Label {
            address: self.pass(*number).address,
            name: named.name.clone(),
            hidden: named.hidden,
        };
        ToBrowser::Class(ClassNews::Labels(inner.class.labels.iter().map(label).collect()))
    }

    fn report(&self, number: u16, report: &[u8]) -> ToBrowser {
        let address = self.pass(number).address;
        ToBrowser::Class(ClassNews::Report { address, report: report.to_vec() })
    }

    pub(super) fn tell_all(&self, inner: &Inner, message: &ToBrowser) {
        let message: Bytes = message.encode().into();
        inner.members.values().for_each(|member| self.push(member, message.clone()));
    }

    fn tell_teachers(&self, inner: &Inner, message: &ToBrowser) {
        let message: Bytes = message.encode().into();
        let teachers = inner.members.values().filter(|member| member.teacher);
        teachers.for_each(|member| self.push(member, message.clone()));
    }

    fn tell_roster(&self, inner: &Inner) {
        for (number, member) in &inner.members {
            let reader = (!member.teacher).then_some(*number);
            self.push(member, self.roster(inner, reader).encode().into());
        }
    }

    /// Tells everybody what one is called now.
    fn tell_name(&self, inner: &Inner, number: u16) {
        if let Some(member) = inner.members.get(&number) {
            self.push(member, called(inner, number, member).encode().into());
        }
        self.announce(inner, number);
    }
}

/// What the chain of an epoch begins with, given how many browsers there are and how fast each is to mine.
pub(crate) fn beginning(block_time: u16, khs: u16, count: usize, now_ms: u64) -> Beginning {
    let all = u32::try_from(count).unwrap_or(u32::MAX).saturating_mul(khs.into());
    let unix = u32::try_from(now_ms / 1_000).unwrap_or(u32::MAX);
    Beginning { block_time, khs: all.clamp(1, MAX_CLASS_KHS), unix }
}

fn called(inner: &Inner, number: u16, member: &Member) -> ToBrowser {
    ToBrowser::Class(ClassNews::Called(inner.class.name(number, &member.name).to_owned()))
}

impl Seat {
    /// Does what a page wishes for the class; false where it must not: but for a name of the own and a report, all is the
    /// teacher's.
    pub(crate) fn class(&self, wish: ClassWish) -> bool {
        match wish {
            ClassWish::Pick(line) => self.pick(line),
            ClassWish::Report(report) => self.tell_of_nodes(report),
            _ if !self.teacher => return false,
            ClassWish::Roster(lines) => self.set_roster(lines),
            ClassWish::Label(label) => self.label(&label),
            ClassWish::Arrange(lesson) => self.arrange(lesson),
            ClassWish::Reset(block_time) => self.reset(block_time),
            ClassWish::Scenario(text) => {
                self.room.tell_all(&self.room.read(), &ToBrowser::Class(ClassNews::Scenario(text)));
            }
            ClassWish::Given(coins) => {
                self.room.tell_all(&self.room.read(), &ToBrowser::Class(ClassNews::Given(coins)));
            }
            ClassWish::Advance(unix) => self.advance(unix),
        }
        true
    }

    /// Takes a line of the roster for the own name, unless somebody who is there has it.
    fn pick(&self, line: u16) {
        let mut inner = self.room.write();
        let is_mine = |member: &Member| Arc::ptr_eq(&member.line, &self.line);
        if !inner.members.get(&self.number).is_some_and(is_mine) {
            return;
        }
        let Inner { class, members, .. } = &mut *inner;
        let Some(picked) = class.roster.get(usize::from(line)) else { return };
        if picked.held.is_some_and(|holder| holder != self.number && members.contains_key(&holder)) {
            return;
        }
        for (at, other) in class.roster.iter_mut().enumerate() {
            if at == usize::from(line) {
                other.held = Some(self.number);
            } else if other.held == Some(self.number) {
                other.held = None;
            }
        }
        self.room.tell_roster(&inner);
        self.room.tell_name(&inner, self.number);
    }

    /// Keeps what a page tells of its nodes, and hands it to the teacher's page.
    fn tell_of_nodes(&self, report: Vec<u8>) {
        let mut inner = self.room.write();
        let news = |member: &&mut Member| Arc::ptr_eq(&member.line, &self.line) && *member.report != *report;
        if let Some(member) = inner.members.get_mut(&self.number).filter(news) {
            member.report = report.into();
            let message = self.room.report(self.number, &inner.members[&self.number].report);
            self.room.tell_teachers(&inner, &message);
        }
    }

    fn set_roster(&self, lines: Vec<RosterLine>) {
        let mut inner = self.room.write();
        inner.class.set_roster(lines);
        self.room.tell_roster(&inner);
        let numbers: Vec<u16> = inner.members.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.room.tell_name(&inner, number));
    }

    fn label(&self, label: &Label) {
        let mut inner = self.room.write();
        let Some(number) = self.room.number_at(label.address) else { return };
        inner.class.label(number, Named { name: clean_name(&label.name), hidden: label.hidden });
        let labels = self.room.labels(&inner);
        self.room.tell_teachers(&inner, &labels);
        self.room.tell_name(&inner, number);
        self.room.tell_roster(&inner);
    }

    fn arrange(&self, lesson: Lesson) {
        let mut inner = self.room.write();
        let part = |team: Team| {
            let members =
                team.members.into_iter().filter_map(|address| self.room.number_at(address)).collect();
            Part { name: clean_name(&team.name), members }
        };
        inner.class.frozen = lesson.frozen;
        inner.class.teams = lesson.teams.into_iter().map(part).collect();
        inner.class.find_sides();
        self.room.tell_all(&inner, &self.room.lesson(&inner));
    }

    /// A new epoch, whose chain nobody has yet: whole, awake, not mining. It begins at the hash power of who is there.
    fn reset(&self, block_time: u16) {
        let mut inner = self.room.write();
        inner.chain.clear();
        inner.settings.mining = false;
        self.room.settle_time(&mut inner);
        let now = inner.time.at(self.room.clock.unix_ms());
        let count = inner.members.len();
        inner.beginning = (!self.room.by_hand).then(|| beginning(block_time, inner.settings.khs, count, now));
        let Class { epoch, frozen, teams, sides, .. } = &mut inner.class;
        *epoch = epoch.wrapping_add(1);
        *frozen = false;
        teams.clear();
        sides.clear();
        inner.members.values_mut().for_each(|member| member.report = Box::default());
        self.room.tell_all(&inner, &ToBrowser::Settings(inner.settings));
        self.room.tell_all(&inner, &self.room.lesson(&inner));
    }
}
