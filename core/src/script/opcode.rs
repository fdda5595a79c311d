//! The opcodes, by Core's names and numbers.

use std::fmt;

/// One byte of a script that is not the data of a push.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opcode(pub u8);

macro_rules! opcodes {
    ($($name:ident = $value:literal),* $(,)?) => {
        #[allow(missing_docs, reason = "the names are the field's own; what each does stands where it is executed")]
        impl Opcode {
            $(pub const $name: Self = Self($value);)*

            /// The opcode that Core calls `name`, without aliases.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Core's name, if it has one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

opcodes! {
    OP_0 = 0x00, OP_PUSHDATA1 = 0x4c, OP_PUSHDATA2 = 0x4d, OP_PUSHDATA4 = 0x4e, OP_1NEGATE = 0x4f, OP_RESERVED = 0x50,
    OP_1 = 0x51, OP_2 = 0x52, OP_3 = 0x53, OP_4 = 0x54, OP_5 = 0x55, OP_6 = 0x56, OP_7 = 0x57, OP_8 = 0x58,
    OP_9 = 0x59, OP_10 = 0x5a, OP_11 = 0x5b, OP_12 = 0x5c, OP_13 = 0x5d, OP_14 = 0x5e, OP_15 = 0x5f, OP_16 = 0x60,
    OP_NOP = 0x61, OP_VER = 0x62, OP_IF = 0x63, OP_NOTIF = 0x64, OP_VERIF = 0x65, OP_VERNOTIF = 0x66, OP_ELSE = 0x67,
    OP_ENDIF = 0x68, OP_VERIFY = 0x69, OP_RETURN = 0x6a,
    OP_TOALTSTACK = 0x6b, OP_FROMALTSTACK = 0x6c, OP_2DROP = 0x6d, OP_2DUP = 0x6e, OP_3DUP = 0x6f, OP_2OVER = 0x70,
    OP_2ROT = 0x71, OP_2SWAP = 0x72, OP_IFDUP = 0x73, OP_DEPTH = 0x74, OP_DROP = 0x75, OP_DUP = 0x76, OP_NIP = 0x77,
    OP_OVER = 0x78, OP_PICK = 0x79, OP_ROLL = 0x7a, OP_ROT = 0x7b, OP_SWAP = 0x7c, OP_TUCK = 0x7d,
    OP_CAT = 0x7e, OP_SUBSTR = 0x7f, OP_LEFT = 0x80, OP_RIGHT = 0x81, OP_SIZE = 0x82,
    OP_INVERT = 0x83, OP_AND = 0x84, OP_OR = 0x85, OP_XOR = 0x86, OP_EQUAL = 0x87, OP_EQUALVERIFY = 0x88,
    OP_RESERVED1 = 0x89, OP_RESERVED2 = 0x8a,
    OP_1ADD = 0x8b, OP_1SUB = 0x8c, OP_2MUL = 0x8d, OP_2DIV = 0x8e, OP_NEGATE = 0x8f, OP_ABS = 0x90, OP_NOT = 0x91,
    OP_0NOTEQUAL = 0x92, OP_ADD = 0x93, OP_SUB = 0x94, OP_MUL = 0x95, OP_DIV = 0x96, OP_MOD = 0x97, OP_LSHIFT = 0x98,
    OP_RSHIFT = 0x99, OP_BOOLAND = 0x9a, OP_BOOLOR = 0x9b, OP_NUMEQUAL = 0x9c, OP_NUMEQUALVERIFY = 0x9d,
    OP_NUMNOTEQUAL = 0x9e, OP_LESSTHAN = 0x9f, OP_GREATERTHAN = 0xa0, OP_LESSTHANOREQUAL = 0xa1,
    OP_GREATERTHANOREQUAL = 0xa2, OP_MIN = 0xa3, OP_MAX = 0xa4, OP_WITHIN = 0xa5,
    OP_RIPEMD160 = 0xa6, OP_SHA1 = 0xa7, OP_SHA256 = 0xa8, OP_HASH160 = 0xa9, OP_HASH256 = 0xaa,
    OP_CODESEPARATOR = 0xab, OP_CHECKSIG = 0xac, OP_CHECKSIGVERIFY = 0xad, OP_CHECKMULTISIG = 0xae,
    OP_CHECKMULTISIGVERIFY = 0xaf,
    OP_NOP1 = 0xb0, OP_CHECKLOCKTIMEVERIFY = 0xb1, OP_CHECKSEQUENCEVERIFY = 0xb2, OP_NOP4 = 0xb3, OP_NOP5 = 0xb4,
    OP_NOP6 = 0xb5, OP_NOP7 = 0xb6, OP_NOP8 = 0xb7, OP_NOP9 = 0xb8, OP_NOP10 = 0xb9, OP_CHECKSIGADD = 0xba,
}

impl Opcode {
    /// The opcode that pushes a number from 0 to 16.
    pub const fn small_int(n: u8) -> Option<Self> {
        match n {
            0 => Some(Self::OP_0),
            1..=16 => Some(Self(Self::OP_1.0 + n - 1)),
            _ => None,
        }
    }

    /// The number from 0 to 16 that this pushes (Core's `DecodeOP_N`).
    pub const fn as_small_int(self) -> Option<u8> {
        match self.0 {
            0 => Some(0),
            0x51..=0x60 => Some(self.0 - 0x50),
            _ => None,
        }
    }

    /// Whether this only pushes; Core counts OP_RESERVED among those.
    pub const fn is_push(self) -> bool {
        self.0 <= Self::OP_16.0
    }

    /// Opcodes taken out of the language in 2010; a script that contains one fails even where it is not executed.
    pub const fn is_disabled(self) -> bool {
        matches!(
            self,
            Self::OP_CAT
                | Self::OP_SUBSTR
                | Self::OP_LEFT
                | Self::OP_RIGHT
                | Self::OP_INVERT
                | Self::OP_AND
                | Self::OP_OR
                | Self::OP_XOR
                | Self::OP_2MUL
                | Self::OP_2DIV
                | Self::OP_MUL
                | Self::OP_DIV
                | Self::OP_MOD
                | Self::OP_LSHIFT
                | Self::OP_RSHIFT
        )
    }
}

impl fmt::Debug for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None if self.0 < Self::OP_PUSHDATA1.0 => write!(f, "OP_PUSHBYTES_{}", self.0),
            None => write!(f, "OP_UNKNOWN_{:#04x}", self.0),
        }
    }
}
