//! Reading filters.
//!
//! Precedence from strong to weak: `!`, `&&`, `||`, as in Wireshark. Every parser here reads blanks
//! before what it reads, and none after it.

use std::ops::Range;

use winnow::Parser;
use winnow::error::{ErrMode, ModalResult, ParserError};
use winnow::stream::{LocatingSlice, Location, Stream};
use winnow::token::take_while;

use super::evaluate::{Element, Expression, Operand, Quantifier, Relation};
use super::fields::{Field, nearest, protocols};
use super::value::{Kind, Value, literal};
use super::{FilterError, NESTING_MAX};

type Input<'a> = LocatingSlice<&'a str>;
type Parse<T> = ModalResult<T, Fault>;

/// Why a filter cannot be read. Boxed, because a parser's result is moved about a lot.
#[derive(Debug)]
struct Fault(Box<FilterError>);

impl<'a> ParserError<Input<'a>> for Fault {
    type Inner = Self;

    fn from_input(input: &Input<'a>) -> Self {
        let at = input.current_token_start();
        Self(Box::new(FilterError::new(at..at, "cannot be read")))
    }

    fn into_inner(self) -> Result<Self::Inner, Self> {
        Ok(self)
    }
}

/// An error that no other way of reading the text can help.
fn cut(error: FilterError) -> ErrMode<Fault> {
    ErrMode::Cut(Fault(Box::new(error)))
}

/// The longest piece of a text that a message shows, in characters.
const SHOWN_MAX: usize = 40;

/// A piece of the text as messages show it.
fn quote(text: &str) -> String {
    if text.chars().nth(SHOWN_MAX).is_none() {
        return format!("`{text}`");
    }
    let start: String = text.chars().take(SHOWN_MAX).collect();
    format!("`{start}...`")
}

/// Reads a whole filter. One without a word in it selects everything.
///
/// # Errors
/// The first thing that cannot be read.
pub(super) fn filter(text: &str) -> Result<Expression, FilterError> {
    let mut input = LocatingSlice::new(text);
    blank(&mut input);
    if input.is_empty() {
        return Ok(Expression::Everything);
    }
    let expression = any_of(&mut input, 0).and_then(|expression| {
        blank(&mut input);
        if input.is_empty() {
            Ok(expression)
        } else {
            Err(unexpected(&input, "`&&`, `||` or the end of the filter"))
        }
    });
    expression.map_err(|error| match error {
        ErrMode::Cut(Fault(error)) | ErrMode::Backtrack(Fault(error)) => *error,
        // Only partial input is ever incomplete.
        ErrMode::Incomplete(_) => FilterError::new(text.len()..text.len(), "cannot be read"),
    })
}

/// `A || B || ...`
fn any_of(input: &mut Input<'_>, depth: usize) -> Parse<Expression> {
    let mut parts = vec![all_of(input, depth)?];
    while symbol(input, "||") || keyword(input, "or") {
        parts.push(all_of(input, depth)?);
    }
    Ok(joined(parts, Expression::Any))
}

/// `A && B && ...`
fn all_of(input: &mut Input<'_>, depth: usize) -> Parse<Expression> {
    let mut parts = vec![negation(input, depth)?];
    while symbol(input, "&&") || keyword(input, "and") {
        parts.push(negation(input, depth)?);
    }
    Ok(joined(parts, Expression::All))
}

/// The only part, or all of them.
fn joined(
    mut parts: Vec<Expression>,
    join: impl FnOnce(Vec<Expression>) -> Expression,
) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

/// `!A`, `(A)` or a test.
fn negation(input: &mut Input<'_>, depth: usize) -> Parse<Expression> {
    blank(input);
    let start = here(input);
    let inner = |input: &mut Input<'_>| {
        if depth < NESTING_MAX {
            return Ok(depth + 1);
        }
        let message = format!("parentheses and negations are nested at most {NESTING_MAX} deep");
        Err(cut(FilterError::new(start..here(input), message)))
    };
    if symbol(input, "!") || keyword(input, "not") {
        let depth = inner(input)?;
        return Ok(Expression::Not(Box::new(negation(input, depth)?)));
    }
    if !symbol(input, "(") {
        return test(input);
    }
    let depth = inner(input)?;
    let expression = any_of(input, depth)?;
    if symbol(input, ")") {
        return Ok(expression);
    }
    blank(input);
    if input.is_empty() {
        let error = FilterError::new(start..start + 1, "this parenthesis is never closed");
        return Err(cut(error.help("close it with `)`")));
    }
    Err(unexpected(input, "`)`, `&&` or `||`"))
}

