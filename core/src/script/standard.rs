//! The templates that wallets use (Core's `script/solver.cpp`).

use super::{Instruction, Opcode};
use crate::crypto::{Address, PubkeyHash, PublicKey, ScriptHash};
use crate::primitives::Script;

/// The most keys that bare multisig may name (consensus: Core's `MAX_PUBKEYS_PER_MULTISIG`).
pub const MAX_PUBKEYS_PER_MULTISIG: usize = 20;

/// The program, of version 1, that anybody may spend.
pub(super) const ANCHOR_PROGRAM: [u8; 2] = [0x4e, 0x73];

/// The most bytes of a witness program.
const MAX_WITNESS_PROGRAM: usize = 40;

/// What a script is, if it follows a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// Pays to the hash of a public key.
    P2pkh(PubkeyHash),
    /// Pays to a public key.
    P2pk(PublicKey),
    /// Pays to the hash of a script (BIP16).
    P2sh(ScriptHash),
    /// Pays to any `required` of `keys`.
    Multisig {
        /// How many signatures it takes.
        required: u8,
        /// The keys as written, in order.
        keys: Vec<Vec<u8>>,
    },
    /// Pays to a witness program (BIP141).
    Witness {
        /// 0 to 16.
        version: u8,
        /// 2 to 40 bytes.
        program: Vec<u8>,
    },
    /// Pays to anybody, so that anybody can raise the fee of what made it by spending it (Core's `IsPayToAnchor`).
    Anchor,
    /// Can never be spent and carries data.
    OpReturn(Vec<u8>),
    /// None of these.
    NonStandard,
}

/// `OP_DUP OP_HASH160 <hash> OP_EQUALVERIFY OP_CHECKSIG`
pub fn p2pkh(hash: PubkeyHash) -> Script {
    Script::new()
        .push_opcode(Opcode::OP_DUP)
        .push_opcode(Opcode::OP_HASH160)
        .push_data(&hash.0)
        .push_opcode(Opcode::OP_EQUALVERIFY)
        .push_opcode(Opcode::OP_CHECKSIG)
}

/// `<key> OP_CHECKSIG`
pub fn p2pk(key: &PublicKey) -> Script {
    Script::new().push_data(key.as_bytes()).push_opcode(Opcode::OP_CHECKSIG)
}

/// `OP_HASH160 <hash> OP_EQUAL`
pub fn p2sh(hash: ScriptHash) -> Script {
    Script::new().push_opcode(Opcode::OP_HASH160).push_data(&hash.0).push_opcode(Opcode::OP_EQUAL)
}

/// `<version> <program>`; the caller takes both from an [`Address::Witness`] or knows BIP141's bounds.
pub fn witness(version: u8, program: &[u8]) -> Script {
    Script::new().push_int(i64::from(version)).push_data(program)
}

/// `<required> <key>... <count> OP_CHECKMULTISIG`; `None` unless 1 <= required <= keys <= 20.
pub fn multisig(required: u8, keys: &[PublicKey]) -> Option<Script> {
    if keys.len() > MAX_PUBKEYS_PER_MULTISIG || !(1..=keys.len()).contains(&usize::from(required)) {
        return None;
    }
    let script = keys
        .iter()
        .fold(Script::new().push_int(i64::from(required)), |script, key| script.push_data(key.as_bytes()));
    Some(script.push_int(keys.len() as i64).push_opcode(Opcode::OP_CHECKMULTISIG))
}

/// `OP_RETURN <data>`
pub fn op_return(data: &[u8]) -> Script {
    Script::new().push_opcode(Opcode::OP_RETURN).push_data(data)
}

/// Recognises a template (Core's `Solver`).
pub fn classify(script: &Script) -> Template {
    if let Some(hash) = script_hash(script) {
        return Template::P2sh(hash);
    }
    match witness_program(script.as_bytes()) {
        Some((1, program)) if program == ANCHOR_PROGRAM => return Template::Anchor,
        Some((version, program)) => return Template::Witness { version, program: program.to_vec() },
        None => {}
    }
    match script.as_bytes() {
        [0x76, 0xa9, 20, hash @ .., 0x88, 0xac] if hash.len() == 20 => {
            Template::P2pkh(PubkeyHash(hash.try_into().unwrap_or_default()))
        }
        [len @ (33 | 65), key @ .., 0xac] if key.len() == usize::from(*len) => {
            PublicKey::from_bytes(key).map_or(Template::NonStandard, Template::P2pk)
        }
        [0x6a, rest @ ..] if Script::from_bytes(rest.to_vec()).is_push_only() => {
            Template::OpReturn(rest.to_vec())
        }
        _ => classify_multisig(script).unwrap_or(Template::NonStandard),
    }
}

/// The hash of a script that pays to one (Core's `IsPayToScriptHash`); consensus looks only at these 23 bytes.
pub fn script_hash(script: &Script) -> Option<ScriptHash> {
    match script.as_bytes() {
        [0xa9, 20, hash @ .., 0x87] => hash.try_into().ok().map(ScriptHash),
        _ => None,
    }
}

