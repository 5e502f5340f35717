//! Times: `T`, `+T`, `*`, `T~T`, `+T~+T`, `then`, `then+T`, `then+T~+T`, in seconds.

use smoltcp::time::Duration;
use winnow::Parser;
use winnow::combinator::{opt, preceded};
use winnow::token::take_while;

use super::dialect::is_word;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::language::input::{Fault, Input, Parse, error_at, expected, expected_here, here};
use crate::language::names::quote;
use crate::language::number::decimal;
use crate::language::units;
use crate::language::words::{after_blank, blank, blank1, keyword};
use crate::scenario::limits::TIME_MAX;
use crate::scenario::script::TimeSpec;

/// A time.
pub(super) fn time_spec(input: &mut Input<'_>) -> Parse<Spanned<TimeSpec>> {
    let start = here(input);
    if opt('*').parse_next(input)?.is_some() {
        return Ok(Spanned::new(TimeSpec::Any, Span::new(start..here(input))));
    }
    if opt(keyword("then")).parse_next(input)?.is_some() {
        return following(input, start);
    }
    let (relative, earliest) = moment(input)?;
    if after_blank('~').parse_next(input)?.is_none() {
        let time = if relative {
            TimeSpec::Relative(earliest)
        } else {
            TimeSpec::Absolute(earliest)
        };
        return Ok(Spanned::new(time, Span::new(start..here(input))));
    }
    blank(input)?;
    let (latest_relative, latest) = moment(input)?;
    let span = Span::new(start..here(input));
    if relative != latest_relative {
        let diagnostic = Diagnostic::new(
            span,
            "a range has either two absolute or two relative times",
        )
        .help("write `0~1`, counted from the start, or `+0~+1`, from the statement before");
        return Err(Fault::cut(diagnostic));
    }
    if earliest > latest {
        return Err(error_at(span, "the range ends before it begins"));
    }
    let time = if relative {
        TimeSpec::RelativeRange { earliest, latest }
    } else {
        TimeSpec::AbsoluteRange { earliest, latest }
    };
    Ok(Spanned::new(time, span))
}

/// What stands behind `then`.
fn following(input: &mut Input<'_>, start: usize) -> Parse<Spanned<TimeSpec>> {
    if !input.starts_with(['+', '.', '~']) && !input.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(Spanned::new(TimeSpec::THEN, Span::new(start..here(input))));
    }
    let time = time_spec(input)?;
    let span = Span::new(start..time.span.end);
    let time = match time.value {
        TimeSpec::Relative(after) => TimeSpec::Following {
            earliest: after,
            latest: Some(after),
        },
        TimeSpec::RelativeRange { earliest, latest } => TimeSpec::Following {
            earliest,
            latest: Some(latest),
        },
        TimeSpec::Absolute(_)
        | TimeSpec::Any
        | TimeSpec::AbsoluteRange { .. }
        | TimeSpec::Following { .. } => {
            let diagnostic = Diagnostic::new(span, "`then` counts from the step before")
                .help("write `then`, `then+.1` (100 ms later) or `then+.1~+.2`");
            return Err(Fault::cut(diagnostic));
        }
    };
    Ok(Spanned::new(time, span))
}

/// One number of a time, and whether it is relative.
fn moment(input: &mut Input<'_>) -> Parse<(bool, Duration)> {
    let start = here(input);
    let relative = opt('+').parse_next(input)?.is_some();
    let Some(number) = opt(decimal).parse_next(input)? else {
        if input.starts_with('-') {
            let span = Span::new(start..here(input) + 1);
            return Err(error_at(span, "a time cannot be negative"));
        }
        if input.starts_with('#') {
            let diagnostic = expected_here(input, "a statement");
            return Err(Fault::cut(
                diagnostic.help("comments of a script begin with `//`"),
            ));
        }
        let what = if relative {
            "a number of seconds"
        } else {
            "a time"
        };
        let diagnostic = expected_here(input, what).help(
            "a statement starts with its time in seconds: `0.1`, `+.01`, `*`, `0~1`, `+0~+1`; \
             or with `then`, when the one before is over",
        );
        return Err(Fault::cut(diagnostic));
    };
    if let Some(unit) = opt(preceded(opt('.'), take_while(1.., is_word))).parse_next(input)? {
        let span = Span::new(start..here(input));
        let diagnostic = Diagnostic::new(span, format!("a time has no {}", quote(unit)))
            .help("times in scripts are seconds without a unit: `+.01` is ten milliseconds");
        return Err(Fault::cut(diagnostic));
    }
    let span = Span::new(start..here(input));
    let time =
        units::seconds(number).map_err(|fault| error_at(span, format!("bad time: {fault}")))?;
    if time > TIME_MAX {
        let max = units::show_duration(TIME_MAX);
        let message = format!("a time is at most {max} ({} seconds)", TIME_MAX.secs());
        return Err(error_at(span, message));
    }
    Ok((relative, time))
}

/// The blanks that must stand after a time.
pub(super) fn end_of_time(input: &mut Input<'_>) -> Parse<()> {
    if input.starts_with("...") {
        let span = Span::new(here(input)..here(input) + 3);
        let diagnostic =
            Diagnostic::new(span, "the time of a call's return stands before the call")
                .help("write `0.1 server: ...0.2 accept(3) = 4` for a call that returns at 0.2");
        return Err(Fault::cut(diagnostic));
    }
    blank1(input).map_err(|_| expected(input, "a blank after the time"))
}
