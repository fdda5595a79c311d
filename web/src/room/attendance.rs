//! Who is there and what they have, as a table for spreadsheets.

use super::overview::Row;
use std::net::Ipv4Addr;
use terrarium_link::room::RosterLine;

/// Words of the table.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    /// Number, name, whether there, address, node, height, balance, blocks found.
    pub(crate) head: [&'static str; 8],
    /// Who is there.
    pub(crate) here: &'static str,
    /// Who is not.
    pub(crate) absent: &'static str,
}

/// The class as CSV, with the mark by which Excel knows UTF-8: who is there, then who of the roster is not. A name that a
/// spreadsheet would take for a formula is marked as a text.
pub(crate) fn csv(words: Words, rows: &[Row], roster: &[RosterLine]) -> String {
    let mut text = format!("\u{feff}{}\r\n", words.head.map(cell).join(","));
    let mut add = |cells: [&str; 8]| {
        text.push_str(&cells.map(cell).join(","));
        text.push_str("\r\n");
    };
    for row in rows {
        let address = Ipv4Addr::from(row.address).to_string();
        let node = row.node.as_ref().map(|node| node.id.to_string()).unwrap_or_default();
        let height = row.node.as_ref().map(|node| node.height.to_string()).unwrap_or_default();
        let (balance, found) = (row.balance.to_string(), row.found.to_string());
        add([&row.number, &row.name, words.here, &address, &node, &height, &balance, &found]);
    }
    let is_there = |line: &&RosterLine| rows.iter().any(|row| line.held == Some(row.address));
    for line in roster.iter().filter(|line| !is_there(line)) {
        add([&line.number, &line.name, words.absent, "", "", "", "", ""]);
    }
    text
}

fn cell(value: &str) -> String {
    let mark = if value.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{mark}{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::super::overview::Trouble;
    use super::*;
    use terrarium_core::primitives::Amount;

    #[test]
    fn a_name_is_a_text_whatever_is_in_it_and_who_is_absent_is_there_too() {
        let row = |name: &str| Row {
            address: [10, 1, 0, 2],
            teacher: false,
            name: name.to_owned(),
            number: "07".to_owned(),
            hidden: false,
            team: None,
            trouble: Trouble::Silent,
            node: None,
            balance: Amount::from_coins(50),
            found: 1,
        };
        let words = Words { head: ["a"; 8], here: "yes", absent: "no" };
        let line = |held| RosterLine { number: "08".to_owned(), name: "李雷".to_owned(), held };
        let roster = [line(None), line(Some([10, 1, 0, 2]))];
        let text = csv(words, &[row("王\"小\"明, 07"), row("=1+1")], &roster);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("\u{feff}\"a\""));
        assert_eq!(lines[1], "\"07\",\"王\"\"小\"\"明, 07\",\"yes\",\"10.1.0.2\",\"\",\"\",\"50\",\"1\"");
        assert!(lines[2].starts_with("\"07\",\"'=1+1\""));
        assert_eq!(lines[3], "\"08\",\"李雷\",\"no\",\"\",\"\",\"\",\"\",\"\"");
        assert_eq!(lines.len(), 4);
    }
}