/// A field, and what is asked of it.
fn test(input: &mut Input<'_>) -> Parse<Expression> {
    let quantifier = if keyword(input, "any") {
        Some(Quantifier::Any)
    } else if keyword(input, "all") {
        Some(Quantifier::All)
    } else {
        None
    };
    let (field, name) = field(input)?;
    blank(input);
    let operator = here(input);
    if let Some((relation, usual)) = relation(input) {
        let operator = operator..here(input);
        refuse_presence(field, &name, &operator)?;
        refuse_unsupported_value(input)?;
        return Ok(Expression::Compare {
            field,
            quantifier: quantifier.unwrap_or(usual),
            relation,
            operand: operand(input, field)?,
        });
    }
    if quantifier.is_some() {
        return Err(unexpected(input, "a comparison after `any` or `all`"));
    }
    if keyword(input, "contains") {
        return contains(input, field, &name, operator);
    }
    let checkpoint = input.checkpoint();
    let is_negated = keyword(input, "not");
    if keyword(input, "in") {
        refuse_presence(field, &name, &(operator..here(input)))?;
        let set = set(input, field)?;
        let membership = Expression::In { field, set };
        return Ok(match is_negated {
            true => Expression::Not(Box::new(membership)),
            false => membership,
        });
    }
    input.reset(&checkpoint);
    refuse_unsupported_operator(input)?;
    Ok(Expression::Exists(field))
}

/// A protocol has no value that could be compared.
fn refuse_presence(field: Field, name: &Range<usize>, operator: &Range<usize>) -> Parse<()> {
    if field.kind() != Kind::Presence {
        return Ok(());
    }
    let message = format!("`{}` has no value to compare", field.name());
    let error = FilterError::new(name.start..operator.end, message);
    Err(cut(error.help(format!(
        "`{}` alone selects the frames that have it",
        field.name()
    ))))
}

/// `contains "text"`
fn contains(
    input: &mut Input<'_>,
    field: Field,
    name: &Range<usize>,
    operator: usize,
) -> Parse<Expression> {
    if field.kind() != Kind::Text {
        let message = format!("`{}` is no text that could contain another", field.name());
        let error = FilterError::new(name.start..operator + "contains".len(), message);
        return Err(cut(error));
    }
    match operand(input, field)? {
        Operand::Literal(Value::Text(text)) => Ok(Expression::Contains { field, text }),
        Operand::Literal(_) | Operand::Field(_) => {
            let error = FilterError::new(operator..here(input), "`contains` needs a text");
            Err(cut(error.help("write it in quotes: `contains \"HELD\"`")))
        }
    }
}

/// A relation, and how many values must be so where nothing else is written.
fn relation(input: &mut Input<'_>) -> Option<(Relation, Quantifier)> {
    use Relation::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    // Longer ones first: `===` begins with `==`.
    let symbols = [
        ("===", Equal, Quantifier::All),
        ("!==", NotEqual, Quantifier::Any),
        ("~=", NotEqual, Quantifier::Any),
        ("==", Equal, Equal.quantifier()),
        ("!=", NotEqual, NotEqual.quantifier()),
        ("<=", LessOrEqual, LessOrEqual.quantifier()),
        (">=", GreaterOrEqual, GreaterOrEqual.quantifier()),
        ("<", Less, Less.quantifier()),
        (">", Greater, Greater.quantifier()),
    ];
    let words = [
        ("eq", Equal, Equal.quantifier()),
        ("ne", NotEqual, NotEqual.quantifier()),
        ("lt", Less, Less.quantifier()),
        ("le", LessOrEqual, LessOrEqual.quantifier()),
        ("gt", Greater, Greater.quantifier()),
        ("ge", GreaterOrEqual, GreaterOrEqual.quantifier()),
        ("any_eq", Equal, Quantifier::Any),
        ("all_eq", Equal, Quantifier::All),
        ("any_ne", NotEqual, Quantifier::Any),
        ("all_ne", NotEqual, Quantifier::All),
    ];
    let symbols = symbols.iter().find(|(it, ..)| symbol(input, it));
    let found = symbols.or_else(|| words.iter().find(|(it, ..)| keyword(input, it)));
    found.map(|(_, relation, quantifier)| (*relation, *quantifier))
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
    blank(input);
    let start = here(input);
    if input.starts_with("&&") {
        return Ok(());
    }
    if input.starts_with('=') {
        let error = FilterError::new(start..start + 1, "`=` is no comparison");
        return Err(cut(error.help("write `==`")));
    }
    let word = &input[..word_len(input)];
    let found = OPERATORS
        .iter()
        .find(|(operator, _)| match word.is_empty() {
            true => input.starts_with(operator),
            false => word == *operator,
        });
    let Some((operator, what)) = found else {
        return Ok(());
    };
    let message = format!("{what} (`{operator}`) are not supported in filters");
    let error = FilterError::new(start..start + operator.len(), message);
    Err(cut(match *what {
        "arithmetic" => FilterError {
            message: format!("{what} (`{operator}`) is not supported in filters"),
            ..error
        },
        "bit masks" => error.help("each control bit is a field: `tcp.flags.syn == 1`"),
        _ => error,
    }))
}

