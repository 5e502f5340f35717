//! Boolean expressions: `and`, `or`, `not` and parentheses over the tests of any language.

use super::input::{Input, Parse, error_at, expected, here, never_closed, since};
use super::words::{blank, takes};
use crate::diagnostic::Span;

/// How deep parentheses and negations may be nested.
pub const NESTING_MAX: usize = 32;

/// An expression, no deeper than its text is nested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression<A> {
    /// All of these.
    All(Vec<Self>),
    /// At least one of these.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// What the language asks.
    Atom(A),
}

impl<A> Expression<A> {
    /// Whether it holds, where `ask` says so of an atom.
    pub(crate) fn holds(&self, ask: &impl Fn(&A) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|it| it.holds(ask)),
            Self::Any(parts) => parts.iter().any(|it| it.holds(ask)),
            Self::Not(inner) => !inner.holds(ask),
            Self::Atom(atom) => ask(atom),
        }
    }

    /// Whether it holds, where `ask` may not know of every atom. None: what is known does not
    /// decide.
    pub(crate) fn decides(&self, ask: &impl Fn(&A) -> Option<bool>) -> Option<bool> {
        // The value of one part that decides for all.
        let joined = |parts: &[Self], decisive: bool| {
            let mut value = Some(!decisive);
            for part in parts {
                match part.decides(ask) {
                    Some(one) if one == decisive => return Some(decisive),
                    Some(_) => {}
                    None => value = None,
                }
            }
            value
        };
        match self {
            Self::All(parts) => joined(parts, false),
            Self::Any(parts) => joined(parts, true),
            Self::Not(inner) => inner.decides(ask).map(|it| !it),
            Self::Atom(atom) => ask(atom),
        }
    }

    /// The atoms that are not under a negation.
    pub(crate) fn asserted(&self) -> Vec<&A> {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().flat_map(|it| it.asserted()).collect()
            }
            Self::Not(_) => Vec::new(),
            Self::Atom(atom) => vec![atom],
        }
    }
}

/// How a language writes what joins expressions. The first of each is what messages call it.
pub(crate) struct Connectives {
    /// `or`; binds weakest.
    pub(crate) or: &'static [&'static str],
    /// `and`
    pub(crate) and: &'static [&'static str],
    /// `not`; binds strongest.
    pub(crate) not: &'static [&'static str],
}

impl Connectives {
    /// Reads an expression up to the end of the text. `atom` reads what the language asks, behind
    /// blanks.
    pub(crate) fn read<'a, A>(
        &self,
        input: &mut Input<'a>,
        atom: &impl Fn(&mut Input<'a>) -> Parse<Expression<A>>,
    ) -> Parse<Expression<A>> {
        let expression = self.any(input, atom, 0)?;
        blank(input)?;
        if input.is_empty() {
            return Ok(expression);
        }
        let (and, or, name) = (self.and[0], self.or[0], input.state.name);
        let wanted = format!("`{and}`, `{or}` or the end of the {name}");
        Err(expected(input, &wanted))
    }

    /// `A or B or ...`
    fn any<'a, A>(
        &self,
        input: &mut Input<'a>,
        atom: &impl Fn(&mut Input<'a>) -> Parse<Expression<A>>,
        depth: usize,
    ) -> Parse<Expression<A>> {
        let mut parts = vec![self.all(input, atom, depth)?];
        while takes_one(input, self.or) {
            parts.push(self.all(input, atom, depth)?);
        }
        Ok(joined(parts, Expression::Any))
    }

    /// `A and B and ...`
    fn all<'a, A>(
        &self,
        input: &mut Input<'a>,
        atom: &impl Fn(&mut Input<'a>) -> Parse<Expression<A>>,
        depth: usize,
    ) -> Parse<Expression<A>> {
        let mut parts = vec![self.one(input, atom, depth)?];
        while takes_one(input, self.and) {
            parts.push(self.one(input, atom, depth)?);
        }
        Ok(joined(parts, Expression::All))
    }

    /// `not A`, `(A)` or an atom.
    fn one<'a, A>(
        &self,
        input: &mut Input<'a>,
        atom: &impl Fn(&mut Input<'a>) -> Parse<Expression<A>>,
        depth: usize,
    ) -> Parse<Expression<A>> {
        blank(input)?;
        let start = here(input);
        let is_negated = takes_one(input, self.not);
        if !is_negated && !takes(input, "(") {
            return atom(input);
        }
        if depth == NESTING_MAX {
            let message =
                format!("parentheses and negations are nested at most {NESTING_MAX} deep");
            return Err(error_at(since(input, start), message));
        }
        if is_negated {
            let inner = self.one(input, atom, depth + 1)?;
            return Ok(Expression::Not(Box::new(inner)));
        }
        let inner = self.any(input, atom, depth + 1)?;
        closes(
            input,
            start,
            &format!(", `{}` or `{}`", self.and[0], self.or[0]),
        )?;
        Ok(inner)
    }

    /// Whether one of the connectives is next.
    pub(crate) fn is_next(&self, input: &Input<'_>) -> bool {
        let mut input = *input;
        [self.or, self.and, self.not]
            .iter()
            .any(|it| takes_one(&mut input, it))
    }
}

/// Reads the `)` of a parenthesis that was opened at an offset. `or` is what else messages expect.
pub(crate) fn closes(input: &mut Input<'_>, opened: usize, or: &str) -> Parse<()> {
    if takes(input, ")") {
        return Ok(());
    }
    blank(input)?;
    if input.is_empty() {
        let opening = Span::new(opened..opened + 1);
        return Err(never_closed(opening, "parenthesis", "`)`"));
    }
    Err(expected(input, &format!("`)`{or}")))
}

/// Reads one of several words or symbols, longer ones first, where one is next.
fn takes_one(input: &mut Input<'_>, words: &[&str]) -> bool {
    words.iter().any(|it| takes(input, it))
}

/// The only part, or all of them.
fn joined<A>(
    mut parts: Vec<Expression<A>>,
    join: fn(Vec<Expression<A>>) -> Expression<A>,
) -> Expression<A> {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is not known decides nothing, unless what is known decides alone.
    #[test]
    fn what_is_known_may_decide() {
        use Expression::{All, Any, Atom, Not};
        let atoms = |values: &[Option<bool>]| values.iter().map(|it| Atom(*it)).collect();
        let (yes, no) = (Some(true), Some(false));
        for (values, all, any) in [
            (&[yes, yes][..], yes, yes),
            (&[no, no], no, no),
            (&[None, no], no, None),
            (&[no, None], no, None),
            (&[None, yes], None, yes),
            (&[yes, None], None, yes),
            (&[None, yes, no], no, yes),
            (&[], yes, no),
        ] {
            let decides = |it: Expression<Option<bool>>| {
                let negated = Not(Box::new(it.clone())).decides(&|atom| *atom);
                let value = it.decides(&|atom| *atom);
                assert_eq!(negated, value.map(|it| !it), "{values:?}");
                if !values.contains(&None) {
                    assert_eq!(value, Some(it.holds(&|atom| *atom == yes)), "{values:?}");
                }
                value
            };
            assert_eq!(decides(All(atoms(values))), all, "{values:?}");
            assert_eq!(decides(Any(atoms(values))), any, "{values:?}");
        }
    }
}
