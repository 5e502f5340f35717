//! The state of a script's sequence: the end of the last step, and whether it comes.

use smoltcp::time::Instant;

use super::medium::CallId;

/// How a script keeps step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    /// The call of the last statement, while it has not returned.
    call: Option<CallId>,
    /// When the last statement was over, where it is.
    ended: Instant,
    /// Whether a step was waited for in vain, so that nothing can follow.
    pub(super) is_stuck: bool,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            call: None,
            ended: Instant::ZERO,
            is_stuck: false,
        }
    }
}

impl Steps {
    /// A statement was played, and is over at this moment unless it is a call that waits.
    pub(super) fn next(&mut self, ended: Instant) {
        self.ended = ended;
    }

    /// A call is the last statement.
    pub(super) fn begin(&mut self, call: Option<CallId>) {
        self.call = call;
    }

    /// A call has returned.
    pub(super) fn returned(&mut self, call: CallId, at: Instant) {
        if self.call == Some(call) {
            self.call = None;
            self.ended = at;
        }
    }

    /// The call of the last statement, while it has not returned.
    pub(super) fn call(&self) -> Option<CallId> {
        self.call
    }

    /// When the last statement was over.
    pub(super) fn ended(&self) -> Instant {
        self.ended
    }
}
