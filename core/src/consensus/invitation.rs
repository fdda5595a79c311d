//! What travels with a chain made by `createblockchain`: its genesis block and a record of its parameters.
//!
//! The record is a version byte and then fields in ascending order of their tags, each with a length. A field at its
//! default is left out, an unknown one is refused, so that there is one record for one set of parameters, and a field
//! added later changes no record of today. The magic is hashed from genesis header and record: nodes whose parameters
//! differ never talk to each other by accident.

use super::check::check_transaction;
use super::params::{ConsensusParams, Retarget};
use super::{bip34, merkle, pow};
use crate::crypto::sha256d;
use crate::encode::{Decode, DecodeError, Encode, Reader, encode_bytes, serialize};
use crate::primitives::{Amount, Block, BlockHash, CompactTarget, Height, Target};

/// The version of the record that this code writes and reads.
const RECORD_VERSION: u8 = 1;

/// The longest record that is looked at, in bytes.
const MAX_RECORD: u64 = 1_024;

/// An invitation to a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The network's first block.
    pub genesis: Block,
    /// The network's parameters.
    pub consensus: ConsensusParams,
}

/// Why bytes are no invitation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// The bytes do not decode.
    #[error("invitation does not decode: {0}")]
    Encoding(#[from] DecodeError),
    /// A record of another version.
    #[error("invitation has version {0}, this program knows 1")]
    Version(u8),
    /// A field that this program does not know.
    #[error("invitation has the unknown field {0}")]
    UnknownField(u8),
    /// A field that does not come after the one before it.
    #[error("field {0} of the invitation is out of order")]
    FieldOrder(u8),
    /// A field of the wrong length.
    #[error("field {tag} of the invitation has {length} bytes")]
    FieldLength {
        /// The field.
        tag: u8,
        /// Its length.
        length: usize,
    },
    /// A field that says what goes without saying.
    #[error("field {0} of the invitation is at its default and must be left out")]
    DefaultField(u8),
    /// A value outside its bounds.
    #[error("{field} of the invitation is {value}, allowed is {allowed}")]
    OutOfBounds {
        /// Its name.
        field: &'static str,
        /// Its value.
        value: i64,
        /// The bounds.
        allowed: &'static str,
    },
    /// A genesis block that breaks the network's own rules.
    #[error("genesis block {hash}: {rule}")]
    Genesis {
        /// Its hash.
        hash: BlockHash,
        /// The rule.
        rule: &'static str,
    },
}

/// One field of the record.
struct Field {
    tag: u8,
    name: &'static str,
    /// Bytes of the value, little-endian.
    width: usize,
    min: i64,
    max: i64,
    allowed: &'static str,
    get: fn(&ConsensusParams) -> i64,
    set: fn(&mut ConsensusParams, i64),
}

/// The record's fields, by tag. Never change one that is here; new ones follow.
const FIELDS: [Field; 10] = [
    Field {
        tag: 1,
        name: "easiest target",
        width: 4,
        min: 0x0100_0001,
        max: 0x207f_ffff,
        allowed: "a compact target up to 0x207fffff",
        get: |p| i64::from(p.pow_limit.0),
        set: |p, v| p.pow_limit = CompactTarget(v as u32),
    },
    Field {
        tag: 2,
        name: "spacing",
        width: 4,
        min: 1,
        max: 86_400,
        allowed: "1 to 86400 seconds",
        get: |p| i64::from(p.spacing),
        set: |p, v| p.spacing = v as u32,
    },
    Field {
        tag: 3,
        name: "retarget interval",
        width: 4,
        min: 0,
        max: 2_016,
        allowed: "0 (none), or 2 to 2016 blocks",
        get: |p| p.retarget.map_or(0, |rule| i64::from(rule.interval)),
        set: |p, v| {
            let rule = Retarget { interval: v as u32, min_difficulty_after: None };
            p.retarget = (v > 0).then_some(Retarget { interval: v as u32, ..p.retarget.unwrap_or(rule) });
        },
    },
    Field {
        tag: 4,
        name: "spacings before the easiest target",
        width: 4,
        min: 0,
        max: 1_000,
        allowed: "0 (never) to 1000, and only where there is a retarget",
        get: |p| p.retarget.and_then(|rule| rule.min_difficulty_after).map_or(0, i64::from),
        set: |p, v| {
            if let Some(rule) = &mut p.retarget {
                rule.min_difficulty_after = (v > 0).then_some(v as u32);
            }
        },
    },
    Field {
        tag: 5,
        name: "future limit",
        width: 4,
        min: 1,
        max: 86_400,
        allowed: "1 to 86400 seconds",
        get: |p| i64::from(p.future_limit),
        set: |p, v| p.future_limit = v as u32,
    },
    Field {
        tag: 6,
        name: "subsidy",
        width: 8,
        min: 0,
        max: crate::primitives::MAX_MONEY.to_sat(),
        allowed: "0 to 21 million coins",
        get: |p| p.subsidy.to_sat(),
        set: |p, v| p.subsidy = Amount::from_sat(v),
    },
    Field {
        tag: 7,
        name: "halving interval",
        width: 4,
        min: 1,
        max: 100_000_000,
        allowed: "1 to 100000000 blocks",
        get: |p| i64::from(p.halving_interval),
        set: |p, v| p.halving_interval = v as u32,
    },
    Field {
        tag: 8,
        name: "coinbase maturity",
        width: 4,
        min: 1,
        max: 10_000,
        allowed: "1 to 10000 blocks",
        get: |p| i64::from(p.coinbase_maturity),
        set: |p, v| p.coinbase_maturity = v as u32,
    },
    Field {
        tag: 9,
        name: "spendable genesis",
        width: 1,
        min: 0,
        max: 1,
        allowed: "0 or 1",
        get: |p| i64::from(p.spendable_genesis),
        set: |p, v| p.spendable_genesis = v == 1,
    },
    Field {
        tag: 10,
        name: "first target",
        width: 4,
        min: 0,
        max: 0x207f_ffff,
        allowed: "0 (the easiest), or a compact target that is no easier, and only where there is a retarget",
        get: |p| p.first_target.map_or(0, |target| i64::from(target.0)),
        set: |p, v| p.first_target = (v > 0 && p.retarget.is_some()).then_some(CompactTarget(v as u32)),
    },
];

