//! A cleaned line into what it asks for.

use crate::desk::AddressBook;
use crate::error::ConsoleError;
use crate::grammar::{self, Form};
use crate::typed;
use std::fmt::Display;
use std::str::FromStr;
use terrarium_core::interface::{AddNodeAction, BanAction, Command, NodeId, StartOptions, SyncMode};
use terrarium_core::primitives::{Amount, Height};

/// Lines that `| head` keeps when it is not told.
const HEAD_LINES: usize = 10;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    /// Nothing: blank, comment, `go build .`.
    Nothing,
    /// `set NODE_ID=3000`.
    SetNode(NodeId),
    /// `help`.
    Help(Option<String>),
    /// `copy`.
    Copy { from: String, to: String },
    /// `listen`; without a node, the terminal's.
    Listen(Option<NodeId>),
    /// `createwallet`; without a label, the next free one.
    CreateWallet { label: Option<String> },
    /// A command to the terminal's node. `subject` is the address as it was typed, for the commands that repeat it.
    Command { command: Command, subject: String },
}

/// A request, and how many lines of its output are wanted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) request: Request,
    pub(crate) head: Option<usize>,
}

/// Reads a line as typed.
pub(crate) fn parse(line: &str, book: &AddressBook) -> Result<Line, ConsoleError> {
    let line = typed::clean(line);
    let (line, head) = split_head(&line)?;
    let words = typed::words(line);
    let Some((name, rest)) = words.split_first() else {
        return Ok(Line { request: Request::Nothing, head: None });
    };
    let name = name.to_ascii_lowercase();
    let form = grammar::form(&name).ok_or_else(|| ConsoleError::UnknownCommand {
        nearest: grammar::nearest(&name).map(str::to_owned),
    })?;
    let arguments = Arguments::read(form, rest)?;
    let request = if arguments.form.flags.is_empty() {
        by_place(&arguments, book)?
    } else {
        by_option(&arguments, book)?
    };
    Ok(Line { request, head })
}

/// Splits `| head`, `| head -N` or `| head -n N` off.
fn split_head(line: &str) -> Result<(&str, Option<usize>), ConsoleError> {
    let Some((command, pipe)) = line.split_once('|') else { return Ok((line, None)) };
    let mut words = pipe.split_whitespace();
    let usage = |problem: String| ConsoleError::Usage { problem, usage: "COMMAND | head -N".to_owned() };
    match words.next() {
        Some("head") => {}
        other => return Err(usage(format!("'{}' cannot be piped to", other.unwrap_or_default()))),
    }
    let count = match words.next() {
        None => return Ok((command, Some(HEAD_LINES))),
        Some("-n") => words.next().unwrap_or_default(),
        Some(word) => word.trim_start_matches('-'),
    };
    let count = count.parse().map_err(|_| usage(format!("'{count}' is not a number of lines")))?;
    Ok((command, Some(count)))
}

