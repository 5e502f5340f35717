//! sendmsg and recvmsg: buffers, and control messages as scripts write them.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage};

use super::data::{self, File};
use super::made::{Attempt, How, Made, Prepared};
use super::octets::Octets;
use super::words::{bad, number};
use crate::calls::{BadCall, show_argument};
use crate::scenario::script::Argument;

/// The most octets of control messages of one call.
const CONTROL_MAX: usize = 1024;

/// A message as a script writes it: `{msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0,
/// msg_control=[...]}`.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    /// The lengths of its buffers.
    pub(super) buffers: Vec<usize>,
    /// The flags that must come back, where the script says.
    flags: Option<i64>,
    /// The control messages that must come back, where the script says.
    control: Option<Vec<Control>>,
    /// Whether the message has an address.
    pub(super) is_addressed: bool,
}

/// A control message: its level, its type, and its fields by name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Control {
    level: i64,
    kind: i64,
    data: Vec<(String, i64)>,
}

impl Message {
    /// Reads it.
    pub(super) fn read(index: usize, argument: &Argument) -> Result<Self, BadCall> {
        let Argument::Struct(fields) = argument else {
            return Err(bad(index, "a message is a structure: {msg_iov(1)=...}"));
        };
        let mut message = Self::default();
        for (name, value) in fields {
            let is_open = *value == Argument::Ellipsis;
            match name.as_deref() {
                Some("msg_name") => message.is_addressed = is_open,
                Some("msg_iov") => message.buffers = lengths(index, value)?,
                Some("msg_flags") if !is_open => message.flags = Some(number(index, value)?),
                Some("msg_control") if !is_open => {
                    message.control = Some(controls(index, value)?);
                }
                Some("msg_flags" | "msg_control") => {}
                Some(other) => return Err(bad(index, format!("a message has no {other}"))),
                None => return Err(bad(index, "the fields of a message have names")),
            }
        }
        Ok(message)
    }

    /// One that is nothing but buffers.
    pub(super) fn of_buffers(buffers: Vec<usize>) -> Self {
        Self {
            buffers,
            ..Self::default()
        }
    }
}

/// The lengths of a list of buffers: `[{..., 1000}, {..., 500}]`.
pub(super) fn lengths(index: usize, buffers: &Argument) -> Result<Vec<usize>, BadCall> {
    if *buffers == Argument::Ellipsis {
        return Ok(Vec::new());
    }
    let Argument::List(list) = buffers else {
        return Err(bad(index, "buffers are a list: [{..., 1000}]"));
    };
    let mut lengths = Vec::new();
    for buffer in list {
        let Argument::Struct(fields) = buffer else {
            return Err(bad(index, "a buffer is {..., 1000}"));
        };
        let [_, (_, length)] = fields.as_slice() else {
            return Err(bad(index, "a buffer is {..., 1000}"));
        };
        let length = number(index, length)?;
        lengths.push(super::words::narrow(index, length)?);
    }
    Ok(lengths)
}

fn controls(index: usize, value: &Argument) -> Result<Vec<Control>, BadCall> {
    let Argument::List(list) = value else {
        return Err(bad(index, "control messages are a list"));
    };
    let read = |one: &Argument| {
        let Argument::Struct(fields) = one else {
            return Err(bad(index, "a control message is a structure"));
        };
        let mut control = Control {
            level: 0,
            kind: 0,
            data: Vec::new(),
        };
        for (name, value) in fields {
            match name.as_deref() {
                Some("cmsg_level") => control.level = number(index, value)?,
                Some("cmsg_type") => control.kind = number(index, value)?,
                Some("cmsg_data") => control.data = control_data(index, value)?,
                _ => return Err(bad(index, "a control message has a level, a type and data")),
            }
        }
        Ok(control)
    };
    list.iter().map(read).collect()
}

fn control_data(index: usize, value: &Argument) -> Result<Vec<(String, i64)>, BadCall> {
    let Argument::Struct(fields) = value else {
        return Ok(vec![(String::new(), number(index, value)?)]);
    };
    let field = |(name, value): &(Option<String>, Argument)| {
        let name = name.clone().unwrap_or_default();
        Ok((name, number(index, value)?))
    };
    fields.iter().map(field).collect()
}

/// sendmsg, writev.
pub(super) fn send(
    file: File,
    lengths: Vec<usize>,
    zeros: Octets,
    flags: i32,
    to: Option<SockaddrStorage>,
) -> Prepared {
    let flags = MsgFlags::from_bits_retain(flags);
    let total: usize = lengths.iter().sum();
    Prepared::new(move |how| {
        let raw = file.fd.as_raw_fd();
        let is_fast_open = flags.bits() & libc::MSG_FASTOPEN != 0;
        if is_fast_open && data::waits(&file, flags, how) {
            return Attempt::WouldWait(0);
        }
        let (skipped, at_once) = match how {
            How::AtOnce => (0, MsgFlags::MSG_DONTWAIT),
            How::Waiting(done) => (done, MsgFlags::empty()),
        };
        let slices = slices(&lengths, &zeros, skipped);
        let sent = nix::sys::socket::sendmsg(raw, &slices, &[], flags | at_once, to.as_ref());
        match sent {
            Err(Errno::EAGAIN) if data::waits(&file, flags, how) => Attempt::WouldWait(0),
            Ok(sent) if sent < total && data::waits(&file, flags, how) => Attempt::WouldWait(sent),
            Err(_) if skipped > 0 => data::made(Ok(skipped)),
            sent => data::made(sent.map(|more| skipped + more)),
        }
    })
}

