//! What fuzzers start from: inputs that reach far into what they try.

use super::formats::COMMANDS;
use super::scene::{frame, transaction};
use crate::encode::serialize;
use crate::net::message::{
    BASIC_FILTER, BlockTransactions, BlockTransactionsRequest, CheckpointMessage, CheckpointRequest,
    CompactBlock, FilterHeadersMessage, FilterMessage, FilterRequest, Inventory, LocatorRequest, Message,
    NetAddress, SendCompact, Services, TimedAddress, VersionMessage,
};
use crate::primitives::{Block, FilterHash, FilterHeader};
use crate::spv::{BlockFilter, BloomFilter, MerkleBlock};
use std::net::SocketAddr;
use std::sync::Arc;

/// One of every message.
fn messages() -> Vec<Message> {
    let block = block();
    let hash = block.block_hash();
    let address = SocketAddr::from(([127, 0, 0, 1], 3001));
    let node = NetAddress { services: Services::NETWORK | Services::WITNESS, address };
    let items = vec![
        Inventory::Block(hash),
        Inventory::WitnessTx(transaction(1).txid()),
        Inventory::CompactBlock(hash),
    ];
    let locator = LocatorRequest { version: 70_016, locator: vec![hash; 3], stop: hash };
    let range = FilterRequest { kind: BASIC_FILTER, start: 0, stop: hash };
    let (kind, stop) = (BASIC_FILTER, hash);
    let mut bloom = BloomFilter::for_elements(4, 9);
    bloom.insert(b"element");
    vec![
        Message::Version(Box::new(VersionMessage {
            version: 70_016,
            services: node.services,
            timestamp: 1_700_000_000,
            receiver: node,
            sender: node,
            nonce: 7,
            user_agent: "/corpus/".to_owned(),
            start_height: 12,
            relay: true,
        })),
        Message::Verack,
        Message::Addr(vec![TimedAddress { time: 1_700_000_000, node }]),
        Message::GetAddr,
        Message::Ping(1),
        Message::Pong(1),
        Message::Inv(items.clone()),
        Message::GetData(items.clone()),
        Message::NotFound(items),
        Message::GetBlocks(locator.clone()),
        Message::GetHeaders(locator),
        Message::Headers(vec![block.header; 2]),
        Message::Block(Arc::new(block.clone())),
        Message::Tx(transaction(1)),
        Message::Mempool,
        Message::SendHeaders,
        Message::FeeFilter(1_000),
        Message::FilterLoad(Box::new(bloom)),
        Message::FilterAdd(b"element".to_vec()),
        Message::FilterClear,
        Message::MerkleBlock(Box::new(proof(&block))),
        Message::GetCFilters(range),
        Message::CFilter(FilterMessage { kind, block: hash, filter: filter(&block) }),
        Message::GetCFHeaders(range),
        Message::CFHeaders(FilterHeadersMessage {
            kind,
            stop,
            previous: FilterHeader::ZERO,
            hashes: vec![FilterHash::digest(b"filter"); 2],
        }),
        Message::GetCFCheckpt(CheckpointRequest { kind, stop }),
        Message::CFCheckpt(CheckpointMessage { kind, stop, headers: vec![FilterHeader::ZERO; 2] }),
        Message::SendCmpct(SendCompact { announce: true, version: 2 }),
        Message::CmpctBlock(Arc::new(CompactBlock::new(&block, 5))),
        Message::GetBlockTxn(BlockTransactionsRequest { block: hash, indexes: vec![1, 3] }),
        Message::BlockTxn(BlockTransactions { block: hash, transactions: vec![transaction(1)] }),
    ]
}

/// Five transactions.
fn block() -> Block {
    super::scene::block_with((0..5).map(|number| (*transaction(number)).clone()).collect())
}

fn proof(block: &Block) -> MerkleBlock {
    MerkleBlock::new(block, |txid| *txid == block.transactions[3].txid())
}

fn filter(block: &Block) -> Vec<u8> {
    BlockFilter::new(block, std::iter::empty()).as_bytes().to_vec()
}

fn payload_of(message: &Message) -> Vec<u8> {
    let mut payload = Vec::new();
    message.encode_payload(&mut payload);
    payload
}

pub(super) fn message_stream() -> Vec<Vec<u8>> {
    let framed = |message: &Message| frame(message.command(), &payload_of(message));
    let all: Vec<u8> = messages().iter().flat_map(framed).collect();
    let mut damaged = framed(&Message::Ping(1));
    damaged[20] ^= 1;
    damaged.extend(frame("unknown", b"payload"));
    damaged.extend(framed(&Message::Verack));
    vec![[&[6][..], &all].concat(), [&[255][..], &damaged].concat()]
}

pub(super) fn payload() -> Vec<Vec<u8>> {
    let numbered = |message: &Message| {
        let place = COMMANDS.iter().position(|command| *command == message.command());
        [vec![place.unwrap_or_default() as u8], payload_of(message)].concat()
    };
    messages().iter().map(numbered).collect()
}