/// Version and program of a script that is nothing else (Core's `IsWitnessProgram`).
pub fn witness_program(script: &[u8]) -> Option<(u8, &[u8])> {
    let [version, len, program @ ..] = script else { return None };
    let version = Opcode(*version).as_small_int()?;
    let len = usize::from(*len);
    ((2..=MAX_WITNESS_PROGRAM).contains(&len) && program.len() == len).then_some((version, program))
}

/// Whether no input can ever spend this (Core's `IsUnspendable`); such outputs need no place among the coins.
pub fn is_unspendable(script: &Script) -> bool {
    script.as_bytes().first() == Some(&Opcode::OP_RETURN.0) || script.len() > super::MAX_SCRIPT_SIZE
}

fn classify_multisig(script: &Script) -> Option<Template> {
    let steps: Vec<Instruction<'_>> = script.instructions().collect::<Result<_, _>>().ok()?;
    let [first, keys @ .., count, last] = steps.as_slice() else { return None };
    let (required, count) = (first.opcode.as_small_int()?, count.opcode.as_small_int()?);
    let keys: Vec<Vec<u8>> =
        keys.iter().filter(|key| matches!(key.data.len(), 33 | 65)).map(|key| key.data.to_vec()).collect();
    let whole = last.opcode == Opcode::OP_CHECKMULTISIG
        && keys.len() == usize::from(count)
        && steps.len() == keys.len() + 3
        && (1..=count).contains(&required);
    whole.then_some(Template::Multisig { required, keys })
}

impl Address {
    /// The script that pays to this address (Core's `GetScriptForDestination`).
    pub fn script_pubkey(&self) -> Script {
        match self {
            Self::P2pkh(hash) => p2pkh(*hash),
            Self::P2sh(hash) => p2sh(*hash),
            Self::Witness { version, program } => witness(*version, program),
        }
    }

    /// The address that a script pays to. A bare public key is shown as the address of its hash, as explorers do.
    pub fn from_script(script: &Script) -> Option<Self> {
        match classify(script) {
            Template::P2pkh(hash) => Some(Self::P2pkh(hash)),
            Template::P2pk(key) => Some(Self::P2pkh(key.pubkey_hash())),
            Template::P2sh(hash) => Some(Self::P2sh(hash)),
            Template::Witness { version, program } => Self::witness(version, &program),
            Template::Anchor => Self::witness(1, &ANCHOR_PROGRAM),
            Template::Multisig { .. } | Template::OpReturn(_) | Template::NonStandard => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::PrivateKey;

    fn keys(count: u8) -> Vec<PublicKey> {
        (1..=count)
            .map(|n| PrivateKey::from_bytes(&[n; 32], n % 2 == 0).expect("valid").public_key())
            .collect()
    }

    #[test]
    fn every_template_is_recognised_as_itself() {
        let keys = keys(3);
        let hash = keys[0].pubkey_hash();
        assert_eq!(classify(&p2pkh(hash)), Template::P2pkh(hash));
        assert_eq!(classify(&p2pk(&keys[0])), Template::P2pk(keys[0].clone()));
        assert_eq!(classify(&p2pk(&keys[1])), Template::P2pk(keys[1].clone()));
        assert_eq!(classify(&p2sh(ScriptHash([5; 20]))), Template::P2sh(ScriptHash([5; 20])));
        let program = vec![7; 32];
        assert_eq!(classify(&witness(1, &program)), Template::Witness { version: 1, program });
        assert_eq!(classify(&witness(1, &ANCHOR_PROGRAM)), Template::Anchor);
        assert!(matches!(classify(&witness(2, &ANCHOR_PROGRAM)), Template::Witness { version: 2, .. }));
        let script = multisig(2, &keys).expect("2 of 3");
        let keys = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
        assert_eq!(classify(&script), Template::Multisig { required: 2, keys });
        assert_eq!(classify(&op_return(b"hi")), Template::OpReturn(b"\x02hi".to_vec()));
        assert_eq!(classify(&Script::new()), Template::NonStandard);
    }

    #[test]
    fn multisig_needs_between_one_signature_and_as_many_as_keys() {
        let keys = keys(2);
        assert_eq!(multisig(0, &keys), None);
        assert_eq!(multisig(3, &keys), None);
        assert_eq!(multisig(1, &vec![keys[0].clone(); 21]), None);
        assert!(multisig(20, &vec![keys[0].clone(); 20]).is_some());
    }

    #[test]
    fn an_address_and_its_script_say_the_same() {
        let hash = keys(1)[0].pubkey_hash();
        for address in [
            Address::P2pkh(hash),
            Address::P2sh(ScriptHash(hash.0)),
            Address::witness(0, &hash.0).expect("20 bytes"),
            Address::witness(1, &[3; 32]).expect("32 bytes"),
            Address::witness(1, &ANCHOR_PROGRAM).expect("2 bytes"),
        ] {
            assert_eq!(Address::from_script(&address.script_pubkey()), Some(address));
        }
        assert_eq!(Address::from_script(&p2pk(&keys(1)[0])), Some(Address::P2pkh(hash)));
    }
}
