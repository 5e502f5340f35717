//! Failures that end a command early.

use std::fmt::Display;

use super::exit::Exit;
use crate::diagnostic::clean;

/// How the program ends, and what it says before on standard error: whole lines, or nothing.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    pub(super) text: String,
}

impl Failure {
    /// With a sentence that begins with the program's name.
    pub(super) fn new(exit: Exit, message: impl Display) -> Self {
        Self::shown(exit, format!("hangup: {}\n", clean(&message.to_string())))
    }

    /// With lines that nobody else has written: what the machine refuses, and the ways out.
    pub(super) fn lines(exit: Exit, message: impl Display) -> Self {
        let message = message.to_string();
        let lines: Vec<_> = message.lines().map(clean).collect();
        Self::shown(exit, format!("hangup: {}\n", lines.join("\n")))
    }

    /// With lines that stand for themselves.
    pub(super) fn shown(exit: Exit, text: String) -> Self {
        Self { exit, text }
    }
}

/// Something is wrong with what was typed.
pub(super) fn usage(message: impl Display) -> Failure {
    Failure::new(Exit::Usage, message)
}

/// The machine refuses it, and there are ways out.
pub(super) fn refusal(message: impl Display) -> Failure {
    Failure::lines(Exit::Environment, message)
}

/// The machine does not let us.
pub(super) fn environment(message: impl Display) -> Failure {
    Failure::new(Exit::Environment, message)
}
