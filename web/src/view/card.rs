//! A node's card: who it is, its last blocks, its figures, its dial, what can be done to it, its console and log.

use super::console::Console;
use super::dial::Dial;
use super::each::Each;
use super::format;
use super::icon::{Icon, icon};
use super::log::NodeLog;
use super::progress::Progress;
use super::refusal::in_words;
use super::role::{present_role, role_about, role_word};
use super::ui::{Dialog, Panel, use_ui};
use super::warning;
use super::when::When;
use super::words::{IntoViews as _, holds, part, tr, words};
use crate::i18n::{fill, t};
use crate::lab::host::PageHost;
use crate::lab::state::{NodeView, Phase, name_of};
use crate::lab::trace::Recording;
use crate::lab::{Lab, LabError};
use crate::testid;
use leptos::prelude::*;
use std::future::Future;
use terrarium_console::Terminal;
use terrarium_core::interface::{Command, NodeSnapshot, Role};
use wasm_bindgen_futures::spawn_local;

/// Blocks in the stripe.
const STRIPE: usize = 8;

/// All cards, side by side.
#[component]
pub(crate) fn Cards() -> impl IntoView {
    let lab: Lab = expect_context();
    let ui = use_ui();
    let none = move || lab.state.nodes.with(Vec::is_empty);
    view! {
        <section class="cards" aria-labelledby="nodes-title">
            <h2 id="nodes-title" class="sr">{tr(|t| t.nodes)}</h2>
            <Each each=move || lab.state.nodes.get() key=|node| node.id let:node>
                <Card node/>
            </Each>
            <When holds=holds(none)>
                <div class="panel empty-lab">
                    <p>{tr(|t| t.no_nodes_yet)}</p>
                    <button
                        type="button"
                        class="primary"
                        data-testid=testid::EMPTY_ADD_NODE
                        on:click=move |_| ui.ask(Dialog::AddNode)
                    >
                        {tr(|t| t.add_node)}
                    </button>
                </div>
            </When>
        </section>
    }
}

/// Which of the two is in sight at the card's foot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Foot {
    Console,
    Log,
}

/// Why the last thing that was asked through the card could not be done.
#[derive(Clone, Copy)]
pub(crate) struct Refused(RwSignal<Option<LabError>>);

impl Refused {
    /// Does something for a card and tells if that failed.
    pub(super) fn tell(self, act: impl Future<Output = Result<(), LabError>> + 'static) {
        spawn_local(async move {
            let outcome = act.await;
            // The card may be gone by now.
            let _ = self.0.try_set(outcome.err());
        });
    }
}

/// One node's card.
#[component]
fn Card(node: NodeView) -> impl IntoView {
    let foot = RwSignal::new(Foot::Console);
    let refused = Refused(RwSignal::new(None));
    let id = node.id;
    // The console keeps what was typed while the log is in sight.
    let at = move |which: Foot| foot.get() != which;
    view! {
        <article
            class="panel card"
            id=format!("node-{id}")
            tabindex="-1"
            data-testid=testid::CARD
            data-node=id.to_string()
            aria-label=words(move || node.title())
        >
            <Head node/>
            <Notices node refused/>
            <Progress node/>
            <Stripe node/>
            <Figures node/>
            <Dial node refused/>
            <Buttons node refused/>
            <FootTabs node foot/>
            <div hidden=holds(move || at(Foot::Console))><Console terminal=Terminal::at(id) about=node.title()/></div>
            <div hidden=holds(move || at(Foot::Log))><NodeLog node/></div>
        </article>
    }
}