/// The words behind a command's name, sorted by its form.
struct Arguments<'a> {
    form: &'static Form,
    options: Vec<(&'static str, &'a str)>,
    places: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    fn read(form: &'static Form, words: &'a [String]) -> Result<Self, ConsoleError> {
        let mut arguments = Arguments { form, options: Vec::new(), places: Vec::new() };
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word.strip_prefix('-') {
                Some(option) if !form.flags.is_empty() => arguments.read_option(option, &mut words)?,
                _ => arguments.places.push(word),
            }
        }
        let (least, most) = form.places;
        if arguments.places.len() < least {
            return Err(arguments.usage("too few words".to_owned()));
        }
        if let Some(word) = arguments.places.get(most) {
            return Err(arguments.usage(format!("'{word}' is one word too many")));
        }
        Ok(arguments)
    }

    /// `-name VALUE`, `--name VALUE`, `-name=VALUE` or a switch, as Go's flag package reads them.
    fn read_option(
        &mut self,
        option: &'a str,
        words: &mut impl Iterator<Item = &'a str>,
    ) -> Result<(), ConsoleError> {
        let option = option.trim_start_matches('-');
        let (name, inline) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        let Some(flag) = self.form.flags.iter().find(|flag| flag.name == name) else {
            return Err(self.usage(format!("there is no option -{name}")));
        };
        let value = match flag.value {
            None => "",
            Some(_) => match inline.or_else(|| words.next()) {
                Some(value) => value,
                None => return Err(self.usage(format!("-{name} lacks its value"))),
            },
        };
        self.options.push((flag.name, value));
        Ok(())
    }

    fn usage(&self, problem: String) -> ConsoleError {
        ConsoleError::Usage { problem, usage: self.form.usage.to_owned() }
    }

    /// The last value given for an option.
    fn option(&self, name: &str) -> Option<&'a str> {
        self.options.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    fn required(&self, name: &str) -> Result<&'a str, ConsoleError> {
        self.option(name).ok_or_else(|| self.usage(format!("-{name} is missing")))
    }

    fn place(&self, index: usize) -> &'a str {
        self.places.get(index).copied().unwrap_or_default()
    }

    fn parsed<T: FromStr<Err: Display>>(&self, word: &str) -> Result<T, ConsoleError> {
        word.parse().map_err(|error| self.usage(format!("'{word}': {error}")))
    }

    fn parsed_place<T: FromStr<Err: Display>>(&self, index: usize) -> Result<T, ConsoleError> {
        self.parsed(self.place(index))
    }

    /// A place that may be left out.
    fn optional_place<T: FromStr<Err: Display>>(&self, index: usize) -> Result<Option<T>, ConsoleError> {
        self.places.get(index).map(|word| self.parsed(word)).transpose()
    }

    /// `true`, `false`, `1`, `0`; left out, `default`.
    fn switch_place(&self, index: usize, default: bool) -> Result<bool, ConsoleError> {
        match self.places.get(index).copied() {
            None => Ok(default),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(word) => Err(self.usage(format!("'{word}' is neither true nor false"))),
        }
    }

    fn amount(&self, word: &str) -> Result<Amount, ConsoleError> {
        Amount::parse_coins(word).map_err(|error| self.usage(error.to_string()))
    }

    fn nodes(&self, name: &str) -> Result<Vec<NodeId>, ConsoleError> {
        let values = self.options.iter().filter(|(known, _)| *known == name);
        values.flat_map(|(_, value)| value.split(',')).map(|word| self.node(word)).collect()
    }

    /// A node by its id or by its address, `3000`, `localhost:3000` or `127.0.0.1:3000`.
    fn node(&self, word: &str) -> Result<NodeId, ConsoleError> {
        let id = word.strip_prefix("localhost:").or_else(|| word.strip_prefix("127.0.0.1:")).unwrap_or(word);
        id.parse().map_err(|error| self.usage(format!("{error}")))
    }
}

/// The seeds' commands that take options.
fn by_option(arguments: &Arguments<'_>, book: &AddressBook) -> Result<Request, ConsoleError> {
    let address = |name| arguments.required(name).map(|word| book.resolve(word).to_owned());
    let command = match arguments.form.name {
        "createwallet" => {
            return Ok(Request::CreateWallet { label: arguments.option("label").map(str::to_owned) });
        }
        "createblockchain" => Command::CreateBlockchain {
            address: address("address")?,
            subsidy: arguments.option("subsidy").map(|word| arguments.amount(word)).transpose()?,
        },
        "getbalance" => Command::GetBalance { address: address("address")? },
        "send" => Command::Send {
            from: address("from")?,
            to: address("to")?,
            amount: arguments.amount(arguments.required("amount")?)?,
            fee: arguments.option("fee").map(|word| arguments.amount(word)).transpose()?,
            mine: arguments.option("mine").is_some(),
        },
        "startnode" => Command::StartNode(StartOptions {
            miner: arguments.option("miner").map(|word| book.resolve(word).to_owned()),
            connect: arguments.nodes("connect")?,
            seed_nodes: arguments.nodes("seednode")?,
            sync: arguments.option("sync").map(|word| sync_mode(arguments, word)).transpose()?,
        }),
        name => unreachable!("{name} has options in the table and is not handled"),
    };
    Ok(Request::Command { command, subject: arguments.option("address").unwrap_or_default().to_owned() })
}

fn sync_mode(arguments: &Arguments<'_>, word: &str) -> Result<SyncMode, ConsoleError> {
    match word {
        "blocks" => Ok(SyncMode::Blocks),
        "headers" => Ok(SyncMode::Headers),
        other => Err(arguments.usage(format!("'{other}' is no way to sync: blocks and headers are"))),
    }
}

