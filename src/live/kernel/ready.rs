//! poll, and epoll.

use std::collections::BTreeMap;
use std::os::fd::AsFd;

use nix::errno::Errno;
use rustix::event::{PollFd, PollFlags, Timespec, epoll};

use super::data::File;
use super::made::{Attempt, How, Made, Prepared};
use super::words::{bad, bits, narrow, number};
use crate::calls::BadCall;
use crate::scenario::script::Argument;

/// What poll is asked of one descriptor.
#[derive(Clone, Debug)]
struct Asked {
    /// None: the label stands for no descriptor.
    file: Option<File>,
    label: i64,
    events: PollFlags,
    /// What must come back, where the script says.
    expected: Option<i64>,
}

/// A list of descriptors for poll: `[{fd=4, events=POLLIN, revents=POLLIN}]`.
pub(super) fn poll(
    files: &BTreeMap<i64, File>,
    list: &[Argument],
    timeout: i64,
) -> Result<Prepared, BadCall> {
    let mut asked = Vec::new();
    for one in list {
        let Argument::Struct(fields) = one else {
            return Err(bad(
                0,
                "poll takes [{fd=4, events=POLLIN, revents=POLLIN}, ...]",
            ));
        };
        let mut entry = Asked {
            file: None,
            label: -1,
            events: PollFlags::empty(),
            expected: None,
        };
        for (name, value) in fields {
            match name.as_deref() {
                Some("fd") => entry.label = number(0, value)?,
                Some("events") => {
                    entry.events = PollFlags::from_bits_retain(narrow(0, number(0, value)?)?);
                }
                Some("revents") if *value != Argument::Ellipsis => {
                    entry.expected = Some(number(0, value)?);
                }
                Some(_) | None => {}
            }
        }
        entry.file = files.get(&entry.label).cloned();
        asked.push(entry);
    }
    let timeout = i32::try_from(timeout).unwrap_or(i32::MAX);
    Ok(Prepared::new(move |how| {
        let none = Some(Timespec::default());
        let wait = match how {
            How::AtOnce => none,
            How::Waiting(_) => timespec(timeout.into()),
        };
        let known = asked
            .iter()
            .filter_map(|it| it.file.as_ref().map(|file| (it, file)));
        let mut polled: Vec<PollFd<'_>> = known
            .map(|(it, file)| PollFd::from_borrowed_fd(file.fd.as_fd(), it.events))
            .collect();
        let unknown = asked.len() - polled.len();
        let wait = if unknown > 0 { none } else { wait };
        match rustix::event::poll(&mut polled, wait.as_ref()) {
            Err(error) => Attempt::Made(Made::result(Err(errno(error)))),
            Ok(0) if how == How::AtOnce && timeout != 0 && unknown == 0 => Attempt::WouldWait(0),
            Ok(ready) => {
                let ready = ready + unknown;
                let mut came = polled.iter().map(|it| i64::from(it.revents().bits()));
                let mut made = Made::result(Ok(i64::try_from(ready).unwrap_or(i64::MAX)));
                for it in &asked {
                    let came = match it.file {
                        Some(_) => came.next().unwrap_or(0),
                        None => i64::from(libc::POLLNVAL),
                    };
                    if it.expected.is_some_and(|expected| expected != came) {
                        let shown = bits("POLL", came);
                        made = made.differs(0, format!("{{fd={}, revents={shown}}}", it.label));
                    }
                }
                Attempt::Made(made)
            }
        }
    }))
}

/// What a descriptor is ready for, as the short form of poll returns it.
pub(super) fn short_poll(file: Option<File>, events: PollFlags) -> Prepared {
    Prepared::prompt(move || {
        let Some(file) = &file else {
            return Made::shown("POLLNVAL".to_owned());
        };
        let mut polled = [PollFd::from_borrowed_fd(file.fd.as_fd(), events)];
        match rustix::event::poll(&mut polled, Some(&Timespec::default())) {
            Ok(_) => Made::shown(bits("POLL", polled[0].revents().bits().into())),
            Err(error) => Made::result(Err(errno(error))),
        }
    })
}

/// An event of epoll, as a script writes it: its mask, and what comes back with it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    events: u32,
    data: Option<u64>,
}

