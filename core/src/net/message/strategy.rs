//! Random messages for property tests.

use super::{BlockTransactions, BlockTransactionsRequest, CompactBlock, SendCompact};
use super::{CheckpointMessage, CheckpointRequest, FilterHeadersMessage, FilterMessage, FilterRequest};
use super::{Inventory, LocatorRequest, Message, NetAddress, Services, TimedAddress, VersionMessage};
use crate::primitives::{
    Amount, Block, BlockHash, CompactTarget, FilterHash, FilterHeader, Header, MAX_MONEY, MerkleRoot,
    OutPoint, Script, Transaction, TxIn, TxOut, Txid,
};
use crate::spv::{BloomFilter, MerkleBlock};
use proptest::collection::vec;
use proptest::prelude::*;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Any message.
pub(crate) fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        version().prop_map(|version| Message::Version(Box::new(version))),
        Just(Message::Verack),
        vec((any::<u32>(), net_address()), 0..5)
            .prop_map(|list| list.into_iter().map(|(time, node)| TimedAddress { time, node }).collect())
            .prop_map(Message::Addr),
        Just(Message::GetAddr),
        any::<u64>().prop_map(Message::Ping),
        any::<u64>().prop_map(Message::Pong),
        vec(inventory(), 0..6).prop_map(Message::Inv),
        vec(inventory(), 0..6).prop_map(Message::GetData),
        vec(inventory(), 0..6).prop_map(Message::NotFound),
        locator_request().prop_map(Message::GetBlocks),
        locator_request().prop_map(Message::GetHeaders),
        vec(header(), 0..5).prop_map(Message::Headers),
        (header(), vec(transaction(), 0..4))
            .prop_map(|(header, transactions)| Message::Block(Arc::new(Block { header, transactions }))),
        transaction().prop_map(|tx| Message::Tx(Arc::new(tx))),
        Just(Message::Mempool),
        Just(Message::SendHeaders),
        // The oracle reads money alone here; what is out of range the node ignores.
        (0..=MAX_MONEY.to_sat()).prop_map(Message::FeeFilter),
        bloom_filter().prop_map(|filter| Message::FilterLoad(Box::new(filter))),
        vec(any::<u8>(), 0..40).prop_map(Message::FilterAdd),
        Just(Message::FilterClear),
        merkle_block().prop_map(|proof| Message::MerkleBlock(Box::new(proof))),
        compact_filters(),
        compact_blocks(),
    ]
}

fn bloom_filter() -> impl Strategy<Value = BloomFilter> {
    (vec(vec(any::<u8>(), 0..9), 0..5), any::<u32>()).prop_map(|(elements, tweak)| {
        let mut filter = BloomFilter::for_elements(elements.len(), tweak);
        elements.iter().for_each(|element| filter.insert(element));
        filter
    })
}

fn compact_filters() -> impl Strategy<Value = Message> {
    let fields = (any::<u8>(), any::<u32>(), block_hash());
    (fields, vec(any::<u8>(), 0..40), vec(any::<[u8; 32]>(), 1..5), 0..6).prop_map(
        |((kind, start, stop), filter, hashes, message)| match message {
            0 => Message::GetCFilters(FilterRequest { kind, start, stop }),
            1 => Message::GetCFHeaders(FilterRequest { kind, start, stop }),
            2 => Message::CFilter(FilterMessage { kind, block: stop, filter }),
            3 => {
                let previous = FilterHeader::from_bytes(hashes[0]);
                let hashes = hashes.into_iter().map(FilterHash::from_bytes).collect();
                Message::CFHeaders(FilterHeadersMessage { kind, stop, previous, hashes })
            }
            4 => Message::GetCFCheckpt(CheckpointRequest { kind, stop }),
            _ => {
                let headers = hashes.into_iter().map(FilterHeader::from_bytes).collect();
                Message::CFCheckpt(CheckpointMessage { kind, stop, headers })
            }
        },
    )
}

