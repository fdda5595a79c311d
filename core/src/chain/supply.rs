//! The invariant of money: the coins are what coinbases made, less fees, less what nobody can spend.

use super::coins::sat;
use crate::encode::{Decode, DecodeError, Encode, Reader};
use crate::primitives::{Amount, Block};
use crate::script::standard::is_unspendable;

/// What the blocks from genesis to a tip did to the supply, in satoshis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Supply {
    /// Outputs of coinbases.
    pub coinbase_outputs: u128,
    /// Fees, which are inputs that became no output of their transaction.
    pub fees: u128,
    /// Outputs that nobody can spend, the genesis block's where it makes no coin among them.
    pub unspendable: u128,
}

impl Supply {
    /// What one block does, given the fees of its transactions.
    pub(crate) fn of_block(block: &Block, fees: Amount) -> Self {
        let coinbase = block.transactions.iter().take(1).flat_map(|tx| &tx.outputs);
        let all = block.transactions.iter().flat_map(|tx| &tx.outputs);
        Self {
            coinbase_outputs: coinbase.map(|output| sat(output.value)).sum(),
            fees: sat(fees),
            unspendable: all
                .filter(|output| is_unspendable(&output.script_pubkey))
                .map(|output| sat(output.value))
                .sum(),
        }
    }

    /// What the genesis block does: where its output makes no coin, nobody can spend it.
    pub(crate) fn of_genesis(block: &Block, spendable: bool) -> Self {
        let supply = Self::of_block(block, Amount::ZERO);
        if spendable { supply } else { Self { unspendable: supply.coinbase_outputs, ..supply } }
    }

    /// What all coins must sum to.
    pub const fn expected_total(&self) -> u128 {
        self.coinbase_outputs.saturating_sub(self.fees).saturating_sub(self.unspendable)
    }

    pub(crate) const fn connect(&mut self, block: Self) {
        self.coinbase_outputs += block.coinbase_outputs;
        self.fees += block.fees;
        self.unspendable += block.unspendable;
    }

    pub(crate) const fn disconnect(&mut self, block: Self) {
        self.coinbase_outputs = self.coinbase_outputs.saturating_sub(block.coinbase_outputs);
        self.fees = self.fees.saturating_sub(block.fees);
        self.unspendable = self.unspendable.saturating_sub(block.unspendable);
    }

    const fn fields(&self) -> [u128; 3] {
        [self.coinbase_outputs, self.fees, self.unspendable]
    }
}

impl Encode for Supply {
    fn encode(&self, out: &mut Vec<u8>) {
        for field in self.fields() {
            out.extend_from_slice(&field.to_le_bytes());
        }
    }
    fn encoded_len(&self) -> usize {
        3 * 16
    }
}

impl Decode for Supply {
    const MIN_ENCODED_LEN: usize = 3 * 16;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut field = || reader.array().map(u128::from_le_bytes);
        Ok(Self { coinbase_outputs: field()?, fees: field()?, unspendable: field()? })
    }
}
