//! Bytes of a connection that came and are not worked off.

use super::limits::MAX_RECEIVE_RESERVE;

/// The bytes, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReceiveBuffer {
    /// Bytes that have arrived; those before `read` are done with. At most `limits::MAX_RECEIVE_BUFFER` unread ones,
    /// which the peer's owner enforces.
    buffer: Vec<u8>,
    read: usize,
}

impl ReceiveBuffer {
    pub(crate) const fn new() -> Self {
        Self { buffer: Vec::new(), read: 0 }
    }

    /// Takes bytes in: as they are where nothing waits, which most messages find. Memory grows with what has arrived, never
    /// with what a header claims.
    pub(crate) fn push(&mut self, bytes: Vec<u8>) {
        if self.len() == 0 {
            self.buffer = bytes;
            self.read = 0;
            return;
        }
        if self.buffer.capacity() - self.buffer.len() < bytes.len() {
            self.buffer.drain(..self.read);
            self.read = 0;
            let ahead = self.buffer.len().min(MAX_RECEIVE_RESERVE);
            self.buffer.reserve_exact(bytes.len().max(ahead));
        }
        self.buffer.extend_from_slice(&bytes);
    }

    /// How many bytes wait.
    pub(crate) const fn len(&self) -> usize {
        self.buffer.len() - self.read
    }

    /// The bytes that wait.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.read..]
    }

    /// The bytes that wait, to be decrypted where they are.
    pub(crate) fn unread_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[self.read..]
    }

    /// The first `count` of the bytes that wait are done with.
    pub(crate) fn consume(&mut self, count: usize) {
        self.read += count;
        if self.read == self.buffer.len() {
            *self = Self::new();
        }
    }

    /// Takes out the bytes that wait.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(self);
        bytes.buffer.drain(..bytes.read);
        bytes.buffer
    }

    /// Bytes that the buffer occupies.
    #[cfg(test)]
    pub(crate) const fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}
