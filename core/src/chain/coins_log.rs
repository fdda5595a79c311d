//! How coins are kept: as a log of changes, one segment a batch, written whole again once the log is long.
//!
//! All coins are in memory, so a batch writes one record however many coins changed; a record for each coin would make
//! the store the slowest part of a sync.

use crate::collections::BTreeMap;

use super::coins::{Change, Changes, Coin, CoinsCache};
use crate::encode::{Decode, DecodeError, Encode, MAX_SIZE, Reader, encode_compact_size, encode_vec};
use crate::primitives::OutPoint;
use crate::store::{Op, Table, record};

/// More segments than this are written together.
const MAX_SEGMENTS: u32 = 256;

/// A log below this size is never written again for its size.
const MIN_REWRITE: u64 = 1024 * 1024;

/// Bytes that a coin takes in a segment, about.
const COIN_SIZE: u64 = 72;

/// A segment of a rewritten log is closed once it holds so many bytes.
const SEGMENT_SIZE: usize = 256 * 1024;

/// The segments that make up the coins: `first` to before `next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CoinsLog {
    first: u32,
    next: u32,
    bytes: u64,
    rewrite: bool,
}

impl CoinsLog {
    /// A log that is written whole by the next batch.
    pub(crate) const fn new() -> Self {
        Self { first: 0, next: 0, bytes: 0, rewrite: true }
    }

    /// Makes the next batch write every coin.
    pub(crate) const fn rewrite(&mut self) {
        self.rewrite = true;
    }

    /// Whether the next batch writes every coin whatever changed.
    pub(crate) const fn will_rewrite(&self) -> bool {
        self.rewrite
    }

    /// The operations that bring the log up to the coins. `changes` are those since the last batch.
    pub(crate) fn write(&mut self, changes: &Changes, coins: &CoinsCache) -> Vec<Op> {
        let is_long = self.next - self.first >= MAX_SEGMENTS;
        let is_large = self.bytes > MIN_REWRITE.max(3 * COIN_SIZE * coins.len() as u64);
        if self.rewrite || is_long || is_large {
            return self.write_whole(coins);
        }
        if changes.is_empty() {
            return Vec::new();
        }
        let mut segment = Segment::default();
        for (outpoint, change) in changes {
            match (change, coins.get(outpoint)) {
                (Change::Spent, _) | (_, None) => segment.spent.push(*outpoint),
                (_, Some(coin)) => segment.add(outpoint, coin),
            }
        }
        vec![self.put(&segment)]
    }

    fn write_whole(&mut self, coins: &CoinsCache) -> Vec<Op> {
        *self = Self { first: self.next, next: self.next, bytes: 0, rewrite: false };
        let mut ops = vec![Op::Clear { table: Table::Coins }];
        let mut segment = Segment::default();
        for (outpoint, coin) in coins.iter() {
            segment.add(outpoint, coin);
            if segment.added.len() >= SEGMENT_SIZE {
                ops.push(self.put(&std::mem::take(&mut segment)));
            }
        }
        if segment.count > 0 {
            ops.push(self.put(&segment));
        }
        ops
    }

    fn put(&mut self, segment: &Segment) -> Op {
        let key = self.next.to_be_bytes().to_vec();
        let value = record::seal(Table::Coins, &key, &segment.encode());
        self.next += 1;
        self.bytes += value.len() as u64;
        Op::Put { table: Table::Coins, key, value }
    }

    /// The coins that the stored segments make. The error says which record failed.
    pub(crate) fn replay(&self, records: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<CoinsCache, String> {
        let mut coins = CoinsCache::default();
        for number in self.first..self.next {
            let key = number.to_be_bytes();
            let value = records.get(&key[..]).ok_or(format!("coins segment {number} is missing"))?;
            let payload = record::open(Table::Coins, &key, value).map_err(|error| error.to_string())?;
            replay_segment(payload, &mut coins).map_err(|why| format!("coins segment {number}: {why}"))?;
        }
        Ok(coins)
    }
}

/// Coins that came, ready encoded, and coins that went.
#[derive(Default)]
struct Segment {
    count: u64,
    added: Vec<u8>,
    spent: Vec<OutPoint>,
}

impl Segment {
    fn add(&mut self, outpoint: &OutPoint, coin: &Coin) {
        self.count += 1;
        outpoint.encode(&mut self.added);
        coin.encode(&mut self.added);
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.added.len() + self.spent.len() * 36 + 18);
        encode_compact_size(self.count, &mut out);
        out.extend_from_slice(&self.added);
        encode_vec(&self.spent, &mut out);
        out
    }
}

fn replay_segment(payload: &[u8], coins: &mut CoinsCache) -> Result<(), DecodeError> {
    let mut reader = Reader::new(payload);
    for _ in 0..reader.compact_size(MAX_SIZE)? {
        let outpoint = reader.read()?;
        coins.restore(outpoint, reader.read()?);
    }
    for outpoint in reader.vec::<OutPoint>(MAX_SIZE)? {
        if !coins.forget(&outpoint) {
            return Err(DecodeError::InvalidValue { field: "spent coin" });
        }
    }
    reader.finish()
}

impl Encode for CoinsLog {
    fn encode(&self, out: &mut Vec<u8>) {
        self.first.encode(out);
        self.next.encode(out);
        self.bytes.encode(out);
    }
    fn encoded_len(&self) -> usize {
        16
    }
}

impl Decode for CoinsLog {
    const MIN_ENCODED_LEN: usize = 16;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { first: reader.read()?, next: reader.read()?, bytes: reader.read()?, rewrite: false })
    }
}
