//! What the visitor must know of the lab as a whole, above everything else.

use super::words::{IntoViews as _, tr};
use crate::i18n::{fill, t};
use crate::lab::Lab;
use crate::lab::state::Notice;
use crate::{browser, testid};
use leptos::prelude::*;

/// The notices; nothing where there are none.
#[component]
pub(crate) fn Notices() -> impl IntoView {
    let lab: Lab = expect_context();
    let notice = |notice: Notice| {
        let again = matches!(notice, Notice::EmptiedElsewhere | Notice::OtherBuild).then(|| {
            view! {
                <button type="button" class="plain" data-testid=testid::RELOAD on:click=|_| browser::reload()>
                    {tr(|t| t.reload)}
                </button>
            }
        });
        view! { <p class="notice" role="alert">{move || text(&notice)} " " {again}</p> }
    };
    move || lab.state.notices.get().into_iter().map(notice).into_views()
}

fn text(notice: &Notice) -> String {
    match notice {
        Notice::SetUpFailed(why) => fill(t().set_up_failed, &[why]),
        Notice::EmptiedElsewhere => t().emptied_elsewhere.to_owned(),
        Notice::NoServer => t().no_server.to_owned(),
        Notice::OtherBuild => t().other_build.to_owned(),
        Notice::UnknownScene(name) => fill(t().unknown_scene, &[name]),
        Notice::BadLabName(name) => fill(t().bad_lab_name, &[name]),
    }
}
