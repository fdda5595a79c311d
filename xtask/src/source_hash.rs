//! The build id: a hash of everything that the page is built from.
//!
//! Page and workers compare it when they meet. Equal sources give equal ids, so a build without changes rebuilds nothing.

use std::{fs, path::Path};

use crate::{Error, paths};

/// Folders and files that end up in the page.
const SOURCES: [&str; 12] = [
    "collections",
    "core",
    "console",
    "lanes",
    "link",
    "verifier",
    "worker",
    "web",
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
];

/// The build id, 16 hex digits.
pub(crate) fn build_id() -> Result<String, Error> {
    let mut hash = Fnv::default();
    for source in SOURCES {
        add(&mut hash, &paths::root().join(source))?;
    }
    Ok(format!("{:016x}", hash.0))
}

fn add(hash: &mut Fnv, path: &Path) -> Result<(), Error> {
    let failed = |error| Error::io(format_args!("read {}", path.display()), &error);
    if path.is_dir() {
        let entries = fs::read_dir(path).map_err(failed)?;
        let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        return entries.iter().try_for_each(|entry| add(hash, &entry.path()));
    }
    let name = path.strip_prefix(paths::root()).unwrap_or(path);
    hash.write(name.to_string_lossy().as_bytes());
    hash.write(&fs::read(path).map_err(failed)?);
    Ok(())
}

/// FNV-1a, 64 bits: fast, stable over machines and compilers, and there is no adversary here.
pub(crate) struct Fnv(pub(crate) u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Adds `bytes` and their length.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&(bytes.len() as u64).to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
