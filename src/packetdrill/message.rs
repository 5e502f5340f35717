//! Calls with messages, as the host's calls take them:
//! `sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=0}, 0)`.

use smoltcp::time::Duration;
use smoltcp::wire::IpEndpoint;

use crate::scenario::script::Argument;

/// Which way the octets of a message go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Send,
    Receive,
}

/// A call in place of the one with a message: its name, and the arguments behind the descriptor.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) name: &'static str,
    pub(super) arguments: Vec<Argument>,
}

/// What a message says.
#[derive(Debug, Default)]
struct Message<'a> {
    lengths: Option<Vec<i64>>,
    /// Whether it has the address that stands for the peer.
    has_name: bool,
    flags: Option<&'a Argument>,
    control: Option<&'a Argument>,
}

impl<'a> Message<'a> {
    fn read(message: &'a Argument, way: Way) -> Result<Self, String> {
        let Argument::Struct(fields) = message else {
            return Err("a message is a structure: {msg_iov(1)=...}".to_owned());
        };
        let mut read = Self::default();
        for (field, value) in fields {
            let says_nothing = [Argument::Ellipsis, Argument::Integer(0)].contains(value);
            match field.as_deref() {
                Some("msg_iov") => read.lengths = lengths_of(value),
                Some("msg_flags") if says_nothing || way == Way::Receive => {
                    read.flags = Some(value);
                }
                Some("msg_control") if says_nothing => {}
                Some("msg_control") if way == Way::Receive => read.control = Some(value),
                Some("msg_name") if says_nothing => {
                    read.has_name = *value == Argument::Ellipsis;
                }
                Some(field) => return Err(format!("{field} of a message is not played")),
                None => return Err("a field without a name is not played".to_owned()),
            }
        }
        Ok(read)
    }
}

/// The call in place of one with a message. `peer` is whom `...` stands for, and times in what a
/// receive returns hold to within `tolerance`.
///
/// # Errors
/// What of the message is not played.
pub(super) fn plain(
    (message, flags): (&Argument, &Argument),
    way: Way,
    peer: IpEndpoint,
    tolerance: Duration,
) -> Result<Plain, String> {
    let read = Message::read(message, way)?;
    let Some(lengths) = read.lengths else {
        return Err("a message has a list of buffers: msg_iov(1)=[{..., 1000}]".to_owned());
    };
    let Some(octets) = lengths
        .iter()
        .try_fold(0_i64, |all, it| all.checked_add(*it))
    else {
        return Err("a message carries at most 256 MiB".to_owned());
    };
    let one = vec![Argument::Ellipsis, Argument::Integer(octets), flags.clone()];
    let to = Argument::Address(peer);
    Ok(match way {
        Way::Send if has(flags, "MSG_ZEROCOPY") => {
            let list = lengths.into_iter().map(Argument::Integer).collect();
            Plain {
                name: "sendmsg",
                arguments: vec![Argument::List(list), flags.clone()],
            }
        }
        // On a socket that is connected the name changes nothing.
        Way::Send if read.has_name && has(flags, "MSG_FASTOPEN") => Plain {
            name: "sendto",
            arguments: one.into_iter().chain([to]).collect(),
        },
        Way::Send => Plain {
            name: "send",
            arguments: one,
        },
        Way::Receive => {
            let said = read.flags.filter(|it| **it != Argument::Integer(0));
            if read.control.is_none() && said.is_none() {
                return Ok(Plain {
                    name: "recv",
                    arguments: one,
                });
            }
            let control = read.control.cloned().unwrap_or(Argument::Ellipsis);
            let returned = read.flags.cloned().unwrap_or(Argument::Ellipsis);
            let control = roughly(control, tolerance);
            Plain {
                name: "recvmsg",
                arguments: one.into_iter().chain([control, returned]).collect(),
            }
        }
    })
}

/// Whether a flag is among others.
fn has(flags: &Argument, name: &str) -> bool {
    match flags {
        Argument::Word(word) => word == name,
        Argument::Flags(flags) => flags.iter().any(|flag| has(flag, name)),
        Argument::Integer(_)
        | Argument::Text(_)
        | Argument::Octets(_)
        | Argument::List(_)
        | Argument::Struct(_)
        | Argument::Ellipsis
        | Argument::Endpoint { .. }
        | Argument::Address(_) => false,
    }
}

/// Control messages whose times may be off by as much as those of packets.
fn roughly(control: Argument, tolerance: Duration) -> Argument {
    match control {
        Argument::List(list) => {
            let list = list.into_iter().map(|it| roughly(it, tolerance));
            Argument::List(list.collect())
        }
        Argument::Struct(fields) => {
            let is_time = fields
                .iter()
                .any(|(name, _)| name.as_deref() == Some("scm_nsec"));
            let fields = fields.into_iter();
            let fields = fields.map(|(name, value)| (name, roughly(value, tolerance)));
            let micros = i64::try_from(tolerance.total_micros()).unwrap_or(i64::MAX);
            let within = (Some("within_us".to_owned()), Argument::Integer(micros));
            Argument::Struct(fields.chain(is_time.then_some(within)).collect())
        }
        other @ (Argument::Integer(_)
        | Argument::Word(_)
        | Argument::Text(_)
        | Argument::Octets(_)
        | Argument::Flags(_)
        | Argument::Ellipsis
        | Argument::Endpoint { .. }
        | Argument::Address(_)) => other,
    }
}

/// How many octets each buffer of a list has.
pub(super) fn lengths_of(buffers: &Argument) -> Option<Vec<i64>> {
    let Argument::List(list) = buffers else {
        return None;
    };
    let length = |buffer: &Argument| {
        let Argument::Struct(fields) = buffer else {
            return None;
        };
        let [
            (base, Argument::Ellipsis),
            (size, Argument::Integer(length)),
        ] = fields.as_slice()
        else {
            return None;
        };
        match (base.as_deref(), size.as_deref()) {
            (None, None) | (Some("iov_base"), Some("iov_len")) => Some(*length),
            _ => None,
        }
    };
    list.iter().map(length).collect()
}
