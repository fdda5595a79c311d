//! Free terminals, side by side: each has a NODE_ID of its own, as the seeds' terminals have.

use super::console::Console;
use super::icon::{Icon, icon};
use crate::i18n::{fill, t};
use crate::testid;
use leptos::prelude::*;
use terrarium_console::Terminal;

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
    };
    view! {
        <section class="terminals" aria-label=move || t().terminals>
            <h2>
                <span>{move || t().terminals}</span>
                <span class="quiet">{move || t().terminals_about}</span>
                <span class="grow"></span>
                <button
                    type="button"
                    class="plain"
                    data-testid=testid::NEW_TERMINAL
                    disabled=move || numbers.with(|numbers| numbers.len() >= MAX_TERMINALS)
                    on:click=add
                >
                    {icon(Icon::Add)} {move || t().new_terminal}
                </button>
            </h2>
            <div class="cards">
                <For each=move || numbers.get() key=|number| *number let:number>
                    <div class="panel terminal" data-testid=testid::TERMINAL>
                        <h3>
                            <span>{move || fill(t().terminal_named, &[&number])}</span>
                            <span class="grow"></span>
                            <button
                                type="button"
                                class="round"
                                aria-label=move || t().close
                                data-testid=testid::CLOSE_TERMINAL
                                on:click=move |_| numbers.update(|numbers| numbers.retain(|other| *other != number))
                            >
                                {icon(Icon::Close)}
                            </button>
                        </h3>
                        <Console terminal=Terminal::new() about=number.to_string()/>
                    </div>
                </For>
            </div>
        </section>
    }
}
