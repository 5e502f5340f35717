//! What happens when somebody interrupts the program (Ctrl-C, SIGTERM).
//!
//! A command that runs many things listens, begins nothing more once it was interrupted, reports
//! what is finished, and ends with [`Exit::Interrupted`](super::Exit::Interrupted). What is under
//! way is finished, so that no file is left in part. Whoever interrupts a second time does not want
//! to wait for that.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Exit;

/// Signals are sent to the process, so that there is one of it.
static HAS_COME: AtomicBool = AtomicBool::new(false);

/// Takes the signals from now on. Again is the same as once.
///
/// # Errors
/// The system does not let us; what it says.
pub(super) fn listen() -> Result<(), String> {
    static LISTENING: OnceLock<Result<(), String>> = OnceLock::new();
    let listen = || {
        ctrlc::set_handler(|| {
            if HAS_COME.swap(true, Ordering::Relaxed) {
                std::process::exit(Exit::Interrupted.code().into());
            }
        })
        .map_err(|error| format!("cannot take signals: {error}"))
    };
    LISTENING.get_or_init(listen).clone()
}

/// Whether it was interrupted since.
pub(super) fn has_come() -> bool {
    HAS_COME.load(Ordering::Relaxed)
}
