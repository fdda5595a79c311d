//! What can go wrong on purpose, and how often each has: a suite of storms in which one never happened proves nothing
//! about it, and fails.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A frame below the session layer vanished; its session ends by the gap.
    FrameLost,
    /// A frame came twice.
    FrameDoubled,
    /// The line between two nodes held everything back for some seconds.
    Clog,
    /// The sessions between two nodes were closed.
    ConnectionCut,
    /// The network was cut into parts.
    Partition,
    /// Frames went one way only between two nodes.
    OneWay,
    /// A host died between two writes.
    Crash,
    /// A host died as it wrote: the batch was not stored.
    CrashBeforeWrite,
    /// A host died as it wrote: the batch was stored, and nobody was told.
    CrashAfterWrite,
    /// A host died before it had done with what its last death left to do.
    CrashInRecovery,
    /// The power went out: the last relaxed writes were lost.
    WritesLost,
    /// A write was refused, once.
    WriteFailed,
    /// The disk was full for a while.
    DiskFull,
    /// A stored record was damaged while its node was down.
    RecordDamaged,
    /// A wall clock was minutes or hours wrong.
    ClockWrong,
    /// A wall clock ran too fast or too slow.
    ClockDrift,
    /// A laptop slept: nothing happened in it, and then everything at once.
    Sleep,
    /// A NAT swallowed a frame that nobody behind it had asked for.
    NatRefused,
    /// Two nodes behind NATs met, each sending first, as a rendezvous told them.
    HolePunched,
    /// Headers without work were sent.
    HeaderSpam,
    /// A block was announced, asked for and not delivered.
    BlockStalled,
    /// A block was delivered that was not what its header said.
    BlockMutated,
    /// Transactions were sent whose parents there are not.
    OrphanFlood,
    /// Transactions were announced that there are not.
    InvFlood,
    /// Addresses were told of at which nobody is.
    AddrFlood,
    /// One of many identities took a place at its victim.
    Eclipse,
    /// What concerned a light node was kept from it.
    SpvLie,
    /// One coin was spent twice.
    DoubleSpend,
    /// Blocks were withheld, and published to do harm.
    SelfishMining,
    /// A message came out of all order.
    SessionFuzz,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 30] = [
        Fault::FrameLost,
        Fault::FrameDoubled,
        Fault::Clog,
        Fault::ConnectionCut,
        Fault::Partition,
        Fault::OneWay,
        Fault::Crash,
        Fault::CrashBeforeWrite,
        Fault::CrashAfterWrite,
        Fault::CrashInRecovery,
        Fault::WritesLost,
        Fault::WriteFailed,
        Fault::DiskFull,
        Fault::RecordDamaged,
        Fault::ClockWrong,
        Fault::ClockDrift,
        Fault::Sleep,
        Fault::NatRefused,
        Fault::HolePunched,
        Fault::HeaderSpam,
        Fault::BlockStalled,
        Fault::BlockMutated,
        Fault::OrphanFlood,
        Fault::InvFlood,
        Fault::AddrFlood,
        Fault::Eclipse,
        Fault::SpvLie,
        Fault::DoubleSpend,
        Fault::SelfishMining,
        Fault::SessionFuzz,
    ];
}

/// How often each fault happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts(BTreeMap<Fault, u64>);

impl FaultCounts {
    /// Counts one.
    pub fn note(&mut self, fault: Fault) {
        self.note_many(fault, 1);
    }

    /// Counts some.
    pub fn note_many(&mut self, fault: Fault, count: u64) {
        *self.0.entry(fault).or_default() += count;
    }

    /// How often a fault happened.
    pub fn of(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or_default()
    }

    /// The faults that never happened.
    pub fn missing(&self) -> Vec<Fault> {
        Fault::ALL.into_iter().filter(|fault| self.of(*fault) == 0).collect()
    }
}

impl AddAssign<&FaultCounts> for FaultCounts {
    fn add_assign(&mut self, other: &FaultCounts) {
        for (fault, count) in &other.0 {
            *self.0.entry(*fault).or_default() += count;
        }
    }
}

impl fmt::Display for FaultCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in Fault::ALL {
            writeln!(f, "{:>10}  {fault:?}", self.of(fault))?;
        }
        Ok(())
    }
}
