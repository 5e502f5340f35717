//! The parser of scripts.
//!
//! ```text
//! statement := [GUARD] TIME SUBJECT
//! GUARD     := `[` HOST = PROFILE|... `]` | `[` HOST != PROFILE|... `]`
//! TIME      := T | +T | * | T~T | +T~+T | then | then+T | then+T~+T
//! SUBJECT   := HOST[/THREAD[.ROUTINE]]: [...TIME] CALL(ARGUMENT, ...) = RESULT [ERROR] [(NOTE)]
//!            | HOST[:PORT] > HOST[:PORT]: FLAGS [START:END(LENGTH)] [ack N] [win N] [<OPTIONS>]
//!              [data DATA]
//!            | HOST[:PORT] > HOST[:PORT]: udp (LENGTH)
//!            | HOST[:PORT] > HOST[:PORT]: icmp TYPE [CODE]
//!            | HOST > HOST: nothing
//!            | inject HOST[:PORT] > HOST[:PORT]: ...
//!            | HOST: expect [SOCKET.]NAME RELATION VALUE, ...
//!            | HOST: subsystem down | HOST: subsystem up | HOST: crash | HOST: reboot
//!            | link [HOST > HOST] KEY VALUE ...
//! ```
//!
//! A statement ends where its line ends, unless a bracket is open. An error therefore ends with its
//! statement too, and the parser goes on with the next one: all errors of a script are found at
//! once. Whether the hosts and calls of a statement exist is not known here; [`super::check`] looks
//! at that.

mod call;
mod dialect;
mod expect;
mod link;
mod packet;
mod program;
mod time;

#[cfg(test)]
mod tests;

use winnow::Parser;
use winnow::combinator::{fail, opt, preceded, terminated};
use winnow::error::ErrMode;

use super::limits::{DIAGNOSTICS_MAX, PROFILES_MAX, STATEMENTS_MAX};
use super::script::{
    Call, Guard, Power, PowerChange, Routine, Script, Spanned, Statement, Subject, Subsystem,
};
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::language::input::{
    Fault, Input, Parse, cursor, error_at, expected, expected_here, go_to, here, required, spanned,
};
use crate::language::names;
use crate::language::words::{after_blank, any_word, blank, blank1, gap, keyword, line_comment};
use dialect::{SCRIPT, name};
pub(super) use program::program;

/// Reads one statement without its time, as somebody types it while a run goes on. A call may stand
/// without its result, which nobody compares.
///
/// # Errors
/// Where it is wrong, and how.
pub fn typed(text: &str) -> Result<Subject, String> {
    if text.contains(['\n', '\r']) {
        return Err("one statement is on one line".to_owned());
    }
    let is_call = text.trim_end().ends_with(')') && !text.contains(" = ");
    let result = if is_call { " = ..." } else { "" };
    let source = Source::new("", format!("0 {text}{result}"));
    let span = Span {
        start: 0,
        end: source.text().len(),
    };
    let (script, diagnostics) = script(&source, span);
    match (script.statements.into_iter().next(), diagnostics.first()) {
        (_, Some(diagnostic)) => {
            let said = match &diagnostic.label {
                Some(label) => format!("{}: {label}", diagnostic.message),
                None => diagnostic.message.clone(),
            };
            Err(said.replace("the end of the script", "the end of the line"))
        }
        (Some(statement), None) => Ok(statement.subject),
        (None, None) => Err("there is no statement".to_owned()),
    }
}

/// Reads the script that stands at `span` of a file: every statement that can be read, and an error
/// for each one that cannot.
pub(super) fn script(source: &Source, span: Span) -> (Script, Vec<Diagnostic>) {
    let text = source.text().get(..span.end).unwrap_or_default();
    let mut input = cursor(text, &SCRIPT);
    go_to(&mut input, span.start);
    let mut statements = Vec::new();
    let mut diagnostics = Vec::new();
    let mut count = 0;
    loop {
        let start = match gap(&mut input) {
            Ok(()) if input.is_empty() => break,
            Ok(()) => here(&input),
            Err(fault) => {
                diagnostics.push(*Fault::from(fault).into_diagnostic());
                break;
            }
        };
        count += 1;
        if count > STATEMENTS_MAX {
            let message = format!("a script has at most {STATEMENTS_MAX} statements");
            diagnostics.push(Diagnostic::new(Span::at(start), message).label("one too many"));
            break;
        }
        match statement(&mut input, source) {
            Ok(statement) => statements.push(statement),
            Err(fault) => {
                let fault = Fault::from(fault);
                let ends_text = fault.ends_text;
                let diagnostic = fault.into_diagnostic();
                let at = diagnostic.span.map_or(start, |it| it.start);
                diagnostics.push(*diagnostic);
                if ends_text || diagnostics.len() > DIAGNOSTICS_MAX {
                    break;
                }
                go_to(&mut input, next_statement(text, start, at));
            }
        }
    }
    (Script { statements }, diagnostics)
}

