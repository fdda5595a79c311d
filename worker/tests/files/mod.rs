//! The vectors that were taken in when this was built; what a native test reads from files.

use serde_json::Value;

const SCRIPT_TESTS: &str = include_str!(concat!(env!("VECTORS"), "/bitcoin-core/unit/script_tests.json"));

/// The rows of a file that holds a list of lists.
pub(crate) fn rows(path: &str) -> Vec<Vec<Value>> {
    assert_eq!(path, "bitcoin-core/unit/script_tests.json", "no other file was taken in");
    serde_json::from_str(SCRIPT_TESTS).expect("a list of lists")
}

/// A JSON string, or the empty one.
pub(crate) fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The bytes of a JSON string in hexadecimal.
pub(crate) fn hex(value: &Value) -> Vec<u8> {
    terrarium_core::encode::hex::decode(string(value)).expect("hexadecimal")
}
