//! How the values of a journal are written, in the form in which serde reads them: a struct's fields by their names, what an
//! enum's variant holds by the variant's, hashes and addresses as text.
//!
//! A type's table is checked against the type by the compiler: a field or variant that it lacks is an error.

use super::{Opening, Step, Trail};
use crate::chain::{FailedCheck, Verdict};
use crate::consensus::{ClassParams, Preset};
use crate::cost::Cost;
use crate::encode::hex;
use crate::interface::{
    AddNodeAction, BanAction, ChainFile, Command, Direction, LightFilter, MiningMode, NodeConfig, NodeId,
    PeerId, RequestId, Role, StartOptions, SyncMode, TransportChoice,
};
use crate::node::{Entropy, Input, JobId, LinkPath, LoadId, Loaded, VerifyId};
use crate::primitives::{Amount, BlockHash, Height, Txid};
use crate::script::ScriptError;
use crate::store::{BatchId, Record, Table};
use crate::time::{Mono, Time, UnixTime};
use std::fmt::{self, Debug, Display, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

/// A value of a journal.
pub(super) trait Json {
    /// Appends the value to `out`.
    fn write(&self, out: &mut String);
}

/// Bytes that are written as digits; others are a list of numbers.
struct Hex<'a>(&'a Vec<u8>);

/// The fields of an object that has just begun: their names and values, `as` what is named behind it where that is not
/// their type's own form.
macro_rules! fields {
    ($out:ident, $first:ident $(as $form:ident)?) => {
        $out.push_str(concat!("{\"", stringify!($first), "\":"));
        $(let $first = $form($first);)?
        $first.write($out);
    };
    ($out:ident, $first:ident $(as $form:ident)?, $($field:ident $(as $forms:ident)?),+) => {
        fields!($out, $first $(as $form)?);
        $(
            $out.push_str(concat!(",\"", stringify!($field), "\":"));
            $(let $field = $forms($field);)?
            $field.write($out);
        )+
    };
}

/// Structs.
macro_rules! structs {
    ($($name:ident { $($field:ident $(as $form:ident)?),* })*) => {$(
        impl Json for $name {
            fn write(&self, out: &mut String) {
                let Self { $($field),* } = self;
                fields!(out, $($field $(as $form)?),*);
                out.push('}');
            }
        }
    )*};
}

/// Structs that give a type's value a meaning.
macro_rules! newtypes {
    ($($name:ident),*) => {$(
        impl Json for $name {
            fn write(&self, out: &mut String) {
                self.0.write(out);
            }
        }
    )*};
}

/// What a variant of an enum holds, behind its name.
macro_rules! variant {
    ($out:ident, $variant:ident) => {
        $out.push_str(concat!("\"", stringify!($variant), "\""));
    };
    ($out:ident, $variant:ident ($item:ident)) => {
        $out.push_str(concat!("{\"", stringify!($variant), "\":"));
        $item.write($out);
        $out.push('}');
    };
    ($out:ident, $variant:ident { $($field:ident $(as $form:ident)?),* }) => {
        $out.push_str(concat!("{\"", stringify!($variant), "\":"));
        fields!($out, $($field $(as $form)?),*);
        $out.push_str("}}");
    };
}

/// Enums whose variants hold something.
macro_rules! enums {
    ($($name:ident {
        $($variant:ident $(($item:ident))? $({ $($field:ident $(as $form:ident)?),* })?,)*
    })*) => {$(
        impl Json for $name {
            fn write(&self, out: &mut String) {
                match self {$(
                    Self::$variant $(($item))? $({ $($field),* })? => {
                        variant!(out, $variant $(($item))? $({ $($field $(as $form)?),* })?);
                    }
                )*}
            }
        }
    )*};
}

/// Enums whose variants hold nothing, and their names.
macro_rules! names {
    ($($name:ident { $($variant:ident $text:literal,)* })*) => {$(
        impl Json for $name {
            fn write(&self, out: &mut String) {
                out.push_str(match self {
                    $(Self::$variant => concat!("\"", $text, "\""),)*
                });
            }
        }
    )*};
}

/// Values that a function writes which takes any of them.
macro_rules! written {
    ($how:ident: $($name:ty),*) => {$(
        impl Json for $name {
            fn write(&self, out: &mut String) {
                $how(self, out);
            }
        }
    )*};
}

written!(shown: bool, u8, u16, u32, u64, usize, i64);
written!(quoted: BlockHash, Txid, Ipv4Addr, SocketAddr);
written!(named: ScriptError, Table);
newtypes!(
    BatchId, ChainFile, Cost, Height, JobId, LoadId, Mono, NodeId, PeerId, RequestId, UnixTime, VerifyId
);

structs! {
    Opening { host, class, config, entropy, loaded }
    ClassParams { spacing, khs, time }
    NodeConfig { id, role, network, sync, connect }
    Entropy { node, wallet }
    Loaded { chain, wallet, peers }
    Record { table, key as Hex, value as Hex }
    Step { now, budget }
    Time { mono, unix }
    Trail { kind, digest }
    LinkPath { direct, steps }
    FailedCheck { check, error }
    StartOptions { miner, connect, seed_nodes, spv, filters, sync, max_outbound, max_inbound, transport }
}

