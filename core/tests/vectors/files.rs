//! Where the vectors are and how their files are read.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of the vectors, if it is there.
pub(crate) fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let folder = std::env::var_os("TERRARIUM_VECTORS").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// The bytes of a file.
pub(crate) fn bytes(path: &str) -> Vec<u8> {
    let path = folder().expect("tests run only where the folder is").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of a file.
pub(crate) fn text(path: &str) -> String {
    String::from_utf8(bytes(path)).expect("vectors are UTF-8")
}

/// The JSON in a file.
pub(crate) fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).expect("vectors are JSON")
}

/// The rows of a file that holds a list of lists.
pub(crate) fn rows(path: &str) -> Vec<Vec<Value>> {
    serde_json::from_value(json(path)).expect("a list of lists")
}

/// A JSON string, or the empty one.
pub(crate) fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The bytes of a JSON string in hexadecimal.
pub(crate) fn hex(value: &Value) -> Vec<u8> {
    terrarium_core::encode::hex::decode(string(value)).expect("hexadecimal")
}
