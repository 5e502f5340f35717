//! A table of calls: how a call is found by its name, and how it ended.

use hangup_stack::network::{HostId, Network};
use hangup_stack::smoltcp::time::Instant;

use super::argument::Context;
use super::{BadCall, Difference};
use crate::scenario::script::Argument;

/// A call of a table.
#[derive(Debug)]
pub(super) struct Call<T: 'static> {
    pub(super) name: &'static str,
    /// What it takes, for messages: `(socket, length[, flags])`.
    pub(super) takes: &'static str,
    /// The fewest and the most arguments.
    pub(super) counts: (usize, usize),
    pub(super) shape: Shape,
    pub(super) make: Make<T>,
}

/// How a call is made.
pub(super) type Make<T> = fn(&mut T, &mut Context<'_>) -> Result<Made, BadCall>;

/// What the first arguments of a call are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// No socket.
    Process,
    /// A socket.
    Socket,
    /// A socket and data to send.
    Send,
}

/// The names of a table's calls.
pub(super) const fn names<T, const N: usize>(calls: &[Call<T>; N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut index = 0;
    while index < N {
        names[index] = calls[index].name;
        index += 1;
    }
    names
}

/// Finds a call in its table.
pub(super) fn find<'a, T>(
    calls: &'static [Call<T>],
    network: &'a mut Network,
    host: HostId,
    name: &str,
    arguments: &'a [Argument],
) -> Result<(Context<'a>, Make<T>), BadCall> {
    let Some(Call {
        name,
        takes,
        counts: (fewest, most),
        shape,
        make,
    }) = calls.iter().find(|call| call.name == name)
    else {
        let known: Vec<_> = calls.iter().map(|call| call.name).collect();
        return Err(BadCall {
            argument: None,
            message: format!(
                "there is no call {name}; this host has {}",
                known.join(", ")
            ),
            unknown: Some(name.to_owned()),
        });
    };
    if !(*fewest..=*most).contains(&arguments.len()) {
        return Err(BadCall {
            argument: (arguments.len() > *most).then_some(*most),
            message: format!("{name} takes {takes}, not {} arguments", arguments.len()),
            unknown: None,
        });
    }
    let context = Context::new(network, host, name, takes, *shape, arguments);
    Ok((context, *make))
}

/// How a call ended.
#[derive(Debug)]
pub(super) enum Made {
    Returned {
        value: String,
        error: Option<String>,
        opened: Option<u64>,
        differences: Vec<Difference>,
    },
    Blocks {
        until: Option<Instant>,
    },
}

impl Made {
    /// The call succeeded with a value.
    pub(super) fn value(value: impl ToString) -> Self {
        Self::Returned {
            value: value.to_string(),
            error: None,
            opened: None,
            differences: Vec::new(),
        }
    }

    /// The call failed.
    pub(super) fn failed(value: &str, error: &str) -> Self {
        Self::Returned {
            value: value.to_owned(),
            error: Some(error.to_owned()),
            opened: None,
            differences: Vec::new(),
        }
    }

    /// The call opened a socket.
    pub(super) fn opened(descriptor: u64) -> Self {
        Self::Returned {
            value: descriptor.to_string(),
            error: None,
            opened: Some(descriptor),
            differences: Vec::new(),
        }
    }

    /// The call succeeded, and returned something else through an argument than the script says.
    pub(super) fn differs(value: impl ToString, argument: usize, actual: String) -> Self {
        Self::Returned {
            value: value.to_string(),
            error: None,
            opened: None,
            differences: vec![Difference { argument, actual }],
        }
    }
}