impl Event {
    fn read(index: usize, event: &Argument) -> Result<Self, BadCall> {
        let Argument::Struct(fields) = event else {
            return Err(bad(index, "an event is {events=EPOLLIN, fd=4}"));
        };
        let mut read = Self {
            events: 0,
            data: None,
        };
        for (name, value) in fields {
            match name.as_deref() {
                Some("events") => read.events = narrow(index, number(index, value)?)?,
                Some("fd" | "u32" | "u64" | "ptr") => {
                    read.data = Some(number(index, value)?.cast_unsigned());
                }
                Some(_) | None => return Err(bad(index, "an event is {events=EPOLLIN, fd=4}")),
            }
        }
        Ok(read)
    }

    fn show(&self) -> String {
        let events = bits("EPOLL", self.events.into());
        match self.data {
            Some(data) => format!("{{events={events}, fd={data}}}"),
            None => format!("{{events={events}}}"),
        }
    }
}

/// So many milliseconds; none where they are fewer than none.
fn timespec(milliseconds: i64) -> Option<Timespec> {
    (milliseconds >= 0).then_some(Timespec {
        tv_sec: milliseconds / 1000,
        tv_nsec: milliseconds % 1000 * 1_000_000,
    })
}

/// An error of rustix as nix has it.
fn errno(error: rustix::io::Errno) -> Errno {
    Errno::from_raw(error.raw_os_error())
}

/// epoll_ctl.
pub(super) fn control(
    list: File,
    operation: i64,
    file: File,
    event: Option<&Argument>,
) -> Result<Prepared, BadCall> {
    let event = match event {
        Some(event) if operation != i64::from(libc::EPOLL_CTL_DEL) => Event::read(3, event)?,
        Some(_) | None => Event {
            events: 0,
            data: None,
        },
    };
    Ok(Prepared::prompt(move || {
        let data = epoll::EventData::new_u64(event.data.unwrap_or(0));
        let flags = epoll::EventFlags::from_bits_retain(event.events);
        let done = match i32::try_from(operation) {
            Ok(libc::EPOLL_CTL_ADD) => epoll::add(&list.fd, &file.fd, data, flags),
            Ok(libc::EPOLL_CTL_MOD) => epoll::modify(&list.fd, &file.fd, data, flags),
            Ok(libc::EPOLL_CTL_DEL) => epoll::delete(&list.fd, &file.fd),
            Ok(_) | Err(_) => Err(rustix::io::Errno::INVAL),
        };
        Made::status(done.map_err(errno))
    }))
}

/// epoll_wait. `written` is what must come back, where the script says.
pub(super) fn wait(
    list: File,
    written: Option<&Argument>,
    most: usize,
    timeout: i64,
) -> Result<Prepared, BadCall> {
    let written: &[Argument] = match written {
        None | Some(Argument::Ellipsis) => &[],
        Some(Argument::List(list)) => list,
        Some(one) => std::slice::from_ref(one),
    };
    let is_open = written.is_empty();
    let mut wanted = Vec::new();
    for event in written {
        wanted.push(Event::read(1, event)?);
    }
    Ok(Prepared::new(move |how| {
        let none = Timespec::default();
        let wait = match how {
            How::AtOnce => Some(none),
            How::Waiting(_) => timespec(timeout),
        };
        let mut events = Vec::with_capacity(most.min(1024));
        let ready = epoll::wait(
            &list.fd,
            rustix::buffer::spare_capacity(&mut events),
            wait.as_ref(),
        );
        match ready {
            Err(error) => Attempt::Made(Made::result(Err(errno(error)))),
            Ok(0) if how == How::AtOnce && timeout != 0 => Attempt::WouldWait(0),
            Ok(_) => {
                let came: Vec<Event> = events
                    .iter()
                    .map(|it| {
                        let (flags, data) = (it.flags, it.data);
                        Event {
                            events: flags.bits(),
                            data: Some(data.u64()),
                        }
                    })
                    .collect();
                Attempt::Made(compared(&wanted, &came, is_open))
            }
        }
    }))
}

/// What came, beside what a script says: the same, in whatever order.
fn compared(wanted: &[Event], came: &[Event], is_open: bool) -> Made {
    let made = Made::result(Ok(i64::try_from(came.len()).unwrap_or(i64::MAX)));
    // Scripts write an event without meaning where none comes back.
    if is_open || came.is_empty() {
        return made;
    }
    let mut left = wanted.to_vec();
    for one in came {
        let is = |it: &Event| it.events == one.events && (it.data.is_none() || it.data == one.data);
        match left.iter().position(is) {
            Some(index) => {
                left.remove(index);
            }
            None => left.push(one.clone()),
        }
    }
    if left.is_empty() {
        return made;
    }
    let shown: Vec<String> = came.iter().map(Event::show).collect();
    made.differs(1, shown.join(", "))
}
