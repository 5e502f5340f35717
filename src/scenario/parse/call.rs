//! Socket calls: `[...T] CALL(args) = result [ERROR] [(note)]`.

use std::net::{Ipv4Addr, Ipv6Addr};

use winnow::Parser;
use winnow::combinator::{alt, delimited, opt, peek, terminated};
use winnow::token::{literal, take_till, take_while};

use super::dialect::{TEXT, name};
use super::time::time_spec;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::language::input::{
    Fault, Input, Parse, error_at, expected, expected_here, here, required, spanned,
};
use crate::language::names::quote;
use crate::language::number::{integer, unsigned};
use crate::language::words::{after_blank, blank, gap, word};
use crate::scenario::script::{Argument, Call, ExpectedResult, TimeSpec};
use crate::scenario::vocabulary;

/// How many arguments a call, a list or a structure may have.
const ARGUMENTS_MAX: usize = 64;
/// How deep lists and structures may nest.
const DEPTH_MAX: usize = 8;

/// What stands after `HOST[/THREAD]:`.
pub(super) fn call(
    input: &mut Input<'_>,
    host: Spanned<String>,
    thread: Option<Spanned<String>>,
) -> Parse<Call> {
    blank(input)?;
    let returns = opt(returns).parse_next(input)?;
    blank(input)?;
    let (name, arguments) = call_itself(input)?;
    blank(input)?;
    let has_result = opt('=').parse_next(input)?.is_some();
    if !has_result && !vocabulary::never_returns(&name.value) {
        let diagnostic = expected_here(input, "`=` and what the call must return")
            .help("`= 0`, `= -1 EPIPE`, `= SOCKET_ERROR WSAENOTCONN`, or `= ...` for anything");
        return Err(Fault::cut(diagnostic));
    }
    let (result, error) = match has_result {
        true => outcome(input)?,
        false => (Spanned::new(ExpectedResult::Any, name.span), None),
    };
    Ok(Call {
        host,
        thread,
        routine: None,
        returns,
        name,
        arguments,
        result,
        error,
    })
}

/// A call of a program: `CALL(args) [= result [ERROR]]`. Without a result it may return anything.
pub(super) fn of_program(input: &mut Input<'_>, host: &Spanned<String>) -> Parse<Call> {
    let (name, arguments) = call_itself(input)?;
    let (result, error) = match after_blank('=').parse_next(input)? {
        Some(_) => outcome(input)?,
        None => (Spanned::new(ExpectedResult::Any, name.span), None),
    };
    Ok(Call {
        host: host.clone(),
        thread: None,
        routine: None,
        returns: None,
        name,
        arguments,
        result,
        error,
    })
}

/// An endpoint alone.
pub(super) fn endpoint(input: &mut Input<'_>) -> Parse<Argument> {
    let start = here(input);
    let endpoint = argument(0)(input)?;
    if let Argument::Endpoint {
        port: Some(1..), ..
    } = endpoint
    {
        return Ok(endpoint);
    }
    let span = Span::new(start..here(input));
    let diagnostic = Diagnostic::new(span, "this is no address with a port");
    Err(Fault::cut(diagnostic.help("write HOST:PORT: `server:80`")))
}

/// `CALL(args)`
fn call_itself(input: &mut Input<'_>) -> Parse<(Spanned<String>, Vec<Spanned<Argument>>)> {
    let name = required(
        input,
        spanned(word.map(str::to_owned)),
        "a call or `expect`",
    )?;
    blank(input)?;
    let open = here(input);
    if opt('(').parse_next(input)?.is_none() {
        return Err(expected(
            input,
            &format!("`(` after {}", quote(&name.value)),
        ));
    }
    let arguments = sequence(input, open, ')', |input| {
        spanned(argument(0)).parse_next(input)
    })?;
    Ok((name, arguments))
}

/// What stands after the `=`: a result, an error, and what packetdrill says of it.
fn outcome(input: &mut Input<'_>) -> Parse<(Spanned<ExpectedResult>, Option<Spanned<String>>)> {
    blank(input)?;
    let result = spanned(result).parse_next(input)?;
    let error = after_blank(spanned(word.map(str::to_owned))).parse_next(input)?;
    // packetdrill's scripts say in words what an error means; nothing depends on it.
    after_blank(note).parse_next(input)?;
    Ok((result, error))
}

