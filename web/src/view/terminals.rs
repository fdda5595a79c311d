//! Free terminals, side by side: each has a NODE_ID of its own, as the seeds' terminals have.

use super::console::Console;
use super::each::Each;
use super::focus;
use super::icon::{Icon, icon};
use super::words::{holds, tr, words};
use crate::i18n::{fill, t};
use crate::testid;
use leptos::prelude::*;
use terrarium_console::Terminal;

/// Where one types in the terminal that was opened last.
const NEW_PROMPT: &str = ".terminal:last-child input";

/// Terminals at a time.
const MAX_TERMINALS: usize = 12;

/// The terminals, and the button for one more. `open` are there from the beginning.
#[component]
pub(crate) fn Terminals(open: u32) -> impl IntoView {
    let numbers = RwSignal::new((1..=open).collect::<Vec<u32>>());
    let next = StoredValue::new(open + 1);
    let add = move |_| {
        let number = next.get_value();
        next.set_value(number + 1);
        numbers.update(|numbers| numbers.push(number));
        focus::move_to(NEW_PROMPT);
    };
    let close = move |number| {
        numbers.update(|numbers| numbers.retain(|other| *other != number));
        focus::catch(testid::NEW_TERMINAL, None);
    };
    view! {
        <section class="terminals" aria-label=tr(|t| t.terminals)>
            <h2>
                <span>{tr(|t| t.terminals)}</span>
                <span class="quiet">{tr(|t| t.terminals_about)}</span>
                <span class="grow"></span>
                <button
                    type="button"
                    class="plain"
                    data-testid=testid::NEW_TERMINAL
                    disabled=holds(move || numbers.with(|numbers| numbers.len() >= MAX_TERMINALS))
                    on:click=add
                >
                    {icon(Icon::Add)} {tr(|t| t.new_terminal)}
                </button>
            </h2>
            <div class="cards">
                <Each each=move || numbers.get() key=|number| *number let:number>
                    <div class="panel terminal" data-testid=testid::TERMINAL>
                        <h3>
                            <span>{words(move || fill(t().terminal_named, &[&number]))}</span>
                            <span class="grow"></span>
                            <button
                                type="button"
                                class="round"
                                aria-label=tr(|t| t.close)
                                data-testid=testid::CLOSE_TERMINAL
                                on:click=move |_| close(number)
                            >
                                {icon(Icon::Close)}
                            </button>
                        </h3>
                        <Console terminal=Terminal::new() about=number.to_string()/>
                    </div>
                </Each>
            </div>
        </section>
    }
}
