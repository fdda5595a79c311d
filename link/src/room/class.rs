//! What a teacher's page and its students' pages say beside a room's own messages: the roster, what a page tells of its
//! nodes, the lesson. Kinds 12 to 26 from browsers, 142 to 156 from the relay.
//!
//! | kind | from | message | body |
//! | --- | --- | --- | --- |
//! | 12 | browser | roster | list of lines: number text, name text, each at most 100 bytes; from the teacher alone |
//! | 13 | browser | pick | u16: the line of the roster that is the sender's name |
//! | 14 | browser | label | address 4, name text, hidden u8; from the teacher alone |
//! | 15 | browser | report | bytes: what the sender's page tells of its nodes |
//! | 16 | browser | arrange | frozen u8, list of teams: name text, list of addresses; from the teacher alone |
//! | 17 | browser | reset | block time u16; from the teacher alone |
//! | 18 | browser | scenario | bytes: UTF-8; from the teacher alone |
//! | 19 | browser | given | u64: coins, in the smallest unit, that the sender pays to everybody; from the teacher alone |
//! | 20 | browser | advance | seconds since 1970, u32: the room's time while it stands; from the teacher alone |
//! | 142 | relay | roster | list of lines, each with an optional address: who has picked it |
//! | 143 | relay | labels | list of labels, to the teacher alone |
//! | 144 | relay | called | text: what the receiver is called |
//! | 145 | relay | report | address 4, bytes, to the teacher alone |
//! | 146 | relay | lesson | epoch u32, optional beginning: block time u16, kH/s u32, seconds since 1970 u32; as in arrange |
//! | 147 | relay | scenario | as in scenario |
//! | 148 | relay | given | as in given |

use super::MessageError;
use super::wire::{Reader, Wire};

/// The seconds between blocks that are wanted unless the teacher chooses others.
pub const BLOCK_TIME: u16 = 20;
/// The most seconds between blocks that can be chosen.
pub const MAX_BLOCK_TIME: u16 = 600;
/// The most lines of a roster.
pub const MAX_ROSTER: usize = 300;
/// The longest field of a roster's line, in bytes.
pub const MAX_FIELD: usize = 100;
/// The longest report, in bytes.
pub const MAX_REPORT: usize = 4 * 1024;
/// The longest scenario, in bytes.
pub const MAX_SCENARIO: usize = 16 * 1024;
/// The most parts that a class is split into.
pub const MAX_TEAMS: usize = 8;
/// The most thousands of hashes a second that a class is taken to have.
pub const MAX_CLASS_KHS: u32 = 1_000_000;
/// The most addresses that a team names, and the most labels in a list.
pub const MAX_ADDRESSES: usize = 1_000;

/// What the chain of an epoch begins with, as far as it is chosen. Every page makes the same first block of it; the relay
/// understands none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The seconds between blocks that are wanted, 1 to [`MAX_BLOCK_TIME`].
    pub block_time: u16,
    /// The budgets of all who were there, in thousands of hashes a second; 1 to [`MAX_CLASS_KHS`].
    pub khs: u32,
    /// The room's time then, in seconds since 1970.
    pub unix: u32,
}

/// A line of the roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RosterLine {
    /// The school's number of the student, 学号; may be empty. Students are not told those of others.
    pub number: String,
    /// The student's name.
    pub name: String,
    /// Who has picked the line; none from a browser.
    pub held: Option<[u8; 4]>,
}

/// What the teacher decided about somebody's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Who.
    pub address: [u8; 4],
    /// The name from now on; an empty one leaves it as it was picked or typed.
    pub name: String,
    /// Whether only the teacher sees it.
    pub hidden: bool,
}

/// A part of a class that is split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// What it is called; may be empty.
    pub name: String,
    /// Who is in it, at most [`MAX_ADDRESSES`]. Whoever no team names is in the first.
    pub members: Vec<[u8; 4]>,
}

/// What the teacher arranged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lesson {
    /// Whether the students' screens are frozen.
    pub frozen: bool,
    /// The parts between which no frame passes, at most [`MAX_TEAMS`]; none where the class is whole.
    pub teams: Vec<Team>,
}

impl Lesson {
    /// The team of an address: the first for whoever none names, none where the class is whole.
    pub fn team_of(&self, address: [u8; 4]) -> Option<usize> {
        let named = self.teams.iter().position(|team| team.members.contains(&address));
        if self.teams.is_empty() { None } else { Some(named.unwrap_or(0)) }
    }
}

