//! What a node warns of, and what it did about it, in the reader's language.

use crate::i18n::{fill, t};
use terrarium_core::interface::NetworkWarning;

/// A warning as a sentence or two.
pub(crate) fn in_words(warning: &NetworkWarning) -> String {
    match warning {
        NetworkWarning::LowDiversity { groups, peers, asked } => {
            fill(t().warns_diversity, &[peers, groups, asked])
        }
        NetworkWarning::MessageRate { messages, median, waiting } => {
            fill(t().warns_message_rate, &[&a_second(*messages), &a_second(*median), waiting])
        }
        NetworkWarning::UniformAgents { agent, of_it, peers, asked } => {
            fill(t().warns_agents, &[agent, of_it, peers, asked])
        }
        NetworkWarning::StaleTip { seconds, asked } => fill(t().warns_stale_tip, &[seconds, asked]),
        NetworkWarning::LowWorkHeaders { headers, cut_off } => fill(t().warns_low_work, &[headers, cut_off]),
    }
}

/// Messages of ten seconds as messages a second.
pub(crate) fn a_second(messages: u32) -> String {
    format!("{}.{}", messages / 10, messages % 10)
}
