//! The lexer of packetdrill's language.
//!
//! Blanks and line ends only separate words. Where several rules fit, the longest word wins, so
//! that `.1:1(0)` begins with the number .1 and a bare ACK needs a blank behind its dot. A symbol
//! that was defined is replaced where it stands as a word of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use winnow::Parser;
use winnow::combinator::{opt, terminated};
use winnow::stream::Stream;
use winnow::token::{literal, take_until};

use super::limits;
use crate::diagnostic::{Diagnostic, Span};
use crate::language::input::{Dialect, Input, Parse, cursor, here, never_closed, since};
use crate::language::text;
use crate::language::words::gap;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// `0.1`, `.1`, `-1.5`
    Float(&'t str),
    /// `1000`, `-1`
    Integer(Cow<'t, str>),
    /// `0x2f`, without the prefix
    Hexadecimal(&'t str),
    /// `socket`, `S`, `3021b9d8`
    Word(Cow<'t, str>),
    /// `"text"`, without its quotes
    Text(Cow<'t, str>),
    /// A line for the shell, without its back-quotes
    Shell(Cow<'t, str>),
    /// What stands between `%{` and `}%`
    Code(&'t str),
    /// `...`
    Ellipsis,
    /// `192.0.2.1`, `2001:db8::1`
    Address(&'t str),
    /// `--name` or `--name=value`
    Setting(&'t str, Option<&'t str>),
    /// Any other character
    Sign(char),
}

/// What stands for a symbol that was defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// `"text"`
    Text(String),
    /// A line for the shell: `` `line` ``
    Shell(String),
    /// `10`
    Integer(String),
    /// Anything else
    Word(String),
}

impl Replacement {
    /// The value of `NAME=value`.
    pub(super) fn of(value: &str) -> Self {
        let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
        let digits = value.strip_prefix('-').unwrap_or(value);
        if let Some(text) = within('"') {
            Self::Text(text.to_owned())
        } else if let Some(line) = within('`') {
            Self::Shell(line.to_owned())
        } else if !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()) {
            Self::Integer(value.to_owned())
        } else {
            Self::Word(value.to_owned())
        }
    }

    fn token<'t>(&self) -> Token<'t> {
        match self {
            Self::Text(text) => Token::Text(text.clone().into()),
            Self::Shell(line) => Token::Shell(line.clone().into()),
            Self::Integer(digits) => Token::Integer(digits.clone().into()),
            Self::Word(word) => Token::Word(word.clone().into()),
        }
    }
}

/// Splits a `NAME=value` and remembers it.
///
/// # Errors
/// It has no name, or there are too many.
pub(super) fn define(
    text: &str,
    defines: &mut BTreeMap<String, Replacement>,
) -> Result<(), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("a symbol is defined as NAME=value")?;
    if name.is_empty() || !name.bytes().all(is_word) {
        return Err("a symbol is made of letters, digits and `_`".to_owned());
    }
    if defines.len() == limits::DEFINES_MAX && !defines.contains_key(name) {
        return Err(format!(
            "at most {} symbols are defined",
            limits::DEFINES_MAX
        ));
    }
    defines.insert(name.to_owned(), Replacement::of(value));
    Ok(())
}

/// The words of a script, each with its place. Symbols that the script defines at its top are added
/// to those that are known; what the command line says of one stays.
pub(super) fn lex<'t>(
    text: &'t str,
    defines: &mut BTreeMap<String, Replacement>,
) -> Result<Vec<(Token<'t>, Span)>, Box<Diagnostic>> {
    let given = defines.clone();
    let mut input = start(text);
    let mut tokens = Vec::with_capacity(text.len() / 4);
    loop {
        gap(&mut input)?;
        if input.is_empty() {
            return Ok(tokens);
        }
        let start = here(&input);
        let special = special(&mut input)?;
        let rest: &'t str = *input.input;
        let (kind, length) = match special {
            Some(_) => (Kind::Sign, 0),
            None => plain(rest),
        };
        input.next_slice(length);
        let span = since(&input, start);
        if tokens.len() == limits::TOKENS_MAX {
            let message = format!("a script has at most {} words", limits::TOKENS_MAX);
            return Err(Box::new(Diagnostic::new(span, message)));
        }
        match special {
            Some(Token::Setting("define", Some(value))) => {
                define(value, defines).map_err(|it| Box::new(Diagnostic::new(span, it)))?;
                defines.extend(given.iter().map(|(k, v)| (k.clone(), v.clone())));
            }
            Some(token) => tokens.push((token, span)),
            None => {
                let word = &rest[..length];
                let replacement = if kind == Kind::Word {
                    defines.get(word)
                } else {
                    None
                };
                match replacement {
                    Some(replacement) => tokens.push((replacement.token(), span)),
                    None => tokens.push((kind.token(word), span)),
                }
            }
        }
    }
}

/// The language of packetdrill's scripts, in which a line break is a blank.
static PACKETDRILL: Dialect = Dialect {
    name: "script",
    is_blank: |c| [' ', '\t', '\n', '\r'].contains(&c),
    is_word: |c| u8::try_from(c).is_ok_and(is_word),
    has_comments: true,
};

/// The start of a text.
pub(super) fn start(text: &str) -> Input<'_> {
    cursor(text, &PACKETDRILL)
}

/// Whether words are made of it, as the dialect says of characters.
#[inline]
const fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_'
}

/// A text, a line for the shell, code or a setting, where one is next.
fn special<'t>(input: &mut Input<'t>) -> Parse<Option<Token<'t>>> {
    match input.as_bytes().first() {
        Some(b'"' | b'`' | b'%') => quoted(input),
        Some(b'-') => Ok(setting(input)),
        _ => Ok(None),
    }
}

