//! What a line asks for, and how each command's words become it.

use crate::arguments::Arguments;
use crate::desk::AddressBook;
use crate::error::ConsoleError;
use terrarium_core::interface::{
    AddNodeAction, BanAction, Command, LightFilter, NodeId, StartOptions, SyncMode, TransportChoice,
};
use terrarium_core::primitives::Height;

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

/// How a command's words become a request.
pub(crate) type Reader = fn(&Arguments<'_>, &AddressBook) -> Result<Request, ConsoleError>;

impl From<Command> for Request {
    fn from(command: Command) -> Self {
        Request::Command { command, subject: String::new() }
    }
}

fn address(arguments: &Arguments<'_>, book: &AddressBook, option: &str) -> Result<String, ConsoleError> {
    arguments.required(option).map(|word| book.resolve(word).to_owned())
}

/// `NODE_ID=3000`, with spaces around the sign too, as Windows' `set` is often typed.
pub(crate) fn set_node(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    let assignment = arguments.places().concat();
    match assignment.split_once('=') {
        Some((name, id)) if name.eq_ignore_ascii_case("NODE_ID") => Ok(Request::SetNode(arguments.node(id)?)),
        _ => Err(arguments.usage(format!("'{assignment}' does not set NODE_ID"))),
    }
}

pub(crate) fn create_blockchain(
    arguments: &Arguments<'_>,
    book: &AddressBook,
) -> Result<Request, ConsoleError> {
    let (address, subsidy) = (address(arguments, book, "address")?, arguments.amount("subsidy")?);
    Ok(Command::CreateBlockchain { address, subsidy }.into())
}

pub(crate) fn get_balance(arguments: &Arguments<'_>, book: &AddressBook) -> Result<Request, ConsoleError> {
    let command = Command::GetBalance { address: address(arguments, book, "address")? };
    Ok(Request::Command { command, subject: arguments.required("address")?.to_owned() })
}

pub(crate) fn send(arguments: &Arguments<'_>, book: &AddressBook) -> Result<Request, ConsoleError> {
    arguments.required("amount")?;
    Ok(Command::Send {
        from: address(arguments, book, "from")?,
        to: address(arguments, book, "to")?,
        amount: arguments.amount("amount")?.unwrap_or_default(),
        fee: arguments.amount("fee")?,
        mine: arguments.option("mine").is_some(),
    }
    .into())
}

pub(crate) fn start_node(arguments: &Arguments<'_>, book: &AddressBook) -> Result<Request, ConsoleError> {
    let sync = match arguments.option("sync") {
        None => None,
        Some("blocks") => Some(SyncMode::Blocks),
        Some("headers") => Some(SyncMode::Headers),
        Some(other) => {
            return Err(arguments.usage(format!("'{other}' is no way to sync: blocks and headers are")));
        }
    };
    let filters = match arguments.option("filters") {
        None | Some("bloom") => LightFilter::Bloom,
        Some("compact") => LightFilter::Compact,
        Some(other) => {
            return Err(arguments.usage(format!("'{other}' is no kind of filter: bloom and compact are")));
        }
    };
    let transport = match arguments.option("v2transport") {
        None | Some("1") => TransportChoice::V2,
        Some("0") => TransportChoice::V1,
        Some(other) => {
            return Err(arguments.usage(format!("'{other}' is neither: -v2transport=0 is off, 1 is on")));
        }
    };
    Ok(Command::StartNode(StartOptions {
        miner: arguments.option("miner").map(|word| book.resolve(word).to_owned()),
        connect: arguments.nodes("connect")?,
        seed_nodes: arguments.nodes("seednode")?,
        spv: arguments.option("spv").is_some(),
        filters,
        sync,
        max_outbound: arguments.parsed_option("maxoutbound")?,
        max_inbound: arguments.parsed_option("maxinbound")?,
        transport,
    })
    .into())
}

pub(crate) fn copy(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    Ok(Request::Copy { from: arguments.place(0).to_owned(), to: arguments.place(1).to_owned() })
}

pub(crate) fn get_raw_transaction(
    arguments: &Arguments<'_>,
    _: &AddressBook,
) -> Result<Request, ConsoleError> {
    Ok(Command::GetRawTransaction {
        txid: arguments.parsed_place(0)?,
        verbose: arguments.switch_place(1, false)?,
        block: arguments.optional_place(2)?,
    }
    .into())
}

pub(crate) fn get_block(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    let verbosity = arguments.optional_place(1)?.unwrap_or(1);
    Ok(Command::GetBlock { hash: arguments.parsed_place(0)?, verbosity }.into())
}

pub(crate) fn get_block_header(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    let verbose = arguments.switch_place(1, true)?;
    Ok(Command::GetBlockHeader { hash: arguments.parsed_place(0)?, verbose }.into())
}

pub(crate) fn get_block_filter(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    Ok(Command::GetBlockFilter { hash: arguments.parsed_place(0)? }.into())
}

pub(crate) fn get_block_hash(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    Ok(Command::GetBlockHash { height: Height(arguments.parsed_place(0)?) }.into())
}

pub(crate) fn get_tx_out(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    Ok(Command::GetTxOut {
        txid: arguments.parsed_place(0)?,
        vout: arguments.parsed_place(1)?,
        include_mempool: arguments.switch_place(2, true)?,
    }
    .into())
}

/// Bitcoin Core takes a JSON array of txids; a plain list is easier to type.
pub(crate) fn get_tx_out_proof(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    let words = arguments.place(0).split(|c: char| !c.is_ascii_alphanumeric());
    let txids = words.filter(|word| !word.is_empty()).map(|word| arguments.parsed(word));
    let txids = txids.collect::<Result<_, _>>()?;
    Ok(Command::GetTxOutProof { txids, block: arguments.optional_place(1)? }.into())
}

pub(crate) fn import_key(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    let label = arguments.place_given(1).map(str::to_owned);
    Ok(Command::ImportKey { wif: arguments.place(0).to_owned(), label }.into())
}

pub(crate) fn generate(arguments: &Arguments<'_>, book: &AddressBook) -> Result<Request, ConsoleError> {
    let address = book.resolve(arguments.place(1)).to_owned();
    Ok(Command::Generate { blocks: arguments.parsed_place(0)?, address: Some(address) }.into())
}

pub(crate) fn add_node(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    let action = match arguments.place(1) {
        "add" => AddNodeAction::Add,
        "remove" => AddNodeAction::Remove,
        "onetry" => AddNodeAction::Onetry,
        other => return Err(arguments.usage(format!("'{other}' is none of add, remove, onetry"))),
    };
    let address = arguments.node(arguments.place(0))?.local_address();
    Ok(Command::AddNode { address, action }.into())
}

pub(crate) fn disconnect_node(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    let address = arguments.node(arguments.place(0))?.local_address();
    Ok(Command::DisconnectNode { address }.into())
}

pub(crate) fn add_peer_address(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    let address = arguments.node(arguments.place(0))?.local_address();
    Ok(Command::AddPeerAddress { address, tried: arguments.switch_place(1, false)? }.into())
}

pub(crate) fn get_added_node_info(
    arguments: &Arguments<'_>,
    _: &AddressBook,
) -> Result<Request, ConsoleError> {
    let node = arguments.place_given(0).map(|word| arguments.node(word)).transpose()?;
    Ok(Command::GetAddedNodeInfo { address: node.map(NodeId::local_address) }.into())
}

pub(crate) fn set_ban(arguments: &Arguments<'_>, _: &AddressBook) -> Result<Request, ConsoleError> {
    let action = match arguments.place(1) {
        "add" => BanAction::Add,
        "remove" => BanAction::Remove,
        other => return Err(arguments.usage(format!("'{other}' is neither add nor remove"))),
    };
    let address = arguments.node(arguments.place(0))?.local_address();
    Ok(Command::SetBan { address, action, seconds: arguments.optional_place(2)? }.into())
}
