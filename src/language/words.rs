//! Words and symbols, and the blanks and comments between them.

use winnow::Parser;
use winnow::combinator::{opt, preceded};
use winnow::error::{ErrMode, ParserError};
use winnow::stream::Stream;
use winnow::token::take_while;

use super::input::{Fault, Input, Parse, here, never_closed};
use crate::diagnostic::Span;

/// Whether a part of a statement is next, by its first octet: printable ASCII is a blank in no
/// dialect, and only a slash may begin a comment. Most calls end here.
#[inline]
fn is_part(input: &Input<'_>) -> bool {
    matches!(input.as_bytes().first(), Some(b'!'..=b'.' | b'0'..=b'~'))
}

/// Blanks and block comments: what separates the parts of a statement.
pub(crate) fn blank(input: &mut Input<'_>) -> Parse<()> {
    loop {
        // Spaces are blanks in every dialect, and nearly all blanks are spaces.
        let spaces = input.bytes().take_while(|octet| *octet == b' ').count();
        input.next_slice(spaces);
        if is_part(input) {
            return Ok(());
        }
        let rest = input.trim_start_matches(input.state.is_blank);
        let length = input.len() - rest.len();
        input.next_slice(length);
        if !block_comment(input)? {
            return Ok(());
        }
    }
}

/// Blanks, comments and line breaks: what stands between statements, and within open brackets.
pub(crate) fn gap(input: &mut Input<'_>) -> Parse<()> {
    loop {
        if is_part(input) {
            return Ok(());
        }
        blank(input)?;
        if input.starts_with('\n') {
            input.next_slice(1);
        } else if !line_comment(input) {
            return Ok(());
        }
    }
}

/// At least one blank or block comment.
pub(crate) fn blank1(input: &mut Input<'_>) -> Parse<()> {
    let start = here(input);
    blank(input)?;
    if here(input) == start {
        Err(ErrMode::Backtrack(Fault::from_input(input)))
    } else {
        Ok(())
    }
}

/// What a parser reads after blanks; nothing is read where it is not there.
pub(crate) fn after_blank<'a, T>(
    parser: impl Parser<Input<'a>, T, ErrMode<Fault>>,
) -> impl Parser<Input<'a>, Option<T>, ErrMode<Fault>> {
    opt(preceded(blank, parser))
}

/// `// ...` up to the end of the line. Returns whether there was one.
pub(crate) fn line_comment(input: &mut Input<'_>) -> bool {
    let is_next = input.state.has_comments && input.starts_with("//");
    if is_next {
        let length = input.find('\n').unwrap_or(input.len());
        input.next_slice(length);
    }
    is_next
}

/// `/* ... */`. Returns whether there was one.
pub(crate) fn block_comment(input: &mut Input<'_>) -> Parse<bool> {
    if !input.state.has_comments || !input.starts_with("/*") {
        return Ok(false);
    }
    if let Some(inside) = input[2..].find("*/") {
        input.next_slice(2 + inside + 2);
        return Ok(true);
    }
    let start = here(input);
    let opening = Span::new(start..start + 2);
    let error = never_closed(opening, "comment", "`*/`; comments do not nest");
    Err(error.map(Fault::ending_text))
}

/// A word that does not start with a digit: the name of a call, a constant, a keyword.
pub(crate) fn word<'a>(input: &mut Input<'a>) -> Parse<&'a str> {
    any_word
        .verify(|it: &str| !it.starts_with(|c: char| c.is_ascii_digit()))
        .parse_next(input)
}

/// A word that may start with a digit.
pub(crate) fn any_word<'a>(input: &mut Input<'a>) -> Parse<&'a str> {
    take_while(1.., input.state.is_word).parse_next(input)
}

/// A certain word, and not one that only begins with it.
pub(crate) fn keyword<'a>(
    keyword: &'static str,
) -> impl Parser<Input<'a>, &'a str, ErrMode<Fault>> {
    any_word.verify(move |it: &str| it == keyword)
}

/// Reads blanks and then a symbol or a word, whole, where it is next. Says whether it was.
pub(crate) fn takes(input: &mut Input<'_>, what: &str) -> bool {
    let before = *input;
    let is_next = blank(input).is_ok() && next_is(input, what);
    match is_next {
        true => {
            input.next_slice(what.len());
        }
        false => *input = before,
    }
    is_next
}

/// Whether a symbol or a whole word is next.
fn next_is(input: &Input<'_>, what: &str) -> bool {
    let is_word = input.state.is_word;
    let rest = input.strip_prefix(what);
    rest.is_some_and(|rest| !what.ends_with(char::is_alphanumeric) || !rest.starts_with(is_word))
}

/// The word that is next. Empty: there is none.
pub(crate) fn peek_word<'a>(input: &Input<'a>) -> &'a str {
    let mut input = *input;
    let word: Parse<&str> = any_word(&mut input);
    word.unwrap_or_default()
}
