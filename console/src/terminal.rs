//! A terminal: a line in, lines out.

use crate::desk::AddressBook;
use crate::error::ConsoleError;
use crate::grammar::{self, Value};
use crate::help::{self, Language};
use crate::history::History;
use crate::host::{Host, HostError};
use crate::parse::{self, Line, Request};
use crate::{render, typed};
use terrarium_core::interface::{Command, NodeId, Reply};

/// Chain files that a lab keeps at most.
const MAX_FILES: usize = 32;
/// A label's characters at most.
const MAX_LABEL_CHARS: usize = 40;

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
                let reply = create_wallet(host, self.chosen()?, label).await?;
                print(render::lines(&reply, ""))
            }
            Request::Command { command, subject } => self.command(host, command, &subject).await,
        }
    }

    async fn command(&self, host: &impl Host, command: Command, subject: &str) -> Result<Output, ConsoleError> {
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
        for foreign in foreign_addresses(line, &host.desk().borrow().book) {
            let Reply::Address(entry) = create_wallet(host, self.chosen()?, None).await? else { continue };
            output.lines.push(format!("{foreign} => {}", entry.address));
            host.desk().borrow_mut().book.stand_in(foreign, entry.address);
        }
        Ok(output)
    }
}

/// Makes an address and enters its label into the lab's book.
async fn create_wallet(host: &impl Host, node: NodeId, label: Option<String>) -> Result<Reply, ConsoleError> {
    let label = match label {
        Some(label) => {
            check_label(&host.desk().borrow().book, &label)?;
            label
        }
        None => host.desk().borrow().book.next_label(host.snapshot(node).map(|snapshot| snapshot.role)),
    };
    let reply = host.execute(node, Command::CreateWallet { label: Some(label) }).await?;
    if let Reply::Address(entry) = &reply {
        host.desk().borrow_mut().book.learn(entry);
    }
    Ok(reply)
}

fn check_label(book: &AddressBook, label: &str) -> Result<(), ConsoleError> {
    let usage = |problem| Err(ConsoleError::Usage { problem, usage: "createwallet [-label L]".to_owned() });
    if label.trim().is_empty() || label.starts_with('-') {
        return usage(format!("'{label}' is not a label"));
    }
    if label.chars().count() > MAX_LABEL_CHARS {
        return usage(format!("a label has at most {MAX_LABEL_CHARS} characters"));
    }
    if book.knows(label) {
        return Err(ConsoleError::LabelTaken(label.to_owned()));
    }
    Ok(())
}

/// The words of a line that stand where an address belongs, look like one and are not of this lab.
fn foreign_addresses(line: &str, book: &AddressBook) -> Vec<String> {
    let words = typed::words(line);
    let Some(form) = words.first().and_then(|name| grammar::form(name)) else { return Vec::new() };
    let is_address_option = |word: &str| {
        let name = word.trim_start_matches('-');
        word.starts_with('-')
            && form.flags.iter().any(|flag| flag.name == name && flag.value == Some(Value::Address))
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
            other => return Err(ConsoleError::File(format!("node {id} answered {other:?} instead of its chain"))),
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
            let problem = format!("{name} holds private keys and is not copied: use dumpprivkey and importprivkey");
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