#[component]
fn Head(node: NodeView) -> impl IntoView {
    let ui = use_ui();
    let height = move || match node
        .read(|snapshot| snapshot.chain.as_ref().map(|chain| (chain.height, chain.headers)))
    {
        Some(Some((height, headers))) if headers > height => fill(t().syncing, &[&height, &headers]),
        Some(Some((height, _))) => height.to_string(),
        _ => "–".to_owned(),
    };
    let state = Memo::new(move |_| state_of(node));
    // Running is the rule: only screen readers are told, who do not see the dot.
    let words_are_usual = holds(move || state.get() == State::Running);
    let id = node.id;
    view! {
        <h3>
            <span class=words(move || format!("dot {}", state.get().class())) aria-hidden="true"></span>
            <span class="figure">{id.to_string()} " " {name_of(id)}</span>
            <small class="role-word" title=words(move || role_about(present_role(node)).to_owned())>{words(move || role_word(present_role(node)).to_owned())}</small>
            <small class="state" class:sr=words_are_usual data-testid=testid::CARD_STATE data-state=words(move || state.get().class().to_owned())>
                {words(move || state.get().word().to_owned())}
            </small>
            <span class="grow"></span>
            <small class="figure" data-testid=testid::CARD_HEIGHT title=tr(|t| t.height)>{height}</small>
            <button
                type="button"
                class="round"
                data-testid=testid::REMOVE_NODE
                title=tr(|t| t.remove)
                aria-label=words(move || fill(t().remove_node, &[&node.title()]))
                on:click=move |_| ui.ask(Dialog::Remove(id))
            >
                {icon(Icon::Close)}
            </button>
        </h3>
    }
}

/// What a node does, as its card says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Running,
    Stopped,
    Watched,
    Ended,
    Crashed,
}

impl State {
    fn class(self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Running => "running",
            State::Stopped => "stopped",
            State::Watched => "viewer",
            State::Ended => "killed",
            State::Crashed => "crashed",
        }
    }

    fn word(self) -> &'static str {
        match self {
            State::Starting => t().state_starting,
            State::Running => t().state_running,
            State::Stopped => t().state_stopped,
            State::Watched => t().state_viewer,
            State::Ended => t().state_killed,
            State::Crashed => t().state_crashed,
        }
    }
}

fn state_of(node: NodeView) -> State {
    let running = node.is_running();
    node.status.with(|status| match status.phase {
        Phase::Starting => State::Starting,
        Phase::Killed => State::Ended,
        Phase::Crashed => State::Crashed,
        Phase::Up if status.viewer => State::Watched,
        Phase::Up if running => State::Running,
        Phase::Up => State::Stopped,
    })
}

/// What is unusual: crash, storage, another tab, what may be an attack.
#[component]
fn Notices(node: NodeView, refused: Refused) -> impl IntoView {
    let crash = move || {
        node.status.with(|status| {
            let text = status.crash.clone()?;
            Some(if status.phase == Phase::Crashed {
                fill(t().crashed, &[&text])
            } else {
                fill(t().crashed_and_restarted, &[&text])
            })
        })
    };
    let memory = move || {
        node.status.with(|status| status.memory_only.as_ref().map(|why| fill(t().memory_only, &[why])))
    };
    let viewer = move || node.status.with(|status| status.viewer).then(|| t().viewer.to_owned());
    let repaired = move || {
        node.status.with(|status| {
            (!status.repaired.is_empty()).then(|| fill(t().repaired, &[&status.repaired.join("; ")]))
        })
    };
    let store = move || {
        node.read(|snapshot| snapshot.store_failure.as_ref().map(|why| fill(t().store_failed, &[why])))
            .flatten()
    };
    let up = move || node.status.with(|status| status.phase == Phase::Up);
    let warnings = move || {
        let active = |snapshot: &NodeSnapshot| {
            snapshot.watch.warnings.iter().map(|active| active.warning.clone()).collect::<Vec<_>>()
        };
        up().then(|| node.read(active)).flatten().unwrap_or_default()
    };
    let in_sight = Memo::new(move |_| warnings());
    let recorded = Memo::new(move |_| {
        node.trace.with(|trace| trace.is_some_and(|recorded| recorded.state == Recording::On))
    });
    let notice = |kind: &'static str, text: Option<String>| {
        text.map(|text| {
            view! { <p class=format!("notice {kind}") role="status" data-testid=testid::CARD_NOTICE data-kind=kind>{text}</p> }
        })
    };
    view! {
        {part(move || notice("crash", crash()))}
        {part(move || notice("store", store()))}
        {part(move || notice("memory", memory()))}
        {part(move || notice("repaired", repaired()))}
        {part(move || notice("viewer", viewer()))}
        {part(move || notice("recorded", recorded.get().then(|| t().recorded.to_owned())))}
        {part(move || in_sight.get().iter().map(|warning| notice("attack", Some(warning::in_words(warning)))).into_views())}
        {part(move || notice("refused", refused.0.with(|error| error.as_ref().map(in_words))))}
    }
}