/// What has other rules inside than the rest of a script: a text, a line for the shell, code. None:
/// none is next.
pub(super) fn quoted<'t>(input: &mut Input<'t>) -> Parse<Option<Token<'t>>> {
    if input.starts_with('"') {
        let text = text::raw(input, '"', "text")?;
        return Ok(Some(Token::Text(unescaped(text))));
    }
    if input.starts_with('`') {
        let line = text::raw(input, '`', "line for the shell")?;
        return Ok(Some(Token::Shell(line.trim().into())));
    }
    let start = here(input);
    if !input.starts_with("%{") {
        return Ok(None);
    }
    input.next_slice("%{".len());
    let code = terminated(take_until(0.., "}%"), literal("}%"));
    let code: Option<&str> = opt(code).parse_next(input)?;
    let code = code.ok_or_else(|| never_closed(since(input, start), "code", "`}%`"))?;
    Ok(Some(Token::Code(code.trim_matches([' ', '\t']))))
}

/// A text without its escapes: `\"` and `\\`; others stay as they are.
fn unescaped(text: &str) -> Cow<'_, str> {
    if text.contains('\\') {
        text.replace("\\\"", "\"").replace("\\\\", "\\").into()
    } else {
        text.into()
    }
}

/// `--name` or `--name=value`, perhaps with blanks around the `=`: a value goes to the next blank,
/// comment, or to its closing quote. None: none is next.
fn setting<'t>(input: &mut Input<'t>) -> Option<Token<'t>> {
    let rest: &'t str = *input.input;
    let text = rest.strip_prefix("--")?;
    let name = text.bytes().take_while(|it| is_word(*it)).count();
    if name == 0 {
        return None;
    }
    let end = 2 + name;
    let Some(value) = rest[end..].trim_start().strip_prefix('=') else {
        input.next_slice(end);
        return Some(Token::Setting(&rest[2..end], None));
    };
    let value = value.trim_start();
    let begin = rest.len() - value.len();
    let mut open = None;
    let mut length = value.len();
    for (index, character) in value.char_indices() {
        match (open, character) {
            (None, '"' | '`') => open = Some(character),
            (Some(quote), _) if quote == character => open = None,
            (None, ' ' | '\t' | '\n' | '\r') => {
                length = index;
                break;
            }
            (None, '/') if ["//", "/*"].iter().any(|it| value[index..].starts_with(it)) => {
                length = index;
                break;
            }
            _ => {}
        }
    }
    input.next_slice(begin + length);
    Some(Token::Setting(&rest[2..end], Some(&value[..length])))
}

