//! Names for addresses.

use crate::collections::sort;
use std::fmt;

/// Characters that a label may have.
const MAX_LABEL_CHARS: usize = 64;

/// A name for an address, of 1 to 64 characters, none of them a control character or white space. Labels that fold
/// alike are the same label.
#[derive(Clone, Debug)]
pub struct Label {
    text: String,
    folded: String,
}

/// Why a text is no label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' cannot be a label: 1 to {MAX_LABEL_CHARS} characters without spaces can, not all of them underscores"
)]
pub struct LabelError(String);

impl Label {
    /// Reads a label.
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        let folded = Self::fold(text);
        let fits = !folded.is_empty() && text.chars().count() <= MAX_LABEL_CHARS;
        if !fits || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(LabelError(text.chars().take(MAX_LABEL_CHARS).collect()));
        }
        Ok(Self { text: text.to_owned(), folded })
    }

    /// A text without case, underscores and the order of its words, which end at an underscore and between letter and
    /// digit: `WALLET_1` is `wallet1`, and `MINER_WALLET` is `wallet_miner`. Empty for nothing but underscores.
    pub fn fold(text: &str) -> String {
        let mut words: Vec<String> = vec![String::new()];
        let mut last_was_digit = None;
        for c in text.chars() {
            let is_digit = c.is_ascii_digit();
            if c == '_' || last_was_digit.is_some_and(|last| last != is_digit) {
                words.push(String::new());
            }
            last_was_digit = (c != '_').then_some(is_digit);
            if c != '_' {
                words.last_mut().expect("starts with one word").extend(c.to_lowercase());
            }
        }
        sort(&mut words);
        words.concat()
    }

    /// The label as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Label {}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_compared_without_case_underscores_and_the_order_of_words() {
        let label = |text| Label::parse(text).expect("a label");
        assert_eq!(label("MINER_WALLET"), label("minerwallet"));
        assert_eq!(label("MINER_WALLET"), label("wallet_miner"));
        assert_eq!(label("WALLET_1"), label("wallet1"));
        assert_ne!(label("walletminer"), label("minerwallet"));
        assert_ne!(label("wallet1"), label("wallet2"));
        assert_eq!(label("矿工").as_str(), "矿工");
    }

    #[test]
    fn what_could_not_be_typed_as_one_word_is_no_label() {
        let long = "x".repeat(MAX_LABEL_CHARS + 1);
        for text in ["", "_", "a b", "a\u{3000}b", "a\n", long.as_str()] {
            assert!(Label::parse(text).is_err(), "{text:?}");
        }
    }
}