/// The last blocks; equal stripes are agreement.
#[component]
fn Stripe(node: NodeView) -> impl IntoView {
    let ui = use_ui();
    let blocks = Memo::new(move |_| {
        let last = |snapshot: &NodeSnapshot| {
            let recent = snapshot.chain.as_ref().map(|chain| chain.recent.as_slice()).unwrap_or_default();
            let from = recent.len().saturating_sub(STRIPE);
            recent[from..].iter().map(|block| (block.hash, block.height)).collect::<Vec<_>>()
        };
        node.read(last).unwrap_or_default()
    });
    let tip = Memo::new(move |_| blocks.with(|blocks| blocks.last().map(|(hash, _)| *hash)));
    let block =
        move |(hash, height): (terrarium_core::primitives::BlockHash, terrarium_core::primitives::Height)| {
            let text = hash.to_string();
            view! {
                <button
                    type="button"
                    class="blk"
                    class:tip=holds(move || tip.get() == Some(hash))
                    style=format::hue_style(&text)
                    title=format!("{height} {}", format::short(&text))
                    aria-label=words(move || fill(t().block_named, &[&height, &format::short(&text)]))
                    data-testid=testid::CARD_BLOCK
                    on:click=move |_| ui.show(Panel::Block(node.id, hash))
                >
                    {format::tail(&hash.to_string(), 4).to_owned()}
                </button>
            }
        };
    let gaps = move || STRIPE - blocks.with(Vec::len);
    view! {
        <div class="stripe" role="group" aria-label=tr(|t| t.last_blocks)>
            {move || (0..gaps()).map(|_| view! { <span class="blk none"></span> }).into_views()}
            <Each each=move || blocks.get() key=|(hash, _)| *hash let:entry>
                {block(entry)}
            </Each>
        </div>
    }
}

#[component]
fn Figures(node: NodeView) -> impl IntoView {
    let ui = use_ui();
    let balance = move || node.read(|snapshot| format::coins(snapshot.wallet.balance));
    let pending = move || {
        let amount = node.read(|snapshot| snapshot.wallet.pending).unwrap_or_default();
        (amount.to_sat() != 0).then(|| format::signed_coins(amount))
    };
    let mempool = move || node.read(|snapshot| format::count(snapshot.mempool.count as u64));
    let peers = move || {
        let up = |snapshot: &NodeSnapshot| {
            let connected = terrarium_core::interface::PeerState::Connected;
            snapshot.peers.iter().filter(|peer| peer.state == connected).count()
        };
        // A worker that has ended has none, whatever its last snapshot says.
        let there = node.status.with(|status| status.phase == Phase::Up);
        there.then(|| node.read(up).map(|count| count.to_string())).flatten()
    };
    let found = move || node.read(|snapshot| format::count(snapshot.mining.blocks_found));
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    view! {
        <dl class="figures">
            <div>
                <dt>{tr(|t| t.balance)}</dt>
                <dd>
                    <span data-testid=testid::CARD_BALANCE>{words(move || or_dash(balance()))}</span>
                    <small class="pending" title=tr(|t| t.pending)>{pending}</small>
                </dd>
            </div>
            <div><dt>{tr(|t| t.mempool)}</dt><dd data-testid=testid::CARD_MEMPOOL>{words(move || or_dash(mempool()))}</dd></div>
            <div>
                <dt>{tr(|t| t.peers)}</dt>
                <dd>
                    <button
                        type="button"
                        class="link"
                        aria-label=words(move || fill(t().peers_of, &[&node.title(), &or_dash(peers())]))
                        data-testid=testid::OPEN_PEERS
                        on:click=move |_| ui.show(Panel::Peers(node.id))
                    >
                        <span data-testid=testid::CARD_PEERS>{words(move || or_dash(peers()))}</span>
                        " ›"
                    </button>
                </dd>
            </div>
            <div><dt>{tr(|t| t.blocks_found)}</dt><dd data-testid=testid::CARD_FOUND>{words(move || or_dash(found()))}</dd></div>
        </dl>
    }
}

