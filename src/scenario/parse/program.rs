//! The parser of programs.
//!
//! ```text
//! program := PART ...
//! part    := listen PORT [backlog N] [accept N] BLOCK
//!          | connect HOST:PORT [after TIME] [times N] [every TIME] BLOCK [else BLOCK]
//! block   := { STEP ... }          steps end with their line, or with `;`
//! step    := read GOAL [OR ...] | discard [GOAL] [OR ...] | echo [GOAL] [OR ...]
//!          | send PAYLOAD [by SIZE] [OR ...] | wait TIME | close | stop
//!          | repeat [N] BLOCK | choice
//!          | CALL(ARGUMENT, ...) [= RESULT [ERROR]]
//! choice  := when SUBJECT RANGE BLOCK [else BLOCK | else choice]
//! goal    := SIZE | until TEXT | until [HEX] | until end
//! or      := or SIZE | or TIME | or TEXT | or [HEX] | or end | or error, each perhaps with a BLOCK
//! payload := SIZE | TEXT | [HEX] | file TEXT
//! ```
//!
//! A step that cannot be read is passed over, with its line or its block, so that all errors of a
//! program are found at once.

mod quantity;
mod recover;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use smoltcp::time::Duration;
use winnow::Parser;
use winnow::combinator::{opt, peek};
use winnow::error::ErrMode;

use super::call;
use super::dialect::{PROGRAM, TEXT};
use super::packet::octets;
use crate::diagnostic::{Diagnostic, Source, Span, Spanned};
use crate::language::input::{
    Fault, Input, Parse, cursor, error_at, expected, go_to, here, required, since, spanned,
};
use crate::language::names::{self, quote};
use crate::language::number::unsigned;
use crate::language::words::{any_word, blank, gap, line_comment, peek_word, takes};
use crate::scenario::folder::Folder;
use crate::scenario::limits;
use crate::scenario::program::{
    Action, Goal, Opening, Other, Part, Payload, Reading, Sending, Step,
};
use quantity::{condition, count, duration, octets_of, quantity, size, time};

/// What begins a step and is no call.
const STEPS: [&str; 9] = [
    "read", "discard", "echo", "send", "wait", "close", "stop", "repeat", "when",
];
/// What is sent with one call where a step does not say: less than 64 KiB, and as many whole
/// alphabets, so that they go on from call to call.
const CHUNK: u64 = 65_520;
/// How many connections `listen` lets wait where a part does not say.
const BACKLOG: u32 = 128;

/// Reads the parts of the program that stands at `span` of a file: what can be read of it, and
/// everything that is wrong with it. It is this host's, and the files that it sends are in
/// `folder`.
pub(in crate::scenario) fn program(
    source: &Source,
    span: Span,
    host: &Spanned<String>,
    folder: &Folder,
) -> (Vec<Part>, Vec<Diagnostic>) {
    let text = source.text().get(..span.end).unwrap_or_default();
    let mut input = cursor(text, &PROGRAM);
    go_to(&mut input, span.start);
    let mut reader = Reader {
        host,
        folder,
        steps: 0,
        faults: Vec::new(),
    };
    let parts = match reader.parts(&mut input) {
        Ok(parts) => parts,
        Err(fault) => {
            reader.faults.push(*Fault::from(fault).into_diagnostic());
            Vec::new()
        }
    };
    if parts.is_empty() && reader.faults.is_empty() {
        let diagnostic = Diagnostic::new(Span::at(span.start), "the program has no parts");
        reader.faults.push(diagnostic.help(
            "such as `listen 80 { read until end; close }` or `connect server:80 { send 100 }`",
        ));
    }
    (parts, reader.faults)
}

