//! The encrypted transport (BIP324, "v2"): keys, ciphers, packets, and the state machine around them. Knows messages and
//! their limits; neither peers nor time. `docs/encryption.md` tells how it is used.

mod cipher;
mod message_type;
mod packet;
mod transport;

#[cfg(test)]
mod tests;

pub use cipher::REKEY_INTERVAL;
pub use packet::{
    EXPANSION, GARBAGE_TERMINATOR_SIZE, LENGTH_SIZE, PACKET_HEADER_SIZE, PacketCipher, PacketError,
    PacketKind,
};
pub use transport::{MAX_CONTENTS_LEN, MAX_GARBAGE_LEN, V2Error};
pub(crate) use transport::{V2Transport, is_v1};
