//! poll, in its short form and in packetdrill's.

use super::PosixCalls;
use super::words::{EVENTS, POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDHUP};
use crate::calls::BadCall;
use crate::calls::argument::{Context, show};
use crate::calls::table::Made;
use crate::scenario::script::Argument;

impl PosixCalls {
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let Some(Argument::List(list)) = context.argument(0) else {
            let fd = self.fd(context)?;
            let events = match context.argument(1) {
                Some(_) => context.number(1, EVENTS)?,
                None => POLLIN | POLLOUT | POLLRDHUP,
            };
            return Ok(Made::value(show_events(self.ready(context, fd, events))));
        };
        let polled: Vec<Polled<'_>> = list
            .iter()
            .map(|entry| self.polled(context, entry))
            .collect::<Result<_, _>>()?;
        if context.number(1, &[])? != i64::try_from(polled.len()).unwrap_or(i64::MAX) {
            return context.bad(1, format_args!("the list has {} entries", polled.len()));
        }
        let ready = polled.iter().filter(|entry| entry.revents != 0).count();
        let until = self.deadline(context, 2)?;
        if ready == 0 && until.is_none_or(|until| context.network.now() < until) {
            self.keep_waiting(until);
            return Ok(Made::Blocks { until });
        }
        let as_written = polled.iter().all(|entry| {
            entry
                .expected
                .is_none_or(|expected| expected == entry.revents)
        });
        if as_written {
            return Ok(Made::value(ready));
        }
        let shown: Vec<_> = polled
            .iter()
            .map(|entry| {
                let (events, revents) = (show_events(entry.events), show_events(entry.revents));
                format!(
                    "{{fd={}, events={events}, revents={revents}}}",
                    show(entry.fd)
                )
            })
            .collect();
        Ok(Made::differs(ready, 0, format!("[{}]", shown.join(", "))))
    }

    /// An entry of poll's list, and what it is ready for.
    fn polled<'a>(
        &mut self,
        context: &Context<'_>,
        entry: &'a Argument,
    ) -> Result<Polled<'a>, BadCall> {
        let Argument::Struct(fields) = entry else {
            return context.bad(
                0,
                format_args!("{} is not {{fd=3, events=POLLIN}}", show(entry)),
            );
        };
        let field = |name: &str| {
            fields
                .iter()
                .find(|(known, _)| known.as_deref() == Some(name))
                .map(|(_, value)| value)
        };
        let (Some(fd), Some(events)) = (field("fd"), field("events")) else {
            return context.bad(
                0,
                format_args!("{} is not {{fd=3, events=POLLIN}}", show(entry)),
            );
        };
        let descriptor = self.descriptors.find(context, 0, fd)?;
        let events = context.number_in(0, events, EVENTS)?;
        let expected = match field("revents") {
            None | Some(Argument::Ellipsis) => None,
            Some(expected) => Some(context.number_in(0, expected, EVENTS)?),
        };
        Ok(Polled {
            fd,
            events,
            expected,
            revents: self.ready(context, descriptor, events),
        })
    }

    /// Which of some events a descriptor is ready for. An error, the end of both directions and a
    /// descriptor that is not open are always among them.
    pub(super) fn ready(&mut self, context: &Context<'_>, fd: u64, events: i64) -> i64 {
        let status = match self.process.status(context.network.host(context.host), fd) {
            Err(_) => return POLLNVAL,
            Ok(None) => return POLLHUP,
            Ok(Some(status)) => status,
        };
        [
            (POLLIN, status.readable),
            (POLLOUT, status.writable),
            (POLLRDHUP, status.receive_ended),
            (POLLHUP, status.hung_up),
            (POLLERR, status.error.is_some()),
        ]
        .into_iter()
        .filter(|(event, holds)| *holds && (events | POLLHUP | POLLERR) & event != 0)
        .fold(0, |all, (event, _)| all | event)
    }
}

/// An entry of poll's list.
#[derive(Debug)]
struct Polled<'a> {
    fd: &'a Argument,
    events: i64,
    /// What the script says that it is ready for.
    expected: Option<i64>,
    revents: i64,
}

/// Events by name: `POLLIN|POLLRDHUP`, or 0.
fn show_events(events: i64) -> String {
    let names: Vec<_> = EVENTS
        .iter()
        .filter(|(_, event)| events & event != 0)
        .map(|(name, _)| *name)
        .collect();
    if names.is_empty() {
        "0".to_owned()
    } else {
        names.join("|")
    }
}
