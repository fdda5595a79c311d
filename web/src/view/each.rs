//! Lists whose items come and go. Leptos' `For` would bring a copy of all that it does, some 9 KB of code, for every kind
//! of item; here every list is of the same kind of rows.

use leptos::prelude::*;
use terrarium_core::interface::{Wire, to_bytes};

/// An item on its way into a list.
struct Row {
    /// What tells it from the others.
    key: Vec<u8>,
    /// Makes its view.
    view: Box<dyn FnOnce() -> AnyView + Send>,
}

/// Shows items, one view each, which stays for as long as there is an item of its key.
#[component]
pub(crate) fn Each<T, I, K, V>(
    /// The items, read anew whenever a signal in there changes.
    each: impl Fn() -> I + Send + 'static,
    /// What tells an item from the others.
    key: impl Fn(&T) -> K + Send + 'static,
    /// Makes an item's view.
    children: impl Fn(T) -> V + Clone + Send + 'static,
) -> impl IntoView
where
    T: Send + 'static,
    I: IntoIterator<Item = T> + 'static,
    K: Wire + 'static,
    V: IntoView + 'static,
{
    rows(Box::new(move || {
        let row = |item: T| {
            let (key, children) = (to_bytes(&key(&item)), children.clone());
            Row { key, view: Box::new(move || children(item).into_any()) }
        };
        each().into_iter().map(row).collect()
    }))
}

fn rows(rows: Box<dyn Fn() -> Vec<Row> + Send>) -> AnyView {
    view! {
        <For each=rows key=|row| row.key.clone() let:row>
            {(row.view)()}
        </For>
    }
    .into_any()
}
