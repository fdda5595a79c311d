//! Terrarium's link crate.
