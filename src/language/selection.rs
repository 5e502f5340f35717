//! The expressions of `--filter`: which scenarios to run, which rows of a product to measure.
//!
//! ```text
//! EXPR := EXPR or EXPR | EXPR and EXPR | not EXPR | (EXPR) | TEST
//! TEST := PATTERN | KIND(PATTERN) | FIELD RELATION VALUE
//! RELATION := = | == | != | < | <= | > | >=
//! ```
//!
//! Which kinds and fields there are, and whether a pattern can stand alone, is the [`Vocabulary`] of
//! a command. A value ends where `and`, `or`, a closing parenthesis or the text does.

use winnow::stream::Stream;

use super::boolean::{Connectives, Expression, closes};
use super::input::{Dialect, Fault, Input, Parse, cursor, expected, go_to, here, since};
use super::pattern::Pattern;
use super::relation::Relation;
use super::words::{blank, takes};
use crate::diagnostic::{Diagnostic, Span};

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
    fn kind(&self, name: &str, span: Span, pattern: Pattern) -> Result<Self::Test, Diagnostic>;

    /// Whether a name is one of a field.
    fn has_field(&self, name: &str) -> bool;

    /// `FIELD RELATION VALUE`
    ///
    /// # Errors
    /// What is wrong with the name of the field, or with the value.
    fn field(
        &self,
        name: (&str, Span),
        relation: Relation,
        value: (&str, Span),
    ) -> Result<Self::Test, Diagnostic>;
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
    let (word, span) = pattern(input, V::WANTED)?;
    if input.starts_with('(') {
        let open = here(input);
        input.next_slice(1);
        let (pattern, _) = pattern(input, "a pattern")?;
        closes(input, open, "")?;
        return vocabulary
            .kind(word, span, Pattern::new(pattern))
            .map_err(Fault::cut);
    }
    if let Some((field, relation)) = compared(input, (word, span), vocabulary)? {
        let value = value(input)?;
        return vocabulary.field(field, relation, value).map_err(Fault::cut);
    }
    let alone = vocabulary.alone(Pattern::new(word));
    alone.ok_or_else(|| expected(&before, V::WANTED))
}

/// A word that is no connective.
fn pattern<'a>(input: &mut Input<'a>, wanted: &str) -> Parse<(&'a str, Span)> {
    blank(input)?;
    let start = here(input);
    if CONNECTIVES.is_next(input) {
        return Err(expected(input, wanted));
    }
    let word = part(input);
    if word.is_empty() {
        return Err(expected(input, wanted));
    }
    Ok((word, since(input, start)))
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
    (word, span): (&'a str, Span),
    vocabulary: &V,
) -> Parse<Option<((&'a str, Span), Relation)>> {
    let name = word.split('=').next().unwrap_or_default();
    let rest = &word[name.len()..];
    let is_alone = || vocabulary.alone(Pattern::new(word)).is_some();
    if !rest.is_empty()
        && !name.is_empty()
        && (vocabulary.has_field(name) || rest.starts_with("==") || !is_alone())
    {
        let end = span.start + name.len();
        go_to(input, end);
        let field = (name, Span::new(span.start..end));
        return Ok(relation(input).map(|relation| (field, relation)));
    }
    if let Some(relation) = relation(input) {
        return Ok(Some(((word, span), relation)));
    }
    if input.starts_with('!') && vocabulary.has_field(word) {
        return Err(Fault::cut(Diagnostic::new(
            Span::new(here(input)..here(input) + 1),
            "`!` is no relation; `!=` is",
        )));
    }
    Ok(None)
}

/// A relation, where one is next. One `=` is as good as two.
fn relation(input: &mut Input<'_>) -> Option<Relation> {
    Relation::read(input).or_else(|| takes(input, "=").then_some(Relation::Equal))
}

/// What a field is compared with.
fn value<'a>(input: &mut Input<'a>) -> Parse<(&'a str, Span)> {
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
    Ok((&whole[..end - start], Span::new(start..end)))
}
