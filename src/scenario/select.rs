//! Which of many scenarios to run: `--filter 'profile(linux) and not call(close)'`.
//!
//! ```text
//! EXPR := EXPR or EXPR | EXPR and EXPR | not EXPR | (EXPR) | PATTERN | KIND(PATTERN)
//! KIND := name | claim | profile | call
//! ```
//!
//! A pattern without a kind is about the name. In a pattern `*` stands for anything; one for a name
//! need only match a part of it, and any other all of it.

use super::Scenario;
use super::script::Statement;
use crate::diagnostic::{Diagnostic, Span};
use crate::language::names;

/// The longest expression, in octets.
const TEXT_MAX: usize = 4096;
/// How deep expressions can be nested.
const DEPTH_MAX: usize = 32;

/// An expression that selects scenarios.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// At least one of them.
    Any(Vec<Self>),
    /// All of them.
    All(Vec<Self>),
    /// Not this one.
    Not(Box<Self>),
    /// Those of which something matches.
    Matching(Kind, Pattern),
}

/// What a pattern is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The name of the scenario, with its combination.
    Name,
    /// One of its `claims`.
    Claim,
    /// The profile of one of its hosts.
    Profile,
    /// A call in its script.
    Call,
}

impl Kind {
    /// Every kind with its word.
    const ALL: [(&'static str, Self); 4] = [
        ("name", Self::Name),
        ("claim", Self::Claim),
        ("profile", Self::Profile),
        ("call", Self::Call),
    ];
}

/// A text in which `*` stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Whether all of the text matches.
    fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        for part in parts {
            match rest.split_once(part) {
                Some((_, behind)) => rest = behind,
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// What can be asked of a scenario but for its name.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// The statements that it claims.
    pub claims: Vec<&'a str>,
    /// The profiles of its hosts, by the names that it gives them and by their own.
    pub profiles: Vec<&'a str>,
    /// The calls in its script.
    pub calls: Vec<&'a str>,
}

impl<'a> Facts<'a> {
    /// Those of a scenario.
    pub fn of(scenario: &'a Scenario) -> Self {
        let call = |statement: &'a Statement| Some(statement.call()?.name.value.as_str());
        let profiles = scenario.hosts.iter().flat_map(|host| {
            let own = host.profile().map(|it| it.name.as_str());
            [Some(host.profile_name.value.as_str()), own]
        });
        Self {
            claims: scenario.claims.iter().map(|it| it.value.as_str()).collect(),
            profiles: profiles.flatten().collect(),
            calls: scenario.script.statements.iter().filter_map(call).collect(),
        }
    }
}

impl Selection {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it, with its place in the text.
    pub fn parse(text: &str) -> Result<Self, Box<Diagnostic>> {
        if text.len() > TEXT_MAX {
            let message = format!("an expression has at most {TEXT_MAX} octets");
            return Err(Box::new(Diagnostic::of_file(message)));
        }
        let mut reader = Reader {
            text,
            at: 0,
            depth: 0,
        };
        let selection = reader.any()?;
        match reader.peek() {
            None => Ok(selection),
            Some(_) => Err(reader.unexpected("`and`, `or` or the end")),
        }
    }

    /// Whether a scenario is selected. Of a file that cannot be read only the name is known; None
    /// where that does not decide.
    pub fn selects(&self, name: &str, facts: Option<&Facts<'_>>) -> Option<bool> {
        match self {
            Self::Any(parts) => {
                let parts = parts.iter().map(|it| it.selects(name, facts));
                parts.reduce(|a, b| match (a, b) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    (None, _) | (_, None) => None,
                })?
            }
            Self::All(parts) => {
                let parts = parts.iter().map(|it| it.selects(name, facts));
                parts.reduce(|a, b| match (a, b) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    (None, _) | (_, None) => None,
                })?
            }
            Self::Not(inner) => inner.selects(name, facts).map(|it| !it),
            Self::Matching(Kind::Name, pattern) => {
                Some(name.contains(&pattern.0) || anywhere(pattern).matches(name))
            }
            Self::Matching(Kind::Claim, pattern) => {
                Some(facts?.claims.iter().any(|it| pattern.matches(it)))
            }
            Self::Matching(Kind::Profile, pattern) => {
                Some(facts?.profiles.iter().any(|it| pattern.matches(it)))
            }
            Self::Matching(Kind::Call, pattern) => {
                Some(facts?.calls.iter().any(|it| pattern.matches(it)))
            }
        }
    }
}

/// The pattern with anything before and behind it.
fn anywhere(pattern: &Pattern) -> Pattern {
    Pattern(format!("*{}*", pattern.0))
}

