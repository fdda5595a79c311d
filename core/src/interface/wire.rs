//! How the interface's values are written as bytes: integers little-endian, counts as CompactSize, an enum by the number
//! that its table here gives each variant. Page and worker are of one build, so there are no versions.
//!
//! Consensus values are written as everywhere else. A type's table is checked against the type by the compiler: a field
//! or variant that it lacks is an error.

use super::{
    ActiveWarning, AddNodeAction, AddressEntry, BanAction, BlockDetail, BlockSummary, BudgetSummary,
    ChainFile, ChainSummary, Clock, Command, CommandError, Direction, EndedConnection, Event, InputDetail,
    InventoryKind, LightFilter, LinkCondition, LogLine, MempoolSummary, MiningMode, MiningSummary,
    NetworkWarning, NodeConfig, NodeId, NodeSnapshot, OutputDetail, Ownership, PageMessage, Payer, PeerId,
    PeerState, PeerSummary, Reply, RequestId, Role, RunState, StartOptions, Storage, SyncMode, Task,
    TaskKind, TransactionDetail, TransportChoice, TransportProtocol, WalletSummary, WalletTransaction,
    WatchSummary, WorkerMessage,
};
use crate::consensus::{ClassParams, Preset};
use crate::encode::{DecodeError, Encode, MAX_SIZE, Reader, encode_bytes, encode_compact_size};
use crate::primitives::{Amount, BlockHash, Height, Txid};
use crate::time::UnixTime;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A value that page and worker exchange.
pub trait Wire: Sized {
    /// Appends the value to `out`.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads a value and leaves the reader behind it.
    ///
    /// # Errors
    /// The bytes are no such value, as when they come from another build.
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// A value as bytes.
pub fn to_bytes(value: &impl Wire) -> Vec<u8> {
    let mut out = Vec::new();
    value.write(&mut out);
    out
}

/// The one value that `bytes` hold.
///
/// # Errors
/// They hold no such value, or more than it.
pub fn from_bytes<T: Wire>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = T::read(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// Values that have a consensus encoding are written in it.
macro_rules! as_in_consensus {
    ($($name:ty),*) => {$(
        impl Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                self.encode(out);
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                reader.read()
            }
        }
    )*};
}

/// The fields of structs, in the order in which they are written.
macro_rules! structs {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.write(out);)*
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(Self { $($field: Wire::read(reader)?),* })
            }
        }
    )*};
}

/// Structs that give a type's value a meaning.
macro_rules! newtypes {
    ($($name:ident),*) => {$(
        impl Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Wire::read(reader).map($name)
            }
        }
    )*};
}

/// The variants of enums, each with its number and its fields in the order in which they are written.
macro_rules! enums {
    ($($name:ident {
        $($number:literal $variant:ident $(($($item:ident),*))? $({ $($field:ident),* })?,)*
    })*) => {$(
        impl Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                match self {$(
                    Self::$variant $(($($item),*))? $({ $($field),* })? => {
                        out.push($number);
                        $($($item.write(out);)*)?
                        $($($field.write(out);)*)?
                    }
                )*}
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(match u8::read(reader)? {
                    $($number => Self::$variant
                        $(($({ let $item = Wire::read(reader)?; $item }),*))?
                        $({ $($field: Wire::read(reader)?),* })?,)*
                    _ => return Err(DecodeError::InvalidValue { field: stringify!($name) }),
                })
            }
        }
    )*};
}

as_in_consensus!(u8, u16, u32, u64, i32, Amount, BlockHash, Txid);
newtypes!(Height, NodeId, PeerId, RequestId, UnixTime);