pub(super) fn header_sync() -> Vec<Vec<u8>> {
    // Moves: 0 connect, 1 extend, 2 wait, 3 close, 4 ask, 5 announce, 6 give a block.
    vec![
        vec![0, 1, 1, 1, 0, 0, 12, 0, 0, 1, 2, 100, 0, 4, 0, 1, 1, 1, 2, 1, 3, 0, 0, 0, 0, 1],
        vec![0, 1, 1, 1, 0, 0, 0xd0, 7, 0, 1, 1, 0, 0xcf, 7, 5, 0, 0, 1, 2, 255, 255],
        vec![
            0, 1, 1, 0, 2, 1, 1, 0, 0, 20, 0, 0, 1, 1, 1, 0, 30, 0, 0, 2, 5, 0, 18, 1, 1, 1, 4, 3, 0, 1, 9,
            9, 9, 9,
        ],
        vec![
            0, 1, 1, 1, 0, 0, 3, 0, 2, 1, 7, 0, 2, 1, 1, 0, 0, 2, 0, 3, 1, 255, 255, 255, 255, 2, 90, 0, 3, 0,
        ],
        vec![0, 1, 1, 1, 0, 0, 0xda, 7, 0, 1],
    ]
}

pub(super) fn address_manager() -> Vec<Vec<u8>> {
    // Moves: 0 learn, 1 good, 2 attempt, 3 introduced, 4 connected, 5 select, 6 resolve, 7 tell, 8 restore, 9 time.
    let mut many = Vec::new();
    for number in 0..60 {
        many.extend([0, number, 8, 1, 0, number % 3, 9, 9, 1, number, 8, 1, 5, 2, number, 8, 1, 6]);
    }
    many.extend([7, 8, 9, 255, 255, 255, 0, 5, 7]);
    vec![many, vec![0, 1, 8, 1, 0, 2, 8, 1, 1, 1, 8, 1, 8, 3, 1, 8, 1, 4, 1, 8, 1, 5, 7]]
}

pub(super) fn compact_block() -> Vec<Vec<u8>> {
    // Moves: 0 connect, 1 compact, 2 missing, 3 transaction, 4 headers, 5 block, 6 wish, 7 wait, 8 say.
    vec![
        vec![0, 1, 1, 6, 0, 1, 0, 1, 0, 0, 0, 0, 5, 0, 1, 0, 1, 0, 0, 0, 5, 0],
        vec![0, 1, 1, 6, 0, 1, 0, 3, 0, 1, 1, 0, 0, 2, 1, 2, 1, 7, 0, 2, 0, 16, 0, 7, 100, 0],
        vec![0, 1, 1, 0, 2, 1, 4, 0, 0, 12, 1, 1, 0, 2, 1, 3, 0, 4, 2, 0, 16, 1, 1, 0, 1, 0, 0, 9, 4, 9, 9],
    ]
}

pub(super) fn merkle_block() -> Vec<Vec<u8>> {
    vec![
        serialize(&proof(&block())),
        serialize(&MerkleBlock::new(&block(), |_| true)),
        vec![39, 1, 0, 1, 1, 0, 1],
    ]
}

pub(super) fn filters() -> Vec<Vec<u8>> {
    let mut bloom = BloomFilter::for_elements(20, 3);
    bloom.insert(transaction(1).txid().as_bytes());
    vec![serialize(&bloom), filter(&block()), vec![3, 4, 1, 2, 3, 4, 1, 9, 4, 1, 2, 3, 4]]
}

pub(super) fn node_inputs() -> Vec<Vec<u8>> {
    // Moves as `moves::node_inputs` lists them: 0 connect, 1 say, 4 wait, 5 headers, 6 block, 8 announce, 9 ask, 13 command.
    let greet_and_sync = {
        let mut moves = vec![0, 1, 1, 0, 2, 1, 5, 0, 0, 12];
        for block in 0..12 {
            moves.extend([6, 0, block, 0]);
        }
        moves.extend([
            5, 1, 12, 4, 9, 1, 3, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 100, 0, 13, 0, 0, 13, 0, 2,
        ]);
        moves
    };
    let mut every_command = vec![0, 1, 1];
    for (place, message) in messages().iter().enumerate() {
        let payload = payload_of(message);
        every_command.extend([1, 0, place as u8]);
        every_command.extend((payload.len().min(599) as u16).to_le_bytes());
        every_command.extend(&payload[..payload.len().min(599)]);
    }
    let trouble = vec![
        0, 1, 1, 14, 5, 0, 0, 12, 6, 0, 0, 0, 13, 0, 9, 4, 255, 1, 13, 0, 11, 15, 1, 0, 9, 3, 0, 13, 0, 4,
    ];
    vec![greet_and_sync, every_command, trouble]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_message_in_the_corpus() {
        let commands: Vec<_> = messages().iter().map(Message::command).collect();
        assert_eq!(commands, COMMANDS);
    }
}
