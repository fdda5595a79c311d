//! A terminal: a line in, lines out.

use crate::arguments::Value;
use crate::desk::AddressBook;
use crate::error::ConsoleError;
use crate::grammar;
use crate::help::{self, Language};
use crate::history::History;
use crate::host::{Host, HostError};
use crate::parse::{self, Line};
use crate::request::Request;
use crate::{render, typed};
use terrarium_core::interface::{AddressEntry, Command, CommandError, NodeId, Reply};

/// Chain files that a lab keeps at most.
const MAX_FILES: usize = 32;

/// A line's outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// What it printed.
    pub lines: Vec<String>,
    /// What the terminal goes on printing until `^C`.
    pub follow: Option<Follow>,
}

/// What a terminal prints until `^C`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// A node's log, after `startnode`; `^C` stops the node.
    Log(NodeId),
    /// Each message of a node, after `listen`.
    Messages(NodeId),
}

/// A terminal with its own `NODE_ID` and history.
#[derive(Clone, Debug, Default)]
pub struct Terminal {
    node: Option<NodeId>,
    /// What help and `listen` speak.
    pub language: Language,
    /// Lines typed before.
    pub history: History,
}

impl Terminal {
    /// A free terminal: `set NODE_ID=...` comes first.
    pub fn new() -> Self {
        Self::default()
    }

    /// A node's own console.
    pub fn at(node: NodeId) -> Self {
        Terminal { node: Some(node), ..Self::default() }
    }

    /// The node that commands go to.
    pub fn node(&self) -> Option<NodeId> {
        self.node
    }

    /// Carries out one line, which also enters the history.
    ///
    /// # Errors
    /// As [`ConsoleError`] lists; nothing was changed then unless the node says so.
    pub async fn run(&mut self, host: &impl Host, line: &str) -> Result<Output, ConsoleError> {
        self.history.push(line);
        let parsed = parse::parse(line, &host.desk().borrow().book);
        let Line { request, head } = parsed?;
        let mut output = self.carry_out(host, request).await?;
        if let Some(head) = head {
            output.lines.truncate(head);
        }
        Ok(output)
    }

    /// Carries out the commands of a pasted transcript one after the other and calls `show` with each and its
    /// outcome; stops at the first that fails. Addresses that the lab does not know stand for new ones of this
    /// terminal's node from then on, and `show` is told.
    pub async fn paste(
        &mut self,
        host: &impl Host,
        text: &str,
        mut show: impl FnMut(&str, Result<Output, ConsoleError>),
    ) {
        for line in typed::transcript(text) {
            let mut outcome = self.adopt_addresses(host, &line).await;
            if let Ok(notes) = &mut outcome {
                let notes = std::mem::take(notes);
                outcome = self.run(host, &line).await.map(|mut output| {
                    output.lines.splice(0..0, notes.lines);
                    output
                });
            }
            let failed = outcome.is_err();
            show(&line, outcome);
            if failed {
                return;
            }
        }
    }

    /// `^C`: ends what is being followed.
    ///
    /// # Errors
    /// When the node that was started does not stop.
    pub async fn interrupt(&self, host: &impl Host, follow: Follow) -> Result<(), ConsoleError> {
        match follow {
            Follow::Log(node) => Ok(host.stop(node).await?),
            Follow::Messages(_) => Ok(()),
        }
    }

    async fn carry_out(&mut self, host: &impl Host, request: Request) -> Result<Output, ConsoleError> {
        let print = |lines| Ok(Output { lines, follow: None });
        match request {
            Request::Nothing => Ok(Output::default()),
            Request::SetNode(node) => {
                host.add_node(node).await?;
                self.node = Some(node);
                Ok(Output::default())
            }
            Request::Help(command) => print(help::help(command.as_deref(), self.language)?),
            Request::Copy { from, to } => copy(host, &from, &to).await.map(|()| Output::default()),
            Request::Listen(node) => {
                let node = node.map_or_else(|| self.chosen(), Ok)?;
                if host.snapshot(node).is_none() {
                    return Err(HostError(format!("there is no node {node}")).into());
                }
                Ok(Output { lines: Vec::new(), follow: Some(Follow::Messages(node)) })
            }
            Request::CreateWallet { label } => {
                let entry = create_wallet(host, self.chosen()?, label).await?;
                print(render::lines(&Reply::Address(entry), ""))
            }
            Request::Command { command, subject } => self.command(host, command, &subject).await,
        }
    }

    async fn command(
        &self,
        host: &impl Host,
        command: Command,
        subject: &str,
    ) -> Result<Output, ConsoleError> {
        let node = self.chosen()?;
        if let Command::ImportKey { label: Some(label), .. } = &command {
            check_label(&host.desk().borrow().book, label)?;
        }
        let follow = matches!(command, Command::StartNode(_)).then_some(Follow::Log(node));
        let reply = host.execute(node, command).await?;
        if let Reply::Address(entry) = &reply {
            host.desk().borrow_mut().book.learn(entry);
        }
        Ok(Output { lines: render::lines(&reply, subject), follow })
    }

