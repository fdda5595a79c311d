//! Which rules a verification applies (Core's `SCRIPT_VERIFY_*`).

use std::ops::BitOr;

/// A set of rules. A script that passes with more of them passes with fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct VerifyFlags(u32);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        impl VerifyFlags {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*

            /// The rule that Core calls `name`, without its prefix.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    "NONE" | "" => Some(Self::NONE),
                    $(stringify!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

flags! {
    /// Scripts that pay to a script's hash run it (BIP16).
    P2SH = 0;
    /// Signatures and keys have a defined form.
    STRICTENC = 1;
    /// Signatures are strict DER (BIP66).
    DERSIG = 2;
    /// S is in the lower half (BIP146).
    LOW_S = 3;
    /// OP_CHECKMULTISIG's extra item is empty (BIP147).
    NULLDUMMY = 4;
    /// A scriptSig only pushes.
    SIGPUSHONLY = 5;
    /// Pushes and numbers are as short as possible.
    MINIMALDATA = 6;
    /// NOPs that may get a meaning are refused.
    DISCOURAGE_UPGRADABLE_NOPS = 7;
    /// Nothing is left on the stack but the result.
    CLEANSTACK = 8;
    /// OP_CHECKLOCKTIMEVERIFY has its meaning (BIP65).
    CHECKLOCKTIMEVERIFY = 9;
    /// OP_CHECKSEQUENCEVERIFY has its meaning (BIP112).
    CHECKSEQUENCEVERIFY = 10;
    /// Witness programs have their meaning (BIP141).
    WITNESS = 11;
    /// Witness versions that may get a meaning are refused.
    DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM = 12;
    /// OP_IF's argument in a witness script is empty or one.
    MINIMALIF = 13;
    /// A signature that fails is empty (BIP146).
    NULLFAIL = 14;
    /// Keys in witness scripts are compressed.
    WITNESS_PUBKEYTYPE = 15;
    /// OP_CODESEPARATOR and signatures inside the signed script are refused outside witnesses.
    CONST_SCRIPTCODE = 16;
}

impl VerifyFlags {
    /// No rule beyond the language itself.
    pub const NONE: Self = Self(0);

    /// What a block must keep where every soft fork up to segwit is active.
    pub const CONSENSUS: Self = Self::P2SH
        .with(Self::DERSIG)
        .with(Self::NULLDUMMY)
        .with(Self::CHECKLOCKTIMEVERIFY)
        .with(Self::CHECKSEQUENCEVERIFY)
        .with(Self::WITNESS);

    /// What a transaction must keep to be relayed (Core's `STANDARD_SCRIPT_VERIFY_FLAGS`, without taproot's).
    pub const STANDARD: Self = Self::CONSENSUS
        .with(Self::STRICTENC)
        .with(Self::LOW_S)
        .with(Self::MINIMALDATA)
        .with(Self::DISCOURAGE_UPGRADABLE_NOPS)
        .with(Self::CLEANSTACK)
        .with(Self::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM)
        .with(Self::MINIMALIF)
        .with(Self::NULLFAIL)
        .with(Self::WITNESS_PUBKEYTYPE)
        .with(Self::CONST_SCRIPTCODE);

    /// Every rule that there is.
    pub const ALL: Self = Self::STANDARD.with(Self::SIGPUSHONLY);

    /// These rules and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These rules without `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The rules as bits, by which [`VerifyFlags::from_bits`] has them again.
    pub const fn to_bits(self) -> u32 {
        self.0
    }

    /// The rules that [`VerifyFlags::to_bits`] wrote.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Whether all of `other` are among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is among these.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for VerifyFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}
