//! A violation of a rule.

use std::fmt;

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// The file, relative to the repository, with `/` between its parts.
    pub(crate) path: String,
    /// The line, counted from 1; 0 is the file as a whole.
    pub(crate) line: usize,
    /// What is wrong and what to write instead.
    pub(crate) message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// What a rule finds in one text: the line and the message.
pub(crate) type Findings = Vec<(usize, String)>;
