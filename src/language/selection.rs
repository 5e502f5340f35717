//! The expressions of `--filter`: which scenarios to run, which rows of a product to measure.
//!
//! ```text
//! EXPR := EXPR or EXPR | EXPR and EXPR | not EXPR | (EXPR) | TEST
//! TEST := PATTERN | KIND(PATTERN) | FIELD RELATION VALUE
//! RELATION := = | == | != | < | <= | > | >=
//! ```
//!
//! Which kinds and fields there are, and whether a pattern can stand alone, is the [`Vocabulary`]
//! of a command. A value ends where `and`, `or`, a closing parenthesis or the text does.

use winnow::stream::Stream;

use super::boolean::{Connectives, Expression, closes};
use super::input::{Dialect, Fault, Input, Parse, cursor, expected, go_to, here, since};
use super::pattern::Pattern;
use super::relation::Relation;
use super::words::{blank, takes};
use crate::diagnostic::{Diagnostic, Span, Spanned};

/// The longest expression, in octets.
const TEXT_MAX: usize = 4096;

static DIALECT: Dialect = Dialect {
    name: "expression",
    is_blank: char::is_whitespace,
    is_word: |c| !c.is_whitespace() && !"()!&|<>=".contains(c),
    has_comments: false,
};

const CONNECTIVES: Connectives = Connectives {
    or: &["or", "||", "|"],
    and: &["and", "&&", "&"],
    not: &["not", "!"],
};

/// What a command can be asked about what it selects from.
pub(crate) trait Vocabulary {
    /// A test that was read.
    type Test;

    /// What a test is, for those who wrote none: `a pattern`.
    const WANTED: &'static str;

    /// `PATTERN` alone. None: it has to say what it is about.
    fn alone(&self, pattern: Pattern) -> Option<Self::Test>;

    /// `KIND(PATTERN)`
    ///
    /// # Errors
    /// There is no such kind, whose name stands at the span.
    fn kind(&self, name: &str, span: Span, pattern: Pattern)
    -> Result<Self::Test, Box<Diagnostic>>;

    /// Whether a name is one of a field.
    fn has_field(&self, name: &str) -> bool;

    /// `FIELD RELATION VALUE`
    ///
    /// # Errors
    /// What is wrong with the name of the field, or with the value.
    fn compare(&self, comparison: Comparison<'_>) -> Result<Self::Test, Box<Diagnostic>>;
}

/// `FIELD RELATION VALUE`, as it is written.
pub(crate) struct Comparison<'t> {
    pub(crate) field: Spanned<&'t str>,
    pub(crate) relation: Relation,
    pub(crate) value: Spanned<&'t str>,
}

/// Reads an expression.
///
/// # Errors
/// The first thing that is wrong with it, with its place in the text.
pub(crate) fn parse<V: Vocabulary>(
    text: &str,
    vocabulary: &V,
) -> Result<Expression<V::Test>, Box<Diagnostic>> {
    if text.len() > TEXT_MAX {
        let message = format!("an expression has at most {TEXT_MAX} octets");
        return Err(Box::new(Diagnostic::of_file(message)));
    }
    let test = |input: &mut Input<'_>| test(input, vocabulary).map(Expression::Atom);
    Ok(CONNECTIVES.read(&mut cursor(text, &DIALECT), &test)?)
}

/// `PATTERN`, `KIND(PATTERN)`, `FIELD RELATION VALUE`
fn test<V: Vocabulary>(input: &mut Input<'_>, vocabulary: &V) -> Parse<V::Test> {
    let before = *input;
    let word = pattern(input, V::WANTED)?;
    if input.starts_with('(') {
        let open = here(input);
        input.next_slice(1);
        let pattern = Pattern::new(pattern(input, "a pattern")?.value);
        closes(input, open, "")?;
        let test = vocabulary.kind(word.value, word.span, pattern);
        return test.map_err(Fault::cut);
    }
    if let Some((field, relation)) = compared(input, word, vocabulary)? {
        let comparison = Comparison {
            field,
            relation,
            value: value(input)?,
        };
        return vocabulary.compare(comparison).map_err(Fault::cut);
    }
    let alone = vocabulary.alone(Pattern::new(word.value));
    alone.ok_or_else(|| expected(&before, V::WANTED))
}

/// A word that is no connective.
fn pattern<'a>(input: &mut Input<'a>, wanted: &str) -> Parse<Spanned<&'a str>> {
    blank(input)?;
    let start = here(input);
    if CONNECTIVES.is_next(input) {
        return Err(expected(input, wanted));
    }
    let word = part(input);
    if word.is_empty() {
        return Err(expected(input, wanted));
    }
    Ok(Spanned::new(word, since(input, start)))
}

/// The characters up to a blank or a sign. `=` is a part of names, and of values.
fn part<'a>(input: &mut Input<'a>) -> &'a str {
    let is_word = input.state.is_word;
    let end = input.find(|c| !is_word(c) && c != '=');
    input.next_slice(end.unwrap_or(input.len()))
}

