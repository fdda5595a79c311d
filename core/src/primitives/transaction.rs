//! Transactions and their two serialisations, without and with witnesses (BIP144).

use std::fmt;

use super::{Amount, Script, Txid, Wtxid};
use crate::encode::{
    Decode, DecodeError, Encode, MAX_SIZE, Reader, bytes_len, compact_size_len, encode_bytes,
    encode_compact_size, encode_vec, serialize, vec_len,
};

/// What a byte outside the witness weighs, in weight units (BIP141).
pub const WITNESS_SCALE_FACTOR: usize = 4;

/// The flag after the marker that announces witnesses.
const WITNESS_FLAG: u8 = 1;

/// A reference to an output of an earlier transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutPoint {
    /// The transaction that made the output.
    pub txid: Txid,
    /// Its index there.
    pub vout: u32,
}

/// An input: which output it spends and the proof that it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxIn {
    /// The output to spend.
    pub previous_output: OutPoint,
    /// Pushes that satisfy the output's script.
    pub script_sig: Script,
    /// All ones, or a relative lock (BIP68) or a signal of replaceability (BIP125).
    pub sequence: u32,
    /// The witness stack (BIP141), bottom first; empty where there is none.
    pub witness: Vec<Vec<u8>>,
}

/// An output: an amount and the script that guards it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxOut {
    /// The amount.
    pub value: Amount,
    /// The condition for spending.
    pub script_pubkey: Script,
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// 1, or 2 for relative locks (BIP68).
    pub version: i32,
    /// What it spends.
    pub inputs: Vec<TxIn>,
    /// What it makes.
    pub outputs: Vec<TxOut>,
    /// The first height, or from 500,000,000 on the first second, at which it may be mined.
    pub lock_time: u32,
}

impl OutPoint {
    /// What a coinbase "spends" (Core's null `COutPoint`).
    pub const NULL: Self = Self { txid: Txid::ZERO, vout: u32::MAX };

    /// An output of `txid`.
    pub const fn new(txid: Txid, vout: u32) -> Self {
        Self { txid, vout }
    }

    /// Whether this refers to no output, as a coinbase's does.
    pub fn is_null(&self) -> bool {
        *self == Self::NULL
    }
}

impl TxIn {
    /// The sequence number that switches every lock off (Core's `SEQUENCE_FINAL`).
    pub const SEQUENCE_FINAL: u32 = 0xffff_ffff;

    /// An input without scripts yet, final in sequence.
    pub const fn spending(previous_output: OutPoint) -> Self {
        Self {
            previous_output,
            script_sig: Script::new(),
            sequence: Self::SEQUENCE_FINAL,
            witness: Vec::new(),
        }
    }

    fn witness_len(&self) -> usize {
        compact_size_len(self.witness.len() as u64)
            + self.witness.iter().map(|item| bytes_len(item)).sum::<usize>()
    }

    fn encode_witness(&self, out: &mut Vec<u8>) {
        encode_compact_size(self.witness.len() as u64, out);
        for item in &self.witness {
            encode_bytes(item, out);
        }
    }
}

impl Transaction {
    /// The name of this transaction: the hash of its serialisation without witnesses.
    pub fn txid(&self) -> Txid {
        let mut bytes = Vec::with_capacity(self.stripped_size());
        self.encode_stripped(&mut bytes);
        Txid::digest(&bytes)
    }

    /// The hash of the whole serialisation; equals the txid where there is no witness (BIP141).
    pub fn wtxid(&self) -> Wtxid {
        Wtxid::digest(&serialize(self))
    }

    /// Whether this is a coinbase: one input, which spends nothing.
    pub fn is_coinbase(&self) -> bool {
        matches!(self.inputs.as_slice(), [input] if input.previous_output.is_null())
    }

    /// Whether any input has a witness.
    pub fn has_witness(&self) -> bool {
        self.inputs.iter().any(|input| !input.witness.is_empty())
    }

