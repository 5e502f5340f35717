//! Calls in packetdrill's notation, with every argument and with the values they return.

use crate::calls::show_argument;
use crate::run::{MadeCall, ReturnedValue};
use crate::scenario::script::Argument;

/// Why a run cannot be a packetdrill script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("packetdrill cannot say this: {0}")]
pub struct Inexpressible(String);

pub(super) fn inexpressible<T>(why: impl Into<String>) -> Result<T, Inexpressible> {
    Err(Inexpressible(why.into()))
}

/// The ports that calls name.
#[derive(Debug, Default)]
pub(super) struct Ports {
    pub(super) bound: Option<u16>,
    pub(super) connected: Option<u16>,
}

/// A call with its result.
pub(super) fn text(
    ports: &mut Ports,
    made: &MadeCall,
    returned: &ReturnedValue,
) -> Result<String, Inexpressible> {
    let arguments = made.arguments.as_slice();
    let at = |index: usize| arguments.get(index);
    let fd = at(0).map(show_argument).unwrap_or_default();
    let mut result = returned.value.clone();
    let written = match made.name.as_str() {
        "socket" => {
            let rest: Vec<String> = arguments.iter().skip(1).map(show_argument).collect();
            format!("socket(..., {})", rest.join(", "))
        }
        "bind" => {
            port(&mut ports.bound, at(1), "bind")?;
            format!("bind({fd}, ..., ...)")
        }
        "connect" => {
            port(&mut ports.connected, at(1), "connect")?;
            format!("connect({fd}, ..., ...)")
        }
        "accept" => format!("accept({fd}, ..., ...)"),
        "listen" | "shutdown" | "close" | "fcntl" => {
            let all: Vec<String> = arguments.iter().map(show_argument).collect();
            format!("{}({})", made.name, all.join(", "))
        }
        "send" | "write" | "sendto" => sent(ports, &made.name, arguments)?,
        "recv" | "read" | "recvfrom" => received(&made.name, arguments),
        "poll" => polled(arguments, &mut result),
        "setsockopt" => {
            let (value, size) = match at(3) {
                Some(Argument::List(list)) => (show_argument(&Argument::List(list.clone())), 4),
                Some(fields @ Argument::Struct(_)) if is_timeout(at(2)) => {
                    (show_argument(fields), 16)
                }
                Some(fields @ Argument::Struct(_)) => (linger(fields), 8),
                Some(Argument::Text(_)) => return inexpressible("an option that is a name"),
                Some(value) => (format!("[{}]", show_argument(value)), 4),
                None => return inexpressible("setsockopt without a value"),
            };
            // A length that the script says is not always that of the value.
            let size = match at(4) {
                Some(Argument::Integer(length)) => *length,
                _ => size,
            };
            format!("setsockopt({}, {value}, {size})", head(arguments, 3))
        }
        "getsockopt" if is_structure(at(2)) => {
            return inexpressible("getsockopt of a structure or a name");
        }
        "getsockopt" => {
            let (value, size) = taken(at(3), &mut result);
            format!("getsockopt({}, {value}, [{size}])", head(arguments, 3))
        }
        "ioctl" => {
            let (value, _) = taken(at(2), &mut result);
            let request = at(1)
                .map(show_argument)
                .unwrap_or_default()
                .replace("FIONREAD", "SIOCINQ");
            format!("ioctl({fd}, {request}, {value})")
        }
        name => return inexpressible(format!("the call {name}")),
    };
    Ok(match &returned.error {
        Some(error) => format!("{written} = {result} {error}"),
        None => format!("{written} = {result}"),
    })
}

/// The first arguments as they are.
fn head(arguments: &[Argument], count: usize) -> String {
    let shown: Vec<String> = arguments.iter().take(count).map(show_argument).collect();
    shown.join(", ")
}

/// Remembers the port of an address: there is one of a kind in a script.
fn port(
    known: &mut Option<u16>,
    address: Option<&Argument>,
    call: &str,
) -> Result<(), Inexpressible> {
    let port = match address {
        Some(Argument::Address(endpoint)) => endpoint.port,
        Some(Argument::Endpoint { port, .. }) => port.unwrap_or(0),
        Some(Argument::Ellipsis) => return Ok(()),
        _ => return inexpressible(format!("the address of {call}")),
    };
    if port == 0 {
        return inexpressible(format!("{call} with any port"));
    }
    match *known.get_or_insert(port) == port {
        true => Ok(()),
        false => inexpressible(format!("{call} with a second port")),
    }
}

/// How many octets a call sends or receives, and which argument follows.
fn octets(arguments: &[Argument]) -> (String, usize) {
    match (arguments.get(1), arguments.get(2)) {
        (Some(Argument::Ellipsis), Some(length)) => (show_argument(length), 3),
        (Some(argument), Some(length)) if is_null(argument) => (show_argument(length), 3),
        (Some(Argument::Text(_)), Some(length @ Argument::Integer(_))) if arguments.len() > 3 => {
            (show_argument(length), 3)
        }
        (Some(Argument::Text(text)), _) => (text.len().to_string(), 2),
        (Some(length), _) => (show_argument(length), 2),
        (None, _) => ("0".to_owned(), 1),
    }
}

