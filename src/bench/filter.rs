//! Filters of a sweep's rows: `window<=64KiB`, `receiver=linux,freebsd or sack=off`.
//!
//! Every axis is a field of [`crate::language::selection`], compared with a list of values and
//! ranges, and also a kind, whose pattern matches a value as it is printed.

use super::axis::Axis;
use super::case::Case;
use super::overrides;
use super::value::Value;
use crate::diagnostic::{Diagnostic, Span};
use crate::language::boolean::Expression;
use crate::language::pattern::Pattern;
use crate::language::selection::{self, Comparison, Vocabulary};
use crate::language::{Relation, names};

/// What has to hold for a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFilter(Expression<Test>);

/// What is asked of one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// Its value is one of these, or none of them, or more or less than the only one.
    Compare(Axis, Relation, Vec<Value>),
    /// Its value matches.
    Matching(Axis, Pattern),
}

impl RowFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What is wrong with it, with its place in the text.
    pub fn parse(text: &str) -> Result<Self, Box<Diagnostic>> {
        selection::parse(text, &Axes).map(Self)
    }

    /// Whether a case is wanted.
    pub fn takes(&self, case: &Case) -> bool {
        self.0.holds(&|test| test.holds(case))
    }
}

impl Test {
    fn holds(&self, case: &Case) -> bool {
        let (Self::Compare(axis, ..) | Self::Matching(axis, _)) = self;
        let value = case.value(*axis);
        // A profile is one of its name whatever knobs are turned.
        let base = match value {
            Value::Word(word) => Value::Word(overrides::base(word)),
            Value::Number(_) => value,
        };
        let mut either = [value, base].into_iter();
        match self {
            Self::Matching(_, pattern) => either.any(|it| pattern.matches(&axis.show(it))),
            Self::Compare(_, Relation::Equal, values) => either.any(|it| values.contains(&it)),
            Self::Compare(_, Relation::NotEqual, values) => !either.any(|it| values.contains(&it)),
            Self::Compare(_, relation, values) => match (value, values.first()) {
                (Value::Number(number), Some(Value::Number(other))) => {
                    relation.holds(number.cmp(other))
                }
                // What is no number is neither more nor less than one.
                (Value::Number(_) | Value::Word(_), _) => false,
            },
        }
    }
}

/// What can be asked of rows.
struct Axes;

impl Axes {
    /// The axis of a name, which stands at a span.
    fn named(name: &str, span: Span) -> Result<Axis, Box<Diagnostic>> {
        Axis::named(name).ok_or_else(|| {
            let message = format!("no axis is called {}", names::quote(name));
            let known: Vec<_> = Axis::all().map(Axis::name).collect();
            Box::new(names::suggest(Diagnostic::new(span, message), name, &known))
        })
    }
}

impl Vocabulary for Axes {
    type Test = Test;

    const WANTED: &'static str = "AXIS=VALUE (or !=, <, <=, >, >=) or AXIS(PATTERN)";

    fn alone(&self, _pattern: Pattern) -> Option<Test> {
        None
    }

    fn kind(&self, name: &str, span: Span, pattern: Pattern) -> Result<Test, Box<Diagnostic>> {
        Ok(Test::Matching(Self::named(name, span)?, pattern))
    }

    fn has_field(&self, name: &str) -> bool {
        Axis::named(name).is_some()
    }

    fn compare(&self, comparison: Comparison<'_>) -> Result<Test, Box<Diagnostic>> {
        let Comparison {
            field,
            relation,
            value,
        } = comparison;
        let axis = Self::named(field.value, field.span)?;
        let fault = |message| Box::new(Diagnostic::new(value.span, message));
        let values = axis.values(value.value).map_err(fault)?;
        let is_number = matches!(values.as_slice(), [Value::Number(_)]);
        if relation.is_ordering() && !is_number {
            let message = "only one number can be more or less than another";
            return Err(fault(message.to_owned()));
        }
        Ok(Test::Compare(axis, relation, values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_or_do_not() {
        let case = Case::default().with(Axis::Window, Value::Number(4000));
        let rows = [
            ("window=4000", true),
            ("window=1000,4000", true),
            ("window=1000..8000:x2", true),
            ("window!=4000", false),
            ("window<4000", false),
            ("window<=4000", true),
            ("window>3KiB", true),
            ("window>=8KiB", false),
            ("mss<2000", false),
            ("sender=freebsd", false),
            ("sender=freebsd or window=4000", true),
            ("delay<=1ms", true),
        ];
        for (text, expected) in rows {
            assert_eq!(
                RowFilter::parse(text).unwrap().takes(&case),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn conditions_are_joined_and_patterns_match() {
        let case = Case::default().with(Axis::Window, Value::Number(4000));
        let rows = [
            ("window == 4000 and sack=profile", true),
            ("window=4000 and not sack=profile", false),
            ("not (window>5000 or loss > 0)", true),
            ("window=1 or window=4000 and delay < 1ms", true),
            ("(window=1 or window=4000) and delay > 1ms", false),
            ("sender(lin*)", true),
            ("sender(lin)", false),
            ("window(40*) && !rate(*bit)", true),
            ("delay(100us)", true),
        ];
        for (text, expected) in rows {
            let filter = RowFilter::parse(text).unwrap();
            assert_eq!(filter.takes(&case), expected, "{text}");
        }
    }

    #[test]
    fn a_profile_is_one_of_its_name() {
        let sender = Axis::Sender.value("linux+rto.min=3s").unwrap();
        let case = Case::default().with(Axis::Sender, sender);
        for (text, expected) in [
            ("sender=linux", true),
            ("sender!=linux", false),
            ("sender(linux)", true),
            ("sender(linux+rto.min*)", true),
            ("sender=linux+rto.min=3s", true),
            ("sender=linux+rto.min=4s", false),
            ("sender=freebsd", false),
        ] {
            let filter = RowFilter::parse(text).unwrap();
            assert_eq!(filter.takes(&case), expected, "{text}");
        }
    }

    #[test]
    fn bad_filters_say_what_is_wrong() {
        let rows = [
            ("windows=1", "no axis"),
            ("window", "AXIS=VALUE"),
            ("window=soon", "unit"),
            ("sender<linux", "only one number"),
            ("window<1,2", "only one number"),
            ("window!4", "no relation"),
            ("window=4 and", "AXIS=VALUE"),
            ("windows(4)", "no axis"),
            ("", "AXIS=VALUE"),
        ];
        for (text, expected) in rows {
            let error = RowFilter::parse(text).unwrap_err().message;
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
