//! What ends a benchmark early.

use crate::cli::exit::Exit;

/// How the program ends, and what is to be said.
pub(super) type Failure = (Exit, String);

/// Something is wrong with what was typed.
pub(super) fn usage(message: impl Into<String>) -> Failure {
    (Exit::Usage, message.into())
}

/// The machine does not let us.
pub(super) fn environment(message: impl Into<String>) -> Failure {
    (Exit::Environment, message.into())
}