impl Invitation {
    /// The network's magic: the first 4 bytes of sha256d(genesis header, record).
    pub fn magic(&self) -> [u8; 4] {
        let mut preimage = serialize(&self.genesis.header);
        preimage.extend_from_slice(&encode_record(&self.consensus));
        let [a, b, c, d, ..] = sha256d(&preimage);
        [a, b, c, d]
    }

    /// The bytes that travel: the record with its length, then the genesis block.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        encode_bytes(&encode_record(&self.consensus), &mut out);
        self.genesis.encode(&mut out);
        out
    }

    /// Reads an invitation and checks its bounds and its genesis block.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvitationError> {
        let mut reader = Reader::new(bytes);
        let consensus = decode_record(reader.bytes(MAX_RECORD)?)?;
        let genesis = Block::decode(&mut reader)?;
        reader.finish()?;
        check_genesis(&genesis, &consensus)?;
        Ok(Self { genesis, consensus })
    }
}

/// Checks parameters against the bounds of their fields.
pub fn check_bounds(consensus: &ConsensusParams) -> Result<(), InvitationError> {
    for field in &FIELDS {
        check_field(field, (field.get)(consensus), consensus)?;
    }
    Ok(())
}

/// Checks the value of a field, beside those of the fields before it.
fn check_field(field: &Field, value: i64, before: &ConsensusParams) -> Result<(), InvitationError> {
    let in_bounds = (field.min..=field.max).contains(&value);
    let target = CompactTarget(value as u32);
    let is_target = match field.tag {
        1 => is_canonical_target(target),
        10 if value != 0 => {
            before.retarget.is_some() && is_canonical_target(target) && !is_easier(target, before.pow_limit)
        }
        _ => true,
    };
    // An interval of one block takes no time by its own measure: difficulty would only ever rise.
    let is_interval = field.tag != 3 || value != 1;
    if in_bounds && is_target && is_interval {
        return Ok(());
    }
    Err(InvitationError::OutOfBounds { field: field.name, value, allowed: field.allowed })
}

/// Whether a compact target is the one form of a target that is not zero.
fn is_canonical_target(compact: CompactTarget) -> bool {
    Target::from_compact(compact).is_ok_and(|target| !target.0.is_zero() && target.to_compact() == compact)
}

/// Whether the first of two targets is easier to meet; the second is one.
fn is_easier(target: CompactTarget, than: CompactTarget) -> bool {
    let number = |target| Target::from_compact(target).unwrap_or(Target(Default::default()));
    number(target) > number(than)
}

fn encode_record(consensus: &ConsensusParams) -> Vec<u8> {
    let defaults = defaults_for(consensus.retarget.is_some());
    let mut record = vec![RECORD_VERSION];
    for field in &FIELDS {
        let value = (field.get)(consensus);
        if value != (field.get)(if field.tag == 3 { &ConsensusParams::CLASSROOM } else { &defaults }) {
            record.push(field.tag);
            encode_bytes(&value.to_le_bytes()[..field.width], &mut record);
        }
    }
    record
}

