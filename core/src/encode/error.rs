//! What can be wrong with encoded bytes.

/// Why bytes are not the encoding of a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("unexpected end of data: {needed} more bytes needed, {remaining} left")]
    UnexpectedEnd {
        /// Bytes that the next field takes.
        needed: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// A CompactSize was written longer than it has to be (Core: `non-canonical ReadCompactSize()`).
    #[error("non-canonical CompactSize for {value}")]
    NonCanonicalCompactSize {
        /// The number that it stands for.
        value: u64,
    },
    /// A count or length is above what its field allows (Core: `ReadCompactSize(): size too large`).
    #[error("size too large: {size} is above {max}")]
    SizeTooLarge {
        /// The number that was claimed.
        size: u64,
        /// The most that is allowed there.
        max: u64,
    },
    /// A transaction carries the witness flag and no witness (Core: `Superfluous witness record`).
    #[error("superfluous witness record")]
    SuperfluousWitness,
    /// A transaction's flag byte has a bit that nobody defined (Core: `Unknown transaction optional data`).
    #[error("unknown transaction optional data, flag {flag:#04x}")]
    UnknownTransactionFlag {
        /// The flag byte.
        flag: u8,
    },
    /// A field holds a value that its type does not have.
    #[error("invalid value in {field}")]
    InvalidValue {
        /// The name of the field.
        field: &'static str,
    },
    /// Bytes are left after the value.
    #[error("{count} bytes after the end of the value")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
}
