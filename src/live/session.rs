//! What goes on beside the device of a live run: a program, lines of control, a proxy.

use std::io::Write;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use hangup_stack::network::HostId;
use rustix::event::PollFlags;
use smoltcp::time::Instant;

use super::control::{Control, Request};
use super::forward::Forwarder;
use super::medium::Side;
use super::program::Program;
use super::stream::Stream;
use crate::calls::Returned;
use crate::run::{CallId, SoFar, VirtualNetwork};

/// All of it. It ends with its program; where there is none, when it is told to.
#[derive(Debug)]
pub struct Session {
    /// The program, or only the signals that end the run.
    pub program: Program,
    /// The lines of control.
    pub control: Option<Control>,
    /// The proxy.
    pub forwarder: Option<Forwarder>,
    /// The trace, where it is written while the run goes on.
    pub stream: Option<Stream>,
    /// What is printed on standard output when the hosts are ready.
    pub ready: Option<String>,
    /// Whether it was told to end.
    pub has_quit: bool,
}

impl Side for Session {
    fn begin(&mut self) {
        self.program.begin();
        if let Some(ready) = self.ready.take() {
            // Who does not read it does not wait for it.
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{ready}").and_then(|()| out.flush());
        }
    }

    fn descriptors<'a>(&'a self, all: &mut Vec<(BorrowedFd<'a>, PollFlags)>) {
        self.program.descriptors(all);
        if let Some(control) = &self.control {
            control.descriptors(all);
        }
        if let Some(forwarder) = &self.forwarder {
            forwarder.descriptors(all);
        }
    }

    fn returned(&mut self, call: CallId, returned: Result<&Returned, &str>) {
        if let Some(control) = &mut self.control {
            control.returned(call, returned);
        }
    }

    fn caller(&self, call: CallId) -> HostId {
        let control = self.control.as_ref();
        control.map_or(HostId(0), |it| it.caller(call))
    }

    fn pump(&mut self, network: &mut VirtualNetwork) {
        if let Some(forwarder) = &mut self.forwarder {
            forwarder.pump(network);
        }
    }

    fn show(&mut self, so_far: SoFar<'_>) {
        if let Some(stream) = &mut self.stream {
            stream.show(so_far);
        }
    }

    fn wants_to_see(&self) -> bool {
        let due = self.stream.as_ref().and_then(Stream::due);
        due.is_some_and(|due| due.is_zero())
    }

    fn look(&mut self, network: &mut VirtualNetwork, now: Instant) {
        self.program.look(network, now);
        let Some(control) = &mut self.control else {
            return;
        };
        for request in control.look(network) {
            match (request, &mut self.forwarder) {
                (Request::Quit, _) => self.has_quit = true,
                (Request::Fire(number), Some(forwarder)) => forwarder.fire(number, network),
                (Request::Fire(_), None) => {}
            }
        }
        // Where there is neither a program nor anybody who could ask, nothing is waited for.
        self.has_quit |= !self.program.is_wanted() && control.is_at_end();
    }

    fn due(&self) -> Option<Duration> {
        let forwarder = self.forwarder.as_ref().and_then(Forwarder::due);
        let stream = self.stream.as_ref().and_then(Stream::due);
        let all = [self.program.due(), forwarder, stream];
        all.into_iter().flatten().min()
    }

    fn has_ended(&self) -> bool {
        self.program.has_ended() || self.has_quit
    }
}
