//! Packets (BIP324): the length of the contents 3, encrypted by itself | header 1 and contents, encrypted together |
//! tag 16.

use super::cipher::{FsChaCha20, FsChaCha20Poly1305, TAG_SIZE};
use crate::crypto::Side;
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;

/// Bytes of the encrypted length.
pub const LENGTH_SIZE: usize = 3;
/// Bytes of the header, which is encrypted with the contents.
pub const PACKET_HEADER_SIZE: usize = 1;
/// What a packet adds to its contents (Core's `BIP324Cipher::EXPANSION`).
pub const EXPANSION: usize = LENGTH_SIZE + PACKET_HEADER_SIZE + TAG_SIZE;
/// Bytes that end the garbage.
pub const GARBAGE_TERMINATOR_SIZE: usize = 16;

/// The header of packets that are to be passed over.
const IGNORE_BIT: u8 = 0x80;

/// What is to be done with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// Its contents are to be read.
    Genuine,
    /// It is there to hide how much is said; its contents mean nothing.
    Decoy,
}

/// Why a packet cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("packet does not carry the peer's tag")]
pub struct PacketError;

/// All that the two sides of a connection derive from their shared secret (Core's `BIP324Cipher`).
pub struct PacketCipher {
    send_length: FsChaCha20,
    send_packet: FsChaCha20Poly1305,
    receive_length: FsChaCha20,
    receive_packet: FsChaCha20Poly1305,
    session_id: [u8; 32],
    send_terminator: [u8; GARBAGE_TERMINATOR_SIZE],
    receive_terminator: [u8; GARBAGE_TERMINATOR_SIZE],
}

impl PacketCipher {
    /// The ciphers of one side on the network with this `magic`.
    pub fn new(shared_secret: &[u8; 32], magic: [u8; 4], side: Side) -> Self {
        let salt = [b"bitcoin_v2_shared_secret".as_slice(), &magic].concat();
        let keys = Hkdf::<Sha256>::new(Some(&salt), shared_secret);
        let key = |info: &str| {
            let mut key = [0; 32];
            keys.expand(info.as_bytes(), &mut key).expect("32 bytes can be derived");
            key
        };
        let terminators = key("garbage_terminators");
        let (initiator, responder) = terminators.split_at(GARBAGE_TERMINATOR_SIZE);
        let ((send, send_end), (receive, receive_end)) = match side {
            Side::Initiator => (("initiator", initiator), ("responder", responder)),
            Side::Responder => (("responder", responder), ("initiator", initiator)),
        };
        let terminator = |bytes: &[u8]| bytes.try_into().expect("half of 32 bytes");
        Self {
            send_length: FsChaCha20::new(key(&format!("{send}_L"))),
            send_packet: FsChaCha20Poly1305::new(key(&format!("{send}_P"))),
            receive_length: FsChaCha20::new(key(&format!("{receive}_L"))),
            receive_packet: FsChaCha20Poly1305::new(key(&format!("{receive}_P"))),
            session_id: key("session_id"),
            send_terminator: terminator(send_end),
            receive_terminator: terminator(receive_end),
        }
    }

    /// What both sides know and nobody else: who compares it notices anyone in between.
    pub const fn session_id(&self) -> &[u8; 32] {
        &self.session_id
    }

    /// What ends the garbage that this side sends.
    pub const fn send_terminator(&self) -> &[u8; GARBAGE_TERMINATOR_SIZE] {
        &self.send_terminator
    }

    /// What ends the other side's garbage.
    pub const fn receive_terminator(&self) -> &[u8; GARBAGE_TERMINATOR_SIZE] {
        &self.receive_terminator
    }

    /// Appends the next packet to `out`, with the contents that `write` appends. `aad` is authenticated and not sent.
    pub fn encrypt(
        &mut self,
        kind: PacketKind,
        aad: &[u8],
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = out.len();
        out.extend_from_slice(&[0; LENGTH_SIZE]);
        out.push(match kind {
            PacketKind::Genuine => 0,
            PacketKind::Decoy => IGNORE_BIT,
        });
        write(out);
        let (length, packet) = out[start..].split_at_mut(LENGTH_SIZE);
        let contents = packet.len() - PACKET_HEADER_SIZE;
        assert!(contents < 1 << 24, "no message is longer than three bytes can say");
        length.copy_from_slice(&(contents as u32).to_le_bytes()[..LENGTH_SIZE]);
        self.send_length.apply(length);
        let tag = self.send_packet.encrypt(aad, packet);
        out.extend_from_slice(&tag);
    }

    /// How long the contents of the next packet are; to be called once for each.
    pub fn decrypt_length(&mut self, mut bytes: [u8; LENGTH_SIZE]) -> usize {
        self.receive_length.apply(&mut bytes);
        let [low, middle, high] = bytes;
        u32::from_le_bytes([low, middle, high, 0]) as usize
    }

    /// Decrypts what follows a packet's length, in place: tells what kind of packet it is and gives its contents.
    ///
    /// # Errors
    /// The packet is damaged, forged or out of its place.
    pub fn decrypt<'a>(
        &mut self,
        aad: &[u8],
        packet: &'a mut [u8],
    ) -> Result<(PacketKind, &'a [u8]), PacketError> {
        let (bytes, tag) = packet.split_last_chunk_mut::<TAG_SIZE>().ok_or(PacketError)?;
        self.receive_packet.decrypt(aad, bytes, *tag).map_err(|_| PacketError)?;
        let (header, contents) = bytes.split_first().ok_or(PacketError)?;
        let kind = if header & IGNORE_BIT == 0 { PacketKind::Genuine } else { PacketKind::Decoy };
        Ok((kind, contents))
    }
}

impl fmt::Debug for PacketCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PacketCipher(secret)")
    }
}
