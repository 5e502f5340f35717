//! The evaluation of a filter on the fields of a frame.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::fields::Field;
use super::value::{Prefix, Value};
use crate::language::{Relation, boolean};

/// The fields of a frame, in the order in which they stand in it.
pub(super) type Occurrences = [(Field, Value)];

/// Something of the network that a filter names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    /// One address, and no network.
    Address(std::net::IpAddr),
    /// A port of TCP or UDP.
    Port(u64),
}

/// A filter: tests that `&&`, `||` and `!` join. The empty one is all of none.
pub(super) type Expression = boolean::Expression<Test>;

/// What is asked of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// The field is there.
    Exists(Field),
    /// The field is there and compares so.
    Compare {
        field: Field,
        quantifier: Quantifier,
        relation: Relation,
        operand: Operand,
    },
    /// One of the field's values has this text, or these octets, in it.
    Contains { field: Field, part: Value },
    /// One of the field's values is one of these.
    In { field: Field, set: Vec<Element> },
}

/// How many of a field's values must compare so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    Any,
    All,
}

/// How many values must compare so where nothing else is written: an inequality is the negation of
/// an equality, for a field that is there.
pub(super) const fn usual(relation: Relation) -> Quantifier {
    match relation {
        Relation::NotEqual => Quantifier::All,
        Relation::Equal
        | Relation::Less
        | Relation::LessOrEqual
        | Relation::Greater
        | Relation::GreaterOrEqual => Quantifier::Any,
    }
}

/// Whether two values compare so; those of different kinds never do.
fn holds(relation: Relation, left: &Value, right: &Value) -> bool {
    left.compare(right)
        .is_some_and(|order| relation.holds(order))
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Literal(Value),
    Field(Field),
}

/// What a set has in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Element {
    One(Value),
    /// From the first to the second, both included. Nothing is in one that goes backwards.
    Range(Value, Value),
}

impl Element {
    fn has(&self, value: &Value) -> bool {
        match self {
            Self::One(one) => holds(Relation::Equal, value, one),
            Self::Range(first, last) => {
                holds(Relation::GreaterOrEqual, value, first)
                    && holds(Relation::LessOrEqual, value, last)
            }
        }
    }
}

/// The addresses and ports that are compared with `==`. What is not there is what a negation asks
/// for.
pub(super) fn named(expression: &Expression) -> Vec<Named> {
    let name = |test: &&Test| match test {
        Test::Compare {
            field,
            relation: Relation::Equal,
            operand: Operand::Literal(value),
            ..
        } => name_of(*field, value),
        Test::Exists(_) | Test::Compare { .. } | Test::Contains { .. } | Test::In { .. } => None,
    };
    expression.asserted().iter().filter_map(name).collect()
}

impl Test {
    /// Whether it holds for a frame with these fields.
    pub(super) fn matches(&self, fields: &Occurrences) -> bool {
        match self {
            Self::Exists(field) => values(fields, *field).next().is_some(),
            Self::Compare {
                field,
                quantifier,
                relation,
                operand,
            } => match operand {
                Operand::Literal(literal) => {
                    let literal = || std::iter::once(literal);
                    compare(|| values(fields, *field), literal, *quantifier, *relation)
                }
                Operand::Field(other) => compare(
                    || values(fields, *field),
                    || values(fields, *other),
                    *quantifier,
                    *relation,
                ),
            },
            Self::Contains { field, part } => {
                values(fields, *field).any(|value| contains(value, part))
            }
            Self::In { field, set } => {
                values(fields, *field).any(|value| set.iter().any(|element| element.has(value)))
            }
        }
    }
}

/// Whether a text has another in it, or octets have others.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Text(whole), Value::Text(part)) => whole.contains(part.as_str()),
        (Value::Bytes(whole), Value::Bytes(part)) => {
            part.is_empty() || whole.windows(part.len()).any(|it| it == part)
        }
        _ => false,
    }
}

/// All values of a field.
fn values(fields: &Occurrences, field: Field) -> impl Iterator<Item = &Value> {
    fields
        .iter()
        .filter(move |(found, _)| field.covers(*found))
        .map(|(_, value)| value)
}

/// Compares each value on the left with each on the right. False where there is none on a side.
fn compare<'v, L, R>(
    left: impl Fn() -> L,
    right: impl Fn() -> R,
    quantifier: Quantifier,
    relation: Relation,
) -> bool
where
    L: Iterator<Item = &'v Value>,
    R: Iterator<Item = &'v Value>,
{
    if left().next().is_none() || right().next().is_none() {
        return false;
    }
    match quantifier {
        Quantifier::Any => left().any(|a| right().any(|b| holds(relation, a, b))),
        Quantifier::All => left().all(|a| right().all(|b| holds(relation, a, b))),
    }
}

/// The address or port that a value is.
fn name_of(field: Field, value: &Value) -> Option<Named> {
    match value {
        Value::Ipv4(Prefix { bits, len: 32 }) => {
            Some(Named::Address(Ipv4Addr::from_bits(*bits).into()))
        }
        Value::Ipv6(Prefix { bits, len: 128 }) => {
            Some(Named::Address(Ipv6Addr::from_bits(*bits).into()))
        }
        Value::Number(port) if field.name().ends_with("port") => Some(Named::Port(*port)),
        Value::Number(_)
        | Value::Ipv4(_)
        | Value::Ipv6(_)
        | Value::Present
        | Value::Boolean(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::Time(_) => None,
    }
}
