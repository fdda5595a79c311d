//! How the wallet is stored: one record a key, one a transaction, one for the rest.

use super::keys::{KeyIndex, KeyRing, WalletKey};
use super::label::Label;
use super::ledger::{Ledger, LedgerEntry, TxState};
use super::{ScanPoint, Settings};
use crate::crypto::PrivateKey;
use crate::encode::{Decode, DecodeError, Encode, Reader, deserialize, encode_bytes};
use crate::primitives::{BlockHash, Height, Script, Transaction, Txid};
use crate::store::{Op, Record, Table, record};
use crate::time::UnixTime;
use std::sync::Arc;

/// Key of the one record in `WalletMeta`.
const META_KEY: &[u8] = b"wallet";
/// Bytes that a label may take when stored.
const MAX_LABEL_BYTES: u64 = 1_024;

/// Everything that the wallet's records say.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) keys: KeyRing,
    pub(super) ledger: Ledger,
    /// None if its record is missing or unreadable.
    pub(super) settings: Option<Settings>,
    /// Records that could not be believed, one line each.
    pub(super) damaged: Vec<String>,
    /// A transaction's record was among them: the chain must be scanned anew.
    pub(super) ledger_damaged: bool,
}

/// Reads the records of the wallet's database; what fails its checksum is named and left out. A key's record that
/// fails is left in the store, and its number is not used again.
pub(super) fn read(records: &[Record]) -> Contents {
    let mut contents = Contents::default();
    for stored in records {
        let payload = record::open(stored.table, &stored.key, &stored.value);
        let read = payload.map_err(|error| error.to_string()).and_then(|payload| {
            read_payload(stored, payload, &mut contents).map_err(|error| error.to_string())
        });
        if let Err(reason) = read {
            contents.ledger_damaged |= stored.table == Table::WalletTransactions;
            if let (Table::Keys, Ok(index)) = (stored.table, key_index(&stored.key)) {
                contents.keys.reserve(index);
            }
            let key = crate::encode::hex::encode(&stored.key);
            contents.damaged.push(format!("{} {key}: {reason}", stored.table.name()));
        }
    }
    contents
}

fn read_payload(stored: &Record, payload: &[u8], contents: &mut Contents) -> Result<(), DecodeError> {
    match stored.table {
        Table::Keys => {
            let key = deserialize::<StoredKey>(payload)?.0;
            contents.keys.insert(key_index(&stored.key)?, key);
        }
        Table::WalletTransactions => {
            let entry = deserialize::<LedgerEntry>(payload)?;
            contents.ledger.restore(entry.transaction.txid(), entry);
        }
        Table::WalletMeta => contents.settings = Some(deserialize(payload)?),
        // A table of another database is not ours to judge.
        _ => {}
    }
    Ok(())
}

/// The write that stores a key.
pub(super) fn put_key(index: KeyIndex, key: &WalletKey) -> Op {
    let mut payload = key.key.secret_bytes().to_vec();
    payload.push(u8::from(key.key.is_compressed()));
    encode_bytes(key.label.as_ref().map_or("", Label::as_str).as_bytes(), &mut payload);
    put(Table::Keys, index.0.to_be_bytes().to_vec(), &payload)
}

/// The write that stores a transaction, or that removes one that the wallet has forgotten.
pub(super) fn write_entry(txid: &Txid, entry: Option<&LedgerEntry>) -> Op {
    let key = txid.as_bytes().to_vec();
    match entry {
        Some(entry) => put(Table::WalletTransactions, key, &crate::encode::serialize(entry)),
        None => Op::Delete { table: Table::WalletTransactions, key },
    }
}

/// The write that stores the rest.
pub(super) fn put_settings(settings: &Settings) -> Op {
    put(Table::WalletMeta, META_KEY.to_vec(), &crate::encode::serialize(settings))
}

fn put(table: Table, key: Vec<u8>, payload: &[u8]) -> Op {
    let value = record::seal(table, &key, payload);
    Op::Put { table, key, value }
}

fn key_index(key: &[u8]) -> Result<KeyIndex, DecodeError> {
    let bytes = key.try_into().map_err(|_| DecodeError::InvalidValue { field: "key index" })?;
    Ok(KeyIndex(u32::from_be_bytes(bytes)))
}

/// A key as it is read back.
struct StoredKey(WalletKey);

impl Decode for StoredKey {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let secret = reader.array()?;
        let compressed = match reader.read::<u8>()? {
            0 => false,
            1 => true,
            _ => return Err(DecodeError::InvalidValue { field: "compressed" }),
        };
        let key = PrivateKey::from_bytes(&secret, compressed)
            .map_err(|_| DecodeError::InvalidValue { field: "private key" })?;
        let label = match reader.bytes(MAX_LABEL_BYTES)? {
            [] => None,
            bytes => {
                let label = std::str::from_utf8(bytes).ok().and_then(|text| Label::parse(text).ok());
                Some(label.ok_or(DecodeError::InvalidValue { field: "label" })?)
            }
        };
        Ok(Self(WalletKey::new(key, label)))
    }
}

/// A state is a tag and, if confirmed, where.
impl Encode for TxState {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Waiting => out.push(0),
            Self::Inactive => out.push(1),
            Self::Confirmed { block, height } => {
                out.push(2);
                block.encode(out);
                height.0.encode(out);
            }
        }
    }

    fn encoded_len(&self) -> usize {
        match self {
            Self::Waiting | Self::Inactive => 1,
            Self::Confirmed { .. } => 1 + 32 + 4,
        }
    }
}

impl Decode for TxState {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.read::<u8>()? {
            0 => Ok(Self::Waiting),
            1 => Ok(Self::Inactive),
            2 => Ok(Self::Confirmed { block: reader.read()?, height: Height(reader.read()?) }),
            _ => Err(DecodeError::InvalidValue { field: "transaction state" }),
        }
    }
}

impl Encode for LedgerEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        self.state.encode(out);
        self.time.0.encode(out);
        self.order.encode(out);
        self.transaction.encode(out);
    }

    fn encoded_len(&self) -> usize {
        self.state.encoded_len() + 4 + 8 + self.transaction.encoded_len()
    }
}

impl Decode for LedgerEntry {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let state = reader.read()?;
        let time = UnixTime(reader.read()?);
        let order = reader.read()?;
        Ok(Self { transaction: Arc::new(reader.read::<Transaction>()?), state, time, order })
    }
}

/// The first two fields are there or not, which a byte before each says.
impl Encode for Settings {
    fn encode(&self, out: &mut Vec<u8>) {
        match &self.scanned {
            None => out.push(0),
            Some(ScanPoint { block, height }) => {
                out.push(1);
                block.encode(out);
                height.0.encode(out);
            }
        }
        match &self.mining_script {
            None => out.push(0),
            Some(script) => {
                out.push(1);
                script.encode(out);
            }
        }
        self.blocks_found.encode(out);
    }

    fn encoded_len(&self) -> usize {
        let script = self.mining_script.as_ref().map_or(0, Encode::encoded_len);
        2 + self.scanned.map_or(0, |_| 32 + 4) + script + 8
    }
}

impl Decode for Settings {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let is_there = |reader: &mut Reader<'_>| match reader.read::<u8>()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::InvalidValue { field: "presence" }),
        };
        let scanned = match is_there(reader)? {
            true => Some(ScanPoint { block: reader.read::<BlockHash>()?, height: Height(reader.read()?) }),
            false => None,
        };
        let mining_script = if is_there(reader)? { Some(reader.read::<Script>()?) } else { None };
        Ok(Self { scanned, mining_script, blocks_found: reader.read()? })
    }
}
