//! Interrupts of the program (Ctrl-C, SIGTERM).
//!
//! After an interrupt a command begins no more runs, stops those under way, finishes the traces
//! that are being written, reports the finished runs, and ends with
//! [`Exit::Interrupted`](super::Exit::Interrupted). A second interrupt ends the program at once; no
//! file is left in part then either.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Exit;
use crate::files;

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
                files::abandon();
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