/// What Wireshark has and this does not, in the place of a value.
fn refuse_unsupported_value(input: &mut Input<'_>) -> Parse<()> {
    const VALUES: [(&str, &str); 3] = [
        ("'", "characters in single quotes are"),
        ("${", "references to fields are"),
        ("{", "arithmetic is"),
    ];
    blank(input);
    let start = here(input);
    let found = VALUES
        .iter()
        .find(|(opening, _)| input.starts_with(opening));
    let Some((opening, what)) = found else {
        return Ok(());
    };
    let message = format!("{what} not supported in filters");
    Err(cut(FilterError::new(start..start + opening.len(), message)))
}

/// A field's name, with its place.
fn field(input: &mut Input<'_>) -> Parse<(Field, Range<usize>)> {
    const KEYWORDS: [&str; 8] = ["and", "or", "in", "contains", "matches", "eq", "ne", "not"];
    blank(input);
    let start = here(input);
    let name = &input[..word_len(input)];
    let is_name = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    if !is_name || KEYWORDS.contains(&name) {
        return Err(unexpected(input, "a field such as `tcp.len`"));
    }
    input.next_slice(name.len());
    let place = start..here(input);
    if let Some(field) = Field::find(name) {
        return Ok((field, place));
    }
    if input.starts_with('(') {
        let error = FilterError::new(place, "functions are not supported in filters");
        return Err(cut(error));
    }
    let error = FilterError::new(place, format!("unknown field {}", quote(name)));
    Err(cut(match nearest(name) {
        Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
        None => error.help(format!(
            "known are {} and their fields",
            protocols().join(", ")
        )),
    }))
}

/// What a field is compared with.
fn operand(input: &mut Input<'_>, field: Field) -> Parse<Operand> {
    blank(input);
    let start = here(input);
    if !input.starts_with('"') && !is_raw_text(input) {
        let word = &input[..word_len(input)];
        if let Some(other) = Field::find(word) {
            input.next_slice(word.len());
            if !field.kind().is_comparable(other.kind()) {
                let (left, right) = (field.kind().name(), other.kind().name());
                let message = format!(
                    "`{}` ({left}) and `{}` ({right}) cannot be compared",
                    field.name(),
                    other.name()
                );
                return Err(cut(FilterError::new(start..here(input), message)));
            }
            return Ok(Operand::Field(other));
        }
    }
    value(input, field.kind()).map(Operand::Literal)
}

/// A value of a kind.
fn value(input: &mut Input<'_>, kind: Kind) -> Parse<Value> {
    blank(input);
    let start = here(input);
    if input.starts_with('"') || is_raw_text(input) {
        let text = text(input)?;
        if kind == Kind::Text {
            return Ok(Value::Text(text));
        }
        let message = format!("a {} is written without quotes", kind.name());
        return Err(cut(FilterError::new(start..here(input), message)));
    }
    let word = literal_word(input)?;
    literal(word, kind).map_err(|(message, help)| {
        // The message quotes a word that may be as long as the filter.
        let message = message.replace(&format!("`{word}`"), &quote(word));
        let error = FilterError::new(start..here(input), message);
        let help = help.filter(|_| word.chars().nth(SHOWN_MAX).is_none());
        cut(match help {
            Some(help) => error.help(help),
            None => error,
        })
    })
}

