//! A node's wallet: addresses with what they hold, paying, and the history with its confirmations.

use super::answer::answer;
use super::each::Each;
use super::format;
use super::hash::Copyable;
use super::refusal::in_words;
use super::send::SendForm;
use super::ui::{Panel, use_ui};
use super::words::{confirmations, tr, words};
use crate::i18n::{fill, t};
use crate::lab::host::PageHost;
use crate::lab::state::NodeView;
use crate::lab::{Lab, LabError};
use crate::testid;
use leptos::prelude::*;
use terrarium_core::interface::{
    AddressEntry, Command, CommandError, NodeId, Reply, SETTLED, WalletTransaction,
};
use wasm_bindgen_futures::spawn_local;

/// Lines of the history that are shown, the newest.
const SHOWN: usize = 60;

/// The wallet of a node.
#[component]
pub(crate) fn WalletPanel(id: NodeId) -> impl IntoView {
    let lab: Lab = expect_context();
    move || match lab.state.node(id) {
        Some(node) => view! { <Wallet node/> }.into_any(),
        None => view! { <p class="quiet">{tr(|t| t.node_gone)}</p> }.into_any(),
    }
}

#[component]
fn Wallet(node: NodeView) -> impl IntoView {
    let figure =
        move |f: fn(&terrarium_core::interface::WalletSummary) -> terrarium_core::primitives::Amount| {
            node.read(|snapshot| f(&snapshot.wallet)).unwrap_or_default()
        };
    let balance = move || format::coins(figure(|wallet| wallet.balance));
    let pending = move || format::signed_coins(figure(|wallet| wallet.pending));
    let immature = move || format::coins(figure(|wallet| wallet.immature));
    let nothing = Callback::new(|()| ());
    view! {
        <div class="headline"><b>{node.title()}</b></div>
        <dl class="figures wide">
            <div><dt>{tr(|t| t.balance)}</dt><dd>{balance}</dd></div>
            <div><dt>{tr(|t| t.pending)}</dt><dd>{pending}</dd></div>
            <div><dt>{tr(|t| t.immature)}</dt><dd>{immature}</dd></div>
        </dl>
        <Addresses node/>
        <h3>{tr(|t| t.send)}</h3>
        <SendForm from=node.id on_sent=nothing/>
        <History node/>
    }
}

#[component]
fn Addresses(node: NodeView) -> impl IntoView {
    let host: StoredValue<PageHost, LocalStorage> = expect_context();
    let label = RwSignal::new(String::new());
    let error = RwSignal::new(None::<LabError>);
    let addresses =
        Memo::new(move |_| node.read(|snapshot| snapshot.wallet.addresses.clone()).unwrap_or_default());
    let create = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = label.get_untracked().trim().to_owned();
        let label_or_next = (!typed.is_empty()).then_some(typed);
        let host = host.with_value(PageHost::clone);
        spawn_local(async move {
            // The wallet may have been closed while the node answered.
            match host.create_address(node.id, label_or_next).await {
                Ok(_) => {
                    let _ = label.try_set(String::new());
                    let _ = error.try_set(None);
                }
                Err(refused) => drop(error.try_set(Some(refused))),
            }
        });
    };
    // Nothing but the label can be wrong with it.
    let trouble = move || match error.get() {
        None => String::new(),
        Some(LabError::Command(CommandError::BadArgument(_))) => t().label_invalid.to_owned(),
        Some(error) => in_words(&error),
    };
    view! {
        <h3>{tr(|t| t.addresses)}</h3>
        <ul class="list">
            <Each each=move || addresses.get() key=|entry| entry.address.clone() let:entry>
                {address(addresses, entry)}
            </Each>
        </ul>
        <form class="inline" on:submit=create>
            <input
                type="text"
                maxlength="40"
                placeholder=tr(|t| t.label)
                aria-label=tr(|t| t.label)
                data-testid=testid::WALLET_LABEL
                bind:value=label
            />
            <button type="submit" class="plain" data-testid=testid::WALLET_NEW_ADDRESS>{tr(|t| t.new_address)}</button>
        </form>
        <p class="error" role="alert">{words(trouble)}</p>
    }
}

