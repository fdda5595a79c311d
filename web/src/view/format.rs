//! How figures and hashes are written, and what colour a block has.

use terrarium_core::primitives::Amount;

/// Between groups of three digits: narrow, and no line breaks there.
const GROUP: char = '\u{202f}';

/// The end of a hash, by which people call it: `…c8be06`.
pub(crate) fn short(hash: &str) -> String {
    format!("…{}", tail(hash, 6))
}

/// The last `count` characters.
pub(crate) fn tail(text: &str, count: usize) -> &str {
    text.char_indices().rev().nth(count.saturating_sub(1)).map_or(text, |(start, _)| &text[start..])
}

/// Beginning and end of a long text: `1BvBMS…aqPh`.
pub(crate) fn middle(text: &str) -> String {
    if text.chars().count() <= 16 {
        return text.to_owned();
    }
    let head: String = text.chars().take(8).collect();
    format!("{head}…{}", tail(text, 6))
}

/// A block's hue in degrees, from the last six hex digits of its hash. Neighbouring values are spread over the whole
/// circle, for the golden angle divides it most evenly.
pub(crate) fn hue(hash: &str) -> u32 {
    let digits = u32::from_str_radix(tail(hash, 6), 16).unwrap_or(0);
    (f64::from(digits % 4096) * 137.508) as u32 % 360
}

/// The style that gives an element its block's hue.
pub(crate) fn hue_style(hash: &str) -> String {
    format!("--h:{}", hue(hash))
}

/// Coins with groups of three digits before the point.
pub(crate) fn coins(amount: Amount) -> String {
    let text = amount.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("−", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    format!("{sign}{}{fraction}", grouped(whole))
}

/// Coins with a sign in front, as changes are written.
pub(crate) fn signed_coins(amount: Amount) -> String {
    let plus = if amount > Amount::ZERO { "+" } else { "" };
    format!("{plus}{}", coins(amount))
}

/// A whole number with groups of three digits.
pub(crate) fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// A rate in thousands of hashes a second, with one decimal below ten: `3.1`, `13.1`, `0`.
pub(crate) fn khs(rate: f64) -> String {
    let rounded = (rate * 10.0).round() / 10.0;
    if rounded == rounded.trunc() { format!("{rounded:.0}") } else { format!("{rounded:.1}") }
}

/// Time of day of a header's time, in the visitor's zone.
pub(crate) fn clock_time(unix: u32) -> String {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(f64::from(unix) * 1000.0));
    format!("{:02}:{:02}:{:02}", date.get_hours(), date.get_minutes(), date.get_seconds())
}

fn grouped(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(GROUP);
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_called_by_its_last_six_digits() {
        assert_eq!(short("00ab41d0e7c8be06"), "…c8be06");
        assert_eq!(tail("abc", 6), "abc");
    }

    #[test]
    fn thousands_are_grouped_before_the_point_alone() {
        let spaced = |text: String| text.replace(GROUP, " ");
        assert_eq!(spaced(coins(Amount::from_sat(138_750_000_000))), "1 387.5");
        assert_eq!(spaced(coins(Amount::from_coins(21_000_000))), "21 000 000");
        assert_eq!(spaced(coins(Amount::from_sat(-12_345_678))), "−0.12345678");
        assert_eq!(spaced(signed_coins(Amount::from_coins(50))), "+50");
        assert_eq!(coins(Amount::from_coins(100)), "100");
    }

    #[test]
    fn rates_have_a_decimal_where_it_says_something() {
        assert_eq!([khs(3.1), khs(8.0), khs(0.25), khs(13.06)], ["3.1", "8", "0.3", "13.1"]);
    }

    #[test]
    fn equal_hashes_have_equal_hues_and_hues_lie_on_the_circle() {
        assert_eq!(hue("aac8be06"), hue("bbc8be06"));
        assert!((0..5_000).all(|n| hue(&format!("{n:06x}")) < 360));
    }

    #[test]
    fn a_long_text_keeps_its_ends() {
        assert_eq!(middle("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"), "1A1zP1eP…DivfNa");
        assert_eq!(middle("wallet1"), "wallet1");
    }
}
