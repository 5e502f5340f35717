//! poll, in its short form and in packetdrill's.

use hangup_posix::poll::{POLLIN, POLLOUT, POLLRDHUP, PollFd};
use hangup_posix::{FileDescriptor, Progress};

use super::state::PosixCalls;
use super::words::EVENTS;
use crate::calls::answer::{BadCall, Made, failed, waited};
use crate::calls::argument::Context;
use crate::calls::show::show;
use crate::scenario::script::Argument;

impl PosixCalls {
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let Some(Argument::List(list)) = context.argument(0) else {
            return self.poll_one(context);
        };
        let written: Vec<Written<'_>> = list
            .iter()
            .map(|entry| self.written(context, entry))
            .collect::<Result<_, _>>()?;
        if context.number(1, &[])? != i64::try_from(written.len()).unwrap_or(i64::MAX) {
            return context.bad(1, format_args!("the list has {} entries", written.len()));
        }
        let timeout = context.narrow(2, &[])?;
        let mut fds: Vec<PollFd> = written.iter().map(|entry| entry.asked).collect();
        let polled = context.on_host(|host, now| self.process.poll(host, now, &mut fds, timeout));
        let ready = match polled {
            Progress::Done(Ok(ready)) => ready,
            Progress::Done(Err(error)) => return Ok(failed(error)),
            Progress::Blocks { until } => return Ok(Made::Blocks { until }),
        };
        let answers = || written.iter().zip(&fds);
        if answers().all(|(entry, answer)| entry.expects(answer.revents)) {
            return Ok(Made::value(ready));
        }
        let shown: Vec<_> = answers()
            .map(|(entry, answer)| {
                let (events, revents) = (show_events(answer.events), show_events(answer.revents));
                format!(
                    "{{fd={}, events={events}, revents={revents}}}",
                    show(entry.fd)
                )
            })
            .collect();
        Ok(Made::differs(ready, 0, format!("[{}]", shown.join(", "))))
    }

    /// `poll(3)`: what a descriptor is ready for now.
    fn poll_one(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let events = match context.argument(1) {
            Some(_) => context.narrow(1, EVENTS)?,
            None => POLLIN | POLLOUT | POLLRDHUP,
        };
        let mut fds = [PollFd::new(fd, events)];
        let polled = context.on_host(|host, now| self.process.poll(host, now, &mut fds, 0));
        Ok(waited(polled.map(|_| show_events(fds[0].revents))))
    }

    /// An entry of poll's list.
    fn written<'a>(
        &self,
        context: &Context<'_>,
        entry: &'a Argument,
    ) -> Result<Written<'a>, BadCall> {
        let fields: &[(Option<String>, Argument)] = if let Argument::Struct(fields) = entry {
            fields
        } else {
            &[]
        };
        let field = |name: &str| {
            let mut fields = fields.iter();
            let (_, value) = fields.find(|(known, _)| known.as_deref() == Some(name))?;
            Some(value)
        };
        let (Some(fd), Some(events)) = (field("fd"), field("events")) else {
            return context.bad(
                0,
                format_args!("{} is not {{fd=3, events=POLLIN}}", show(entry)),
            );
        };
        let descriptor = FileDescriptor::from_raw(self.program.descriptors.find(context, 0, fd)?);
        let events = context.narrow_in(0, events, EVENTS)?;
        let expected = match field("revents") {
            None | Some(Argument::Ellipsis) => None,
            Some(expected) => Some(context.number_in(0, expected, EVENTS)?),
        };
        Ok(Written {
            fd,
            asked: PollFd::new(descriptor, events),
            expected,
        })
    }
}

/// An entry of poll's list as the script has it.
#[derive(Debug)]
struct Written<'a> {
    fd: &'a Argument,
    asked: PollFd,
    /// What the script says that it is ready for.
    expected: Option<i64>,
}

impl Written<'_> {
    fn expects(&self, revents: i16) -> bool {
        self.expected
            .is_none_or(|expected| expected == i64::from(revents))
    }
}

/// Events by name: `POLLIN|POLLRDHUP`, or 0.
fn show_events(events: i16) -> String {
    let names: Vec<_> = EVENTS
        .iter()
        .filter(|(_, event)| i64::from(events) & event != 0)
        .map(|(name, _)| *name)
        .collect();
    if names.is_empty() {
        "0".to_owned()
    } else {
        names.join("|")
    }
}