/// `...T`
fn returns(input: &mut Input<'_>) -> Parse<Spanned<TimeSpec>> {
    let start = here(input);
    literal("...").parse_next(input)?;
    let time = time_spec(input)?;
    let span = Span::new(start..time.span.end);
    if time.value.follows() {
        let diagnostic = Diagnostic::new(span, "`then` says when a call is made")
            .help("`...*` is a call that returns some time, `...+T` one that does so T later");
        return Err(Fault::cut(diagnostic));
    }
    Ok(Spanned::new(time.value, span))
}

/// `(Broken pipe)`
fn note(input: &mut Input<'_>) -> Parse<()> {
    delimited('(', take_till(0.., [')', '\n']), ')')
        .void()
        .parse_next(input)
}

/// What stands after the `=`.
fn result(input: &mut Input<'_>) -> Parse<ExpectedResult> {
    if opt(literal("...")).parse_next(input)?.is_some() {
        return Ok(ExpectedResult::Any);
    }
    if let Some(value) = opt(integer).parse_next(input)? {
        return Ok(ExpectedResult::Integer(value));
    }
    let first = required(
        input,
        word,
        "what the call must return: a number, a word or `...`",
    )?;
    let mut words = vec![first.to_owned()];
    while after_blank('|').parse_next(input)?.is_some() {
        blank(input)?;
        let next = required(input, word, "a word after `|`")?;
        words.push(next.to_owned());
        at_most(input, words.len(), "flags")?;
    }
    Ok(match words.len() {
        1 => ExpectedResult::Word(words.remove(0)),
        _ => ExpectedResult::Flags(words),
    })
}

/// What stands between an opening bracket, just read, and its closing one. May go over lines.
fn sequence<'a, T>(
    input: &mut Input<'a>,
    open: usize,
    close: char,
    mut element: impl FnMut(&mut Input<'a>) -> Parse<T>,
) -> Parse<Vec<T>> {
    let mut elements = Vec::new();
    gap(input)?;
    if opt(close).parse_next(input)?.is_some() {
        return Ok(elements);
    }
    loop {
        elements.push(element(input)?);
        at_most(input, elements.len(), "arguments")?;
        gap(input)?;
        if opt(close).parse_next(input)?.is_some() {
            return Ok(elements);
        }
        if opt(',').parse_next(input)?.is_none() {
            let diagnostic = expected_here(input, &format!("`,` or `{close}`"))
                .context(Span::new(open..open + 1), "opened here");
            return Err(Fault::cut(diagnostic));
        }
        gap(input)?;
    }
}

/// The error that there are too many of something.
fn at_most(input: &Input<'_>, count: usize, what: &str) -> Parse<()> {
    if count <= ARGUMENTS_MAX {
        return Ok(());
    }
    let message = format!("more than {ARGUMENTS_MAX} {what} in one place");
    Err(error_at(Span::at(here(input)), message))
}

/// One argument, inside `depth` lists and structures.
fn argument<'a>(depth: usize) -> impl FnMut(&mut Input<'a>) -> Parse<Argument> {
    move |input| {
        let open = here(input);
        if depth > DEPTH_MAX {
            let message = format!("brackets nest deeper than {DEPTH_MAX}");
            return Err(error_at(Span::new(open..open + 1), message));
        }
        if opt(literal("...")).parse_next(input)?.is_some() {
            return Ok(Argument::Ellipsis);
        }
        if let Some(text) = opt(|input: &mut Input<'a>| TEXT.read(input)).parse_next(input)? {
            return Ok(Argument::Text(text));
        }
        if let Some(endpoint) = opt(bracketed_endpoint).parse_next(input)? {
            return Ok(endpoint);
        }
        if opt('[').parse_next(input)?.is_some() {
            return sequence(input, open, ']', argument(depth + 1)).map(Argument::List);
        }
        if opt('{').parse_next(input)?.is_some() {
            return sequence(input, open, '}', |input| field(input, depth + 1))
                .map(Argument::Struct);
        }
        flags(input)
    }
}

/// `onoff=1`, or only `1`
fn field(input: &mut Input<'_>, depth: usize) -> Parse<(Option<String>, Argument)> {
    let name = opt(terminated(word, (blank, '=', blank))).parse_next(input)?;
    let value = argument(depth)(input)?;
    Ok((name.map(str::to_owned), value))
}

