//! epoll_create, epoll_ctl and epoll_wait.

use hangup_posix::epoll::{EPOLL_CTL_DEL, EpollEvent};
use hangup_posix::{FileDescriptor, Progress};

use super::state::PosixCalls;
use super::words::{EPOLL_CTLS, EPOLL_EVENTS};
use crate::calls::answer::{BadCall, Made, failed, status};
use crate::calls::argument::Context;
use crate::calls::show::show;
use crate::scenario::script::Argument;

impl PosixCalls {
    pub(super) fn epoll_create(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let made = self.process.epoll_create(context.narrow(0, &[])?);
        Ok(self.opened(made, context.default_family()))
    }

    pub(super) fn epoll_ctl(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let list = FileDescriptor::from_raw(self.program.descriptors.first(context)?);
        let operation = context.narrow(1, EPOLL_CTLS)?;
        let fd = match context.argument(2) {
            Some(argument) => self.program.descriptors.find(context, 2, argument)?,
            None => return context.bad(2, "the descriptor is missing"),
        };
        let fd = FileDescriptor::from_raw(fd);
        let event = match (operation, context.argument(3)) {
            (EPOLL_CTL_DEL, _) => None,
            (_, Some(event)) => Some(Event::read(context, 3, event)?),
            (_, None) => return context.bad(3, EVENT),
        };
        if self.process.is_epoll(list) && self.process.is_epoll(fd) {
            return context.bad(2, "a list in a list is not watched here");
        }
        let event = event.map(|Event { events, data }| EpollEvent {
            events,
            data: self.number_of(data),
        });
        Ok(status(self.process.epoll_ctl(list, operation, fd, event)))
    }

    pub(super) fn epoll_wait(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let list = FileDescriptor::from_raw(self.program.descriptors.first(context)?);
        let most = context.narrow(2, &[])?;
        let timeout = context.narrow(3, &[])?;
        let wanted = wanted(context)?;
        let count = context.on_host(|host, _| self.process.epoll_ready_count(host, list));
        if let (Ok(count), Ok(room @ 1..)) = (count, usize::try_from(most))
            && count > room
        {
            return context.bad(
                2,
                format_args!("{count} are ready, and nothing says which of them come first"),
            );
        }
        let waited =
            context.on_host(|host, now| self.process.epoll_wait(host, now, list, most, timeout));
        let ready = match waited {
            Progress::Done(Ok(ready)) => ready,
            Progress::Done(Err(error)) => return Ok(failed(error)),
            Progress::Blocks { until } => return Ok(Made::Blocks { until }),
        };
        let ready = ready.iter().map(|event| Event {
            events: event.events,
            data: self.data_of(event.data),
        });
        Ok(compared(wanted, &ready.collect::<Vec<_>>()))
    }

    /// The number that stands for what a script wants back with an event.
    fn number_of(&mut self, data: Option<Data>) -> u64 {
        let known = self.event_data.iter().position(|known| *known == data);
        let place = known.unwrap_or_else(|| {
            self.event_data.push(data);
            self.event_data.len() - 1
        });
        u64::try_from(place).unwrap_or(u64::MAX)
    }

    /// What a number stands for.
    fn data_of(&self, number: u64) -> Option<Data> {
        let place = usize::try_from(number).ok()?;
        self.event_data.get(place)?.clone()
    }
}

const EVENT: &str = "an event is {events=EPOLLIN, fd=4}";

/// What epoll_wait gives back with events: `fd=4`.
type Data = (String, Argument);

/// An event as a script writes it.
#[derive(Debug)]
struct Event {
    events: u32,
    data: Option<Data>,
}

impl Event {
    fn read(context: &Context<'_>, index: usize, event: &Argument) -> Result<Self, BadCall> {
        let Argument::Struct(fields) = event else {
            return context.bad(index, format_args!("{} is none: {EVENT}", show(event)));
        };
        let mut events = None;
        let mut data = None;
        for (name, value) in fields {
            match name.as_deref() {
                Some("events") => events = Some(context.narrow_in(index, value, EPOLL_EVENTS)?),
                Some(name @ ("fd" | "u32" | "u64" | "ptr")) => {
                    data = Some((name.to_owned(), value.clone()));
                }
                Some(_) | None => return context.bad(index, EVENT),
            }
        }
        match events {
            Some(events) => Ok(Self { events, data }),
            None => context.bad(index, EVENT),
        }
    }

    /// Whether it is what a script says; without data, it says nothing of that.
    fn is(&self, wanted: &Self) -> bool {
        self.events == wanted.events && (wanted.data.is_none() || self.data == wanted.data)
    }

    fn show(&self) -> String {
        let names = EPOLL_EVENTS
            .iter()
            .filter(|(_, event)| i64::from(self.events) & event != 0)
            .map(|(name, _)| *name);
        let events = names.collect::<Vec<_>>().join("|");
        match &self.data {
            Some((name, value)) => format!("{{events={events}, {name}={}}}", show(value)),
            None => format!("{{events={events}}}"),
        }
    }
}

/// The events that a script expects. None: any.
fn wanted(context: &Context<'_>) -> Result<Option<Vec<Event>>, BadCall> {
    let written: &[Argument] = match context.argument(1) {
        None | Some(Argument::Ellipsis) => return Ok(None),
        Some(Argument::List(list)) => list,
        Some(one) => std::slice::from_ref(one),
    };
    let events = written.iter().map(|event| Event::read(context, 1, event));
    events.collect::<Result<_, _>>().map(Some)
}

/// What epoll_wait returned, beside what the script says: the same, in whatever order.
fn compared(wanted: Option<Vec<Event>>, ready: &[Event]) -> Made {
    let Some(mut wanted) = wanted else {
        return Made::value(ready.len());
    };
    // Scripts write an event without meaning where none comes back.
    if ready.is_empty() {
        return Made::value(0);
    }
    for one in ready {
        match wanted.iter().position(|it| one.is(it)) {
            Some(index) => {
                wanted.remove(index);
            }
            None => return Made::differs(ready.len(), 1, shown(ready)),
        }
    }
    if wanted.is_empty() {
        Made::value(ready.len())
    } else {
        Made::differs(ready.len(), 1, shown(ready))
    }
}

/// Events as a script writes them.
fn shown(ready: &[Event]) -> String {
    match ready {
        [one] => one.show(),
        _ => {
            let all: Vec<String> = ready.iter().map(Event::show).collect();
            format!("[{}]", all.join(", "))
        }
    }
}
