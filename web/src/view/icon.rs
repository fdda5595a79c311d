//! Line icons, drawn here so that they look the same on every system.

use leptos::prelude::*;

/// An icon on a grid of 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Send,
    Cut,
    Heal,
    Add,
    Pause,
    Play,
    Step,
    Theme,
    Close,
    Back,
    Copy,
    Done,
    Fresh,
    Carry,
    Class,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Icon::Send => "M4 8h14m-4-4 4 4-4 4M20 16H6m4-4-4 4 4 4",
            Icon::Cut => {
                "M20 4 8.1 15.9M14.5 14.5 20 20M8.1 8.1 12 12M6 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM6 21a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z"
            }
            Icon::Heal => {
                "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1"
            }
            Icon::Add => "M12 5v14M5 12h14",
            Icon::Pause => "M9 5v14M15 5v14",
            Icon::Play => "M8 5v14l11-7Z",
            Icon::Step => "M6 5v14l9-7ZM18 5v14",
            Icon::Theme => "M12 3a9 9 0 1 0 0 18ZM12 3a9 9 0 0 1 0 18",
            Icon::Close => "M6 6l12 12M18 6 6 18",
            Icon::Back => "M14 6l-6 6 6 6",
            Icon::Copy => "M9 9h10v11H9ZM5 15V4h10",
            Icon::Done => "M5 12.5 10 17 19 7",
            Icon::Carry => "M12 4v10m-4-4 4 4 4-4M4 15v5h16v-5",
            Icon::Class => {
                "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM3.5 20a5.5 5.5 0 0 1 11 0M16 5.5a3 3 0 0 1 0 5.5M17.5 14.6a5.5 5.5 0 0 1 3 5.4"
            }
            Icon::Fresh => "M19 12a7 7 0 1 1-2.1-5M19 3v4.5h-4.5",
        }
    }
}

/// Draws an icon; the element around it carries the name.
pub(crate) fn icon(icon: Icon) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=icon.path()></path>
        </svg>
    }
}
