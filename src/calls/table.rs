//! The table of an interface's calls, looked up by name.

use hangup_stack::network::{HostId, Network};

use super::answer::{BadCall, Made, Unknown};
use super::argument::Context;
use super::signature::{Shape, Signature};
use crate::capture::Toward;
use crate::scenario::script::Argument;

/// A call of a table.
#[derive(Debug)]
pub(super) struct CallRow<T: 'static> {
    signature: Signature,
    make: Make<T>,
    toward: Toward,
    ends: bool,
}

impl<T> CallRow<T> {
    /// A call that never returns, as it ends its process.
    pub(super) const fn ends(self) -> Self {
        Self { ends: true, ..self }
    }

    /// A call by which the stack delivers: data, a connection, or that something is ready.
    pub(super) const fn delivers(self) -> Self {
        Self {
            toward: Toward::Application,
            ..self
        }
    }
}

/// How a call is made.
pub(super) type Make<T> = fn(&mut T, &mut Context<'_>) -> Result<Made, BadCall>;

/// A row: the name of a call, what it takes, the fewest and the most arguments, what the first of
/// them are, and how it is made.
pub(super) const fn call<T>(
    name: &'static str,
    takes: &'static str,
    counts: (usize, usize),
    shape: Shape,
    make: Make<T>,
) -> CallRow<T> {
    CallRow {
        signature: Signature {
            name,
            takes,
            counts,
            shape,
        },
        make,
        toward: Toward::Stack,
        ends: false,
    }
}

/// Whether the table has a call that never returns.
pub(super) fn ends<T>(rows: &[CallRow<T>], name: &str) -> bool {
    let found = rows.iter().find(|row| row.signature.name == name);
    found.is_some_and(|row| row.ends)
}

/// Which way the row of a call points. None: the table does not have it.
pub(super) fn toward<T>(rows: &[CallRow<T>], name: &str) -> Option<Toward> {
    let found = rows.iter().find(|row| row.signature.name == name);
    found.map(|row| row.toward)
}

/// The names of a table's calls.
pub(super) const fn names<T, const N: usize>(rows: &[CallRow<T>; N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut index = 0;
    while index < N {
        names[index] = rows[index].signature.name;
        index += 1;
    }
    names
}

/// Finds a call in its table.
pub(super) fn find<'a, T>(
    rows: &'static [CallRow<T>],
    network: &'a mut Network,
    host: HostId,
    name: &str,
    arguments: &'a [Argument],
) -> Result<(Context<'a>, Make<T>), BadCall> {
    let Some(CallRow {
        signature, make, ..
    }) = rows.iter().find(|row| row.signature.name == name)
    else {
        let known: Vec<_> = rows.iter().map(|row| row.signature.name).collect();
        return Err(BadCall {
            argument: None,
            message: format!(
                "there is no call {name}; this host has {}",
                known.join(", ")
            ),
            unknown: Some(Unknown {
                word: name.to_owned(),
                known,
                form: format!("{name}(...)"),
            }),
        });
    };
    let (fewest, most) = signature.counts;
    if !(fewest..=most).contains(&arguments.len()) {
        let takes = signature.takes;
        return Err(BadCall {
            argument: (arguments.len() > most).then_some(most),
            message: format!("{name} takes {takes}, not {} arguments", arguments.len()),
            unknown: None,
        });
    }
    let context = Context::new(network, host, signature, arguments);
    Ok((context, *make))
}