#[component]
fn Buttons(node: NodeView, refused: Refused) -> impl IntoView {
    let lab: Lab = expect_context();
    let ui = use_ui();
    let id = node.id;
    let up = move || node.status.with(|status| status.phase == Phase::Up && !status.viewer);
    let has_chain = move || node.read(|snapshot| snapshot.chain.is_some()).unwrap_or(false);
    let busy = RwSignal::new(false);
    let host: StoredValue<PageHost, LocalStorage> = expect_context();
    let new_address = move |_| {
        let host = host.with_value(PageHost::clone);
        refused.tell(async move {
            host.create_address(id, None).await?;
            ui.show(Panel::Wallet(id));
            Ok(())
        });
    };
    let mine = move |_| {
        busy.set(true);
        refused.tell(async move {
            let mined = lab.exec(id, Command::Generate { blocks: 1, address: None }).await;
            let _ = busy.try_set(false);
            mined.map(drop)
        });
    };
    view! {
        <div class="row">
            <button type="button" data-testid=testid::NEW_ADDRESS disabled=holds(move || !up()) on:click=new_address>
                {tr(|t| t.new_address)}
            </button>
            <button
                type="button"
                data-testid=testid::MINE_ONE
                disabled=holds(move || !up() || !has_chain() || busy.get() || present_role(node) == Role::Spv)
                on:click=mine
            >
                {tr(|t| t.mine_one)}
            </button>
            <StartOrStop node refused/>
        </div>
    }
}

/// One button with two meanings, so that it keeps the focus.
#[component]
fn StartOrStop(node: NodeView, refused: Refused) -> impl IntoView {
    let lab: Lab = expect_context();
    let id = node.id;
    let running = Memo::new(move |_| node.is_running());
    let impossible = move || node.status.with(|status| status.viewer || status.phase == Phase::Starting);
    let act = move |_| {
        if running.get_untracked() {
            refused.tell(async move { lab.stop(id).await });
        } else {
            refused.tell(async move { lab.start(id, None).await });
        }
    };
    view! {
        <button
            type="button"
            data-testid=move || if running.get() { testid::STOP_NODE } else { testid::START_NODE }
            disabled=holds(impossible)
            on:click=act
        >
            {words(move || (if running.get() { t().stop } else { t().start }).to_owned())}
        </button>
    }
}

#[component]
fn FootTabs(node: NodeView, foot: RwSignal<Foot>) -> impl IntoView {
    let ui = use_ui();
    let tab = move |own: Foot, testid: &'static str, text: fn() -> &'static str| {
        let chosen = move || foot.get() == own;
        view! {
            <button
                type="button"
                class:on=chosen
                aria-pressed=words(move || chosen().to_string())
                data-testid=testid
                on:click=move |_| foot.set(own)
            >
                {text}
            </button>
        }
    };
    view! {
        <div class="tabs">
            {tab(Foot::Console, testid::TAB_CONSOLE, || t().console)}
            {tab(Foot::Log, testid::TAB_LOG, || t().log)}
            <button
                type="button"
                class="open"
                data-testid=testid::OPEN_TRACE
                on:click=move |_| ui.ask(Dialog::Trace(node.id))
            >
                {tr(|t| t.trace)} " …"
            </button>
            <button
                type="button"
                class="open"
                data-testid=testid::OPEN_WALLET
                on:click=move |_| ui.show(Panel::Wallet(node.id))
            >
                {tr(|t| t.wallet)} " ›"
            </button>
        </div>
    }
}
