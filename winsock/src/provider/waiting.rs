//! The threads that wait in a call of a provider.

use std::collections::BTreeMap;

use hangup_stack::smoltcp::time::Instant;

use crate::error::WsaError;
use crate::{Outcome, ThreadId};

/// The threads that wait in a call of one provider, which makes it again and again.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(BTreeMap<ThreadId, Wait>);

/// A call that waits.
#[derive(Clone, Copy, Debug)]
struct Wait {
    /// When it gives up; none: never.
    until: Option<Instant>,
    /// Whether WSPCancelBlockingCall has ended it.
    cancelled: bool,
}

impl Waiting {
    /// Begins a call that may wait, or makes it again.
    ///
    /// # Errors
    /// WSAEINTR where the thread waited in it and was interrupted.
    pub(super) fn resume(&mut self, thread: ThreadId) -> Result<(), WsaError> {
        match self.0.get(&thread) {
            Some(Wait {
                cancelled: true, ..
            }) => {
                self.0.remove(&thread);
                Err(WsaError::Interrupted)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Ends a call that may wait: remembers whether the thread does.
    pub(super) fn suspend<T>(&mut self, thread: ThreadId, outcome: Outcome<T>) -> Outcome<T> {
        match outcome {
            Outcome::Done(_) => {
                self.0.remove(&thread);
            }
            Outcome::Blocks { until } => {
                let cancelled = false;
                self.0.insert(thread, Wait { until, cancelled });
            }
        }
        outcome
    }

    /// When the call that a thread waits in gives up: none where it waits in none, or without end.
    pub(super) fn until(&self, thread: ThreadId) -> Option<Option<Instant>> {
        self.0.get(&thread).map(|wait| wait.until)
    }

    /// WSPCancelBlockingCall.
    ///
    /// # Errors
    /// WSAEINVAL where the thread waits in no call of the provider.
    pub(super) fn cancel(&mut self, thread: ThreadId) -> Result<(), WsaError> {
        let wait = self.0.get_mut(&thread);
        wait.ok_or(WsaError::Invalid)?.cancelled = true;
        Ok(())
    }

    /// Nobody waits any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