    fn chosen(&self) -> Result<NodeId, ConsoleError> {
        self.node.ok_or(ConsoleError::NodeIdUnset)
    }

    /// Gives each address of a line that the lab does not know a stand-in, and says so.
    async fn adopt_addresses(&self, host: &impl Host, line: &str) -> Result<Output, ConsoleError> {
        let mut output = Output::default();
        let foreign = foreign_addresses(line, &host.desk().borrow().book);
        for foreign in foreign {
            let entry = create_wallet(host, self.chosen()?, None).await?;
            output.lines.push(format!("{foreign} => {}", entry.address));
            host.desk().borrow_mut().book.stand_in(foreign, entry.address);
        }
        Ok(output)
    }
}

/// Makes an address at a node and enters its label into the lab's book; without a label it gets the next free one.
///
/// # Errors
/// A label that the lab has already, and what the node refuses.
pub async fn create_wallet(
    host: &impl Host,
    node: NodeId,
    label: Option<String>,
) -> Result<AddressEntry, ConsoleError> {
    let label = match label {
        Some(label) => {
            check_label(&host.desk().borrow().book, &label)?;
            label
        }
        None => host.desk().borrow().book.next_label(host.snapshot(node).map(|snapshot| snapshot.role)),
    };
    match host.execute(node, Command::CreateWallet { label: Some(label) }).await? {
        Reply::Address(entry) => {
            host.desk().borrow_mut().book.learn(&entry);
            Ok(entry)
        }
        _ => Err(CommandError::Ended(node).into()),
    }
}

/// What a label may be the wallet says; that it is free in the whole lab only the book knows.
fn check_label(book: &AddressBook, label: &str) -> Result<(), ConsoleError> {
    if book.knows(label) { Err(ConsoleError::LabelTaken(label.to_owned())) } else { Ok(()) }
}

/// The words of a line that stand where an address belongs, look like one and are not of this lab.
fn foreign_addresses(line: &str, book: &AddressBook) -> Vec<String> {
    let words = typed::words(line);
    let Some(form) = words.first().and_then(|name| grammar::form(name)) else { return Vec::new() };
    let is_address_option = |word: &str| {
        let name = word.trim_start_matches('-');
        word.starts_with('-')
            && form.shape.flags.iter().any(|flag| flag.name == name && flag.value == Some(Value::Address))
    };
    words
        .windows(2)
        .filter(|pair| is_address_option(&pair[0]) && looks_like_address(&pair[1]) && !book.knows(&pair[1]))
        .map(|pair| pair[1].clone())
        .collect()
}

/// Base58 of about the right length; the checksum is not looked at, for a transcript may be mistyped.
fn looks_like_address(word: &str) -> bool {
    (26..=35).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphanumeric() && !"0OIl".contains(c))
}

/// Copies a chain between nodes and files.
async fn copy(host: &impl Host, from: &str, to: &str) -> Result<(), ConsoleError> {
    let (from, to) = (ChainName::read(from)?, ChainName::read(to)?);
    let file = match &from {
        ChainName::Node(id) if host.snapshot(*id).is_none() => {
            return Err(ConsoleError::File(format!("there is no node {id}, hence no blockchain_{id}.db")));
        }
        ChainName::Node(id) => match host.execute(*id, Command::ExportChain).await? {
            Reply::ChainFile(file) => file,
            other => {
                return Err(ConsoleError::File(format!("node {id} answered {other:?} instead of its chain")));
            }
        },
        ChainName::File(name) => {
            let found = host.desk().borrow().files.get(name).cloned();
            found.ok_or_else(|| ConsoleError::File(format!("there is no file {name}")))?
        }
    };
    match to {
        ChainName::Node(id) => {
            host.add_node(id).await?;
            host.execute(id, Command::ImportChain { file }).await?;
        }
        ChainName::File(name) => {
            let files = &mut host.desk().borrow_mut().files;
            if files.len() >= MAX_FILES && !files.contains_key(&name) {
                return Err(ConsoleError::File(format!("this lab keeps at most {MAX_FILES} chain files")));
            }
            files.insert(name, file);
        }
    }
    Ok(())
}

/// What a file name of `copy` means.
enum ChainName {
    /// `blockchain_3000.db`: a node's own chain.
    Node(NodeId),
    /// Any other: a copy.
    File(String),
}

