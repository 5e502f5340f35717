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

/// A text in lines of at most so many columns. What does not fit on the first goes on a little
/// to the right.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    const INDENT: &str = "  ";
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let used = lines.last().map_or(0, |it| self::width(it));
        let is_first = used == 0;
        if !is_first && used + 1 + self::width(word) > width {
            lines.push(INDENT.to_owned());
        }
        let Some(mut line) = lines.last_mut() else {
            continue;
        };
        if !line.is_empty() && line != INDENT {
            line.push(' ');
        }
        let mut rest = word.chars().peekable();
        loop {
            let room = width.saturating_sub(self::width(line));
            let count = fitting(rest.clone(), room);
            line.extend(rest.by_ref().take(count));
            if rest.peek().is_none() {
                break;
            }
            // A word that is longer than a line goes on in the next one.
            lines.push(INDENT.to_owned());
            let Some(next) = lines.last_mut() else { break };
            line = next;
        }
    }
    lines
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

    #[test]
    fn texts_are_wrapped_between_words() {
        let rows: [(&str, usize, &[&str]); 5] = [
            ("", 20, &[""]),
            ("> R. 1:1(0) ack 1", 20, &["> R. 1:1(0) ack 1"]),
            (
                "> . 1:1(0) ack 1001 win 3000",
                20,
                &["> . 1:1(0) ack 1001", "  win 3000"],
            ),
            (
                "= SOCKET_ERROR WSAESHUTDOWN",
                20,
                &["= SOCKET_ERROR", "  WSAESHUTDOWN"],
            ),
            (
                "= POLLIN|POLLOUT",
                8,
                &["=", "  POLLIN", "  |POLLO", "  UT"],
            ),
        ];
        for (text, width, lines) in rows {
            assert_eq!(wrap(text, width), lines, "{text}");
        }
    }
}
