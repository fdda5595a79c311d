//! Why the wallet refuses.

use super::keys::MAX_KEYS;
use super::label::LabelError;
use crate::crypto::WifError;
use crate::interface::CommandError;
use crate::primitives::Amount;

/// Why the wallet does not do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalletError {
    /// A label that is none.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// Another address has this label.
    #[error("label '{0}' is taken")]
    LabelTaken(String),
    /// A text that is no private key of this network.
    #[error(transparent)]
    Wif(#[from] WifError),
    /// The key is in the wallet already.
    #[error("the key is in this wallet already")]
    KeyExists,
    /// No room for another key.
    #[error("a wallet has at most {MAX_KEYS} keys")]
    TooManyKeys,
    /// The address is not of this wallet.
    #[error("the key of '{0}' is not in this node's wallet")]
    UnknownKey(String),
    /// Nothing, less than nothing, or more than there is.
    #[error("the amount {0} cannot be sent: it must be above 0 and at most 21000000")]
    InvalidAmount(Amount),
    /// A fee below nothing or above all money.
    #[error("the fee {0} cannot be paid: it must be between 0 and 21000000")]
    InvalidFee(Amount),
    /// An output that would cost more to spend than it is worth.
    #[error("the amount {amount} is dust: below {least} it would not be relayed")]
    Dust {
        /// What was to be paid.
        amount: Amount,
        /// The least that is relayed.
        least: Amount,
    },
    /// The address's coins are worth less than amount and fee.
    #[error("not enough funds: {available} can be spent, {needed} is needed")]
    NotEnoughFunds {
        /// What can be spent now.
        available: Amount,
        /// Amount and fee.
        needed: Amount,
    },
    /// It would take so many coins that the transaction would not be relayed.
    #[error("the payment takes {inputs} coins, which is too large a transaction: pay less at a time")]
    TooLarge {
        /// How many coins.
        inputs: usize,
    },
}

impl From<WalletError> for CommandError {
    fn from(error: WalletError) -> Self {
        match error {
            WalletError::UnknownKey(address) => Self::UnknownKey(address),
            WalletError::InvalidAmount(amount) => Self::InvalidAmount(amount),
            WalletError::NotEnoughFunds { .. } => Self::NotEnoughFunds,
            other => Self::BadArgument(other.to_string()),
        }
    }
}
