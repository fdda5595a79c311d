//! Names of people: bounded, one line, nothing in them that changes how what follows is read.

/// The most letters of a name.
pub const MAX_NAME_CHARS: usize = 24;

/// A name as it may be shown: without control characters and marks of direction, white space as one space, cut to
/// [`MAX_NAME_CHARS`]. What is left may be empty.
pub fn clean_name(text: &str) -> String {
    let mut name = String::new();
    let mut count = 0;
    for letter in text.chars() {
        if count == MAX_NAME_CHARS {
            break;
        }
        if letter.is_whitespace() {
            if !name.is_empty() && !name.ends_with(' ') {
                name.push(' ');
                count += 1;
            }
        } else if !letter.is_control() && !is_format(letter) {
            name.push(letter);
            count += 1;
        }
    }
    name.truncate(name.trim_end().len());
    name
}

/// Characters that show nothing themselves: joiners, marks and overrides of direction, tags.
fn is_format(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_bounded_line_without_tricks() {
        assert_eq!(clean_name("  王 小明\n\t 07 "), "王 小明 07");
        assert_eq!(clean_name("a\u{202e}b\u{200b}\u{7}"), "ab");
        assert_eq!(clean_name(&"长".repeat(1_000)).chars().count(), MAX_NAME_CHARS);
        assert_eq!(clean_name("\u{1}\n"), "");
        assert_eq!(clean_name("<b>Bo</b>"), "<b>Bo</b>", "markup is for whoever shows it to escape");
    }
}
