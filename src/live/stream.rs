//! The trace of a live run, written while it goes on: for a pipe that somebody looks at.

use std::io::{BufWriter, Write};
use std::time::{Duration, Instant};

use hangup_stack::network::HostId;

use crate::capture::pcapng::Growing;
use crate::capture::{PcapngError, Rows, Trace, TraceHost, TraceOptions, TraceSummary};
use crate::run::SoFar;

/// The trace is written at most so often.
const APART: Duration = Duration::from_millis(100);

/// And so many times longer apart than the last writing took: a long trace is gone through each
/// time.
const APART_TIMES: u32 = 10;

/// What a trace is called before anything is known of its end.
const UNDER_WAY: &str = "under way";

/// A trace that is written while its run goes on.
pub struct Stream {
    /// None: nobody reads any more.
    file: Option<Growing<BufWriter<Box<dyn Write>>>>,
    summary: TraceSummary,
    hosts: Vec<TraceHost>,
    vantage: HostId,
    out: Option<Box<dyn Write>>,
    /// When it may be written next, and whether something waits for that.
    next: Instant,
    waits: bool,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Stream {
    /// The trace of a run, as seen at a host. Its verdict is not known yet.
    pub fn new(name: &str, claim: &str, vantage: HostId, out: Box<dyn Write>) -> Self {
        Self {
            file: None,
            summary: TraceSummary {
                scenario: name.to_owned(),
                claim: claim.to_owned(),
                seed: 0,
                verdict: UNDER_WAY.to_owned(),
                failures: Vec::new(),
            },
            hosts: Vec::new(),
            vantage,
            out: Some(out),
            next: Instant::now(),
            waits: false,
        }
    }

    /// The hosts are known, and the seed.
    pub(super) fn begin(&mut self, hosts: Vec<TraceHost>, seed: u64) {
        self.hosts = hosts;
        self.summary.seed = seed;
    }

    /// Writes what is new, or waits with that.
    pub(super) fn show(&mut self, so_far: SoFar<'_>) {
        let begun = Instant::now();
        if begun < self.next {
            self.waits = true;
            return;
        }
        self.waits = false;
        let summary = self.summary.clone();
        let hosts = std::mem::take(&mut self.hosts);
        let written = self.write(&Trace {
            summary: &summary,
            hosts: &hosts,
            events: so_far.events,
            calls: so_far.calls,
            failures: so_far.failures,
        });
        self.hosts = hosts;
        if written.is_err() {
            // Whoever read it has gone; the run goes on.
            self.file = None;
        }
        self.next = begun + APART.max(begun.elapsed() * APART_TIMES);
    }

    /// When it wants to be shown the trace again, in real time from now.
    pub(super) fn due(&self) -> Option<Duration> {
        let rest = self.next.saturating_duration_since(Instant::now());
        self.waits.then_some(rest)
    }

    /// Writes the rest of a trace, and ends it.
    ///
    /// # Errors
    /// It cannot be written. Where nobody reads any more, nothing is written, which is none.
    pub fn finish(mut self, trace: &Trace<'_>) -> Result<(), PcapngError> {
        self.write(trace)?;
        self.file.map_or(Ok(()), Growing::finish)
    }

    fn write(&mut self, trace: &Trace<'_>) -> Result<(), PcapngError> {
        if let Some(out) = self.out.take() {
            let options = TraceOptions {
                rows: Rows::Expected,
                ..TraceOptions::default()
            };
            let out = BufWriter::new(out);
            self.file = Some(Growing::begin(trace, self.vantage, &options, out)?);
        }
        self.file.as_mut().map_or(Ok(()), |file| file.grow(trace))
    }
}
