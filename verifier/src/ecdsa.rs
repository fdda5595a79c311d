//! Signatures, checked two at a time.

use crate::curve::{Affine, Jacobian};
use crate::field::{Fe, Field, P};
use crate::lane::LANES;
use crate::multiples::{
    GENERATOR_BITS, GENERATOR_WINDOWS, GeneratorMultiples, HALVES, KEY_BITS, KEY_WINDOWS, KeyMultiples,
    y_squared,
};
use crate::scalar::{self, ORDER, Windows};
use ruint::aliases::U256;
use std::array::from_fn;
use std::sync::LazyLock;

/// Bytes of one check: the hash that was signed, the signature's numbers r and s, and the public key as compressed. All
/// numbers are big-endian.
pub const RECORD_LEN: usize = 32 + 32 + 32 + 33;

/// A record's numbers; the digest is below the order.
struct Record {
    digest: U256,
    r: U256,
    s: U256,
    /// The key's x, and whether its y is odd.
    key: (U256, bool),
}

/// What one check comes to before points are added up.
struct Check {
    /// The key's x, and whether its y is odd.
    key: (U256, bool),
    /// What the sum's x must be modulo the order.
    r: U256,
    /// How often the generator and the key are added.
    generator: [Windows<GENERATOR_WINDOWS>; HALVES],
    times: [Windows<KEY_WINDOWS>; HALVES],
}

/// What all checks share.
struct Verifier {
    field: Field,
    generator: GeneratorMultiples,
}

/// For each record of [`RECORD_LEN`] bytes whether its signature is good. A no may be wrong where somebody has chosen
/// numbers for it to be so, never a yes.
pub fn verify(records: &[u8]) -> Vec<bool> {
    static VERIFIER: LazyLock<Verifier> = LazyLock::new(Verifier::new);
    let records: Vec<Option<Record>> = records.chunks_exact(RECORD_LEN).map(Record::read).collect();
    let mut verdicts = vec![false; records.len()];
    let (places, sound): (Vec<usize>, Vec<Record>) =
        records.into_iter().enumerate().filter_map(|(place, record)| Some((place, record?))).unzip();
    let divisors: Vec<U256> = sound.iter().map(|record| record.s).collect();
    let checks: Vec<Check> = sound
        .into_iter()
        .zip(scalar::inverses(&divisors))
        .map(|(record, inverse)| record.check(inverse))
        .collect();
    for (places, checks) in places.chunks(LANES).zip(checks.chunks(LANES)) {
        // One that is left over is checked with itself.
        let good = VERIFIER.verify(from_fn(|lane| checks.get(lane).unwrap_or(&checks[0])));
        for (place, good) in places.iter().zip(good) {
            verdicts[*place] = good;
        }
    }
    verdicts
}

impl Record {
    /// Reads [`RECORD_LEN`] bytes; none where a number is out of range.
    fn read(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| U256::from_be_slice(&bytes[at..at + 32]);
        let (digest, r, s, x) = (number(0), number(32), number(64), number(97));
        let are_scalars = [r, s].iter().all(|number| !number.is_zero() && *number < ORDER);
        let is_key = matches!(bytes[96], 2 | 3) && x < P;
        let digest = if digest < ORDER { digest } else { digest - ORDER };
        (are_scalars && is_key).then_some(Self { digest, r, s, key: (x, bytes[96] == 3) })
    }

    /// What is to be reckoned, by the inverse of s.
    fn check(self, inverse: U256) -> Check {
        let generator = scalar::split(scalar::multiply(self.digest, inverse));
        let times = scalar::split(scalar::multiply(self.r, inverse));
        Check {
            key: self.key,
            r: self.r,
            generator: generator.map(|half| half.windows(GENERATOR_BITS)),
            times: times.map(|half| half.windows(KEY_BITS)),
        }
    }
}

impl Verifier {
    fn new() -> Self {
        let field = Field::new();
        Self { generator: GeneratorMultiples::new(&field), field }
    }

