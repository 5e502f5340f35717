//! Texts in quotes.

use std::ops::RangeInclusive;

use winnow::Parser;
use winnow::stream::Stream;
use winnow::token::{literal, take_till, take_while};

use super::input::{Fault, Input, Parse, here, never_closed, since};
use crate::diagnostic::{Diagnostic, Span};

/// What stands between two quotes, as it is written. A backslash keeps a quote from ending it, and
/// stays in it. `what` is what messages call it.
pub(crate) fn raw<'a>(input: &mut Input<'a>, quote: char, what: &str) -> Parse<&'a str> {
    let start = here(input);
    literal(quote).parse_next(input)?;
    let rest: &'a str = *input.input;
    let mut characters = rest.char_indices();
    while let Some((end, character)) = characters.next() {
        if character == quote {
            input.next_slice(end + quote.len_utf8());
            return Ok(&rest[..end]);
        }
        if character == '\\' {
            characters.next();
        }
    }
    let opening = Span::new(start..start + quote.len_utf8());
    Err(never_closed(opening, what, &format!("`{quote}`")))
}

/// How a language writes texts between `"`.
pub(crate) struct Text {
    /// What stands behind a backslash for one character.
    pub(crate) escapes: &'static [(char, char)],
    /// How many hexadecimal digits follow `\x`.
    pub(crate) hexadecimal: RangeInclusive<usize>,
    /// Whether up to three octal digits stand for a character.
    pub(crate) has_octal: bool,
    /// Whether a text may go over several lines.
    pub(crate) has_lines: bool,
    /// The escapes, for those who wrote another one.
    pub(crate) help: &'static str,
}

impl Text {
    /// `"text"`. Backtracks where there is none.
    pub(crate) fn read(&self, input: &mut Input<'_>) -> Parse<String> {
        let start = here(input);
        '"'.parse_next(input)?;
        let mut text = String::new();
        loop {
            text.push_str(take_till(0.., ['"', '\\', '\n']).parse_next(input)?);
            let at = here(input);
            match input.next_token() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape(input)?.ok_or_else(|| {
                    let unknown = Diagnostic::new(since(input, at), "unknown escape in a text");
                    Fault::cut(unknown.help(self.help))
                })?),
                Some(line_break) if self.has_lines => text.push(line_break),
                Some(_) | None => {
                    let close = match self.has_lines {
                        true => "`\"`",
                        false => "`\"` on the same line",
                    };
                    let opening = Span::new(start..start + 1);
                    return Err(never_closed(opening, "text", close));
                }
            }
        }
    }

    /// What stands after a backslash.
    fn escape(&self, input: &mut Input<'_>) -> Parse<Option<char>> {
        let Some(first) = input.next_token() else {
            return Ok(None);
        };
        if let Some((_, escaped)) = self.escapes.iter().find(|(letter, _)| *letter == first) {
            return Ok(Some(*escaped));
        }
        let (radix, digits) = if first == 'x' {
            let digit = |it: char| it.is_ascii_hexdigit();
            (
                16,
                take_while(self.hexadecimal.clone(), digit).parse_next(input),
            )
        } else if self.has_octal && first.is_digit(8) {
            let more: &str = take_while(0..=2, '0'..='7').parse_next(input)?;
            return Ok(octet(&format!("{first}{more}"), 8));
        } else {
            return Ok(None);
        };
        let digits: Parse<&str> = digits;
        Ok(digits.ok().and_then(|it| octet(it, radix)))
    }
}

/// The character of an octet. A text is UTF-8, so it can only be an ASCII character.
fn octet(digits: &str, radix: u32) -> Option<char> {
    let octet = u8::from_str_radix(digits, radix).ok()?;
    Some(char::from(octet)).filter(char::is_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::input::{Dialect, cursor};

    static PLAIN: Dialect = Dialect {
        name: "text",
        is_blank: |c| c == ' ',
        is_word: char::is_alphanumeric,
        has_comments: false,
    };

    const ONE_LINE: Text = Text {
        escapes: &[('n', '\n'), ('"', '"')],
        hexadecimal: 2..=2,
        has_octal: false,
        has_lines: false,
        help: "help",
    };

    const OCTAL: Text = Text {
        hexadecimal: 1..=2,
        has_octal: true,
        has_lines: true,
        ..ONE_LINE
    };

    /// What a parser reads of a text, or what is wrong with it.
    fn read<T: ToString>(text: &str, parser: impl Fn(&mut Input<'_>) -> Parse<T>) -> String {
        match parser(&mut cursor(text, &PLAIN)) {
            Ok(read) => read.to_string(),
            Err(error) => Fault::from(error).into_diagnostic().message,
        }
    }

    #[test]
    fn escapes_are_those_of_the_language() {
        let unknown = "unknown escape in a text";
        let open = "this text is never closed";
        for (text, one_line, octal) in [
            (r#""a\n\"b" c"#, "a\n\"b", "a\n\"b"),
            (r#""\x41""#, "A", "A"),
            (r#""\x4""#, unknown, "\x04"),
            (r#""\xff""#, unknown, unknown),
            (r#""\101\7""#, unknown, "A\x07"),
            (r#""\400""#, unknown, unknown),
            (r#""\q""#, unknown, unknown),
            ("\"a\nb\"", open, "a\nb"),
            ("\"a", open, open),
            ("\"a\\", unknown, unknown),
        ] {
            assert_eq!(read(text, |input| ONE_LINE.read(input)), one_line, "{text}");
            assert_eq!(read(text, |input| OCTAL.read(input)), octal, "{text}");
        }
    }

    #[test]
    fn a_raw_text_is_as_it_is_written() {
        for (text, expected) in [
            (r#""a\n" b"#, r"a\n"),
            (r#""a\"b""#, r#"a\"b"#),
            (r#""a\\" "b""#, r"a\\"),
            (r#""a\""#, "this text is never closed"),
            ("\"ü\\ü\"", "ü\\ü"),
        ] {
            let raw = |input: &mut Input<'_>| raw(input, '"', "text").map(str::to_owned);
            assert_eq!(read(text, raw), expected, "{text}");
        }
    }
}