/// The commands whose words have places.
fn by_place(arguments: &Arguments<'_>, book: &AddressBook) -> Result<Request, ConsoleError> {
    match arguments.form.name {
        "set" | "export" => set_node(arguments),
        "copy" | "cp" => {
            Ok(Request::Copy { from: arguments.place(0).to_owned(), to: arguments.place(1).to_owned() })
        }
        "listen" => {
            let node = arguments.places.first().map(|word| arguments.node(word)).transpose()?;
            Ok(Request::Listen(node))
        }
        "help" => Ok(Request::Help(arguments.places.first().map(|word| (*word).to_owned()))),
        _ => {
            let command = rpc(arguments, book)?;
            Ok(Request::Command { command, subject: arguments.place(0).to_owned() })
        }
    }
}

/// `NODE_ID=3000`, with spaces around the sign too, as Windows' `set` is often typed.
fn set_node(arguments: &Arguments<'_>) -> Result<Request, ConsoleError> {
    let assignment = arguments.places.concat();
    match assignment.split_once('=') {
        Some((name, id)) if name.eq_ignore_ascii_case("NODE_ID") => Ok(Request::SetNode(arguments.node(id)?)),
        _ => Err(arguments.usage(format!("'{assignment}' does not set NODE_ID"))),
    }
}