    /// Whether the sum of generator and key, each as often as its check says, has the x that it must have.
    fn verify(&self, checks: [&Check; LANES]) -> [bool; LANES] {
        let Self { field, generator } = self;
        let (key, on_curve) = self.lift(checks.map(|check| check.key));
        let keys = KeyMultiples::new(field, &key);
        // All sums lie where the keys' multiples do, and their true z is so much larger.
        let true_z = |sum: &Jacobian| field.mul(&sum.z, &keys.z);
        let mut sum = generator.start.stretched(field, &keys.z).to_jacobian();
        for window in (0..KEY_WINDOWS).rev() {
            for _ in 0..KEY_BITS {
                sum.double(field);
            }
            for half in 0..HALVES {
                let digits = checks.map(|check| check.times[half][window]);
                let z = sum.z;
                self.add(&mut sum, digits, &keys.get(half, digits), &z);
            }
            if (window * KEY_BITS).is_multiple_of(GENERATOR_BITS) {
                for half in 0..HALVES {
                    let digits =
                        checks.map(|check| check.generator[half][window * KEY_BITS / GENERATOR_BITS]);
                    let z = true_z(&sum);
                    self.add(&mut sum, digits, &generator.get(half, digits), &z);
                }
            }
        }
        let z = true_z(&sum);
        sum.add_stretched(field, &generator.end, &z);
        let z2 = field.square(&true_z(&sum));
        // A number below p that is r modulo the order: r itself, or one order more where that is below p still.
        let r = checks.map(|check| check.r);
        let more = r.map(|r| if r < P - ORDER { r + ORDER } else { r });
        let (x, z) = (sum.x.to_numbers(), z2.to_numbers());
        let [once, again] = [r, more].map(|r| field.mul(&Fe::new(r), &z2).to_numbers());
        from_fn(|lane| {
            on_curve[lane] && !z[lane].is_zero() && (x[lane] == once[lane] || x[lane] == again[lane])
        })
    }

    /// The points with an x and a parity of y, and whether there are such.
    fn lift(&self, keys: [(U256, bool); LANES]) -> (Affine, [bool; LANES]) {
        let x = Fe::new(keys.map(|(x, _)| x));
        let square = y_squared(&self.field, &x);
        let root = self.field.square_root(&square);
        let (expected, found) = (square.to_numbers(), self.field.square(&root).to_numbers());
        let roots = root.to_numbers();
        let y =
            from_fn(|lane| if roots[lane].bit(0) == keys[lane].1 { roots[lane] } else { P - roots[lane] });
        (Affine { x, y: Fe::new(y) }, from_fn(|lane| expected[lane] == found[lane]))
    }

