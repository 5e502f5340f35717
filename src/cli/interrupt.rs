//! Interrupts of the program (Ctrl-C, SIGTERM).
//!
//! After an interrupt a command begins no more runs, stops those under way, finishes the traces
//! that are being written, reports the finished runs, and ends with
//! [`Exit::Interrupted`](super::Exit::Interrupted). A second interrupt ends the program at once; no
//! file is left in part then either. While files are read, the first one does.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Exit;
use crate::files;

/// Signals are sent to the process, so that there is one of it.
static HAS_COME: AtomicBool = AtomicBool::new(false);

/// Whether something runs that has to be ended in order.
static IS_UNDER_WAY: AtomicBool = AtomicBool::new(false);

/// Ends the program at once at a signal, until [`listen`].
///
/// # Errors
/// The system does not let us; what it says.
pub(super) fn end_at_once() -> Result<(), String> {
    static LISTENING: OnceLock<Result<(), String>> = OnceLock::new();
    let listen = || {
        ctrlc::set_handler(|| {
            let is_under_way = IS_UNDER_WAY.load(Ordering::Relaxed);
            let is_again = HAS_COME.swap(true, Ordering::Relaxed);
            if !is_under_way {
                super::report::complain("hangup: interrupted: nothing has run\n");
            }
            if is_again || !is_under_way {
                files::abandon();
                std::process::exit(Exit::Interrupted.code().into());
            }
        })
        .map_err(|error| format!("cannot take signals: {error}"))
    };
    LISTENING.get_or_init(listen).clone()
}

/// Takes the signals from now on. Again is the same as once.
///
/// # Errors
/// The system does not let us; what it says.
pub(super) fn listen() -> Result<(), String> {
    IS_UNDER_WAY.store(true, Ordering::Relaxed);
    end_at_once()
}

/// Whether it was interrupted since.
pub(super) fn has_come() -> bool {
    HAS_COME.load(Ordering::Relaxed)
}