/// What a field is where the record leaves it out. Without a retarget there is no exception to it either.
fn defaults_for(retargets: bool) -> ConsensusParams {
    let classroom = ConsensusParams::CLASSROOM;
    if retargets { classroom } else { ConsensusParams { retarget: None, ..classroom } }
}

fn decode_record(record: &[u8]) -> Result<ConsensusParams, InvitationError> {
    let mut reader = Reader::new(record);
    let version = reader.read::<u8>()?;
    if version != RECORD_VERSION {
        return Err(InvitationError::Version(version));
    }
    let mut consensus = ConsensusParams::CLASSROOM;
    let mut last = 0;
    while !reader.is_empty() {
        let tag = reader.read::<u8>()?;
        let field = FIELDS.iter().find(|field| field.tag == tag).ok_or(InvitationError::UnknownField(tag))?;
        if tag <= last {
            return Err(InvitationError::FieldOrder(tag));
        }
        last = tag;
        let value = decode_value(field, reader.bytes(MAX_RECORD)?)?;
        if value == (field.get)(&consensus) {
            return Err(InvitationError::DefaultField(tag));
        }
        check_field(field, value, &consensus)?;
        (field.set)(&mut consensus, value);
        if (field.get)(&consensus) != value {
            return Err(InvitationError::OutOfBounds { field: field.name, value, allowed: field.allowed });
        }
    }
    Ok(consensus)
}

fn decode_value(field: &Field, bytes: &[u8]) -> Result<i64, InvitationError> {
    if bytes.len() != field.width {
        return Err(InvitationError::FieldLength { tag: field.tag, length: bytes.len() });
    }
    let mut value = [0; 8];
    value[..bytes.len()].copy_from_slice(bytes);
    Ok(i64::from_le_bytes(value))
}