    /// Adds the multiple that `digits` say, which is left out where they are zero; `z` is the sum's where the multiple lies.
    fn add(&self, sum: &mut Jacobian, digits: [i32; LANES], multiple: &Affine, z: &Fe) {
        let [first, second] = digits.map(|digit| digit != 0);
        if !first && !second {
            return;
        }
        let before = (!first || !second).then_some(*sum);
        sum.add_stretched(&self.field, multiple, z);
        if let Some(before) = before {
            *sum = if first { Jacobian::join(sum, &before) } else { Jacobian::join(&before, sum) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::G;
    use bitcoin::secp256k1::{Message, PublicKey, Secp256k1, SecretKey, ecdsa::Signature};
    use k256::elliptic_curve::ff::PrimeField as _;
    use k256::elliptic_curve::point::DecompressPoint as _;
    use k256::elliptic_curve::sec1::ToSec1Point as _;
    use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
    use proptest::prelude::*;

    fn record(digest: U256, r: U256, s: U256, key: &[u8]) -> Vec<u8> {
        let numbers = [digest, r, s].map(|number| number.to_be_bytes::<32>());
        [&numbers.concat(), key].concat()
    }

    fn signed(secret: U256, digest: U256) -> Vec<u8> {
        let curve = Secp256k1::new();
        let secret = SecretKey::from_slice(&secret.to_be_bytes::<32>()).expect("in range");
        let signature =
            curve.sign_ecdsa(&Message::from_digest(digest.to_be_bytes()), &secret).serialize_compact();
        let [r, s] = [&signature[..32], &signature[32..]].map(U256::from_be_slice);
        record(digest, r, s, &secret.public_key(&curve).serialize())
    }

    /// What libsecp256k1 says of a record.
    fn oracle(record: &[u8]) -> bool {
        let Ok(key) = PublicKey::from_slice(&record[96..]) else { return false };
        let Ok(mut signature) = Signature::from_compact(&record[32..96]) else { return false };
        signature.normalize_s();
        let digest = record[..32].try_into().expect("32 bytes");
        Secp256k1::new().verify_ecdsa(&Message::from_digest(digest), &signature, &key).is_ok()
    }

    fn scalar(number: U256) -> Scalar {
        Scalar::from_repr(FieldBytes::from(number.to_be_bytes::<32>())).expect("below the order")
    }

    fn secrets() -> impl Strategy<Value = U256> {
        let any = any::<[u64; 4]>().prop_map(|limbs| U256::from_limbs(limbs) % ORDER);
        let near = (1..100_u64).prop_map(|less| ORDER - U256::from(less));
        prop_oneof![any, (1..100_u64).prop_map(U256::from), near]
            .prop_filter("not zero", |number| !number.is_zero())
    }

    fn numbers() -> impl Strategy<Value = U256> {
        any::<[u64; 4]>().prop_map(U256::from_limbs)
    }

    proptest! {
        #[test]
        fn good_signatures_are_good_however_many_there_are(
            signatures in prop::collection::vec((secrets(), numbers(), any::<bool>()), 0..6),
        ) {
            let records = signatures.iter().flat_map(|(secret, digest, high)| {
                let mut record = signed(*secret, *digest);
                if *high {
                    let s = ORDER - U256::from_be_slice(&record[64..96]);
                    record[64..96].copy_from_slice(&s.to_be_bytes::<32>());
                }
                record
            });
            let records: Vec<u8> = records.collect();
            prop_assert_eq!(verify(&records), vec![true; signatures.len()]);
        }

        #[test]
        fn a_record_with_a_changed_bit_is_judged_as_by_libsecp256k1(
            secret in secrets(),
            digest in numbers(),
            bit in 0..RECORD_LEN * 8,
        ) {
            let mut record = signed(secret, digest);
            record[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(verify(&record), [oracle(&record)]);
        }

        #[test]
        fn bytes_are_judged_as_by_libsecp256k1(bytes in prop::collection::vec(any::<u8>(), RECORD_LEN), lead in 1..5_u8) {
            let mut record = bytes;
            record[96] = lead;
            prop_assert_eq!(verify(&record), [oracle(&record)]);
        }
    }

    #[test]
    fn one_bad_signature_does_not_spoil_its_neighbour() {
        let good = signed(U256::from(7), U256::from(8));
        let mut bad = good.clone();
        bad[0] ^= 1;
        let mut unsound = good.clone();
        unsound[64..96].fill(0);
        let records = [&good[..], &bad, &unsound, &good, &bad].concat();
        assert_eq!(verify(&records), [true, false, false, true, false]);
    }

    /// The x of a point can be larger than the order, and a signature's r is x modulo the order. No signature made by chance
    /// is like that, but one can choose the point and reckon the key that fits.
    #[test]
    fn an_x_above_the_order_is_found_by_its_r() {
        let more = (1..100_u64).map(U256::from);
        let points = more.filter_map(|r| {
            let x = FieldBytes::from((ORDER + r).to_be_bytes::<32>());
            Some((r, Option::<AffinePoint>::from(AffinePoint::decompress(&x, 0.into()))?))
        });
        for (r, point) in points.take(10) {
            let (digest, s) = (U256::from(123), U256::from(456));
            let sum = ProjectivePoint::from(point) * scalar(s) - ProjectivePoint::GENERATOR * scalar(digest);
            let key = (sum * scalar(r).invert_vartime().expect("not zero")).to_affine();
            let record = record(digest, r, s, key.to_sec1_point(true).as_bytes());
            assert_eq!((oracle(&record), verify(&record)), (true, vec![true]));
        }
    }

    #[test]
    fn a_sum_that_is_no_point_is_no_signature() {
        // The key is the generator, added and subtracted as often: digest = -r.
        let [x, _] = G;
        let r = U256::from(5);
        let mut key = vec![2];
        key.extend(x.to_be_bytes::<32>());
        let record = record(ORDER - r, r, U256::from(1), &key);
        assert_eq!((oracle(&record), verify(&record)), (false, vec![false]));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let good = signed(U256::from(7), U256::from(8));
        for (at, number) in
            [(32, U256::ZERO), (32, ORDER), (64, U256::ZERO), (64, ORDER), (97, P), (97, U256::MAX)]
        {
            let mut record = good.clone();
            record[at..at + 32].copy_from_slice(&number.to_be_bytes::<32>());
            assert_eq!((oracle(&record), verify(&record)), (false, vec![false]), "{at}: {number}");
        }
        // A digest may be larger than the order.
        let record = signed(U256::from(7), ORDER + U256::from(1));
        assert_eq!(verify(&record), [true]);
    }
}