structs! {
    // From the page.
    NodeConfig { id, role, network, sync, connect }
    ClassParams { spacing, khs, time }
    Clock { wall_ms, lab_ms, speed, dates_stand }
    LinkCondition { to, latency_ms, jitter_ms, bandwidth, cut }
    StartOptions { miner, connect, seed_nodes, spv, filters, sync, max_outbound, max_inbound, transport }

    // Snapshots.
    NodeSnapshot {
        id, role, state, chain, peers, ended, watch, mempool, wallet, mining, banned, pending_bytes, store_failure, tasks
    }
    Task { request, kind, done, total }
    ChainSummary {
        network, genesis, magic, height, tip, chainwork, headers, next_bits, hashes_per_block, block_spacing, recent
    }
    BlockSummary { hash, previous, height, time, transactions, miner }
    PeerSummary {
        peer, address, direction, state, user_agent, services, height, ping_ms, bytes, sync, transport, budget,
        last_disconnect
    }
    BudgetSummary { work, bytes, messages, spent, is_over }
    EndedConnection { address, time, code, reason }
    WatchSummary { peers, groups, agent, of_it, messages, median, tip_age, low_work_headers, warnings }
    ActiveWarning { since, warning }
    MempoolSummary { count, vsize, orphans, txids }
    WalletSummary { balance, pending, immature, addresses, payer, revision }
    Payer { address, spendable }
    MiningSummary { mode, active, address, blocks_found, hashes_per_second, budget_khs }

    // Replies.
    AddressEntry { address, label, balance }
    WalletTransaction { txid, net, to, coinbase, confirmations, block, time, conflicted }
    BlockDetail { summary, active, version, merkle_root, bits, nonce, size, transactions, hex }
    TransactionDetail { txid, block, version, lock_time, inputs, outputs, hex }
    OutputDetail { value, address, script }
}

