//! The `data-testid` of every element that a person uses: stable names for tests and scripts, all in this file.
//! An element of one node carries the node's id beside it, as `data-node`.

macro_rules! test_ids {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $value;)*

        #[cfg(test)]
        const ALL: &[&str] = &[$($value),*];
    };
}

test_ids! {
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
    /// Dialog: which role the new node gets; the role is in `data-role`.
    ADD_NODE_ROLE = "add-node-role";
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
    /// Send form: pay.
    SEND_SUBMIT = "send-submit";
    /// Send form: what is wrong.
    SEND_ERROR = "send-error";
    /// The way of the followed payment.
    FOLLOWED = "followed-payment";
    /// The network map.
    MAP = "map";
    /// A node on the map.
    MAP_NODE = "map-node";
    /// A link on the map; `data-cut` says whether it is cut.
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
    /// Card: shows the console.
    TAB_CONSOLE = "tab-console";
    /// Card: shows the log.
    TAB_LOG = "tab-log";
    /// Card: opens the wallet.
    OPEN_WALLET = "open-wallet";
    /// A console or terminal: what it printed.
    CONSOLE_OUTPUT = "console-output";
    /// A console or terminal: the line being typed.
    CONSOLE_INPUT = "console-input";
    /// A node's log.
    NODE_LOG = "node-log";
    /// The free terminals: one more.
    NEW_TERMINAL = "new-terminal";
    /// A free terminal.
    TERMINAL = "terminal";
    /// A free terminal: close it.
    CLOSE_TERMINAL = "close-terminal";
    /// The drawer at the side.
    DRAWER = "drawer";
    /// The drawer: back.
    DRAWER_BACK = "drawer-back";
    /// The drawer: close.
    DRAWER_CLOSE = "drawer-close";
    /// Wallet: an address.
    WALLET_ADDRESS = "wallet-address";
    /// Wallet: a transaction of its history.
    WALLET_ENTRY = "wallet-entry";
    /// Tutorial scenes: play the scenario.
    PLAY_SCENARIO = "play-scenario";
    /// Tutorial scenes: how it went.
    SCENARIO_RESULT = "scenario-result";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_elements_share_a_name() {
        assert_eq!(ALL.iter().collect::<BTreeSet<_>>().len(), ALL.len());
    }
}
