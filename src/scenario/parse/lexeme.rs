//! The smallest parts of a script: blanks and comments, words, numbers, strings; and the error type
//! that all parsers share.
//!
//! Every parser here reads from where it stands and leaves blanks after itself alone, so that the
//! end of what was read is the end of its span. Blanks are read by whoever comes next.

use winnow::Parser;
use winnow::combinator::{alt, opt, preceded};
use winnow::error::{ErrMode, ModalResult, ParserError};
use winnow::stream::{LocatingSlice, Location, Stream};
use winnow::token::{literal, take_till, take_until, take_while};

use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::language::names::quote;

/// The text of the file up to the end of the script; its offsets are those of the file.
pub(super) type Input<'a> = LocatingSlice<&'a str>;

/// What a parser returns.
pub(super) type Parse<T> = ModalResult<T, Fault>;

/// Why a statement cannot be read.
#[derive(Debug)]
pub(super) struct Fault {
    /// What to tell the author. Boxed, because a parser's result is moved about a lot.
    pub(super) diagnostic: Box<Diagnostic>,
    /// Whether the rest of the script cannot be read either.
    pub(super) ends_script: bool,
}

impl Fault {
    /// An error that no other way of reading the statement can help.
    pub(super) fn cut(diagnostic: Diagnostic) -> ErrMode<Self> {
        ErrMode::Cut(Self {
            diagnostic: Box::new(diagnostic),
            ends_script: false,
        })
    }
}

impl<'a> ParserError<Input<'a>> for Fault {
    type Inner = Self;

    fn from_input(input: &Input<'a>) -> Self {
        let diagnostic = Diagnostic::new(Span::at(here(input)), "cannot be read");
        Self {
            diagnostic: Box::new(diagnostic),
            ends_script: false,
        }
    }

    fn into_inner(self) -> Result<Self::Inner, Self> {
        Ok(self)
    }
}

/// The offset in the file.
pub(super) fn here(input: &Input<'_>) -> usize {
    input.current_token_start()
}

/// What a parser reads, with its span.
pub(super) fn spanned<'a, T>(
    parser: impl Parser<Input<'a>, T, ErrMode<Fault>>,
) -> impl Parser<Input<'a>, Spanned<T>, ErrMode<Fault>> {
    parser
        .with_span()
        .map(|(value, range)| Spanned::new(value, Span::new(range)))
}

/// What a parser reads after blanks on the same line; nothing is read where it is not there.
pub(super) fn after_blank<'a, T>(
    parser: impl Parser<Input<'a>, T, ErrMode<Fault>>,
) -> impl Parser<Input<'a>, Option<T>, ErrMode<Fault>> {
    opt(preceded(blank, parser))
}

/// The error that `what` was expected here.
pub(super) fn expected(input: &Input<'_>, what: &str) -> ErrMode<Fault> {
    Fault::cut(expected_here(input, what))
}

/// The diagnostic that `what` was expected here.
pub(super) fn expected_here(input: &Input<'_>, what: &str) -> Diagnostic {
    let start = here(input);
    let word = input.find(|c| !is_word(c)).unwrap_or(input.len());
    let (length, found) = match input.chars().next() {
        None => (0, "the end of the script".to_owned()),
        Some('\r' | '\n') => (0, "the end of the line".to_owned()),
        Some(_) if input.starts_with("//") || input.starts_with("/*") => {
            (2, "a comment".to_owned())
        }
        Some(_) if word > 0 => (word, quote(&input[..word])),
        Some(other) => (other.len_utf8(), quote(&other.to_string())),
    };
    Diagnostic::new(
        Span::new(start..start + length),
        format!("expected {what}, found {found}"),
    )
}

/// Blanks and block comments: what separates the parts of a statement on a line.
pub(super) fn blank(input: &mut Input<'_>) -> Parse<()> {
    loop {
        take_while(0.., [' ', '\t', '\r'])
            .void()
            .parse_next(input)?;
        if !block_comment(input)? {
            return Ok(());
        }
    }
}

/// Blanks, comments and line breaks: what stands between statements, and within open brackets.
pub(super) fn gap(input: &mut Input<'_>) -> Parse<()> {
    loop {
        take_while(0.., [' ', '\t', '\r', '\n'])
            .void()
            .parse_next(input)?;
        if !block_comment(input)? && !line_comment(input)? {
            return Ok(());
        }
    }
}

/// At least one blank or block comment.
pub(super) fn blank1(input: &mut Input<'_>) -> Parse<()> {
    let start = here(input);
    blank(input)?;
    if here(input) == start {
        Err(ErrMode::Backtrack(Fault::from_input(input)))
    } else {
        Ok(())
    }
}

/// `// ...` up to the end of the line. Returns whether there was one.
pub(super) fn line_comment(input: &mut Input<'_>) -> Parse<bool> {
    opt((literal("//"), take_till(0.., '\n')))
        .map(|it| it.is_some())
        .parse_next(input)
}

/// `/* ... */`. Returns whether there was one.
fn block_comment(input: &mut Input<'_>) -> Parse<bool> {
    let start = here(input);
    if opt(literal("/*")).parse_next(input)?.is_none() {
        return Ok(false);
    }
    match opt((take_until(0.., "*/"), literal("*/"))).parse_next(input)? {
        Some(_) => Ok(true),
        None => {
            let diagnostic =
                Diagnostic::new(Span::new(start..start + 2), "this comment is never closed")
                    .help("close it with `*/`; comments do not nest");
            Err(ErrMode::Cut(Fault {
                diagnostic: Box::new(diagnostic),
                ends_script: true,
            }))
        }
    }
}

