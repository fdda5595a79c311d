//! NIST's short messages for SHA-256.

use libtest_mimic::Failed;
use terrarium_core::crypto::sha256;
use terrarium_core::encode::hex;

use crate::files;

pub(crate) fn sha256_short_messages() -> Result<(), Failed> {
    let text = files::text("rust-bitcoin/SHA256ShortMsg.rsp");
    let field = |line: &str, name: &str| line.trim().strip_prefix(name).map(str::to_owned);
    let mut lines = text.lines();
    let mut count = 0;
    while let Some(line) = lines.next() {
        let Some(bits) = field(line, "Len = ") else { continue };
        let message =
            lines.next().and_then(|line| field(line, "Msg = ")).ok_or("a message follows its length")?;
        let digest =
            lines.next().and_then(|line| field(line, "MD = ")).ok_or("a digest follows its message")?;
        let bytes = hex::decode(&message)?;
        let message = &bytes[..bits.parse::<usize>()? / 8];
        assert_eq!(hex::encode(&sha256(message)), digest, "{bits} bits");
        count += 1;
    }
    assert_eq!(count, 65);
    Ok(())
}