/// Where to go on after an error at `at` in the statement that starts at `start`.
///
/// That is the next line, unless the statement goes over more lines than one: then the next line
/// that looks like a statement, because errors about the middle of a statement would only be noise.
fn next_statement(text: &str, start: usize, at: usize) -> usize {
    let line_after = |offset: usize| {
        text[offset..]
            .find('\n')
            .map_or(text.len(), |length| offset + length + 1)
    };
    let mut next = line_after(start);
    if at < next && !opens_bracket(&text[start..next]) {
        return next;
    }
    while next < text.len() && !looks_like_statement(&text[next..]) {
        next = line_after(next);
    }
    next
}

/// Whether a line opens more brackets than it closes.
fn opens_bracket(line: &str) -> bool {
    let line = line.split("//").next().unwrap_or_default();
    let count = |brackets: [char; 3]| line.matches(brackets).count();
    count(['(', '[', '{']) > count([')', ']', '}'])
}

/// Whether a text starts with a time and a word.
fn looks_like_statement(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '\t']);
    let text = match text.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((_, behind)) => behind.trim_start_matches([' ', '\t']),
        None => text,
    };
    let end = text.find([' ', '\t', '\n']).unwrap_or(text.len());
    let (time, rest) = text.split_at(end);
    let time = time.strip_prefix("then").unwrap_or(time);
    let is_time = (time.is_empty() && end > 0)
        || time.starts_with(|c: char| c.is_ascii_digit() || "+*.".contains(c))
            && time
                .chars()
                .all(|c| c.is_ascii_digit() || "+*.~".contains(c));
    is_time
        && rest
            .trim_start()
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// A statement and the end of its line.
fn statement(input: &mut Input<'_>, source: &Source) -> Parse<Statement> {
    let start = here(input);
    let guard = match input.starts_with('[') {
        true => Some(guard(input)?),
        false => None,
    };
    let time = time::time_spec(input)?;
    time::end_of_time(input)?;
    let subject = subject(input)?;
    let span = Span::new(start..here(input));
    let more = match &subject {
        Subject::Call(call) if call.error.is_none() => "an error, a note or the end of the line",
        Subject::Packet(_) | Subject::Inject(_) => {
            "a further field (`ack N`, then `win N`, then `<options>`) or the end of the line"
        }
        Subject::Expect(_) => "`,` or the end of the line",
        Subject::Call(_)
        | Subject::Nothing(_)
        | Subject::Link(_)
        | Subject::Subsystem(_)
        | Subject::Power(_)
        | Subject::Turning(_)
        | Subject::Code(_)
        | Subject::Pause => "the end of the line",
    };
    blank(input)?;
    line_comment(input);
    if !input.is_empty() && !input.starts_with('\n') {
        return Err(expected(input, more));
    }
    Ok(Statement {
        span,
        line: source.line(start),
        guard,
        time,
        subject,
    })
}

/// `[server=linux|freebsd]`, and the blanks behind it.
fn guard(input: &mut Input<'_>) -> Parse<Guard> {
    '['.parse_next(input)?;
    let guard = guard_itself(input)?;
    blank(input)?;
    required(input, ']', "`|` and another profile, or `]`")?;
    blank(input)?;
    Ok(guard)
}

/// `server=linux|freebsd`
fn guard_itself(input: &mut Input<'_>) -> Parse<Guard> {
    blank(input)?;
    let host = required(
        input,
        spanned(name.map(str::to_owned)),
        "a host: `server=linux`",
    )?;
    blank(input)?;
    let negated = opt('!').parse_next(input)?.is_some();
    required(input, '=', "`=` or `!=`, and a profile")?;
    let mut profiles = Vec::new();
    loop {
        blank(input)?;
        let profile = spanned(name.map(str::to_owned));
        profiles.push(required(input, profile, "a profile")?);
        if profiles.len() > PROFILES_MAX {
            let message = format!("more than {PROFILES_MAX} profiles in one place");
            return Err(error_at(Span::at(here(input)), message));
        }
        if after_blank('|').parse_next(input)?.is_none() {
            return Ok(Guard {
                host,
                negated,
                profiles,
            });
        }
    }
}

/// Reads the systems that an `[[expect]]` is for, which stand at `span` of a file.
pub(super) fn systems(source: &Source, span: Span) -> Result<Guard, Box<Diagnostic>> {
    let text = source.text().get(..span.end).unwrap_or_default();
    let mut input = cursor(text, &SCRIPT);
    go_to(&mut input, span.start);
    let guard = guard_itself(&mut input).map_err(|it| Fault::from(it).into_diagnostic())?;
    blank(&mut input).map_err(|it| Fault::from(it).into_diagnostic())?;
    match input.is_empty() {
        true => Ok(guard),
        false => Err(Box::new(expected_here(
            &input,
            "`|` and another profile, or the end",
        ))),
    }
}

