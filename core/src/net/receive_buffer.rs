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

    /// Takes bytes in. Memory grows with what has arrived, never with what a header claims.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.buffer.capacity() - self.buffer.len() < bytes.len() {
            self.buffer.drain(..self.read);
            self.read = 0;
            let ahead = self.buffer.len().min(MAX_RECEIVE_RESERVE);
            self.buffer.reserve_exact(bytes.len().max(ahead));
        }
        self.buffer.extend_from_slice(bytes);
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
            self.empty();
        }
    }

    /// Bytes that the buffer occupies.
    #[cfg(test)]
    pub(crate) const fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Forgets what is read, and gives memory back that only a large message needed.
    fn empty(&mut self) {
        self.read = 0;
        self.buffer.clear();
        self.buffer.shrink_to(MAX_RECEIVE_RESERVE);
    }
}
