//! Terrarium's tests crate.
