//! The state of a socket: `expect [SOCKET.]NAME OPERATOR VALUE, ...`.

use hangup_stack::tcp::State;
use winnow::Parser;
use winnow::combinator::{opt, terminated};
use winnow::token::take_while;

use super::dialect::{is_word, name};
use crate::diagnostic::{Span, Spanned};
use crate::language::Relation;
use crate::language::input::{Fault, Input, Parse, error_at, expected, here, required, spanned};
use crate::language::names::{self, quote};
use crate::language::number::{decimal, integer, unsigned};
use crate::language::units;
use crate::language::words::{after_blank, blank, word};
use crate::scenario::script::{Condition, Expect, Property, PropertyKind, Value};

/// How many conditions one statement may have.
const CONDITIONS_MAX: usize = 64;

/// How many network events one value may name.
const EVENTS_MAX: usize = 16;

/// The states with their names. RFC 9293 writes hyphens, programs write underscores: both are read.
const STATES: [(&str, State); 11] = [
    ("CLOSED", State::Closed),
    ("LISTEN", State::Listen),
    ("SYN_SENT", State::SynSent),
    ("SYN_RECEIVED", State::SynReceived),
    ("ESTABLISHED", State::Established),
    ("FIN_WAIT_1", State::FinWait1),
    ("FIN_WAIT_2", State::FinWait2),
    ("CLOSE_WAIT", State::CloseWait),
    ("CLOSING", State::Closing),
    ("LAST_ACK", State::LastAck),
    ("TIME_WAIT", State::TimeWait),
];

/// What stands after `HOST: expect`.
pub(super) fn expect(input: &mut Input<'_>, host: Spanned<String>) -> Parse<Expect> {
    let mut conditions = Vec::new();
    loop {
        blank(input)?;
        conditions.push(spanned(condition).parse_next(input)?);
        if conditions.len() > CONDITIONS_MAX {
            let message = format!("more than {CONDITIONS_MAX} conditions in one statement");
            return Err(error_at(Span::at(here(input)), message));
        }
        if after_blank(',').parse_next(input)?.is_none() {
            return Ok(Expect { host, conditions });
        }
    }
}

/// `4.state == ESTABLISHED`
fn condition(input: &mut Input<'_>) -> Parse<Condition> {
    let socket = opt(terminated(spanned(integer), '.')).parse_next(input)?;
    let property = property(input)?;
    blank(input)?;
    let at = Span::at(here(input));
    let relation =
        Relation::read(input).ok_or_else(|| expected(input, "a comparison: == != < <= > >="))?;
    let kind = property.value.kind();
    let ordered = match kind {
        PropertyKind::Number | PropertyKind::Duration => true,
        PropertyKind::State
        | PropertyKind::Boolean
        | PropertyKind::Error
        | PropertyKind::Events => false,
    };
    if !ordered && relation.is_ordering() {
        let message = format!("`{}` can only be == or != something", property.value.name());
        return Err(error_at(at.to(Span::at(here(input))), message));
    }
    blank(input)?;
    let value = spanned(|input: &mut Input<'_>| value(input, kind)).parse_next(input)?;
    Ok(Condition {
        socket,
        property,
        relation,
        value,
    })
}

/// The name of a property.
fn property(input: &mut Input<'_>) -> Parse<Spanned<Property>> {
    let name = required(
        input,
        spanned(word),
        "what to look at: `state`, `held`, `4.acknowledged` ...",
    )?;
    match Property::ALL
        .iter()
        .find(|(_, known, _)| *known == name.value)
    {
        Some((property, _, _)) => Ok(name.map(|_| *property)),
        None => {
            let known = Property::ALL.iter().map(|(_, known, _)| *known);
            Err(Fault::cut(names::unknown(
                name.span,
                "name| in `expect`",
                name.value,
                known,
            )))
        }
    }
}

/// A value of the kind that a property has.
fn value(input: &mut Input<'_>, kind: PropertyKind) -> Parse<Value> {
    let start = here(input);
    let what = match kind {
        PropertyKind::State => "a state such as ESTABLISHED, or none",
        PropertyKind::Boolean => "true or false",
        PropertyKind::Number => "a number",
        PropertyKind::Duration => "a time such as 200ms, or none",
        PropertyKind::Error => "an error such as ECONNRESET, or none",
        PropertyKind::Events => "events such as FD_READ|FD_CLOSE, or 0",
    };
    match kind {
        PropertyKind::Number => {
            return required(input, unsigned(u64::MAX).map(Value::Number), what);
        }
        PropertyKind::Duration => {
            if let Some(time) = opt((decimal, take_while(0.., is_unit))).parse_next(input)? {
                return duration(time, Span::new(start..here(input))).map(Value::Duration);
            }
        }
        PropertyKind::Events => return events(input, what),
        PropertyKind::State | PropertyKind::Boolean | PropertyKind::Error => {}
    }
    let text = required(input, spanned(name), what)?;
    match (kind, text.value) {
        (PropertyKind::Boolean, "true" | "TRUE") => Ok(Value::Boolean(true)),
        (PropertyKind::Boolean, "false" | "FALSE") => Ok(Value::Boolean(false)),
        (PropertyKind::State | PropertyKind::Duration | PropertyKind::Error, "none") => {
            Ok(Value::None)
        }
        (PropertyKind::Error, error) => Ok(Value::Error(error.to_owned())),
        (PropertyKind::State, state) => self::state(state, text.span),
        (
            PropertyKind::Boolean
            | PropertyKind::Duration
            | PropertyKind::Number
            | PropertyKind::Events,
            other,
        ) => {
            let message = format!("expected {what}, found {}", quote(other));
            Err(error_at(text.span, message))
        }
    }
}

/// `FD_READ|FD_CLOSE`, or 0
fn events(input: &mut Input<'_>, what: &str) -> Parse<Value> {
    if opt('0').parse_next(input)?.is_some() {
        return Ok(Value::Events(Vec::new()));
    }
    let mut events = Vec::new();
    loop {
        let event = required(input, word, what)?;
        events.push(event.to_owned());
        if events.len() > EVENTS_MAX {
            let message = format!("more than {EVENTS_MAX} events");
            return Err(error_at(Span::at(here(input)), message));
        }
        if opt('|').parse_next(input)?.is_none() {
            events.sort_unstable();
            return Ok(Value::Events(events));
        }
    }
}

/// A character of a unit.
fn is_unit(c: char) -> bool {
    is_word(c) || c == 'µ'
}

/// `200ms`, or seconds where there is no unit
fn duration((number, unit): (&str, &str), span: Span) -> Parse<smoltcp::time::Duration> {
    let time = if unit.is_empty() {
        units::seconds(number)
    } else {
        units::duration(&format!("{number}{unit}"))
    };
    time.map_err(|fault| error_at(span, format!("bad time: {fault}")))
}

/// A state by its name.
fn state(text: &str, span: Span) -> Parse<Value> {
    let written = text.replace('-', "_");
    match STATES.iter().find(|(known, _)| *known == written) {
        Some((_, state)) => Ok(Value::State(*state)),
        None => {
            let known = STATES.iter().map(|(known, _)| *known);
            Err(Fault::cut(names::unknown(span, "state", text, known)))
        }
    }
}
