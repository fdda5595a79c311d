//! Money, counted in satoshis.

use std::fmt;

use serde::Deserialize;

use crate::encode::{Decode, DecodeError, Encode, Reader};

/// Satoshis in one coin.
pub const COIN: i64 = 100_000_000;

/// No amount, and no sum of outputs, may be above 21 million coins (Core's `MAX_MONEY`).
pub const MAX_MONEY: Amount = Amount(21_000_000 * COIN);

/// Decimal places of a coin.
const PLACES: usize = 8;

/// An amount of money in satoshis; signed as on the wire, where a negative one is possible and refused by the rules.
/// Shown in coins without needless zeros ("110", "0.5"), read by serde as the integer of satoshis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(transparent)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of `satoshis`.
    pub const fn from_sat(satoshis: i64) -> Self {
        Self(satoshis)
    }

    /// An amount of whole coins.
    pub const fn from_coins(coins: u32) -> Self {
        Self(coins as i64 * COIN)
    }

    /// The number of satoshis.
    pub const fn to_sat(self) -> i64 {
        self.0
    }

    /// The sum, unless it leaves the 64-bit range.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, which may be negative, unless it leaves the 64-bit range.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// The sum of all `amounts`, unless it leaves the 64-bit range on the way.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Whether this is between zero and [`MAX_MONEY`] (Core's `MoneyRange`).
    pub const fn is_money_range(self) -> bool {
        0 <= self.0 && self.0 <= MAX_MONEY.0
    }

    /// Reads an amount of coins as a person writes it: digits, and up to eight more after a point. Zero is an
    /// amount; whether it may be sent is the wallet's rule.
    pub fn parse_coins(text: &str) -> Result<Self, ParseAmountError> {
        let not_a_number = || ParseAmountError::NotANumber(text.to_owned());
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(not_a_number()),
            None => (unsigned, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(not_a_number());
        }
        if negative {
            return Err(ParseAmountError::Negative(text.to_owned()));
        }
        if fraction.len() > PLACES {
            return Err(ParseAmountError::TooManyPlaces(text.to_owned()));
        }
        let above_max = || ParseAmountError::AboveMaxMoney(text.to_owned());
        let significant = whole.trim_start_matches('0');
        let digits = format!("{significant}{fraction:0<PLACES$}");
        let amount = digits.parse().map(Self).map_err(|_| above_max())?;
        if amount.is_money_range() { Ok(amount) } else { Err(above_max()) }
    }
}

/// Why a text is not an amount of coins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseAmountError {
    /// Something else than digits with at most one point between them.
    #[error("\"{0}\" is not a number of coins")]
    NotANumber(String),
    /// Below zero.
    #[error("amount {0} is negative")]
    Negative(String),
    /// Finer than a satoshi.
    #[error("amount {0} has more than 8 decimal places")]
    TooManyPlaces(String),
    /// More than there can ever be.
    #[error("amount {0} is above 21 million coins")]
    AboveMaxMoney(String),
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (self.0.unsigned_abs() / COIN as u64, self.0.unsigned_abs() % COIN as u64);
        let text = match fraction {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{}", format!("{fraction:0PLACES$}").trim_end_matches('0')),
        };
        f.pad(&text)
    }
}

impl Encode for Amount {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn encoded_len(&self) -> usize {
        8
    }
}

impl Decode for Amount {
    const MIN_ENCODED_LEN: usize = 8;
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.read().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_are_shown_without_needless_zeros() {
        for (satoshis, text) in [
            (0, "0"),
            (110 * COIN, "110"),
            (COIN / 2, "0.5"),
            (1, "0.00000001"),
            (-150_000_000, "-1.5"),
            (i64::MIN, "-92233720368.54775808"),
        ] {
            assert_eq!(Amount(satoshis).to_string(), text);
        }
    }

    #[test]
    fn coins_are_read_as_written() {
        for (text, satoshis) in [
            ("0", 0),
            ("10", 10 * COIN),
            ("0.5", COIN / 2),
            ("007.00000001", 7 * COIN + 1),
            ("21000000", MAX_MONEY.0),
            ("21000000.00000000", MAX_MONEY.0),
        ] {
            assert_eq!(Amount::parse_coins(text), Ok(Amount(satoshis)), "{text}");
        }
    }

    #[test]
    fn each_defect_of_an_amount_has_its_own_error() {
        use ParseAmountError::*;
        for text in ["", "ten", "1.", ".5", "1e3", "1,5", " 1", "+1", "--1", "1.2.3", "NaN", "٣", "-"] {
            assert_eq!(Amount::parse_coins(text), Err(NotANumber(text.into())), "{text}");
        }
        assert_eq!(Amount::parse_coins("-1"), Err(Negative("-1".into())));
        assert_eq!(Amount::parse_coins("0.123456789"), Err(TooManyPlaces("0.123456789".into())));
        for text in ["21000000.00000001", "99999999999999999999999999"] {
            assert_eq!(Amount::parse_coins(text), Err(AboveMaxMoney(text.into())), "{text}");
        }
    }

    #[test]
    fn arithmetic_that_overflows_gives_nothing() {
        assert_eq!(Amount(i64::MAX).checked_add(Amount(1)), None);
        assert_eq!(Amount(i64::MIN).checked_sub(Amount(1)), None);
        assert_eq!(Amount::checked_sum([Amount(1), Amount(2)]), Some(Amount(3)));
        assert!(!Amount(-1).is_money_range() && !Amount(MAX_MONEY.0 + 1).is_money_range());
        assert!(Amount::ZERO.is_money_range() && MAX_MONEY.is_money_range());
    }
}