/// A genesis block needs no parent and no coins; all else holds for it.
fn check_genesis(genesis: &Block, consensus: &ConsensusParams) -> Result<(), InvitationError> {
    let hash = genesis.block_hash();
    let header = &genesis.header;
    let [coinbase] = genesis.transactions.as_slice() else {
        return Err(InvitationError::Genesis { hash, rule: "it has one transaction, its coinbase" });
    };
    let rules = [
        (header.prev_blockhash == BlockHash::ZERO, "it has no parent"),
        (header.bits == consensus.pow_limit, "its target is the easiest one"),
        (pow::check_proof_of_work(header, hash, consensus).is_ok(), "its hash meets its target"),
        (
            merkle::block_root(&genesis.transactions).0 == header.merkle_root,
            "its header commits to its coinbase",
        ),
        (coinbase.is_coinbase() && check_transaction(coinbase).is_ok(), "its transaction is a coinbase"),
        (!coinbase.has_witness(), "its coinbase has no witness"),
        (bip34::commits_to(coinbase, Height::GENESIS), "its coinbase begins with height 0"),
        (coinbase.output_value() == Some(consensus.subsidy), "its coinbase pays the subsidy"),
    ];
    match rules.iter().find(|(holds, _)| !holds) {
        Some((_, rule)) => Err(InvitationError::Genesis { hash, rule }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::genesis;
    use crate::encode::hex;
    use crate::primitives::Script;
    use crate::time::UnixTime;

    fn invitation(consensus: ConsensusParams) -> Invitation {
        let mut genesis =
            genesis::unsolved(&consensus, Script::from_bytes(vec![0x51]), UnixTime(1_700_000_000));
        while pow::check_proof_of_work(&genesis.header, genesis.block_hash(), &consensus).is_err() {
            genesis.header.nonce += 1;
        }
        Invitation { genesis, consensus }
    }

    /// Parameters that differ from the defaults in every field.
    fn all_fields() -> ConsensusParams {
        ConsensusParams {
            pow_limit: CompactTarget(0x207f_ffff),
            spacing: 20,
            retarget: Some(Retarget { interval: 32, min_difficulty_after: None }),
            first_target: Some(CompactTarget(0x1f00_ffff)),
            future_limit: 60,
            subsidy: Amount::from_coins(100),
            halving_interval: 1_000,
            coinbase_maturity: 10,
            spendable_genesis: true,
            ..ConsensusParams::CLASSROOM
        }
    }

    #[test]
    fn records_are_those_of_the_golden_vectors() {
        let scene = ConsensusParams::scene(Amount::from_coins(50));
        for (consensus, record) in [
            (ConsensusParams::CLASSROOM, "01"),
            (scene, "01030400000000090101"),
            (ConsensusParams::scene(Amount::from_coins(100)), "010304000000000608 00e40b5402000000 090101"),
            (
                ConsensusParams { first_target: None, ..all_fields() },
                "01 0104ffff7f20 020414000000 030420000000 040400000000 05043c000000 060800e40b5402000000 \
                 0704e8030000 08040a000000 090101",
            ),
            (
                all_fields(),
                "01 0104ffff7f20 020414000000 030420000000 040400000000 05043c000000 060800e40b5402000000 \
                 0704e8030000 08040a000000 090101 0a04ffff001f",
            ),
        ] {
            let record = record.replace(' ', "");
            assert_eq!(hex::encode(&encode_record(&consensus)), record);
            assert_eq!(decode_record(&hex::decode(&record).expect("hex")), Ok(consensus), "{record}");
        }
    }

    #[test]
    fn an_invitation_survives_its_journey_and_fixes_the_magic() {
        let first = invitation(all_fields());
        assert_eq!(Invitation::from_bytes(&first.to_bytes()), Ok(first.clone()));
        let without = invitation(ConsensusParams { first_target: None, ..all_fields() });
        assert_eq!(hex::encode(&without.magic()), "9b7c5f2d");
        assert_ne!(first.magic(), without.magic());
        let other = invitation(ConsensusParams { coinbase_maturity: 11, ..all_fields() });
        assert_ne!(other.magic(), first.magic(), "parameters are hashed into the magic");
    }

    #[test]
    fn a_record_has_one_form() {
        use InvitationError as E;
        let decode = |record: &str| decode_record(&hex::decode(record).expect("hex")).expect_err(record);
        assert_eq!(decode("02"), E::Version(2));
        assert_eq!(decode("010b0101"), E::UnknownField(11));
        assert_eq!(decode("01000101"), E::UnknownField(0));
        assert_eq!(decode("01090101090101"), E::FieldOrder(9));
        assert_eq!(decode("0109010102040a000000"), E::FieldOrder(2));
        assert_eq!(decode("010902"), E::Encoding(DecodeError::UnexpectedEnd { needed: 2, remaining: 0 }));
        assert_eq!(decode("0109020100"), E::FieldLength { tag: 9, length: 2 });
        assert_eq!(decode("01090100"), E::DefaultField(9));
        assert_eq!(decode("01020405000000"), E::DefaultField(2));
        assert!(matches!(decode(""), E::Encoding(_)));
    }

    #[test]
    fn values_are_checked_against_their_bounds() {
        for (record, field) in [
            ("010104ffff7f21", "easiest target"),
            ("01010400000000", "easiest target"),
            ("0101040001001f", "easiest target"),
            ("01020400000000", "spacing"),
            ("010304e1070000", "retarget interval"),
            ("01030401000000", "retarget interval"),
            ("010404e9030000", "spacings before the easiest target"),
            ("01030400000000040407000000", "spacings before the easiest target"),
            ("01050481510100", "future limit"),
            ("0106080140075af0750700", "subsidy"),
            ("010608ffffffffffffffff", "subsidy"),
            ("01070400000000", "halving interval"),
            ("01080400000000", "coinbase maturity"),
            ("01090102", "spendable genesis"),
            ("010a0400000120", "first target"),
            ("010a0401001f00", "first target"),
            ("010304000000000a04ffff001e", "first target"),
        ] {
            match decode_record(&hex::decode(record).expect("hex")) {
                Err(InvitationError::OutOfBounds { field: found, .. }) => {
                    assert_eq!(found, field, "{record}");
                }
                other => panic!("{record}: {other:?}"),
            }
        }
        assert_eq!(check_bounds(&all_fields()), Ok(()));
        let poor = ConsensusParams { spacing: 0, ..all_fields() };
        assert!(check_bounds(&poor).is_err());
    }

    #[test]
    fn a_genesis_block_keeps_its_own_networks_rules() {
        let changes: [fn(&mut Block); 6] = [
            |genesis| genesis.header.prev_blockhash = BlockHash::from_bytes([1; 32]),
            |genesis| genesis.header.bits = CompactTarget(0x207f_fffe),
            |genesis| genesis.header.merkle_root = Default::default(),
            |genesis| genesis.transactions.push(genesis.transactions[0].clone()),
            |genesis| genesis.transactions[0].outputs[0].value = Amount::from_coins(51),
            |genesis| genesis.transactions[0].inputs[0].script_sig = Script::from_bytes(vec![0x51, 0x51]),
        ];
        for (n, change) in changes.into_iter().enumerate() {
            let mut spoilt = invitation(all_fields());
            change(&mut spoilt.genesis);
            let error = Invitation::from_bytes(&spoilt.to_bytes()).expect_err("a rule is broken");
            assert!(matches!(error, InvitationError::Genesis { .. }), "{n}: {error}");
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic() {
        let bytes = invitation(all_fields()).to_bytes();
        for end in 0..bytes.len() {
            assert!(Invitation::from_bytes(&bytes[..end]).is_err(), "length {end}");
        }
    }
}
