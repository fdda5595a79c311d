//! The chain files that `copy` made on a lab's desk, remembered between visits.

use crate::browser;
use std::collections::BTreeMap;
use terrarium_core::encode::hex;
use terrarium_core::interface::ChainFile;

/// Bytes of files that are remembered; a larger desk lasts as long as the page. Browsers keep 5 MB for a site, and
/// take two bytes for each of the two digits of a byte.
const MAX_BYTES: usize = 512 * 1024;

/// Files by name.
pub(crate) type Files = BTreeMap<String, ChainFile>;

/// The files of an earlier visit; those that cannot be read are left out.
pub(crate) fn load(lab: &str) -> Files {
    let text = browser::remembered(&key(lab)).unwrap_or_default();
    let saved: BTreeMap<String, String> = serde_json::from_str(&text).unwrap_or_default();
    let readable = |(name, digits): (String, String)| Some((name, ChainFile(hex::decode(&digits).ok()?)));
    saved.into_iter().filter_map(readable).collect()
}

/// Remembers these files, unless they are too large.
pub(crate) fn save(lab: &str, files: &Files) {
    if files.values().map(|file| file.0.len()).sum::<usize>() > MAX_BYTES {
        return;
    }
    let digits: BTreeMap<&str, String> =
        files.iter().map(|(name, file)| (name.as_str(), hex::encode(&file.0))).collect();
    if let Ok(text) = serde_json::to_string(&digits) {
        browser::remember(&key(lab), &text);
    }
}

/// The name under which a lab's files are remembered.
pub(crate) fn key(lab: &str) -> String {
    format!("terrarium/{lab}/files")
}
