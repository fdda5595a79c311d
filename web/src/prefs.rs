//! What the visitor chose for the page itself: language and theme, remembered between visits.

use crate::browser;
use crate::i18n::Lang;
use leptos::prelude::*;

const THEME: &str = "terrarium/theme";
const LANG: &str = "terrarium/lang";

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Light,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

/// The theme that was chosen, else the system's.
pub(crate) fn theme() -> Theme {
    match browser::remembered(THEME).as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ if browser::prefers_dark() => Theme::Dark,
        _ => Theme::Light,
    }
}

/// Shows a theme and remembers it.
pub(crate) fn choose_theme(theme: Theme) {
    browser::remember(THEME, theme.name());
    show_theme(theme);
}

/// Shows a theme. Style sheets read it from the root element.
pub(crate) fn show_theme(theme: Theme) {
    set_root("data-theme", theme.name());
}

/// The language: the address's `?lang`, what was chosen, else what the browser prefers.
pub(crate) fn lang() -> Lang {
    let asked = browser::query("lang").and_then(|name| Lang::from_name(&name));
    let chosen = || browser::remembered(LANG).and_then(|name| Lang::from_name(&name));
    let preferred = || window().navigator().language().and_then(|tag| Lang::from_name(&tag));
    asked.or_else(chosen).or_else(preferred).unwrap_or(Lang::En)
}

/// Switches the language and remembers it.
pub(crate) fn choose_lang(lang: Lang) {
    browser::remember(LANG, lang.name());
    show_lang(lang);
}

/// Switches the language: texts, and the document's own for screen readers and fonts.
pub(crate) fn show_lang(lang: Lang) {
    crate::i18n::set(lang);
    set_root("lang", lang.tag());
    document().set_title(crate::i18n::t_now().title);
}

fn set_root(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute(name, value);
    }
}
