//! What a node is for, in the reader's language.

use crate::i18n::t;
use crate::lab::state::NodeView;
use terrarium_core::interface::Role;

/// What a node is now: one that was made as a full node may have become a light one.
pub(crate) fn present_role(node: NodeView) -> Role {
    node.read(|snapshot| snapshot.role).unwrap_or(node.role)
}

/// A role's name.
pub(crate) fn role_word(role: Role) -> &'static str {
    match role {
        Role::Central => t().role_central,
        Role::Miner => t().role_miner,
        Role::Wallet => t().role_wallet,
        Role::Full => t().role_full,
        Role::Spv => t().role_spv,
    }
}

/// What a node of that role does.
pub(crate) fn role_about(role: Role) -> &'static str {
    match role {
        Role::Central => t().about_central,
        Role::Miner => t().about_miner,
        Role::Wallet => t().about_wallet,
        Role::Full => t().about_full,
        Role::Spv => t().about_spv,
    }
}
