//! Moving house: a lab is saved as one file and opened again, here or on another machine.

use super::lab_file::{LabFile, LabFileError, SavedKey, SavedNode};
use super::port::{Lab, LabError, Node};
use super::roster::{self, RosterEntry};
use super::{clock, port};
use crate::browser;
use std::net::Ipv4Addr;
use terrarium_core::interface::{
    ChainFile, Command, CommandError, MiningMode, NodeId, Reply, Role, StartOptions,
};

/// Why a lab could not be saved or opened.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum MovingError {
    /// What was chosen is no lab file.
    #[error("this is no lab file that can be opened: {0}")]
    File(#[from] LabFileError),
    /// A class goes by its teacher's chain and by the relay's time.
    #[error("a lab file is opened outside of a class: leave it first")]
    InClass,
    /// Another tab runs nodes of this lab.
    #[error("another tab runs node {0}: do it there, or close that tab")]
    RunsElsewhere(NodeId),
    /// A node could not hand something out, or would not take it.
    #[error("node {0}: {1}")]
    Node(NodeId, LabError),
}

/// Whether a lab file has the wallets' private keys: whoever has the file can then spend their coins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    With,
    Without,
}

/// The lab as one file.
pub(crate) async fn save(lab: Lab, keys: Keys) -> Result<LabFile, MovingError> {
    let listed = roster::load(&lab.name()).unwrap_or_default();
    let here = |id: &NodeId| lab.nodes(|nodes| nodes.contains_key(id));
    if let Some(id) = listed.iter().map(|entry| entry.config.id).find(|id| !here(id)) {
        return Err(MovingError::RunsElsewhere(id));
    }
    let entries: Vec<RosterEntry> =
        lab.nodes(|nodes| nodes.values().map(|node| node.entry.clone()).collect());
    let mut file = LabFile { lab_ms: lab.time_ms(), chains: Vec::new(), nodes: Vec::new() };
    for entry in entries {
        let id = entry.config.id;
        let of_node = |error| MovingError::Node(id, error);
        open_own(lab, id).await?;
        let chain = match chain_of(lab, &entry).await.map_err(of_node)? {
            Some(chain) => Some(place_of(&mut file.chains, chain)),
            None => None,
        };
        let keys = match keys {
            Keys::With => keys_of(lab, id).await.map_err(of_node)?,
            Keys::Without => Vec::new(),
        };
        let entry = if keys.is_empty() { without_addresses(entry) } else { entry };
        file.nodes.push(SavedNode { entry, chain, keys });
    }
    Ok(file)
}

/// Puts the lab of a file in the place of this one. The file is tried out first, aside: where a node would refuse a part of
/// it, nothing here changes. Should it fail later, for want of room, what was there comes back.
pub(crate) async fn open(lab: Lab, file: &LabFile) -> Result<(), MovingError> {
    if lab.is_in_class() {
        return Err(MovingError::InClass);
    }
    let before = save(lab, Keys::With).await?;
    try_out(lab, file).await?;
    if let Err(error) = replace(lab, file).await {
        replace(lab, &before).await?;
        resume(lab, &before).await;
        return Err(error);
    }
    resume(lab, file).await;
    Ok(())
}

/// Lets nodes of a lab that nobody sees take the file in, and deletes them again.
async fn try_out(lab: Lab, file: &LabFile) -> Result<(), MovingError> {
    let name = format!("{}.trial", lab.name());
    for node in &file.nodes {
        // An earlier trial may have been cut short.
        for database in roster::databases(&name, node.entry.config.id) {
            browser::delete_database(&database).await;
        }
    }
    roster::forget(&name);
    let trial = Lab::open(name.clone(), Ipv4Addr::LOCALHOST, None);
    let outcome = replace(trial, file).await;
    for node in &file.nodes {
        // It holds nothing that would be missed.
        let _ = trial.remove(node.entry.config.id).await;
    }
    roster::forget(&name);
    clock::forget(&name);
    outcome
}