fn compact_blocks() -> impl Strategy<Value = Message> {
    let block = (header(), vec(transaction(), 1..5), any::<u64>());
    (block, block_hash(), vec(any::<u16>(), 0..6), 0..4).prop_map(
        |((header, transactions, nonce), hash, indexes, message)| match message {
            0 => Message::SendCmpct(SendCompact { announce: nonce % 2 == 0, version: nonce }),
            1 => Message::CmpctBlock(Arc::new(CompactBlock::new(&Block { header, transactions }, nonce))),
            2 => {
                let ascending: std::collections::BTreeSet<u16> = indexes.into_iter().collect();
                let indexes = ascending.into_iter().collect();
                Message::GetBlockTxn(BlockTransactionsRequest { block: hash, indexes })
            }
            _ => {
                let transactions = transactions.into_iter().map(Arc::new).collect();
                Message::BlockTxn(BlockTransactions { block: hash, transactions })
            }
        },
    )
}

fn merkle_block() -> impl Strategy<Value = MerkleBlock> {
    (header(), vec(transaction(), 1..6)).prop_map(|(header, transactions)| {
        MerkleBlock::new(&Block { header, transactions }, |txid| txid.as_bytes()[0] % 2 == 0)
    })
}

fn version() -> impl Strategy<Value = VersionMessage> {
    let fields = (any::<u32>(), any::<u64>(), any::<i64>(), net_address(), net_address());
    let rest = (any::<u64>(), "[ -~]{0,40}", any::<i32>(), any::<bool>());
    (fields, rest).prop_map(|(fields, rest)| VersionMessage {
        version: fields.0,
        services: Services(fields.1),
        timestamp: fields.2,
        receiver: fields.3,
        sender: fields.4,
        nonce: rest.0,
        user_agent: rest.1,
        start_height: rest.2,
        relay: rest.3,
    })
}

fn net_address() -> impl Strategy<Value = NetAddress> {
    let ip = prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        // Global unicast: neither mapped nor compatible, so that there is one way to read it.
        any::<[u8; 15]>().prop_map(|tail| {
            let mut octets = [0x20; 16];
            octets[1..].copy_from_slice(&tail);
            IpAddr::from(octets)
        }),
    ];
    (any::<u64>(), ip, any::<u16>()).prop_map(|(services, ip, port)| NetAddress {
        services: Services(services),
        address: SocketAddr::new(ip, port),
    })
}

fn inventory() -> impl Strategy<Value = Inventory> {
    (0_u32..8, any::<[u8; 32]>()).prop_map(|(kind, hash)| match kind {
        1 => Inventory::Tx(Txid::from_bytes(hash)),
        2 => Inventory::Block(BlockHash::from_bytes(hash)),
        3 => Inventory::WitnessTx(Txid::from_bytes(hash)),
        5 => Inventory::FilteredBlock(BlockHash::from_bytes(hash)),
        6 => Inventory::CompactBlock(BlockHash::from_bytes(hash)),
        4 => Inventory::WitnessBlock(BlockHash::from_bytes(hash)),
        _ => Inventory::Other { kind: 77 + kind, hash },
    })
}

fn locator_request() -> impl Strategy<Value = LocatorRequest> {
    (any::<u32>(), vec(block_hash(), 0..12), block_hash())
        .prop_map(|(version, locator, stop)| LocatorRequest { version, locator, stop })
}

fn block_hash() -> impl Strategy<Value = BlockHash> {
    any::<[u8; 32]>().prop_map(BlockHash::from_bytes)
}

fn header() -> impl Strategy<Value = Header> {
    (any::<i32>(), block_hash(), any::<[u8; 32]>(), any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
        |(version, prev_blockhash, root, time, bits, nonce)| Header {
            version,
            prev_blockhash,
            merkle_root: MerkleRoot::from_bytes(root),
            time,
            bits: CompactTarget(bits),
            nonce,
        },
    )
}

fn transaction() -> impl Strategy<Value = Transaction> {
    let script = || vec(any::<u8>(), 0..30).prop_map(Script::from_bytes);
    let input = (any::<[u8; 32]>(), any::<u32>(), script(), any::<u32>(), vec(vec(any::<u8>(), 0..9), 0..3))
        .prop_map(|(txid, vout, script_sig, sequence, witness)| TxIn {
            previous_output: OutPoint::new(Txid::from_bytes(txid), vout),
            script_sig,
            sequence,
            witness,
        });
    let output = (0..21_000_000_i64, script())
        .prop_map(|(value, script_pubkey)| TxOut { value: Amount::from_sat(value), script_pubkey });
    (any::<i32>(), vec(input, 1..4), vec(output, 1..4), any::<u32>())
        .prop_map(|(version, inputs, outputs, lock_time)| Transaction { version, inputs, outputs, lock_time })
}
