//! BIP34: a coinbase begins with its block's height, so that no two coinbases share a txid.

use crate::primitives::{Height, Script, Transaction};

/// The script that a coinbase at `height` must begin with: the height pushed as a minimal script number (Core's
/// `CScript() << nHeight`: OP_0 and OP_1 to OP_16 for the small ones).
pub fn height_script(height: Height) -> Script {
    Script::new().push_int(i64::from(height.0))
}

/// Whether `coinbase` begins with `height`.
pub fn commits_to(coinbase: &Transaction, height: Height) -> bool {
    let expected = height_script(height);
    let script_sig = coinbase.inputs.first().map(|input| input.script_sig.as_bytes());
    script_sig.is_some_and(|script| script.starts_with(expected.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_pushed_as_minimal_script_numbers() {
        for (height, script) in [
            (0, &[0x00][..]),
            (1, &[0x51]),
            (16, &[0x60]),
            (17, &[0x01, 0x11]),
            (127, &[0x01, 0x7f]),
            (128, &[0x02, 0x80, 0x00]),
            (255, &[0x02, 0xff, 0x00]),
            (256, &[0x02, 0x00, 0x01]),
            (227_931, &[0x03, 0x5b, 0x7a, 0x03]),
            (0x0080_0000, &[0x04, 0x00, 0x00, 0x80, 0x00]),
            (u32::MAX, &[0x05, 0xff, 0xff, 0xff, 0xff, 0x00]),
        ] {
            assert_eq!(height_script(Height(height)).as_bytes(), script, "{height}");
        }
    }
}