/// What stands after the time.
fn subject(input: &mut Input<'_>) -> Parse<Subject> {
    if opt(terminated(keyword("link"), blank1))
        .parse_next(input)?
        .is_some()
    {
        return link::link(input).map(Subject::Link);
    }
    if opt(terminated(keyword("inject"), blank1))
        .parse_next(input)?
        .is_some()
    {
        let start = here(input);
        let sender = required(input, packet::sender, "`HOST > HOST: ...` after `inject`")?;
        return match packet::packet_or_nothing(input, sender)? {
            Subject::Packet(line) => Ok(Subject::Inject(line)),
            Subject::Call(_)
            | Subject::Nothing(_)
            | Subject::Inject(_)
            | Subject::Expect(_)
            | Subject::Link(_)
            | Subject::Subsystem(_)
            | Subject::Power(_)
            | Subject::Turning(_)
            | Subject::Code(_)
            | Subject::Pause => {
                let span = Span::new(start..here(input));
                Err(error_at(span, "`nothing` cannot be injected"))
            }
        };
    }
    if let Some(sender) = opt(packet::sender).parse_next(input)? {
        return packet::packet_or_nothing(input, sender);
    }
    let Some(host) = opt(spanned(name.map(str::to_owned))).parse_next(input)? else {
        return Err(no_subject(input));
    };
    let thread = opt(preceded('/', spanned(any_word.map(str::to_owned)))).parse_next(input)?;
    let routine = match thread {
        Some(_) => opt(preceded('.', spanned(any_word.map(str::to_owned)))).parse_next(input)?,
        None => None,
    };
    let routine = routine.map(self::routine).transpose()?;
    blank(input)?;
    if opt(':').parse_next(input)?.is_none() {
        let what = if thread.is_some() {
            "`:` after the thread"
        } else {
            "`:` or `>` after the host"
        };
        return Err(expected(input, what));
    }
    let is_expect = after_blank(terminated(keyword("expect"), blank1));
    if thread.is_none() && { is_expect }.parse_next(input)?.is_some() {
        return expect::expect(input, host).map(Subject::Expect);
    }
    let is_subsystem = after_blank(terminated(keyword("subsystem"), blank1));
    if thread.is_none() && { is_subsystem }.parse_next(input)?.is_some() {
        return subsystem(input, host).map(Subject::Subsystem);
    }
    if thread.is_none()
        && let Some(change) = opt(power).parse_next(input)?
    {
        return Ok(Subject::Power(Power { host, change }));
    }
    // `main` is the thread that needs no name; a routine needs the name of its thread.
    let thread = thread.filter(|thread| thread.value != MAIN_THREAD);
    let call = call::call(input, host, thread)?;
    Ok(Subject::Call(Call { routine, ..call }))
}

/// The name of the thread that needs none.
const MAIN_THREAD: &str = "main";

/// A routine by its name.
fn routine(name: Spanned<String>) -> Parse<Spanned<Routine>> {
    let known = Routine::ALL.iter().find(|(_, known)| *known == name.value);
    match known {
        Some((routine, _)) => Ok(Spanned::new(*routine, name.span)),
        None => {
            let known = Routine::ALL.iter().map(|(_, known)| *known);
            Err(Fault::cut(names::unknown(
                name.span,
                "routine",
                &name.value,
                known,
            )))
        }
    }
}

/// `crash`, `reboot`: a word behind which no call goes on.
fn power(input: &mut Input<'_>) -> Parse<PowerChange> {
    blank(input)?;
    let word = any_word(input)?;
    let known = PowerChange::ALL.into_iter().find(|(_, name)| *name == word);
    match known {
        Some((change, _)) if !input.starts_with('(') => Ok(change),
        Some(_) | None => fail(input),
    }
}

/// What stands after `HOST: subsystem`.
fn subsystem(input: &mut Input<'_>, host: Spanned<String>) -> Parse<Subsystem> {
    for (word, up) in [("down", false), ("up", true)] {
        if opt(keyword(word)).parse_next(input)?.is_some() {
            return Ok(Subsystem { host, up });
        }
    }
    Err(expected(input, "`up` or `down` after `subsystem`"))
}

/// The error that no subject starts here.
fn no_subject(input: &Input<'_>) -> ErrMode<Fault> {
    let diagnostic = expected_here(input, "a host, `inject` or `link`");
    Fault::cut(if input.starts_with(['<', '>']) {
        diagnostic.help("packets name both hosts: `client > server: S 0:0(0)`")
    } else if input.starts_with('[') {
        diagnostic
            .help("a guard stands first in its line: `[server=linux] then client: close(3) = 0`")
    } else if input.starts_with('`') {
        diagnostic.help("commands are never executed")
    } else if input.starts_with("%{") {
        diagnostic.help("programs are never executed: `server: expect state == ESTABLISHED`")
    } else {
        diagnostic
    })
}
