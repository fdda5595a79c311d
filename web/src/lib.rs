//! Terrarium's web crate.