/// A character that can go on within a word.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A word: the name of a call, a constant, a keyword.
pub(super) fn word<'a>(input: &mut Input<'a>) -> Parse<&'a str> {
    take_while(1.., is_word)
        .verify(|it: &str| !it.starts_with(|c: char| c.is_ascii_digit()))
        .parse_next(input)
}

/// A name that may have hyphens in it: a host, a state.
pub(super) fn name<'a>(input: &mut Input<'a>) -> Parse<&'a str> {
    take_while(1.., |c| is_word(c) || c == '-')
        .verify(|it: &str| it.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        .parse_next(input)
}

/// A word that may start with a digit: the name of a thread.
pub(super) fn tag(input: &mut Input<'_>) -> Parse<String> {
    take_while(1.., is_word)
        .map(str::to_owned)
        .parse_next(input)
}

/// A certain word, and not one that only begins with it.
pub(super) fn keyword<'a>(
    keyword: &'static str,
) -> impl Parser<Input<'a>, &'a str, ErrMode<Fault>> {
    take_while(1.., is_word).verify(move |it: &str| it == keyword)
}

/// A number as it is written, which must not run on into a word.
fn digits<'a>(input: &mut Input<'a>) -> Parse<(bool, u32, &'a str)> {
    let start = here(input);
    let negative = opt('-').parse_next(input)?.is_some();
    let radix =
        opt(alt((literal("0x"), literal("0X")))).map(|it| if it.is_some() { 16 } else { 10 });
    let (radix, digits) = (radix, take_while(0.., is_word)).parse_next(input)?;
    let starts = digits.starts_with(|c: char| c.is_ascii_digit());
    if radix == 10 && !starts {
        return Err(ErrMode::Backtrack(Fault::from_input(input)));
    }
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        let span = Span::new(start..here(input));
        return Err(Fault::cut(Diagnostic::new(span, "this is not a number")));
    }
    Ok((negative, radix, digits))
}

/// An integer: `8000`, `-1`, `0x0202`. Backtracks where there is none.
pub(super) fn integer(input: &mut Input<'_>) -> Parse<i64> {
    let start = here(input);
    let (negative, radix, digits) = digits(input)?;
    let value = i128::from_str_radix(digits, radix).ok();
    let value = value.map(|it| if negative { -it } else { it });
    value.and_then(|it| i64::try_from(it).ok()).ok_or_else(|| {
        let span = Span::new(start..here(input));
        let message = format!("a number here is {} to {}", i64::MIN, i64::MAX);
        Fault::cut(Diagnostic::new(span, "the number is too large").help(message))
    })
}

/// A number from 0 to `max`. Backtracks where there is none.
pub(super) fn unsigned<'a, T: TryFrom<u64> + std::fmt::Display>(
    max: T,
) -> impl Parser<Input<'a>, T, ErrMode<Fault>> {
    move |input: &mut Input<'a>| {
        let start = here(input);
        let (negative, radix, digits) = digits(input)?;
        let value = u64::from_str_radix(digits, radix)
            .ok()
            .and_then(|it| T::try_from(it).ok());
        value.filter(|_| !negative).ok_or_else(|| {
            let span = Span::new(start..here(input));
            Fault::cut(Diagnostic::new(
                span,
                format!("the number must be 0 to {max}"),
            ))
        })
    }
}

/// A decimal number as it is written, without sign: `0`, `.01`, `1.5`. Backtracks where there is
/// none.
pub(super) fn decimal<'a>(input: &mut Input<'a>) -> Parse<&'a str> {
    let digits = |min| take_while(min.., |c: char| c.is_ascii_digit());
    alt((
        (digits(1), opt(('.', digits(1)))).take(),
        ('.', digits(1)).take(),
    ))
    .parse_next(input)
}

/// `"text"` with the escapes `\n \r \t \0 \\ \" \xNN`. Backtracks where there is none.
pub(super) fn string(input: &mut Input<'_>) -> Parse<String> {
    let start = here(input);
    '"'.parse_next(input)?;
    let mut text = String::new();
    loop {
        text.push_str(take_till(0.., ['"', '\\', '\n']).parse_next(input)?);
        let at = here(input);
        match input.next_token() {
            Some('"') => return Ok(text),
            Some('\\') => text.push(escape(input).ok_or_else(|| {
                let span = Span::new(at..here(input));
                let diagnostic = Diagnostic::new(span, "unknown escape in a text")
                    .help("the escapes are \\n \\r \\t \\0 \\\\ \\\" and \\xNN up to \\x7f");
                Fault::cut(diagnostic)
            })?),
            Some(_) | None => {
                let diagnostic =
                    Diagnostic::new(Span::new(start..start + 1), "this text is never closed")
                        .help("close it with `\"` on the same line");
                return Err(Fault::cut(diagnostic));
            }
        }
    }
}

/// What stands after a backslash.
fn escape(input: &mut Input<'_>) -> Option<char> {
    match input.next_token()? {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '0' => Some('\0'),
        '"' => Some('"'),
        '\\' => Some('\\'),
        'x' => {
            let high = input.next_token()?.to_digit(16)?;
            let low = input.next_token()?.to_digit(16)?;
            // A text is UTF-8, so a single octet can only be an ASCII character.
            char::from_u32(high * 16 + low).filter(char::is_ascii)
        }
        _ => None,
    }
}
