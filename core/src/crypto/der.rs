//! DER encodings of ECDSA signatures: strictly written, strictly checked (BIP66), or read as laxly as old blocks need.

/// The encoding of the two numbers, big-endian, in as few bytes as DER allows.
pub(super) fn encode(r: &[u8; 32], s: &[u8; 32]) -> Vec<u8> {
    let mut body = Vec::with_capacity(70);
    for number in [r, s] {
        let number = strip_zeros(number);
        let negative = number.first().is_some_and(|first| first & 0x80 != 0);
        body.extend_from_slice(&[0x02, (number.len() + usize::from(negative)) as u8]);
        body.extend(negative.then_some(0));
        body.extend_from_slice(number);
    }
    let mut out = vec![0x30, body.len() as u8];
    out.append(&mut body);
    out
}

/// Reads the two numbers as OpenSSL once did: lengths in long form, wrong outer lengths, excess zeros and bytes after
/// the end are all forgiven (Core's `ecdsa_signature_parse_der_lax`). `None` where even that fails or a number has more
/// than 32 bytes; no such signature is valid.
pub(super) fn decode_lax(bytes: &[u8]) -> Option<([u8; 32], [u8; 32])> {
    let mut rest = bytes.strip_prefix(&[0x30])?;
    let (&marker, after) = rest.split_first()?;
    rest = after;
    if marker & 0x80 != 0 {
        rest = rest.get(usize::from(marker & 0x7f)..)?;
    }
    let r = lax_integer(&mut rest)?;
    let s = lax_integer(&mut rest)?;
    Some((to_32_bytes(r)?, to_32_bytes(s)?))
}

/// Whether a signature with its hash type byte is written as BIP66 demands (Core's `IsValidSignatureEncoding`):
/// `30 total 02 len R 02 len S hashtype`, each number positive and without needless zeros.
pub fn is_valid_signature_encoding(bytes: &[u8]) -> bool {
    let Some((_hash_type, der)) = bytes.split_last() else { return false };
    if !(9..=73).contains(&bytes.len()) {
        return false;
    }
    let [0x30, total, body @ ..] = der else { return false };
    if usize::from(*total) != body.len() {
        return false;
    }
    let Some(rest) = strict_integer(body) else { return false };
    strict_integer(rest).is_some_and(<[u8]>::is_empty)
}

/// Checks one number and returns what follows it.
fn strict_integer(bytes: &[u8]) -> Option<&[u8]> {
    let [0x02, len, rest @ ..] = bytes else { return None };
    let (number, rest) = rest.split_at_checked(usize::from(*len))?;
    let well_formed = match number {
        [] => false,
        [first, ..] if first & 0x80 != 0 => false,
        [0, second, ..] => second & 0x80 != 0,
        _ => true,
    };
    well_formed.then_some(rest)
}

fn lax_integer<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (&marker, mut bytes) = rest.strip_prefix(&[0x02])?.split_first()?;
    let mut len = usize::from(marker);
    if marker & 0x80 != 0 {
        let (digits, after) = bytes.split_at_checked(usize::from(marker & 0x7f))?;
        let digits = strip_zeros(digits);
        if digits.len() >= 4 {
            return None;
        }
        len = digits.iter().fold(0, |len, &digit| len << 8 | usize::from(digit));
        bytes = after;
    }
    let (number, after) = bytes.split_at_checked(len)?;
    *rest = after;
    Some(number)
}

fn strip_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    &number[zeros..]
}

fn to_32_bytes(number: &[u8]) -> Option<[u8; 32]> {
    let number = strip_zeros(number);
    let mut bytes = [0; 32];
    bytes.get_mut(32usize.checked_sub(number.len())?..)?.copy_from_slice(number);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_strict_and_reads_back() {
        let (mut r, mut s) = ([0; 32], [0; 32]);
        (r[0], r[31], s[31]) = (0x80, 1, 0x7f);
        let mut bytes = encode(&r, &s);
        assert_eq!(decode_lax(&bytes), Some((r, s)));
        bytes.push(1);
        assert!(is_valid_signature_encoding(&bytes));
    }

    #[test]
    fn lax_reading_forgives_what_strict_checking_refuses() {
        let long_form = [0x30, 0x81, 0xff, 0x02, 0x81, 0x02, 0x00, 0x05, 0x02, 0x01, 0x80, 0xde, 0xad];
        let (mut r, mut s) = ([0; 32], [0; 32]);
        (r[31], s[31]) = (5, 0x80);
        assert_eq!(decode_lax(&long_form), Some((r, s)));
        assert!(!is_valid_signature_encoding(&long_form));
    }

    #[test]
    fn a_truncated_signature_is_not_read() {
        let bytes = encode(&[0x11; 32], &[0x22; 32]);
        for end in 0..bytes.len() {
            assert_eq!(decode_lax(&bytes[..end]), None, "{end}");
        }
    }
}