impl ChainName {
    fn read(name: &str) -> Result<Self, ConsoleError> {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        if name.starts_with("wallet_") {
            let problem =
                format!("{name} holds private keys and is not copied: use dumpprivkey and importprivkey");
            return Err(ConsoleError::File(problem));
        }
        let id = name.strip_prefix("blockchain_").and_then(|rest| rest.strip_suffix(".db"));
        match id.and_then(|id| id.parse().ok()) {
            Some(id) => Ok(ChainName::Node(id)),
            None if name.is_empty() => Err(ConsoleError::File("a file needs a name".to_owned())),
            None => Ok(ChainName::File(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{FakeHost, now};
    use terrarium_core::interface::ChainFile;

    fn lines(terminal: &mut Terminal, host: &FakeHost, line: &str) -> Vec<String> {
        now(terminal.run(host, line)).unwrap_or_else(|error| panic!("{line}: {error}")).lines
    }

    fn refusal(terminal: &mut Terminal, host: &FakeHost, line: &str) -> String {
        now(terminal.run(host, line)).expect_err("the line is refused").to_string()
    }

    #[test]
    fn a_free_terminal_needs_a_node_id_first() {
        let (host, mut terminal) = (FakeHost::default(), Terminal::new());
        assert_eq!(refusal(&mut terminal, &host, "createwallet"), "NODE_ID env. var is not set!");
        assert!(lines(&mut terminal, &host, "set NODE_ID=3000").is_empty());
        assert_eq!(lines(&mut terminal, &host, "createwallet"), ["Your new address: A1"]);
        assert_eq!(host.nodes(), [NodeId(3000)]);
    }

    #[test]
    fn labels_are_shared_by_all_terminals_of_a_lab() {
        let host = FakeHost::default();
        let (mut central, mut miner) = (Terminal::new(), Terminal::new());
        lines(&mut central, &host, "export NODE_ID=3000");
        lines(&mut central, &host, "createwallet");
        lines(&mut miner, &host, "export NODE_ID=3002");
        lines(&mut miner, &host, "createwallet");
        assert_eq!(lines(&mut miner, &host, "getbalance -address WALLET1"), ["Balance of 'WALLET1': 50"]);
        lines(&mut central, &host, "send -from wallet1 -to MINER_WALLET -amount 1");
        let last = host.commands.borrow().last().cloned();
        assert!(matches!(last, Some((_, Command::Send { from, to, .. })) if from == "A1" && to == "A2"));
        assert_eq!(
            refusal(&mut central, &host, "createwallet -label Wallet_1"),
            "ERROR: the label 'Wallet_1' is taken in this lab"
        );
        assert_eq!(refusal(&mut central, &host, "getbalance -address nobody"), "ERROR: Address is not valid");
    }

    #[test]
    fn copy_goes_from_node_to_file_to_node() {
        let (host, mut terminal) = (FakeHost::default(), Terminal::new());
        lines(&mut terminal, &host, "set NODE_ID=3000");
        lines(&mut terminal, &host, "copy blockchain_3000.db blockchain_genesis.db");
        lines(&mut terminal, &host, "cp ./blockchain_genesis.db blockchain_3001.db");
        let last = host.commands.borrow().last().cloned();
        let expected = Command::ImportChain { file: ChainFile(vec![1, 2, 3]) };
        assert_eq!(last, Some((NodeId(3001), expected)));
        assert!(refusal(&mut terminal, &host, "copy nothing.db blockchain_3001.db").contains("nothing.db"));
        assert!(refusal(&mut terminal, &host, "copy blockchain_3009.db x").contains("there is no node 3009"));
        assert!(refusal(&mut terminal, &host, "copy wallet_3000.db x").contains("private keys"));
    }

    #[test]
    fn startnode_is_followed_until_interrupted() {
        let (host, mut terminal) = (FakeHost::default(), Terminal::at(NodeId(3000)));
        let output = now(terminal.run(&host, "startnode")).expect("starts");
        assert_eq!(output.lines, ["Starting node 3000"]);
        let follow = output.follow.expect("is followed");
        now(terminal.interrupt(&host, follow)).expect("stops");
        assert_eq!(*host.calls.borrow(), ["stop 3000"]);
    }

    #[test]
    fn a_pasted_transcript_maps_unknown_addresses_and_says_so() {
        let (host, mut terminal) = (FakeHost::default(), Terminal::new());
        let text = "export NODE_ID=3000\nlocalhost:B jackson$ go build .\nlocalhost:B jackson$ ./BuildingBlockChain \
                    getbalance -address 18fHTVuCgUwz1MHCVCb69jAark5KGg5QEPBalance of '18fHTVu': 100\nDone!\n";
        let mut shown = Vec::new();
        now(terminal.paste(&host, text, |line, outcome| {
            shown.push((line.to_owned(), outcome.expect("the transcript runs").lines));
        }));
        assert_eq!(shown.len(), 2);
        assert_eq!(
            shown[1].1,
            [
                "18fHTVuCgUwz1MHCVCb69jAark5KGg5QEP => A1",
                "Balance of '18fHTVuCgUwz1MHCVCb69jAark5KGg5QEP': 50"
            ]
        );
    }

    #[test]
    fn head_cuts_the_output() {
        let (host, mut terminal) = (FakeHost::default(), Terminal::new());
        assert_eq!(lines(&mut terminal, &host, "help | head -2").len(), 2);
        assert!(refusal(&mut terminal, &host, "help dance").starts_with("Unknown command!"));
    }
}
