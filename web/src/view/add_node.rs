//! A new node by role.

use super::card::role_word;
use super::dialog::Modal;
use super::ui::use_ui;
use super::words::words;
use crate::i18n::t;
use crate::lab::Lab;
use crate::lab::host::PageHost;
use crate::testid;
use leptos::prelude::*;
use terrarium_core::interface::{NodeId, Role};
use wasm_bindgen_futures::spawn_local;

/// The dialog: what the node is to be.
#[component]
pub(crate) fn AddNode() -> impl IntoView {
    let title = Signal::derive(|| t().add_node.to_owned());
    let roles = [
        (Role::Miner, (|| t().about_miner) as fn() -> &'static str),
        (Role::Wallet, || t().about_wallet),
        (Role::Full, || t().about_full),
        (Role::Spv, || t().about_spv),
        (Role::Central, || t().about_central),
    ];
    view! {
        <Modal title>
            <div class="roles">{roles.map(|(role, about)| view! { <Choice role about/> })}</div>
        </Modal>
    }
}

#[component]
fn Choice(role: Role, about: fn() -> &'static str) -> impl IntoView {
    let lab: Lab = expect_context();
    let host: StoredValue<PageHost, LocalStorage> = expect_context();
    let ui = use_ui();
    let name = match role {
        Role::Central => "central",
        Role::Miner => "miner",
        Role::Wallet => "wallet",
        Role::Full => "full",
        Role::Spv => "spv",
    };
    let add = move |_| {
        ui.dialog.set(None);
        let Some(id) = free_id(&lab) else { return };
        let entry = host.with_value(|host| host.make(id, role));
        let on_a_network = entry.config.network.is_some();
        lab.spawn(entry);
        if on_a_network {
            spawn_local(async move {
                if let Err(error) = lab.start(id, None).await {
                    lab.note(id, &error.to_string());
                }
            });
        }
    };
    view! {
        <button type="button" class="role" data-testid=testid::ADD_NODE_ROLE data-role=name on:click=add>
            <b>{words(move || role_word(role).to_owned())}</b>
            <span class="quiet">{about}</span>
        </button>
    }
}

/// The first id from 3000 on that no node has.
fn free_id(lab: &Lab) -> Option<NodeId> {
    lab.nodes(|nodes| (3000..=u16::MAX).map(NodeId).find(|id| !nodes.contains_key(id)))
}
