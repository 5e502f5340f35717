//! packetdrill's grammar: from words to events.
//!
//! Features that hangup cannot play are parsed all the same and noted with their places, so that
//! no correct script is refused as wrong.

mod call;
mod header;
mod icmp;
mod option;
mod packet;
mod way;

use smoltcp::time::Duration;

use super::lexer::Token;
use super::limits;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::scenario::script::{Argument, ExpectedResult, PacketLine, TimeSpec};
use way::Way;

/// A script as it is written.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// `--name=value` at the top.
    pub(super) settings: Vec<Spanned<(String, Option<String>)>>,
    /// The line for the shell before the first event.
    pub(super) init: Option<Spanned<String>>,
    /// What happens.
    pub(super) events: Vec<Written>,
    /// What hangup cannot play.
    pub(super) unsupported: Vec<Diagnostic>,
}

/// One event as it is written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) span: Span,
    pub(super) time: Spanned<TimeSpec>,
    pub(super) action: WrittenAction,
}

#[derive(Debug)]
pub(super) enum WrittenAction {
    Inbound(PacketLine),
    Outbound(PacketLine),
    Call(WrittenCall),
    Shell(String),
    Code(Spanned<String>),
}

#[derive(Debug)]
pub(super) struct WrittenCall {
    /// `...T`: when a call that waits returns, as it is written.
    pub(super) returns: Option<Spanned<Duration>>,
    pub(super) name: Spanned<String>,
    pub(super) arguments: Vec<Spanned<Argument>>,
    pub(super) result: Spanned<ExpectedResult>,
    pub(super) error: Option<Spanned<String>>,
}

