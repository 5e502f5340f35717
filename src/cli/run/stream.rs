//! The trace of a long run, which is written while the run goes on, so that nobody keeps all of it.

use std::fmt;
use std::path::{Path, PathBuf};

use hangup_stack::network::HostId;

use crate::capture::pcapng::Writing;
use crate::capture::{Part, Trace, TraceOptions, TraceSummary};
use crate::cli::args::Run;
use crate::cli::traces;
use crate::files::{FileError, Unfinished};
use crate::run::{Outcome, Reader};

/// Writes the trace of a run, where the run is long.
#[derive(Debug)]
pub(super) struct TraceStream<'a> {
    args: &'a Run,
    name: PathBuf,
    at: HostId,
    options: TraceOptions,
    /// How the run comes out where everything holds.
    summary: TraceSummary,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The run is short so far.
    Waiting,
    Writing(Box<Writing<Unfinished>>),
    /// Why it cannot be written.
    Failed(String),
}

impl<'a> TraceStream<'a> {
    /// None: the trace is of a kind that can only be written once the run is over.
    pub(super) fn new(args: &'a Run, summary: TraceSummary, at: HostId) -> Option<Self> {
        let form = args.trace.form(args.snaplen);
        Some(Self {
            args,
            name: PathBuf::from(&summary.scenario),
            at,
            options: form.streamed(args.write.as_deref())?,
            summary,
            state: State::Waiting,
        })
    }

    fn begin(&self, part: Part<'_>) -> Result<Writing<Unfinished>, String> {
        let out = self.open().map_err(|error| error.to_string())?;
        Writing::begin(part, self.at, &self.options, out).map_err(of_trace)
    }

    fn open(&self) -> Result<Unfinished, FileError> {
        match &self.args.write {
            Some(path) => Unfinished::at(path),
            None => {
                let name = traces::path(Path::new(""), &self.name, traces::STREAMED.extension);
                Unfinished::below(&self.args.traces, &name)
            }
        }
    }

    /// Writes what is left of a run, and how it came out. None: the run was a short one, and
    /// nothing of its trace is written.
    pub(super) fn finish(
        self,
        outcome: &Outcome,
        summary: &TraceSummary,
    ) -> Option<Result<(), String>> {
        match self.state {
            State::Waiting => None,
            State::Failed(why) => Some(Err(why)),
            State::Writing(writing) => Some(finish(*writing, outcome, summary)),
        }
    }
}

impl Reader for TraceStream<'_> {
    fn read(&mut self, part: Part<'_>) {
        let part = Part {
            trace: Trace {
                summary: &self.summary,
                ..part.trace
            },
            ..part
        };
        let state = match &mut self.state {
            State::Failed(_) => return,
            State::Writing(writing) => writing.part(part).map_err(of_trace).err(),
            State::Waiting => match self.begin(part) {
                Ok(writing) => {
                    self.state = State::Writing(Box::new(writing));
                    None
                }
                Err(why) => Some(why),
            },
        };
        if let Some(why) = state {
            self.state = State::Failed(why);
        }
    }
}

fn finish(
    mut writing: Writing<Unfinished>,
    outcome: &Outcome,
    summary: &TraceSummary,
) -> Result<(), String> {
    writing.part(outcome.unread(summary)).map_err(of_trace)?;
    writing.end().map_err(of_trace)?;
    let (mut out, octets, head) = writing.into_parts(summary).map_err(of_trace)?;
    out.replace_head(octets, &head).map_err(of_trace)?;
    out.finish().map_err(|error| error.to_string())
}

fn of_trace(error: impl fmt::Display) -> String {
    format!("cannot write the trace: {error}")
}
