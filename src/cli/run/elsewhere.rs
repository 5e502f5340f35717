//! `hangup run --kernel` where the machine's kernel is not Linux.

use super::jobs::Job;
use crate::cli::Exit;
use crate::cli::args::Run;
use crate::cli::failure::{Failure, environment};
use crate::report::{CaseVerdict, Problem, TestCase};

/// Why nothing is played.
const WHY: &str = "--kernel needs Linux: its network namespaces and TUN devices";

/// Plays nothing.
pub(super) fn one(_args: &Run, _job: &Job<'_>, mut case: TestCase) -> TestCase {
    case.verdict = CaseVerdict::Unable;
    case.problems.push(Problem::elsewhere(WHY));
    case
}

/// # Errors
/// There is no such process here.
pub(super) fn worker(_args: &Run, _of: &[String]) -> Result<Exit, Failure> {
    Err(environment(WHY))
}
