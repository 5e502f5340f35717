//! The state of a script's sequence: the end of the last step, and whether the script is out of
//! step.

use smoltcp::time::Instant;

use super::medium::CallId;

/// How a script keeps step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    /// The call of the last statement, while it has not returned.
    call: Option<CallId>,
    /// When the last statement was over, where it is.
    ended: Instant,
    /// Failures that were not told, because they follow from one that was: a call could not be made
    /// when it was to be made. None: there was no such failure.
    untold: Option<Untold>,
    /// Whether a step was waited for in vain, so that nothing can follow.
    pub(super) is_stuck: bool,
}

/// What is not told behind a failure.
#[derive(Clone, Copy, Debug)]
struct Untold {
    /// The place of the failure.
    behind: usize,
    /// How many failures came after it.
    count: usize,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            call: None,
            ended: Instant::ZERO,
            untold: None,
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

    /// Whether a failure is to be told, and not only counted.
    pub(super) fn tells(&mut self) -> bool {
        match &mut self.untold {
            Some(untold) => {
                untold.count += 1;
                false
            }
            None => true,
        }
    }

    /// Whether what was seen says no more than the failure that was told.
    pub(super) fn is_out_of_step(&self) -> bool {
        self.untold.is_some()
    }

    /// The call of the last statement, while it has not returned.
    pub(super) fn call(&self) -> Option<CallId> {
        self.call
    }

    /// When the last statement was over.
    pub(super) fn ended(&self) -> Instant {
        self.ended
    }

    /// What fails behind this failure is only counted.
    pub(super) fn fall_out(&mut self, behind: usize) {
        self.untold = Some(Untold { behind, count: 0 });
    }

    /// The place of a failure, and how many were not told because of it, where there are any.
    pub(super) fn untold(&self) -> Option<(usize, usize)> {
        let untold = self.untold.filter(|it| it.count > 0)?;
        Some((untold.behind, untold.count))
    }
}
