//! What a lab leaves in the browser's memory between visits, as text: a format, so that a page does not misread what an older
//! one wrote, and the value, in the hex digits of the bytes that pages and workers exchange.

use terrarium_core::encode::hex;
use terrarium_core::interface::{Wire, from_bytes, to_bytes};

/// A value as text.
pub(super) fn to_text<T: Wire>(format: u8, value: T) -> String {
    hex::encode(&to_bytes(&(format, value)))
}

/// The value of a text; none where it is of another format or cannot be read.
pub(super) fn from_text<T: Wire>(format: u8, text: &str) -> Option<T> {
    let (written, value): (u8, T) = from_bytes(&hex::decode(text).ok()?).ok()?;
    (written == format).then_some(value)
}
