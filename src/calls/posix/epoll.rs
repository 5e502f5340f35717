//! epoll, on top of what poll says: epoll_create, epoll_ctl and epoll_wait, level-triggered.
//!
//! Left out: EPOLLET. When an edge counts as one depends on every wake-up of a kernel, which no
//! state of a socket tells; a script that asks for it is told so.

use std::collections::BTreeMap;

use super::words::{
    EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLL_CTLS, EPOLL_EVENTS, EPOLLET, EPOLLONESHOT,
    EVENTS,
};
use super::{PosixCalls, failed, status};
use crate::calls::BadCall;
use crate::calls::argument::{Context, show};
use crate::calls::table::Made;
use crate::scenario::script::Argument;
use hangup_posix::Errno;
use hangup_stack::blocking::ThreadId;
use hangup_stack::smoltcp::time::{Duration, Instant};

/// The interest lists of a process, by their descriptors.
pub(super) type Lists = BTreeMap<u64, Vec<Watched>>;

/// An entry of an interest list.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    fd: u64,
    events: i64,
    /// Whether it still tells: one with EPOLLONESHOT tells once.
    is_armed: bool,
    /// What epoll_wait gives back with its events: `fd=4`.
    data: Option<(String, Argument)>,
}

impl Watched {
    fn new(fd: u64, events: i64, data: Option<(String, Argument)>) -> Self {
        Self {
            fd,
            events,
            is_armed: true,
            data,
        }
    }
}

/// What epoll_wait says of one entry.
#[derive(Debug)]
struct Ready {
    index: usize,
    events: i64,
    data: Option<(String, Argument)>,
}

impl PosixCalls {
    pub(super) fn epoll_create(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        // Linux does not look at the size, but for its sign.
        if context.number(0, &[])? <= 0 {
            return Ok(failed(Errno::Invalid));
        }
        let fd = match self.process.reserve(self.epolls.len()) {
            Ok(fd) => fd,
            Err(error) => return Ok(failed(error)),
        };
        self.epolls.insert(fd, Vec::new());
        self.descriptors.open(fd, None, context.default_family());
        Ok(Made::opened(fd))
    }

    pub(super) fn epoll_ctl(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let list = self.descriptors.first(context)?;
        let operation = context.number(1, EPOLL_CTLS)?;
        let fd = match context.argument(2) {
            Some(argument) => self.descriptors.find(context, 2, argument)?,
            None => return context.bad(2, "the descriptor is missing"),
        };
        let event = match (operation, context.argument(3)) {
            (EPOLL_CTL_DEL, _) => None,
            (_, Some(event)) => Some(event_of(context, 3, event)?),
            (_, None) => return context.bad(3, EVENT),
        };
        if let Some((events, _)) = &event
            && events & EPOLLET != 0
        {
            return context.bad(3, "edges (EPOLLET) are not told apart here, only levels");
        }
        if self.process.file(fd).is_err() && !self.epolls.contains_key(&fd) {
            return Ok(failed(Errno::BadDescriptor));
        }
        let is_file = self.process.file(list).is_ok();
        let Some(watched) = self.epolls.get_mut(&list) else {
            return Ok(failed(match is_file {
                true => Errno::Invalid,
                false => Errno::BadDescriptor,
            }));
        };
        if self.process.file(fd).is_err() {
            return context.bad(2, "a list in a list is not watched here");
        }
        let known = watched.iter().position(|it| it.fd == fd);
        Ok(status(match (operation, known, event) {
            (EPOLL_CTL_ADD, None, Some((events, data))) => {
                watched.push(Watched::new(fd, events, data));
                Ok(())
            }
            (EPOLL_CTL_ADD, Some(_), _) => Err(Errno::Exists),
            (EPOLL_CTL_MOD, Some(index), Some((events, data))) => {
                watched[index] = Watched::new(fd, events, data);
                Ok(())
            }
            (EPOLL_CTL_DEL, Some(index), _) => {
                watched.remove(index);
                Ok(())
            }
            (EPOLL_CTL_MOD | EPOLL_CTL_DEL, None, _) => Err(Errno::NoEntry),
            _ => Err(Errno::Invalid),
        }))
    }