/// The buffer of a call: NULL, or one that packetdrill knows.
fn buffer(arguments: &[Argument]) -> &'static str {
    match arguments.get(1).is_some_and(is_null) {
        true => "NULL",
        false => "...",
    }
}

fn is_null(argument: &Argument) -> bool {
    matches!(argument, Argument::Word(word) if word == "NULL")
}

fn sent(ports: &mut Ports, name: &str, arguments: &[Argument]) -> Result<String, Inexpressible> {
    let fd = head(arguments, 1);
    let (length, next) = octets(arguments);
    let buffer = buffer(arguments);
    if name == "write" {
        return Ok(format!("write({fd}, {buffer}, {length})"));
    }
    let mut rest = &arguments[next.min(arguments.len())..];
    let mut flags = "0".to_owned();
    let is_flags = |it: &Argument| match it {
        Argument::Word(word) => word != "NULL",
        Argument::Integer(_) | Argument::Flags(_) => true,
        Argument::Text(_)
        | Argument::Octets(_)
        | Argument::List(_)
        | Argument::Struct(_)
        | Argument::Ellipsis
        | Argument::Endpoint { .. }
        | Argument::Address(_) => false,
    };
    if let Some((first, others)) = rest.split_first().filter(|(first, _)| is_flags(first)) {
        flags = show_argument(first);
        rest = others;
    }
    if name == "send" {
        return Ok(format!("send({fd}, {buffer}, {length}, {flags})"));
    }
    port(&mut ports.connected, rest.first(), "sendto")?;
    Ok(format!(
        "sendto({fd}, {buffer}, {length}, {flags}, ..., ...)"
    ))
}

fn received(name: &str, arguments: &[Argument]) -> String {
    let fd = head(arguments, 1);
    let (length, next) = octets(arguments);
    let flags = arguments.get(next).map_or("0".to_owned(), show_argument);
    let buffer = buffer(arguments);
    match name {
        "read" => format!("read({fd}, {buffer}, {length})"),
        "recv" => format!("recv({fd}, {buffer}, {length}, {flags})"),
        _ => format!("recvfrom({fd}, {buffer}, {length}, {flags}, ..., ...)"),
    }
}

/// The short form says in its result what a socket is ready for.
fn polled(arguments: &[Argument], result: &mut String) -> String {
    if let Some(Argument::List(_)) = arguments.first() {
        let shown: Vec<String> = arguments.iter().map(show_argument).collect();
        return format!("poll({})", shown.join(", "));
    }
    let events = arguments
        .get(1)
        .map_or("POLLIN|POLLOUT|POLLRDHUP".to_owned(), show_argument);
    let revents = std::mem::replace(result, "1".to_owned());
    if revents == "0" {
        "0".clone_into(result);
    }
    let fd = head(arguments, 1);
    format!("poll([{{fd={fd}, events={events}, revents={revents}}}], 1, 0)")
}

/// What a call returns through a pointer, and the size of it: the short form has it in the result.
fn taken(argument: Option<&Argument>, result: &mut String) -> (String, u8) {
    match argument {
        Some(fields @ Argument::Struct(_)) => (linger(fields), 8),
        Some(list @ Argument::List(_)) => (show_argument(list), 4),
        Some(Argument::Ellipsis) => ("...".to_owned(), 4),
        Some(value) => (format!("[{}]", show_argument(value)), 4),
        None if result.starts_with('{') => (std::mem::replace(result, "0".to_owned()), 8),
        // It failed, and returned nothing there.
        None if result == "-1" => ("[0]".to_owned(), 4),
        None => {
            let value = std::mem::replace(result, "0".to_owned());
            (format!("[{value}]"), 4)
        }
    }
}

/// Whether an option is a time.
fn is_timeout(option: Option<&Argument>) -> bool {
    matches!(option, Some(Argument::Word(word)) if word == "SO_RCVTIMEO" || word == "SO_SNDTIMEO")
}

/// Whether an option is a structure, other than struct linger, or a name.
fn is_structure(option: Option<&Argument>) -> bool {
    let named = |word: &str| word == "TCP_INFO" || word == "TCP_CONGESTION";
    is_timeout(option) || matches!(option, Some(Argument::Word(word)) if named(word))
}

/// `{onoff=1, linger=0}`, also where it is written without names.
fn linger(fields: &Argument) -> String {
    if let Argument::Struct(fields) = fields
        && let [(None, onoff), (None, seconds)] = fields.as_slice()
    {
        return format!(
            "{{onoff={}, linger={}}}",
            show_argument(onoff),
            show_argument(seconds)
        );
    }
    show_argument(fields)
}