/// What a word is that has no rules of its own inside. It is told apart from the word itself, which
/// is written once, into its place: a script has hundreds of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Float,
    Integer,
    Hexadecimal,
    Word,
    Ellipsis,
    Address,
    Sign,
}

impl Kind {
    #[inline]
    fn token(self, text: &str) -> Token<'_> {
        match self {
            Self::Float => Token::Float(text),
            Self::Integer => Token::Integer(text.into()),
            Self::Hexadecimal => Token::Hexadecimal(&text["0x".len()..]),
            Self::Word => Token::Word(text.into()),
            Self::Ellipsis => Token::Ellipsis,
            Self::Address => Token::Address(text),
            Self::Sign => Token::Sign(text.chars().next().unwrap_or_default()),
        }
    }
}

/// A number, a word, an address or a sign, and its length.
fn plain(rest: &str) -> (Kind, usize) {
    let count = |text: &str, fits: fn(&u8) -> bool| text.bytes().take_while(fits).count();
    // Most words are told by their first octet: only a digit, a colon or one of the letters of a
    // hexadecimal number begins an address, and a number is the only other word with many forms.
    match rest.as_bytes().first() {
        Some(b'g'..=b'z' | b'G'..=b'Z' | b'_') => {
            return (Kind::Word, count(rest, |it| is_word(*it)));
        }
        Some(b'(' | b')' | b'<' | b'>' | b',' | b'+' | b'=' | b'[' | b']' | b'|') => {
            return (Kind::Sign, 1);
        }
        _ => {}
    }
    if let Some(length) = address(rest) {
        return (Kind::Address, length);
    }
    let sign = usize::from(rest.starts_with('-'));
    let digits = count(&rest[sign..], u8::is_ascii_digit);
    let whole = sign + digits;
    let decimals = match rest[whole..].strip_prefix('.') {
        Some(decimals) => count(decimals, u8::is_ascii_digit),
        None => 0,
    };
    if decimals > 0 {
        return (Kind::Float, whole + 1 + decimals);
    }
    if rest.starts_with("...") {
        return (Kind::Ellipsis, 3);
    }
    let word = count(rest, |it| is_word(*it));
    let hexadecimal = rest
        .strip_prefix("0x")
        .map_or(0, |it| count(it, u8::is_ascii_hexdigit));
    if hexadecimal > 0 && hexadecimal + 2 >= word {
        return (Kind::Hexadecimal, 2 + hexadecimal);
    }
    if digits > 0 && whole >= word {
        return (Kind::Integer, whole);
    }
    if word > 0 {
        return (Kind::Word, word);
    }
    (Kind::Sign, rest.chars().next().map_or(0, char::len_utf8))
}