/// A line of the addresses. It stays as its balance changes.
fn address(addresses: Memo<Vec<AddressEntry>>, entry: AddressEntry) -> AnyView {
    let AddressEntry { address, label, .. } = entry;
    let (shown, own, whole) = (format::middle(&address), address.clone(), address.clone());
    let balance = move || {
        addresses.with(|all| {
            let entry = all.iter().find(|entry| entry.address == own);
            entry.map(|entry| format::coins(entry.balance)).unwrap_or_default()
        })
    };
    view! {
        <li data-testid=testid::WALLET_ADDRESS data-address=whole>
            <b>{label}</b>
            <Copyable text=address shown/>
            <span class="grow"></span>
            <span class="figure">{words(balance)}</span>
        </li>
    }
    .into_any()
}

#[component]
fn History(node: NodeView) -> impl IntoView {
    let lab: Lab = expect_context();
    let id = node.id;
    // Asked again when the history has changed, and with each tip, for confirmations count up.
    let changed = Memo::new(move |_| (node.read(|snapshot| snapshot.wallet.revision), node.tip()));
    let answered = answer(lab, id, move || {
        changed.get();
        Command::History
    });
    let history = Memo::new(move |_| match answered.get() {
        Some(Ok(Reply::History(entries))) => entries,
        _ => Vec::new(),
    });
    let trouble = move || match answered.get() {
        None => t().loading.to_owned(),
        Some(Err(error)) => in_words(&error),
        Some(Ok(_)) if history.with(Vec::is_empty) => t().no_history.to_owned(),
        Some(Ok(_)) => history.with(|all| match all.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => fill(t().more_history, &[&more]),
        }),
    };
    view! {
        <h3>{tr(|t| t.history)}</h3>
        <ul class="list history">
            <Each
                each=move || history.with(|all| all.iter().take(SHOWN).cloned().collect::<Vec<_>>())
                key=|entry| entry.txid
                let:entry
            >
                {entry_line(id, history, entry)}
            </Each>
        </ul>
        <p class="quiet">{words(trouble)}</p>
    }
}

/// A line of the history. It stays as its confirmations count up.
fn entry_line(id: NodeId, history: Memo<Vec<WalletTransaction>>, entry: WalletTransaction) -> AnyView {
    let ui = use_ui();
    let (txid, coinbase) = (entry.txid, entry.coinbase);
    let to = entry.to.first().map(|address| format::middle(address)).unwrap_or_default();
    let paid = entry.net.to_sat() < 0;
    let what = move || match (coinbase, paid) {
        (true, _) => t().reward.to_owned(),
        (false, true) => fill(t().paid_to, &[&to]),
        (false, false) => t().received.to_owned(),
    };
    let now = Memo::new(move |_| {
        history.with(|all| {
            let entry = all.iter().find(|entry| entry.txid == txid)?;
            Some((entry.confirmations, entry.conflicted))
        })
    });
    let count = move || now.get().map_or(0, |(confirmations, _)| confirmations);
    let standing = move || match now.get() {
        Some((_, true)) => t().conflicted.to_owned(),
        _ if count() >= SETTLED => fill(t().settled, &[&count()]),
        _ => confirmations(count()),
    };
    view! {
        <li data-testid=testid::WALLET_ENTRY data-confirmations=words(move || count().to_string())>
            <button
                type="button"
                class="link"
                data-testid=testid::WALLET_TRANSACTION
                on:click=move |_| ui.show(Panel::Transaction(id, txid))
            >
                {words(what)}
            </button>
            <small class="quiet">{format::clock_time(entry.time)} " · " {words(standing)}</small>
            <span class="grow"></span>
            <b class="figure" class:gain=!paid>{format::signed_coins(entry.net)}</b>
        </li>
    }
    .into_any()
}
