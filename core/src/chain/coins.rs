//! Unspent outputs: the coins of the tip, all in memory, with what changed since the last batch.

use crate::collections::BTreeMap;

use crate::encode::{Decode, DecodeError, Encode, Reader, compact_size_len, encode_compact_size};
use crate::primitives::{Amount, Height, OutPoint, Script, TxOut};

/// The most coins that a node holds; over it the node stops by name.
pub const MAX_COINS: usize = 1_000_000;

/// An unspent output and where it came from (Core's `Coin`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coin {
    /// The output.
    pub output: TxOut,
    /// The height of the block that made it.
    pub height: Height,
    /// Whether a coinbase made it.
    pub coinbase: bool,
}

/// Something that knows coins: the chain, or the mempool on top of it (Core's `CCoinsView`).
pub trait CoinLookup {
    /// The coin at `outpoint`, if it exists and is unspent.
    fn coin(&self, outpoint: &OutPoint) -> Option<Coin>;
}

/// How a coin stands against what was last written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is new.
    Added,
    /// It was there and is gone.
    Spent,
    /// It was there, and is there with another height.
    Replaced,
}

/// Changes by outpoint, bounded by the node through `Chainstate::pending_bytes`.
pub(crate) type Changes = BTreeMap<OutPoint, Change>;

/// The coins of the tip.
#[derive(Clone, Debug, Default)]
pub struct CoinsCache {
    /// At most [`MAX_COINS`]; `Chainstate::activate` enforces it.
    coins: BTreeMap<OutPoint, Coin>,
    changes: Changes,
    /// What the coins of a block on trial were before; bounded by the block, none while no block is on trial.
    trial: Option<Vec<Before>>,
}

/// A coin, and its change, as they were.
#[derive(Clone, Debug)]
struct Before {
    outpoint: OutPoint,
    coin: Option<Coin>,
    change: Option<Change>,
}

impl CoinsCache {
    /// The coin at `outpoint`.
    pub fn get(&self, outpoint: &OutPoint) -> Option<&Coin> {
        self.coins.get(outpoint)
    }

    /// The number of coins.
    pub fn len(&self) -> usize {
        self.coins.len()
    }

    /// Whether there are no coins.
    pub fn is_empty(&self) -> bool {
        self.coins.is_empty()
    }

    /// All coins, in the order of their outpoints.
    pub fn iter(&self) -> impl Iterator<Item = (&OutPoint, &Coin)> {
        self.coins.iter()
    }

    /// Puts a block on trial: what happens from now on can be taken back.
    pub(crate) fn begin_trial(&mut self) {
        self.trial = Some(Vec::new());
    }

    /// The block stays.
    pub(crate) fn end_trial(&mut self) {
        self.trial = None;
    }

    /// Takes back all that happened since the trial began, changes included: as if there had been no block.
    pub(crate) fn roll_back(&mut self) {
        for Before { outpoint, coin, change } in self.trial.take().into_iter().flatten().rev() {
            match coin {
                Some(coin) => drop(self.coins.insert(outpoint, coin)),
                None => drop(self.coins.remove(&outpoint)),
            }
            match change {
                Some(change) => drop(self.changes.insert(outpoint, change)),
                None => drop(self.changes.remove(&outpoint)),
            }
        }
    }

    /// Notes how a coin is that is about to change.
    fn note(&mut self, outpoint: OutPoint) {
        if let Some(trial) = &mut self.trial {
            let (coin, change) = (self.coins.get(&outpoint).cloned(), self.changes.get(&outpoint).copied());
            trial.push(Before { outpoint, coin, change });
        }
    }

    /// Adds a coin.
    pub(crate) fn add(&mut self, outpoint: OutPoint, coin: Coin) {
        self.note(outpoint);
        let change = match self.changes.get(&outpoint) {
            Some(Change::Spent | Change::Replaced) => Change::Replaced,
            Some(Change::Added) | None => Change::Added,
        };
        self.changes.insert(outpoint, change);
        self.coins.insert(outpoint, coin);
    }

    /// Removes a coin and gives it back. One that was never written leaves no trace.
    pub(crate) fn spend(&mut self, outpoint: &OutPoint) -> Option<Coin> {
        self.note(*outpoint);
        let coin = self.coins.remove(outpoint)?;
        match self.changes.get(outpoint) {
            Some(Change::Added) => self.changes.remove(outpoint),
            _ => self.changes.insert(*outpoint, Change::Spent),
        };
        Some(coin)
    }

    /// Puts a coin as the store has it, without a change.
    pub(crate) fn restore(&mut self, outpoint: OutPoint, coin: Coin) {
        self.coins.insert(outpoint, coin);
    }

    /// Takes a coin away as the store has it, without a change; whether there was one.
    pub(crate) fn forget(&mut self, outpoint: &OutPoint) -> bool {
        self.coins.remove(outpoint).is_some()
    }

    /// Drops every coin and every change.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What changed since this was last called.
    pub(crate) fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// Puts changes back that were taken and not written after all, below those made since.
    pub(crate) fn return_changes(&mut self, taken: Changes) {
        let later = std::mem::replace(&mut self.changes, taken);
        for (outpoint, second) in later {
            let was_stored = match self.changes.get(&outpoint) {
                Some(first) => *first != Change::Added,
                None => second != Change::Added,
            };
            match (was_stored, second != Change::Spent) {
                (false, true) => self.changes.insert(outpoint, Change::Added),
                (true, false) => self.changes.insert(outpoint, Change::Spent),
                (true, true) => self.changes.insert(outpoint, Change::Replaced),
                (false, false) => self.changes.remove(&outpoint),
            };
        }
    }

    /// The number of changes that wait to be written.
    pub(crate) fn pending(&self) -> usize {
        self.changes.len()
    }

    /// The sum of all coins, in satoshis.
    pub fn total(&self) -> u128 {
        self.coins.values().map(|coin| sat(coin.output.value)).sum()
    }

    /// The sum of the coins that `script_pubkey` guards.
    pub fn balance_of(&self, script_pubkey: &Script) -> Amount {
        let coins = self.coins.values().filter(|coin| coin.output.script_pubkey == *script_pubkey);
        let sum = coins.fold(0_i64, |sum, coin| sum.saturating_add(coin.output.value.to_sat()));
        Amount::from_sat(sum)
    }

    /// How many transactions have unspent outputs.
    pub fn transactions(&self) -> usize {
        let mut last = None;
        self.coins.keys().filter(|outpoint| last.replace(outpoint.txid) != Some(outpoint.txid)).count()
    }
}

impl CoinLookup for CoinsCache {
    fn coin(&self, outpoint: &OutPoint) -> Option<Coin> {
        self.get(outpoint).cloned()
    }
}

/// The satoshis of an amount that is known not to be negative.
pub(crate) fn sat(amount: Amount) -> u128 {
    u128::try_from(amount.to_sat()).unwrap_or(0)
}

impl Coin {
    /// Height and origin in one number, as Core stores them.
    fn code(&self) -> u64 {
        u64::from(self.height.0) << 1 | u64::from(self.coinbase)
    }
}

impl Encode for Coin {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_compact_size(self.code(), out);
        self.output.encode(out);
    }
    fn encoded_len(&self) -> usize {
        compact_size_len(self.code()) + self.output.encoded_len()
    }
}

impl Decode for Coin {
    const MIN_ENCODED_LEN: usize = 10;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let code = reader.compact_u64()?;
        let height =
            u32::try_from(code >> 1).map_err(|_| DecodeError::InvalidValue { field: "coin height" })?;
        Ok(Self { height: Height(height), coinbase: code & 1 == 1, output: reader.read()? })
    }
}
