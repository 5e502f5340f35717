//! `hangup verify` where the machine's kernel is not Linux.

use super::Exit;
use super::args::Verify;
use super::failure::{Failure, environment};

/// # Errors
/// There is no such kernel here.
pub(super) fn verify(_args: &Verify, _quiet: bool) -> Result<Exit, Failure> {
    let why = "verify needs Linux: its network namespaces and TUN devices";
    Err(environment(why))
}
