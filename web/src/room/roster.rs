//! The class list as a teacher pastes it: a student a line, 学号 and 姓名 in either order, parted by a tab, a comma or a
//! space. Pure.

use terrarium_link::room::{MAX_FIELD, MAX_ROSTER, RosterLine, clean_name};

/// The longest line that is read, in characters.
const MAX_LINE: usize = 120;

/// What is wrong with a pasted list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RosterError {
    /// More lines than a class has.
    #[error("more than {MAX_ROSTER} lines")]
    TooMany,
    /// A line that is too long, by its number.
    #[error("line {0} is too long")]
    TooLong(usize),
    /// A line without a name, by its number.
    #[error("line {0} has no name")]
    NoName(usize),
    /// A line that is there twice, by the number of the second.
    #[error("line {0} is there twice")]
    Twice(usize),
}

/// The lines of a pasted list; empty ones are left out.
///
/// # Errors
/// The first line that cannot be used.
pub(crate) fn parse(text: &str) -> Result<Vec<RosterLine>, RosterError> {
    let mut lines: Vec<RosterLine> = Vec::new();
    for (at, text) in text.lines().enumerate() {
        let number = at + 1;
        if text.trim().is_empty() {
            continue;
        }
        if lines.len() == MAX_ROSTER {
            return Err(RosterError::TooMany);
        }
        if text.chars().count() > MAX_LINE {
            return Err(RosterError::TooLong(number));
        }
        let line = line(text);
        if line.name.is_empty() {
            return Err(RosterError::NoName(number));
        }
        if line.name.len() > MAX_FIELD || line.number.len() > MAX_FIELD {
            return Err(RosterError::TooLong(number));
        }
        if lines.iter().any(|other| other.name == line.name && other.number == line.number) {
            return Err(RosterError::Twice(number));
        }
        lines.push(line);
    }
    Ok(lines)
}

/// The word that begins with a digit or ends in one, and has no other letters than Latin ones, is the number; the rest is
/// the name.
fn line(text: &str) -> RosterLine {
    let parts = text.split(['\t', ',', '，', ';', '；', '、', ' ', '\u{3000}']);
    let mut words: Vec<&str> =
        parts.map(|word| word.trim().trim_matches('"')).filter(|word| !word.is_empty()).collect();
    let is_number = |word: &&str| {
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
        plain && word.chars().any(|c| c.is_ascii_digit())
    };
    let ends = [words.first().copied(), words.last().copied()];
    let number = ends.into_iter().flatten().find(is_number).unwrap_or_default();
    if let Some(at) = words.iter().position(|word| *word == number) {
        words.remove(at);
    }
    RosterLine { number: clean_name(number), name: clean_name(&words.join(" ")), held: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().into_iter().map(|line| (line.number, line.name)).collect()
    }

    fn pair(number: &str, name: &str) -> (String, String) {
        (number.to_owned(), name.to_owned())
    }

    #[test]
    fn a_line_is_a_number_and_a_name_however_they_are_parted() {
        let text =
            "2026001\t王小明\r\n2026002,李雷\n\n2026003，韩梅梅\n2026004  Jim Green \n赵六 2026005\n钱七";
        let expected = [
            pair("2026001", "王小明"),
            pair("2026002", "李雷"),
            pair("2026003", "韩梅梅"),
            pair("2026004", "Jim Green"),
            pair("2026005", "赵六"),
            pair("", "钱七"),
        ];
        assert_eq!(pairs(text), expected);
        assert_eq!(pairs("A-07\u{3000}欧阳\u{202e}修"), [pair("A-07", "欧阳修")]);
    }

    #[test]
    fn an_error_names_the_line() {
        assert_eq!(parse("1 a\n\n2026003"), Err(RosterError::NoName(3)));
        assert_eq!(parse(&format!("1 a\n{}", "长".repeat(MAX_LINE + 1))), Err(RosterError::TooLong(2)));
        assert_eq!(parse("1 a\n2 b\n1 a"), Err(RosterError::Twice(3)));
        let many = (0..=MAX_ROSTER).map(|at| format!("{at} a\n")).collect::<String>();
        assert_eq!(parse(&many), Err(RosterError::TooMany));
        assert_eq!(parse("\n \n"), Ok(Vec::new()));
    }
}
