//! Bitcoin's consensus encoding: little-endian integers, CompactSize counts, vectors of items.
//!
//! Encoding cannot fail and appends to a byte vector. Decoding pulls from a [`Reader`] over bytes that are already
//! here; the reader owns the rule that a length from outside is never believed, so no call site can forget it.

mod error;
pub mod hex;
mod reader;

pub use error::DecodeError;
pub use reader::{MAX_SIZE, Reader};

/// A value with a consensus encoding.
pub trait Encode {
    /// Appends the encoding to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// The number of bytes that [`Encode::encode`] appends.
    fn encoded_len(&self) -> usize;
}

/// A value that can be read back from its consensus encoding.
pub trait Decode: Sized {
    /// The fewest bytes that any value of this type takes; bounds how many items a claimed count may stand for.
    const MIN_ENCODED_LEN: usize = 1;

    /// Reads one value and leaves the reader behind it.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// The encoding of `value` in a vector of its own.
pub fn serialize<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.encoded_len());
    value.encode(&mut out);
    out
}

/// Decodes exactly one value from `bytes`; bytes left over are an error.
pub fn deserialize<T: Decode>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = T::decode(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// Appends `n` as a CompactSize: one byte below 253, else a marker and 2, 4 or 8 bytes (Core's `WriteCompactSize`).
pub fn encode_compact_size(n: u64, out: &mut Vec<u8>) {
    match n {
        0..=0xfc => out.push(n as u8),
        0xfd..=0xffff => {
            out.push(0xfd);
            out.extend_from_slice(&(n as u16).to_le_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(0xfe);
            out.extend_from_slice(&(n as u32).to_le_bytes());
        }
        _ => {
            out.push(0xff);
            out.extend_from_slice(&n.to_le_bytes());
        }
    }
}

/// The bytes that `n` takes as a CompactSize: 1, 3, 5 or 9.
pub const fn compact_size_len(n: u64) -> usize {
    match n {
        0..=0xfc => 1,
        0xfd..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Appends a count and then each item.
pub fn encode_vec<T: Encode>(items: &[T], out: &mut Vec<u8>) {
    encode_compact_size(items.len() as u64, out);
    for item in items {
        item.encode(out);
    }
}

/// The bytes that [`encode_vec`] appends.
pub fn vec_len<T: Encode>(items: &[T]) -> usize {
    compact_size_len(items.len() as u64) + items.iter().map(Encode::encoded_len).sum::<usize>()
}

/// Appends a length and then the bytes.
pub fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    encode_compact_size(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// The bytes that [`encode_bytes`] appends.
pub const fn bytes_len(bytes: &[u8]) -> usize {
    compact_size_len(bytes.len() as u64) + bytes.len()
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Encode for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn encoded_len(&self) -> usize {
                size_of::<$type>()
            }
        }
        impl Decode for $type {
            const MIN_ENCODED_LEN: usize = size_of::<$type>();
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(Self::from_le_bytes(reader.array()?))
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, i32, i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_size_takes_the_shortest_form_at_every_boundary() {
        for (n, len) in [
            (0, 1),
            (252, 1),
            (253, 3),
            (0xffff, 3),
            (0x1_0000, 5),
            (0xffff_ffff, 5),
            (0x1_0000_0000, 9),
            (u64::MAX, 9),
        ] {
            let mut out = Vec::new();
            encode_compact_size(n, &mut out);
            assert_eq!((out.len(), compact_size_len(n)), (len, len), "{n}");
            assert_eq!(Reader::new(&out).compact_u64(), Ok(n));
        }
    }

    #[test]
    fn bytes_after_the_value_are_refused() {
        assert_eq!(deserialize::<u16>(&[1, 2, 3]), Err(DecodeError::TrailingBytes { count: 1 }));
    }
}
