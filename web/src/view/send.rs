//! Paying: a form with its rules, in the dialog of the large button and in the wallet.

use super::dialog::Modal;
use super::format;
use super::refusal::in_words;
use super::ui::use_ui;
use super::when::When;
use super::words::{IntoViews as _, holds, tr, words};
use crate::i18n::{Texts, fill, t};
use crate::lab::host::PageHost;
use crate::lab::state::{FollowedPayment, NodeView};
use crate::lab::{Lab, LabError};
use crate::testid;
use leptos::prelude::*;
use terrarium_core::interface::{Command, CommandError, NodeId, Payer, Reply};
use terrarium_core::primitives::{Amount, ParseAmountError};
use wasm_bindgen_futures::spawn_local;

/// The recipient that stands for an address typed by hand.
const BY_ADDRESS: &str = "address";

/// The dialog of the large button.
#[component]
pub(crate) fn SendDialog() -> impl IntoView {
    let ui = use_ui();
    let title = Signal::derive(|| t().send.to_owned());
    view! {
        <Modal title>
            <SendForm on_sent=Callback::new(move |()| ui.dialog.set(None))/>
        </Modal>
    }
}

/// What is being typed.
#[derive(Clone, Copy)]
struct Draft {
    from: RwSignal<Option<NodeId>>,
    to: RwSignal<String>,
    address: RwSignal<String>,
    amount: RwSignal<String>,
    fee: RwSignal<String>,
    error: RwSignal<Option<Wrong>>,
    busy: RwSignal<bool>,
}

/// What is wrong with what was typed, or why the node refused it.
enum Wrong {
    Rule(Rule),
    /// No address of the payer can pay more than this now.
    TooLittle(Amount),
    Refused(LabError),
}

/// A rule of the form, by the text that names it.
type Rule = fn(&Texts) -> &'static str;

impl Wrong {
    fn in_words(&self) -> String {
        match self {
            Wrong::Rule(rule) => rule(t()).to_owned(),
            Wrong::TooLittle(balance) => fill(t().not_enough, &[&format::coins(*balance)]),
            Wrong::Refused(error) => in_words(error),
        }
    }
}

/// The form. `from` fixes who pays.
#[component]
pub(crate) fn SendForm(
    #[prop(optional)] from: Option<NodeId>,
    /// Called once a payment is on its way.
    on_sent: Callback<()>,
) -> impl IntoView {
    let lab: Lab = expect_context();
    let host: StoredValue<PageHost, LocalStorage> = expect_context();
    let ui = use_ui();
    let draft = Draft::new(&lab, from);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let payment = match draft.check(&lab) {
            Ok(payment) => payment,
            Err(wrong) => return draft.error.set(Some(wrong)),
        };
        draft.error.set(None);
        draft.busy.set(true);
        let host = host.with_value(PageHost::clone);
        spawn_local(async move {
            let sent = pay(lab, host, payment).await;
            // The form may have been closed while the node answered.
            let _ = draft.busy.try_set(false);
            match sent {
                Ok(followed) => {
                    ui.followed.set(Some(followed));
                    let _ = on_sent.try_run(());
                }
                Err(error) => drop(draft.error.try_set(Some(Wrong::Refused(error)))),
            }
        });
    };
    let error = move || draft.error.with(|error| error.as_ref().map(Wrong::in_words));
    view! {
        <form class="send" on:submit=submit novalidate>
            <When holds=holds(move || from.is_none())><PayerField draft/></When>
            <RecipientField draft/>
            <AmountFields draft/>
            <p class="error" role="alert" data-testid=testid::SEND_ERROR>{words(move || error().unwrap_or_default())}</p>
            <button type="submit" class="primary" data-testid=testid::SEND_SUBMIT disabled=draft.busy>
                {tr(|t| t.pay)}
            </button>
        </form>
    }
}

/// How much, and for how much.
#[component]
fn AmountFields(draft: Draft) -> impl IntoView {
    let lab: Lab = expect_context();
    let all = move |_| match draft.most(&lab) {
        Ok(most) => {
            draft.amount.set(most.to_string());
            draft.error.set(None);
        }
        Err(wrong) => draft.error.set(Some(wrong)),
    };
    // Typing replaces the amount that is there.
    let select_all = |event: web_sys::FocusEvent| event_target::<web_sys::HtmlInputElement>(&event).select();
    let field = move |name: Rule, testid: &'static str, value: RwSignal<String>| {
        view! {
            <label>
                <span>{tr(name)}</span>
                <input
                    type="text"
                    inputmode="decimal"
                    autofocus=testid == testid::SEND_AMOUNT
                    autocomplete="off"
                    placeholder=if testid == testid::SEND_FEE { "0" } else { "" }
                    data-testid=testid
                    on:focus=select_all
                    bind:value=value
                />
            </label>
        }
    };
    view! {
        <div class="amounts">
            {field(|t| t.amount, testid::SEND_AMOUNT, draft.amount)}
            <button type="button" class="plain" title=tr(|t| t.most_about) data-testid=testid::SEND_MAX on:click=all>
                {tr(|t| t.most)}
            </button>
            {field(|t| t.fee, testid::SEND_FEE, draft.fee)}
        </div>
    }
}

