//! Relations between two values: `==`, `!=`, `<`, `<=`, `>`, `>=`.

use std::cmp::Ordering;

use super::input::Input;
use super::words::takes;

/// How two values are to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Relation {
    /// Every relation as it is written. Longer ones stand first: `<=` begins with `<`.
    pub const ALL: [(&'static str, Self); 6] = [
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    /// Whether it holds between two values of which the first is `order` to the second.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }

    /// Whether it asks which of two values is greater, and not only whether they are the same.
    pub fn is_ordering(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }

    /// As it is written.
    pub fn symbol(self) -> &'static str {
        let written = Self::ALL.iter().find(|(_, relation)| *relation == self);
        written.map_or("", |(symbol, _)| symbol)
    }

    /// Reads blanks and then a relation, where one is next.
    pub(crate) fn read(input: &mut Input<'_>) -> Option<Self> {
        let found = Self::ALL.iter().find(|(symbol, _)| takes(input, symbol));
        found.map(|(_, relation)| *relation)
    }
}
