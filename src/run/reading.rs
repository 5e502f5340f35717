//! The reading of a run while it goes on: its facts, calls and failures are read part by part, by
//! filters and by who writes the trace, and what was read is let go.

use super::driver::Driver;
use super::verdict::{Outcome, Unread};
use crate::capture::{Part, Trace, TraceSummary};

impl Driver<'_> {
    /// Lets go of what nobody needs any more, where the log has grown.
    pub(super) fn let_go(&mut self) {
        if !self.events.is_full() {
            return;
        }
        let mut before = self.events.old();
        if self.reader.is_some() || self.counts.is_any() {
            self.read();
            before = before.min(self.needed());
        }
        self.events.forget(before);
        // Rows of calls stand beside facts.
        let rows = self.rows[..self.unread_calls()].iter();
        let gone = rows.take_while(|row| row.events_before < before).count();
        self.rows.drain(..gone);
        self.rows_gone += gone;
        self.unread.calls = self.unread.calls.saturating_sub(gone);
    }

    /// The rows that may go as far as readers are concerned.
    fn unread_calls(&self) -> usize {
        match self.reader.is_some() || self.counts.is_any() {
            true => self.unread.calls,
            false => self.rows.len(),
        }
    }

    /// Has readers read what is settled: nothing more will be told of its frames.
    fn read(&mut self) {
        let Some(settled) = self.medium.settled_before() else {
            return;
        };
        let places = self.unread.facts..self.events.len();
        let is_open = |place: &usize| {
            let event = self.events.get(*place);
            event
                .and_then(|it| it.frame)
                .is_some_and(|it| it >= settled)
        };
        let end = places.clone().find(is_open).unwrap_or(places.end);
        if end == places.start {
            return;
        }
        let calls = self.rows[self.unread.calls..].iter();
        let calls = calls.take_while(|row| row.events_before < end).count();
        let failures = self.failed[self.unread.failures..].iter();
        let failures = failures.take_while(|row| row.events_before < end).count();
        let unread = Unread {
            facts: end,
            calls: self.unread.calls + calls,
            failures: self.unread.failures + failures,
        };
        let (hosts, summary) = (self.medium.hosts(), TraceSummary::default());
        let part = Part {
            trace: Trace {
                summary: &summary,
                hosts: &hosts,
                events: &self.events,
                calls: &self.rows[self.unread.calls..unread.calls],
                failures: &self.failed[self.unread.failures..unread.failures],
            },
            facts: places.start..end,
            is_first: places.start == 0,
            is_last: false,
        };
        self.counts.take(part.clone());
        if let Some(reader) = &mut self.reader {
            reader.read(part);
        }
        self.unread = unread;
    }

    /// The first fact that is needed for what was not read yet: the sending of the first frame that
    /// is in it, which what is said of the frame may depend on.
    fn needed(&self) -> usize {
        let unread = self.unread.facts..self.events.len();
        let frame = |place| self.events.get(place)?.frame;
        let Some(first) = unread.filter_map(frame).min() else {
            return self.unread.facts;
        };
        let mut known = self.events.places();
        let is_there = |place: &usize| frame(*place).is_some_and(|it| it >= first);
        known.find(is_there).unwrap_or(self.unread.facts)
    }
}

impl Outcome {
    /// What no reader has read of the run.
    pub fn unread<'a>(&'a self, summary: &'a TraceSummary) -> Part<'a> {
        let Unread {
            facts,
            calls,
            failures,
        } = self.unread;
        let trace = self.trace(summary);
        Part {
            trace: Trace {
                calls: &trace.calls[calls..],
                failures: &trace.failures[failures..],
                ..trace
            },
            facts: facts..self.events.len(),
            is_first: !self.is_read,
            is_last: true,
        }
    }
}