#[component]
fn PayerField(draft: Draft) -> impl IntoView {
    let lab: Lab = expect_context();
    let options = move || {
        let option = |node: NodeView| {
            let coins = format::coins(node.read(balance).unwrap_or_default());
            let text = format!("{} · {coins}", node.title());
            let chosen = move || draft.from.get() == Some(node.id);
            view! { <option value=node.id.to_string() prop:selected=chosen>{text}</option> }
        };
        lab.state.nodes.get().into_iter().map(option).into_views()
    };
    view! {
        <label>
            <span>{tr(|t| t.from)}</span>
            <select
                data-testid=testid::SEND_FROM
                on:change=move |event| draft.from.set(event_target_value(&event).parse().ok())
            >
                {options}
            </select>
        </label>
    }
}

#[component]
fn RecipientField(draft: Draft) -> impl IntoView {
    let lab: Lab = expect_context();
    let options = move || {
        let option = |node: NodeView| {
            let value = node.id.to_string();
            let own = value.clone();
            let chosen = move || draft.to.with(|to| *to == own);
            view! { <option value=value prop:selected=chosen>{node.title()}</option> }
        };
        lab.state.nodes.get().into_iter().map(option).into_views()
    };
    let by_address = move || draft.to.with(|to| to == BY_ADDRESS);
    view! {
        <label>
            <span>{tr(|t| t.to)}</span>
            <select
                data-testid=testid::SEND_TO
                on:change=move |event| draft.to.set(event_target_value(&event))
            >
                {options} <option value=BY_ADDRESS prop:selected=by_address>{tr(|t| t.an_address)}</option>
            </select>
        </label>
        <When holds=holds(by_address)>
            <label>
                <span>{tr(|t| t.address)}</span>
                <input
                    type="text"
                    class="mono"
                    autocomplete="off"
                    spellcheck="false"
                    data-testid=testid::SEND_ADDRESS
                    bind:value=draft.address
                />
            </label>
        </When>
    }
}

/// A payment that has passed the form's rules.
struct Payment {
    from: NodeId,
    /// The address that pays: the one that holds most.
    source: String,
    to: Recipient,
    amount: Amount,
    /// None leaves it to the node.
    fee: Option<Amount>,
}

enum Recipient {
    Node(NodeId),
    Address(String),
}