enums! {
    Input {
        PeerConnected { peer, address, direction },
        ConnectFailed { address, reason },
        PeerBytes { peer, bytes as Hex },
        PeerDrained { peer, queued },
        PeerClosed { peer, reason },
        Directory { up },
        Room { nodes },
        Path { host, path },
        SeedAnswer { seed, addresses },
        Command { id, command },
        Cancel { id },
        NonceFound { job, nonce },
        NoncesExhausted { job },
        BatchCommitted { id },
        BatchFailed { id, reason },
        Loaded { id, values },
        Helpers { least },
        Listens { messages, log },
        Verified { id, result },
        Unverified { id },
    }
    Command {
        CreateWallet { label },
        ListAddresses,
        DumpKey { address },
        ImportKey { wif, label },
        GetBalance { address },
        Send { from, to, amount, fee, mine },
        History,
        CreateBlockchain { address, subsidy },
        PrintChain,
        ReindexUtxo,
        ExportChain,
        ImportChain { file },
        StartNode(options),
        StopNode,
        SetMining { mode, address },
        Generate { blocks, address },
        AddNode { address, action },
        DisconnectNode { address },
        SetBan { address, action, seconds },
        GetBlockchainInfo,
        GetNetworkInfo,
        GetConnectionCount,
        GetPeerInfo,
        GetBlock { hash, verbosity },
        GetBlockHeader { hash, verbose },
        GetBlockFilter { hash },
        GetBlockHash { height },
        GetRawTransaction { txid, verbose, block },
        DecodeRawTransaction { hex },
        SendRawTransaction { hex },
        GetMempoolInfo,
        GetRawMempool { verbose },
        GetTxOut { txid, vout, include_mempool },
        GetTxOutProof { txids, block },
        VerifyTxOutProof { proof },
        GetMiningInfo,
        ShowBlock { hash },
        ShowTransaction { txid },
        AddPeerAddress { address, tried },
        GetNodeAddresses { count },
        GetAddrManInfo,
        GetAddedNodeInfo { address },
        ListBanned,
        GetBestBlockHash,
        GetBlockCount,
        GetDifficulty,
        GetChainTips,
        GetNetworkHashPs { blocks },
        GetTxOutSetInfo,
        GetIndexInfo,
        ValidateAddress { address },
        GetMempoolEntry { txid },
        GetMempoolAncestors { txid, verbose },
        GetMempoolDescendants { txid, verbose },
        TestMempoolAccept { hex },
        Uptime,
        GetNetTotals,
        Ping,
        ClearBanned,
    }
}

names! {
    Role { Central "central", Miner "miner", Wallet "wallet", Full "full", Spv "spv", }
    Preset { Classroom "classroom", Regtest "regtest", }
    SyncMode { Headers "headers", Blocks "blocks", }
    LightFilter { Bloom "bloom", Compact "compact", }
    TransportChoice { V2 "v2", V1 "v1", }
    MiningMode { Off "off", WhenTwoWait "when_two_wait", Always "always", }
    AddNodeAction { Add "add", Remove "remove", Onetry "onetry", }
    BanAction { Add "add", Remove "remove", }
    Direction { Inbound "inbound", Outbound "outbound", }
}

impl Json for Amount {
    /// In satoshis.
    fn write(&self, out: &mut String) {
        self.to_sat().write(out);
    }
}

impl Json for Hex<'_> {
    fn write(&self, out: &mut String) {
        quoted(&hex::encode(self.0), out);
    }
}

impl Json for String {
    fn write(&self, out: &mut String) {
        out.push('"');
        for letter in self.chars() {
            match letter {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\0'..'\x20' => put(out, format_args!("\\u{:04x}", u32::from(letter))),
                letter => out.push(letter),
            }
        }
        out.push('"');
    }
}

impl Json for Verdict {
    fn write(&self, out: &mut String) {
        match self {
            Ok(()) => out.push_str("{\"Ok\":null}"),
            Err(failed) => {
                variant!(out, Err(failed));
            }
        }
    }
}

impl<T: Json> Json for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }
}

impl<T: Json> Json for Vec<T> {
    fn write(&self, out: &mut String) {
        self.as_slice().write(out);
    }
}

impl<const N: usize> Json for [u8; N] {
    fn write(&self, out: &mut String) {
        self.as_slice().write(out);
    }
}

impl<T: Json> Json for [T] {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (index, item) in self.iter().enumerate() {
            out.push_str(if index == 0 { "" } else { "," });
            item.write(out);
        }
        out.push(']');
    }
}

impl<A: Json, B: Json> Json for (A, B) {
    fn write(&self, out: &mut String) {
        out.push('[');
        self.0.write(out);
        out.push(',');
        self.1.write(out);
        out.push(']');
    }
}

/// Writes a value as it is shown.
fn shown(value: &dyn Display, out: &mut String) {
    put(out, format_args!("{value}"));
}

/// Writes a value as it is shown, which is without anything that has to be escaped.
fn quoted(value: &dyn Display, out: &mut String) {
    put(out, format_args!("\"{value}\""));
}

/// Writes a value by its name in the program.
fn named(value: &dyn Debug, out: &mut String) {
    put(out, format_args!("\"{value:?}\""));
}

fn put(out: &mut String, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a text takes all that is written");
}
