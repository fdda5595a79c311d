//! Readers of what peers send: whatever can be read is written and read again as the same.

use super::scene::MAGIC;
use crate::choices::Choices;
use crate::encode::{deserialize, serialize};
use crate::net::message::{Frame, Message, MessageDecoder};
use crate::primitives::{Block, BlockHash, Script};
use crate::spv::{BlockFilter, BloomFilter, MerkleBlock};

/// Every command that this node reads.
pub(crate) const COMMANDS: [&str; 31] = [
    "version",
    "verack",
    "addr",
    "getaddr",
    "ping",
    "pong",
    "inv",
    "getdata",
    "notfound",
    "getblocks",
    "getheaders",
    "headers",
    "block",
    "tx",
    "mempool",
    "sendheaders",
    "feefilter",
    "filterload",
    "filteradd",
    "filterclear",
    "merkleblock",
    "getcfilters",
    "cfilter",
    "getcfheaders",
    "cfheaders",
    "getcfcheckpt",
    "cfcheckpt",
    "sendcmpct",
    "cmpctblock",
    "getblocktxn",
    "blocktxn",
];

/// A stream in the clear: the first byte says in what pieces it comes. However it is cut, the same frames come out.
pub fn message_stream(data: &[u8]) {
    let mut choices = Choices::new(data);
    let piece = usize::from(choices.byte()) + 1;
    let stream = choices.rest();
    let whole = frames([stream].into_iter());
    assert_eq!(frames(stream.chunks(piece)), whole, "pieces of {piece} bytes change what is read");
    for frame in whole {
        if let Frame::Message { message, .. } = frame {
            reads_as_written(&message);
        }
    }
}

fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Frame> {
    let mut decoder = MessageDecoder::new(MAGIC);
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_) => return frames,
            }
        }
    }
    frames
}

/// The payload of the command that the first byte chooses.
pub fn payload(data: &[u8]) {
    let mut choices = Choices::new(data);
    let command = COMMANDS[choices.below(COMMANDS.len())];
    if let Ok(message) = Message::decode_payload(command, choices.rest()) {
        let message = message.unwrap_or_else(|| panic!("{command} is no command"));
        assert_eq!(message.command(), command);
        reads_as_written(&message);
    }
}

fn reads_as_written(message: &Message) {
    let mut written = Vec::new();
    message.encode_payload(&mut written);
    let read = Message::decode_payload(message.command(), &written);
    assert_eq!(read.as_ref(), Ok(&Some(message.clone())));
}

/// A proof that some transactions are in a block: one made up is refused or proves what its block can hold, one that is made
/// from a block proves what was asked for.
pub fn merkle_block(data: &[u8]) {
    if let Ok(proof) = deserialize::<MerkleBlock>(data) {
        if let Ok(proven) = proof.extract() {
            assert!(proven.matches.iter().all(|(place, _)| *place < proof.transaction_count()));
            assert!(proven.matches.is_sorted_by(|a, b| a.0 < b.0), "{proven:?}");
        }
        assert_eq!(deserialize(&serialize(&proof)), Ok(proof));
    }
    let mut choices = Choices::new(data);
    let transactions = (0..=choices.below(40)).map(|number| super::scene::transaction(number as u32));
    let transactions: Vec<_> = transactions.map(|transaction| (*transaction).clone()).collect();
    let wanted: Vec<_> =
        transactions.iter().map(crate::primitives::Transaction::txid).filter(|_| choices.flag()).collect();
    let block = super::scene::block_with(transactions);
    let proven = MerkleBlock::new(&block, |txid| wanted.contains(txid)).verify();
    let proven = proven.unwrap_or_else(|error| panic!("a proof of a block's own: {error}"));
    assert_eq!(proven.matches.iter().map(|(_, txid)| *txid).collect::<Vec<_>>(), wanted);
}

/// Bloom filters and compact filters: what is in them is found, whatever else they are.
pub fn filters(data: &[u8]) {
    if let Ok(mut filter) = deserialize::<BloomFilter>(data)
        && filter.is_within_limits()
    {
        let transaction = super::scene::transaction(1);
        filter.matches(&transaction);
        filter.insert(transaction.txid().as_bytes());
        assert!(filter.contains(transaction.txid().as_bytes()) && filter.matches(&transaction));
        assert_eq!(deserialize(&serialize(&filter)), Ok(filter));
    }
    let hash = BlockHash::from_bytes([7; 32]);
    // Either is an answer; a filter that is none is an error.
    drop(BlockFilter::from_bytes(data.to_vec()).matches(&hash, [&b"script"[..], data].into_iter()));
    let mut choices = Choices::new(data);
    let scripts: Vec<Script> = (0..choices.below(20))
        .map(|_| {
            let length = choices.below(40);
            Script::from_bytes(choices.bytes(length).to_vec())
        })
        .collect();
    let block = Block { transactions: Vec::new(), ..super::scene::block_with(Vec::new()) };
    let filter = BlockFilter::new(&block, scripts.iter());
    for script in scripts.iter().filter(|script| !script.as_bytes().is_empty()) {
        assert_eq!(filter.matches(&block.block_hash(), [script.as_bytes()].into_iter()), Ok(true));
    }
}
