//! The syntax tree of a program: the rules by which a host treats each of its connections.
//!
//! A program has no variables, no arithmetic and no calls of itself. What it does next depends on
//! the number of the connection, on the octets that came and on the time, and on nothing else.

use std::ops::RangeInclusive;
use std::sync::Arc;

use smoltcp::time::Duration;

use super::script::{Argument, Call};
pub use crate::diagnostic::{Span, Spanned};

/// The word that stands for the descriptor of a connection in the calls of a program.
pub const CONNECTION: &str = "connection";
/// The word that stands for the descriptor that listens.
pub const LISTENER: &str = "listener";

/// The program of a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// Where its text stands, with its quotes. None: the host has no program.
    pub text: Option<Span>,
    /// Its parts, each with sockets of its own, in the order of the file.
    pub parts: Vec<Part>,
}

/// A part of a program: connections of one kind, and the steps for each of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its head: `listen 80`.
    pub span: Span,
    /// Where its connections come from.
    pub opening: Opening,
    /// What it does with each of them.
    pub steps: Vec<Step>,
    /// What it does instead where a connection could not be made.
    pub otherwise: Vec<Step>,
}

/// Where the connections of a part come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Opening {
    /// `listen 80`: it accepts them, in a loop.
    Listen {
        /// The port.
        port: u16,
        /// `backlog`: what `listen` is given.
        backlog: u32,
        /// `accept`: how many it accepts before it stops to. None: all that come.
        most: Option<u64>,
    },
    /// `connect server:80`: it makes them.
    Connect {
        /// To where: an endpoint of a script.
        remote: Spanned<Argument>,
        /// `times`: how many.
        times: u64,
        /// `every`: how long after one it begins the next.
        every: Duration,
        /// `after`: how long after the start of the run it begins the first.
        after: Duration,
    },
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Where it stands; of one with a block, its head.
    pub span: Span,
    /// What is done.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `read until "\r\n"`, `discard`, `echo`: calls of `recv` until something is reached.
    Read(Reading),
    /// `send "HTTP/1.1 413 "`, `send 1GiB`, `send file "page.html"`: calls of `send` until all is
    /// sent.
    Send(Sending),
    /// `wait 5s`: nothing, for so long.
    Wait(Duration),
    /// `close`: the call that closes a descriptor, which is the end of the program for the
    /// connection.
    Close,
    /// `stop`: the end of the program for the connection, which stays open.
    Stop,
    /// `repeat { ... }`, `repeat 3 { ... }`
    Repeat {
        /// How often. None: until the data ends or a call fails.
        times: Option<u64>,
        /// What is repeated.
        steps: Vec<Step>,
    },
    /// `when connection 2..4 { ... } else { ... }`
    When {
        /// What is looked at.
        subject: Subject,
        /// Between which bounds it has to be, in units of the subject.
        range: RangeInclusive<u64>,
        /// What is done if it is.
        steps: Vec<Step>,
        /// What is done if it is not.
        otherwise: Vec<Step>,
    },
    /// `shutdown(connection, SHUT_WR)`: any call of the host.
    Call(Box<Call>),
}

/// What a choice looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The number of the connection, from 1 in each part.
    Connection,
    /// The octets that were read from it so far.
    Octets,
    /// The time since it was accepted or made, in microseconds.
    Time,
}

/// A step that reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Whether what is read is sent back.
    pub echoes: bool,
    /// What it waits for.
    pub until: Goal,
    /// What may come first, and what is done then.
    pub others: Vec<Other>,
}

/// What may come before what a step waits for: `or 5s { ... }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Other {
    /// What comes.
    pub goal: Goal,
    /// What is done then, before the program goes on.
    pub steps: Vec<Step>,
}

/// What a step can wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// So many octets have come since the step began.
    Octets(u64),
    /// These octets have come, one behind the other, since the step began.
    Pattern(Vec<u8>),
    /// `end`: the peer sends no more.
    End,
    /// So much time has passed since the step began.
    Time(Duration),
    /// `error`: the call has failed.
    Error,
}

/// A step that sends.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    /// What is sent.
    pub payload: Payload,
    /// The most octets of one call.
    pub chunk: usize,
    /// What may come before all is sent: a time or an error.
    pub others: Vec<Other>,
}

/// What a step sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// These octets: a text, octets in hexadecimal, or a file of the scenario's folder.
    Octets(Arc<[u8]>),
    /// So many octets of the alphabet, over and over.
    Alphabet(u64),
}

impl Payload {
    /// How many octets it is.
    pub fn len(&self) -> u64 {
        match self {
            Self::Octets(octets) => u64::try_from(octets.len()).unwrap_or(u64::MAX),
            Self::Alphabet(octets) => *octets,
        }
    }

    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Program {
    /// Calls something with each call that it writes down, in order.
    pub fn calls<'a>(&'a self, each: &mut dyn FnMut(&'a Part, &'a Call)) {
        for part in &self.parts {
            for steps in [&part.steps, &part.otherwise] {
                calls(steps, &mut |call| each(part, call));
            }
        }
    }
}

/// An argument of a call of a program, with the labels of its descriptors in place of the words
/// that stand for them.
pub fn with_labels(
    argument: &Argument,
    connection: Option<i64>,
    listener: Option<i64>,
) -> Argument {
    let of = |argument: &Argument| with_labels(argument, connection, listener);
    match argument {
        Argument::Word(word) => {
            let label = match word.as_str() {
                CONNECTION => connection,
                LISTENER => listener,
                _ => None,
            };
            label.map_or_else(|| argument.clone(), Argument::Integer)
        }
        Argument::List(list) => Argument::List(list.iter().map(of).collect()),
        Argument::Struct(fields) => {
            let fields = fields.iter();
            Argument::Struct(fields.map(|(name, it)| (name.clone(), of(it))).collect())
        }
        Argument::Integer(_)
        | Argument::Text(_)
        | Argument::Octets(_)
        | Argument::Flags(_)
        | Argument::Ellipsis
        | Argument::Endpoint { .. }
        | Argument::Address(_) => argument.clone(),
    }
}

fn calls<'a>(steps: &'a [Step], each: &mut dyn FnMut(&'a Call)) {
    for step in steps {
        match &step.action {
            Action::Call(call) => each(call),
            Action::Read(Reading { others, .. }) | Action::Send(Sending { others, .. }) => {
                others.iter().for_each(|it| calls(&it.steps, each));
            }
            Action::Repeat { steps, .. } => calls(steps, each),
            Action::When {
                steps, otherwise, ..
            } => {
                calls(steps, each);
                calls(otherwise, each);
            }
            Action::Wait(_) | Action::Close | Action::Stop => {}
        }
    }
}
