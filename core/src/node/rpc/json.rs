//! JSON, to be printed as `bitcoin-cli` prints a result.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::node) enum Json {
    /// Nothing.
    Null,
    /// A number or a truth value, as it is written.
    Plain(String),
    /// A text.
    Text(String),
    /// Values in order.
    Array(Vec<Json>),
    /// Fields in order.
    Object(Object),
}

/// Named values, in the order in which they were put.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::node) struct Object(Vec<(Cow<'static, str>, Json)>);

/// An object of the fields that are named.
macro_rules! object {
    ($($name:literal: $value:expr),* $(,)?) => {{
        let mut fields = $crate::node::rpc::json::Object::default();
        $(fields.put($name, $value);)*
        fields
    }};
}
pub(in crate::node) use object;

impl Object {
    /// Adds a field at the end.
    pub(in crate::node) fn put(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Json>) {
        self.0.push((name.into(), value.into()));
    }
}

impl Json {
    /// What `bitcoin-cli` prints: a text bare, nothing for null, all else as indented JSON.
    pub(in crate::node) fn printed(self) -> String {
        match self {
            Json::Null => String::new(),
            Json::Text(text) => text,
            other => other.to_string(),
        }
    }

    fn write(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Plain(text) => f.write_str(text),
            Json::Text(text) => quoted(text, f),
            Json::Array(items) => list(['[', ']'], items, depth, f, |item, f| item.write(depth + 1, f)),
            Json::Object(Object(fields)) => list(['{', '}'], fields, depth, f, |(name, value), f| {
                quoted(name, f)?;
                f.write_str(": ")?;
                value.write(depth + 1, f)
            }),
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(0, f)
    }
}

/// Items between brackets, each on a line of its own.
fn list<T>(
    [open, close]: [char; 2],
    items: &[T],
    depth: usize,
    f: &mut fmt::Formatter<'_>,
    write: impl Fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    f.write_char(open)?;
    for (index, item) in items.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { "," })?;
        line(depth + 1, f)?;
        write(item, f)?;
    }
    if !items.is_empty() {
        line(depth, f)?;
    }
    f.write_char(close)
}

/// The beginning of a line, so many levels deep.
fn line(depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('\n')?;
    (0..depth).try_for_each(|_| f.write_str("  "))
}

fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\0'..'\x20' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Json::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Json::Text(text)
    }
}

impl From<Object> for Json {
    fn from(fields: Object) -> Self {
        Json::Object(fields)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

impl<T: Into<Json>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Json::Array(items.into_iter().map(Into::into).collect())
    }
}

macro_rules! plain {
    ($($name:ty),*) => {$(
        impl From<$name> for Json {
            fn from(value: $name) -> Self {
                Json::Plain(value.to_string())
            }
        }
    )*};
}
plain!(bool, i32, i64, u32, u64, usize);

impl From<f64> for Json {
    /// The shortest digits that tell this double from all others, with an exponent where there would be many zeros.
    fn from(number: f64) -> Self {
        Json::Plain(format!("{number:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_indented_and_empty_ones_take_no_lines() {
        let json = Json::from(object! {
            "height": 7u32,
            "hashes": vec!["ab", "cd"],
            "next": object! { "difficulty": 4.656542373906925e-10 },
            "warnings": Vec::<&str>::new(),
        });
        let expected = "{\n  \"height\": 7,\n  \"hashes\": [\n    \"ab\",\n    \"cd\"\n  ],\n  \
             \"next\": {\n    \"difficulty\": 4.656542373906925e-10\n  },\n  \"warnings\": []\n}";
        assert_eq!(json.printed(), expected);
    }

    #[test]
    fn a_text_alone_is_bare_and_null_is_nothing() {
        assert_eq!(Json::from("00ff").printed(), "00ff");
        assert_eq!(Json::Null.printed(), "");
    }

    #[test]
    fn whatever_a_peer_calls_itself_stays_inside_its_quotes() {
        assert_eq!(Json::from("a\"b\\c\n\u{7f}好").to_string(), "\"a\\\"b\\\\c\\u000a\u{7f}好\"");
    }
}