impl Draft {
    /// From whom the visitor came, else from whoever has most, to the next node.
    fn new(lab: &Lab, from: Option<NodeId>) -> Self {
        let nodes = lab.state.nodes.get_untracked();
        let of = |node: &&NodeView| untrack(|| node.read(balance)).unwrap_or_default();
        let from = from.or_else(|| nodes.iter().max_by_key(of).map(|node| node.id));
        let others = nodes.iter().map(|node| node.id).filter(|id| Some(*id) != from);
        let to = others.min_by_key(|id| Some(*id) < from);
        Draft {
            from: RwSignal::new(from),
            to: RwSignal::new(to.map_or_else(|| BY_ADDRESS.to_owned(), |id| id.to_string())),
            address: RwSignal::new(String::new()),
            amount: RwSignal::new("10".to_owned()),
            fee: RwSignal::new(String::new()),
            error: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    /// The payment, or what is wrong with it.
    fn check(&self, lab: &Lab) -> Result<Payment, Wrong> {
        let rule = |rule: Rule| Wrong::Rule(rule);
        let from = self.from.get_untracked().ok_or(rule(|t| t.choose_payer))?;
        let to = match self.to.get_untracked() {
            to if to == BY_ADDRESS => {
                let address = self.address.get_untracked().trim().to_owned();
                if address.is_empty() {
                    return Err(rule(|t| t.address_missing));
                }
                Recipient::Address(address)
            }
            node => Recipient::Node(node.parse().map_err(|_| rule(|t| t.choose_recipient))?),
        };
        let amount = read_amount(&self.amount.get_untracked()).map_err(Wrong::Rule)?;
        if amount == Amount::ZERO {
            return Err(rule(|t| t.amount_zero));
        }
        let fee = self.fee()?;
        let source = payer(lab, from)?;
        if amount.checked_add(fee.unwrap_or_default()).is_none_or(|sum| source.spendable < sum) {
            return Err(Wrong::TooLittle(source.spendable));
        }
        Ok(Payment { from, source: source.address, to, amount, fee })
    }

    /// The fee; none where nothing is typed.
    fn fee(&self) -> Result<Option<Amount>, Wrong> {
        let typed = self.fee.get_untracked();
        let typed = (!typed.trim().is_empty()).then(|| read_amount(&typed));
        typed.transpose().map_err(Wrong::Rule)
    }

    /// The most that the payer can pay at once, with the fee that is typed.
    fn most(&self, lab: &Lab) -> Result<Amount, Wrong> {
        let fee = self.fee()?;
        let from = self.from.get_untracked().ok_or(Wrong::Rule(|t| t.choose_payer))?;
        let source = payer(lab, from)?;
        let most = source.spendable.checked_sub(fee.unwrap_or_default()).filter(|most| *most > Amount::ZERO);
        most.ok_or(Wrong::TooLittle(source.spendable))
    }
}

/// An amount as people type it, full-width digits included; else the text that names the rule. A comma is a decimal
/// point to some and parts thousands for others, so it is neither.
fn read_amount(typed: &str) -> Result<Amount, Rule> {
    let half_width = |c: char| match c {
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
        '．' | '。' => '.',
        '－' | '−' => '-',
        other => other,
    };
    let typed: String = typed.trim().chars().map(half_width).collect();
    if typed.contains([',', '，', '、']) {
        return Err(|t| t.amount_comma);
    }
    Amount::parse_coins(&typed).map_err(|error| -> Rule {
        match error {
            ParseAmountError::NotANumber(_) => |t| t.amount_unreadable,
            ParseAmountError::Negative(_) => |t| t.amount_zero,
            ParseAmountError::TooManyPlaces(_) => |t| t.amount_too_fine,
            ParseAmountError::AboveMaxMoney(_) => |t| t.amount_too_large,
        }
    })
}

/// What a payer is shown to have.
fn balance(snapshot: &terrarium_core::interface::NodeSnapshot) -> Amount {
    snapshot.wallet.balance
}

/// The address of a node that can pay most, or why none can pay anything.
fn payer(lab: &Lab, id: NodeId) -> Result<Payer, Wrong> {
    let wallet = lab.nodes(|nodes| Some(nodes.get(&id)?.snapshot()?.wallet.clone())).unwrap_or_default();
    let is_empty = [wallet.balance, wallet.pending, wallet.immature].iter().all(|sum| *sum == Amount::ZERO);
    wallet.payer.ok_or(Wrong::Rule(if is_empty { |t| t.no_coins } else { |t| t.not_enough_now }))
}

async fn pay(lab: Lab, host: PageHost, payment: Payment) -> Result<FollowedPayment, LabError> {
    let Payment { from, source, to, amount, fee } = payment;
    let (to, name) = match to {
        Recipient::Address(address) => (address.clone(), format::middle(&address)),
        Recipient::Node(id) => {
            let title = untrack(|| lab.state.node(id)).map_or_else(|| id.to_string(), |node| node.title());
            (address_of(lab, &host, id).await?, title)
        }
    };
    let command = Command::Send { from: source, to, amount, fee, mine: false };
    match lab.exec(from, command).await? {
        Reply::Sent { txid, .. } => Ok(FollowedPayment { from, to: name, amount, txid }),
        _ => Err(LabError::Command(CommandError::Ended(from))),
    }
}

/// An address of a node: its first, or a new one where it has none.
async fn address_of(lab: Lab, host: &PageHost, id: NodeId) -> Result<String, LabError> {
    let first = |nodes: &crate::lab::port::Nodes| {
        Some(nodes.get(&id)?.snapshot()?.wallet.addresses.first()?.address.clone())
    };
    if let Some(address) = lab.nodes(first) {
        return Ok(address);
    }
    host.create_address(id, None).await.map(|entry| entry.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(typed: &str) -> &'static str {
        read_amount(typed).map_err(|pick| pick(crate::i18n::t_now())).unwrap_err()
    }

    #[test]
    fn full_width_digits_are_digits() {
        assert_eq!(read_amount(" １２．５ ").ok(), Amount::parse_coins("12.5").ok());
    }

    #[test]
    fn a_comma_is_refused_and_not_taken_for_a_point() {
        let t = crate::i18n::t_now();
        assert_eq!([refusal("1,5"), refusal("1，000")], [t.amount_comma; 2]);
    }

    #[test]
    fn a_refused_amount_names_the_rule() {
        let t = crate::i18n::t_now();
        assert_eq!(refusal("0.123456789"), t.amount_too_fine);
        assert_eq!(refusal("21000001"), t.amount_too_large);
        assert_eq!(refusal("-1"), t.amount_zero);
        assert_eq!(refusal("ten"), t.amount_unreadable);
    }
}
