//! What a node or the page refuses, in the reader's language where it is something that people meet. Consoles keep the
//! seeds' own lines.

use crate::i18n::{fill, t_now};
use crate::lab::LabError;
use terrarium_core::interface::CommandError;

/// A refusal as the page says it.
pub(crate) fn in_words(error: &LabError) -> String {
    let t = t_now();
    match error {
        LabError::Command(error) => command_in_words(error),
        LabError::UnknownNode(_) => t.node_gone.to_owned(),
        LabError::NoWorker(id) => fill(t.no_worker, &[id]),
        LabError::NotReady(id) | LabError::NotStarted(id) => fill(t.not_started, &[id]),
        LabError::Worker(_) => error.to_string(),
    }
}

fn command_in_words(error: &CommandError) -> String {
    let t = t_now();
    match error {
        CommandError::NotEnoughFunds => t.not_enough_now.to_owned(),
        CommandError::InvalidRecipient | CommandError::InvalidAddress => t.address_invalid.to_owned(),
        CommandError::WrongMinerAddress => t.wrong_miner_address.to_owned(),
        CommandError::NoBlockchain => t.no_blockchain.to_owned(),
        CommandError::UnreadableChain(why) => fill(t.unreadable_chain, &[why]),
        CommandError::Running(id) => fill(t.is_running, &[id]),
        CommandError::StoreFailed(why) => fill(t.store_refused, &[why]),
        CommandError::Ended(id) => fill(t.ended_unanswered, &[id]),
        other => other.to_string(),
    }
}
