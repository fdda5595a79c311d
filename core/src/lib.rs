//! Terrarium's core crate.
