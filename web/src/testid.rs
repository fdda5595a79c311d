//! The `data-testid` of every element that a person uses: stable names for tests and scripts, all in this file.
//! An element of one node carries the node's id beside it, as `data-node`.

macro_rules! test_ids {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $value;)*

        /// Constant and name.
        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$((stringify!($name), $value)),*];
    };
}

test_ids! {
    /// Large button: the class.
    CLASS = "class";
    /// Class dialog: what the visitor is called.
    CLASS_NAME = "class-name";
    /// Class dialog: the code of a room.
    CLASS_CODE = "class-code";
    /// Class dialog: join the room of that code.
    CLASS_JOIN = "class-join";
    /// Class dialog: open a class of one's own.
    CLASS_OPEN = "class-open";
    /// Class dialog: why that did not work.
    CLASS_FAILED = "class-failed";
    /// Peers: which way the link to a peer takes, as `data-path`.
    PEER_PATH = "peer-path";
    /// Class: the panel of the teacher's page.
    ROOM_TEACHER = "room-teacher";
    /// Class: the panel of a student's page.
    ROOM_STUDENT = "room-student";
    /// Class: the room's code.
    ROOM_CODE = "room-code";
    /// Class: the address that others open.
    ROOM_LINK = "room-link";
    /// Class: the same as a picture.
    ROOM_QR = "room-qr";
    /// Class: how it stands with the relay.
    ROOM_STANDING = "room-standing";
    /// Class: who is there.
    ROOM_MEMBERS = "room-members";
    /// Class: start mining for all, or pause it.
    ROOM_MINING = "room-mining";
    /// Class: whether the teacher has everybody mine.
    ROOM_MINING_STATE = "room-mining-state";
    /// Class: how often a block is found.
    ROOM_BLOCK_TIME = "room-block-time";
    /// Class: the choice of that.
    BLOCK_TIME = "block-time";
    /// Class: how fast each node mines.
    ROOM_BUDGET = "room-budget";
    /// Class: let nobody new in, or somebody again.
    ROOM_LOCK = "room-lock";
    /// Class: who is there, as a file.
    ROOM_LIST = "room-list";
    /// Class: send somebody away.
    ROOM_REMOVE = "room-remove";
    /// Class: leave it.
    ROOM_LEAVE = "room-leave";
    /// Class: the teacher's table and map.
    CLASS_VIEW = "class-view";
    /// Class: how far its nodes agree.
    CLASS_AGREEMENT = "class-agreement";
    /// Class: the last block, and who found it.
    CLASS_LAST_BLOCK = "class-last-block";
    /// Class: who of the roster is not there.
    CLASS_ABSENT = "class-absent";
    /// Class: the map.
    CLASS_MAP = "class-map";
    /// Class: call somebody otherwise.
    CLASS_RENAME = "class-rename";
    /// Class: hide somebody's name from the others, or show it.
    CLASS_HIDE = "class-hide";
    /// Class: split it into teams, or join it again.
    CLASS_SPLIT = "class-split";
    /// Class: into how many teams.
    CLASS_TEAMS = "class-teams";
    /// Class: freeze the students' screens, or let them go.
    CLASS_FREEZE = "class-freeze";
    /// Class: how many coins everybody is to get.
    CLASS_AMOUNT = "class-amount";
    /// Class: give coins to everybody.
    CLASS_GIVE = "class-give";
    /// Class: what came of that.
    CLASS_GIVEN = "class-given";
    /// Class: open the roster.
    CLASS_ROSTER = "class-roster";
    /// Class: open the dialog for a scenario.
    CLASS_SCENARIO = "class-scenario";
    /// Class: begin a new chain.
    CLASS_RESET = "class-reset";
    /// Class, student: what was announced.
    CLASS_SAID = "class-said";
    /// Class, student: the own team.
    CLASS_TEAM = "class-team";
    /// Class, student: that the machine's clock is off.
    CLASS_CLOCK = "class-clock";
    /// Class, student: stop mining here, or go by the class again.
    CLASS_STOP = "class-stop";
    /// Class, student: this name of the roster is mine.
    CLASS_PICK = "class-pick";
    /// Class, student: the screen that is frozen.
    CLASS_FROZEN = "class-frozen";
    /// Roster dialog: the list.
    ROSTER_TEXT = "roster-text";
    /// Roster dialog: why it cannot be used.
    ROSTER_FAILED = "roster-failed";
    /// Roster dialog: use it.
    ROSTER_SAVE = "roster-save";
    /// Scenario dialog: the text.
    SCENARIO_TEXT = "scenario-text";
    /// Scenario dialog: why it cannot be used.
    SCENARIO_FAILED = "scenario-failed";
    /// Scenario dialog: let every page run it.
    SCENARIO_PUSH = "scenario-push";
    /// Rename dialog: the name.
    RENAME_NAME = "rename-name";
    /// Rename dialog: use it.
    RENAME_SAVE = "rename-save";
    /// Instead of the page: why the room cannot be entered.
    ROOM_REFUSED = "room-refused";
    /// Header: the lab's name and the network's.
    PLACE = "place";
    /// Header: total hash power, and how often a block comes.
    PACE = "pace";
    /// Header: how many nodes agree on which block.
    AGREEMENT = "agreement";
    /// Header: pause or go on.
    CLOCK_PAUSE = "clock-pause";
    /// Header: one second further.
    CLOCK_STEP = "clock-step";
    /// Header: speed of the lab's clock.
    CLOCK_SPEED = "clock-speed";
    /// Header: English.
    LANG_EN = "lang-en";
    /// Header: Chinese.
    LANG_ZH = "lang-zh";
    /// Header: light or dark.
    THEME = "theme";
    /// Header: save the lab as a file, or open one.
    MOVING = "moving";
    /// Moving house: whether the file has the wallets' keys.
    MOVING_KEYS = "moving-keys";
    /// Moving house: save the lab.
    MOVING_SAVE = "moving-save";
    /// Moving house: empty the lab that was saved, for whoever comes next.
    MOVING_CLEAR = "moving-clear";
    /// Moving house: choose a lab file.
    MOVING_FILE = "moving-file";
    /// Moving house: open the file that was chosen.
    MOVING_OPEN = "moving-open";
    /// Moving house: what came of it.
    MOVING_STATE = "moving-state";
    /// Trace: whoever saves it knows that the file has the wallet's keys.
    TRACE_KEYS = "trace-keys";
    /// Trace: record the node, from its opening on.
    TRACE_RECORD = "trace-record";
    /// Trace: record no more.
    TRACE_STOP = "trace-stop";
    /// Trace: save it.
    TRACE_SAVE = "trace-save";
    /// Trace: how far it has come.
    TRACE_STATE = "trace-state";
    /// Header: New network.
    NEW_NETWORK = "new-network";
    /// Large button: Send coins.
    SEND_COINS = "send-coins";
    /// Large button: Cut the network.
    CUT_NETWORK = "cut-network";
    /// Large button: Heal.
    HEAL_NETWORK = "heal-network";
    /// Large button: Add a node.
    ADD_NODE = "add-node";
    /// An empty lab: Add a node.
    EMPTY_ADD_NODE = "empty-add-node";
    /// Dialog: which role the new node gets; the role is in `data-role`.
    ADD_NODE_ROLE = "add-node-role";
    /// Dialog: close.
    DIALOG_CLOSE = "dialog-close";
    /// Dialog: yes to what it asks.
    CONFIRM_YES = "confirm-yes";
    /// Dialog: no.
    CONFIRM_NO = "confirm-no";
    /// Send form: who pays.
    SEND_FROM = "send-from";
    /// Send form: whom to.
    SEND_TO = "send-to";
    /// Send form: an address to pay to.
    SEND_ADDRESS = "send-address";
    /// Send form: how much.
    SEND_AMOUNT = "send-amount";
    /// Send form: all that can be paid.
    SEND_MAX = "send-max";
    /// Send form: the fee.
    SEND_FEE = "send-fee";
    /// Send form: pay.
    SEND_SUBMIT = "send-submit";
    /// Send form: what is wrong.
    SEND_ERROR = "send-error";
    /// The way of the followed payment.
    FOLLOWED = "followed-payment";
    /// The followed payment: opens its transaction.
    FOLLOWED_TRANSACTION = "followed-transaction";
    /// The followed payment: close.
    FOLLOWED_CLOSE = "followed-close";
    /// A hash, address or other long text: copies it whole.
    COPY = "copy";
    /// A notice: loads the page anew.
    RELOAD = "reload";
    /// The network map.
    MAP = "map";
    /// A node on the map.
    MAP_NODE = "map-node";
    /// A link on the map; `data-cut` says whether it is cut, `data-encrypted` whether what travels on it is encrypted.
    MAP_LINK = "map-link";
    /// Moves a node to the other side of a cut.
    CUT_SIDE = "cut-side";
    /// The live log under the map.
    LIVE_LOG = "live-log";
    /// The chain view.
    CHAIN = "chain";
    /// A block in the chain view; `data-hash`, `data-height` and `data-standing` say which.
    CHAIN_BLOCK = "chain-block";
    /// A node's card.
    CARD = "node-card";
    /// Card: what the node does now.
    CARD_STATE = "node-state";
    /// Card: height.
    CARD_HEIGHT = "node-height";
    /// Card: a block of the stripe.
    CARD_BLOCK = "stripe-block";
    /// Card: balance.
    CARD_BALANCE = "node-balance";
    /// Card: transactions in the mempool.
    CARD_MEMPOOL = "node-mempool";
    /// Card: connections.
    CARD_PEERS = "node-peers";
    /// Card: blocks found.
    CARD_FOUND = "node-blocks-found";
    /// Card: the dial.
    HASH_POWER = "hash-power";
    /// Card: New address.
    NEW_ADDRESS = "new-address";
    /// Card: Mine one.
    MINE_ONE = "mine-one";
    /// Card: Start.
    START_NODE = "start-node";
    /// Card: Stop.
    STOP_NODE = "stop-node";
    /// Card: Remove.
    REMOVE_NODE = "remove-node";
    /// Card: what is unusual about the node (crash, storage, viewer).
    CARD_NOTICE = "node-notice";
    /// Card: long work and its count; `data-kind` says which.
    CARD_PROGRESS = "node-progress";
    /// Card: gives long work up.
    CANCEL_WORK = "cancel-work";
    /// Card: shows the console.
    TAB_CONSOLE = "tab-console";
    /// Card: shows the log.
    TAB_LOG = "tab-log";
    /// Card: opens the peers.
    OPEN_PEERS = "open-peers";
    /// Card: opens the trace.
    OPEN_TRACE = "open-trace";
    /// Card: opens the wallet.
    OPEN_WALLET = "open-wallet";
    /// A console or terminal: what it printed.
    CONSOLE_OUTPUT = "console-output";
    /// A console or terminal: the line being typed.
    CONSOLE_INPUT = "console-input";
    /// A console or terminal: ends what runs or is followed, as `^C` does.
    CONSOLE_INTERRUPT = "console-interrupt";
    /// A node's log.
    NODE_LOG = "node-log";
    /// The free terminals: one more.
    NEW_TERMINAL = "new-terminal";
    /// A free terminal.
    TERMINAL = "terminal";
    /// A free terminal: close it.
    CLOSE_TERMINAL = "close-terminal";
    /// The footer: the way to a scene; `data-scene` says which.
    SCENE_LINK = "scene-link";
    /// The drawer at the side.
    DRAWER = "drawer";
    /// The drawer: back.
    DRAWER_BACK = "drawer-back";
    /// The drawer: close.
    DRAWER_CLOSE = "drawer-close";
    /// Block: its parent.
    BLOCK_PARENT = "block-parent";
    /// Block: a transaction of it.
    BLOCK_TRANSACTION = "block-transaction";
    /// Transaction: the block that it is in.
    TRANSACTION_BLOCK = "transaction-block";
    /// Transaction: the transaction whose output it spends.
    TRANSACTION_INPUT = "transaction-input";
    /// Wallet: an address.
    WALLET_ADDRESS = "wallet-address";
    /// Wallet: the label of a new address.
    WALLET_LABEL = "wallet-label";
    /// Wallet: makes an address.
    WALLET_NEW_ADDRESS = "wallet-new-address";
    /// Wallet: a transaction of its history.
    WALLET_ENTRY = "wallet-entry";
    /// Wallet: opens a transaction of its history.
    WALLET_TRANSACTION = "wallet-transaction";
    /// Peers: what the node sees of them as a whole.
    WATCH = "watch";
    /// Peers: something unusual; `data-kind` says what.
    WATCH_WARNING = "watch-warning";
    /// Peers: one of them; `data-peer` is its address, `data-over` says whether it is over its budget.
    PEER = "peer";
    /// Peers: opens the peers of that one.
    PEER_OPEN = "peer-open";
    /// Peers: a connection that ended; `data-code` says why.
    ENDED_CONNECTION = "ended-connection";
    /// Tutorial scenes: stop playing.
    STOP_SCENARIO = "stop-scenario";
    /// Tutorial scenes: play the scenario.
    PLAY_SCENARIO = "play-scenario";
    /// Tutorial scenes: how it went.
    SCENARIO_RESULT = "scenario-result";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;
    use std::fs;

    /// The source of every view.
    fn views() -> Vec<(String, String)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/view");
        let files = fs::read_dir(folder).expect("the views are beside this file");
        let read = |path: std::path::PathBuf| {
            let text = fs::read_to_string(&path).expect("a view is text");
            (path.display().to_string(), text)
        };
        files.map(|file| read(file.expect("a file").path())).collect()
    }

    #[test]
    fn no_two_elements_share_a_name() {
        assert_eq!(ALL.iter().map(|(_, name)| name).collect::<BTreeSet<_>>().len(), ALL.len());
    }

    #[test]
    fn every_name_belongs_to_an_element() {
        let views = views();
        for (constant, name) in ALL {
            let given = format!("testid::{constant}");
            let is_given = |text: &str| {
                let after = |at: usize| text[at + given.len()..].chars().next();
                let whole = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_');
                text.match_indices(&given).any(|(at, _)| whole(after(at)))
            };
            assert!(views.iter().any(|(_, text)| is_given(text)), "no element is called {name}");
        }
    }

    #[test]
    fn everything_that_a_person_uses_has_a_name() {
        let controls = [
            ("<button", "</button>"),
            ("<select", "</select>"),
            ("<input", "/>"),
            ("<a\n", "</a>"),
            ("<a ", "</a>"),
        ];
        for (file, text) in views() {
            for (tag, end) in controls {
                for (at, _) in text.match_indices(tag) {
                    let element = text[at..].split(end).next().unwrap_or_default();
                    assert!(element.contains("data-testid"), "{file}: {element} has no data-testid");
                }
            }
        }
    }
}
