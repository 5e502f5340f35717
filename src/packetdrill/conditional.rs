//! Conditional parts of FreeBSD's dialect: `#ifdef NAME`, `#ifndef NAME`, `#else` and `#endif`
//! leave lines out by a symbol.
//!
//! A line that is left out becomes blanks, so that every place in the text keeps its number.

use std::collections::BTreeMap;

use winnow::stream::Stream;

use super::lexer::{self, Replacement};
use crate::diagnostic::{Diagnostic, Span};
use crate::language::input::{Input, Parse, go_to, here};
use crate::language::words::{block_comment, line_comment};

/// A condition that is open.
#[derive(Clone, Copy, Debug)]
struct Open {
    span: Span,
    /// Whether the lines in it count, as far as this condition says.
    holds: bool,
    /// Whether its `#else` was seen.
    otherwise: bool,
}

/// The text with blanks for what its conditions leave out, and for the conditions themselves.
///
/// # Errors
/// A condition that is not well-formed, nested or not closed.
pub(super) fn apply(
    text: &str,
    defines: &BTreeMap<String, Replacement>,
) -> Result<Option<String>, Box<Diagnostic>> {
    if !text.contains('#') {
        return Ok(None);
    }
    let mut kept = String::with_capacity(text.len());
    let mut open: Option<Open> = None;
    let mut own: Vec<&str> = Vec::new();
    let mut input = lexer::start(text);
    while !input.is_empty() {
        let start = here(&input);
        let rest = &text[start..];
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        let words = line.trim();
        if let Some(condition) = words.strip_prefix('#') {
            let span = Span::new(start..start + line.trim_end().len());
            let known = |name: &str| defines.contains_key(name) || own.contains(&name);
            open = directive(condition.trim(), span, open, known)?;
            blank(&mut kept, line);
            go_to(&mut input, start + line.len());
        } else if open.is_none_or(|it| it.holds) {
            if let Some(define) = words.strip_prefix("--define=") {
                own.extend(define.split('=').next());
            }
            pass(&mut input);
            kept.push_str(&text[start..here(&input)]);
        } else {
            blank(&mut kept, line);
            go_to(&mut input, start + line.len());
        }
    }
    match open {
        Some(open) => Err(Box::new(
            Diagnostic::new(open.span, "this condition is not closed")
                .help("end it with a line `#endif`"),
        )),
        None => Ok(Some(kept)),
    }
}

/// Appends as many octets of blanks as a line has, its end aside.
fn blank(kept: &mut String, line: &str) {
    let end = if line.ends_with('\n') { "\n" } else { "" };
    kept.extend(std::iter::repeat_n(' ', line.len() - end.len()));
    kept.push_str(end);
}

/// What one line with a `#` does to the condition that is open.
fn directive(
    words: &str,
    span: Span,
    open: Option<Open>,
    known: impl Fn(&str) -> bool,
) -> Result<Option<Open>, Box<Diagnostic>> {
    let mut parts = words.split_whitespace();
    let (name, symbol) = (parts.next().unwrap_or_default(), parts.next());
    let bad = |message: &str| Err(Box::new(Diagnostic::new(span, message)));
    match (name, symbol, open) {
        ("ifdef" | "ifndef", Some(_), Some(outer)) => {
            let diagnostic = Diagnostic::new(span, "conditions do not stand in each other");
            Err(Box::new(diagnostic.context(outer.span, "this one is open")))
        }
        ("ifdef" | "ifndef", Some(symbol), None) => Ok(Some(Open {
            span,
            holds: known(symbol) == (name == "ifdef"),
            otherwise: false,
        })),
        ("ifdef" | "ifndef", None, _) => bad("the symbol is missing: #ifdef NAME"),
        ("else", _, Some(open)) if !open.otherwise => Ok(Some(Open {
            holds: !open.holds,
            otherwise: true,
            ..open
        })),
        ("else", _, _) => bad("there is no condition that this `#else` belongs to"),
        ("endif", _, Some(_)) => Ok(None),
        ("endif", _, None) => bad("there is no condition that this `#endif` ends"),
        _ => bad("a line with # is #ifdef, #ifndef, #else or #endif; comments begin with //"),
    }
}

/// Goes past a line that counts, and past whatever begins in it and goes on over lines: comments,
/// texts and code, in which a `#` means nothing. What is never closed goes on to the end; that is
/// not said here.
fn pass(input: &mut Input<'_>) {
    loop {
        let is_special = |c: char| "\n\"`%/".contains(c);
        let end = input.find(is_special).unwrap_or(input.len());
        input.next_slice(end);
        match goes_on(input) {
            Ok(true) => {}
            Ok(false) if matches!(input.next_token(), None | Some('\n')) => return,
            Ok(false) => {}
            Err(_) => {
                input.finish();
                return;
            }
        }
    }
}

/// Reads what may go on over lines, where it is next. Says whether it was.
fn goes_on(input: &mut Input<'_>) -> Parse<bool> {
    Ok(line_comment(input) || block_comment(input)? || lexer::quoted(input)?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(text: &str, symbols: &[&str]) -> Result<String, String> {
        let defines = symbols
            .iter()
            .map(|name| ((*name).to_owned(), Replacement::Word(String::new())))
            .collect();
        match apply(text, &defines) {
            Ok(Some(kept)) => {
                assert_eq!(kept.len(), text.len(), "{text}");
                Ok(kept.split_whitespace().collect::<Vec<_>>().join(" "))
            }
            Ok(None) => Ok(text.to_owned()),
            Err(diagnostic) => Err(diagnostic.message),
        }
    }

    #[test]
    fn what_a_symbol_leaves_out() {
        let text = "a\n#ifdef X\nb\r\n#else\nc\n#endif\n#ifndef X\nd\n#endif\ne";
        for (symbols, kept) in [(&[][..], "a c d e"), (&["X"][..], "a b e")] {
            assert_eq!(applied(text, symbols), Ok(kept.to_owned()));
        }
        let own = "--define=X=1\n#ifdef X\nb\n#endif\n";
        assert_eq!(applied(own, &[]), Ok("--define=X=1 b".to_owned()));
        let escaped = "\"a \\\" b\n# no condition\"\n#ifdef X\nb\n#endif\n";
        assert_eq!(
            applied(escaped, &[]),
            Ok("\"a \\\" b # no condition\"".to_owned())
        );
        let code = "%{\n# no condition\n}% /*\n#ifdef\n*/ `a\n#b`\n";
        assert_eq!(
            applied(code, &[]),
            Ok("%{ # no condition }% /* #ifdef */ `a #b`".to_owned())
        );
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for (text, message) in [
            ("#ifdef X\n", "this condition is not closed"),
            ("#endif\n", "there is no condition that this `#endif` ends"),
            (
                "#else\n",
                "there is no condition that this `#else` belongs to",
            ),
            (
                "#ifdef X\n#else\n#else\n#endif\n",
                "there is no condition that this `#else` belongs to",
            ),
            (
                "#ifdef X\n#ifdef Y\n#endif\n#endif\n",
                "conditions do not stand in each other",
            ),
            ("#ifdef\n", "the symbol is missing: #ifdef NAME"),
            (
                "# a comment\n",
                "a line with # is #ifdef, #ifndef, #else or #endif; comments begin with //",
            ),
        ] {
            assert_eq!(applied(text, &[]), Err(message.to_owned()), "{text}");
        }
    }
}
