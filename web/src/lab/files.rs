//! The chain files that `copy` made on a lab's desk, remembered between visits.

use super::memory;
use crate::browser;
use terrarium_core::collections::BTreeMap;
use terrarium_core::interface::ChainFile;

/// How files are remembered. Counts up with every change of what is written.
const FORMAT: u8 = 1;

/// Bytes of files that are remembered; a larger desk lasts as long as the page. Browsers keep 5 MB for a site, and
/// take two bytes for each of the two digits of a byte.
const MAX_BYTES: usize = 512 * 1024;

/// Files by name.
pub(crate) type Files = BTreeMap<String, ChainFile>;

/// The files of an earlier visit; none where they cannot be read.
pub(crate) fn load(lab: &str) -> Files {
    let text = browser::remembered(&key(lab)).unwrap_or_default();
    let saved: Option<Vec<(String, ChainFile)>> = memory::from_text(FORMAT, &text);
    saved.unwrap_or_default().into_iter().collect()
}

/// Remembers these files, unless they are too large.
pub(crate) fn save(lab: &str, files: &Files) {
    if files.values().map(|file| file.0.len()).sum::<usize>() > MAX_BYTES {
        return;
    }
    let files: Vec<_> = files.iter().map(|(name, file)| (name.clone(), file.clone())).collect();
    browser::remember(&key(lab), &memory::to_text(FORMAT, files));
}

/// The name under which a lab's files are remembered.
pub(crate) fn key(lab: &str) -> String {
    format!("terrarium/{lab}/files")
}
