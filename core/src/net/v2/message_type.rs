//! How the contents of a packet say which message they are: by one byte, or by a zero byte and the command (BIP324).

use crate::net::message::{COMMAND_SIZE, CommandName, Frame};

/// The commands that one byte stands for, from 1 on (Core's `V2_MESSAGE_IDS`).
const SHORT_IDS: [&str; 28] = [
    "addr",
    "block",
    "blocktxn",
    "cmpctblock",
    "feefilter",
    "filteradd",
    "filterclear",
    "filterload",
    "getblocks",
    "getblocktxn",
    "getdata",
    "getheaders",
    "headers",
    "inv",
    "mempool",
    "merkleblock",
    "notfound",
    "ping",
    "pong",
    "sendcmpct",
    "tx",
    "getcfilters",
    "cfilter",
    "getcfheaders",
    "cfheaders",
    "getcfcheckpt",
    "cfcheckpt",
    "addrv2",
];

/// The byte before a command that is written out.
const LONG: u8 = 0;

/// Appends what says that a message with this command follows.
pub(crate) fn write(command: &str, out: &mut Vec<u8>) {
    match SHORT_IDS.iter().position(|short| *short == command) {
        Some(at) => out.push(at as u8 + 1),
        None => {
            out.push(LONG);
            out.extend_from_slice(CommandName::of(command).as_bytes());
        }
    }
}

/// The frame that a packet's contents are. What stands for no command is unknown, as in Core; it is shown by its number.
pub(crate) fn read(contents: &[u8]) -> Frame {
    let Some((&id, payload)) = contents.split_first() else {
        return Frame::Unknown { command: CommandName::of(""), length: 0 };
    };
    if id == LONG {
        return match payload.split_first_chunk::<COMMAND_SIZE>() {
            Some((command, payload)) => Frame::read(CommandName::from_bytes(*command), payload),
            None => Frame::Unknown { command: CommandName::of(""), length: payload.len() },
        };
    }
    match SHORT_IDS.get(usize::from(id) - 1) {
        Some(command) => Frame::read(CommandName::of(command), payload),
        None => Frame::Unknown { command: CommandName::of(&format!("#{id}")), length: payload.len() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::message::{Message, strategy};
    use proptest::prelude::*;

    #[test]
    fn commands_have_the_short_ids_of_the_bip() {
        let id = |command: &str| {
            let mut out = Vec::new();
            write(command, &mut out);
            out
        };
        assert_eq!(id("addr"), [1]);
        assert_eq!(id("block"), [2]);
        assert_eq!(id("ping"), [18]);
        assert_eq!(id("tx"), [21]);
        assert_eq!(id("cfcheckpt"), [27]);
        assert_eq!(id("addrv2"), [28]);
        assert_eq!(id("version"), *b"\0version\0\0\0\0\0");
    }

    #[test]
    fn what_stands_for_no_command_is_unknown() {
        let unknown = |contents: &[u8]| match read(contents) {
            Frame::Unknown { command, length } => (command.to_string(), length),
            other => panic!("{other:?}"),
        };
        assert_eq!(unknown(&[]), (String::new(), 0));
        assert_eq!(unknown(&[29, 1, 2]), ("#29".to_owned(), 2));
        assert_eq!(unknown(&[255]), ("#255".to_owned(), 0));
        assert_eq!(unknown(b"\0too short"), (String::new(), 9));
        assert_eq!(unknown(b"\0nonsense\0\0\0\0x"), ("nonsense".to_owned(), 1));
        assert_eq!(unknown(b"\0ping\0\0\0\0\0\0\0!"), ("ping???????!".to_owned(), 0));
    }

    #[test]
    fn a_short_command_may_be_written_out() {
        let ping = read(b"\0ping\0\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0");
        assert_eq!(ping, Frame::Message { message: Message::Ping(7), length: 8 });
    }

    proptest! {
        #[test]
        fn every_message_is_read_back(message in strategy::message()) {
            let mut contents = Vec::new();
            write(message.command(), &mut contents);
            message.encode_payload(&mut contents);
            let Frame::Message { message: same, .. } = read(&contents) else { panic!("a message of ours") };
            prop_assert_eq!(same, message);
        }
    }
}
