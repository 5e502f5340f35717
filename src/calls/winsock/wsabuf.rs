//! How a script writes the WSABUF of connect and disconnect data.

use hangup_winsock::{Pointer, WsaError};

use crate::calls::answer::{BadCall, Made, failed};
use crate::calls::argument::Context;
use crate::scenario::script::Argument;

/// The WSABUF in an argument whose data goes out. One that is left out is NULL.
pub(super) fn wsabuf(context: &Context<'_>, index: usize) -> Result<Pointer<Vec<u8>>, BadCall> {
    match context.argument(index) {
        None => Ok(Pointer::Null),
        Some(argument) => Ok(match read(context, index, argument)? {
            Buffer::Null => Pointer::Null,
            Buffer::Bad => Pointer::Bad,
            Buffer::Data(data) => Pointer::To(data),
            Buffer::Room(length) => Pointer::To(vec![0; length]),
            Buffer::Sized(length, data) => match data.get(..length) {
                Some(data) => Pointer::To(data.to_vec()),
                None => return context.bad(index, "the data is shorter than len"),
            },
        }),
    }
}

/// The WSABUF in an argument that data comes into, and the data that the script expects there.
#[derive(Debug)]
pub(super) struct Room {
    buffer: Pointer<Vec<u8>>,
    expected: Option<Vec<u8>>,
}

impl Room {
    /// Reads the argument. One that is left out is NULL.
    pub(super) fn read(context: &Context<'_>, index: usize) -> Result<Self, BadCall> {
        let buffer = match context.argument(index) {
            None => Buffer::Null,
            Some(argument) => read(context, index, argument)?,
        };
        let (buffer, expected) = match buffer {
            Buffer::Null => (Pointer::Null, None),
            Buffer::Bad => (Pointer::Bad, None),
            Buffer::Room(length) => (Pointer::To(vec![0; length]), None),
            Buffer::Data(data) => (Pointer::To(vec![0; USUAL_ROOM]), Some(data)),
            Buffer::Sized(length, data) => (Pointer::To(vec![0; length]), Some(data)),
        };
        Ok(Self { buffer, expected })
    }

    /// The buffer.
    pub(super) fn pointer(&mut self) -> Pointer<&mut Vec<u8>> {
        match &mut self.buffer {
            Pointer::Null => Pointer::Null,
            Pointer::To(buffer) => Pointer::To(buffer),
            Pointer::Bad => Pointer::Bad,
        }
    }

    /// What the call came to; of one that succeeded, whether the data is what the script says.
    pub(super) fn compared(self, result: Result<(), WsaError>, index: usize) -> Made {
        match (result, self.buffer, self.expected) {
            (Err(error), _, _) => failed(error),
            (Ok(()), Pointer::To(data), Some(expected)) if data != expected => {
                let shown = format!("{{len={}, buf=\"{}\"}}", data.len(), data.escape_ascii());
                Made::differs(0, index, shown)
            }
            (Ok(()), _, _) => Made::value(0),
        }
    }
}

/// The room of a buffer whose size the script leaves out, in octets: that of all disconnect data.
const USUAL_ROOM: usize = 64;

/// Octets as a script writes them: a text, or a list of numbers.
pub(super) fn octets(argument: &Argument) -> Option<Vec<u8>> {
    match argument {
        Argument::Text(text) => Some(text.as_bytes().to_vec()),
        Argument::Octets(octets) => Some(octets.to_vec()),
        Argument::List(list) => {
            let octet = |argument: &Argument| u8::try_from(argument.integer()?).ok();
            list.iter().map(octet).collect()
        }
        Argument::Integer(_)
        | Argument::Word(_)
        | Argument::Flags(_)
        | Argument::Struct(_)
        | Argument::Ellipsis
        | Argument::Endpoint { .. }
        | Argument::Address(_) => None,
    }
}

/// A WSABUF as it is written.
#[derive(Debug)]
enum Buffer {
    Null,
    Bad,
    /// `"text"`, or octets: as long as they are.
    Data(Vec<u8>),
    /// `{len=64, buf=BUFFER}`
    Room(usize),
    /// `{len=64, buf="text"}`
    Sized(usize, Vec<u8>),
}

const WSABUF: &str = "the data is NULL, BAD_POINTER, a \"text\", a list of octets or a WSABUF: \
                      {len=64, buf=BUFFER|BAD_POINTER|\"text\"}";

/// The longest user data that a script can ask for, in octets.
const USER_DATA_MAX: i64 = 65_535;

fn read(context: &Context<'_>, index: usize, argument: &Argument) -> Result<Buffer, BadCall> {
    if let Argument::Struct(fields) = argument {
        return fields_of(context, index, fields);
    }
    if let Some(octets) = octets(argument) {
        return Ok(Buffer::Data(octets));
    }
    if *argument == Argument::Integer(0) {
        return Ok(Buffer::Null);
    }
    let Argument::Word(word) = argument else {
        return context.bad(index, WSABUF);
    };
    match word.as_str() {
        "NULL" => Ok(Buffer::Null),
        "BAD_POINTER" => Ok(Buffer::Bad),
        _ => context.bad(index, WSABUF),
    }
}

fn fields_of(
    context: &Context<'_>,
    index: usize,
    fields: &[(Option<String>, Argument)],
) -> Result<Buffer, BadCall> {
    let field = |name: &str| {
        fields
            .iter()
            .find(|(known, _)| known.as_deref() == Some(name))
            .map(|(_, value)| value)
    };
    let length = match field("len") {
        Some(Argument::Integer(length)) if (0..=USER_DATA_MAX).contains(length) => *length,
        _ => return context.bad(index, WSABUF),
    };
    let length = usize::try_from(length).unwrap_or(0);
    match field("buf") {
        // Nothing is read or written through the pointer of an empty buffer.
        Some(Argument::Word(word)) if matches!(word.as_str(), "BAD_POINTER" | "NULL") => {
            Ok(if length == 0 {
                Buffer::Room(0)
            } else {
                Buffer::Bad
            })
        }
        Some(Argument::Word(word)) if word == "BUFFER" => Ok(Buffer::Room(length)),
        Some(Argument::Ellipsis) => Ok(Buffer::Room(length)),
        Some(data) => match octets(data) {
            Some(octets) => Ok(Buffer::Sized(length, octets)),
            None => context.bad(index, WSABUF),
        },
        None => context.bad(index, WSABUF),
    }
}
