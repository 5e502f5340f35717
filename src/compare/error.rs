//! Why there is no comparison.

use crate::bounds::Reached;
use crate::diagnostic::Diagnostic;

/// Why there is no comparison. The places are in the scenario's file.
#[derive(Clone, Debug)]
pub enum CompareError {
    /// There is no such system, or it cannot be asked to do what the script says.
    Invalid(Vec<Diagnostic>),
    /// A run was stopped before its time, at a bound or because it does not end.
    Stopped(Box<Diagnostic>, Option<Reached>),
}
