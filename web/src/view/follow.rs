//! The way of a payment into the chain: sent, in the mempools, in a block, confirmed.

use super::format;
use super::icon::{Icon, icon};
use super::ui::{Panel, use_ui};
use super::words::{self, part, tr, words};
use crate::i18n::{fill, t};
use crate::lab::Lab;
use crate::lab::state::FollowedPayment;
use crate::testid;
use leptos::prelude::*;
use terrarium_core::interface::{Command, NodeId, Reply};
use terrarium_core::primitives::{BlockHash, Height, Txid};
use wasm_bindgen_futures::spawn_local;

/// Confirmations after which a payment needs no watching any more.
const SETTLED: u32 = 6;

/// The strip that follows the last payment.
#[component]
pub(crate) fn Followed() -> impl IntoView {
    let ui = use_ui();
    move || ui.followed.get().map(|payment| view! { <Strip payment/> })
}

#[component]
fn Strip(payment: FollowedPayment) -> impl IntoView {
    let lab: Lab = expect_context();
    let ui = use_ui();
    let (from, txid) = (payment.from, payment.txid);
    let block = confirming_block(lab, from, txid);
    let waiting = Memo::new(move |_| mempools(lab, txid));
    let height = Memo::new(move |_| {
        let node = lab.state.node(from)?;
        node.read(|snapshot| snapshot.chain.as_ref().map(|chain| chain.height)).flatten()
    });
    let confirmations = Memo::new(move |_| {
        let (_, at) = block.get()?;
        Some((height.get()?.0 + 1).saturating_sub(at.0))
    });
    let step = move |reached: bool, text: String| {
        view! { <li class:reached=reached>{text}</li> }
    };
    let payer = untrack(|| lab.state.node(from)).map_or_else(|| from.to_string(), |node| node.title());
    let summary = {
        let payment = payment.clone();
        move || fill(t().payment, &[&format::coins(payment.amount), &payer, &payment.to])
    };
    let in_block = move || match block.get() {
        Some((hash, at)) => fill(t().in_block, &[&at, &format::short(&hash.to_string())]),
        None => t().waits_for_block.to_owned(),
    };
    let sent = move || match block.get() {
        Some(_) => t().sent.to_owned(),
        None => fill(t().in_mempools, &[&waiting.get()]),
    };
    let confirmed = move || words::confirmations(confirmations.get().unwrap_or(0));
    view! {
        <section class="followed" data-testid=testid::FOLLOWED aria-label=tr(|t| t.followed)>
            <button
                type="button"
                class="link"
                data-testid=testid::FOLLOWED_TRANSACTION
                on:click=move |_| ui.show(Panel::Transaction(from, txid))
            >
                {words(summary)}
            </button>
            <ol role="status">
                {part(move || step(true, sent()))}
                {part(move || step(block.get().is_some(), in_block()))}
                {part(move || step(confirmations.get().is_some_and(|n| n >= SETTLED), confirmed()))}
            </ol>
            <button
                type="button"
                class="round"
                aria-label=tr(|t| t.close)
                data-testid=testid::FOLLOWED_CLOSE
                on:click=move |_| ui.followed.set(None)
            >
                {icon(Icon::Close)}
            </button>
        </section>
    }
}

/// In how many mempools the transaction waits.
fn mempools(lab: Lab, txid: Txid) -> usize {
    let nodes = lab.state.nodes.get();
    let has = |node: &&crate::lab::state::NodeView| {
        node.read(|snapshot| snapshot.mempool.txids.contains(&txid)).unwrap_or(false)
    };
    nodes.iter().filter(has).count()
}

/// The block that has the transaction, asked of the payer again with each of its tips.
fn confirming_block(lab: Lab, from: NodeId, txid: Txid) -> ReadSignal<Option<(BlockHash, Height)>> {
    let (block, set_block) = signal(None);
    let tip = Memo::new(move |_| lab.state.node(from).and_then(|node| node.tip()));
    Effect::new(move |_| {
        if tip.get().is_none() {
            return;
        }
        spawn_local(async move {
            let found = match lab.exec(from, Command::ShowTransaction { txid }).await {
                Ok(Reply::Transaction(detail)) => detail.block,
                // Neither in a block nor in the mempool now; the next tip may say otherwise.
                _ => None,
            };
            // The strip may have been closed while the node answered.
            let _ = set_block.try_set(found);
        });
    });
    block
}
