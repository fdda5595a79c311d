//! What a node or the page refuses, in the reader's language. Consoles and scripts keep the nodes' own lines.

use crate::i18n::{fill, t};
use crate::lab::LabError;
use crate::lab::moving::MovingError;
use terrarium_core::interface::CommandError;

/// A refusal as the page says it; a view that shows it follows the language.
pub(crate) fn in_words(error: &LabError) -> String {
    match error {
        LabError::Command(error) => command_in_words(error),
        LabError::UnknownNode(_) => t().node_gone.to_owned(),
        LabError::NoWorker(id) => fill(t().no_worker, &[id]),
        LabError::NotReady(id) | LabError::NotStarted(id) => fill(t().not_started, &[id]),
        LabError::RunsElsewhere(id) => fill(t().moving_elsewhere, &[id]),
        LabError::NothingRecorded(_) => t().trace_rest.to_owned(),
        LabError::LabelTaken(label) => fill(t().label_taken, &[label]),
        LabError::Worker(why) => fill(t().worker_refused, &[why]),
    }
}

/// Why a lab could not be saved or opened, as the page says it.
pub(crate) fn moving_in_words(error: &MovingError) -> String {
    match error {
        MovingError::File(why) => fill(t().moving_no_lab, &[why]),
        MovingError::InClass => t().moving_in_class.to_owned(),
        MovingError::RunsElsewhere(id) => fill(t().moving_elsewhere, &[id]),
        MovingError::Node(id, why) => fill(t().moving_node, &[id, &in_words(why)]),
    }
}

fn command_in_words(error: &CommandError) -> String {
    let t = t();
    match error {
        CommandError::NotEnoughFunds => t.not_enough_now.to_owned(),
        CommandError::InvalidRecipient | CommandError::InvalidAddress | CommandError::InvalidSender => {
            t.address_invalid.to_owned()
        }
        CommandError::WrongMinerAddress => t.wrong_miner_address.to_owned(),
        CommandError::UnknownKey(address) => fill(t.unknown_key, &[address]),
        CommandError::InvalidAmount(amount) => fill(t.amount_refused, &[amount]),
        CommandError::BlockchainExists => t.blockchain_exists.to_owned(),
        CommandError::NoBlockchain => t.no_blockchain.to_owned(),
        CommandError::UnreadableChain(why) => fill(t.unreadable_chain, &[why]),
        CommandError::Running(id) => fill(t.is_running, &[id]),
        CommandError::NotFound { id, .. } => fill(t.not_found, &[id]),
        CommandError::Rejected { reason } => fill(t.rejected, &[reason]),
        CommandError::BadArgument(why) => fill(t.bad_argument, &[why]),
        CommandError::BadChainFile(why) => fill(t.bad_chain_file, &[why]),
        CommandError::StoreFailed(why) => fill(t.store_refused, &[why]),
        CommandError::NotAvailable(id) => fill(t.not_available, &[id]),
        CommandError::Cancelled => t.cancelled.to_owned(),
        CommandError::Ended(id) => fill(t.ended_unanswered, &[id]),
    }
}