    /// The bytes without witnesses, marker and flag.
    pub fn stripped_size(&self) -> usize {
        4 + vec_len(&self.inputs) + vec_len(&self.outputs) + 4
    }

    /// Three times the stripped size and once the whole size (BIP141; Core's `GetTransactionWeight`).
    pub fn weight(&self) -> usize {
        self.stripped_size() * (WITNESS_SCALE_FACTOR - 1) + self.encoded_len()
    }

    /// The weight in bytes, rounded up: what fee rates are reckoned on (Core's `GetVirtualTransactionSize`).
    pub fn vsize(&self) -> usize {
        self.weight().div_ceil(WITNESS_SCALE_FACTOR)
    }

    /// The sum of the outputs, unless one of them or the sum is out of the money range.
    pub fn output_value(&self) -> Option<Amount> {
        self.outputs.iter().try_fold(Amount::ZERO, |sum, output| {
            let sum = sum.checked_add(output.value)?;
            (output.value.is_money_range() && sum.is_money_range()).then_some(sum)
        })
    }

    /// Appends the serialisation without witnesses, which the txid is the hash of.
    pub fn encode_stripped(&self, out: &mut Vec<u8>) {
        self.version.encode(out);
        encode_vec(&self.inputs, out);
        encode_vec(&self.outputs, out);
        self.lock_time.encode(out);
    }

    /// What follows marker and flag: inputs, outputs, witnesses.
    fn decode_extended(reader: &mut Reader<'_>, flag: u8) -> Result<(Vec<TxIn>, Vec<TxOut>), DecodeError> {
        let mut inputs: Vec<TxIn> = reader.vec(MAX_SIZE)?;
        let outputs = reader.vec(MAX_SIZE)?;
        if flag & WITNESS_FLAG != 0 {
            for input in &mut inputs {
                input.witness = reader.vec::<WitnessItem>(MAX_SIZE)?.into_iter().map(|item| item.0).collect();
            }
            if inputs.iter().all(|input| input.witness.is_empty()) {
                return Err(DecodeError::SuperfluousWitness);
            }
        }
        if flag & !WITNESS_FLAG != 0 {
            return Err(DecodeError::UnknownTransactionFlag { flag });
        }
        Ok((inputs, outputs))
    }
}

/// One item of a witness stack as it is encoded.
struct WitnessItem(Vec<u8>);

impl Decode for WitnessItem {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.bytes(MAX_SIZE).map(|bytes| Self(bytes.to_vec()))
    }
}

impl fmt::Display for OutPoint {
    /// `txid:vout`, as Core shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.txid, self.vout)
    }
}

impl Encode for OutPoint {
    fn encode(&self, out: &mut Vec<u8>) {
        self.txid.encode(out);
        self.vout.encode(out);
    }
    fn encoded_len(&self) -> usize {
        36
    }
}

impl Decode for OutPoint {
    const MIN_ENCODED_LEN: usize = 36;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { txid: reader.read()?, vout: reader.read()? })
    }
}

impl Encode for TxIn {
    /// Without the witness, which stands behind the outputs.
    fn encode(&self, out: &mut Vec<u8>) {
        self.previous_output.encode(out);
        self.script_sig.encode(out);
        self.sequence.encode(out);
    }
    fn encoded_len(&self) -> usize {
        36 + self.script_sig.encoded_len() + 4
    }
}

impl Decode for TxIn {
    const MIN_ENCODED_LEN: usize = 41;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            previous_output: reader.read()?,
            script_sig: reader.read()?,
            sequence: reader.read()?,
            witness: Vec::new(),
        })
    }
}

impl Encode for TxOut {
    fn encode(&self, out: &mut Vec<u8>) {
        self.value.encode(out);
        self.script_pubkey.encode(out);
    }
    fn encoded_len(&self) -> usize {
        8 + self.script_pubkey.encoded_len()
    }
}

impl Decode for TxOut {
    const MIN_ENCODED_LEN: usize = 9;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { value: reader.read()?, script_pubkey: reader.read()? })
    }
}

