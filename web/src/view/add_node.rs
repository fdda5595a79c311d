//! A new node by role.

use super::dialog::Modal;
use super::role::{role_about, role_word};
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
    view! {
        <Modal title>
            <div class="roles">{Role::ALL.map(|role| view! { <Choice role/> })}</div>
        </Modal>
    }
}

#[component]
fn Choice(role: Role) -> impl IntoView {
    let lab: Lab = expect_context();
    let host: StoredValue<PageHost, LocalStorage> = expect_context();
    let ui = use_ui();
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
        <button type="button" class="role" data-testid=testid::ADD_NODE_ROLE data-role=role.name() on:click=add>
            <b>{words(move || role_word(role).to_owned())}</b>
            <span class="quiet">{words(move || role_about(role).to_owned())}</span>
        </button>
    }
}

/// The first id from 3000 on that no node has.
fn free_id(lab: &Lab) -> Option<NodeId> {
    lab.nodes(|nodes| (3000..=u16::MAX).map(NodeId).find(|id| !nodes.contains_key(id)))
}
