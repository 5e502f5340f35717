//! Numbers without units.

use std::fmt::Display;

use winnow::Parser;
use winnow::combinator::{alt, opt};
use winnow::error::{ErrMode, ParserError};
use winnow::token::take_while;

use super::input::{Fault, Input, Parse, error_at, here, since};
use super::words::peek_word;
use crate::diagnostic::Diagnostic;

/// The base that a number's prefix says, with the digits behind it. A number without one of the
/// prefixes is decimal.
pub(crate) fn based<'t>(text: &'t str, prefixes: &[(&str, u32)]) -> (u32, &'t str) {
    let digits = |prefix: &str| text.strip_prefix(prefix).filter(|it| !it.is_empty());
    let mut bases = prefixes.iter().copied();
    let found = bases.find_map(|(prefix, base)| Some((base, digits(prefix)?)));
    found.unwrap_or((10, text))
}

/// A number as it is written, which must not run on into a word: its sign, base and digits.
fn digits<'a>(input: &mut Input<'a>) -> Parse<(bool, u32, &'a str)> {
    let start = here(input);
    let is_negative = opt('-').parse_next(input)?.is_some();
    let written = peek_word(input);
    if !written.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(ErrMode::Backtrack(Fault::from_input(input)));
    }
    take_while(0.., input.state.is_word)
        .void()
        .parse_next(input)?;
    let (base, digits) = based(written, &[("0x", 16), ("0X", 16)]);
    if !digits.chars().all(|c| c.is_digit(base)) {
        let diagnostic = Diagnostic::new(since(input, start), "this is not a number");
        return Err(Fault::cut(diagnostic));
    }
    Ok((is_negative, base, digits))
}

/// An integer: `8000`, `-1`, `0x0202`. Backtracks where there is none.
pub(crate) fn integer(input: &mut Input<'_>) -> Parse<i64> {
    let start = here(input);
    let (is_negative, base, digits) = digits(input)?;
    let value = i128::from_str_radix(digits, base).ok();
    let value = value.map(|it| if is_negative { -it } else { it });
    value.and_then(|it| i64::try_from(it).ok()).ok_or_else(|| {
        let message = format!("a number here is {} to {}", i64::MIN, i64::MAX);
        let diagnostic = Diagnostic::new(since(input, start), "the number is too large");
        Fault::cut(diagnostic.help(message))
    })
}

/// A number from 0 to `max`. Backtracks where there is none.
pub(crate) fn unsigned<'a, T: TryFrom<u64> + Display>(
    max: T,
) -> impl Parser<Input<'a>, T, ErrMode<Fault>> {
    move |input: &mut Input<'a>| {
        let start = here(input);
        let (is_negative, base, digits) = digits(input)?;
        let value = u64::from_str_radix(digits, base).ok();
        let value = value.and_then(|it| T::try_from(it).ok());
        value.filter(|_| !is_negative).ok_or_else(|| {
            let message = format!("the number must be 0 to {max}");
            error_at(since(input, start), message)
        })
    }
}

/// A decimal number as it is written, without sign: `0`, `.01`, `1.5`. Backtracks where there is
/// none.
pub(crate) fn decimal<'a>(input: &mut Input<'a>) -> Parse<&'a str> {
    let digits = |min| take_while(min.., |c: char| c.is_ascii_digit());
    alt((
        (digits(1), opt(('.', digits(1)))).take(),
        ('.', digits(1)).take(),
    ))
    .parse_next(input)
}
