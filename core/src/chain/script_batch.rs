//! Script checks as bytes that whoever gets them can do alone, and their outcome as bytes: what goes to a helper and
//! comes back.
//!
//! ```text
//! batch    flags (u32), CompactSize number of pieces, pieces
//! piece    transaction, u32 first input, CompactSize number of outputs, the outputs that it and those behind it spend
//! outcome  0, or 1, u32 which input failed (counted over all pieces), u8 ScriptError::code
//! ```

use super::script_check::{ScriptCheck, run_in_order, verify_inputs};
use crate::consensus::TxError;
use crate::crypto::EcdsaAccelerator;
use crate::encode::{DecodeError, Encode as _, MAX_SIZE, Reader, encode_compact_size};
use crate::primitives::{Transaction, TxOut};
use crate::script::{ScriptError, VerifyFlags};
use serde::Deserialize;
use std::ops::Range;

/// The first check of a batch that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct FailedCheck {
    /// Which of the batch's inputs it is, counted from 0 over all its transactions.
    pub check: u32,
    /// Why it fails.
    pub error: ScriptError,
}

/// What checking a batch came to.
pub type Verdict = Result<(), FailedCheck>;

/// A piece of a batch.
struct Piece {
    transaction: Transaction,
    inputs: Range<usize>,
    spent: Vec<TxOut>,
}

/// Does the checks of a batch, as those of a block are done: the first that fails counts.
///
/// # Errors
/// When the bytes are no batch.
pub fn verify_batch(bytes: &[u8], accelerator: Option<EcdsaAccelerator>) -> Result<Verdict, DecodeError> {
    let mut reader = Reader::new(bytes);
    let flags = VerifyFlags::from_bits(reader.read()?);
    let mut pieces = Vec::new();
    for _ in 0..reader.compact_size(MAX_SIZE)? {
        pieces.push(Piece::read(&mut reader)?);
    }
    reader.finish()?;
    let run = |piece: &Piece, deferred: Option<&_>| {
        verify_inputs(&piece.transaction, piece.inputs.clone(), piece.spent.iter(), flags, deferred)
    };
    let mut done = 0;
    let verdict = run_in_order(&pieces, accelerator, run, |piece, result| {
        let failed = match result {
            Ok(()) => {
                done += piece.spent.len();
                return Ok(());
            }
            Err(TxError::Script { input, error }) => {
                Ok(FailedCheck { check: (done + input - piece.inputs.start) as u32, error })
            }
            Err(_) => Err(DecodeError::InvalidValue { field: "spent outputs" }),
        };
        Err(failed)
    });
    match verdict {
        Ok(()) => Ok(Ok(())),
        Err(failed) => failed.map(Err),
    }
}

impl Piece {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (transaction, first): (Transaction, u32) = (reader.read()?, reader.read()?);
        let spent: Vec<TxOut> = reader.vec(MAX_SIZE)?;
        let first = first as usize;
        let inputs = first..first.saturating_add(spent.len());
        if inputs.end > transaction.inputs.len() {
            return Err(DecodeError::InvalidValue { field: "inputs to check" });
        }
        Ok(Self { transaction, inputs, spent })
    }
}

/// A verdict as bytes.
pub fn encode_verdict(verdict: &Verdict) -> Vec<u8> {
    let mut out = vec![u8::from(verdict.is_err())];
    if let Err(FailedCheck { check, error }) = verdict {
        check.encode(&mut out);
        error.code().encode(&mut out);
    }
    out
}

/// The verdict that [`encode_verdict`] wrote.
///
/// # Errors
/// When the bytes are none.
pub fn decode_verdict(bytes: &[u8]) -> Result<Verdict, DecodeError> {
    let mut reader = Reader::new(bytes);
    let verdict = match reader.read::<u8>()? {
        0 => Ok(()),
        1 => {
            let (check, code) = (reader.read()?, reader.read::<u8>()?);
            let error = ScriptError::ALL.get(usize::from(code)).copied();
            let error = error.ok_or(DecodeError::InvalidValue { field: "script error" })?;
            Err(FailedCheck { check, error })
        }
        _ => return Err(DecodeError::InvalidValue { field: "verdict" }),
    };
    reader.finish()?;
    Ok(verdict)
}

/// Checks, all under the same rules, as a batch.
pub(super) fn encode_batch(checks: &[ScriptCheck]) -> Vec<u8> {
    let mut out = Vec::new();
    checks.first().map_or(VerifyFlags::NONE, ScriptCheck::flags).to_bits().encode(&mut out);
    encode_compact_size(checks.len() as u64, &mut out);
    for check in checks {
        check.transaction().encode(&mut out);
        (check.inputs().start as u32).encode(&mut out);
        encode_compact_size(check.spent().len() as u64, &mut out);
        check.spent().for_each(|output| output.encode(&mut out));
    }
    out
}
