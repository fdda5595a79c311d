//! The drawer at the side: a wallet, peers, a block or a transaction in full, beside what it is about.

use super::block_view::BlockPanel;
use super::focus;
use super::icon::{Icon, icon};
use super::peers::PeersPanel;
use super::transaction_view::TransactionPanel;
use super::ui::{Panel, Ui, use_ui};
use super::wallet::WalletPanel;
use super::when::When;
use super::words::{holds, tr};
use crate::i18n::t;
use crate::testid;
use leptos::html;
use leptos::prelude::*;

/// The drawer; nothing while no panel is open.
#[component]
pub(crate) fn Drawer() -> impl IntoView {
    let ui = use_ui();
    let open = Memo::new(move |_| ui.panels.with(|panels| !panels.is_empty()));
    view! { <When holds=holds(move || open.get())><Opened/></When> }
}

#[component]
fn Opened() -> impl IntoView {
    let ui = use_ui();
    let element = NodeRef::<html::Aside>::new();
    hold_focus(ui, element);
    let on_key = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape" {
            ui.close();
        }
    };
    let panel = move || match in_sight(ui) {
        Some(Panel::Wallet(node)) => view! { <WalletPanel id=node/> }.into_any(),
        Some(Panel::Peers(node)) => view! { <PeersPanel id=node/> }.into_any(),
        Some(Panel::Block(node, hash)) => view! { <BlockPanel id=node hash/> }.into_any(),
        Some(Panel::Transaction(node, txid)) => view! { <TransactionPanel id=node txid/> }.into_any(),
        None => ().into_any(),
    };
    view! {
        <aside
            class="drawer"
            node_ref=element
            tabindex="-1"
            role="dialog"
            aria-label=move || title(ui)
            data-testid=testid::DRAWER
            on:keydown=on_key
        >
            <Top/>
            {panel}
        </aside>
    }
}

fn in_sight(ui: Ui) -> Option<Panel> {
    ui.panels.with(|panels| panels.last().copied())
}

fn title(ui: Ui) -> &'static str {
    match in_sight(ui) {
        Some(Panel::Wallet(_)) => t().wallet,
        Some(Panel::Peers(_)) => t().connections,
        Some(Panel::Block(..)) => t().block,
        Some(Panel::Transaction(..)) => t().transaction,
        None => "",
    }
}

/// The way back, the title, the way out.
#[component]
fn Top() -> impl IntoView {
    let ui = use_ui();
    let deep = move || ui.panels.with(|panels| panels.len() > 1);
    view! {
        <header>
            <When holds=holds(deep)>
                <button
                    type="button"
                    class="round"
                    aria-label=tr(|t| t.back)
                    data-testid=testid::DRAWER_BACK
                    on:click=move |_| ui.back()
                >
                    {icon(Icon::Back)}
                </button>
            </When>
            <h2>{move || title(ui)}</h2>
            <span class="grow"></span>
            <button
                type="button"
                class="round"
                aria-label=tr(|t| t.close)
                data-testid=testid::DRAWER_CLOSE
                on:click=move |_| ui.close()
            >
                {icon(Icon::Close)}
            </button>
        </header>
    }
}

/// Takes the focus, and gives it back to where it was when the drawer closes.
fn hold_focus(ui: Ui, element: NodeRef<html::Aside>) {
    let before = document().active_element();
    Effect::new(move |_| {
        // A panel that is replaced takes the focused element with it.
        ui.panels.track();
        if let Some(element) = element.get() {
            let _ = element.focus();
        }
    });
    let before = StoredValue::new_local(before);
    on_cleanup(move || {
        focus::give(before.try_get_value().flatten());
    });
}