enums! {
    PageMessage {
        0 Boot { config, lab, build, owner, clock, host, class, record },
        1 Command { id, command },
        2 Cancel { id },
        3 SetHashRate { khs },
        4 Clock(clock),
        5 Conditions(conditions),
        6 Subscribe { messages },
        7 Shutdown,
        8 StopRecording,
    }
    WorkerMessage {
        0 Ready { build, storage, ownership, repaired },
        1 Reply { id, result },
        2 Events { first, events, dropped },
        3 Snapshot { bytes },
        4 Failed { text },
        5 Ended,
        6 Journal { lines },
    }
    Command {
        0 CreateWallet { label },
        1 ListAddresses,
        2 DumpKey { address },
        3 ImportKey { wif, label },
        4 GetBalance { address },
        5 Send { from, to, amount, fee, mine },
        6 History,
        7 CreateBlockchain { address, subsidy },
        8 PrintChain,
        9 ReindexUtxo,
        10 ExportChain,
        11 ImportChain { file },
        12 StartNode(options),
        13 StopNode,
        14 SetMining { mode, address },
        15 Generate { blocks, address },
        16 AddNode { address, action },
        17 DisconnectNode { address },
        18 SetBan { address, action, seconds },
        19 GetBlockchainInfo,
        20 GetNetworkInfo,
        21 GetConnectionCount,
        22 GetPeerInfo,
        23 GetBlock { hash, verbosity },
        24 GetBlockHeader { hash, verbose },
        25 GetBlockFilter { hash },
        26 GetBlockHash { height },
        27 GetRawTransaction { txid, verbose, block },
        28 DecodeRawTransaction { hex },
        29 SendRawTransaction { hex },
        30 GetMempoolInfo,
        31 GetRawMempool { verbose },
        32 GetTxOut { txid, vout, include_mempool },
        33 GetTxOutProof { txids, block },
        34 VerifyTxOutProof { proof },
        35 GetMiningInfo,
        36 ShowBlock { hash },
        37 ShowTransaction { txid },
        38 AddPeerAddress { address, tried },
        39 GetNodeAddresses { count },
        40 GetAddrManInfo,
        41 GetAddedNodeInfo { address },
        42 ListBanned,
        43 GetBestBlockHash,
        44 GetBlockCount,
        45 GetDifficulty,
        46 GetChainTips,
        47 GetNetworkHashPs { blocks },
        48 GetTxOutSetInfo,
        49 GetIndexInfo,
        50 ValidateAddress { address },
        51 GetMempoolEntry { txid },
        52 GetMempoolAncestors { txid, verbose },
        53 GetMempoolDescendants { txid, verbose },
        54 TestMempoolAccept { hex },
        55 Uptime,
        56 GetNetTotals,
        57 Ping,
        58 ClearBanned,
    }
    Reply {
        0 Done,
        1 Address(entry),
        2 Addresses(entries),
        3 Key(wif),
        4 Balance(amount),
        5 Sent { txid, verified, mined },
        6 History(transactions),
        7 ChainCreated(genesis),
        8 Chain(blocks),
        9 Reindexed { transactions },
        10 ChainFile(file),
        11 Started(lines),
        12 Generated(blocks),
        13 Json(text),
        14 Block(block),
        15 Transaction(transaction),
    }
    CommandError {
        0 InvalidAddress,
        1 InvalidSender,
        2 InvalidRecipient,
        3 WrongMinerAddress,
        4 NotEnoughFunds,
        5 UnknownKey(address),
        6 InvalidAmount(amount),
        7 BlockchainExists,
        8 NoBlockchain,
        9 UnreadableChain(why),
        10 Running(id),
        11 NotFound { what, id },
        12 Rejected { reason },
        13 BadArgument(why),
        14 BadChainFile(why),
        15 StoreFailed(why),
        16 NotAvailable(address),
        17 Cancelled,
        18 Ended(id),
    }
    Event {
        0 Block { hash, height },
        1 Transaction { txid },
        2 Reorg { from, to, disconnected, connected, returned },
        3 Peer { peer, address, direction, state, reason },
        4 Message { peer, address, direction, command, length, subject },
        5 Log(line),
        6 Warning { warning, active },
    }
    LogLine {
        0 Starting(id),
        1 MiningOn(address),
        2 Received(command),
        3 ReceivedInventory { count, kind },
        4 ReceivedBlock,
        5 AddedBlock(hash),
        6 BlockMined,
        7 AllInvalid,
        8 NotAvailable(address),
        9 KnownNodes(count),
        10 NewConnection,
        11 ConnectionTerminated,
        12 Settled { txid, confirmations },
        13 Refused(why),
        14 Note(text),
        15 Replaced { txid, by },
    }
    NetworkWarning {
        0 LowDiversity { groups, peers, asked },
        1 MessageRate { messages, median, waiting },
        2 UniformAgents { agent, of_it, peers, asked },
        3 StaleTip { seconds, asked },
        4 LowWorkHeaders { headers, cut_off },
    }
    InputDetail {
        0 NewCoins { script },
        1 Spends { txid, vout, script },
    }
    Storage { 0 Durable, 1 Memory(reason), }
    Ownership { 0 Owner, 1 Viewer, }
    Role { 0 Central, 1 Miner, 2 Wallet, 3 Full, 4 Spv, }
    Preset { 0 Classroom, 1 Regtest, }
    SyncMode { 0 Headers, 1 Blocks, }
    LightFilter { 0 Bloom, 1 Compact, }
    TransportChoice { 0 V2, 1 V1, }
    TransportProtocol { 0 Detecting, 1 V1, 2 V2, }
    MiningMode { 0 Off, 1 WhenTwoWait, 2 Always, }
    AddNodeAction { 0 Add, 1 Remove, 2 Onetry, }
    BanAction { 0 Add, 1 Remove, }
    RunState { 0 Stopped, 1 Running, }
    TaskKind { 0 Mine, 1 Read, 2 Rescan, 3 Reindex, 4 Import, }
    Direction { 0 Inbound, 1 Outbound, }
    PeerState { 0 Connecting, 1 Handshaking, 2 Connected, 3 Disconnected, }
    InventoryKind { 0 Block, 1 Tx, }
}

impl Wire for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::read(reader)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::InvalidValue { field: "bool" }),
        }
    }
}

impl Wire for usize {
    fn write(&self, out: &mut Vec<u8>) {
        (*self as u64).write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        usize::try_from(u64::read(reader)?).map_err(|_| DecodeError::InvalidValue { field: "usize" })
    }
}

impl Wire for f64 {
    fn write(&self, out: &mut Vec<u8>) {
        self.to_bits().write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        u64::read(reader).map(f64::from_bits)
    }
}

