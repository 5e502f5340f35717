//! Which rows of a product are wanted: `window<=64KiB`, `receiver=linux,freebsd or sack=off`.

use super::axis::{Axis, Value};
use super::case::Case;
use super::overrides;

/// Conditions of which one must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(Vec<Condition>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    axis: Axis,
    relation: Relation,
    values: Vec<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longer operators first: `<=` is not `<` with a value that begins with `=`.
const RELATIONS: [(&str, Relation); 6] = [
    ("<=", Relation::LessOrEqual),
    (">=", Relation::GreaterOrEqual),
    ("!=", Relation::Unequal),
    ("<", Relation::Less),
    (">", Relation::Greater),
    ("=", Relation::Equal),
];

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let conditions = text.split(" or ").map(Condition::parse);
        let conditions = conditions.collect::<Result<_, _>>();
        conditions
            .map(Self)
            .map_err(|error| format!("filter `{text}`: {error}"))
    }

    /// Whether a case is wanted.
    pub fn takes(&self, case: &Case) -> bool {
        self.0.iter().any(|condition| condition.holds(case))
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        let end = text
            .find(['<', '>', '!', '='])
            .ok_or("it is not of the form AXIS=VALUE (or !=, <, <=, >, >=)")?;
        let (name, rest) = text.split_at(end);
        let name = name.trim();
        let axis = Axis::named(name).ok_or_else(|| {
            let names: Vec<_> = Axis::all().map(Axis::name).collect();
            format!("no axis is called `{name}`; there are {}", names.join(", "))
        })?;
        let found = RELATIONS
            .iter()
            .find_map(|(operator, relation)| Some((*relation, rest.strip_prefix(operator)?)));
        let (relation, values) = found.ok_or("`!` is no relation; `!=` is")?;
        let values = axis.values(values)?;
        let ordered = !matches!(relation, Relation::Equal | Relation::Unequal);
        let is_word = |value: &Value| matches!(value, Value::Word(_));
        if ordered && (values.len() != 1 || values.iter().any(is_word)) {
            return Err("only one number can be more or less than another".to_owned());
        }
        Ok(Self {
            axis,
            relation,
            values,
        })
    }

    fn holds(&self, case: &Case) -> bool {
        let value = case.value(self.axis);
        // What is no number is neither more nor less than one.
        let compare = |holds: fn(&u64, &u64) -> bool| match (value, self.values.first()) {
            (Value::Number(number), Some(Value::Number(other))) => holds(&number, other),
            (Value::Number(_) | Value::Word(_), _) => false,
        };
        // A profile is one of its name whatever knobs are turned.
        let base = match value {
            Value::Word(word) => Value::Word(overrides::base(word)),
            Value::Number(_) => value,
        };
        let is_one = [value, base].iter().any(|it| self.values.contains(it));
        match self.relation {
            Relation::Equal => is_one,
            Relation::Unequal => !is_one,
            Relation::Less => compare(u64::lt),
            Relation::LessOrEqual => compare(u64::le),
            Relation::Greater => compare(u64::gt),
            Relation::GreaterOrEqual => compare(u64::ge),
        }
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
                Filter::parse(text).unwrap().takes(&case),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_profile_is_one_of_its_name() {
        let sender = Axis::Sender.value("linux+rto.min=3s").unwrap();
        let case = Case::default().with(Axis::Sender, sender);
        for (text, expected) in [
            ("sender=linux", true),
            ("sender!=linux", false),
            ("sender=linux+rto.min=3s", true),
            ("sender=linux+rto.min=4s", false),
            ("sender=freebsd", false),
        ] {
            let filter = Filter::parse(text).unwrap();
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
            ("", "AXIS=VALUE"),
        ];
        for (text, expected) in rows {
            let error = Filter::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
