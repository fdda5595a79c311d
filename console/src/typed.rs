//! What people really type and paste: full-width characters, smart quotes, prompts, program names.

use crate::grammar;

/// Bitcoin addresses of the seeds' version have at least this many Base58 characters.
const SHORTEST_ADDRESS: usize = 26;

/// A line with typographic characters as what they stand for, and without prompt, program name or comment. Empty if
/// there is nothing to carry out.
pub(crate) fn clean(line: &str) -> String {
    let plain: String = line.chars().filter_map(plain_character).collect();
    let line = without_glued_output(plain.trim());
    let line = without_prompt(line);
    let line = without_comment(without_program(line));
    if line.starts_with('#') || line.starts_with("//") || line == "```" {
        String::new()
    } else {
        line.to_owned()
    }
}

/// The lines of a pasted transcript that are commands: those whose first word, behind prompt and program name, is a
/// command's name. The rest is output.
pub fn transcript(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|raw| {
            let line = clean(raw);
            let first = line.split_whitespace().next()?;
            grammar::is_command(first).then_some(line)
        })
        .collect()
}

/// The words of a line; quotes keep spaces together. An unclosed quote reaches to the end.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut in_word = false;
    let mut quote = None;
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                in_word = true;
            }
            None if c.is_whitespace() => {
                if std::mem::take(&mut in_word) {
                    words.push(std::mem::take(&mut word));
                }
            }
            None => {
                word.push(c);
                in_word = true;
            }
        }
    }
    if in_word {
        words.push(word);
    }
    words
}

/// What a typographic character stands for; none for an invisible one.
fn plain_character(c: char) -> Option<char> {
    match c {
        // Full-width forms lie 0xFEE0 above ASCII.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0),
        '\u{3000}' | '\u{00A0}' | '\t' => Some(' '),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{300C}' | '\u{300D}' => Some('"'),
        '\u{2018}' | '\u{2019}' | '\u{201A}' => Some('\''),
        '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\r' | '\n' => None,
        other => Some(other),
    }
}

/// Seed 001's transcript lost line breaks: `-address 18fH...QEPBalance of ...`. What is glued to an address goes.
fn without_glued_output(line: &str) -> &str {
    for output in ["Balance of '", "Mining a new block"] {
        if let Some(at) = line.find(output) {
            let word = line[..at].rsplit(' ').next().unwrap_or_default();
            if word.len() >= SHORTEST_ADDRESS && word.chars().all(|c| c.is_ascii_alphanumeric()) {
                return &line[..at];
            }
        }
    }
    line
}

/// What a command is followed by from ` # ` or ` // ` on, outside of quotes.
fn without_comment(line: &str) -> &str {
    let begins = |mark: &&str| line.find(*mark).filter(|at| !line[..*at].contains(['"', '\'']));
    match [" # ", " // "].iter().filter_map(begins).min() {
        Some(at) => line[..at].trim_end(),
        None => line,
    }
}

/// `$ `, `> `, `host:dir user$ `, `3000$ `, `C:\dir>`, `% `, `➜  dir `.
fn without_prompt(line: &str) -> &str {
    if let Some(line) = line.strip_prefix("➜ ") {
        return line.trim_start().split_once(' ').map_or("", |(_, after)| after.trim_start());
    }
    // cmd.exe leaves no room between its prompt and what is typed.
    if let Some((folder, after)) = line.split_once('>')
        && folder.get(1..).is_some_and(|rest| rest.starts_with(":\\"))
    {
        return after.trim_start();
    }
    for mark in ["$ ", "> ", "% ", "# "] {
        if let Some((before, after)) = line.split_once(mark)
            && (before.is_empty() || is_prompt(before))
            && (mark != "# " || is_prompt(before))
        {
            return after.trim_start();
        }
    }
    line
}

