//! A node's wallet: addresses with what they hold, paying, and the history with its confirmations.

use super::answer::answer;
use super::format;
use super::hash::Copyable;
use super::refusal::in_words;
use super::send::SendForm;
use super::ui::{Panel, use_ui};
use super::words::tr;
use crate::i18n::{fill, t};
use crate::lab::Lab;
use crate::lab::state::NodeView;
use crate::testid;
use leptos::prelude::*;
use terrarium_core::interface::{AddressEntry, Command, NodeId, Reply, SETTLED, WalletTransaction};
use wasm_bindgen_futures::spawn_local;

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
    let lab: Lab = expect_context();
    let label = RwSignal::new(String::new());
    let error = RwSignal::new(None::<String>);
    let addresses = move || node.read(|snapshot| snapshot.wallet.addresses.clone()).unwrap_or_default();
    let create = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = label.get_untracked().trim().to_owned();
        let command = Command::CreateWallet { label: (!typed.is_empty()).then_some(typed) };
        spawn_local(async move {
            // The wallet may have been closed while the node answered.
            match lab.exec(node.id, command).await {
                Ok(_) => drop(label.try_set(String::new())),
                Err(refused) => drop(error.try_set(Some(in_words(&refused)))),
            }
        });
    };
    view! {
        <h3>{tr(|t| t.addresses)}</h3>
        <ul class="list">
            <For each=addresses key=|entry| (entry.address.clone(), entry.balance) let:entry>
                {address(entry)}
            </For>
        </ul>
        <form class="inline" on:submit=create>
            <input type="text" maxlength="40" placeholder=tr(|t| t.label) aria-label=tr(|t| t.label) bind:value=label/>
            <button type="submit" class="plain">{tr(|t| t.new_address)}</button>
        </form>
        <p class="error" role="alert">{error}</p>
    }
}

fn address(entry: AddressEntry) -> impl IntoView {
    let shown = format::middle(&entry.address);
    let address = entry.address.clone();
    view! {
        <li data-testid=testid::WALLET_ADDRESS data-address=address>
            <b>{entry.label}</b>
            <Copyable text=entry.address shown/>
            <span class="grow"></span>
            <span class="figure">{format::coins(entry.balance)}</span>
        </li>
    }
}

#[component]
fn History(node: NodeView) -> impl IntoView {
    let lab: Lab = expect_context();
    let id = node.id;
    // Asked again when the history has changed, and with each tip, for confirmations count up.
    let changed = Memo::new(move |_| (node.read(|snapshot| snapshot.wallet.revision), node.tip()));
    let history = answer(lab, id, move || {
        changed.track();
        Command::History
    });
    let entries = move || match history.get() {
        Some(Ok(Reply::History(entries))) => {
            if entries.is_empty() {
                view! { <p class="quiet">{tr(|t| t.no_history)}</p> }.into_any()
            } else {
                entries.into_iter().map(|one| view! { <Entry id entry=one/> }).collect_view().into_any()
            }
        }
        Some(Err(error)) => view! { <p class="error">{error.to_string()}</p> }.into_any(),
        _ => view! { <p class="quiet">{tr(|t| t.loading)}</p> }.into_any(),
    };
    view! {
        <h3>{tr(|t| t.history)}</h3>
        <ul class="list history">{entries}</ul>
    }
}

#[component]
fn Entry(id: NodeId, entry: WalletTransaction) -> impl IntoView {
    let ui = use_ui();
    let txid = entry.txid;
    let conflicted = entry.conflicted;
    let (coinbase, count) = (entry.coinbase, entry.confirmations);
    let to = entry.to.first().map(|address| format::middle(address)).unwrap_or_default();
    let paid = entry.net.to_sat() < 0;
    let what = move || match (coinbase, paid) {
        (true, _) => t().reward.to_owned(),
        (false, true) => fill(t().paid_to, &[&to]),
        (false, false) => t().received.to_owned(),
    };
    let standing = move || match conflicted {
        true => t().conflicted.to_owned(),
        false if count >= SETTLED => fill(t().settled, &[&count]),
        false => fill(t().confirmations, &[&count]),
    };
    view! {
        <li data-testid=testid::WALLET_ENTRY data-confirmations=count.to_string()>
            <button type="button" class="link" on:click=move |_| ui.show(Panel::Transaction(id, txid))>{what}</button>
            <small class="quiet">{format::clock_time(entry.time)} " · " {standing}</small>
            <span class="grow"></span>
            <b class="figure" class:gain=!paid>{format::signed_coins(entry.net)}</b>
        </li>
    }
}