impl Wire for String {
    fn write(&self, out: &mut Vec<u8>) {
        encode_bytes(self.as_bytes(), out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = reader.bytes(MAX_SIZE)?.to_vec();
        String::from_utf8(bytes).map_err(|_| DecodeError::InvalidValue { field: "text" })
    }
}

impl Wire for ChainFile {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.len().write(out);
        out.extend_from_slice(&self.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let len = usize::read(reader)?;
        reader.take(len).map(|bytes| ChainFile(bytes.to_vec()))
    }
}

impl Wire for Ipv4Addr {
    fn write(&self, out: &mut Vec<u8>) {
        self.to_bits().write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        u32::read(reader).map(Self::from_bits)
    }
}

impl Wire for SocketAddr {
    fn write(&self, out: &mut Vec<u8>) {
        match self.ip() {
            IpAddr::V4(ip) => encode_bytes(&ip.octets(), out),
            IpAddr::V6(ip) => encode_bytes(&ip.octets(), out),
        }
        self.port().write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let octets = reader.bytes(16)?;
        let ip = match (<[u8; 4]>::try_from(octets), <[u8; 16]>::try_from(octets)) {
            (Ok(octets), _) => IpAddr::from(octets),
            (_, Ok(octets)) => IpAddr::from(octets),
            _ => return Err(DecodeError::InvalidValue { field: "address" }),
        };
        Ok(SocketAddr::new(ip, u16::read(reader)?))
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok((A::read(reader)?, B::read(reader)?))
    }
}

impl<T: Wire> Wire for Box<T> {
    fn write(&self, out: &mut Vec<u8>) {
        T::write(self, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::read(reader).map(Box::new)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        bool::read(reader)?.then(|| T::read(reader)).transpose()
    }
}

impl<T: Wire, E: Wire> Wire for Result<T, E> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_ok().write(out);
        match self {
            Ok(value) => value.write(out),
            Err(error) => error.write(out),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match bool::read(reader)? {
            true => T::read(reader).map(Ok),
            false => E::read(reader).map(Err),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        encode_compact_size(self.len() as u64, out);
        for item in self {
            item.write(out);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.compact_size(MAX_SIZE)?;
        // Grows as items arrive: any script of the origin can claim a count.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(T::read(reader)?);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_back_as_it_was_written() {
        let error = CommandError::NotFound { what: "block".to_owned(), id: "7".to_owned() };
        let message = WorkerMessage::Reply { id: RequestId(9), result: Err(error) };
        assert_eq!(from_bytes(&to_bytes(&message)), Ok(message));
        let address = NodeId(3001).local_address();
        let event = Event::Peer {
            peer: PeerId(1 << 40),
            address,
            direction: Direction::Outbound,
            state: PeerState::Disconnected,
            reason: Some("币基交易".to_owned()),
        };
        let events = vec![event, Event::Log(LogLine::KnownNodes(3)), Event::Log(LogLine::BlockMined)];
        let message = WorkerMessage::Events { first: 300, events, dropped: 0 };
        assert_eq!(from_bytes(&to_bytes(&message)), Ok(message));
    }

    #[test]
    fn an_address_of_either_family_is_read_back() {
        for address in ["10.0.0.1:8333", "[2001:db8::1]:18444"] {
            let address: SocketAddr = address.parse().expect("an address");
            assert_eq!(from_bytes(&to_bytes(&address)), Ok(address));
        }
    }

    #[test]
    fn a_number_that_stands_for_no_variant_is_refused() {
        let refused = DecodeError::InvalidValue { field: "SyncMode" };
        assert_eq!(from_bytes::<SyncMode>(&[2]), Err(refused));
    }

    #[test]
    fn whatever_bytes_arrive_are_a_message_or_an_error() {
        let message = PageMessage::Command {
            id: RequestId(1),
            command: Command::SetMining { mode: MiningMode::Always, address: Some("A".to_owned()) },
        };
        let bytes = to_bytes(&message);
        for end in 0..bytes.len() {
            assert!(from_bytes::<PageMessage>(&bytes[..end]).is_err(), "cut after {end} bytes");
        }
        for (at, byte) in (0..bytes.len()).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
            let mut changed = bytes.clone();
            changed[at] = byte;
            // Read or refused: neither panics, and no count reserves memory.
            drop(from_bytes::<PageMessage>(&changed));
        }
    }
}
