//! A cursor over bytes from outside that never allocates on the word of a length.

use super::{Decode, DecodeError};

/// The largest count or length in any message, 32 MiB (Core's `MAX_SIZE`).
pub const MAX_SIZE: u64 = 0x0200_0000;

/// Memory that a claimed count may reserve ahead of its items, in bytes; beyond it a vector grows as items arrive
/// (Core's `MAX_VECTOR_ALLOCATE` is larger; a browser tab has less to give away).
const MAX_PREALLOCATION: usize = 1 << 20;

/// Reads values from the front of a slice.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the front of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, rest)) = self.rest.split_at_checked(count) else {
            return Err(DecodeError::UnexpectedEnd { needed: count, remaining: self.rest.len() });
        };
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(DecodeError::UnexpectedEnd { needed: N, remaining: self.rest.len() });
        };
        self.rest = rest;
        Ok(*head)
    }

    /// One value of the type that the caller expects.
    pub fn read<T: Decode>(&mut self) -> Result<T, DecodeError> {
        T::decode(self)
    }

    /// A CompactSize that stands for any 64-bit number, in its shortest form.
    pub fn compact_u64(&mut self) -> Result<u64, DecodeError> {
        let [marker] = self.array()?;
        let (value, least) = match marker {
            0xfd => (u64::from(u16::from_le_bytes(self.array()?)), 0xfd),
            0xfe => (u64::from(u32::from_le_bytes(self.array()?)), 0x1_0000),
            0xff => (u64::from_le_bytes(self.array()?), 0x1_0000_0000),
            small => (u64::from(small), 0),
        };
        if value < least {
            return Err(DecodeError::NonCanonicalCompactSize { value });
        }
        Ok(value)
    }

    /// A CompactSize that counts something: at most `max`, and never more than [`MAX_SIZE`].
    pub fn compact_size(&mut self, max: u64) -> Result<usize, DecodeError> {
        let max = max.min(MAX_SIZE);
        let size = self.compact_u64()?;
        if size > max {
            return Err(DecodeError::SizeTooLarge { size, max });
        }
        Ok(size as usize)
    }

    /// A length of at most `max` and then that many bytes.
    pub fn bytes(&mut self, max: u64) -> Result<&'a [u8], DecodeError> {
        let len = self.compact_size(max)?;
        self.take(len)
    }

    /// A count of at most `max` and then that many items. A count that the bytes left cannot hold is refused
    /// before anything is allocated.
    pub fn vec<T: Decode>(&mut self, max: u64) -> Result<Vec<T>, DecodeError> {
        let count = self.compact_size(max)?;
        let needed = count.saturating_mul(T::MIN_ENCODED_LEN);
        if needed > self.rest.len() {
            return Err(DecodeError::UnexpectedEnd { needed, remaining: self.rest.len() });
        }
        let mut items = Vec::with_capacity(count.min(MAX_PREALLOCATION / size_of::<T>().max(1)));
        for _ in 0..count {
            items.push(T::decode(self)?);
        }
        Ok(items)
    }

    /// Ends the reading; bytes left over are an error.
    pub const fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(DecodeError::TrailingBytes { count }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compact_size_longer_than_needed_is_refused() {
        for (bytes, value) in [
            (&[0xfd, 0xfc, 0x00][..], 0xfc),
            (&[0xfe, 0xff, 0xff, 0, 0][..], 0xffff),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0][..], 0xffff_ffff),
        ] {
            assert_eq!(Reader::new(bytes).compact_u64(), Err(DecodeError::NonCanonicalCompactSize { value }));
        }
    }

    #[test]
    fn a_count_above_max_size_is_refused_whatever_the_caller_allows() {
        let bytes = [0xfe, 0x01, 0x00, 0x00, 0x02];
        assert_eq!(
            Reader::new(&bytes).compact_size(u64::MAX),
            Err(DecodeError::SizeTooLarge { size: MAX_SIZE + 1, max: MAX_SIZE })
        );
    }

    #[test]
    fn a_count_that_the_bytes_cannot_hold_is_refused_before_items_are_read() {
        let bytes = [0xfe, 0x00, 0x00, 0x00, 0x02, 1, 2, 3];
        assert_eq!(
            Reader::new(&bytes).vec::<u32>(MAX_SIZE),
            Err(DecodeError::UnexpectedEnd { needed: 4 * 0x0200_0000, remaining: 3 })
        );
    }

    #[test]
    fn truncation_names_what_was_missing() {
        assert_eq!(
            Reader::new(&[1, 2]).read::<u32>(),
            Err(DecodeError::UnexpectedEnd { needed: 4, remaining: 2 })
        );
        assert_eq!(
            Reader::new(&[5, 1]).bytes(10),
            Err(DecodeError::UnexpectedEnd { needed: 5, remaining: 1 })
        );
    }
}
