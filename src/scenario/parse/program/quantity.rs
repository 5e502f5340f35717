//! The quantities of programs: counts, octets, times and the ranges of choices.

use std::fmt::Display;
use std::ops::RangeInclusive;

use smoltcp::time::Duration;
use winnow::Parser;
use winnow::combinator::opt;
use winnow::token::take_while;

use crate::diagnostic::Span;
use crate::language::input::{
    Fault, Input, Parse, error_at, expected, here, required, since, spanned,
};
use crate::language::names::{self, quote};
use crate::language::number::unsigned;
use crate::language::units;
use crate::language::words::{any_word, blank};
use crate::scenario::limits;
use crate::scenario::program::Subject;

/// A number behind a word.
pub(super) fn count<T: TryFrom<u64> + Display>(input: &mut Input<'_>, most: T) -> Parse<T> {
    blank(input)?;
    required(input, unsigned(most), "a number")
}

/// `connection 2..4`, `octets 1MiB..`, `time ..5s`
pub(super) fn condition(input: &mut Input<'_>) -> Parse<(Subject, RangeInclusive<u64>)> {
    let word = required(
        input,
        spanned(any_word),
        "`connection`, `octets` or `time` after `when`",
    )?;
    let subject = match word.value {
        "connection" => Subject::Connection,
        "octets" => Subject::Octets,
        "time" => Subject::Time,
        other => {
            let known = ["connection", "octets", "time"];
            let diagnostic = names::unknown(word.span, "choice", other, known);
            return Err(Fault::cut(diagnostic));
        }
    };
    blank(input)?;
    let start = here(input);
    let bound = |input: &mut Input<'_>| -> Parse<Option<u64>> {
        let start = here(input);
        let Some(text) = opt(quantity).parse_next(input)? else {
            return Ok(None);
        };
        let span = since(input, start);
        Ok(Some(match subject {
            Subject::Connection | Subject::Octets => octets_of(text, span)?,
            Subject::Time => duration(text, span)?.total_micros(),
        }))
    };
    let first = bound(input)?;
    let is_open = opt("..").parse_next(input)?.is_some();
    let last = if is_open { bound(input)? } else { first };
    if first.is_none() && last.is_none() {
        return Err(expected(input, "a range: `3`, `2..4`, `5..` or `..4`"));
    }
    let range = first.unwrap_or(0)..=last.unwrap_or(u64::MAX);
    if range.is_empty() {
        return Err(error_at(since(input, start), "the range is empty"));
    }
    Ok((subject, range))
}

/// A number with or without a unit, up to the next blank or the two points of a range.
pub(super) fn quantity<'a>(input: &mut Input<'a>) -> Parse<&'a str> {
    let text = *input;
    let digits = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == 'µ';
    let word: &str = take_while(1.., digits)
        .verify(|it: &str| it.starts_with(|c: char| c.is_ascii_digit()))
        .parse_next(input)?;
    let Some(points) = word.find("..") else {
        return Ok(word);
    };
    *input = text;
    take_while(points..=points, digits).parse_next(input)
}

pub(super) fn size(input: &mut Input<'_>, what: &str) -> Parse<u64> {
    let start = here(input);
    let text = required(input, quantity, what)?;
    octets_of(text, since(input, start))
}

pub(super) fn octets_of(text: &str, span: Span) -> Parse<u64> {
    units::size(text)
        .map_err(|fault| error_at(span, format!("bad number {}: {fault}", quote(text))))
}

pub(super) fn time(input: &mut Input<'_>, what: &str) -> Parse<Duration> {
    blank(input)?;
    let start = here(input);
    let text = required(input, quantity, what)?;
    duration(text, since(input, start))
}

pub(super) fn duration(text: &str, span: Span) -> Parse<Duration> {
    let range = Duration::ZERO..=limits::TIME_MAX;
    let duration = units::duration(text);
    { duration }
        .and_then(|it| limits::duration_within(it, &range))
        .map_err(|fault| error_at(span, format!("bad duration {}: {fault}", quote(text))))
}
