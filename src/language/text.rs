//! Texts in quotes.

use std::ops::RangeInclusive;

use winnow::Parser;
use winnow::stream::Stream;
use winnow::token::{take_till, take_while};

use super::input::{Fault, Input, Parse, here, never_closed, since};
use crate::diagnostic::{Diagnostic, Span};

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