/// `host:dir user`, `user@host:~`, a node id or a Windows folder: what stands before a prompt's mark.
fn is_prompt(before: &str) -> bool {
    !before.is_empty()
        && before.split(' ').count() <= 2
        && (before.contains(':') || before.bytes().all(|b| b.is_ascii_digit()))
}

/// The names that the seeds call the program by, and Bitcoin Core's client with its network flags. `go build .` is
/// nothing to do here.
fn without_program(line: &str) -> &str {
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let name = first.rsplit(['/', '\\']).next().unwrap_or(first).to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    match name {
        "go" => "",
        "blockchain" | "blcokchain" | "blockchain_go" | "buildingblockchain" | "main" | "terrarium" => {
            rest.trim_start()
        }
        "bitcoin-cli" => {
            let mut rest = rest.trim_start();
            while let Some(flag) = rest.split_whitespace().next().filter(|word| is_network_flag(word)) {
                rest = rest[flag.len()..].trim_start();
            }
            rest
        }
        _ => line,
    }
}

fn is_network_flag(word: &str) -> bool {
    matches!(word.trim_start_matches('-'), "testnet" | "testnet4" | "regtest" | "signet")
        && word.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_and_smart_characters_are_read_as_what_they_stand_for() {
        assert_eq!(clean("send　－mine"), "send -mine");
        assert_eq!(clean("send —mine"), "send -mine");
        assert_eq!(words(&clean("createwallet -label “my coins”")), ["createwallet", "-label", "my coins"]);
        assert_eq!(clean("ｇｅｔｂａｌａｎｃｅ"), "getbalance");
    }

    #[test]
    fn prompts_and_program_names_of_the_seeds_are_skipped() {
        for line in [
            "$ blockchain.exe getbalance -address WALLET2",
            "blcokchain.exe getbalance -address WALLET2",
            "localhost:BuildingBlockChain jackson$ ./BuildingBlockChain getbalance -address WALLET2",
            "3000$ getbalance -address WALLET2\r",
            "C:\\chain> blockchain.exe getbalance -address WALLET2",
            "C:\\chain>blockchain.exe getbalance -address WALLET2",
            "% ./main getbalance -address WALLET2",
            "➜  go ./blockchain_go getbalance -address WALLET2",
            "getbalance -address WALLET2 # how much",
            "getbalance -address WALLET2 // 余额",
        ] {
            assert_eq!(clean(line), "getbalance -address WALLET2", "{line}");
        }
        assert_eq!(clean("bitcoin-cli -testnet getpeerinfo | head -20"), "getpeerinfo | head -20");
        assert_eq!(clean("localhost:BuildingBlockChain jackson$ go build ."), "");
        assert_eq!(clean("# 指定NODE_ID临时变量为3000"), "");
    }

    #[test]
    fn what_is_quoted_is_no_comment() {
        assert_eq!(clean("createwallet -label 'a # b'"), "createwallet -label 'a # b'");
        assert_eq!(clean("createwallet -label \"a // b\""), "createwallet -label \"a // b\"");
    }

    #[test]
    fn output_glued_to_an_address_is_cut_off() {
        assert_eq!(
            clean(
                "x:B j$ ./BuildingBlockChain getbalance -address 18fHTVuCgUwz1MHCVCb69jAark5KGg5QEPBalance of '18f': 100"
            ),
            "getbalance -address 18fHTVuCgUwz1MHCVCb69jAark5KGg5QEP"
        );
    }

    #[test]
    fn a_transcript_keeps_commands_and_drops_output() {
        let text = "export NODE_ID=3000\nlocalhost:B j$ go build .\nStarting node 3000\nReceived version command\n\
                    $ blockchain.exe getbalance -address wallet1\nBalance of 'CENTRAL_NODE': 110\nDone!\n";
        assert_eq!(transcript(text), ["export NODE_ID=3000", "getbalance -address wallet1"]);
    }

    proptest::proptest! {
        #[test]
        fn no_line_makes_cleaning_panic(line in "\\PC*") {
            words(&clean(&line));
            transcript(&line);
        }
    }
}
