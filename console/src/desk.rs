//! What the terminals of a lab share: the address book and the chain files that `copy` made.

use terrarium_core::collections::BTreeMap;
use terrarium_core::interface::{AddressEntry, ChainFile, Role};
use terrarium_core::wallet::Label;

/// Shared by all terminals of a lab.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// Labels of all wallets in the lab.
    pub book: AddressBook,
    /// Chain files by name (`blockchain_genesis.db`); as many as a learner makes by hand.
    pub files: BTreeMap<String, ChainFile>,
}

/// Which address a label stands for. Labels are one name space for the whole lab, as in the seeds, where node 3000
/// pays `WALLET2` of node 3001. Those that fold alike are the same, so none can shadow another.
#[derive(Clone, Debug, Default)]
pub struct AddressBook {
    /// By the label folded: the label as it was given, and its address.
    labels: BTreeMap<String, (String, String)>,
    /// Addresses of a pasted transcript, by the address that stands for each here.
    stand_ins: BTreeMap<String, String>,
}

impl AddressBook {
    /// Takes in a wallet's address; one without a label changes nothing.
    pub fn learn(&mut self, entry: &AddressEntry) {
        if let Some(label) = &entry.label {
            self.labels.insert(Label::fold(label), (label.clone(), entry.address.clone()));
        }
    }

    /// The address that a word stands for: a stand-in, a label, or the word itself.
    pub fn resolve<'a>(&'a self, word: &'a str) -> &'a str {
        if let Some(address) = self.stand_ins.get(word) {
            return address;
        }
        self.labels.get(&Label::fold(word)).map_or(word, |(_, address)| address)
    }

    /// The label of an address, as it was given.
    pub fn label_of(&self, address: &str) -> Option<&str> {
        self.labels.values().find(|(_, known)| known == address).map(|(label, _)| label.as_str())
    }

    /// Whether the lab has this address or label.
    pub fn knows(&self, word: &str) -> bool {
        self.stand_ins.contains_key(word)
            || self.labels.contains_key(&Label::fold(word))
            || self.labels.values().any(|(_, address)| address == word)
    }

    /// Every label, in the order of what they fold to.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.values().map(|(label, _)| label.as_str())
    }

    /// From now on `foreign` stands for `address`.
    pub fn stand_in(&mut self, foreign: String, address: String) {
        self.stand_ins.insert(foreign, address);
    }

    /// The next label that `createwallet` gives: `wallet1`, `wallet2` ...; on a miner `wallet_miner` first.
    pub fn next_label(&self, role: Option<Role>) -> String {
        let stem = match role {
            Some(Role::Miner) if !self.knows("wallet_miner") => return "wallet_miner".to_owned(),
            Some(Role::Miner) => "wallet_miner",
            _ => "wallet",
        };
        let first = if stem == "wallet" { 1 } else { 2 };
        (first..).map(|n: u32| format!("{stem}{n}")).find(|label| !self.knows(label)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_core::primitives::Amount;

    fn book(labels: &[&str]) -> AddressBook {
        let mut book = AddressBook::default();
        for label in labels {
            let entry = AddressEntry {
                address: format!("address-of-{label}"),
                label: Some((*label).to_owned()),
                balance: Amount::ZERO,
            };
            book.learn(&entry);
        }
        book
    }

    #[test]
    fn case_underscores_and_word_order_of_a_label_are_ignored() {
        let book = book(&["wallet1", "wallet2", "wallet_miner"]);
        assert_eq!(book.resolve("WALLET2"), "address-of-wallet2");
        assert_eq!(book.resolve("wallet_1"), "address-of-wallet1");
        assert_eq!(book.resolve("MINER_WALLET"), "address-of-wallet_miner");
        assert_eq!(book.resolve("nobody"), "nobody");
    }

    #[test]
    fn createwallet_offers_the_next_free_label_of_the_lab() {
        let book = book(&["wallet1", "wallet3", "wallet_miner"]);
        assert_eq!(book.next_label(Some(Role::Wallet)), "wallet2");
        assert_eq!(book.next_label(Some(Role::Miner)), "wallet_miner2");
        assert_eq!(AddressBook::default().next_label(Some(Role::Miner)), "wallet_miner");
        assert_eq!(AddressBook::default().next_label(None), "wallet1");
    }

    #[test]
    fn a_stand_in_goes_before_a_label() {
        let mut book = book(&["wallet1"]);
        book.stand_in("18fHTVu".to_owned(), "address-of-wallet1".to_owned());
        assert_eq!(book.resolve("18fHTVu"), "address-of-wallet1");
        assert!(book.knows("18fHTVu"));
    }
}
