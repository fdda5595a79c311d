//! A typed line into what it asks for.

use crate::arguments::Arguments;
use crate::desk::AddressBook;
use crate::error::ConsoleError;
use crate::request::Request;
use crate::{grammar, typed};

/// Lines that `| head` keeps when it is not told.
const HEAD_LINES: usize = 10;

/// A request, and how many lines of its output are wanted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) request: Request,
    pub(crate) head: Option<usize>,
}

/// Reads a line as typed.
pub(crate) fn parse(line: &str, book: &AddressBook) -> Result<Line, ConsoleError> {
    let line = typed::clean(line);
    let (line, head) = split_head(&line)?;
    let words = typed::words(line);
    let Some((name, rest)) = words.split_first() else {
        return Ok(Line { request: Request::Nothing, head: None });
    };
    let name = name.to_ascii_lowercase();
    let form = grammar::form(&name).ok_or_else(|| ConsoleError::UnknownCommand {
        nearest: grammar::nearest(&name).map(str::to_owned),
    })?;
    let request = (form.read)(&Arguments::read(&form.shape, rest)?, book)?;
    Ok(Line { request, head })
}

/// Splits `| head`, `| head -N` or `| head -n N` off.
fn split_head(line: &str) -> Result<(&str, Option<usize>), ConsoleError> {
    let Some((command, pipe)) = line.split_once('|') else { return Ok((line, None)) };
    let mut words = pipe.split_whitespace();
    let usage = |problem: String| ConsoleError::Usage { problem, usage: "COMMAND | head -N".to_owned() };
    match words.next() {
        Some("head") => {}
        other => return Err(usage(format!("'{}' cannot be piped to", other.unwrap_or_default()))),
    }
    let count = match words.next() {
        None => return Ok((command, Some(HEAD_LINES))),
        Some("-n") => words.next().unwrap_or_default(),
        Some(word) => word.trim_start_matches('-'),
    };
    let count = count.parse().map_err(|_| usage(format!("'{count}' is not a number of lines")))?;
    Ok((command, Some(count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Form;
    use terrarium_core::interface::Command;

    fn request(line: &str) -> Result<Request, ConsoleError> {
        parse(line, &AddressBook::default()).map(|line| line.request)
    }

    fn message(line: &str) -> String {
        request(line).expect_err("the line is refused").to_string()
    }

    /// Words that fill the places of any command.
    fn filler(form: &Form) -> String {
        let hash = "00".repeat(32);
        match form.name {
            "set" | "export" => "NODE_ID=3000".to_owned(),
            "copy" | "cp" => "a b".to_owned(),
            "getblockhash" => "0".to_owned(),
            "gettxout" => format!("{hash} 0"),
            "generatetoaddress" => "1 A".to_owned(),
            "addnode" => "3000 add".to_owned(),
            "disconnectnode" | "addpeeraddress" => "3000".to_owned(),
            "setban" => "3000 add".to_owned(),
            "createblockchain" | "getbalance" => "-address A".to_owned(),
            "send" => "-from A -to B -amount 1".to_owned(),
            _ if form.shape.places.0 > 0 => hash,
            _ => String::new(),
        }
    }

    #[test]
    fn every_command_of_the_table_is_understood() {
        for form in grammar::FORMS {
            let line = format!("{} {}", form.name, filler(form));
            assert!(request(&line).is_ok(), "{line}: {:?}", request(&line));
        }
    }

    #[test]
    fn options_are_read_as_go_reads_them() {
        let expected = request("send -from A -to B -amount 10 -mine").unwrap();
        assert_eq!(request("send --from=A -to B --amount 10 -mine").unwrap(), expected);
        assert_eq!(request("send －from A －to B －amount １０ —mine").unwrap(), expected);
    }

    #[test]
    fn a_switch_can_be_turned_off() {
        let mines = |line| match request(line) {
            Ok(Request::Command { command: Command::Send { mine, .. }, .. }) => mine,
            other => panic!("{line}: {other:?}"),
        };
        assert!(mines("send -from A -to B -amount 1 -mine=true"));
        assert!(!mines("send -from A -to B -amount 1 -mine=false"));
        assert!(message("send -from A -to B -amount 1 -mine=perhaps").contains("'perhaps' is neither"));
    }

    #[test]
    fn amounts_that_are_none_are_refused_with_their_value() {
        for amount in ["-5", "0.123456789", "21000001", "ten", ""] {
            let line = format!("send -from A -to B -amount '{amount}'");
            assert!(message(&line).starts_with("ERROR: "), "{line}");
        }
    }

    #[test]
    fn unknown_commands_and_options_are_named() {
        assert_eq!(message("getbalence"), "Unknown command! Did you mean 'getbalance'?");
        assert_eq!(message("xyzzy"), "Unknown command! 'help' lists all.");
        assert!(message("send -form A").contains("there is no option -form"));
        assert!(message("send -from").contains("-from lacks its value"));
        assert!(message("getbalance").contains("-address is missing"));
        assert!(message("startnode -sync fast").contains("'fast' is no way to sync"));
        assert!(message("startnode -maxinbound many").contains("'many'"));
        assert!(message("set NODE_ID=70000").contains("'70000' is not a node id"));
        assert!(message("getblockhash x").contains("'x'"));
    }

    #[test]
    fn head_keeps_the_first_lines() {
        let head = |line| parse(line, &AddressBook::default()).map(|line| line.head);
        assert_eq!(head("getpeerinfo | head -20").unwrap(), Some(20));
        assert_eq!(head("getpeerinfo | head -n 3").unwrap(), Some(3));
        assert_eq!(head("getpeerinfo | head").unwrap(), Some(10));
        assert_eq!(head("getpeerinfo").unwrap(), None);
        assert!(head("getpeerinfo | grep x").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_line_makes_parsing_panic(line in "\\PC*") {
            let _ = request(&line);
        }

        #[test]
        fn no_arguments_make_a_command_panic(index in 0..grammar::FORMS.len(), rest in "[-a-z0-9 .:=|'\"]*") {
            let _ = request(&format!("{} {rest}", grammar::FORMS[index].name));
        }
    }
}