/// What the parts of a program have in common.
struct Reader<'a> {
    host: &'a Spanned<String>,
    folder: &'a Folder,
    /// How many steps there are so far.
    steps: usize,
    /// What is wrong, as far as it was read.
    faults: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn parts(&mut self, input: &mut Input<'_>) -> Parse<Vec<Part>> {
        let mut parts = Vec::new();
        loop {
            gap(input)?;
            if input.is_empty() {
                return Ok(parts);
            }
            if parts.len() == limits::PARTS_MAX {
                let message = format!("a program has at most {} parts", limits::PARTS_MAX);
                return Err(error_at(Span::at(here(input)), message));
            }
            let start = here(input);
            match self.part(input) {
                Ok(part) => parts.push(part),
                Err(fault) => {
                    self.go_on_behind(fault, input, start, 0)?;
                    opt('}').parse_next(input)?;
                }
            }
        }
    }

    fn part(&mut self, input: &mut Input<'_>) -> Parse<Part> {
        let start = here(input);
        let (opening, span) = match peek_word(input) {
            "listen" => {
                any_word.parse_next(input)?;
                let opening = listen(input)?;
                (opening, since(input, start))
            }
            "connect" => {
                any_word.parse_next(input)?;
                let opening = connect(input)?;
                (opening, since(input, start))
            }
            _ => return Err(expected(input, "`listen PORT` or `connect HOST:PORT`")),
        };
        let steps = self.block(input, 0)?;
        let is_client = matches!(opening, Opening::Connect { .. });
        let otherwise = match is_client && else_follows(input)? {
            true => self.block(input, 0)?,
            false => Vec::new(),
        };
        Ok(Part {
            span,
            opening,
            steps,
            otherwise,
        })
    }

    /// `{ ... }`
    fn block(&mut self, input: &mut Input<'_>, depth: usize) -> Parse<Vec<Step>> {
        blank(input)?;
        let open = here(input);
        if opt('{').parse_next(input)?.is_none() {
            return Err(expected(input, "`{` and the steps"));
        }
        if depth == limits::BLOCKS_MAX {
            let message = format!("blocks nest deeper than {}", limits::BLOCKS_MAX);
            return Err(ending(error_at(Span::new(open..open + 1), message)));
        }
        let mut steps = Vec::new();
        loop {
            gap(input)?;
            if opt('}').parse_next(input)?.is_some() {
                return Ok(steps);
            }
            if input.is_empty() {
                let diagnostic = Diagnostic::new(Span::new(open..open + 1), "this is never closed");
                return Err(ending(Fault::cut(diagnostic.help("close it with `}`"))));
            }
            let start = here(input);
            match self.whole_step(input, depth) {
                Ok(step) => steps.push(step),
                Err(fault) => self.go_on_behind(fault, input, start, depth)?,
            }
        }
    }

    /// A step, and what ends it.
    fn whole_step(&mut self, input: &mut Input<'_>, depth: usize) -> Parse<Step> {
        let step = self.step(input, depth)?;
        blank(input)?;
        let ends = line_comment(input) || input.starts_with(['\n', '}']) || input.is_empty();
        if !ends && opt(';').parse_next(input)?.is_none() {
            return Err(expected(
                input,
                "the end of the line, `;` or `}` after a step",
            ));
        }
        Ok(step)
    }

    fn step(&mut self, input: &mut Input<'_>, depth: usize) -> Parse<Step> {
        let start = here(input);
        self.steps += 1;
        if self.steps > limits::STEPS_MAX {
            let message = format!("a program has at most {} steps", limits::STEPS_MAX);
            return Err(ending(error_at(Span::at(start), message)));
        }
        let word = peek_word(input);
        let mut ahead = *input;
        let is_call =
            !word.is_empty() && (any_word, blank, peek('(')).parse_next(&mut ahead).is_ok();
        if is_call {
            let call = call::of_program(input, self.host)?;
            let span = since(input, start);
            let action = Action::Call(Box::new(call));
            return Ok(Step { span, action });
        }
        if !STEPS.contains(&word) {
            if word.is_empty() {
                return Err(expected(input, "a step or a call"));
            }
            let span = Span::new(start..start + word.len());
            let diagnostic = names::unknown(span, "step", word, STEPS);
            return Err(Fault::cut(diagnostic));
        }
        any_word.parse_next(input)?;
        blank(input)?;
        let (action, span) = match word {
            "read" | "discard" | "echo" => self.reading(input, word, start, depth)?,
            "send" => self.sending(input, start, depth)?,
            "wait" => {
                let time = time(input, "how long, such as `5s`")?;
                (Action::Wait(time), since(input, start))
            }
            "close" => (Action::Close, since(input, start)),
            "stop" => (Action::Stop, since(input, start)),
            "repeat" => {
                let times = opt(unsigned(u64::MAX)).parse_next(input)?;
                let span = since(input, start);
                let faults = self.faults.len();
                let steps = self.block(input, depth + 1)?;
                let was_read = self.faults.len() == faults;
                if times.is_none() && was_read {
                    self.faults.extend(endless(span, &steps));
                }
                (Action::Repeat { times, steps }, span)
            }
            _ => {
                let (subject, range) = condition(input)?;
                let span = since(input, start);
                let steps = self.block(input, depth + 1)?;
                let otherwise = match else_follows(input)? {
                    true => self.otherwise(input, depth + 1)?,
                    false => Vec::new(),
                };
                let action = Action::When {
                    subject,
                    range,
                    steps,
                    otherwise,
                };
                (action, span)
            }
        };
        Ok(Step { span, action })
    }

    /// What stands behind `else`: a block, or another choice.
    fn otherwise(&mut self, input: &mut Input<'_>, depth: usize) -> Parse<Vec<Step>> {
        blank(input)?;
        if peek_word(input) != "when" {
            return self.block(input, depth);
        }
        if depth == limits::BLOCKS_MAX {
            let message = format!("choices follow more than {}", limits::BLOCKS_MAX);
            return Err(ending(error_at(Span::at(here(input)), message)));
        }
        Ok(vec![self.step(input, depth)?])
    }

    fn reading(
        &mut self,
        input: &mut Input<'_>,
        word: &str,
        start: usize,
        depth: usize,
    ) -> Parse<(Action, Span)> {
        let until = if takes(input, "until") {
            blank(input)?;
            let what = "what comes: \"text\", octets `[0d 0a]`, or `end`";
            match Self::goal(input, what)? {
                goal @ (Goal::Pattern(_) | Goal::End) => goal,
                Goal::Octets(_) | Goal::Time(_) | Goal::Error => {
                    let diagnostic =
                        Diagnostic::new(since(input, start), "`until` is about octets")
                            .help("a number stands alone, `read 100`; a time behind `or`: `or 5s`");
                    return Err(Fault::cut(diagnostic));
                }
            }
        } else if input.starts_with(|c: char| c.is_ascii_digit()) {
            Goal::Octets(size(input, "how many octets")?)
        } else if word != "read" {
            Goal::End
        } else {
            return Err(expected(
                input,
                "how far: a number of octets, `until \"text\"`, or `until end`",
            ));
        };
        let span = since(input, start);
        let others = self.others(input, depth, |_| true)?;
        let reading = Reading {
            echoes: word == "echo",
            until,
            others,
        };
        Ok((Action::Read(reading), span))
    }

    fn sending(
        &mut self,
        input: &mut Input<'_>,
        start: usize,
        depth: usize,
    ) -> Parse<(Action, Span)> {
        let payload = self.payload(input)?;
        let mut chunk = CHUNK;
        if takes(input, "by") {
            blank(input)?;
            let at = here(input);
            chunk = size(input, "the octets of one call")?;
            let range = 1..=limits::CHUNK_MAX;
            limits::within(chunk, &range).map_err(|fault| {
                error_at(since(input, at), format!("bad number of octets: {fault}"))
            })?;
        }
        let span = since(input, start);
        let is_possible = |goal: &Goal| match goal {
            Goal::Time(_) | Goal::Error => true,
            Goal::Octets(_) | Goal::Pattern(_) | Goal::End => false,
        };
        let others = self.others(input, depth, is_possible)?;
        let sending = Sending {
            payload,
            // The limit is far below.
            chunk: usize::try_from(chunk).unwrap_or(usize::MAX),
            others,
        };
        Ok((Action::Send(sending), span))
    }

    fn payload(&self, input: &mut Input<'_>) -> Parse<Payload> {
        if takes(input, "file") {
            blank(input)?;
            let what = "the name of a file in quotes";
            let name = required(input, spanned(text_if_next), what)?;
            let read = self.folder.read(&name.value);
            return read
                .map(|it| Payload::Octets(it.into()))
                .map_err(|fault| error_at(name.span, format!("{}: {fault}", quote(&name.value))));
        }
        if let Some(text) = opt(text_if_next).parse_next(input)? {
            return Ok(Payload::Octets(Arc::from(text.into_bytes())));
        }
        if input.starts_with('[') {
            return octets(input).map(|it| Payload::Octets(it.into()));
        }
        let what =
            "what is sent: \"text\", octets `[0d 0a]`, a number of octets, or `file \"NAME\"`";
        size(input, what).map(Payload::Alphabet)
    }

    /// `or GOAL [BLOCK]`, again and again.
    fn others(
        &mut self,
        input: &mut Input<'_>,
        depth: usize,
        is_possible: impl Fn(&Goal) -> bool,
    ) -> Parse<Vec<Other>> {
        let mut others = Vec::new();
        while or_follows(input)? {
            blank(input)?;
            let start = here(input);
            let what = "what may come first: `5s`, `64KiB`, \"text\", `end` or `error`";
            let goal = Self::goal(input, what)?;
            if !is_possible(&goal) {
                let diagnostic =
                    Diagnostic::new(since(input, start), "a send does not wait for this");
                return Err(Fault::cut(diagnostic.help("write a time or `error` here")));
            }
            if others.len() == limits::OTHERS_MAX {
                let message = format!("a step has at most {} `or`", limits::OTHERS_MAX);
                return Err(error_at(since(input, start), message));
            }
            blank(input)?;
            let steps = match input.starts_with('{') {
                true => self.block(input, depth + 1)?,
                false => Vec::new(),
            };
            others.push(Other { goal, steps });
        }
        Ok(others)
    }

    fn goal(input: &mut Input<'_>, what: &str) -> Parse<Goal> {
        let start = here(input);
        let pattern = if let Some(text) = opt(text_if_next).parse_next(input)? {
            Some(text.into_bytes())
        } else if input.starts_with('[') {
            Some(octets(input)?)
        } else {
            None
        };
        if let Some(pattern) = pattern {
            if !(1..=limits::PATTERN_MAX).contains(&pattern.len()) {
                let message = format!("a pattern has 1 to {} octets", limits::PATTERN_MAX);
                return Err(error_at(since(input, start), message));
            }
            return Ok(Goal::Pattern(pattern));
        }
        for (word, goal) in [("end", Goal::End), ("error", Goal::Error)] {
            if takes(input, word) {
                return Ok(goal);
            }
        }
        let text = required(input, quantity, what)?;
        let span = since(input, start);
        let is_time = text.ends_with(['s', 'h']) || text.ends_with("min");
        match is_time {
            true => duration(text, span).map(Goal::Time),
            false => octets_of(text, span).map(Goal::Octets),
        }
    }
}

