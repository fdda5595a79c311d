//! The page's two languages. Every text is one line of one table (`texts`), both languages side by side, so neither
//! can lack what the other has; switching shows at once, for views read texts through a signal.

mod texts;

use leptos::prelude::*;
use std::fmt::Display;
use std::sync::LazyLock;
pub(crate) use texts::Texts;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    /// English.
    En,
    /// Simplified Chinese.
    Zh,
}

static LANG: LazyLock<ArcRwSignal<Lang>> = LazyLock::new(|| ArcRwSignal::new(Lang::En));

impl Lang {
    /// From a name or a tag: `zh`, `zh-Hant-TW`, `en-GB`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name.get(..2)? {
            "zh" => Some(Lang::Zh),
            "en" => Some(Lang::En),
            _ => None,
        }
    }

    /// Its short name, as in `?lang=`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh",
        }
    }

    /// Its tag for the document.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh-Hans",
        }
    }

    fn texts(self) -> &'static Texts {
        match self {
            Lang::En => &texts::EN,
            Lang::Zh => &texts::ZH,
        }
    }
}

/// The present language; views that read it follow.
pub(crate) fn lang() -> Lang {
    LANG.get()
}

/// The texts of the present language; views that read them follow.
pub(crate) fn t() -> &'static Texts {
    LANG.get().texts()
}

/// The texts of the present language, for event handlers.
pub(crate) fn t_now() -> &'static Texts {
    LANG.get_untracked().texts()
}

/// Switches the language.
pub(crate) fn set(lang: Lang) {
    LANG.set(lang);
}

/// A text with its gaps filled in: `{0}` is the first value, `{1}` the second, in whatever order they stand.
pub(crate) fn fill(text: &str, values: &[&dyn Display]) -> String {
    values.iter().enumerate().fold(text.to_owned(), |filled, (index, value)| {
        filled.replace(&format!("{{{index}}}"), &value.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_by_number_in_any_order() {
        assert_eq!(fill("{0} of {1} agree", &[&3, &"four"]), "3 of four agree");
        assert_eq!(fill("{1} 个中 {0} 个一致", &[&3, &4]), "4 个中 3 个一致");
    }

    #[test]
    fn a_chinese_tag_of_any_region_is_chinese() {
        assert_eq!(Lang::from_name("zh-Hant-TW"), Some(Lang::Zh));
        assert_eq!(Lang::from_name("fr"), None);
        assert_eq!(Lang::from_name("z"), None);
    }

    #[test]
    fn both_languages_have_the_same_gaps_and_no_text_is_empty() {
        for (key, english, chinese) in texts::TABLE {
            assert!(!english.is_empty() && !chinese.is_empty(), "{key} is empty");
            for gap in ["{0}", "{1}", "{2}", "{3}", "{4}"] {
                assert_eq!(english.contains(gap), chinese.contains(gap), "{key} differs in {gap}");
            }
        }
    }
}
