//! `help`.

use crate::error::ConsoleError;
use crate::grammar::{FORMS, Form, form, nearest};

/// The languages of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese.
    Chinese,
}

/// All commands, or one.
pub(crate) fn help(command: Option<&str>, language: Language) -> Result<Vec<String>, ConsoleError> {
    let about = |form: &Form| match language {
        Language::English => form.english,
        Language::Chinese => form.chinese,
    };
    match command {
        Some(name) => {
            let form = form(name)
                .ok_or_else(|| ConsoleError::UnknownCommand { nearest: nearest(name).map(str::to_owned) })?;
            Ok(vec![form.shape.usage.to_owned(), format!("    {}", about(form))])
        }
        None => Ok(FORMS.iter().map(|form| format!("{}: {}", form.shape.usage, about(form))).collect()),
    }
}
