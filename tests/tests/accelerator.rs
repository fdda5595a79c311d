//! What a node writes for the accelerator of signatures is what the accelerator reads.

use terrarium_core::crypto::{ECDSA_CHECK_LEN, EcdsaAccelerator, PrivateKey, ecdsa_check, sha256};

#[test]
fn a_good_signature_is_good_and_a_bad_one_bad_however_the_key_is_written() {
    assert_eq!(ECDSA_CHECK_LEN, terrarium_verifier::RECORD_LEN);
    let verify: EcdsaAccelerator = terrarium_verifier::verify;
    let (mut checks, mut expected) = (Vec::new(), Vec::new());
    for byte in 1..=40 {
        let key = PrivateKey::from_bytes(&[byte; 32], byte % 2 == 0).expect("in range");
        let signed = sha256(&[byte]);
        let signature = key.sign(&signed);
        for digest in [signed, sha256(b"another")] {
            let check = ecdsa_check(&digest, &signature, key.public_key().as_bytes());
            checks.extend(check.expect("a key"));
            let good = key.public_key().verify(&digest, &signature);
            assert_eq!(good, digest == signed);
            expected.push(good);
        }
    }
    assert_eq!(verify(&checks), expected);
}
