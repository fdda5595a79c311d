//! What crosses between the page and a node's worker: commands and their replies, events, snapshots, and the
//! envelope they travel in. Plain data that can be written as bytes; knows primitives and time, nothing of how a node works.

mod command;
mod event;
mod id;
mod journal;
mod port;
mod reply;
mod snapshot;
mod watch;
mod wire;

pub use command::{
    AddNodeAction, BanAction, ChainFile, Command, LightFilter, MiningMode, StartOptions, SyncMode,
    TransportChoice,
};
pub use event::{Direction, Event, InventoryKind, LogLine, PeerState, TransportProtocol};
pub use id::{NodeId, PeerId, Role};
pub use journal::{JournalEnd, MAX_JOURNAL};
pub use port::{Clock, LinkCondition, NodeConfig, Ownership, PageMessage, RequestId, Storage, WorkerMessage};
pub use reply::{
    AddressEntry, BlockDetail, CommandError, InputDetail, OutputDetail, Reply, SETTLED, TransactionDetail,
    WalletTransaction,
};
pub use snapshot::{
    BlockSummary, BudgetSummary, ChainSummary, EndedConnection, MempoolSummary, MiningSummary, NodeSnapshot,
    Payer, PeerSummary, RunState, Task, TaskKind, WalletSummary,
};
pub use watch::{ActiveWarning, NetworkWarning, WatchSummary};
pub use wire::{Wire, from_bytes, to_bytes};