/// The field and the relation, where a word, just read, begins a comparison.
///
/// A word may have `=` in it: names of scenarios do (`window=4000,delay=1ms`). So `=` compares only
/// where a field stands before it or where a pattern says nothing.
fn compared<'a, V: Vocabulary>(
    input: &mut Input<'a>,
    word: Spanned<&'a str>,
    vocabulary: &V,
) -> Parse<Option<(Spanned<&'a str>, Relation)>> {
    let name = word.value.split('=').next().unwrap_or_default();
    let rest = &word.value[name.len()..];
    let is_alone = || vocabulary.alone(Pattern::new(word.value)).is_some();
    let is_field = || vocabulary.has_field(name) || rest.starts_with("==") || !is_alone();
    let mut field = word;
    if !name.is_empty() && !rest.is_empty() && is_field() {
        let end = word.span.start + name.len();
        go_to(input, end);
        field = Spanned::new(name, Span::new(word.span.start..end));
    }
    if let Some(relation) = relation(input) {
        return Ok(Some((field, relation)));
    }
    if input.starts_with('!') && vocabulary.has_field(word.value) {
        let span = Span::new(here(input)..here(input) + 1);
        let diagnostic = Diagnostic::new(span, "`!` is no relation; `!=` is");
        return Err(Fault::cut(diagnostic));
    }
    Ok(None)
}

/// A relation, where one is next. One `=` is as good as two.
fn relation(input: &mut Input<'_>) -> Option<Relation> {
    Relation::read(input).or_else(|| takes(input, "=").then_some(Relation::Equal))
}

/// What a field is compared with.
fn value<'a>(input: &mut Input<'a>) -> Parse<Spanned<&'a str>> {
    blank(input)?;
    let whole = *input;
    let start = here(input);
    let mut end = start;
    loop {
        blank(input)?;
        if CONNECTIVES.is_next(input) {
            break;
        }
        if part(input).is_empty() {
            break;
        }
        end = here(input);
    }
    go_to(input, end);
    if end == start {
        return Err(expected(&whole, "a value"));
    }
    Ok(Spanned::new(&whole[..end - start], Span::new(start..end)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows that have a name, or none, and the field `window`; a test is shown as it was read.
    struct Rows {
        has_names: bool,
    }

    impl Vocabulary for Rows {
        type Test = String;

        const WANTED: &'static str = "a test";

        fn alone(&self, pattern: Pattern) -> Option<String> {
            self.has_names.then(|| format!("{pattern:?}"))
        }

        fn kind(&self, name: &str, _: Span, pattern: Pattern) -> Result<String, Box<Diagnostic>> {
            Ok(format!("{name} {pattern:?}"))
        }

        fn has_field(&self, name: &str) -> bool {
            name == "window"
        }

        fn compare(&self, comparison: Comparison<'_>) -> Result<String, Box<Diagnostic>> {
            let Comparison {
                field,
                relation,
                value,
            } = comparison;
            let symbol = relation.symbol();
            Ok(format!("{} {symbol} [{}]", field.value, value.value))
        }
    }

    /// The tests of an expression, or what is wrong with it.
    fn read(text: &str, has_names: bool) -> String {
        match parse(text, &Rows { has_names }) {
            Ok(expression) => {
                let tests: Vec<&str> = expression.asserted().iter().map(|it| it.as_str()).collect();
                tests.join(", ")
            }
            Err(diagnostic) => diagnostic.message,
        }
    }

    #[test]
    fn a_comparison_is_known_by_its_field_or_its_relation() {
        for (text, expected) in [
            ("window=4000", "window == [4000]"),
            ("window == 4000", "window == [4000]"),
            (
                "window=",
                "expected a value, found the end of the expression",
            ),
            ("window<=64KiB", "window <= [64KiB]"),
            (
                "window != 1 , 2..8:x2 and a",
                "window != [1 , 2..8:x2], Pattern(\"a\")",
            ),
            ("(window>1 or window<2)", "window > [1], window < [2]"),
            (
                "window = linux + rto.min = 1s",
                "window == [linux + rto.min = 1s]",
            ),
            ("window!4", "`!` is no relation; `!=` is"),
            // The name of a scenario has values in it.
            ("a@window=4,mss=5", "Pattern(\"a@window=4,mss=5\")"),
            ("mss=5", "Pattern(\"mss=5\")"),
            ("mss==5", "mss == [5]"),
            ("mss = 5", "mss == [5]"),
            ("window(4*)", "window Pattern(\"4*\")"),
            ("window(4", "this parenthesis is never closed"),
            ("a < (b)", "expected a value, found `(`"),
        ] {
            assert_eq!(read(text, true), expected, "{text}");
        }
        assert_eq!(read("mss=5", false), "mss == [5]");
        assert_eq!(read("mss", false), "expected a test, found `mss`");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r"([a-c*ü()!&|<>= ]|and|or|not|window){0,40}", names: bool) {
            let _ = read(&text, names);
        }
    }
}
