//! Words that follow the language and the lab. Every closure in a view would bring its own copy of the code that
//! builds and updates it; these few types share one copy each, which is what keeps the page small.

use crate::i18n::{self, Texts};
use leptos::prelude::*;

/// A text that is computed anew whenever a signal that it reads changes.
pub(crate) type Words = Box<dyn Fn() -> String + Send>;

/// A condition of that kind.
pub(crate) type Holds = Box<dyn Fn() -> bool + Send + Sync>;

/// A part of a view of that kind.
pub(crate) type Part = Box<dyn Fn() -> AnyView + Send>;

/// A text of the table, in the present language.
pub(crate) fn tr(pick: fn(&Texts) -> &'static str) -> impl Fn() -> &'static str + Copy + Send {
    move || pick(i18n::t())
}

/// How often a payment is confirmed.
pub(crate) fn confirmations(count: u32) -> String {
    if count == 1 {
        i18n::t().one_confirmation.to_owned()
    } else {
        i18n::fill(i18n::t().confirmations, &[&count])
    }
}

/// Makes a computed text.
pub(crate) fn words(text: impl Fn() -> String + Send + 'static) -> Words {
    Box::new(text)
}

/// Makes a condition.
pub(crate) fn holds(condition: impl Fn() -> bool + Send + Sync + 'static) -> Holds {
    Box::new(condition)
}

/// Makes a part of a view.
pub(crate) fn part<V: IntoView + Send + 'static>(view: impl Fn() -> V + Send + 'static) -> Part {
    Box::new(move || view().into_any())
}

/// Views one after the other, all of one type: a list of elements would be a type with code of its own for each element.
pub(crate) trait IntoViews {
    /// The views in their order.
    fn into_views(self) -> Vec<AnyView>;
}

impl<V: IntoView + 'static, I: Iterator<Item = V>> IntoViews for I {
    fn into_views(self) -> Vec<AnyView> {
        self.map(IntoAny::into_any).collect()
    }
}
