//! The envelope of every stored value: schema version, payload, checksum. A record that fails is never believed.

use sha2::{Digest as _, Sha256};

use super::Table;

/// The schema that this program writes and reads.
pub const SCHEMA_VERSION: u8 = 1;

/// Bytes of checksum at the end of a value.
const CHECKSUM: usize = 8;

/// Why a stored value is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Fewer bytes than version and checksum take.
    #[error("record of {table} has only {length} bytes")]
    Truncated {
        /// Its table.
        table: &'static str,
        /// Its length.
        length: usize,
    },
    /// Written under another schema.
    #[error("record of {table} has schema version {version}, this program knows {SCHEMA_VERSION}")]
    Schema {
        /// Its table.
        table: &'static str,
        /// Its version.
        version: u8,
    },
    /// Not what was written, or written under another key.
    #[error("record of {table} fails its checksum")]
    Checksum {
        /// Its table.
        table: &'static str,
    },
}

/// The value to store for `payload` under `key`. Table and key are under the checksum too: a record that turns up
/// elsewhere fails.
pub fn seal(table: Table, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(1 + payload.len() + CHECKSUM);
    value.push(SCHEMA_VERSION);
    value.extend_from_slice(payload);
    let checksum = checksum(table, key, &value);
    value.extend_from_slice(&checksum);
    value
}

/// The payload of a stored value, if version and checksum hold.
pub fn open<'a>(table: Table, key: &[u8], value: &'a [u8]) -> Result<&'a [u8], RecordError> {
    let truncated = RecordError::Truncated { table: table.name(), length: value.len() };
    let (body, found) = value.split_last_chunk::<CHECKSUM>().ok_or_else(|| truncated.clone())?;
    let (&version, payload) = body.split_first().ok_or(truncated)?;
    if checksum(table, key, body) != *found {
        return Err(RecordError::Checksum { table: table.name() });
    }
    if version != SCHEMA_VERSION {
        return Err(RecordError::Schema { table: table.name(), version });
    }
    Ok(payload)
}

fn checksum(table: Table, key: &[u8], body: &[u8]) -> [u8; CHECKSUM] {
    let mut engine = Sha256::new();
    // Each part is followed by what cannot be confused with the next one's beginning: its length.
    for part in [table.name().as_bytes(), key] {
        engine.update(part);
        engine.update((part.len() as u32).to_le_bytes());
    }
    engine.update(body);
    let digest: [u8; 32] = engine.finalize().into();
    let mut checksum = [0; CHECKSUM];
    checksum.copy_from_slice(&digest[..CHECKSUM]);
    checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_payload_opens() {
        for payload in [&b""[..], b"x", &[7; 1000]] {
            let value = seal(Table::Coins, b"key", payload);
            assert_eq!(open(Table::Coins, b"key", &value), Ok(payload));
        }
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_is_found() {
        let value = seal(Table::Index, b"k", b"payload");
        for bit in 0..value.len() * 8 {
            let mut flipped = value.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(Table::Index, b"k", &flipped).is_err(), "bit {bit}");
        }
        for end in 0..value.len() {
            assert!(open(Table::Index, b"k", &value[..end]).is_err(), "length {end}");
        }
    }

    #[test]
    fn a_record_under_another_key_or_in_another_table_fails() {
        let value = seal(Table::Bodies, b"ab", b"c");
        assert!(open(Table::Bodies, b"a", &value).is_err());
        assert!(open(Table::Undo, b"ab", &value).is_err());
    }

    #[test]
    fn a_record_of_another_schema_is_named() {
        let mut body = vec![9];
        body.extend_from_slice(b"from the future");
        let checksum = checksum(Table::Keys, b"k", &body);
        body.extend_from_slice(&checksum);
        let error = RecordError::Schema { table: "keys", version: 9 };
        assert_eq!(open(Table::Keys, b"k", &body), Err(error));
    }
}
