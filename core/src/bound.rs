//! Bounds of containers, for audits: simulations look at them while nodes are under attack.

/// How full a container of a named bound is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// What is bounded, and by which constant.
    pub name: &'static str,
    /// What is in it now.
    pub held: usize,
    /// What may be in it.
    pub most: usize,
}

impl Bound {
    /// A container's bound.
    pub(crate) const fn new(name: &'static str, held: usize, most: usize) -> Self {
        Self { name, held, most }
    }

    /// The bound of the fullest of several containers.
    pub(crate) fn of_fullest(name: &'static str, held: impl IntoIterator<Item = usize>, most: usize) -> Self {
        Self::new(name, held.into_iter().max().unwrap_or_default(), most)
    }

    /// Whether it holds.
    pub const fn holds(&self) -> bool {
        self.held <= self.most
    }
}
