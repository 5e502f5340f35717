//! The parser of display filters.
//!
//! Precedence from strong to weak: `!`, `&&`, `||`, as in Wireshark. Every parser here reads blanks
//! before what it reads, and none after it.

use winnow::stream::Stream;

use super::evaluate::{Element, Expression, Operand, Quantifier, Test, usual};
use super::fields::{Field, nearest, protocols};
use super::value::{FieldKind, Value, literal};
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::language::Relation;
use crate::language::boolean::Connectives;
use crate::language::input::{
    Dialect, Fault, Input, Parse, cursor, error_at, expected, here, never_closed, since,
};
use crate::language::names::quote;
use crate::language::text::{self, Text};
use crate::language::words::{blank, peek_word, takes};

static FILTER: Dialect = Dialect {
    name: "filter",
    is_blank: |c| [' ', '\t', '\r', '\n'].contains(&c),
    is_word: |c| c.is_ascii_alphanumeric() || "_.-".contains(c),
    has_comments: false,
};

const CONNECTIVES: Connectives = Connectives {
    or: &["||", "or"],
    and: &["&&", "and"],
    not: &["!", "not"],
};

/// Texts in quotes, with C's escapes.
const TEXT: Text = Text {
    escapes: &[
        ('"', '"'),
        ('\'', '\''),
        ('\\', '\\'),
        ('a', '\x07'),
        ('b', '\x08'),
        ('f', '\x0c'),
        ('n', '\n'),
        ('r', '\r'),
        ('t', '\t'),
        ('v', '\x0b'),
    ],
    hexadecimal: 1..=2,
    has_octal: true,
    has_lines: true,
    help: "the escapes are \\\" \\' \\\\ \\a \\b \\f \\n \\r \\t \\v, \\x41 and \\101, up to 127",
};

/// Reads a whole filter. One without a word in it selects everything.
///
/// # Errors
/// The first thing that cannot be read.
pub(super) fn filter(text: &str) -> Result<Expression, Box<Diagnostic>> {
    let mut input = cursor(text, &FILTER);
    blank(&mut input)?;
    if input.is_empty() {
        return Ok(Expression::All(Vec::new()));
    }
    Ok(CONNECTIVES.read(&mut input, &test)?)
}

/// A field, and what is asked of it.
fn test(input: &mut Input<'_>) -> Parse<Expression> {
    let quantifier = if takes(input, "any") {
        Some(Quantifier::Any)
    } else if takes(input, "all") {
        Some(Quantifier::All)
    } else {
        None
    };
    let name = field(input)?;
    let field = name.value;
    blank(input)?;
    let start = here(input);
    if let Some((relation, usual)) = relation(input) {
        refuse_presence(name, since(input, start))?;
        refuse_unsupported_value(input)?;
        return Ok(Expression::Atom(Test::Compare {
            field,
            quantifier: quantifier.unwrap_or(usual),
            relation,
            operand: operand(input, field)?,
        }));
    }
    if quantifier.is_some() {
        return Err(expected(input, "a comparison after `any` or `all`"));
    }
    if takes(input, "contains") {
        let operator = since(input, start);
        return contains(input, name, operator).map(Expression::Atom);
    }
    let before = *input;
    let is_negated = takes(input, "not");
    if takes(input, "in") {
        refuse_presence(name, since(input, start))?;
        let set = set(input, field)?;
        let membership = Expression::Atom(Test::In { field, set });
        return Ok(match is_negated {
            true => Expression::Not(Box::new(membership)),
            false => membership,
        });
    }
    *input = before;
    refuse_unsupported_operator(input)?;
    Ok(Expression::Atom(Test::Exists(field)))
}

/// A protocol has no value that could be compared.
fn refuse_presence(field: Spanned<Field>, operator: Span) -> Parse<()> {
    if field.value.kind() != FieldKind::Presence {
        return Ok(());
    }
    let name = field.value.name();
    let message = format!("`{name}` has no value to compare");
    let diagnostic = Diagnostic::new(field.span.to(operator), message);
    let help = format!("`{name}` alone selects the frames that have it");
    Err(Fault::cut(diagnostic.help(help)))
}

