//! The outcome of a run, and its verdict.

use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::account::Account;
use super::lateness::Lateness;
use crate::bounds::Reached;
use crate::capture::{CallRow, FailedRow, Trace, TraceHost, TraceSummary};
use crate::diagnostic::Diagnostic;
use crate::event_log::EventLog;

/// Whether everything held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Held,
    /// Something did not.
    Failed,
}

impl Verdict {
    /// As reports say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Failed => "failed",
        }
    }
}

/// Everything a run has to show.
#[derive(Debug)]
pub struct Outcome {
    /// What did not hold, in the order of the file.
    pub failures: Vec<Diagnostic>,
    /// The same as rows of the trace, in the order in which they were seen.
    pub failed: Vec<FailedRow>,
    /// What did not hold either, but follows from one of those, in the order in which it happened.
    pub untold: Vec<Diagnostic>,
    /// When the run ended.
    pub ended: Instant,
    /// The seed of its random choices.
    pub seed: u64,
    /// The hosts.
    pub hosts: Vec<TraceHost>,
    /// The facts.
    pub events: EventLog,
    /// The socket calls.
    pub calls: Vec<CallRow>,
    /// What became of each statement.
    pub account: Account,
    /// Why the run was stopped before its time, which is one of the failures as well.
    pub stopped: Option<Diagnostic>,
    /// The bound at which it was stopped, where that was the reason.
    pub reached: Option<Reached>,
    /// How late the driver was. In virtual time it never is.
    pub lateness: Lateness,
    /// Whether a part of the run was read while it went on.
    pub(super) is_read: bool,
    /// Where what was not read begins.
    pub(super) unread: Unread,
}

/// Where what was not read of a run begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unread {
    /// The place of the first fact.
    pub(super) facts: usize,
    /// How many rows of calls are before the first one.
    pub(super) calls: usize,
    /// How many failures are before the first one.
    pub(super) failures: usize,
}

impl Outcome {
    /// Whether everything held.
    pub fn verdict(&self) -> Verdict {
        if self.failures.is_empty() {
            Verdict::Held
        } else {
            Verdict::Failed
        }
    }

    /// What introduces the trace.
    pub fn summary(&self, scenario: &str, claim: &str) -> TraceSummary {
        TraceSummary {
            scenario: scenario.to_owned(),
            claim: claim.to_owned(),
            seed: self.seed,
            verdict: self.verdict().name().to_owned(),
            failures: self
                .failures
                .iter()
                .map(|failure| failure.message.clone())
                .collect(),
        }
    }

    /// The trace.
    pub fn trace<'a>(&'a self, summary: &'a TraceSummary) -> Trace<'a> {
        let Self {
            hosts,
            events,
            calls,
            failed: failures,
            ..
        } = self;
        Trace {
            summary,
            hosts,
            events,
            calls,
            failures,
        }
    }

    /// The vantage point of scripts and, by default, of traces: the first host.
    pub fn vantage(&self) -> HostId {
        HostId(0)
    }
}
