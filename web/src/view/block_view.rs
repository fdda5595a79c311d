//! A block in full: its fields, its transactions, its bytes with the header's fields in their colours.

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
use terrarium_core::interface::{BlockDetail, Command, CommandError, NodeId, Reply, TransactionDetail};
use terrarium_core::primitives::BlockHash;

/// The header's fields in the order of their bytes: the class of its colour and its length.
const HEADER: [(&str, usize); 6] =
    [("version", 4), ("previous", 32), ("merkle", 32), ("time", 4), ("bits", 4), ("nonce", 4)];

/// Hex digits of a block that are shown; the whole is copied.
const SHOWN_HEX: usize = 4_000;

/// A block as a node has it.
#[component]
pub(crate) fn BlockPanel(id: NodeId, hash: BlockHash) -> impl IntoView {
    let lab: Lab = expect_context();
    // Whether it is in the active chain changes with the tip.
    let tip = Memo::new(move |_| lab.state.node(id).and_then(|node| node.tip()));
    let block = answer(lab, id, move || {
        tip.get();
        Command::ShowBlock { hash }
    });
    // Apart, so that a tip that changes nothing else leaves everything, and the focus, where it is.
    let active = Memo::new(move |_| match block.get() {
        Some(Ok(Reply::Block(detail))) => detail.active,
        _ => false,
    });
    let detail = Memo::new(move |_| {
        block.get().map(|outcome| match outcome? {
            Reply::Block(detail) => Ok(BlockDetail { active: false, ..*detail }),
            _ => Err(LabError::Command(CommandError::Ended(id))),
        })
    });
    let text = hash.to_string();
    view! {
        <div class="headline">
            <span class="swatch large" style=format::hue_style(&text)></span>
            <Copyable text=text.clone() shown=format::short(&text)/>
        </div>
        {part(move || match detail.get() {
            None => view! { <p class="quiet">{tr(|t| t.loading)}</p> }.into_any(),
            Some(Ok(detail)) => view! { <Detail id detail active/> }.into_any(),
            Some(Err(error)) => view! { <p class="error">{words(move || in_words(&error))}</p> }.into_any(),
        })}
    }
}

#[component]
fn Detail(id: NodeId, detail: BlockDetail, active: Memo<bool>) -> impl IntoView {
    let BlockDetail { summary, version, merkle_root, bits, nonce, size, transactions, hex, .. } = detail;
    let miner = summary.miner.clone().map(|address| {
        let shown = format::middle(&address);
        view! { <Copyable text=address shown/> }
    });
    // A light node has none.
    let has_body = size > 0;
    let standing = move || (if active.get() { t().in_active_chain } else { t().stale }).to_owned();
    view! {
        <dl class="fields">
            <dt>{tr(|t| t.standing)}</dt>
            <dd role="status">{words(standing)}</dd>
            <dt>{tr(|t| t.height)}</dt>
            <dd>{summary.height.to_string()}</dd>
            <dt class="byte-previous">{tr(|t| t.previous_block)}</dt>
            <dd>{parent(id, summary.previous)}</dd>
            <dt class="byte-time">{tr(|t| t.time)}</dt>
            <dd>{format::clock_time(summary.time)} <small>{summary.time.to_string()}</small></dd>
            <dt class="byte-version">{tr(|t| t.version)}</dt>
            <dd class="mono">{format!("0x{version:08x}")}</dd>
            <dt class="byte-merkle">{tr(|t| t.merkle_root)}</dt>
            <dd><Copyable text=merkle_root.clone() shown=format::middle(&merkle_root)/></dd>
            <dt class="byte-bits">{tr(|t| t.bits)}</dt>
            <dd class="mono">{format!("0x{bits:08x}")}</dd>
            <dt class="byte-nonce">{tr(|t| t.nonce)}</dt>
            <dd>{format::count(u64::from(nonce))}</dd>
            {has_body.then(|| view! {
                <dt>{tr(|t| t.size)}</dt>
                <dd>{fill("{0} B", &[&format::count(size as u64)])}</dd>
                <dt>{tr(|t| t.miner)}</dt>
                <dd>{miner}</dd>
            })}
        </dl>
        {if has_body {
            view! {
                <Transactions id transactions/>
                <h3>{tr(|t| t.bytes)} <Copyable text=hex.clone() shown=String::new()/></h3>
                <HeaderBytes hex/>
            }
            .into_any()
        } else {
            view! { <p class="quiet">{tr(|t| t.header_alone)}</p> }.into_any()
        }}
    }
}

/// The way to the parent; a genesis block has none.
fn parent(id: NodeId, previous: BlockHash) -> AnyView {
    let ui = use_ui();
    if previous == BlockHash::ZERO {
        return view! { <span class="quiet">{tr(|t| t.genesis)}</span> }.into_any();
    }
    let text = previous.to_string();
    view! {
        <button
            type="button"
            class="link mono"
            data-testid=testid::BLOCK_PARENT
            on:click=move |_| ui.show(Panel::Block(id, previous))
        >
            <span class="swatch" style=format::hue_style(&text)></span>
            {format::middle(&text)}
        </button>
    }
    .into_any()
}

#[component]
fn Transactions(id: NodeId, transactions: Vec<TransactionDetail>) -> impl IntoView {
    let ui = use_ui();
    let count = transactions.len();
    let list = transactions.into_iter().enumerate().map(|(index, transaction)| {
        let txid = transaction.txid;
        view! {
            <li>
                <button
                    type="button"
                    class="link mono"
                    data-testid=testid::BLOCK_TRANSACTION
                    on:click=move |_| ui.show(Panel::Transaction(id, txid))
                >
                    {format::middle(&txid.to_string())}
                </button>
                <span class="quiet">{words(move || (if index == 0 { t().coinbase } else { "" }).to_owned())}</span>
            </li>
        }
    });
    view! {
        <h3>{words(move || fill(t().transactions, &[&count]))}</h3>
        <ul class="list">{list.into_views()}</ul>
    }
}

/// The block's bytes: the header's fields coloured as beside their names, then the transactions.
#[component]
fn HeaderBytes(hex: String) -> impl IntoView {
    let mut rest = hex.as_str();
    let mut fields = Vec::new();
    for (class, length) in HEADER {
        let (field, after) = rest.split_at_checked(length * 2).unwrap_or((rest, ""));
        rest = after;
        fields.push(view! { <span class=format!("byte-{class}")>{field.to_owned()}</span> });
    }
    let cut = rest.len() > SHOWN_HEX;
    let body = rest.get(..SHOWN_HEX).unwrap_or(rest).to_owned();
    view! { <p class="hex" tabindex="0">{fields} <span>{body}</span> {cut.then_some("…")}</p> }
}
