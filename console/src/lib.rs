//! Terrarium's console crate.