/// Removes all nodes and makes those of the file, which rest.
async fn replace(lab: Lab, file: &LabFile) -> Result<(), MovingError> {
    let gone: Vec<NodeId> = lab.nodes(|nodes| nodes.keys().copied().collect());
    for id in gone {
        lab.remove(id).await.map_err(|error| MovingError::Node(id, error))?;
    }
    lab.forget_blocks();
    roster::set_up(&lab.name(), true);
    lab.start_clock(file.lab_ms);
    for node in &file.nodes {
        move_in(lab, node, &file.chains).await?;
    }
    Ok(())
}

/// Makes a node, stopped, with its chain and its keys.
async fn move_in(lab: Lab, node: &SavedNode, chains: &[ChainFile]) -> Result<(), MovingError> {
    let id = node.entry.config.id;
    let of_node = |error| MovingError::Node(id, error);
    let resting = RosterEntry { running: false, mining: MiningMode::Off, ..node.entry.clone() };
    lab.spawn(resting);
    if let Some(file) = node.chain.and_then(|chain| chains.get(chain)) {
        let import = Command::ImportChain { file: file.clone() };
        lab.exec(id, import).await.map_err(of_node)?;
    }
    for SavedKey { wif, label } in &node.keys {
        let import = Command::ImportKey { wif: wif.clone(), label: label.clone() };
        lab.exec(id, import).await.map_err(of_node)?;
    }
    lab.ready(id).await.map_err(of_node)
}

/// Lets every node do again what it did when it was saved; one that cannot says so in its log.
async fn resume(lab: Lab, file: &LabFile) {
    for SavedNode { entry, .. } in &file.nodes {
        let id = entry.config.id;
        if entry.running
            && let Err(error) = lab.start(id, Some(entry.start.clone())).await
        {
            lab.note(id, &error.to_string());
        }
        if entry.mining != MiningMode::Off {
            let mine = Command::SetMining { mode: entry.mining, address: entry.reward.clone() };
            if let Err(error) = lab.exec(id, mine).await {
                lab.note(id, &error.to_string());
            }
        }
    }
}

/// Brings a node's worker up; the node must be this tab's.
async fn open_own(lab: Lab, id: NodeId) -> Result<(), MovingError> {
    lab.revive(id);
    lab.ready(id).await.map_err(|error| MovingError::Node(id, error))?;
    let elsewhere = lab.nodes(|nodes: &port::Nodes| nodes.get(&id).is_some_and(Node::is_viewer));
    if elsewhere { Err(MovingError::RunsElsewhere(id)) } else { Ok(()) }
}

/// Rewards do not go to an address whose key stays behind.
fn without_addresses(entry: RosterEntry) -> RosterEntry {
    let start = StartOptions { miner: None, ..entry.start };
    RosterEntry { reward: None, start, ..entry }
}

/// A node's chain; none where it has none, or headers alone, which it finds again.
async fn chain_of(lab: Lab, entry: &RosterEntry) -> Result<Option<ChainFile>, LabError> {
    if entry.config.role == Role::Spv || entry.start.spv {
        return Ok(None);
    }
    match lab.exec(entry.config.id, Command::ExportChain).await {
        Ok(Reply::ChainFile(file)) => Ok(Some(file)),
        Ok(_) | Err(LabError::Command(CommandError::NoBlockchain)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn keys_of(lab: Lab, id: NodeId) -> Result<Vec<SavedKey>, LabError> {
    let Reply::Addresses(addresses) = lab.exec(id, Command::ListAddresses).await? else {
        return Ok(Vec::new());
    };
    let mut keys = Vec::new();
    for entry in addresses {
        if let Reply::Key(wif) = lab.exec(id, Command::DumpKey { address: entry.address }).await? {
            keys.push(SavedKey { wif, label: entry.label });
        }
    }
    Ok(keys)
}

/// Where a chain stands among those of the file; nodes that agree share one.
fn place_of(chains: &mut Vec<ChainFile>, chain: ChainFile) -> usize {
    chains.iter().position(|known| *known == chain).unwrap_or_else(|| {
        chains.push(chain);
        chains.len() - 1
    })
}
