//! Parts of the page that come and go. Leptos' `Show` would be compiled anew for every condition and for all that is shown;
//! here both are of one kind.

use super::words::{Holds, part};
use leptos::prelude::*;

/// Shows its children for as long as a condition holds, and else the fallback.
#[component]
pub(crate) fn When(
    /// The condition.
    holds: Holds,
    children: ChildrenFn,
    #[prop(optional, into)] fallback: ViewFn,
) -> impl IntoView {
    let holds = Memo::new(move |_| holds());
    part(move || if holds.get() { children() } else { fallback.run() })
}