    pub(super) fn epoll_wait(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let list = self.descriptors.first(context)?;
        let most = context.number(2, &[])?;
        let Some(watched) = self.epolls.get(&list).cloned() else {
            return Ok(failed(match self.process.file(list).is_ok() {
                true => Errno::Invalid,
                false => Errno::BadDescriptor,
            }));
        };
        let Ok(most) = usize::try_from(most.max(-1)) else {
            return Ok(failed(Errno::Invalid));
        };
        if most == 0 {
            return Ok(failed(Errno::Invalid));
        }
        let mut ready = Vec::new();
        for (index, entry) in watched.into_iter().enumerate() {
            // What was closed is in no list any more.
            if !entry.is_armed || self.process.file(entry.fd).is_err() {
                continue;
            }
            let events = self.ready(context, entry.fd, entry.events);
            if events != 0 {
                let data = entry.data;
                ready.push(Ready {
                    index,
                    events,
                    data,
                });
            }
        }
        if ready.len() > most {
            let count = ready.len();
            return context.bad(
                2,
                format_args!("{count} are ready, and nothing says which of them come first"),
            );
        }
        if ready.is_empty() {
            let until = self.deadline(context, 3)?;
            if until.is_none_or(|until| context.network.now() < until) {
                self.keep_waiting(until);
                return Ok(Made::Blocks { until });
            }
            return Ok(Made::value(0));
        }
        self.poll_until.remove(&self.process.thread);
        self.disarm(list, &ready);
        compared(context, &ready)
    }

    /// Entries that tell once have told.
    fn disarm(&mut self, list: u64, ready: &[Ready]) {
        let Some(watched) = self.epolls.get_mut(&list) else {
            return;
        };
        for entry in ready {
            if let Some(watched) = watched.get_mut(entry.index)
                && watched.events & EPOLLONESHOT != 0
            {
                watched.is_armed = false;
            }
        }
    }

    /// When the call that waits in this thread returns at the latest: its timeout in milliseconds
    /// counts from when it was made. Forgets it until [`Self::keep_waiting`].
    pub(super) fn deadline(
        &mut self,
        context: &Context<'_>,
        index: usize,
    ) -> Result<Option<Instant>, BadCall> {
        let timeout = context.number(index, &[])?;
        if let Some(until) = self.poll_until.remove(&self.process.thread) {
            return Ok(Some(until));
        }
        let milliseconds = u64::try_from(timeout).ok();
        // The timeout is an int, so that the sum stays far below the end of time.
        let milliseconds = milliseconds.map(|it| it.min(i32::MAX.unsigned_abs().into()));
        Ok(milliseconds.map(|it| context.network.now() + Duration::from_millis(it)))
    }

    /// The call of this thread waits.
    pub(super) fn keep_waiting(&mut self, until: Option<Instant>) {
        let thread: ThreadId = self.process.thread;
        self.poll_until.extend(until.map(|until| (thread, until)));
    }
}

const EVENT: &str = "an event is {events=EPOLLIN, fd=4}";

/// An event as a script writes it: its events, and what is given back with them.
fn event_of(
    context: &Context<'_>,
    index: usize,
    event: &Argument,
) -> Result<(i64, Option<(String, Argument)>), BadCall> {
    let Argument::Struct(fields) = event else {
        return context.bad(index, format_args!("{} is none: {EVENT}", show(event)));
    };
    let mut events = None;
    let mut data = None;
    for (name, value) in fields {
        match name.as_deref() {
            Some("events") => events = Some(context.number_in(index, value, EPOLL_EVENTS)?),
            Some(name @ ("fd" | "u32" | "u64" | "ptr")) => {
                data = Some((name.to_owned(), value.clone()));
            }
            Some(_) | None => return context.bad(index, EVENT),
        }
    }
    match events {
        Some(events) => Ok((events, data)),
        None => context.bad(index, EVENT),
    }
}

/// What epoll_wait returned, beside what the script says: the same, in whatever order.
fn compared(context: &Context<'_>, ready: &[Ready]) -> Result<Made, BadCall> {
    let written: &[Argument] = match context.argument(1) {
        None | Some(Argument::Ellipsis) => return Ok(Made::value(ready.len())),
        Some(Argument::List(list)) => list,
        Some(one) => std::slice::from_ref(one),
    };
    let mut wanted = Vec::new();
    for event in written {
        wanted.push(event_of(context, 1, event)?);
    }
    let is_same = |one: &Ready, (events, data): &(i64, Option<(String, Argument)>)| {
        one.events == *events && (data.is_none() || one.data == *data)
    };
    for one in ready {
        match wanted.iter().position(|it| is_same(one, it)) {
            Some(index) => {
                wanted.remove(index);
            }
            None => return Ok(Made::differs(ready.len(), 1, shown(ready))),
        }
    }
    // Scripts write an event without meaning where none comes back.
    if !wanted.is_empty() && !ready.is_empty() {
        return Ok(Made::differs(ready.len(), 1, shown(ready)));
    }
    Ok(Made::value(ready.len()))
}

/// Events as a script writes them.
fn shown(ready: &[Ready]) -> String {
    let one = |it: &Ready| {
        let names = EVENTS
            .iter()
            .filter(|(_, event)| it.events & event != 0)
            .map(|(name, _)| format!("E{name}"));
        let events = names.collect::<Vec<_>>().join("|");
        match &it.data {
            Some((name, value)) => format!("{{events={events}, {name}={}}}", show(value)),
            None => format!("{{events={events}}}"),
        }
    };
    let all: Vec<String> = ready.iter().map(one).collect();
    match all.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", all.join(", ")),
    }
}
