//! Exit codes.

use std::process::ExitCode;

/// How the program ends. The numbers are documented and do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: everything held.
    Held,
    /// 1: an expectation failed.
    Failed,
    /// 2: the command line or a scenario is wrong.
    Usage,
    /// 3: the environment does not let us: a file cannot be read or written.
    Environment,
    /// 4: nothing was selected.
    Nothing,
    /// 130: somebody interrupted it.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Environment => 3,
            Self::Nothing => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