/// Reads an expression from its text.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    /// `EXPR or EXPR`
    fn any(&mut self) -> Result<Selection, Box<Diagnostic>> {
        let mut parts = vec![self.all()?];
        while self.takes(&["or", "||", "|"]) {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Selection::Any))
    }

    /// `EXPR and EXPR`
    fn all(&mut self) -> Result<Selection, Box<Diagnostic>> {
        let mut parts = vec![self.one()?];
        while self.takes(&["and", "&&", "&"]) {
            parts.push(self.one()?);
        }
        Ok(one_or(parts, Selection::All))
    }

    /// One expression without `and` and `or`.
    fn one(&mut self) -> Result<Selection, Box<Diagnostic>> {
        if self.depth == DEPTH_MAX {
            let message = format!("an expression is nested at most {DEPTH_MAX} deep");
            return Err(Box::new(Diagnostic::new(Span::at(self.at), message)));
        }
        self.depth += 1;
        let one = if self.takes(&["not", "!"]) {
            self.one().map(|it| Selection::Not(Box::new(it)))
        } else if self.takes(&["("]) {
            let inner = self.any();
            inner.and_then(|it| self.closes().map(|()| it))
        } else {
            self.pattern()
        };
        self.depth -= 1;
        one
    }

    /// `PATTERN`, `KIND(PATTERN)`
    fn pattern(&mut self) -> Result<Selection, Box<Diagnostic>> {
        let Some(word) = self.peek().filter(|it| !is_operator(it)) else {
            return Err(self.unexpected("a pattern"));
        };
        let span = Span::new(self.at..self.at + word.len());
        self.at = span.end;
        if !self.text[self.at..].starts_with('(') {
            return Ok(Selection::Matching(Kind::Name, Pattern(word.to_owned())));
        }
        let known = Kind::ALL.iter().find(|(name, _)| *name == word);
        let Some((_, kind)) = known else {
            let words = Kind::ALL.map(|(name, _)| name);
            return Err(Box::new(names::unknown(span, "kind", word, words)));
        };
        self.at += 1;
        let Some(pattern) = self.peek().filter(|it| !is_operator(it)) else {
            return Err(self.unexpected("a pattern"));
        };
        self.at += pattern.len();
        self.closes()?;
        Ok(Selection::Matching(*kind, Pattern(pattern.to_owned())))
    }

    fn closes(&mut self) -> Result<(), Box<Diagnostic>> {
        if self.takes(&[")"]) {
            Ok(())
        } else {
            Err(self.unexpected("`)`"))
        }
    }

    /// The next word or sign, behind spaces.
    fn peek(&mut self) -> Option<&'t str> {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        let is_sign = |c: char| "()!&|".contains(c);
        let end = match rest.chars().next()? {
            '&' | '|' => {
                let first = &rest[..1];
                rest.len() - rest.trim_start_matches(first).len()
            }
            c if is_sign(c) => 1,
            _ => rest
                .find(|c: char| is_sign(c) || c.is_whitespace())
                .unwrap_or(rest.len()),
        };
        Some(&rest[..end])
    }

    /// Goes past the next word where it is one of these.
    fn takes(&mut self, words: &[&str]) -> bool {
        let found = self.peek().filter(|it| words.contains(it));
        self.at += found.map_or(0, str::len);
        found.is_some()
    }

    fn unexpected(&mut self, wanted: &str) -> Box<Diagnostic> {
        let found = self.peek().unwrap_or_default();
        let span = Span::new(self.at..self.at + found.len());
        let message = match found {
            "" => format!("the expression ends where {wanted} is needed"),
            found => format!("{} where {wanted} is needed", names::quote(found)),
        };
        Box::new(Diagnostic::new(span, message))
    }
}

fn is_operator(word: &str) -> bool {
    ["and", "or", "not"].contains(&word) || word.starts_with(['(', ')', '!', '&', '|'])
}

/// The one part, or all of them together.
fn one_or(mut parts: Vec<Selection>, many: fn(Vec<Selection>) -> Selection) -> Selection {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostic::{Colour, Source};
    use proptest::prelude::*;

    fn scenario() -> Scenario {
        let text = "claims = ['shutdown.sd-receive']\nscript = '+0 a: close(3) = 0'\n\
                    hosts.a.profile = 'linux'\nhosts.b.profile = 'scripted'\n";
        Scenario::parse(Path::new("x.toml"), text.into()).unwrap()
    }

    #[test]
    fn what_is_selected() {
        let scenario = scenario();
        for (text, expected) in [
            ("linger", true),
            ("close/*-zero", true),
            ("close/*zero*freebsd", false),
            ("name(linux)", true),
            ("profile(linux)", true),
            ("profile(lin*)", true),
            ("profile(lin)", false),
            ("profile(*ted)", true),
            ("call(close)", true),
            ("call(send*)", false),
            ("claim(shutdown.*)", true),
            ("claim(*)", true),
            ("not close", false),
            ("!nothing", true),
            ("nothing or call(close)", true),
            ("nothing || nowhere || close", true),
            ("close and nothing", false),
            ("close && linger & linux", true),
            // `and` binds tighter.
            ("close or close and nothing", true),
            ("(close or close) and nothing", false),
            ("not (nothing or nowhere)", true),
        ] {
            let selection = Selection::parse(text).unwrap();
            let name = "close/linux-linger-zero";
            assert_eq!(
                selection.selects(name, Some(&Facts::of(&scenario))),
                Some(expected),
                "{text}"
            );
        }
    }

    /// Where a file cannot be read, its errors must not get lost because of what it might say.
    #[test]
    fn what_is_not_known_is_not_decided() {
        for (text, expected) in [
            ("close", Some(true)),
            ("nothing", Some(false)),
            ("call(close)", None),
            ("not call(close)", None),
            ("close or call(close)", Some(true)),
            ("nothing or call(close)", None),
            ("close and call(close)", None),
            ("nothing and call(close)", Some(false)),
        ] {
            let selection = Selection::parse(text).unwrap();
            assert_eq!(selection.selects("close/x", None), expected, "{text}");
        }
    }

    #[test]
    fn what_is_said_about_bad_expressions() {
        let mut shown = String::new();
        let deep = "(".repeat(40);
        for text in [
            "",
            "a b",
            "a and",
            "or b",
            "(a",
            "a)",
            "not",
            "call()",
            "cal(close)",
            "call(a b)",
            "name(a",
            deep.as_str(),
        ] {
            let error = Selection::parse(text).unwrap_err();
            shown.push_str(&Source::new("--filter", text).render(&error, Colour::Plain));
        }
        insta::with_settings!({ prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("bad_selections", shown);
        });
        assert!(Selection::parse(&"a".repeat(5000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r"([a-c*ü()!&| ]|and|or|not|call){0,40}") {
            if let Ok(selection) = Selection::parse(&text) {
                let _ = selection.selects(&text, None);
            }
        }
    }
}
