//! Terrarium's worker crate.
