//! Changes of the network: `link [HOST > HOST] KEY VALUE ...`.

use winnow::Parser;
use winnow::combinator::{opt, peek};
use winnow::token::take_while;

use super::dialect::name;
use crate::diagnostic::Spanned;
use crate::language::input::{
    Fault, Input, Parse, error_at, expected, expected_here, required, spanned,
};
use crate::language::names::{self, quote};
use crate::language::words::{after_blank, blank, word};
use crate::scenario::key::{self, Key};
use crate::scenario::network::LINK_KEYS;
use crate::scenario::script::{HostPair, LinkChange, LinkStatement};

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
            return Err(error_at(change.span, message));
        }
        changes.push(change);
    }
}

/// `client > server`
fn direction(input: &mut Input<'_>) -> Parse<HostPair> {
    let host = |input: &mut Input<'_>| spanned(name.map(str::to_owned)).parse_next(input);
    let from = host(input)?;
    (blank, '>').parse_next(input)?;
    blank(input)?;
    let to = required(input, host, "a host after `>`")?;
    if opt(peek((blank, ':'))).parse_next(input)?.is_some() {
        blank(input)?;
        let diagnostic = expected_here(input, "what to change")
            .help("a link has no colon: `link client > server loss 1`");
        return Err(Fault::cut(diagnostic));
    }
    Ok(HostPair { from, to })
}

/// A key, just read, and its value.
fn change(input: &mut Input<'_>, key: Spanned<&str>) -> Parse<Spanned<LinkChange>> {
    match key.value {
        "down" => return Ok(key.map(|_| LinkChange::Down(true))),
        "up" => return Ok(key.map(|_| LinkChange::Down(false))),
        _ => {}
    }
    let Some(known) = LINK_KEYS.iter().find(|it| it.name == key.value) else {
        let known = ["down", "up"].into_iter().chain(key::names(LINK_KEYS));
        let unknown = names::unknown(key.span, "key| of `link`", key.value, known);
        return Err(Fault::cut(unknown));
    };
    let is_value = |c: char| !c.is_whitespace() && c != ',' && c != '/';
    let value = after_blank(spanned(take_while(1.., is_value))).parse_next(input)?;
    let Some(value) = value else {
        return Err(expected(
            input,
            &format!("a value after {}", quote(key.value)),
        ));
    };
    let change = value_of(known, value.value).map_err(|fault| {
        let message = format!("bad {} {}: {fault}", key.value, quote(value.value));
        error_at(value.span, message)
    })?;
    Ok(Spanned::new(change, key.span.to(value.span)))
}

/// The change that a key and its value ask for.
fn value_of(key: &Key<Vec<LinkChange>>, value: &str) -> Result<LinkChange, String> {
    match (key.name, value) {
        ("rate", "unlimited") => return Ok(LinkChange::Rate(None)),
        ("queue", "unlimited") => return Ok(LinkChange::Queue(None)),
        _ => {}
    }
    let mut changes = Vec::new();
    key.take_word(value, &mut changes)?;
    changes.pop().ok_or_else(|| "it changes nothing".to_owned())
}
