//! Texts in columns of a terminal: a character may take none, one or two of them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// How many columns a character takes.
pub(crate) fn character(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// A text with blanks behind it, up to so many columns.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// The widest of some texts.
pub(crate) fn widest<'a>(texts: impl IntoIterator<Item = &'a str>) -> usize {
    texts.into_iter().map(width).max().unwrap_or(0)
}

/// How many characters at the start of a text have room in so many columns, at least one.
pub(crate) fn fitting(text: impl IntoIterator<Item = char>, columns: usize) -> usize {
    let mut used = 0;
    let fits = |it: &char| {
        used += character(*it);
        used <= columns
    };
    text.into_iter().take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_take_the_columns_that_they_have() {
        for (text, columns) in [
            ("", 0),
            ("server", 6),
            ("服务器", 6),
            ("é", 1),
            ("e\u{301}", 1),
        ] {
            assert_eq!(width(text), columns, "{text}");
            assert_eq!(width(&padded(text, 9)), 9, "{text}");
        }
        assert_eq!(widest(["客户端", "client"]), 6);
        assert_eq!(padded("服务器", 3), "服务器");
        assert_eq!(fitting("服务器".chars(), 5), 2);
        assert_eq!(fitting("服务器".chars(), 1), 1);
    }
}
