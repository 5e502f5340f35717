//! Steps that follow each other: the wait for the last one, and scripts that are out of step.
//!
//! A step is over when its call has returned or its packet has come. A step that follows it also
//! waits for its own thread, which makes one call after the other.

use smoltcp::time::{Duration, Instant};

use super::conduct::End;
use super::driver::Driver;
use super::time::{STEP_MAX, instant};
use super::waiting::Waiting;
use crate::diagnostic::{Diagnostic, Span};
use crate::scenario::script::{Call, Statement};

/// How long a step in real time waits for its thread, as packetdrill does.
const IDLE_MOST: Duration = Duration::from_secs(1);

impl<'a> Driver<'a> {
    /// Waits until the step before a statement is over, and until the thread of its call is free.
    /// Returns the moment from which its time counts. None: the step does not end, which was
    /// reported.
    pub(super) fn await_step(&mut self, statement: &Statement) -> Option<Instant> {
        let limit = match self.conduct.end {
            End::At(until) => instant(until).max(self.medium.now()),
            // Nobody knows whether it will.
            End::After(_) => self.medium.now() + self.conduct.patience,
            End::Quiet(_) | End::Calls | End::Programs => self.medium.now() + STEP_MAX,
        };
        let mut is_last_look = false;
        loop {
            let Some(waiting) = self.awaited(statement) else {
                let since = self.steps.ended();
                return Some(match statement.call() {
                    // Its thread may have been busy for longer than the step before.
                    Some(_) => since.max(self.medium.now()),
                    None => since,
                });
            };
            if is_last_look {
                self.step_never_ends(&waiting, statement.time.span);
                return None;
            }
            is_last_look = !self.advance_to_next(limit);
        }
    }

    /// Waits until the thread of a statement's call is free, where the call in which it waits
    /// should have returned by now: what ends a call is seen a little before its end is known.
    pub(super) fn await_thread(&mut self, statement: &Statement) {
        let limit = self.medium.now() + IDLE_MOST;
        let own = statement.call().filter(|call| call.routine.is_none());
        while let Some(waiting) = own.and_then(|it| self.busy(it))
            && waiting.returns.is_some_and(|(_, until)| until <= limit)
            && self.medium.now() < limit
        {
            self.advance_to_next(limit);
        }
    }

    /// The call that a statement has to wait for.
    fn awaited(&self, statement: &Statement) -> Option<Waiting<'a>> {
        let before = self.waiting.iter();
        let before = { before }.find(|it| Some(it.id) == self.steps.call());
        let own = statement.call().filter(|call| call.routine.is_none());
        before.copied().or_else(|| self.busy(own?))
    }

    /// The call in which the thread of another one waits.
    pub(super) fn busy(&self, call: &Call) -> Option<Waiting<'a>> {
        let host = self.host(&call.host.value)?;
        let thread = |call: &'_ Call| call.thread.as_ref().map(|it| it.value.clone());
        let own = thread(call);
        let mut waiting = self.waiting.iter();
        waiting
            .find(|it| it.host == host && thread(it.call) == own)
            .copied()
    }

    fn step_never_ends(&mut self, waiting: &Waiting<'_>, follower: Span) {
        self.steps.is_stuck = true;
        self.waiting.retain(|it| it.id != waiting.id);
        let name = &waiting.call.name;
        let message = format!("`{}` never returned", name.value);
        let diagnostic = Diagnostic::new(name.span, message);
        let diagnostic = diagnostic.context(follower, "this step waits for it");
        self.out_of_step(diagnostic.help("with `+0` in place of `then` it would not wait"));
    }
}