/// `80 [backlog N] [accept N]`
fn listen(input: &mut Input<'_>) -> Parse<Opening> {
    blank(input)?;
    let start = here(input);
    let port = required(input, unsigned(u16::MAX), "a port: 1 to 65535")?;
    if port == 0 {
        return Err(error_at(since(input, start), "a port is 1 to 65535"));
    }
    let (mut backlog, mut most) = (BACKLOG, None);
    loop {
        if takes(input, "backlog") {
            // What `listen` takes is an `int`.
            backlog = count(input, u32::MAX / 2)?;
        } else if takes(input, "accept") {
            most = Some(count(input, u64::MAX)?);
        } else {
            return Ok(Opening::Listen {
                port,
                backlog,
                most,
            });
        }
    }
}

/// `server:80 [after TIME] [times N] [every TIME]`
fn connect(input: &mut Input<'_>) -> Parse<Opening> {
    blank(input)?;
    let remote = spanned(call::endpoint).parse_next(input)?;
    let (mut times, mut every, mut after) = (1, Duration::ZERO, Duration::ZERO);
    loop {
        if takes(input, "times") {
            blank(input)?;
            let start = here(input);
            times = count(input, limits::CONNECTIONS_MAX)?;
            if times == 0 {
                return Err(error_at(since(input, start), "it connects at least once"));
            }
        } else if takes(input, "every") {
            every = time(input, "how long after each the next begins")?;
        } else if takes(input, "after") {
            after = time(input, "how long after the start it begins")?;
        } else {
            return Ok(Opening::Connect {
                remote,
                times,
                every,
                after,
            });
        }
    }
}