/// `O_RDWR|O_NONBLOCK`, or one of them alone
fn flags(input: &mut Input<'_>) -> Parse<Argument> {
    let first = atom(input)?;
    let mut all = vec![first];
    loop {
        let bar = here(input);
        if after_blank('|').parse_next(input)?.is_none() {
            break;
        }
        gap(input)?;
        all.push(atom(input)?);
        at_most(input, all.len(), "flags")?;
        let is_flag = |it: &Argument| matches!(it, Argument::Word(_) | Argument::Integer(_));
        if !all.iter().all(is_flag) {
            let span = Span::new(bar..here(input));
            let message = "only words and numbers can be joined with `|`";
            return Err(error_at(span, message));
        }
    }
    Ok(if all.len() == 1 {
        all.remove(0)
    } else {
        Argument::Flags(all)
    })
}

/// An argument without brackets.
fn atom(input: &mut Input<'_>) -> Parse<Argument> {
    if let Some(endpoint) = opt(alt((v4_endpoint, wildcard_endpoint))).parse_next(input)? {
        return Ok(endpoint);
    }
    let start = here(input);
    if let Some(number) = opt(integer).parse_next(input)? {
        if input.starts_with('.') && !input.starts_with("...") {
            take_while(0.., |c: char| c.is_ascii_digit() || c == '.')
                .void()
                .parse_next(input)?;
            let span = Span::new(start..here(input));
            let diagnostic = Diagnostic::new(span, "arguments are whole numbers or addresses")
                .help("an address has a port: `192.0.2.1:80`, `server:80`, `*:80`");
            return Err(Fault::cut(diagnostic));
        }
        return Ok(Argument::Integer(number));
    }
    let host = required(input, name, "an argument")?;
    if opt(peek((blank, '('))).parse_next(input)?.is_some() {
        return macro_call(input, host, start);
    }
    if opt(':').parse_next(input)?.is_none() {
        return Ok(Argument::Word(host.to_owned()));
    }
    let port = port(input)?;
    Ok(Argument::Endpoint {
        host: host.to_owned(),
        port,
    })
}

/// `MAKEWORD(low, high)`, the one macro that no Winsock program goes without.
fn macro_call(input: &mut Input<'_>, name: &str, start: usize) -> Parse<Argument> {
    if name != "MAKEWORD" {
        let span = Span::new(start..here(input));
        let diagnostic = Diagnostic::new(span, "a call cannot be the argument of a call")
            .help("only MAKEWORD(low, high) is understood here");
        return Err(Fault::cut(diagnostic));
    }
    blank(input)?;
    let open = here(input);
    '('.parse_next(input)?;
    let octets = sequence(input, open, ')', |input| {
        required(input, unsigned(u8::MAX), "a number")
    })?;
    match octets.as_slice() {
        [low, high] => Ok(Argument::Integer(i64::from(u16::from_le_bytes([
            *low, *high,
        ])))),
        _ => {
            let span = Span::new(start..here(input));
            Err(error_at(
                span,
                "MAKEWORD takes two numbers: the low, the high",
            ))
        }
    }
}

/// `192.0.2.1:80`
fn v4_endpoint(input: &mut Input<'_>) -> Parse<Argument> {
    let address = take_while(7..=15, |c: char| c.is_ascii_digit() || c == '.')
        .verify_map(|it: &str| it.parse::<Ipv4Addr>().ok());
    let address = terminated(address, ':').parse_next(input)?;
    Ok(Argument::Endpoint {
        host: address.to_string(),
        port: port(input)?,
    })
}

/// `*:80`
fn wildcard_endpoint(input: &mut Input<'_>) -> Parse<Argument> {
    literal("*:").parse_next(input)?;
    Ok(Argument::Endpoint {
        host: "*".to_owned(),
        port: port(input)?,
    })
}

/// `[2001:db8::1]:80`
fn bracketed_endpoint(input: &mut Input<'_>) -> Parse<Argument> {
    // An address has at most 45 characters; a longer list is not one, and need not be looked at.
    let address = take_while(2..=45, |c: char| {
        c.is_ascii_hexdigit() || c == ':' || c == '.'
    })
    .verify_map(|it: &str| it.parse::<Ipv6Addr>().ok());
    let address = delimited('[', address, ']').parse_next(input)?;
    required(input, ':', "`:` and a port after the address")?;
    Ok(Argument::Endpoint {
        host: address.to_string(),
        port: port(input)?,
    })
}

/// `80`, or `*` for none in particular
fn port(input: &mut Input<'_>) -> Parse<Option<u16>> {
    opt(alt((unsigned(u16::MAX).map(Some), '*'.value(None))))
        .parse_next(input)?
        .ok_or_else(|| expected(input, "a port: 0 to 65535, or `*`"))
}