/// The length of an IP address. `1:1001` is none: of eight groups or with `::` it would be.
fn address(rest: &str) -> Option<usize> {
    // One pass, because almost every word is looked at and almost none is an address.
    let (mut run, mut colons, mut dots) = (0, 0, 0);
    for octet in rest.bytes() {
        match octet {
            b':' => colons += 1,
            b'.' => dots += usize::from(colons == 0),
            _ if octet.is_ascii_hexdigit() => {}
            _ => break,
        }
        run += 1;
    }
    let text = &rest[..run];
    if colons >= 2 {
        let text = text
            .strip_suffix(':')
            .filter(|it| !it.ends_with(':'))
            .unwrap_or(text);
        return text.parse::<Ipv6Addr>().ok().map(|_| text.len());
    }
    if dots != 3 {
        return None;
    }
    let text = text.split(':').next().unwrap_or_default();
    text.parse::<Ipv4Addr>().ok().map(|_| text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a text, each as its kind and itself.
    fn words(text: &str) -> String {
        let mut defines = BTreeMap::from([
            ("COOKIE".to_owned(), Replacement::of("`a b`")),
            ("TEN".to_owned(), Replacement::of("10")),
        ]);
        let tokens = match lex(text, &mut defines) {
            Ok(tokens) => tokens,
            Err(diagnostic) => return diagnostic.message,
        };
        let shown = tokens.iter().map(|(token, _)| match token {
            Token::Float(it) => format!("f{it}"),
            Token::Integer(it) => format!("i{it}"),
            Token::Hexadecimal(it) => format!("x{it}"),
            Token::Word(it) => format!("w{it}"),
            Token::Text(it) => format!("t{it}"),
            Token::Shell(it) => format!("s{it}"),
            Token::Code(it) => format!("c{it}"),
            Token::Ellipsis => "...".to_owned(),
            Token::Address(it) => format!("a{it}"),
            Token::Setting(name, value) => format!("-{name}={}", value.unwrap_or_default()),
            Token::Sign(it) => it.to_string(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_longest_word_wins() {
        for (text, expected) in [
            ("+.01 -1 0x2F 3021b9d8 123", "+ f.01 i-1 x2F w3021b9d8 i123"),
            ("0.100...0.200 read", "f0.100 ... f0.200 wread"),
            ("1...2", "i1 ... i2"),
            ("S. 0:0(0)", "wS . i0 : i0 ( i0 )"),
            (".1:1(0)", "f.1 : i1 ( i0 )"),
            (". 1:1001(1000)", ". i1 : i1001 ( i1000 )"),
            ("S.5", "wS f.5"),
            ("192.168.0.1 1.5", "a192.168.0.1 f1.5"),
            ("ipv6 2001:db8::1 > ::2:", "wipv6 a2001:db8::1 > a::2 :"),
            ("ipv4 192.0.2.1: S", "wipv4 a192.0.2.1 : wS"),
            (
                "sack 1001:2001 3001:4001",
                "wsack i1001 : i2001 i3001 : i4001",
            ),
            (
                "\"a \\\" b\" `x\ny` %{ assert a }%",
                "ta \" b sx\ny cassert a",
            ),
            ("a // b\r\nc /* d\n e */ f", "wa wc wf"),
            (
                "--mss=1000\r\n--strict_segments --ip_version=ipv4-mapped-ipv6 0",
                "-mss=1000 -strict_segments= -ip_version=ipv4-mapped-ipv6 i0",
            ),
            (
                "--mss = 1000 --mtu=\t9 --speed\n0",
                "-mss=1000 -mtu=9 -speed= i0",
            ),
            ("--mss=1//a\n--mtu=2/*b*/0", "-mss=1 -mtu=2 i0"),
            ("--init_scripts=\"a//b c\" 0", "-init_scripts=\"a//b c\" i0"),
            ("-.5 1. +.1 0...5 ..1", "f-.5 i1 . + f.1 i0 ... i5 . f.1"),
            ("::ffff:192.0.2.1 1:2:3", "a::ffff:192.0.2.1 i1 : i2 : i3"),
            ("TEN TENS COOKIE", "i10 wTENS sa b"),
            ("--define=A=\"b c\" --define=TEN=11 A TEN", "tb c i10"),
            ("1\u{e9}", "i1 \u{e9}"),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_closed_is_named() {
        for (text, message) in [
            ("\"abc", "this text is never closed"),
            ("`abc", "this line for the shell is never closed"),
            ("%{ abc", "this code is never closed"),
            ("/* abc", "this comment is never closed"),
            ("--define=x", "a symbol is defined as NAME=value"),
            (
                "--define=a.b=1",
                "a symbol is made of letters, digits and `_`",
            ),
        ] {
            assert_eq!(words(text), message, "{text}");
        }
    }
}
