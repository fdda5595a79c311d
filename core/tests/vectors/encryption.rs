//! The encrypted transport: BIP324's vectors.

use libtest_mimic::Failed;
use terrarium_core::crypto::{EllSwiftPubKey, EphemeralKey, Side, xswiftec_inverse};
use terrarium_core::encode::hex;
use terrarium_core::net::v2::{LENGTH_SIZE, PacketCipher, PacketKind};

use crate::files;

/// The magic of the network on which the vectors were made.
const MAINNET: [u8; 4] = [0xf9, 0xbe, 0xb4, 0xd9];

/// The rows below the headline, cut into fields.
fn rows(path: &str) -> Vec<Vec<String>> {
    let text = files::text(path);
    let rows = text.lines().skip(1).filter(|line| !line.is_empty());
    rows.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn array<const N: usize>(text: &str) -> Result<[u8; N], Failed> {
    let bytes = hex::decode(text).map_err(|error| format!("{error}: {text}"))?;
    bytes.try_into().map_err(|bytes: Vec<u8>| format!("{} bytes instead of {N}", bytes.len()).into())
}

/// Every key decodes to its x.
pub(crate) fn ellswift_decode() -> Result<(), Failed> {
    let rows = rows("bips/bip-0324_ellswift_decode_test_vectors.csv");
    assert!(rows.len() > 70);
    for row in rows {
        let key = EllSwiftPubKey::from_bytes(array(&row[0])?);
        assert_eq!(hex::encode(&key.decode()), row[1], "{}", row[2]);
    }
    Ok(())
}

/// Each of the eight cases leads to its t or to none.
pub(crate) fn xswiftec_inv() -> Result<(), Failed> {
    let rows = rows("bips/bip-0324_xswiftec_inv_test_vectors.csv");
    assert!(rows.len() > 30);
    for row in rows {
        let (u, x) = (array(&row[0])?, array(&row[1])?);
        for case in 0..8 {
            let t = xswiftec_inverse(&x, &u, case).map_or_else(String::new, |t| hex::encode(&t));
            assert_eq!(t, row[2 + usize::from(case)], "case {case}: {}", row[10]);
        }
    }
    Ok(())
}

/// Secrets, terminators, session id and the ciphertext of the packet that is asked for, and its way back.
pub(crate) fn packets() -> Result<(), Failed> {
    let rows = rows("bips/bip-0324_packet_encoding_test_vectors.csv");
    assert!(rows.len() > 6);
    for row in rows {
        let ours = EllSwiftPubKey::from_bytes(array(&row[2])?);
        let theirs = EllSwiftPubKey::from_bytes(array(&row[3])?);
        let (side, other) = match row[4].as_str() {
            "1" => (Side::Initiator, Side::Responder),
            _ => (Side::Responder, Side::Initiator),
        };
        let key = EphemeralKey::from_parts(&array(&row[1])?, ours).ok_or("a private key")?;
        assert_eq!(hex::encode(&ours.decode()), row[9], "our x");
        assert_eq!(hex::encode(&theirs.decode()), row[10], "their x");
        assert_eq!(hex::encode(&key.shared_x(&theirs)), row[11], "shared x");
        let secret = key.shared_secret(&theirs, side);
        assert_eq!(hex::encode(&secret), row[12], "shared secret");
        let mut cipher = PacketCipher::new(&secret, MAINNET, side);
        let mut receiver = PacketCipher::new(&secret, MAINNET, other);
        assert_eq!(hex::encode(cipher.send_terminator()), row[17], "our terminator");
        assert_eq!(hex::encode(cipher.receive_terminator()), row[18], "their terminator");
        assert_eq!(hex::encode(cipher.session_id()), row[19], "session id");
        packet(&row, &mut cipher, &mut receiver)?;
    }
    Ok(())
}

fn packet(row: &[String], cipher: &mut PacketCipher, receiver: &mut PacketCipher) -> Result<(), Failed> {
    let decode = |text: &str| hex::decode(text).map_err(|error| error.to_string());
    for _ in 0..row[0].parse()? {
        let mut before = Vec::new();
        cipher.encrypt(PacketKind::Genuine, &[], &mut before, |_| {});
        receive(receiver, &[], &mut before)?;
    }
    let contents = decode(&row[5])?.repeat(row[6].parse()?);
    let aad = decode(&row[7])?;
    let kind = if row[8] == "1" { PacketKind::Decoy } else { PacketKind::Genuine };
    let mut bytes = Vec::new();
    cipher.encrypt(kind, &aad, &mut bytes, |out| out.extend_from_slice(&contents));
    let ciphertext = hex::encode(&bytes);
    assert!(row[20].is_empty() || ciphertext == row[20], "packet {}", row[0]);
    assert!(ciphertext.ends_with(&row[21]), "end of packet {}", row[0]);
    assert!(!(row[20].is_empty() && row[21].is_empty()), "a packet to compare with");
    assert_eq!(receive(receiver, &aad, &mut bytes)?, (kind, contents));
    Ok(())
}

fn receive(
    receiver: &mut PacketCipher,
    aad: &[u8],
    bytes: &mut [u8],
) -> Result<(PacketKind, Vec<u8>), Failed> {
    let (length, packet) = bytes.split_first_chunk_mut::<LENGTH_SIZE>().ok_or("a length")?;
    let length = receiver.decrypt_length(*length);
    let (kind, contents) = receiver.decrypt(aad, packet)?;
    assert_eq!(contents.len(), length);
    Ok((kind, contents.to_vec()))
}