/// `{1, 2..5, 7}`
fn set(input: &mut Input<'_>, field: Field) -> Parse<Vec<Element>> {
    blank(input);
    let start = here(input);
    if !symbol(input, "{") {
        return Err(unexpected(input, "`{`"));
    }
    let mut elements = Vec::new();
    loop {
        let first = value(input, field.kind())?;
        let element = if symbol(input, "..") {
            Element::Range(first, value(input, field.kind())?)
        } else {
            Element::One(first)
        };
        elements.push(element);
        if symbol(input, "}") {
            return Ok(elements);
        }
        if !symbol(input, ",") {
            blank(input);
            if input.is_empty() {
                let error = FilterError::new(start..start + 1, "this set is never closed");
                return Err(cut(error.help("close it with `}`")));
            }
            return Err(unexpected(input, "`,`, `..` or `}`"));
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
        return Err(unexpected(input, "a value"));
    }
    Ok(input.next_slice(end))
}

/// Whether `r"...` is next.
fn is_raw_text(input: &Input<'_>) -> bool {
    input.starts_with("r\"")
}

/// `"text"` with C's escapes, or `r"text"` without.
fn text(input: &mut Input<'_>) -> Parse<String> {
    let start = here(input);
    let is_raw = is_raw_text(input);
    input.next_slice(if is_raw { 2 } else { 1 });
    let mut text = String::new();
    loop {
        let at = here(input);
        match input.next_token() {
            Some('"') => return Ok(text),
            Some('\\') if is_raw => {
                text.push('\\');
                // It keeps a quote from ending the text, and stays in it.
                if input.starts_with('"') {
                    input.next_slice(1);
                    text.push('"');
                }
            }
            Some('\\') => match escape(input) {
                Some(character) => text.push(character),
                None => {
                    let error = FilterError::new(at..here(input), "unknown escape in a text");
                    let help = "the escapes are \\\" \\' \\\\ \\a \\b \\f \\n \\r \\t \\v, \
                                \\x41 and \\101, up to 127";
                    return Err(cut(error.help(help)));
                }
            },
            Some(other) => text.push(other),
            None => {
                let opening = start..start + 1;
                let error = FilterError::new(opening, "this text is never closed");
                return Err(cut(error.help("close it with `\"`")));
            }
        }
    }
}

/// What stands after a backslash.
fn escape(input: &mut Input<'_>) -> Option<char> {
    let number = |digits: &str, radix| {
        let octet = u8::from_str_radix(digits, radix).ok()?;
        // A text is UTF-8, so a single octet can only be an ASCII character.
        Some(char::from(octet)).filter(char::is_ascii)
    };
    Some(match input.next_token()? {
        character @ ('"' | '\'' | '\\') => character,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' => {
            let digits: Parse<&str> =
                take_while(1..=2, |it: char| it.is_ascii_hexdigit()).parse_next(input);
            number(digits.ok()?, 16)?
        }
        first @ '0'..='7' => {
            let digits: Parse<&str> = take_while(0..=2, '0'..='7').parse_next(input);
            number(&format!("{first}{}", digits.ok()?), 8)?
        }
        _ => return None,
    })
}

/// Reads a symbol, if it is next, and says whether it was.
fn symbol(input: &mut Input<'_>, symbol: &str) -> bool {
    let checkpoint = input.checkpoint();
    blank(input);
    let is_next = input.starts_with(symbol);
    if is_next {
        input.next_slice(symbol.len());
    } else {
        input.reset(&checkpoint);
    }
    is_next
}

/// Reads a word, if it is next, and says whether it was.
fn keyword(input: &mut Input<'_>, keyword: &str) -> bool {
    let checkpoint = input.checkpoint();
    blank(input);
    let is_next = &input[..word_len(input)] == keyword;
    if is_next {
        input.next_slice(keyword.len());
    } else {
        input.reset(&checkpoint);
    }
    is_next
}

/// How long the word is that is next: a field, an operator in letters.
fn word_len(input: &Input<'_>) -> usize {
    let is_part = |it: char| it.is_ascii_alphanumeric() || "_.-".contains(it);
    input.find(|it| !is_part(it)).unwrap_or(input.len())
}

/// Reads blanks.
fn blank(input: &mut Input<'_>) {
    let end = input
        .find(|it: char| !matches!(it, ' ' | '\t' | '\r' | '\n'))
        .unwrap_or(input.len());
    input.next_slice(end);
}

/// The offset in the filter.
fn here(input: &Input<'_>) -> usize {
    input.current_token_start()
}

/// The error that something else was expected here.
fn unexpected(input: &Input<'_>, expected: &str) -> ErrMode<Fault> {
    let mut input = *input;
    blank(&mut input);
    let start = here(&input);
    let found = match (word_len(&input), input.chars().next()) {
        (_, None) => "",
        // All of `&&`, where that is what was found.
        (0, Some(first)) => &input[..input.find(|it| it != first).unwrap_or(input.len())],
        (len, Some(_)) => &input[..len],
    };
    let shown = match found {
        "" => "the end of the filter".to_owned(),
        found => quote(found),
    };
    let message = format!("expected {expected}, found {shown}");
    cut(FilterError::new(start..start + found.len(), message))
}