/// `contains "text"`
fn contains(input: &mut Input<'_>, name: Spanned<Field>, operator: Span) -> Parse<Test> {
    let field = name.value;
    if !matches!(field.kind(), FieldKind::Text | FieldKind::Bytes) {
        let message = format!("`{}` is no text that could contain another", field.name());
        let diagnostic = Diagnostic::new(name.span.to(operator), message);
        return Err(Fault::cut(diagnostic));
    }
    match operand(input, field)? {
        Operand::Literal(part) => Ok(Test::Contains { field, part }),
        Operand::Field(_) => {
            let span = since(input, operator.start);
            let diagnostic = Diagnostic::new(span, "`contains` needs a text");
            let help = "write it in quotes: `contains \"HELD\"`";
            Err(Fault::cut(diagnostic.help(help)))
        }
    }
}

/// A relation, and how many values must be so where nothing else is written.
fn relation(input: &mut Input<'_>) -> Option<(Relation, Quantifier)> {
    use Relation::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    // `===` begins with `==`, so these come before the relations of every language.
    const QUANTIFIED: [(&str, Relation, Quantifier); 7] = [
        ("===", Equal, Quantifier::All),
        ("!==", NotEqual, Quantifier::Any),
        ("~=", NotEqual, Quantifier::Any),
        ("any_eq", Equal, Quantifier::Any),
        ("all_eq", Equal, Quantifier::All),
        ("any_ne", NotEqual, Quantifier::Any),
        ("all_ne", NotEqual, Quantifier::All),
    ];
    const WORDS: [(&str, Relation); 6] = [
        ("eq", Equal),
        ("ne", NotEqual),
        ("lt", Less),
        ("le", LessOrEqual),
        ("gt", Greater),
        ("ge", GreaterOrEqual),
    ];
    let quantified = QUANTIFIED.iter().find(|(it, ..)| takes(input, it));
    if let Some((_, relation, quantifier)) = quantified {
        return Some((*relation, *quantifier));
    }
    let relation = Relation::read(input).or_else(|| {
        let word = WORDS.iter().find(|(it, _)| takes(input, it));
        word.map(|(_, relation)| *relation)
    });
    relation.map(|it| (it, usual(it)))
}

/// What Wireshark has and this does not, behind a field.
fn refuse_unsupported_operator(input: &mut Input<'_>) -> Parse<()> {
    const OPERATORS: [(&str, &str); 12] = [
        ("matches", "regular expressions"),
        ("~", "regular expressions"),
        ("bitwise_and", "bit masks"),
        ("bitand", "bit masks"),
        ("&", "bit masks"),
        ("[", "slices"),
        ("#", "layers"),
        ("+", "arithmetic"),
        ("-", "arithmetic"),
        ("*", "arithmetic"),
        ("/", "arithmetic"),
        ("%", "arithmetic"),
    ];
    blank(input)?;
    let start = here(input);
    if input.starts_with("&&") {
        return Ok(());
    }
    if input.starts_with('=') {
        let diagnostic = Diagnostic::new(Span::new(start..start + 1), "`=` is no comparison");
        return Err(Fault::cut(diagnostic.help("write `==`")));
    }
    let word = peek_word(input);
    let found = OPERATORS
        .iter()
        .find(|(operator, _)| match word.is_empty() {
            true => input.starts_with(operator),
            false => word == *operator,
        });
    let Some((operator, what)) = found else {
        return Ok(());
    };
    let verb = if *what == "arithmetic" { "is" } else { "are" };
    let message = format!("{what} (`{operator}`) {verb} not supported in filters");
    let diagnostic = Diagnostic::new(Span::new(start..start + operator.len()), message);
    Err(Fault::cut(match *what {
        "bit masks" => diagnostic.help("each control bit is a field: `tcp.flags.syn == 1`"),
        _ => diagnostic,
    }))
}

/// What Wireshark has and this does not, in the place of a value.
fn refuse_unsupported_value(input: &mut Input<'_>) -> Parse<()> {
    const VALUES: [(&str, &str); 3] = [
        ("'", "characters in single quotes are"),
        ("${", "references to fields are"),
        ("{", "arithmetic is"),
    ];
    blank(input)?;
    let start = here(input);
    let found = VALUES
        .iter()
        .find(|(opening, _)| input.starts_with(opening));
    let Some((opening, what)) = found else {
        return Ok(());
    };
    let message = format!("{what} not supported in filters");
    Err(error_at(Span::new(start..start + opening.len()), message))
}

