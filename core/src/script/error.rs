//! Why a script does not allow a spend, by Core's names (`script/script_error.h`).

use serde::Deserialize;

macro_rules! script_errors {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $message:literal;)*) => {
        /// Why a script does not allow a spend. The message is Core's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, thiserror::Error)]
        pub enum ScriptError {
            $($(#[$doc])* #[error($message)] $variant,)*
        }

        impl ScriptError {
            /// All of them, each at the place of its code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its number among [`ScriptError::ALL`], the same within one build.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// Core's name, without the prefix `SCRIPT_ERR_`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

script_errors! {
    /// The top of the stack is false at the end.
    EvalFalse = "EVAL_FALSE", "Script evaluated without error but finished with a false/empty top stack element";
    /// OP_RETURN was executed.
    OpReturn = "OP_RETURN", "OP_RETURN was encountered";
    /// A script above 10,000 bytes.
    ScriptSize = "SCRIPT_SIZE", "Script is too big";
    /// A push above 520 bytes.
    PushSize = "PUSH_SIZE", "Push value size limit exceeded";
    /// More than 201 opcodes that are not pushes.
    OpCount = "OP_COUNT", "Operation limit exceeded";
    /// More than 1,000 items on both stacks.
    StackSize = "STACK_SIZE", "Stack size limit exceeded";
    /// More signatures than keys are asked for.
    SigCount = "SIG_COUNT", "Signature count negative or greater than pubkey count";
    /// More than 20 keys.
    PubkeyCount = "PUBKEY_COUNT", "Pubkey count negative or limit exceeded";
    /// OP_VERIFY found false.
    Verify = "VERIFY", "Script failed an OP_VERIFY operation";
    /// OP_EQUALVERIFY found a difference.
    EqualVerify = "EQUALVERIFY", "Script failed an OP_EQUALVERIFY operation";
    /// OP_CHECKMULTISIGVERIFY found too few signatures.
    CheckMultisigVerify = "CHECKMULTISIGVERIFY", "Script failed an OP_CHECKMULTISIGVERIFY operation";
    /// OP_CHECKSIGVERIFY found a wrong signature.
    CheckSigVerify = "CHECKSIGVERIFY", "Script failed an OP_CHECKSIGVERIFY operation";
    /// OP_NUMEQUALVERIFY found a difference.
    NumEqualVerify = "NUMEQUALVERIFY", "Script failed an OP_NUMEQUALVERIFY operation";
    /// An opcode that does not exist, or a push over the end of the script.
    BadOpcode = "BAD_OPCODE", "Opcode missing or not understood";
    /// An opcode that was taken out in 2010.
    DisabledOpcode = "DISABLED_OPCODE", "Attempted to use a disabled opcode";
    /// Too few items on the stack.
    InvalidStackOperation = "INVALID_STACK_OPERATION", "Operation not valid with the current stack size";
    /// Nothing on the other stack.
    InvalidAltstackOperation = "INVALID_ALTSTACK_OPERATION", "Operation not valid with the current altstack size";
    /// An OP_IF, OP_ELSE or OP_ENDIF without its counterpart.
    UnbalancedConditional = "UNBALANCED_CONDITIONAL", "Invalid OP_IF construction";
    /// A locktime below zero.
    NegativeLocktime = "NEGATIVE_LOCKTIME", "Negative locktime";
    /// Too early for OP_CHECKLOCKTIMEVERIFY or OP_CHECKSEQUENCEVERIFY.
    UnsatisfiedLocktime = "UNSATISFIED_LOCKTIME", "Locktime requirement not satisfied";
    /// A number of too many bytes, or with needless ones.
    ScriptNum = "SCRIPTNUM", "Script number overflowed or is non-minimally encoded";
    /// A signature's last byte is no hash type.
    SigHashType = "SIG_HASHTYPE", "Signature hash type missing or not understood";
    /// A signature is not strict DER (BIP66).
    SigDer = "SIG_DER", "Non-canonical DER signature";
    /// A push that could have been shorter.
    MinimalData = "MINIMALDATA", "Data push larger than necessary";
    /// A scriptSig does more than push.
    SigPushOnly = "SIG_PUSHONLY", "Only push operators allowed in signatures";
    /// A signature's S is in the upper half.
    SigHighS = "SIG_HIGH_S", "Non-canonical signature: S value is unnecessarily high";
    /// The item that OP_CHECKMULTISIG takes too much is not empty (BIP147).
    SigNullDummy = "SIG_NULLDUMMY", "Dummy CHECKMULTISIG argument must be zero";
    /// A key is neither compressed nor uncompressed.
    PubkeyType = "PUBKEYTYPE", "Public key is neither compressed or uncompressed";
    /// Items are left below the result.
    CleanStack = "CLEANSTACK", "Stack size must be exactly one after execution";
    /// OP_IF's argument is neither empty nor one.
    MinimalIf = "MINIMALIF", "OP_IF/NOTIF argument must be minimal";
    /// A signature that failed is not empty (BIP146).
    SigNullFail = "NULLFAIL", "Signature must be zero for failed CHECK(MULTI)SIG operation";
    /// A NOP that a soft fork may give a meaning.
    DiscourageUpgradableNops = "DISCOURAGE_UPGRADABLE_NOPS", "NOPx reserved for soft-fork upgrades";
    /// A witness version that a soft fork may give a meaning.
    DiscourageUpgradableWitnessProgram =
        "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM", "Witness version reserved for soft-fork upgrades";
    /// A version 0 program of neither 20 nor 32 bytes.
    WitnessProgramWrongLength = "WITNESS_PROGRAM_WRONG_LENGTH", "Witness program has incorrect length";
    /// No script for a program that is a script's hash.
    WitnessProgramWitnessEmpty =
        "WITNESS_PROGRAM_WITNESS_EMPTY", "Witness program was passed an empty witness";
    /// The witness does not match the program.
    WitnessProgramMismatch = "WITNESS_PROGRAM_MISMATCH", "Witness program hash mismatch";
    /// A scriptSig beside a witness program.
    WitnessMalleated = "WITNESS_MALLEATED", "Witness requires empty scriptSig";
    /// A scriptSig that is more than the push of the witness program.
    WitnessMalleatedP2sh = "WITNESS_MALLEATED_P2SH", "Witness requires only-redeemscript scriptSig";
    /// A witness where no program asks for one.
    WitnessUnexpected = "WITNESS_UNEXPECTED", "Witness provided for non-witness script";
    /// An uncompressed key in a witness.
    WitnessPubkeyType = "WITNESS_PUBKEYTYPE", "Using non-compressed keys in segwit";
    /// OP_CODESEPARATOR outside a witness script.
    OpCodeSeparator = "OP_CODESEPARATOR", "Using OP_CODESEPARATOR in non-witness script";
    /// A signature inside the script that it signs.
    SigFindAndDelete = "SIG_FINDANDDELETE", "Signature is found in scriptCode";
}
