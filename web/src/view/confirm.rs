//! Asks before something is lost.

use super::dialog::Modal;
use super::ui::use_ui;
use super::words::tr;
use crate::testid;
use leptos::prelude::*;

/// A question with yes and no.
#[component]
pub(crate) fn Confirm(
    #[prop(into)] title: Signal<String>,
    /// What will be lost.
    #[prop(into)]
    text: Signal<String>,
    /// What the button for yes says.
    #[prop(into)]
    yes: Signal<String>,
    /// Called on yes.
    on_yes: Callback<()>,
    /// What can be chosen beside.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let ui = use_ui();
    let agree = move |_| {
        ui.dialog.set(None);
        on_yes.run(());
    };
    view! {
        <Modal title>
            <p>{text}</p>
            {children.map(|children| children())}
            <div class="buttons">
                <button type="button" class="plain" data-testid=testid::CONFIRM_NO autofocus on:click=move |_| ui.dialog.set(None)>
                    {tr(|t| t.cancel)}
                </button>
                <button type="button" class="danger" data-testid=testid::CONFIRM_YES on:click=agree>{yes}</button>
            </div>
        </Modal>
    }
}
