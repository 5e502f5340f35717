//! The look that is taken at a run from time to time, and what it has ended it for.

use hangup_stack::storm::Storm;

use crate::bounds::{Bounds, Held, Reached};
use crate::diagnostic::{Diagnostic, Span};
use crate::event_log::EventLog;
use crate::scenario::script::Argument;

/// The most facts of a run. A scenario that reaches it would not end.
const FACTS_MOST: usize = 2_000_000;
/// The same where facts are not kept, and cost no memory.
const FORGOTTEN_MOST: usize = 100_000_000;
/// How often a look is skipped where nothing can have grown, and how many facts make one due.
const SKIPPED_MOST: u32 = 64;
const FACTS_BETWEEN: usize = 256;
/// A number of octets after which a look at the memory is due.
const LARGE: i64 = 64 << 10;
/// Looks at a run from time to time.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    bounds: &'a dyn Bounds,
    /// The statement whose turn it is.
    pub(super) statement: Option<Span>,
    skipped: u32,
    facts: usize,
    ended: Option<Stop>,
    /// The failure that says so.
    pub(super) failure: Option<Diagnostic>,
}

/// Why a run was stopped.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stop {
    /// It has reached a bound.
    Bound(Reached),
    /// More than so many things have happened.
    Facts(usize),
    /// Two hosts answer each other, and nothing else happens.
    Storm(Storm),
    /// A limit of the script's own.
    Limit,
}

impl<'a> Watch<'a> {
    pub(super) fn new(bounds: &'a dyn Bounds) -> Self {
        Self {
            bounds,
            statement: None,
            skipped: 0,
            facts: 0,
            ended: None,
            failure: None,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// The bound that was reached.
    pub(super) fn reached(&self) -> Option<Reached> {
        match self.ended? {
            Stop::Bound(reached) => Some(reached),
            Stop::Facts(_) | Stop::Storm(_) | Stop::Limit => None,
        }
    }

    /// Ends the run at a limit of the script's own.
    pub(super) fn end(&mut self, failure: Diagnostic) {
        self.ended = Some(Stop::Limit);
        self.failure = Some(failure);
    }

    /// Takes the next look at once where a call may have sent much: none sends more than it says.
    pub(super) fn called(&mut self, arguments: &[Argument]) {
        let large = |it: &Argument| matches!(it, Argument::Integer(it) if *it >= LARGE);
        if arguments.iter().any(large) {
            self.skipped = SKIPPED_MOST;
        }
    }

    /// Looks at a run of which so much is known, and ends it where it is over.
    pub(super) fn look(
        &mut self,
        log: &EventLog,
        held: Held,
        storm: Option<Storm>,
    ) -> Option<Stop> {
        let most = match log.forgets() {
            true => FORGOTTEN_MOST,
            false => FACTS_MOST,
        };
        let stop = if let Err(reached) = self.bounds.check(held) {
            Stop::Bound(reached)
        } else if let Some(storm) = storm {
            Stop::Storm(storm)
        } else if log.len() > most {
            Stop::Facts(most)
        } else {
            return None;
        };
        self.ended = Some(stop);
        Some(stop)
    }

    /// Whether it is time to look again.
    pub(super) fn is_due(&mut self, facts: usize) -> bool {
        self.skipped += 1;
        let due = self.skipped > SKIPPED_MOST || facts >= self.facts + FACTS_BETWEEN;
        if due {
            self.skipped = 0;
            self.facts = facts;
        }
        due
    }
}