fn rpc(arguments: &Arguments<'_>, book: &AddressBook) -> Result<Command, ConsoleError> {
    let address = |index| book.resolve(arguments.place(index)).to_owned();
    let text = |index| arguments.place(index).to_owned();
    Ok(match arguments.form.name {
        "listaddresses" => Command::ListAddresses,
        "printchain" => Command::PrintChain,
        "reindexutxo" => Command::ReindexUtxo,
        "stopnode" => Command::StopNode,
        "dumpprivkey" => Command::DumpKey { address: address(0) },
        "importprivkey" => {
            Command::ImportKey { wif: text(0), label: arguments.places.get(1).map(|l| (*l).to_owned()) }
        }
        "getblockchaininfo" => Command::GetBlockchainInfo,
        "getnetworkinfo" => Command::GetNetworkInfo,
        "getconnectioncount" => Command::GetConnectionCount,
        "getpeerinfo" => Command::GetPeerInfo,
        "getmempoolinfo" => Command::GetMempoolInfo,
        "getmininginfo" => Command::GetMiningInfo,
        "getblock" => Command::GetBlock {
            hash: arguments.parsed_place(0)?,
            verbosity: arguments.optional_place(1)?.unwrap_or(1),
        },
        "getblockheader" => Command::GetBlockHeader {
            hash: arguments.parsed_place(0)?,
            verbose: arguments.switch_place(1, true)?,
        },
        "getblockhash" => Command::GetBlockHash { height: Height(arguments.parsed_place(0)?) },
        "getrawtransaction" => Command::GetRawTransaction {
            txid: arguments.parsed_place(0)?,
            verbose: arguments.switch_place(1, false)?,
            block: arguments.optional_place(2)?,
        },
        "decoderawtransaction" => Command::DecodeRawTransaction { hex: text(0) },
        "sendrawtransaction" => Command::SendRawTransaction { hex: text(0) },
        "getrawmempool" => Command::GetRawMempool { verbose: arguments.switch_place(0, false)? },
        "gettxout" => Command::GetTxOut {
            txid: arguments.parsed_place(0)?,
            vout: arguments.parsed_place(1)?,
            include_mempool: arguments.switch_place(2, true)?,
        },
        "gettxoutproof" => Command::GetTxOutProof {
            // Bitcoin Core's form is a JSON array; a plain list is easier to type.
            txids: (arguments.place(0).split(|c: char| !c.is_ascii_alphanumeric()))
                .filter(|word| !word.is_empty())
                .map(|word| arguments.parsed(word))
                .collect::<Result<_, _>>()?,
            block: arguments.optional_place(1)?,
        },
        "verifytxoutproof" => Command::VerifyTxOutProof { proof: text(0) },
        "generatetoaddress" => {
            Command::Generate { blocks: arguments.parsed_place(0)?, address: Some(address(1)) }
        }
        "addnode" => Command::AddNode {
            address: arguments.node(arguments.place(0))?.local_address(),
            action: match arguments.place(1) {
                "add" => AddNodeAction::Add,
                "remove" => AddNodeAction::Remove,
                "onetry" => AddNodeAction::Onetry,
                other => return Err(arguments.usage(format!("'{other}' is none of add, remove, onetry"))),
            },
        },
        "disconnectnode" => {
            Command::DisconnectNode { address: arguments.node(arguments.place(0))?.local_address() }
        }
        "setban" => Command::SetBan {
            address: arguments.node(arguments.place(0))?.local_address(),
            action: match arguments.place(1) {
                "add" => BanAction::Add,
                "remove" => BanAction::Remove,
                other => return Err(arguments.usage(format!("'{other}' is neither add nor remove"))),
            },
            seconds: arguments.optional_place(2)?,
        },
        name => unreachable!("{name} is in the table and is not handled"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str) -> Result<Request, ConsoleError> {
        parse(line, &AddressBook::default()).map(|line| line.request)
    }

    fn message(line: &str) -> String {
        request(line).expect_err("the line is refused").to_string()
    }

    /// Words that fill the places of any command.
    fn filler(form: &Form) -> String {
        let hash = "00".repeat(32);
        match form.name {
            "set" | "export" => "NODE_ID=3000".to_owned(),
            "copy" | "cp" => "a b".to_owned(),
            "getblockhash" => "0".to_owned(),
            "gettxout" => format!("{hash} 0"),
            "generatetoaddress" => "1 A".to_owned(),
            "addnode" => "3000 add".to_owned(),
            "disconnectnode" => "3000".to_owned(),
            "setban" => "3000 add".to_owned(),
            "createblockchain" | "getbalance" => "-address A".to_owned(),
            "send" => "-from A -to B -amount 1".to_owned(),
            _ if form.places.0 > 0 => hash,
            _ => String::new(),
        }
    }

    #[test]
    fn every_command_of_the_table_is_understood() {
        for form in grammar::FORMS {
            let line = format!("{} {}", form.name, filler(form));
            assert!(request(&line).is_ok(), "{line}: {:?}", request(&line));
        }
    }

    #[test]
    fn options_are_read_as_go_reads_them() {
        let expected = request("send -from A -to B -amount 10 -mine").unwrap();
        assert_eq!(request("send --from=A -to B --amount 10 -mine").unwrap(), expected);
        assert_eq!(request("send －from A －to B －amount １０ —mine").unwrap(), expected);
    }

    #[test]
    fn amounts_that_are_none_are_refused_with_their_value() {
        for amount in ["-5", "0.123456789", "21000001", "ten", ""] {
            let line = format!("send -from A -to B -amount '{amount}'");
            assert!(message(&line).starts_with("ERROR: "), "{line}");
        }
    }

    #[test]
    fn unknown_commands_and_options_are_named() {
        assert_eq!(message("getbalence"), "Unknown command! Did you mean 'getbalance'?");
        assert_eq!(message("xyzzy"), "Unknown command!");
        assert!(message("send -form A").contains("there is no option -form"));
        assert!(message("send -from").contains("-from lacks its value"));
        assert!(message("getbalance").contains("-address is missing"));
        assert!(message("startnode -sync fast").contains("'fast' is no way to sync"));
        assert!(message("set NODE_ID=70000").contains("'70000' is not a node id"));
        assert!(message("getblockhash x").contains("'x'"));
    }

    #[test]
    fn head_keeps_the_first_lines() {
        let head = |line| parse(line, &AddressBook::default()).map(|line| line.head);
        assert_eq!(head("getpeerinfo | head -20").unwrap(), Some(20));
        assert_eq!(head("getpeerinfo | head -n 3").unwrap(), Some(3));
        assert_eq!(head("getpeerinfo | head").unwrap(), Some(10));
        assert_eq!(head("getpeerinfo").unwrap(), None);
        assert!(head("getpeerinfo | grep x").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_line_makes_parsing_panic(line in "\\PC*") {
            let _ = request(&line);
        }

        #[test]
        fn no_arguments_make_a_command_panic(index in 0..grammar::FORMS.len(), rest in "[-a-z0-9 .:=|'\"]*") {
            let _ = request(&format!("{} {rest}", grammar::FORMS[index].name));
        }
    }
}
