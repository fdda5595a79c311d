//! Who is there, as a table for spreadsheets.

use super::Member;
use std::net::Ipv4Addr;

/// The class as CSV, with the mark by which Excel knows UTF-8. A name that a spreadsheet would take for a formula is marked
/// as a text.
pub(crate) fn csv(head: [&str; 3], members: &[Member]) -> String {
    let mut text = format!("\u{feff}{}\r\n", head.map(cell).join(","));
    for member in members {
        let nodes: Vec<String> = member.nodes.iter().map(|node| node.port.to_string()).collect();
        let row =
            [cell(&member.name), cell(&Ipv4Addr::from(member.address).to_string()), cell(&nodes.join(" "))];
        text.push_str(&row.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cell(value: &str) -> String {
    let mark = if value.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{mark}{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_text_whatever_is_in_it() {
        let member = |name: &str| Member {
            address: [10, 1, 0, 2],
            teacher: false,
            name: name.to_owned(),
            nodes: Vec::new(),
        };
        let text = csv(["a", "b", "c"], &[member("王\"小\"明, 07"), member("=1+1")]);
        let expected = "\u{feff}\"a\",\"b\",\"c\"\r\n\"王\"\"小\"\"明, 07\",\"10.1.0.2\",\"\"\r\n\"'=1+1\",\"10.1.0.2\",\"\"\r\n";
        assert_eq!(text, expected);
    }
}
