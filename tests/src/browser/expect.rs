//! What tests compare.

use serde_json::Value;

use super::runner::Outcome;

/// Fails unless `seen` is `wanted`.
///
/// # Errors
/// Both of them.
pub fn expect(seen: &Value, wanted: &Value) -> Outcome {
    if seen == wanted { Ok(()) } else { Err(format!("{seen}, not {wanted}").into()) }
}

/// Fails unless `seen` is a text that contains `part`.
///
/// # Errors
/// Both of them.
pub fn expect_text(seen: &Value, part: &str) -> Outcome {
    if seen.as_str().is_some_and(|text| text.contains(part)) {
        return Ok(());
    }
    Err(format!("{seen}, which does not say {part}").into())
}