/// Reads a script.
///
/// # Errors
/// What its grammar does not have.
pub(super) fn parse(tokens: Vec<(Token<'_>, Span)>) -> Result<Parsed, Box<Diagnostic>> {
    let mut parser = Parser {
        tokens,
        at: 0,
        unsupported: Vec::new(),
    };
    let mut parsed = Parsed::default();
    while let Some((Token::Setting(name, value), span)) = parser.tokens.get(parser.at) {
        let setting = ((*name).to_owned(), value.map(unquoted));
        parsed.settings.push(Spanned::new(setting, *span));
        parser.at += 1;
    }
    if let Some(line) = parser.shell() {
        parsed.init = Some(line);
    }
    while parser.at < parser.tokens.len() {
        // A line for the shell without a time is the last: it cleans up, which is never done here.
        if let (Some(Token::Shell(_)), true) = (parser.peek(), !parsed.events.is_empty()) {
            parser.at += 1;
            if parser.at < parser.tokens.len() {
                return Err(parser.unexpected("the end: a line without a time cleans up"));
            }
            break;
        }
        if parsed.events.len() == limits::EVENTS_MAX {
            let message = format!("a script has at most {} events", limits::EVENTS_MAX);
            return Err(Box::new(Diagnostic::new(parser.span(), message)));
        }
        let event = parser.event()?;
        in_order(parsed.events.last(), &event)?;
        parsed.events.push(event);
    }
    if parsed.events.is_empty() {
        return Err(Box::new(Diagnostic::of_file("the script has no event")));
    }
    parsed.unsupported = parser.unsupported;
    Ok(parsed)
}

/// A value without the quotes around it.
fn unquoted(value: &str) -> String {
    let within = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    within.unwrap_or(value).to_owned()
}

/// Whether an event may follow another: the first is at 0, and times do not go back.
fn in_order(before: Option<&Written>, event: &Written) -> Result<(), Box<Diagnostic>> {
    let absolute = |time: TimeSpec| match time {
        TimeSpec::Absolute(at) => Some(at),
        TimeSpec::AbsoluteRange { earliest, .. } => Some(earliest),
        TimeSpec::Relative(_)
        | TimeSpec::Any
        | TimeSpec::RelativeRange { .. }
        | TimeSpec::Following { .. } => None,
    };
    let Some(before) = before else {
        let time = event.time.value;
        let first = if let TimeSpec::Relative(after) = time {
            Some(after)
        } else {
            absolute(time)
        };
        if first.unwrap_or(Duration::ZERO) == Duration::ZERO {
            return Ok(());
        }
        return Err(Box::new(Diagnostic::new(
            event.time.span,
            "the first event is not at 0",
        )));
    };
    match (absolute(before.time.value), absolute(event.time.value)) {
        (Some(one), Some(other)) if other < one => Err(Box::new(
            Diagnostic::new(event.time.span, "the time goes back")
                .context(before.time.span, "the event before is here"),
        )),
        _ => Ok(()),
    }
}

/// Where in the script the parser is.
struct Parser<'t> {
    tokens: Vec<(Token<'t>, Span)>,
    at: usize,
    unsupported: Vec<Diagnostic>,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn peek_at(&self, ahead: usize) -> Option<&Token<'t>> {
        self.tokens.get(self.at + ahead).map(|(token, _)| token)
    }

    /// The place of the next word, or the end of the last one.
    fn span(&self) -> Span {
        let next = self.tokens.get(self.at).map(|(_, span)| *span);
        next.unwrap_or_else(|| Span::at(self.tokens.last().map_or(0, |(_, span)| span.end)))
    }

    /// From a place up to the word that was read last.
    fn since(&self, start: Span) -> Span {
        let last = self.at.checked_sub(1).and_then(|it| self.tokens.get(it));
        last.map_or(start, |(_, span)| start.to(*span))
    }

    /// An error: something else should stand here.
    fn unexpected(&self, wanted: &str) -> Box<Diagnostic> {
        let found = if self.at < self.tokens.len() {
            "this does not belong here"
        } else {
            "the script ends here"
        };
        Box::new(Diagnostic::new(self.span(), found).label(format!("expected {wanted}")))
    }

    /// Notes that something cannot be played.
    fn refuse(&mut self, span: Span, what: impl Into<String>) {
        self.unsupported.push(Diagnostic::new(span, what));
    }

    fn is_sign(&self, sign: char) -> bool {
        self.peek() == Some(&Token::Sign(sign))
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(it)) if it == word)
    }

    /// Takes a sign, if it is the next word.
    fn take_sign(&mut self, sign: char) -> bool {
        let is = self.is_sign(sign);
        self.at += usize::from(is);
        is
    }

    /// Takes a certain word, if it is the next.
    fn take_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        self.at += usize::from(is);
        is
    }

    fn sign(&mut self, sign: char) -> Result<(), Box<Diagnostic>> {
        if self.take_sign(sign) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{sign}`")))
        }
    }

    /// Any word.
    fn word(&mut self, wanted: &str) -> Result<Spanned<String>, Box<Diagnostic>> {
        let span = self.span();
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone().into_owned();
                self.at += 1;
                Ok(Spanned::new(word, span))
            }
            _ => Err(self.unexpected(wanted)),
        }
    }

    /// A number that fits a type.
    fn number<N: TryFrom<i64>>(&mut self, wanted: &str) -> Result<Spanned<N>, Box<Diagnostic>> {
        let span = self.span();
        let Some(number) = self.integer()? else {
            return Err(self.unexpected(wanted));
        };
        match N::try_from(number) {
            Ok(number) => Ok(Spanned::new(number, span)),
            Err(_) => Err(Box::new(
                Diagnostic::new(span, format!("{number} is out of range"))
                    .label(format!("expected {wanted}")),
            )),
        }
    }

    /// An integer, if it is the next word.
    fn integer(&mut self) -> Result<Option<i64>, Box<Diagnostic>> {
        let number = match self.peek() {
            Some(Token::Integer(digits)) => digits.parse().ok(),
            Some(Token::Hexadecimal(digits)) => i64::from_str_radix(digits, 16).ok(),
            _ => return Ok(None),
        };
        match number {
            Some(number) => {
                self.at += 1;
                Ok(Some(number))
            }
            None => Err(Box::new(Diagnostic::new(
                self.span(),
                "the number is too large",
            ))),
        }
    }

    fn shell(&mut self) -> Option<Spanned<String>> {
        let span = self.span();
        match self.peek() {
            Some(Token::Shell(line)) => {
                let line = line.clone().into_owned();
                self.at += 1;
                Some(Spanned::new(line, span))
            }
            _ => None,
        }
    }

    /// `time_spec action`
    fn event(&mut self) -> Result<Written, Box<Diagnostic>> {
        let start = self.span();
        let time = self.time_spec()?;
        let time = Spanned::new(time, self.since(start));
        let action = match self.peek() {
            Some(Token::Sign('<')) => {
                self.at += 1;
                WrittenAction::Inbound(self.packet(Way::Inbound)?)
            }
            Some(Token::Sign('>')) => {
                self.at += 1;
                WrittenAction::Outbound(self.packet(Way::Outbound)?)
            }
            Some(Token::Shell(_)) => {
                let line = self.shell().map(|it| it.value);
                WrittenAction::Shell(line.unwrap_or_default())
            }
            Some(Token::Code(code)) => {
                let code = Spanned::new((*code).to_owned(), self.span());
                self.at += 1;
                WrittenAction::Code(code)
            }
            Some(Token::Word(_) | Token::Ellipsis) => WrittenAction::Call(self.call(&time)?),
            _ => {
                let wanted = "a packet (< or >), a call, a line for the shell or %{ code }%";
                return Err(self.unexpected(wanted));
            }
        };
        let is_expected = matches!(action, WrittenAction::Outbound(_));
        if !is_expected && !time.value.is_moment() {
            let message = "only a packet that is expected (>) can have `*` or a range of times";
            return Err(Box::new(Diagnostic::new(time.span, message)));
        }
        Ok(Written {
            span: self.since(start),
            time,
            action,
        })
    }

    fn time_spec(&mut self) -> Result<TimeSpec, Box<Diagnostic>> {
        if self.take_sign('*') {
            return Ok(TimeSpec::Any);
        }
        let start = self.span();
        let relative = self.take_sign('+');
        let first = self.time()?;
        if !self.take_sign('~') {
            return Ok(match relative {
                true => TimeSpec::Relative(first),
                false => TimeSpec::Absolute(first),
            });
        }
        if relative {
            self.sign('+')?;
        }
        let last = self.time()?;
        if last < first {
            return Err(Box::new(Diagnostic::new(
                self.since(start),
                "this range goes back",
            )));
        }
        Ok(match relative {
            true => TimeSpec::RelativeRange {
                earliest: first,
                latest: last,
            },
            false => TimeSpec::AbsoluteRange {
                earliest: first,
                latest: last,
            },
        })
    }

    /// A number of seconds.
    fn time(&mut self) -> Result<Duration, Box<Diagnostic>> {
        let span = self.span();
        let text = match self.peek() {
            Some(Token::Float(text)) => *text,
            Some(Token::Integer(text)) => &**text,
            _ => return Err(self.unexpected("a time, in seconds")),
        };
        let time = match micros(text) {
            Some(time) if time <= limits::TIME_MAX => time,
            Some(_) => {
                let message = format!("a time is at most {} s", limits::TIME_MAX.secs());
                return Err(Box::new(Diagnostic::new(span, message)));
            }
            None => {
                return Err(Box::new(Diagnostic::new(
                    span,
                    "this is no time: a number of seconds",
                )));
            }
        };
        self.at += 1;
        Ok(time)
    }
}

/// Seconds with decimals; the seventh decimal rounds.
pub(super) fn micros(text: &str) -> Option<Duration> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let seconds: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let digit = |index: usize| decimals.as_bytes().get(index).map_or(0, |it| it - b'0');
    let micros = (0..6).fold(0, |all, index| all * 10 + u64::from(digit(index)));
    let rounds = u64::from(digit(6) >= 5);
    Some(Duration::from_micros(
        seconds
            .checked_mul(1_000_000)?
            .checked_add(micros + rounds)?,
    ))
}