/// Browser to relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassWish {
    /// The roster, in place of the last; at most [`MAX_ROSTER`] lines.
    Roster(Vec<RosterLine>),
    /// The line of the roster that is the sender's.
    Pick(u16),
    /// What somebody is called, and whether others see it.
    Label(Label),
    /// What the page tells of its nodes, at most [`MAX_REPORT`] bytes; nothing that a relay understands.
    Report(Vec<u8>),
    /// What is arranged from now on.
    Arrange(Lesson),
    /// Everybody begins a new chain, with this block time in seconds, 1 to [`MAX_BLOCK_TIME`].
    Reset(u16),
    /// A scenario for everybody's page to run, at most [`MAX_SCENARIO`] bytes.
    Scenario(String),
    /// So much is on its way to everybody, as the sender says.
    Given(u64),
    /// The room's time is at least this, in seconds since 1970, where it stands still: blocks were found meanwhile.
    Advance(u32),
}

/// Relay to browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassNews {
    /// The roster. To students without numbers.
    Roster(Vec<RosterLine>),
    /// Everything that the teacher decided about names.
    Labels(Vec<Label>),
    /// What the receiver is called from now on.
    Called(String),
    /// What a page tells of its nodes.
    Report {
        /// Whose page.
        address: [u8; 4],
        /// What it tells.
        report: Vec<u8>,
    },
    /// What is arranged.
    Lesson {
        /// How often the class was reset: nodes of another epoch are on another chain.
        epoch: u32,
        /// What the chain of this epoch begins with; none is the one that every page has built in, or that is made by hand.
        beginning: Option<Beginning>,
        /// The rest.
        lesson: Lesson,
    },
    /// A scenario to run.
    Scenario(String),
    /// So much is on its way to everybody, as the teacher's page says.
    Given(u64),
}

impl ClassWish {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Roster(lines) => {
                out.push(12);
                let fields = |line: &RosterLine| (line.number.clone(), line.name.clone());
                lines.iter().map(fields).collect::<Vec<_>>().write(out);
            }
            Self::Pick(line) => {
                out.push(13);
                line.write(out);
            }
            Self::Label(label) => {
                out.push(14);
                label.write(out);
            }
            Self::Report(report) => {
                out.push(15);
                report.write(out);
            }
            Self::Arrange(lesson) => {
                out.push(16);
                lesson.write(out);
            }
            Self::Reset(block_time) => {
                out.push(17);
                block_time.write(out);
            }
            Self::Scenario(text) => {
                out.push(18);
                text.as_bytes().to_vec().write(out);
            }
            Self::Given(coins) => {
                out.push(19);
                coins.write(out);
            }
            Self::Advance(unix) => {
                out.push(20);
                unix.write(out);
            }
        }
    }

    pub(super) fn read(kind: u8, reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Ok(match kind {
            12 => {
                let lines: Vec<(String, String)> = Wire::read(reader)?;
                let line = |(number, name)| RosterLine { number, name, held: None };
                Self::Roster(lines.into_iter().map(line).collect())
            }
            13 => Self::Pick(Wire::read(reader)?),
            14 => Self::Label(Wire::read(reader)?),
            15 => Self::Report(bytes(reader, MAX_REPORT)?),
            16 => Self::Arrange(Wire::read(reader)?),
            17 => Self::Reset(reader.block_time()?),
            18 => Self::Scenario(scenario(reader)?),
            19 => Self::Given(Wire::read(reader)?),
            20 => Self::Advance(Wire::read(reader)?),
            kind => return Err(MessageError::Kind(kind)),
        })
    }
}

impl ClassNews {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Roster(lines) => {
                out.push(142);
                lines.write(out);
            }
            Self::Labels(labels) => {
                out.push(143);
                labels.write(out);
            }
            Self::Called(name) => {
                out.push(144);
                name.write(out);
            }
            Self::Report { address, report } => {
                out.push(145);
                address.write(out);
                report.write(out);
            }
            Self::Lesson { epoch, beginning, lesson } => {
                out.push(146);
                (*epoch, *beginning).write(out);
                lesson.write(out);
            }
            Self::Scenario(text) => {
                out.push(147);
                text.as_bytes().to_vec().write(out);
            }
            Self::Given(coins) => {
                out.push(148);
                coins.write(out);
            }
        }
    }

    pub(super) fn read(kind: u8, reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Ok(match kind {
            142 => Self::Roster(Wire::read(reader)?),
            143 => Self::Labels(Wire::read(reader)?),
            144 => Self::Called(Wire::read(reader)?),
            145 => Self::Report { address: Wire::read(reader)?, report: bytes(reader, MAX_REPORT)? },
            146 => {
                let (epoch, beginning) = Wire::read(reader)?;
                Self::Lesson { epoch, beginning, lesson: Wire::read(reader)? }
            }
            147 => Self::Scenario(scenario(reader)?),
            148 => Self::Given(Wire::read(reader)?),
            kind => return Err(MessageError::Kind(kind)),
        })
    }
}

