//! The lab behind the page: its nodes, links, clock and scenes. Everything here is about what is; how it looks is in
//! `view`. `clock`, `links`, `split`, `trace`, `traffic` and `tree` are plain values with rules; `state` is the store of
//! signals; `port` alone speaks with the workers and writes that store.

pub(crate) mod cancel;
pub(crate) mod clock;
mod files;
pub(crate) mod host;
pub(crate) mod lab_file;
pub(crate) mod links;
mod memory;
pub(crate) mod moving;
pub(crate) mod port;
pub(crate) mod roster;
pub(crate) mod scene;
pub(crate) mod split;
pub(crate) mod state;
pub(crate) mod trace;
pub(crate) mod traffic;
pub(crate) mod tree;

pub(crate) use port::{Lab, LabError, delete};
