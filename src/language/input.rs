//! The input of every parser: a cursor over a text. Beside it stands their error type, the fault.
//!
//! The cursor is winnow's, so that its combinators work in every language; it carries the
//! [`Dialect`], which defines words and blanks. A parser begins at the cursor and reads no blanks
//! behind its last word, so that the cursor is then the end of the span.

use std::fmt;

use winnow::Parser;
use winnow::combinator::opt;
use winnow::error::{ErrMode, ModalResult, ParserError};
use winnow::stream::{LocatingSlice, Location, Stateful, Stream};

use super::names::quote;
use crate::diagnostic::{Diagnostic, Span, Spanned};

/// What differs between languages in their smallest parts.
pub(crate) struct Dialect {
    /// What messages call a text of the language: `script`, `filter`.
    pub(crate) name: &'static str,
    /// Characters that only separate words.
    pub(crate) is_blank: fn(char) -> bool,
    /// Characters of a word.
    pub(crate) is_word: fn(char) -> bool,
    /// Whether `// ...` and `/* ... */` are comments.
    pub(crate) has_comments: bool,
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What is left of a text. Offsets are those of the whole text.
pub(crate) type Input<'a> = Stateful<LocatingSlice<&'a str>, &'static Dialect>;

/// What a parser returns.
pub(crate) type Parse<T> = ModalResult<T, Fault>;

/// Why a text cannot be read.
#[derive(Debug)]
pub(crate) struct Fault {
    /// What to tell the author. Boxed, because a parser's result is moved about a lot. None: the
    /// text does not match here. Most such faults are dropped for another way of reading, so that
    /// words for them are made only where one is shown.
    diagnostic: Option<Box<Diagnostic>>,
    /// Where the text does not match.
    at: usize,
    /// Whether nothing that follows can be read either.
    pub(crate) ends_text: bool,
}

impl Fault {
    /// An error that no other way of reading the text can help.
    pub(crate) fn cut(diagnostic: impl Into<Box<Diagnostic>>) -> ErrMode<Self> {
        ErrMode::Cut(Self {
            diagnostic: Some(diagnostic.into()),
            at: 0,
            ends_text: false,
        })
    }

    /// The same, and nothing that follows can be read either.
    pub(crate) fn ending_text(self) -> Self {
        Self {
            ends_text: true,
            ..self
        }
    }

    /// What to tell the author.
    pub(crate) fn into_diagnostic(self) -> Box<Diagnostic> {
        let mismatch = || Box::new(Diagnostic::new(Span::at(self.at), "cannot be read"));
        self.diagnostic.unwrap_or_else(mismatch)
    }
}

impl<'a> ParserError<Input<'a>> for Fault {
    type Inner = Self;

    #[inline]
    fn from_input(input: &Input<'a>) -> Self {
        Self {
            diagnostic: None,
            at: here(input),
            ends_text: false,
        }
    }

    fn into_inner(self) -> Result<Self::Inner, Self> {
        Ok(self)
    }
}

impl From<ErrMode<Self>> for Fault {
    fn from(error: ErrMode<Self>) -> Self {
        match error {
            ErrMode::Backtrack(fault) | ErrMode::Cut(fault) => fault,
            // Only a partial stream is ever incomplete, and a text is read whole.
            ErrMode::Incomplete(_) => Self {
                diagnostic: Some(Box::new(Diagnostic::of_file("the text is incomplete"))),
                at: 0,
                ends_text: true,
            },
        }
    }
}

impl From<ErrMode<Fault>> for Box<Diagnostic> {
    fn from(error: ErrMode<Fault>) -> Self {
        Fault::from(error).into_diagnostic()
    }
}

/// The start of a text.
pub(crate) fn cursor<'a>(text: &'a str, dialect: &'static Dialect) -> Input<'a> {
    Stateful {
        input: LocatingSlice::new(text),
        state: dialect,
    }
}

/// Moves to an offset of the text.
pub(crate) fn go_to(input: &mut Input<'_>, offset: usize) {
    input.input.reset_to_start();
    let offset = offset.min(input.len());
    input.next_slice(offset);
}

/// The offset in the text.
#[inline]
pub(crate) fn here(input: &Input<'_>) -> usize {
    input.current_token_start()
}

/// What was read since an offset.
#[inline]
pub(crate) fn since(input: &Input<'_>, start: usize) -> Span {
    Span::new(start..here(input))
}

/// What a parser reads, with its span.
pub(crate) fn spanned<'a, T>(
    parser: impl Parser<Input<'a>, T, ErrMode<Fault>>,
) -> impl Parser<Input<'a>, Spanned<T>, ErrMode<Fault>> {
    parser
        .with_span()
        .map(|(value, range)| Spanned::new(value, Span::new(range)))
}

/// What a parser reads, or the error that `what` was expected in its place.
pub(crate) fn required<'a, T>(
    input: &mut Input<'a>,
    parser: impl Parser<Input<'a>, T, ErrMode<Fault>>,
    what: &str,
) -> Parse<T> {
    let read = opt(parser).parse_next(input)?;
    read.ok_or_else(|| expected(input, what))
}

/// The error that a place is wrong, in words.
pub(crate) fn error_at(span: Span, message: impl Into<String>) -> ErrMode<Fault> {
    Fault::cut(Diagnostic::new(span, message))
}

/// The error that `what` was expected here.
pub(crate) fn expected(input: &Input<'_>, what: &str) -> ErrMode<Fault> {
    Fault::cut(expected_here(input, what))
}

/// The diagnostic that `what` was expected here.
pub(crate) fn expected_here(input: &Input<'_>, what: &str) -> Diagnostic {
    let Dialect { name, is_word, .. } = *input.state;
    let start = here(input);
    let run = |is_part: &dyn Fn(char) -> bool| {
        let end = input.find(|c| !is_part(c));
        &input[..end.unwrap_or(input.len())]
    };
    let found = match input.chars().next() {
        Some('/') if input.state.has_comments && input[1..].starts_with(['/', '*']) => &input[..2],
        Some(first) if is_word(first) => run(&is_word),
        // An operator is found whole.
        Some(first) if "&|=".contains(first) => run(&|c| c == first),
        Some(first) => &input[..first.len_utf8()],
        None => "",
    };
    let shown = match found {
        "" => format!("the end of the {name}"),
        "\r" | "\n" => "the end of the line".to_owned(),
        "//" | "/*" => "a comment".to_owned(),
        found => quote(found),
    };
    let length = if found.starts_with(['\r', '\n']) {
        0
    } else {
        found.len()
    };
    Diagnostic::new(
        Span::new(start..start + length),
        format!("expected {what}, found {shown}"),
    )
}

/// The error that something is opened and never closed.
pub(crate) fn never_closed(opening: Span, what: &str, close: &str) -> ErrMode<Fault> {
    let diagnostic = Diagnostic::new(opening, format!("this {what} is never closed"));
    Fault::cut(diagnostic.help(format!("close it with {close}")))
}