fn bytes(reader: &mut Reader<'_>, most: usize) -> Result<Vec<u8>, MessageError> {
    let bytes: Vec<u8> = Wire::read(reader)?;
    if bytes.len() <= most { Ok(bytes) } else { Err(MessageError::Value("bytes")) }
}

fn scenario(reader: &mut Reader<'_>) -> Result<String, MessageError> {
    String::from_utf8(bytes(reader, MAX_SCENARIO)?).map_err(|_| MessageError::Value("scenario"))
}

impl Wire for Vec<(String, String)> {
    fn write(&self, out: &mut Vec<u8>) {
        super::wire::write_list(self, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        let lines: Self = reader.list(MAX_ROSTER)?;
        let fits = lines.iter().all(|(number, name)| number.len() <= MAX_FIELD && name.len() <= MAX_FIELD);
        if fits { Ok(lines) } else { Err(MessageError::Value("roster")) }
    }
}

impl Wire for Beginning {
    fn write(&self, out: &mut Vec<u8>) {
        (self.block_time, self.khs, self.unix).write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        let block_time = reader.block_time()?;
        let (khs, unix) = Wire::read(reader)?;
        if (1..=MAX_CLASS_KHS).contains(&khs) {
            Ok(Self { block_time, khs, unix })
        } else {
            Err(MessageError::Value("kH/s"))
        }
    }
}

impl Wire for RosterLine {
    fn write(&self, out: &mut Vec<u8>) {
        self.number.write(out);
        self.name.write(out);
        self.held.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Ok(Self { number: Wire::read(reader)?, name: Wire::read(reader)?, held: Wire::read(reader)? })
    }
}

impl Wire for Label {
    fn write(&self, out: &mut Vec<u8>) {
        self.address.write(out);
        self.name.write(out);
        self.hidden.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Ok(Self { address: Wire::read(reader)?, name: Wire::read(reader)?, hidden: Wire::read(reader)? })
    }
}

impl Wire for Team {
    fn write(&self, out: &mut Vec<u8>) {
        self.name.write(out);
        super::wire::write_list(&self.members, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Ok(Self { name: Wire::read(reader)?, members: reader.list(MAX_ADDRESSES)? })
    }
}

impl Wire for Lesson {
    fn write(&self, out: &mut Vec<u8>) {
        self.frozen.write(out);
        super::wire::write_list(&self.teams, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Ok(Self { frozen: Wire::read(reader)?, teams: reader.list(MAX_TEAMS)? })
    }
}

macro_rules! lists {
    ($($item:ty: $most:expr),*) => {$(
        impl Wire for Vec<$item> {
            fn write(&self, out: &mut Vec<u8>) {
                super::wire::write_list(self, out);
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
                reader.list($most)
            }
        }
    )*};
}

lists!(RosterLine: MAX_ROSTER, Label: MAX_ADDRESSES);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::{ToBrowser, ToRelay};
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    fn address() -> impl Strategy<Value = [u8; 4]> {
        any::<[u8; 4]>()
    }

    fn line() -> impl Strategy<Value = RosterLine> {
        ("[0-9]{0,20}", "\\PC{0,20}", option::of(address())).prop_map(|(number, name, held)| RosterLine {
            number,
            name,
            held,
        })
    }

    fn label() -> impl Strategy<Value = Label> {
        (address(), "\\PC{0,20}", any::<bool>()).prop_map(|(address, name, hidden)| Label {
            address,
            name,
            hidden,
        })
    }

    fn lesson() -> impl Strategy<Value = Lesson> {
        let team = ("\\PC{0,20}", vec(address(), 0..20)).prop_map(|(name, members)| Team { name, members });
        (any::<bool>(), vec(team, 0..=MAX_TEAMS)).prop_map(|(frozen, teams)| Lesson { frozen, teams })
    }

    fn beginning() -> impl Strategy<Value = Beginning> {
        let fields = (1..=MAX_BLOCK_TIME, 1..=MAX_CLASS_KHS, any::<u32>());
        fields.prop_map(|(block_time, khs, unix)| Beginning { block_time, khs, unix })
    }