/// A field's name, with its place.
fn field(input: &mut Input<'_>) -> Parse<Spanned<Field>> {
    const KEYWORDS: [&str; 8] = ["and", "or", "in", "contains", "matches", "eq", "ne", "not"];
    blank(input)?;
    let start = here(input);
    let name = peek_word(input);
    let is_name = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    if !is_name || KEYWORDS.contains(&name) {
        return Err(expected(input, "a field such as `tcp.len`"));
    }
    input.next_slice(name.len());
    let place = since(input, start);
    if let Some(field) = Field::find(name) {
        return Ok(Spanned::new(field, place));
    }
    if input.starts_with('(') {
        let diagnostic = Diagnostic::new(place, "functions are not supported in filters");
        return Err(Fault::cut(diagnostic));
    }
    let diagnostic = Diagnostic::new(place, format!("unknown field {}", quote(name)));
    Err(Fault::cut(match nearest(name) {
        Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
        None => diagnostic.help(format!(
            "known are {} and their fields",
            protocols().join(", ")
        )),
    }))
}

/// What a field is compared with.
fn operand(input: &mut Input<'_>, field: Field) -> Parse<Operand> {
    blank(input)?;
    let start = here(input);
    let word = peek_word(input);
    if !is_text(input)
        && let Some(other) = Field::find(word)
    {
        input.next_slice(word.len());
        if !field.kind().is_comparable(other.kind()) {
            let (left, right) = (field.kind().name(), other.kind().name());
            let message = format!(
                "`{}` ({left}) and `{}` ({right}) cannot be compared",
                field.name(),
                other.name()
            );
            return Err(error_at(since(input, start), message));
        }
        return Ok(Operand::Field(other));
    }
    value(input, field.kind()).map(Operand::Literal)
}

/// Whether a text in quotes is next.
fn is_text(input: &Input<'_>) -> bool {
    input.starts_with('"') || input.starts_with("r\"")
}

/// A value of a kind.
fn value(input: &mut Input<'_>, kind: FieldKind) -> Parse<Value> {
    blank(input)?;
    let start = here(input);
    if is_text(input) {
        let text = if takes(input, "r") {
            text::raw(input, '"', "text")?.to_owned()
        } else {
            TEXT.read(input)?
        };
        match kind {
            FieldKind::Text => return Ok(Value::Text(text)),
            FieldKind::Bytes => return Ok(Value::Bytes(text.into_bytes())),
            FieldKind::Presence
            | FieldKind::Number(_)
            | FieldKind::Boolean
            | FieldKind::Ipv4
            | FieldKind::Ipv6
            | FieldKind::Time => {}
        }
        let message = format!("a {} is written without quotes", kind.name());
        return Err(error_at(since(input, start), message));
    }
    let word = literal_word(input)?;
    literal(word, kind).map_err(|(message, help)| {
        // The message quotes a word that may be as long as the filter.
        let shown = quote(word);
        let message = message.replace(&format!("`{word}`"), &shown);
        let diagnostic = Diagnostic::new(since(input, start), message);
        Fault::cut(match help.filter(|_| shown.len() == word.len() + 2) {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        })
    })
}

/// `{1, 2..5, 7}`
fn set(input: &mut Input<'_>, field: Field) -> Parse<Vec<Element>> {
    blank(input)?;
    let start = here(input);
    if !takes(input, "{") {
        return Err(expected(input, "`{`"));
    }
    let mut elements = Vec::new();
    loop {
        let first = value(input, field.kind())?;
        let element = if takes(input, "..") {
            Element::Range(first, value(input, field.kind())?)
        } else {
            Element::One(first)
        };
        elements.push(element);
        if takes(input, "}") {
            return Ok(elements);
        }
        if !takes(input, ",") {
            blank(input)?;
            if input.is_empty() {
                return Err(never_closed(Span::new(start..start + 1), "set", "`}`"));
            }
            return Err(expected(input, "`,`, `..` or `}`"));
        }
    }
}

/// A number, an address or another word that is no text.
fn literal_word<'a>(input: &mut Input<'a>) -> Parse<&'a str> {
    let is_part = |it: char| it.is_ascii_alphanumeric() || "._:/+-".contains(it);
    let end = input.find(|it| !is_part(it)).unwrap_or(input.len());
    // Two points end a literal: `1..5` is a range.
    let end = input[..end].find("..").unwrap_or(end);
    if end == 0 {
        return Err(expected(input, "a value"));
    }
    Ok(input.next_slice(end))
}