/// A text in quotes, where one is next.
fn text_if_next(input: &mut Input<'_>) -> Parse<String> {
    TEXT.read(input)
}

/// Reads `else`, which may stand on the next line.
fn else_follows(input: &mut Input<'_>) -> Parse<bool> {
    word_follows(input, "else")
}

/// Reads `or`, which may stand on the next line.
fn or_follows(input: &mut Input<'_>) -> Parse<bool> {
    word_follows(input, "or")
}

fn word_follows(input: &mut Input<'_>, word: &str) -> Parse<bool> {
    let before = *input;
    gap(input)?;
    let follows = takes(input, word);
    if !follows {
        *input = before;
    }
    Ok(follows)
}

/// What is wrong with steps that are repeated until the data ends or a call fails.
fn endless(span: Span, steps: &[Step]) -> Option<Diagnostic> {
    if !makes_progress(steps) {
        let diagnostic = Diagnostic::new(span, "this may go round for ever");
        return Some(
            diagnostic
                .help("let it read, send or wait in each round, or say how often: `repeat 10`"),
        );
    }
    if !may_end(steps) {
        let diagnostic = Diagnostic::new(span, "nothing in this ends it");
        return Some(diagnostic.help(
            "let it read, send or call something, `close` or `stop`, or say how often: `repeat 10`",
        ));
    }
    None
}

/// Whether each round of these steps reads, sends or waits, whatever is chosen.
fn makes_progress(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.action {
        Action::Read(reading) => reading.until != Goal::Octets(0),
        Action::Send(sending) => !sending.payload.is_empty(),
        Action::Wait(time) => *time > Duration::ZERO,
        Action::Close | Action::Stop => true,
        Action::Repeat { steps, times } => *times != Some(0) && makes_progress(steps),
        Action::When {
            steps, otherwise, ..
        } => makes_progress(steps) && makes_progress(otherwise),
        Action::Call(_) => false,
    })
}

/// Whether something in these steps may end what repeats them: data that ends, a call that fails,
/// or the program itself.
fn may_end(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.action {
        Action::Read(_) | Action::Send(_) | Action::Close | Action::Stop | Action::Call(_) => true,
        Action::Wait(_) => false,
        Action::Repeat { steps, .. } => may_end(steps),
        Action::When {
            steps, otherwise, ..
        } => may_end(steps) || may_end(otherwise),
    })
}

/// An error behind which nothing can be read.
fn ending(fault: ErrMode<Fault>) -> ErrMode<Fault> {
    ErrMode::Cut(Fault::from(fault).ending_text())
}
