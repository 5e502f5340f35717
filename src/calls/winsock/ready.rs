//! Event objects, network events, select and WSAPoll.

use hangup_stack::smoltcp::time::Duration;
use hangup_winsock::api::events::{SleepResult, WaitFor, WaitResult};
use hangup_winsock::api::ready::PollFd;
use hangup_winsock::api::thread::Alertable;
use hangup_winsock::notify::NetworkEvents;
use hangup_winsock::provider::Sets;
use hangup_winsock::provider::upcalls::EventHandle;
use hangup_winsock::{Progress, Socket, WsaError};

use super::state::WinsockCalls;
use super::words::{BOOLEANS, ERRORS, EVENTS, NETWORK_EVENTS, TIMEOUTS};
use crate::calls::answer::{BadCall, Made, failed, status, waited};
use crate::calls::argument::Context;
use crate::calls::show::show;
use crate::scenario::script::Argument;

impl WinsockCalls {
    /// The event object in an argument.
    fn event(&self, context: &Context<'_>, index: usize) -> Result<Option<EventHandle>, BadCall> {
        match context.argument(index) {
            None => Ok(None),
            Some(Argument::Word(word)) if word == "NULL" => Ok(None),
            Some(argument) => {
                let handle = self.program.descriptors.find(context, index, argument)?;
                Ok(Some(EventHandle::from_raw(handle)))
            }
        }
    }

    pub(super) fn create_event(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let made = self.on_host(context, |process, host, _| process.wsa_create_event(host));
        Ok(match made {
            Ok(event) => Made::opened(event.raw()),
            Err(error) => Made::failed("WSA_INVALID_EVENT", error.name()),
        })
    }

    pub(super) fn close_event(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.on_event(context, hangup_winsock::Winsock::wsa_close_event)
    }

    pub(super) fn set_event(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.on_event(context, hangup_winsock::Winsock::wsa_set_event)
    }

    pub(super) fn reset_event(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.on_event(context, hangup_winsock::Winsock::wsa_reset_event)
    }

    /// A function that returns a BOOL.
    fn on_event(&mut self, context: &mut Context<'_>, f: OnEvent) -> Result<Made, BadCall> {
        let event = EventHandle::from_raw(self.program.descriptors.first(context)?);
        let result = self.on_host(context, |process, host, _| f(process, host, event));
        Ok(match result {
            Ok(()) => Made::value("TRUE"),
            Err(error) => Made::failed("FALSE", error.name()),
        })
    }

