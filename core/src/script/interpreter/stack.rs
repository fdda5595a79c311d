//! A stack of byte strings; depth 1 is the top.

use crate::script::ScriptError;

/// The items of a script's stack, bottom first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stack(Vec<Vec<u8>>);

impl Stack {
    /// A stack of `items`, bottom first.
    pub const fn new(items: Vec<Vec<u8>>) -> Self {
        Self(items)
    }

    /// How many items there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts an item on top.
    pub fn push(&mut self, item: Vec<u8>) {
        self.0.push(item);
    }

    /// Takes the top item.
    pub fn pop(&mut self) -> Result<Vec<u8>, ScriptError> {
        self.0.pop().ok_or(ScriptError::InvalidStackOperation)
    }

    /// The item `depth` from the top.
    pub fn peek(&self, depth: usize) -> Result<&[u8], ScriptError> {
        self.index(depth).map(|index| self.0[index].as_slice())
    }

    /// Whether the top item is true; an error where there is none.
    pub fn peek_bool(&self) -> Result<bool, ScriptError> {
        self.peek(1).map(is_true)
    }

    /// The items, bottom first.
    pub fn items(&self) -> &[Vec<u8>] {
        &self.0
    }

    pub(super) fn push_bool(&mut self, value: bool) {
        self.push(if value { vec![1] } else { Vec::new() });
    }

    /// Puts a copy of the item `depth` from the top on top.
    pub(super) fn copy_to_top(&mut self, depth: usize) -> Result<(), ScriptError> {
        let item = self.peek(depth)?.to_vec();
        self.push(item);
        Ok(())
    }

    /// Takes the item `depth` from the top out from among the others.
    pub(super) fn remove(&mut self, depth: usize) -> Result<Vec<u8>, ScriptError> {
        self.index(depth).map(|index| self.0.remove(index))
    }

    /// Puts a copy of the top item below the item `depth` from the top.
    pub(super) fn tuck(&mut self, depth: usize) -> Result<(), ScriptError> {
        let index = self.index(depth)?;
        let top = self.peek(1)?.to_vec();
        self.0.insert(index, top);
        Ok(())
    }

    /// Takes the top `count` items away.
    pub(super) fn drop_top(&mut self, count: usize) -> Result<(), ScriptError> {
        let rest = self.0.len().checked_sub(count).ok_or(ScriptError::InvalidStackOperation)?;
        self.0.truncate(rest);
        Ok(())
    }

    fn index(&self, depth: usize) -> Result<usize, ScriptError> {
        self.0.len().checked_sub(depth).filter(|_| depth > 0).ok_or(ScriptError::InvalidStackOperation)
    }
}

/// Whether an item counts as true: anything but zero, also negative zero (Core's `CastToBool`).
pub(super) fn is_true(item: &[u8]) -> bool {
    match item.split_last() {
        None => false,
        Some((last, rest)) => rest.iter().any(|&byte| byte != 0) || (*last != 0 && *last != 0x80),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_in_any_length_and_sign_is_false() {
        for item in [&[][..], &[0], &[0x80], &[0, 0], &[0, 0x80]] {
            assert!(!is_true(item));
        }
        for item in [&[1][..], &[0x81], &[0x80, 0], &[0, 1]] {
            assert!(is_true(item));
        }
    }
}