impl Encode for Transaction {
    fn encode(&self, out: &mut Vec<u8>) {
        if !self.has_witness() {
            return self.encode_stripped(out);
        }
        self.version.encode(out);
        out.extend_from_slice(&[0, WITNESS_FLAG]);
        encode_vec(&self.inputs, out);
        encode_vec(&self.outputs, out);
        for input in &self.inputs {
            input.encode_witness(out);
        }
        self.lock_time.encode(out);
    }

    fn encoded_len(&self) -> usize {
        let witness =
            if self.has_witness() { 2 + self.inputs.iter().map(TxIn::witness_len).sum::<usize>() } else { 0 };
        self.stripped_size() + witness
    }
}

impl Decode for Transaction {
    const MIN_ENCODED_LEN: usize = 10;

    /// No inputs where they should stand is the marker of the extended form (Core's `UnserializeTransaction`).
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.read()?;
        let inputs: Vec<TxIn> = reader.vec(MAX_SIZE)?;
        let (inputs, outputs) = if inputs.is_empty() {
            match reader.read::<u8>()? {
                0 => (inputs, Vec::new()),
                flag => Self::decode_extended(reader, flag)?,
            }
        } else {
            (inputs, reader.vec(MAX_SIZE)?)
        };
        Ok(Self { version, inputs, outputs, lock_time: reader.read()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::deserialize;

    fn spend(witness: Vec<Vec<u8>>) -> Transaction {
        let input = TxIn { witness, ..TxIn::spending(OutPoint::new(Txid::from_bytes([7; 32]), 1)) };
        let output = TxOut { value: Amount::from_coins(10), script_pubkey: Script::from_bytes(vec![0x51]) };
        Transaction { version: 2, inputs: vec![input], outputs: vec![output], lock_time: 5 }
    }

    #[test]
    fn a_witness_changes_the_wtxid_and_the_weight_but_not_the_txid() {
        let (plain, segwit) = (spend(vec![]), spend(vec![vec![], vec![1, 2, 3]]));
        assert_eq!(plain.txid(), segwit.txid());
        assert_eq!(plain.wtxid().as_bytes(), plain.txid().as_bytes());
        assert_ne!(segwit.wtxid(), plain.wtxid());
        assert_eq!(plain.weight(), 4 * plain.stripped_size());
        assert_eq!(segwit.weight(), plain.weight() + 2 + 1 + 1 + 4);
        for tx in [plain, segwit] {
            let bytes = serialize(&tx);
            assert_eq!(bytes.len(), tx.encoded_len());
            assert_eq!(deserialize(&bytes), Ok(tx));
        }
    }

    #[test]
    fn a_witness_flag_without_witness_is_refused() {
        let mut bytes = serialize(&spend(vec![vec![9]]));
        let at = bytes.len() - 4 - 3;
        bytes.splice(at..at + 3, [0]);
        assert_eq!(deserialize::<Transaction>(&bytes), Err(DecodeError::SuperfluousWitness));
    }

    #[test]
    fn an_unknown_flag_is_refused() {
        let mut bytes = serialize(&spend(vec![vec![9]]));
        bytes[5] = 3;
        assert_eq!(deserialize::<Transaction>(&bytes), Err(DecodeError::UnknownTransactionFlag { flag: 3 }));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let bytes = serialize(&spend(vec![vec![9; 70], vec![2; 33]]));
        for end in 0..bytes.len() {
            assert!(deserialize::<Transaction>(&bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn outputs_that_sum_above_the_money_supply_have_no_value() {
        let mut tx = spend(vec![]);
        assert_eq!(tx.output_value(), Some(Amount::from_coins(10)));
        tx.outputs[0].value = super::super::MAX_MONEY;
        tx.outputs.push(TxOut { value: Amount::from_sat(1), script_pubkey: Script::new() });
        assert_eq!(tx.output_value(), None);
        tx.outputs[0].value = Amount::from_sat(-1);
        assert_eq!(tx.output_value(), None);
    }
}