    /// `WSAWaitForMultipleEvents([10, 11], FALSE, 1000[, TRUE])`: the index of the event object.
    pub(super) fn wait_for_multiple_events(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Made, BadCall> {
        let Some(Argument::List(list)) = context.argument(0) else {
            return context.bad(0, "the event objects are a list");
        };
        let events: Vec<EventHandle> = list
            .iter()
            .map(|it| {
                Ok(EventHandle::from_raw(
                    self.program.descriptors.find(context, 0, it)?,
                ))
            })
            .collect::<Result<_, BadCall>>()?;
        let wait_for = match context.number(1, BOOLEANS)? {
            0 => WaitFor::Any,
            _ => WaitFor::All,
        };
        let timeout = timeout(context, 2)?;
        let alertable = alertable(context, 3)?;
        let outcome = self.on_host(context, |process, host, now| {
            process.wsa_wait_for_multiple_events(host, now, &events, wait_for, timeout, alertable)
        });
        Ok(match outcome {
            Progress::Done(Ok(WaitResult::Event(index))) => Made::value(index),
            Progress::Done(Ok(WaitResult::Timeout)) => Made::value("WSA_WAIT_TIMEOUT"),
            Progress::Done(Ok(WaitResult::IoCompletion)) => Made::value("WSA_WAIT_IO_COMPLETION"),
            Progress::Done(Err(error)) => Made::failed("WSA_WAIT_FAILED", error.name()),
            Progress::Blocks { until } => Made::Blocks { until },
        })
    }

    /// `SleepEx(1000, TRUE)`
    pub(super) fn sleep_ex(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let timeout = timeout(context, 0)?;
        let alertable = alertable(context, 1)?;
        let outcome = self.on_host(context, |process, _, now| {
            process.sleep_ex(now, timeout, alertable)
        });
        Ok(waited(outcome.map(|result| match result {
            SleepResult::Elapsed => "0",
            SleepResult::IoCompletion => "WAIT_IO_COMPLETION",
        })))
    }

    /// `WSAEventSelect(4, 10, FD_READ|FD_CLOSE)`
    pub(super) fn event_select(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let event = self.event(context, 1)?;
        let events = context.narrow(2, NETWORK_EVENTS)?;
        Ok(status(self.on_host(context, |process, host, now| {
            process.wsa_event_select(host, now, s, event, events)
        })))
    }

    /// `WSAEnumNetworkEvents(4, 10) = FD_READ|FD_CLOSE`, or with the errors,
    /// `WSAEnumNetworkEvents(4, 10, {FD_CLOSE=WSAECONNRESET}) = 0`.
    pub(super) fn enum_network_events(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let event = self.event(context, 1)?;
        let expected = match context.argument(2) {
            None | Some(Argument::Ellipsis) => None,
            Some(Argument::Struct(fields)) => {
                let mut expected = Vec::new();
                for (name, value) in fields {
                    let known = |(known, _): &&(&str, i64)| name.as_deref() == Some(*known);
                    let Some((_, event)) = NETWORK_EVENTS.iter().find(known) else {
                        return context.bad(2, NETWORK_EVENTS_FORM);
                    };
                    expected.push((*event, context.number_in(2, value, &ERRORS)?));
                }
                Some(expected)
            }
            Some(_) => return context.bad(2, NETWORK_EVENTS_FORM),
        };
        let result = self.on_host(context, |process, host, now| {
            process.wsa_enum_network_events(host, now, s, event)
        });
        let found = match result {
            Ok(found) => found,
            Err(error) => return Ok(failed(error)),
        };
        let facts: Vec<(i64, i64)> = happened(found).collect();
        let Some(mut expected) = expected else {
            return Ok(match context.argument(2) {
                None => Made::value(show_events(found)),
                Some(_) => Made::fills(0, 2, show_errors(found)),
            });
        };
        expected.sort_unstable();
        if expected == facts {
            return Ok(Made::value(0));
        }
        Ok(Made::differs(0, 2, show_errors(found)))
    }

    /// `select([4], [], NULL, NULL)`: how many are ready. The sets are lists or NULL, the time is
    /// NULL or `{seconds, microseconds}`.
    pub(super) fn select(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let set = |index: usize| -> Result<Vec<Socket>, BadCall> {
            match context.argument(index) {
                Some(Argument::Word(word)) if word == "NULL" => Ok(Vec::new()),
                Some(Argument::List(list)) => list
                    .iter()
                    .map(|it| {
                        Ok(Socket::from_raw(
                            self.program.descriptors.find(context, index, it)?,
                        ))
                    })
                    .collect(),
                _ => context.bad(index, "a set is NULL or a list of sockets"),
            }
        };
        let mut sets = Sets {
            read: set(0)?,
            write: set(1)?,
            except: set(2)?,
        };
        let timeout = match context.argument(3) {
            Some(Argument::Word(word)) if word == "NULL" => None,
            Some(Argument::Struct(fields)) => {
                let [(None, seconds), (None, microseconds)] = fields.as_slice() else {
                    return context.bad(3, "the time is {seconds, microseconds}");
                };
                let part =
                    |argument| -> Result<u32, BadCall> { context.narrow_in(3, argument, &[]) };
                Some(
                    Duration::from_secs(part(seconds)?.into())
                        + Duration::from_micros(part(microseconds)?.into()),
                )
            }
            _ => return context.bad(3, "the time is NULL or {seconds, microseconds}"),
        };
        let outcome = self.on_host(context, |process, host, now| {
            process.select(host, now, &mut sets, timeout)
        });
        Ok(waited(outcome))
    }

    /// `WSAPoll(4, POLLIN) = POLLHUP`, which never waits, or
    /// `WSAPoll([{fd=4, events=POLLIN, revents=POLLHUP}], 1, 1000) = 1`.
    pub(super) fn wsa_poll(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let Some(Argument::List(list)) = context.argument(0) else {
            return self.poll_one(context);
        };
        let mut fds = Vec::new();
        let mut expected = Vec::new();
        for entry in list {
            let (fd, revents) = self.poll_entry(context, entry)?;
            fds.push(fd);
            expected.push(revents);
        }
        if context.number(1, &[])? != i64::try_from(fds.len()).unwrap_or(i64::MAX) {
            return context.bad(1, format_args!("the list has {} entries", fds.len()));
        }
        let timeout = timeout(context, 2)?;
        let outcome = self.on_host(context, |process, host, now| {
            process.wsa_poll(host, now, &mut fds, timeout)
        });
        let count = match outcome {
            Progress::Done(Ok(count)) => count,
            Progress::Done(Err(error)) => return Ok(failed(error)),
            Progress::Blocks { until } => return Ok(Made::Blocks { until }),
        };
        let differs = |(fd, expected): (&PollFd, &Option<i16>)| {
            expected.is_some_and(|expected| expected != fd.revents)
        };
        if !fds.iter().zip(&expected).any(differs) {
            return Ok(Made::value(count));
        }
        let shown: Vec<_> = list
            .iter()
            .zip(&fds)
            .map(|(entry, fd)| format!("{}: revents={}", show(entry), show_poll(fd.revents)))
            .collect();
        Ok(Made::differs(count, 0, format!("[{}]", shown.join(", "))))
    }

    fn poll_one(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let events = match context.argument(1) {
            Some(_) => context.narrow(1, EVENTS)?,
            None => 0x0310,
        };
        let mut fds = [PollFd {
            s,
            events,
            revents: 0,
        }];
        let outcome = self.on_host(context, |process, host, now| {
            process.wsa_poll(host, now, &mut fds, Some(Duration::ZERO))
        });
        Ok(waited(outcome.map(|_| show_poll(fds[0].revents))))
    }

    fn poll_entry(
        &self,
        context: &Context<'_>,
        entry: &Argument,
    ) -> Result<(PollFd, Option<i16>), BadCall> {
        let form = "an entry is {fd=4, events=POLLIN, revents=POLLHUP}";
        let Argument::Struct(fields) = entry else {
            return context.bad(0, form);
        };
        let field = |name: &str| {
            let known = |(known, _): &&(Option<String>, Argument)| known.as_deref() == Some(name);
            fields.iter().find(known).map(|(_, value)| value)
        };
        let (Some(fd), Some(events)) = (field("fd"), field("events")) else {
            return context.bad(0, form);
        };
        let revents = match field("revents") {
            None | Some(Argument::Ellipsis) => None,
            Some(revents) => Some(context.narrow_in(0, revents, EVENTS)?),
        };
        let fd = PollFd {
            s: Socket::from_raw(self.program.descriptors.find(context, 0, fd)?),
            events: context.narrow_in(0, events, EVENTS)?,
            revents: 0,
        };
        Ok((fd, revents))
    }
}

/// A function on an event object.
type OnEvent = fn(
    &mut hangup_winsock::Winsock,
    &hangup_stack::host::Host,
    EventHandle,
) -> Result<(), WsaError>;

const NETWORK_EVENTS_FORM: &str = "the events are {FD_READ=0, FD_CLOSE=WSAECONNRESET}";

/// A time in milliseconds; WSA_INFINITE and every negative number are no limit.
fn timeout(context: &Context<'_>, index: usize) -> Result<Option<Duration>, BadCall> {
    let milliseconds: i64 = context.number(index, TIMEOUTS)?;
    Ok(match u32::try_from(milliseconds) {
        Ok(u32::MAX) | Err(_) => None,
        Ok(milliseconds) => Some(Duration::from_millis(milliseconds.into())),
    })
}

fn alertable(context: &Context<'_>, index: usize) -> Result<Alertable, BadCall> {
    Ok(match context.number(index, BOOLEANS)? {
        0 => Alertable::No,
        _ => Alertable::Yes,
    })
}

/// The events with their errors, by their numbers.
fn happened(found: NetworkEvents) -> impl Iterator<Item = (i64, i64)> {
    let is_there = move |event: &i32| found.events & event != 0;
    let events = (0..10).map(|bit| 1 << bit).filter(is_there);
    events.map(move |event| (event.into(), found.error(event).into()))
}

/// `FD_READ|FD_CLOSE`, or 0.
pub(super) fn show_events(found: NetworkEvents) -> String {
    join(NETWORK_EVENTS, found.events.into())
}

/// `{FD_CLOSE=WSAECONNRESET}`
fn show_errors(found: NetworkEvents) -> String {
    let shown: Vec<_> = happened(found)
        .map(|(event, error)| {
            let error = WsaError::from_code(i32::try_from(error).unwrap_or(0));
            let error = error.map_or("0", WsaError::name);
            format!("{}={error}", join(NETWORK_EVENTS, event))
        })
        .collect();
    format!("{{{}}}", shown.join(", "))
}

/// `POLLIN|POLLHUP`, or 0.
fn show_poll(events: i16) -> String {
    join(EVENTS, events.into())
}

/// The names of the bits of a number; of several names for one bit, the first.
fn join(words: &[(&str, i64)], bits: i64) -> String {
    let mut rest = bits;
    let mut names = Vec::new();
    for (name, bit) in words {
        if bit.count_ones() == 1 && rest & bit != 0 {
            names.push(*name);
            rest &= !bit;
        }
    }
    if names.is_empty() {
        "0".to_owned()
    } else {
        names.join("|")
    }
}
