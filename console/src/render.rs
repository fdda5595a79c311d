//! Replies as the seeds' text.

use crate::help::Language;
use terrarium_core::interface::{BlockDetail, InputDetail, Reply, TransactionDetail};
use terrarium_core::primitives::BlockHash;

/// The lines of a reply; `subject` is the address as it was typed.
pub(crate) fn lines(reply: &Reply, subject: &str) -> Vec<String> {
    match reply {
        Reply::Done => Vec::new(),
        Reply::Address(entry) => vec![format!("Your new address: {}", entry.address)],
        Reply::Addresses(entries) => entries.iter().map(|entry| entry.address.clone()).collect(),
        Reply::Key(wif) => vec![wif.clone()],
        Reply::Balance(amount) => vec![format!("Balance of '{subject}': {amount}")],
        Reply::Sent { verified, mined, .. } => {
            let mut lines = Vec::new();
            if let Some(hash) = mined {
                lines.extend((0..*verified).map(|_| "verify success".to_owned()));
                lines.extend(["Mining a new block".to_owned(), hash.to_string()]);
            }
            lines.push("Success!".to_owned());
            lines
        }
        Reply::History(transactions) => transactions
            .iter()
            .map(|tx| format!("{} {} confirmations: {}", tx.txid, tx.net, tx.confirmations))
            .collect(),
        Reply::ChainCreated(hash) => {
            vec!["Mining a new block".to_owned(), hash.to_string(), "Done!".to_owned()]
        }
        Reply::Chain(blocks) => blocks.iter().flat_map(block).collect(),
        Reply::Block(detail) => block(detail),
        Reply::Transaction(detail) => transaction(detail),
        Reply::Reindexed { transactions } => {
            vec![format!("Done! There are {transactions} transactions in the UTXO set.")]
        }
        Reply::ChainFile(file) => vec![format!("{} bytes", file.0.len())],
        Reply::Started(log) => log.iter().map(ToString::to_string).collect(),
        Reply::Generated(blocks) => hashes(blocks),
        Reply::Json(text) => text.lines().map(str::to_owned).collect(),
    }
}

/// A message as `listen` prints it (seed 004); `length` is the payload's, in bytes.
pub fn message_line(command: &str, length: usize, language: Language) -> String {
    match language {
        Language::Chinese => format!("📨 收到消息: {command}, 长度: {length} 字节"),
        Language::English => format!("📨 received: {command}, length: {length} bytes"),
    }
}

/// As `bitcoin-cli` prints a list of hashes.
fn hashes(blocks: &[BlockHash]) -> Vec<String> {
    let mut lines = vec!["[".to_owned()];
    for (index, hash) in blocks.iter().enumerate() {
        let comma = if index + 1 < blocks.len() { "," } else { "" };
        lines.push(format!("  \"{hash}\"{comma}"));
    }
    lines.push("]".to_owned());
    lines
}

fn block(block: &BlockDetail) -> Vec<String> {
    let summary = &block.summary;
    let mut lines = vec![
        format!("============ Block {} ============", summary.hash),
        format!("Height: {}", summary.height),
        format!("Prev. block: {}", summary.previous),
        format!("Prev. version: {}", block.version),
        format!("merkleroot: {}", block.merkle_root),
        format!("time: {}", summary.time),
        format!("nbits: {:08x}", block.bits),
        format!("nonce: {}", block.nonce),
        // A block that does not meet its target never gets into a chain.
        "PoW: true".to_owned(),
    ];
    lines.extend(block.transactions.iter().flat_map(transaction));
    lines.push(String::new());
    lines
}

fn transaction(transaction: &TransactionDetail) -> Vec<String> {
    let mut lines = vec![format!("--- Transaction {}:", transaction.txid)];
    for (index, input) in transaction.inputs.iter().enumerate() {
        lines.push(format!("     Input {index}:"));
        match input {
            InputDetail::NewCoins { script } => lines.push(format!("       Coinbase:  {script}")),
            InputDetail::Spends { txid, vout, script } => lines.extend([
                format!("       TXID:      {txid}"),
                format!("       Out:       {vout}"),
                format!("       Script:    {script}"),
            ]),
        }
    }
    for (index, output) in transaction.outputs.iter().enumerate() {
        lines.extend([
            format!("     Output {index}:"),
            format!("       Value:  {}", output.value),
            format!("       To:     {}", output.address.as_ref().unwrap_or(&output.script)),
        ]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrarium_core::primitives::{Amount, BlockHash, Txid};

    #[test]
    fn whole_balances_have_no_decimals() {
        let shown = |satoshis| lines(&Reply::Balance(Amount::from_sat(satoshis)), "wallet1");
        assert_eq!(shown(11_000_000_000), ["Balance of 'wallet1': 110"]);
        assert_eq!(shown(41_250_000_000), ["Balance of 'wallet1': 412.5"]);
        assert_eq!(shown(0), ["Balance of 'wallet1': 0"]);
    }

    #[test]
    fn a_payment_mined_on_the_spot_prints_the_seeds_lines() {
        let reply = Reply::Sent { txid: Txid::ZERO, verified: 2, mined: Some(BlockHash::ZERO) };
        let hash = BlockHash::ZERO.to_string();
        assert_eq!(
            lines(&reply, ""),
            ["verify success", "verify success", "Mining a new block", &hash, "Success!"]
        );
        let reply = Reply::Sent { txid: Txid::ZERO, verified: 1, mined: None };
        assert_eq!(lines(&reply, ""), ["Success!"]);
    }

    #[test]
    fn json_is_printed_line_by_line() {
        let json = Reply::Json("{\n  \"blocks\": 1\n}".to_owned());
        assert_eq!(lines(&json, ""), ["{", "  \"blocks\": 1", "}"]);
        let zero = format!("  \"{}\"", BlockHash::ZERO);
        let generated = Reply::Generated(vec![BlockHash::ZERO; 2]);
        assert_eq!(lines(&generated, ""), ["[", &format!("{zero},"), &zero, "]"]);
    }

    #[test]
    fn listening_speaks_the_language_of_the_page() {
        assert_eq!(message_line("ping", 8, Language::Chinese), "📨 收到消息: ping, 长度: 8 字节");
        assert_eq!(message_line("ping", 8, Language::English), "📨 received: ping, length: 8 bytes");
    }
}
