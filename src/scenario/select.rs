//! The selection of scenarios: `--filter 'profile(linux) and not call(close)'`.
//!
//! The kinds of [`crate::language::selection`] are `name`, `claim`, `profile` and `call`. A pattern
//! without a kind is about the name. One for a name need only match a part of it, and any other all
//! of it.

use super::Scenario;
use super::script::Statement;
use crate::diagnostic::{Diagnostic, Span};
use crate::language::boolean::Expression;
use crate::language::names;
use crate::language::pattern::Pattern;
use crate::language::selection::{self, Comparison, Vocabulary};

/// An expression that selects scenarios.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(Expression<(PatternKind, Pattern)>);

/// What a pattern is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PatternKind {
    /// The name of the scenario, with its combination.
    Name,
    /// One of its `claims`.
    Claim,
    /// The profile of one of its hosts.
    Profile,
    /// A call in its script.
    Call,
}

/// Every kind with its word.
const KINDS: [(&str, PatternKind); 4] = [
    ("name", PatternKind::Name),
    ("claim", PatternKind::Claim),
    ("profile", PatternKind::Profile),
    ("call", PatternKind::Call),
];

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
        selection::parse(text, &Scenarios).map(Self)
    }

    /// Whether a scenario is selected. Of a file that cannot be read only the name is known; None
    /// where that does not decide.
    pub fn selects(&self, name: &str, facts: Option<&Facts<'_>>) -> Option<bool> {
        self.0.decides(&|(kind, pattern)| {
            let texts = match kind {
                PatternKind::Name => return Some(pattern.is_in(name)),
                PatternKind::Claim => &facts?.claims,
                PatternKind::Profile => &facts?.profiles,
                PatternKind::Call => &facts?.calls,
            };
            Some(texts.iter().any(|it| pattern.matches(it)))
        })
    }
}

/// What can be asked of scenarios.
struct Scenarios;

impl Vocabulary for Scenarios {
    type Test = (PatternKind, Pattern);

    const WANTED: &'static str = "a pattern";

    fn alone(&self, pattern: Pattern) -> Option<Self::Test> {
        Some((PatternKind::Name, pattern))
    }

    fn kind(
        &self,
        name: &str,
        span: Span,
        pattern: Pattern,
    ) -> Result<Self::Test, Box<Diagnostic>> {
        let known = KINDS.iter().find(|(known, _)| *known == name);
        let unknown = || names::unknown(span, "kind", name, KINDS.map(|(known, _)| known)).into();
        known.map(|(_, kind)| (*kind, pattern)).ok_or_else(unknown)
    }

    fn has_field(&self, _name: &str) -> bool {
        false
    }

    fn compare(&self, comparison: Comparison<'_>) -> Result<Self::Test, Box<Diagnostic>> {
        let (name, value) = (comparison.field.value, comparison.value.value);
        // Patterns have no quotes.
        let value = value.trim_matches('"');
        let message = format!("{} cannot be compared", names::quote(name));
        let diagnostic = Diagnostic::new(comparison.field.span, message);
        Err(Box::new(if KINDS.iter().any(|(known, _)| *known == name) {
            diagnostic.help(format!("write `{name}({value})`"))
        } else {
            names::suggest(diagnostic, name, &KINDS.map(|(known, _)| known))
        }))
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
            "profile == linux",
            "window >= 64KiB",
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

    #[test]
    fn a_comparison_is_shown_as_the_pattern_it_could_be() {
        for text in [
            "profile == linux",
            "profile == \"linux\"",
            "profile = linux",
        ] {
            let error = Selection::parse(text).unwrap_err();
            assert_eq!(error.notes[0].text, "write `profile(linux)`", "{text}");
        }
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
