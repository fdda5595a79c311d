//! The ciphers of encrypted connections (BIP324): each changes its key after every 224 uses, so that a key which leaks
//! does not open what was sent before.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use chacha20poly1305::{AeadInOut as _, ChaCha20Poly1305, KeyInit as _, Tag};

/// Uses of a key before the next one takes its place (Core's `REKEY_INTERVAL`).
pub const REKEY_INTERVAL: u32 = 224;

/// Bytes that prove that a packet is whole and comes from the other side.
pub(crate) const TAG_SIZE: usize = 16;

/// A keystream for short chunks: the lengths of packets (Core's `FSChaCha20`).
pub(crate) struct FsChaCha20 {
    stream: ChaCha20,
    /// Chunks under this key; below [`REKEY_INTERVAL`].
    chunks: u32,
    /// Keys before this one.
    rekeys: u64,
}

impl FsChaCha20 {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { stream: stream(key, 0), chunks: 0, rekeys: 0 }
    }

    /// Encrypts or decrypts the next chunk.
    pub(crate) fn apply(&mut self, chunk: &mut [u8]) {
        self.stream.apply_keystream(chunk);
        self.chunks += 1;
        if self.chunks == REKEY_INTERVAL {
            let mut key = [0; 32];
            self.stream.apply_keystream(&mut key);
            self.rekeys += 1;
            self.chunks = 0;
            self.stream = stream(key, self.rekeys);
        }
    }
}

fn stream(key: [u8; 32], rekeys: u64) -> ChaCha20 {
    ChaCha20::new(&key.into(), &nonce(0, rekeys).into())
}

/// The cipher of packets (Core's `FSChaCha20Poly1305`).
pub(crate) struct FsChaCha20Poly1305 {
    cipher: ChaCha20Poly1305,
    /// Packets under this key; below [`REKEY_INTERVAL`].
    packets: u32,
    /// Keys before this one.
    rekeys: u64,
}

/// A packet that is damaged, forged or out of its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unauthentic;

impl FsChaCha20Poly1305 {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { cipher: ChaCha20Poly1305::new(&key.into()), packets: 0, rekeys: 0 }
    }

    /// Encrypts the next packet in place; the tag belongs after it.
    pub(crate) fn encrypt(&mut self, aad: &[u8], plain: &mut [u8]) -> [u8; TAG_SIZE] {
        let nonce = nonce(self.packets, self.rekeys);
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce.into(), aad, plain.into())
            .expect("packets are shorter than the cipher's limit");
        self.count();
        tag.into()
    }

    /// Decrypts the next packet in place.
    pub(crate) fn decrypt(
        &mut self,
        aad: &[u8],
        bytes: &mut [u8],
        tag: [u8; TAG_SIZE],
    ) -> Result<(), Unauthentic> {
        let nonce = nonce(self.packets, self.rekeys);
        self.cipher
            .decrypt_inout_detached(&nonce.into(), aad, bytes.into(), &Tag::from(tag))
            .map_err(|_| Unauthentic)?;
        self.count();
        Ok(())
    }

    fn count(&mut self) {
        self.packets += 1;
        if self.packets == REKEY_INTERVAL {
            let mut key = [0; 32];
            let nonce = nonce(u32::MAX, self.rekeys);
            self.cipher
                .encrypt_inout_detached(&nonce.into(), &[], key.as_mut_slice().into())
                .expect("32 bytes are below the cipher's limit");
            self.cipher = ChaCha20Poly1305::new(&key.into());
            self.packets = 0;
            self.rekeys += 1;
        }
    }
}

fn nonce(low: u32, high: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&low.to_le_bytes());
    nonce[4..].copy_from_slice(&high.to_le_bytes());
    nonce
}
