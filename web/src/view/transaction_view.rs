//! A transaction in full: what it spends, what it pays, its bytes.

use super::answer::answer;
use super::format;
use super::hash::Copyable;
use super::refusal::in_words;
use super::ui::{Panel, use_ui};
use super::words::{IntoViews as _, part, tr, words};
use crate::i18n::{fill, t};
use crate::lab::{Lab, LabError};
use crate::testid;
use leptos::prelude::*;
use terrarium_core::interface::{
    Command, CommandError, InputDetail, NodeId, OutputDetail, Reply, TransactionDetail,
};
use terrarium_core::primitives::{BlockHash, Height, Txid};

/// A transaction as a node has it.
#[component]
pub(crate) fn TransactionPanel(id: NodeId, txid: Txid) -> impl IntoView {
    let lab: Lab = expect_context();
    let tip = Memo::new(move |_| lab.state.node(id).and_then(|node| node.tip()));
    let transaction = answer(lab, id, move || {
        tip.get();
        Command::ShowTransaction { txid }
    });
    // Apart, so that a tip that changes nothing else leaves everything, and the focus, where it is.
    let place = Memo::new(move |_| match transaction.get() {
        Some(Ok(Reply::Transaction(detail))) => detail.block,
        _ => None,
    });
    let detail = Memo::new(move |_| {
        transaction.get().map(|outcome| match outcome? {
            Reply::Transaction(detail) => Ok(TransactionDetail { block: None, ..*detail }),
            _ => Err(LabError::Command(CommandError::Ended(id))),
        })
    });
    let text = txid.to_string();
    view! {
        <div class="headline"><Copyable text=text.clone() shown=format::middle(&text)/></div>
        {part(move || match detail.get() {
            None => view! { <p class="quiet">{tr(|t| t.loading)}</p> }.into_any(),
            Some(Ok(detail)) => view! { <Detail id detail place/> }.into_any(),
            Some(Err(error)) => view! { <p class="error">{words(move || in_words(&error))}</p> }.into_any(),
        })}
    }
}

/// The block that a transaction is in, and its height.
type Place = Option<(BlockHash, Height)>;

#[component]
fn Detail(id: NodeId, detail: TransactionDetail, place: Memo<Place>) -> impl IntoView {
    let TransactionDetail { version, lock_time, inputs, outputs, hex, .. } = detail;
    let inputs = inputs.iter().map(|input| view! { <li>{spends(id, input)}</li> }).into_views();
    let outputs = outputs.into_iter().map(|output| view! { <li>{pays(output)}</li> }).into_views();
    view! {
        <dl class="fields">
            <dt>{tr(|t| t.block)}</dt>
            <dd role="status">{part(move || in_block(id, place.get()))}</dd>
            <dt>{tr(|t| t.version)}</dt>
            <dd>{version.to_string()}</dd>
            <dt>{tr(|t| t.lock_time)}</dt>
            <dd>{lock_time.to_string()}</dd>
            <dt>{tr(|t| t.size)}</dt>
            <dd>{fill("{0} B", &[&format::count((hex.len() / 2) as u64)])}</dd>
        </dl>
        <h3>{tr(|t| t.spends)}</h3>
        <ul class="list">{inputs}</ul>
        <h3>{tr(|t| t.pays)}</h3>
        <ul class="list">{outputs}</ul>
        <h3>{tr(|t| t.bytes)} <Copyable text=hex.clone() shown=String::new()/></h3>
        <p class="hex" tabindex="0">{hex}</p>
    }
}

/// The way to its block, once it is in one.
fn in_block(id: NodeId, place: Place) -> AnyView {
    let ui = use_ui();
    let Some((hash, height)) = place else {
        return view! { <span>{tr(|t| t.waits_for_block)}</span> }.into_any();
    };
    let text = hash.to_string();
    let style = format::hue_style(&text);
    view! {
        <button
            type="button"
            class="link"
            data-testid=testid::TRANSACTION_BLOCK
            on:click=move |_| ui.show(Panel::Block(id, hash))
        >
            <span class="swatch" style=style></span>
            {words(move || fill(t().block_named, &[&height, &format::short(&text)]))}
        </button>
    }
    .into_any()
}

/// An input: the output that it spends, or new coins.
fn spends(id: NodeId, input: &InputDetail) -> AnyView {
    let ui = use_ui();
    let InputDetail::Spends { txid, vout, .. } = *input else {
        return view! { <span>{tr(|t| t.new_coins)}</span> }.into_any();
    };
    let shown = format!("{}:{vout}", format::middle(&txid.to_string()));
    view! {
        <button
            type="button"
            class="link mono"
            data-testid=testid::TRANSACTION_INPUT
            on:click=move |_| ui.show(Panel::Transaction(id, txid))
        >
            {shown}
        </button>
    }
    .into_any()
}

/// An output: how much, and to which address or script.
fn pays(output: OutputDetail) -> AnyView {
    let address = output.address.unwrap_or(output.script);
    let value = output.value.to_string();
    let shown = format::middle(&address);
    view! { <b class="figure">{value}</b> " → " <Copyable text=address shown/> }.into_any()
}
