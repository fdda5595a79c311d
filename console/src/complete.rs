//! Completion on Tab.

use crate::arguments::Value;
use crate::desk::AddressBook;
use crate::grammar::{FORMS, form};
use terrarium_core::interface::NodeId;

/// The lines that `line` may be completed to, its last word filled in; none if nothing fits.
pub fn complete(line: &str, book: &AddressBook, nodes: &[NodeId]) -> Vec<String> {
    let start = line.rfind(' ').map_or(0, |space| space + 1);
    let (before, last) = line.split_at(start);
    candidates(before, book, nodes)
        .into_iter()
        .filter(|candidate| candidate.starts_with(last) && candidate != last)
        .map(|candidate| format!("{before}{candidate} "))
        .collect()
}

fn candidates(before: &str, book: &AddressBook, nodes: &[NodeId]) -> Vec<String> {
    let mut words = before.split_whitespace();
    let Some(command) = words.next() else {
        return FORMS.iter().map(|form| form.name.to_owned()).collect();
    };
    let Some(form) = form(command) else { return Vec::new() };
    let last = words.next_back().and_then(|word| word.strip_prefix('-'));
    let value = last
        .and_then(|name| form.shape.flags.iter().find(|flag| flag.name == name))
        .and_then(|flag| flag.value);
    match (value, command) {
        (Some(Value::Address), _) => book.labels().map(str::to_owned).collect(),
        (Some(Value::Node), _) => nodes.iter().map(NodeId::to_string).collect(),
        (Some(Value::Text), _) => Vec::new(),
        (None, "set" | "export") => nodes.iter().map(|id| format!("NODE_ID={id}")).collect(),
        (None, "copy" | "cp") => nodes.iter().map(|id| format!("blockchain_{id}.db")).collect(),
        (None, "help") => FORMS.iter().map(|form| form.name.to_owned()).collect(),
        (None, "addnode" | "disconnectnode" | "setban" | "listen") => {
            nodes.iter().map(NodeId::to_string).collect()
        }
        (None, _) => form.shape.flags.iter().map(|flag| format!("-{}", flag.name)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_completes_commands_options_and_node_ids() {
        let book = AddressBook::default();
        let nodes = [NodeId(3000), NodeId(3001)];
        assert_eq!(complete("getbal", &book, &nodes), ["getbalance "]);
        assert_eq!(complete("send -fr", &book, &nodes), ["send -from "]);
        assert_eq!(
            complete("startnode -connect 3", &book, &nodes),
            ["startnode -connect 3000 ", "startnode -connect 3001 "]
        );
        assert!(complete("dance ", &book, &nodes).is_empty());
    }
}
