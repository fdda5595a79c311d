//! What is open on the page: drawer and dialogs. State of the view alone; the lab knows nothing of it.

use crate::lab::state::FollowedPayment;
use leptos::prelude::*;
use terrarium_core::interface::NodeId;
use terrarium_core::primitives::{BlockHash, Txid};

/// What the drawer shows, as seen by one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Panel {
    /// A node's wallet.
    Wallet(NodeId),
    /// A node's peers.
    Peers(NodeId),
    /// A block.
    Block(NodeId, BlockHash),
    /// A transaction.
    Transaction(NodeId, Txid),
}

/// A dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialog {
    /// Send coins.
    Send,
    /// Add a node.
    AddNode,
    /// Save the lab as a file, or open one.
    Moving,
    /// Open a class or join one.
    Class,
    /// The class's roster.
    Roster,
    /// A scenario for the whole class.
    Scenario,
    /// Another name for somebody of the class.
    Rename([u8; 4]),
    /// Whether the class is to begin anew.
    ResetClass,
    /// Whether to empty the lab.
    NewNetwork,
    /// A node's trace.
    Trace(NodeId),
    /// Whether to remove a node.
    Remove(NodeId),
}

/// How many panels the drawer's way back holds.
const MAX_BACK: usize = 32;

/// What is open.
#[derive(Clone, Copy)]
pub(crate) struct Ui {
    /// The drawer's panels, the one in sight last; empty when it is closed.
    pub(crate) panels: RwSignal<Vec<Panel>>,
    /// The dialog that is open.
    pub(crate) dialog: RwSignal<Option<Dialog>>,
    /// The payment that is followed.
    pub(crate) followed: RwSignal<Option<FollowedPayment>>,
}

impl Ui {
    /// Nothing open.
    pub(crate) fn new() -> Self {
        Ui { panels: RwSignal::new(Vec::new()), dialog: RwSignal::new(None), followed: RwSignal::new(None) }
    }

    /// Opens a panel in the drawer, on top of the one in sight.
    pub(crate) fn show(&self, panel: Panel) {
        self.panels.update(|panels| {
            if panels.last() == Some(&panel) {
                return;
            }
            if panels.len() == MAX_BACK {
                panels.remove(0);
            }
            panels.push(panel);
        });
    }

    /// Back to the panel before.
    pub(crate) fn back(&self) {
        self.panels.update(|panels| {
            panels.pop();
        });
    }

    /// Closes the drawer.
    pub(crate) fn close(&self) {
        self.panels.set(Vec::new());
    }

    /// Opens a dialog.
    pub(crate) fn ask(&self, dialog: Dialog) {
        self.dialog.set(Some(dialog));
    }
}

/// What is open, from anywhere in the view.
pub(crate) fn use_ui() -> Ui {
    expect_context()
}
