//! The wallet's keys: made, imported, found by label and by script.

use super::WalletError;
use super::label::Label;
use crate::collections::{BTreeMap, BTreeSet};
use crate::crypto::{Address, PrivateKey};
use crate::primitives::Script;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use std::fmt;

/// Keys that a wallet may have: what is drawn, stored and searched stays within reason.
pub const MAX_KEYS: usize = 10_000;

/// What new keys are drawn from; nothing else draws from it.
pub struct KeySource(ChaCha20Rng);

impl KeySource {
    /// The generator of this entropy.
    pub fn new(entropy: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(entropy))
    }

    fn draw(&mut self) -> PrivateKey {
        loop {
            let mut secret = [0; 32];
            self.0.fill_bytes(&mut secret);
            // One draw in 2^128 is out of range.
            if let Ok(key) = PrivateKey::from_bytes(&secret, true) {
                return key;
            }
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySource(secret)")
    }
}

/// A key's place in the order in which the wallet's keys came; names its record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyIndex(pub(super) u32);

/// A key with what follows from it.
#[derive(Clone, Debug)]
pub(super) struct WalletKey {
    pub(super) key: PrivateKey,
    pub(super) address: Address,
    pub(super) script: Script,
    pub(super) label: Option<Label>,
}

impl WalletKey {
    pub(super) fn new(key: PrivateKey, label: Option<Label>) -> Self {
        let address = Address::P2pkh(key.public_key().pubkey_hash());
        Self { script: address.script_pubkey(), address, key, label }
    }
}

/// All keys of a wallet.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyRing {
    /// Bounded by [`MAX_KEYS`], as are the others.
    keys: BTreeMap<KeyIndex, WalletKey>,
    by_script: BTreeMap<Script, KeyIndex>,
    next_index: KeyIndex,
    /// To be written.
    dirty: BTreeSet<KeyIndex>,
    /// Those, and the ones on their way: nobody is told of them yet.
    unsaved: BTreeSet<KeyIndex>,
}

impl KeyRing {
    /// Makes a key.
    pub(super) fn create(
        &mut self,
        source: &mut KeySource,
        label: Option<Label>,
    ) -> Result<&WalletKey, WalletError> {
        self.check_label(label.as_ref())?;
        let mut key = WalletKey::new(source.draw(), label);
        // A source that was seeded again gives the keys that are here already.
        while self.by_script.contains_key(&key.script) {
            key = WalletKey::new(source.draw(), key.label);
        }
        self.add_new(key)
    }

    /// Adds a key that came from elsewhere.
    pub(super) fn import(
        &mut self,
        key: PrivateKey,
        label: Option<Label>,
    ) -> Result<&WalletKey, WalletError> {
        let key = WalletKey::new(key, label);
        if self.by_script.contains_key(&key.script) {
            return Err(WalletError::KeyExists);
        }
        self.check_label(key.label.as_ref())?;
        self.add_new(key)
    }

    fn add_new(&mut self, key: WalletKey) -> Result<&WalletKey, WalletError> {
        if self.keys.len() >= MAX_KEYS {
            return Err(WalletError::TooManyKeys);
        }
        let index = self.next_index;
        self.dirty.insert(index);
        self.unsaved.insert(index);
        Ok(self.insert(index, key))
    }

    /// Puts a key in its place: a new one, or one read from its record.
    pub(super) fn insert(&mut self, index: KeyIndex, key: WalletKey) -> &WalletKey {
        self.reserve(index);
        self.by_script.insert(key.script.clone(), index);
        self.keys.entry(index).or_insert(key)
    }

    /// Never gives this index to a new key: a record has it, readable or not.
    pub(super) fn reserve(&mut self, index: KeyIndex) {
        self.next_index = self.next_index.max(KeyIndex(index.0.saturating_add(1)));
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Those that are in the store, in the order in which they came.
    pub(super) fn saved(&self) -> impl Iterator<Item = &WalletKey> {
        self.keys.iter().filter(|(index, _)| !self.unsaved.contains(index)).map(|(_, key)| key)
    }

    /// All, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = &WalletKey> {
        self.keys.values()
    }

    pub(super) fn get(&self, index: KeyIndex) -> Option<&WalletKey> {
        self.keys.get(&index)
    }

    pub(super) fn by_script(&self, script: &Script) -> Option<&WalletKey> {
        self.keys.get(self.by_script.get(script)?)
    }

    /// Whether the key that this script names is in the store.
    pub(super) fn is_saved(&self, script: &Script) -> bool {
        self.by_script.get(script).is_some_and(|index| !self.unsaved.contains(index))
    }

    pub(super) fn is_mine(&self, script: &Script) -> bool {
        self.by_script.contains_key(script)
    }

    pub(super) fn by_label(&self, label: &Label) -> Option<&WalletKey> {
        self.iter().find(|key| key.label.as_ref() == Some(label))
    }

    fn check_label(&self, label: Option<&Label>) -> Result<(), WalletError> {
        match label {
            Some(label) if self.by_label(label).is_some() => Err(WalletError::LabelTaken(label.to_string())),
            _ => Ok(()),
        }
    }

    /// The keys whose records are not written yet; they count as written from now on.
    pub(super) fn take_dirty(&mut self) -> BTreeSet<KeyIndex> {
        std::mem::take(&mut self.dirty)
    }

    /// These are in the store.
    pub(super) fn mark_saved(&mut self, indexes: &BTreeSet<KeyIndex>) {
        self.unsaved.retain(|index| !indexes.contains(index));
    }

    /// Forgets every key that is not in the store, and gives them.
    pub(super) fn withdraw_unsaved(&mut self) -> Vec<WalletKey> {
        self.dirty.clear();
        let unsaved = std::mem::take(&mut self.unsaved);
        let withdrawn: Vec<WalletKey> = unsaved.iter().filter_map(|index| self.keys.remove(index)).collect();
        for key in &withdrawn {
            self.by_script.remove(&key.script);
        }
        withdrawn
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }
}