/// Buffers of these lengths, without the first octets of them.
fn slices<'z>(lengths: &[usize], zeros: &'z [u8], mut skipped: usize) -> Vec<IoSlice<'z>> {
    let mut slices = Vec::new();
    for &length in lengths {
        let left = length.saturating_sub(skipped);
        skipped -= length - left;
        slices.push(IoSlice::new(&zeros[..left.min(zeros.len())]));
    }
    slices
}

/// recvmsg, readv.
pub(super) fn receive(file: File, message: Message, flags: i32, argument: usize) -> Prepared {
    let flags = MsgFlags::from_bits_retain(flags);
    Prepared::new(move |how| {
        let at_once = match how {
            How::AtOnce => MsgFlags::MSG_DONTWAIT,
            How::Waiting(_) => MsgFlags::empty(),
        };
        let mut buffers: Vec<Vec<u8>> = message.buffers.iter().map(|it| vec![0; *it]).collect();
        let mut slices: Vec<IoSliceMut<'_>> =
            buffers.iter_mut().map(|it| IoSliceMut::new(it)).collect();
        let mut space = vec![0; CONTROL_MAX];
        let received = nix::sys::socket::recvmsg::<SockaddrStorage>(
            file.fd.as_raw_fd(),
            &mut slices,
            Some(&mut space),
            flags | at_once,
        );
        let received = match received {
            Err(Errno::EAGAIN) if data::waits(&file, flags, how) => return Attempt::WouldWait(0),
            Err(error) => return Attempt::Made(Made::result(Err(error))),
            Ok(received) => received,
        };
        let octets = i64::try_from(received.bytes).unwrap_or(i64::MAX);
        let mut made = Made::result(Ok(octets));
        // The kernel says that it has closed descriptors, which nobody asked for.
        let flags = i64::from(received.flags.bits());
        if let Some(wanted) = message.flags
            && wanted != flags
        {
            made = made.differs(
                argument,
                format!("msg_flags={}", super::words::bits("MSG_", flags)),
            );
        }
        let came: Vec<Control> = match received.cmsgs() {
            Ok(messages) => messages.map(|it| control_of(&it)).collect(),
            Err(error) => return Attempt::Made(Made::result(Err(error))),
        };
        if let Some(wanted) = &message.control
            && !is_wanted(wanted, &came)
        {
            made = made.differs(argument, shown(&came));
        }
        Attempt::Made(made)
    })
}

/// Whether what came is what is wanted: each has the fields that are said.
fn is_wanted(wanted: &[Control], came: &[Control]) -> bool {
    let same = |(wanted, came): (&Control, &Control)| {
        let field = |(name, value): &(String, i64)| {
            let found = came.data.iter().find(|(known, _)| known == name);
            found.is_some_and(|(_, actual)| is_near(name, *value, *actual))
        };
        (wanted.level, wanted.kind) == (came.level, came.kind) && wanted.data.iter().all(field)
    };
    wanted.len() == came.len() && wanted.iter().zip(came).all(same)
}

/// Whether a field is as it is said. Times of the clock are not compared here.
fn is_near(name: &str, wanted: i64, actual: i64) -> bool {
    wanted == actual || matches!(name, "scm_sec" | "scm_nsec")
}

fn shown(came: &[Control]) -> String {
    let one = |control: &Control| {
        let data = control.data.iter();
        let data: Vec<String> = data
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let (level, kind) = (control.level, control.kind);
        format!(
            "{{cmsg_level={level}, cmsg_type={kind}, cmsg_data={{{}}}}}",
            data.join(", ")
        )
    };
    let all: Vec<String> = came.iter().map(one).collect();
    format!("msg_control=[{}]", all.join(", "))
}

/// A control message of the kernel, as scripts write its fields.
fn control_of(message: &ControlMessageOwned) -> Control {
    let error = |error: &libc::sock_extended_err| {
        vec![
            ("ee_errno".to_owned(), i64::from(error.ee_errno)),
            ("ee_origin".to_owned(), i64::from(error.ee_origin)),
            ("ee_type".to_owned(), i64::from(error.ee_type)),
            ("ee_code".to_owned(), i64::from(error.ee_code)),
            ("ee_info".to_owned(), i64::from(error.ee_info)),
            ("ee_data".to_owned(), i64::from(error.ee_data)),
        ]
    };
    let control = |level: i32, kind: i32, data| Control {
        level: level.into(),
        kind: kind.into(),
        data,
    };
    let time = |at: &nix::sys::time::TimeSpec| {
        vec![
            ("scm_sec".to_owned(), at.tv_sec()),
            ("scm_nsec".to_owned(), at.tv_nsec()),
        ]
    };
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "nix has variants for more families than scripts ask of, and adds to them"
    )]
    match message {
        ControlMessageOwned::Ipv4RecvErr(it, _) => {
            control(libc::SOL_IP, libc::IP_RECVERR, error(it))
        }
        ControlMessageOwned::Ipv6RecvErr(it, _) => {
            control(libc::SOL_IPV6, libc::IPV6_RECVERR, error(it))
        }
        ControlMessageOwned::ScmTimestampsns(it) => {
            control(libc::SOL_SOCKET, libc::SCM_TIMESTAMPING, time(&it.system))
        }
        ControlMessageOwned::ScmTimestampns(it) => {
            control(libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS, time(it))
        }
        ControlMessageOwned::Unknown(it) => {
            let octets: Option<[u8; 4]> = it.data_bytes.get(..4).and_then(|it| it.try_into().ok());
            let number = octets.map_or(0, i32::from_ne_bytes);
            let data = vec![(String::new(), i64::from(number))];
            control(it.cmsg_header.cmsg_level, it.cmsg_header.cmsg_type, data)
        }
        other => control(-1, -1, vec![(format!("{other:?}"), 0)]),
    }
}

/// An argument as a script writes it, for messages.
pub(super) fn argument_shown(argument: &Argument) -> String {
    show_argument(argument)
}
