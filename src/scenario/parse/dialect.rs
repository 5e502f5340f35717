//! The dialect of scripts: the form of their words, blanks and texts.

use winnow::Parser;
use winnow::token::take_while;

use crate::language::input::{Dialect, Input, Parse};
use crate::language::text::Text;

/// The language of scripts. A line break is no blank: it ends a statement.
pub(super) static SCRIPT: Dialect = Dialect {
    name: "script",
    is_blank: |c| [' ', '\t', '\r'].contains(&c),
    is_word,
    has_comments: true,
};

/// The language of programs. A line break ends a step.
pub(super) static PROGRAM: Dialect = Dialect {
    name: "program",
    is_blank: |c| [' ', '\t', '\r'].contains(&c),
    is_word,
    has_comments: true,
};

/// Texts in quotes.
pub(super) const TEXT: Text = Text {
    escapes: &[
        ('n', '\n'),
        ('r', '\r'),
        ('t', '\t'),
        ('0', '\0'),
        ('"', '"'),
        ('\\', '\\'),
    ],
    hexadecimal: 2..=2,
    has_octal: false,
    has_lines: false,
    help: "the escapes are \\n \\r \\t \\0 \\\\ \\\" and \\xNN up to \\x7f",
};

/// A character that can go on within a word.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A name that may have hyphens in it: a host, a state.
pub(super) fn name<'a>(input: &mut Input<'a>) -> Parse<&'a str> {
    take_while(1.., |c| is_word(c) || c == '-')
        .verify(|it: &str| it.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        .parse_next(input)
}