    fn wish() -> impl Strategy<Value = ClassWish> {
        let free = |line| RosterLine { held: None, ..line };
        prop_oneof![
            vec(line().prop_map(free), 0..20).prop_map(ClassWish::Roster),
            any::<u16>().prop_map(ClassWish::Pick),
            label().prop_map(ClassWish::Label),
            vec(any::<u8>(), 0..200).prop_map(ClassWish::Report),
            lesson().prop_map(ClassWish::Arrange),
            (1..=MAX_BLOCK_TIME).prop_map(ClassWish::Reset),
            any::<u32>().prop_map(ClassWish::Advance),
            "\\PC{0,200}".prop_map(ClassWish::Scenario),
            any::<u64>().prop_map(ClassWish::Given),
        ]
    }

    fn news() -> impl Strategy<Value = ClassNews> {
        prop_oneof![
            vec(line(), 0..20).prop_map(ClassNews::Roster),
            vec(label(), 0..20).prop_map(ClassNews::Labels),
            "\\PC{0,20}".prop_map(ClassNews::Called),
            (address(), vec(any::<u8>(), 0..200))
                .prop_map(|(address, report)| ClassNews::Report { address, report }),
            (any::<u32>(), option::of(beginning()), lesson())
                .prop_map(|(epoch, beginning, lesson)| ClassNews::Lesson { epoch, beginning, lesson }),
            "\\PC{0,200}".prop_map(ClassNews::Scenario),
            any::<u64>().prop_map(ClassNews::Given),
        ]
    }

    proptest! {
        #[test]
        fn every_message_of_a_class_reads_back_what_it_wrote(wish in wish(), news in news()) {
            let (wish, news) = (ToRelay::Class(wish), ToBrowser::Class(news));
            prop_assert_eq!(ToRelay::decode(&wish.encode()), Ok(wish));
            prop_assert_eq!(ToBrowser::decode(&news.encode()), Ok(news));
        }

        #[test]
        fn any_bytes_of_a_class_decode_to_themselves_or_to_an_error(body in vec(any::<u8>(), 0..80), kind in 12..27_u8) {
            let of = |kind: u8| [&[kind], &*body].concat();
            if let Ok(message) = ToRelay::decode(&of(kind)) {
                prop_assert_eq!(message.encode(), of(kind));
            }
            if let Ok(message) = ToBrowser::decode(&of(kind + 130)) {
                prop_assert_eq!(message.encode(), of(kind + 130));
            }
        }
    }

    #[test]
    fn what_a_class_says_is_bounded() {
        let line = RosterLine { name: "长".repeat(34), ..RosterLine::default() };
        let refused = |wish: ClassWish| ToRelay::decode(&ToRelay::Class(wish).encode()).is_err();
        assert!(refused(ClassWish::Roster(vec![line])), "a field of 102 bytes");
        assert!(refused(ClassWish::Roster(vec![RosterLine::default(); MAX_ROSTER + 1])));
        assert!(refused(ClassWish::Report(vec![0; MAX_REPORT + 1])));
        assert!(refused(ClassWish::Scenario("x".repeat(MAX_SCENARIO + 1))));
        for block_time in [0, MAX_BLOCK_TIME + 1] {
            assert!(refused(ClassWish::Reset(block_time)));
        }
        for (block_time, khs) in [(0, 1), (MAX_BLOCK_TIME + 1, 1), (1, 0), (1, MAX_CLASS_KHS + 1)] {
            let beginning = Some(Beginning { block_time, khs, unix: 0 });
            let lesson = ClassNews::Lesson { epoch: 0, beginning, lesson: Lesson::default() };
            assert!(ToBrowser::decode(&ToBrowser::Class(lesson).encode()).is_err());
        }
        let team = Team { name: String::new(), members: Vec::new() };
        assert!(refused(ClassWish::Arrange(Lesson { frozen: false, teams: vec![team; MAX_TEAMS + 1] })));
    }

    #[test]
    fn whoever_no_team_names_is_in_the_first_and_a_whole_class_has_none() {
        let team = |members| Team { name: String::new(), members };
        let (a, b, c) = ([10, 1, 0, 1], [10, 1, 0, 2], [10, 1, 0, 3]);
        let split = Lesson { frozen: false, teams: vec![team(vec![a]), team(vec![b])] };
        assert_eq!([a, b, c].map(|address| split.team_of(address)), [Some(0), Some(1), Some(0)]);
        assert_eq!(Lesson::default().team_of(a), None);
    }
}
