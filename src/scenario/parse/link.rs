//! Changes of the network: `link [HOST > HOST] KEY VALUE ...`.

use std::ops::RangeInclusive;

use winnow::Parser;
use winnow::combinator::{opt, peek};
use winnow::token::take_while;

use super::lexeme::{Fault, Input, Parse, after_blank, blank, expected, name, spanned, word};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::language::names::{self, quote};
use crate::language::units;
use crate::scenario::limits;
use crate::scenario::script::{Direction, LinkChange, LinkStatement};

/// The keys, in the order in which errors list them.
const KEYS: [&str; 10] = [
    "down",
    "up",
    "loss",
    "delay",
    "rate",
    "queue",
    "mtu",
    "duplicate",
    "reorder",
    "corrupt",
];

/// What stands after `link`.
pub(super) fn link(input: &mut Input<'_>) -> Parse<LinkStatement> {
    blank(input)?;
    let direction = opt(direction).parse_next(input)?;
    let mut changes: Vec<Spanned<LinkChange>> = Vec::new();
    loop {
        let before = *input;
        blank(input)?;
        let Some(key) = opt(spanned(word)).parse_next(input)? else {
            if changes.is_empty() {
                return Err(expected(
                    input,
                    "what to change: `link down`, `link loss 0.5` ...",
                ));
            }
            *input = before;
            return Ok(LinkStatement { direction, changes });
        };
        let change = change(input, key)?;
        let kind = std::mem::discriminant(&change.value);
        if changes
            .iter()
            .any(|it| std::mem::discriminant(&it.value) == kind)
        {
            let message = format!("{} is set twice in one statement", quote(key.value));
            return Err(Fault::cut(Diagnostic::new(change.span, message)));
        }
        changes.push(change);
    }
}

/// `client > server`
fn direction(input: &mut Input<'_>) -> Parse<Direction> {
    let host = |input: &mut Input<'_>| spanned(name.map(str::to_owned)).parse_next(input);
    let from = host(input)?;
    (blank, '>').parse_next(input)?;
    blank(input)?;
    let to = opt(host)
        .parse_next(input)?
        .ok_or_else(|| expected(input, "a host after `>`"))?;
    if opt(peek((blank, ':'))).parse_next(input)?.is_some() {
        blank(input)?;
        let diagnostic = super::lexeme::expected_here(input, "what to change")
            .help("a link has no colon: `link client > server loss 1`");
        return Err(Fault::cut(diagnostic));
    }
    Ok(Direction { from, to })
}

/// A key, just read, and its value.
fn change(input: &mut Input<'_>, key: Spanned<&str>) -> Parse<Spanned<LinkChange>> {
    let flag = match key.value {
        "down" => Some(LinkChange::Down(true)),
        "up" => Some(LinkChange::Down(false)),
        other if KEYS.contains(&other) => None,
        other => {
            return Err(Fault::cut(names::unknown(
                key.span,
                "key| of `link`",
                other,
                KEYS,
            )));
        }
    };
    if let Some(change) = flag {
        return Ok(key.map(|_| change));
    }
    let is_value = |c: char| !c.is_whitespace() && c != ',' && c != '/';
    let value = after_blank(spanned(take_while(1.., is_value))).parse_next(input)?;
    let Some(value) = value else {
        return Err(expected(
            input,
            &format!("a value after {}", quote(key.value)),
        ));
    };
    let change = value_of(key.value, value.value).map_err(|fault| {
        let message = format!("bad {} {}: {fault}", key.value, quote(value.value));
        Fault::cut(Diagnostic::new(value.span, message))
    })?;
    Ok(Spanned::new(change, key.span.to(value.span)))
}

/// The change that a key, which is one that has a value, and its value ask for.
fn value_of(key: &str, value: &str) -> Result<LinkChange, String> {
    let limited = value != "unlimited";
    Ok(match key {
        "delay" => LinkChange::Delay(limits::duration_within(
            units::duration(value)?,
            &limits::DELAY,
        )?),
        "rate" if limited => {
            LinkChange::Rate(Some(limits::within(units::rate(value)?, &limits::RATE)?))
        }
        "rate" => LinkChange::Rate(None),
        "queue" if limited => LinkChange::Queue(Some(count(value, &limits::QUEUE)?)),
        "queue" => LinkChange::Queue(None),
        "mtu" => LinkChange::Mtu(count(value, &limits::MTU_V4)?),
        "loss" => LinkChange::Loss(units::probability(value)?),
        "duplicate" => LinkChange::Duplicate(units::probability(value)?),
        "reorder" => LinkChange::Reorder(units::probability(value)?),
        _ => LinkChange::Corrupt(units::probability(value)?),
    })
}

/// A whole number in a range.
fn count(value: &str, range: &RangeInclusive<u64>) -> Result<usize, String> {
    let number = value
        .parse()
        .map_err(|_| "a whole number is needed".to_owned())?;
    let number = limits::within(number, range)?;
    usize::try_from(number).map_err(|_| "the number is too large".to_owned())
}
