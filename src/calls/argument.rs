//! The arguments of a call: they are read, printed, and compared with the values that the call
//! returns through them.

use hangup_stack::host::Host;
use hangup_stack::network::{HostId, IpFamily, Network};
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint, Ipv4Address, Ipv6Address};

use super::answer::{Answer, BadCall, Blocked, Difference, Made, Returned, Unknown};
use super::program::{Descriptors, Octets};
use super::show::show;
use super::signature::{Shape, Signature};
use crate::scenario::script::Argument;

/// The most octets that one call sends or receives.
pub(super) const OCTETS_MAX: usize = 16 << 20;

/// packetdrill's port, of the address that a script leaves to the default by writing `...`.
pub(super) const DEFAULT_PORT: u16 = 8080;

/// The names that a number may have in a script.
pub(super) type Words = [(&'static str, i64)];

/// A call that is being made: where, and with which arguments.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) network: &'a mut Network,
    pub(super) host: HostId,
    signature: &'static Signature,
    arguments: &'a [Argument],
}

impl<'a> Context<'a> {
    pub(super) fn new(
        network: &'a mut Network,
        host: HostId,
        signature: &'static Signature,
        arguments: &'a [Argument],
    ) -> Self {
        Self {
            network,
            host,
            signature,
            arguments,
        }
    }

    /// Runs what the call does inside its host.
    pub(super) fn on_host<R>(&mut self, call: impl FnOnce(&mut Host, Instant) -> R) -> R {
        self.network.with_host(self.host, call)
    }

    /// The name of the call.
    pub(super) fn name(&self) -> &'static str {
        self.signature.name
    }

    /// An argument of the wrong shape.
    pub(super) fn bad<T>(
        &self,
        argument: usize,
        why: impl std::fmt::Display,
    ) -> Result<T, BadCall> {
        Err(self.bad_call(argument, why))
    }

    fn bad_call(&self, argument: usize, why: impl std::fmt::Display) -> BadCall {
        BadCall {
            argument: Some(argument),
            message: format!("{} takes {}: {why}", self.name(), self.signature.takes),
            unknown: None,
        }
    }

    /// A word of an argument that is none of those which are known.
    pub(super) fn unknown<T>(
        &self,
        argument: usize,
        word: &str,
        known: Vec<&'static str>,
    ) -> Result<T, BadCall> {
        let all = known.join(", ");
        Err(BadCall {
            unknown: Some(Unknown {
                word: word.to_owned(),
                known,
                form: format!("{}{}", self.name(), self.signature.takes),
            }),
            ..self.bad_call(argument, format_args!("{word} is none of {all}"))
        })
    }

    /// How many arguments there are.
    pub(super) fn count(&self) -> usize {
        self.arguments.len()
    }

    /// An argument, if there are so many.
    pub(super) fn argument(&self, index: usize) -> Option<&'a Argument> {
        self.arguments.get(index)
    }

    /// A number: written out, by name, or as names joined by `|`. A missing one is 0.
    pub(super) fn number(&self, index: usize, words: &Words) -> Result<i64, BadCall> {
        match self.argument(index) {
            Some(argument) => self.number_in(index, argument, words),
            None => Ok(0),
        }
    }

    /// A number inside an argument.
    pub(super) fn number_in(
        &self,
        index: usize,
        argument: &Argument,
        words: &Words,
    ) -> Result<i64, BadCall> {
        match argument {
            Argument::Integer(number) => Ok(*number),
            Argument::Word(word) => match words.iter().find(|(name, _)| name == word) {
                Some((_, number)) => Ok(*number),
                None if words.is_empty() => self.bad(index, format_args!("{word} is not a number")),
                None => {
                    let known = words.iter().map(|(name, _)| *name).collect();
                    self.unknown(index, word, known)
                }
            },
            Argument::Flags(flags) => flags
                .iter()
                .try_fold(0, |all, flag| Ok(all | self.number_in(index, flag, words)?)),
            other @ (Argument::Text(_)
            | Argument::Octets(_)
            | Argument::List(_)
            | Argument::Struct(_)
            | Argument::Ellipsis
            | Argument::Endpoint { .. }
            | Argument::Address(_)) => {
                self.bad(index, format_args!("{} is not a number", show(other)))
            }
        }
    }

    /// A number that must fit a type of the API.
    pub(super) fn narrow<N: TryFrom<i64>>(
        &self,
        index: usize,
        words: &Words,
    ) -> Result<N, BadCall> {
        self.fit(index, self.number(index, words)?)
    }

    /// A number inside an argument that must fit a type of the API.
    pub(super) fn narrow_in<N: TryFrom<i64>>(
        &self,
        index: usize,
        argument: &Argument,
        words: &Words,
    ) -> Result<N, BadCall> {
        self.fit(index, self.number_in(index, argument, words)?)
    }

    fn fit<N: TryFrom<i64>>(&self, index: usize, number: i64) -> Result<N, BadCall> {
        match N::try_from(number) {
            Ok(number) => Ok(number),
            Err(_) => self.bad(index, format_args!("{number} is out of range")),
        }
    }

    /// A length in octets.
    pub(super) fn length(&self, index: usize) -> Result<usize, BadCall> {
        self.octets(index, self.number(index, &[])?)
    }

    /// A length in octets inside an argument.
    pub(super) fn length_in(&self, index: usize, argument: &Argument) -> Result<usize, BadCall> {
        self.octets(index, self.number_in(index, argument, &[])?)
    }

    pub(super) fn octets(&self, index: usize, number: i64) -> Result<usize, BadCall> {
        match usize::try_from(number) {
            Ok(octets) if octets <= OCTETS_MAX => Ok(octets),
            Ok(_) | Err(_) => self.bad(
                index,
                format_args!("{number} is not a length from 0 to {OCTETS_MAX} octets"),
            ),
        }
    }

    /// Where the buffer of a receive is and its flags: `length[, flags]`, or as packetdrill writes
    /// it, `..., length[, flags]`; and the first argument behind them.
    pub(super) fn buffer(&self, words: &Words) -> Result<(usize, i32, usize), BadCall> {
        let at = match self.argument(1) {
            Some(argument) if is_buffer(argument) && self.arguments.len() > 2 => 2,
            _ => 1,
        };
        Ok((self.length(at)?, self.flags(at + 1, words)?, at + 2))
    }

    /// The flags of a call.
    fn flags(&self, index: usize, words: &Words) -> Result<i32, BadCall> {
        let flags = i32::try_from(self.number(index, words)?);
        flags.or_else(|_| self.bad(index, "the flags are out of range"))
    }

    /// What a send sends: a number of octets of the pattern, a text, or `...` and a length as
    /// packetdrill writes it, then flags, then what is left (the destination).
    pub(super) fn payload(&self, words: &Words) -> Result<Payload<'a>, BadCall> {
        let numbers = self.arguments[2..]
            .iter()
            .take_while(|argument| {
                let is_number = matches!(
                    argument,
                    Argument::Integer(_) | Argument::Word(_) | Argument::Flags(_)
                );
                is_number && !is_null(argument) && !is_unspecified(argument)
            })
            .count();
        let rest = 2 + numbers;
        let (octets, flags_at) = match (&self.arguments[1], numbers) {
            (Argument::Octets(octets), 0 | 1) => (Octets::Text(octets), 2),
            (Argument::Text(text), 0 | 1) => (Octets::Text(text.as_bytes()), 2),
            (Argument::Text(text), 2) => {
                let length = self.length(2)?;
                match text.as_bytes().get(..length) {
                    Some(text) => (Octets::Text(text), 3),
                    None => return self.bad(2, "the text is shorter than the length"),
                }
            }
            (Argument::Ellipsis, 1 | 2) => (Octets::Pattern(self.length(2)?), 3),
            (data, 1 | 2) if is_null(data) => (Octets::Nowhere(self.length(2)?), 3),
            (Argument::Integer(_), 0 | 1) => (Octets::Pattern(self.length(1)?), 2),
            (other, _) => {
                return self.bad(1, format_args!("{} is not data: {DATA}", show(other)));
            }
        };
        let flags = if flags_at < rest {
            self.flags(flags_at, words)?
        } else {
            0
        };
        Ok(Payload {
            octets,
            flags,
            rest,
        })
    }

    /// An address: `server:80`, `*:80`, or `...` for the default.
    pub(super) fn endpoint(&self, index: usize, family: IpFamily) -> Result<Target, BadCall> {
        self.endpoint_in(index, self.argument(index), family)
    }

    /// An address in a part of an argument.
    pub(super) fn endpoint_in(
        &self,
        index: usize,
        argument: Option<&Argument>,
        family: IpFamily,
    ) -> Result<Target, BadCall> {
        let (name, port) = match argument {
            Some(Argument::Address(endpoint)) => return Ok(Target::Address(*endpoint)),
            Some(Argument::Endpoint { host, port }) => (host, port.unwrap_or(0)),
            Some(Argument::Ellipsis) => return Ok(Target::Default),
            Some(other) => {
                return self.bad(
                    index,
                    format_args!("{} is not an address: {ADDRESS}", show(other)),
                );
            }
            None => return self.bad(index, format_args!("an address is missing: {ADDRESS}")),
        };
        if name == "*" {
            return Ok(Target::Address(IpEndpoint::new(unspecified(family), port)));
        }
        if let Ok(address) = name.parse() {
            return Ok(Target::Address(IpEndpoint::new(address, port)));
        }
        let mut hosts = self.network.host_ids().map(|id| self.network.host(id));
        let Some(host) = hosts.find(|host| host.name() == name) else {
            return self.bad(
                index,
                format_args!("there is no host {name} with an address"),
            );
        };
        let (version, other) = match family {
            IpFamily::V4 => ("4", "AF_INET6"),
            IpFamily::V6 => ("6", "AF_INET"),
        };
        match address_of(host, family) {
            Some(address) => Ok(Target::Address(IpEndpoint::new(address, port))),
            None => self.bad(
                index,
                format_args!(
                    "{name} has no IPv{version} address, which the socket's family needs: open it \
                     with {other}, or give {name} such an address"
                ),
            ),
        }
    }

    /// The address that `...` means where a peer is wanted: the first other host that has one of
    /// the family, at packetdrill's port.
    pub(super) fn default_peer(
        &self,
        index: usize,
        family: IpFamily,
    ) -> Result<IpEndpoint, BadCall> {
        let address = self
            .network
            .host_ids()
            .filter(|id| *id != self.host)
            .find_map(|id| address_of(self.network.host(id), family));
        match address {
            Some(address) => Ok(IpEndpoint::new(address, DEFAULT_PORT)),
            None => self.bad(
                index,
                "there is no other host with an address of the socket's family",
            ),
        }
    }

    /// The family of the host's first address.
    pub(super) fn default_family(&self) -> IpFamily {
        match self.network.host(self.host).addresses().first() {
            Some(IpAddress::Ipv6(_)) => IpFamily::V6,
            Some(IpAddress::Ipv4(_)) | None => IpFamily::V4,
        }
    }

    /// A number where the function takes a pointer to one: `4000` or `[4000]`.
    pub(super) fn pointed<N: TryFrom<i64>>(
        &self,
        index: usize,
        words: &Words,
    ) -> Result<N, BadCall> {
        match self.argument(index) {
            Some(Argument::List(list)) if list.len() == 1 => self.narrow_in(index, &list[0], words),
            _ => self.narrow(index, words),
        }
    }

    /// A struct timeval: `{1, 500000}`, or `{tv_sec=1, tv_usec=500000}`.
    pub(super) fn timeval(&self, index: usize) -> Result<Duration, BadCall> {
        let fields = match self.argument(index) {
            Some(Argument::Struct(fields)) => fields.as_slice(),
            _ => &[],
        };
        let (seconds, micros) = match fields {
            [(None, seconds), (None, micros)] => (seconds, micros),
            [(Some(sec), seconds), (Some(usec), micros)]
                if sec == "tv_sec" && usec == "tv_usec" =>
            {
                (seconds, micros)
            }
            _ => return self.bad(index, "a time is {seconds, microseconds}"),
        };
        let seconds: u32 = self.narrow_in(index, seconds, &[])?;
        let micros: u32 = self.narrow_in(index, micros, &[])?;
        if micros >= 1_000_000 {
            return self.bad(index, "a time has less than 1000000 microseconds");
        }
        Ok(Duration::from_secs(seconds.into()) + Duration::from_micros(micros.into()))
    }

    /// A struct timeval that a call returns.
    pub(super) fn returned_timeval(&self, index: usize, actual: Duration) -> Result<Made, BadCall> {
        let (seconds, micros) = (actual.secs(), actual.micros());
        let shown = format!("{{tv_sec={seconds}, tv_usec={micros}}}");
        Ok(match self.argument(index) {
            None => Made::value(shown),
            Some(Argument::Ellipsis) => Made::fills(0, index, shown),
            Some(_) if self.timeval(index)? == actual => Made::value(0),
            Some(_) => Made::differs(0, index, shown),
        })
    }

    /// A struct linger: `{onoff=1, linger=0}` or `{1, 0}`.
    pub(super) fn linger(
        &self,
        index: usize,
        fields: &[(Option<String>, Argument)],
    ) -> Result<(u16, u16), BadCall> {
        let (on, seconds) = match fields {
            [
                (Some(onoff), Argument::Integer(on)),
                (Some(linger), Argument::Integer(seconds)),
            ] if onoff == "onoff" && linger == "linger" => (on, seconds),
            [
                (None, Argument::Integer(on)),
                (None, Argument::Integer(seconds)),
            ] => (on, seconds),
            _ => return self.bad(index, "SO_LINGER is {onoff=1, linger=0}"),
        };
        match (u16::try_from(*on), u16::try_from(*seconds)) {
            (Ok(on), Ok(seconds)) => Ok((on, seconds)),
            _ => self.bad(index, "onoff and linger are numbers from 0 to 65535"),
        }
    }

    /// The value that a script expects where a call returns one through a pointer: `[0]`, or `...`.
    /// None: anything.
    pub(super) fn expected(&self, index: usize, words: &Words) -> Result<Option<i64>, BadCall> {
        let expected = match self.argument(index) {
            None | Some(Argument::Ellipsis) => return Ok(None),
            Some(Argument::List(list)) if list.len() == 1 => &list[0],
            Some(expected) => expected,
        };
        if *expected == Argument::Ellipsis {
            return Ok(None);
        }
        self.number_in(index, expected, words).map(Some)
    }

    /// A value that a call returns through a pointer. Where the script writes down the argument, it
    /// is compared with it (`...` leaves it open); where not, it is the result.
    pub(super) fn returned(
        &self,
        index: usize,
        actual: i64,
        words: &Words,
    ) -> Result<Made, BadCall> {
        let name = words.iter().find(|(_, number)| *number == actual);
        let shown = name.map_or_else(|| actual.to_string(), |(name, _)| (*name).to_owned());
        if self.argument(index).is_none() {
            return Ok(Made::value(shown));
        }
        Ok(match self.expected(index, words)? {
            Some(expected) if expected == actual => Made::value(0),
            Some(_) => Made::differs(0, index, format!("[{shown}]")),
            None => Made::fills(0, index, format!("[{shown}]")),
        })
    }

    /// A struct linger that a call returns.
    pub(super) fn returned_linger(
        &self,
        index: usize,
        (onoff, seconds): (u16, u16),
    ) -> Result<Made, BadCall> {
        let shown = format!("{{onoff={onoff}, linger={seconds}}}");
        match self.argument(index) {
            None => Ok(Made::value(shown)),
            Some(Argument::Ellipsis) => Ok(Made::fills(0, index, shown)),
            Some(Argument::Struct(fields)) => Ok(match self.linger(index, fields)? {
                expected if expected == (onoff, seconds) => Made::value(0),
                _ => Made::differs(0, index, shown),
            }),
            Some(_) => self.bad(index, "SO_LINGER is {onoff=1, linger=0}"),
        }
    }

    /// An argument that says nothing here, such as the size of what stands before it: a number,
    /// `[16]`, `...`, NULL, BAD_POINTER, or nothing.
    pub(super) fn size(&self, index: usize) -> Result<(), BadCall> {
        match self.argument(index) {
            None | Some(Argument::Integer(_) | Argument::Ellipsis) => Ok(()),
            Some(Argument::Word(word)) if matches!(word.as_str(), "NULL" | "BAD_POINTER") => Ok(()),
            Some(Argument::List(list)) if list.len() == 1 => {
                self.number_in(index, &list[0], &[]).map(|_| ())
            }
            Some(other) => self.bad(index, format_args!("{} is no number", show(other))),
        }
    }

    /// An address that a call returns.
    pub(super) fn returned_address(
        &self,
        index: usize,
        actual: IpEndpoint,
    ) -> Result<Made, BadCall> {
        let family = match actual.addr {
            IpAddress::Ipv4(_) => IpFamily::V4,
            IpAddress::Ipv6(_) => IpFamily::V6,
        };
        if self.argument(index).is_none() {
            return Ok(Made::value(0));
        }
        Ok(match self.endpoint(index, family)? {
            Target::Default => Made::fills(0, index, self.name_of(actual)),
            Target::Address(expected) if expected == actual => Made::value(0),
            Target::Address(_) => Made::differs(0, index, self.name_of(actual)),
        })
    }

    /// The address that a script expects where a call returns one beside its result. None: any, or
    /// the call is not asked for it.
    pub(super) fn expected_address(
        &self,
        index: usize,
        family: IpFamily,
    ) -> Result<Option<IpEndpoint>, BadCall> {
        match self.argument(index) {
            None | Some(Argument::Ellipsis) => Ok(None),
            Some(Argument::Word(word)) if word == "NULL" => Ok(None),
            Some(_) => Ok(match self.endpoint(index, family)? {
                Target::Address(expected) => Some(expected),
                Target::Default => None,
            }),
        }
    }

    /// The end of a call that returned an address beside its result.
    pub(super) fn with_address(
        &self,
        made: Made,
        index: usize,
        expected: Option<IpEndpoint>,
        actual: Option<IpEndpoint>,
    ) -> Made {
        let (Made::Returned { error: None, .. }, Some(actual)) = (&made, actual) else {
            return made;
        };
        let given = Difference {
            argument: index,
            actual: self.name_of(actual),
        };
        match expected {
            Some(expected) if expected == actual => made,
            Some(_) => made.and_differs(given),
            None => made.and_fills(given),
        }
    }

    /// The call as a row of the trace shows it. `prefix` stands before the socket, and what the
    /// call has returned through an argument in the place of what the script expects there.
    fn text<'d>(
        &self,
        prefix: &str,
        returned: impl Iterator<Item = &'d Difference> + Clone,
    ) -> String {
        let shown: Vec<_> = self
            .arguments
            .iter()
            .enumerate()
            .map(|(index, argument)| {
                let mut given = returned.clone();
                if let Some(given) = given.find(|it| it.argument == index) {
                    return given.actual.clone();
                }
                let shown = if let Argument::Address(endpoint) = argument {
                    self.name_of(*endpoint)
                } else {
                    show(argument)
                };
                match (self.signature.shape, index, argument) {
                    (Shape::Socket | Shape::Send, 0, Argument::Integer(_) | Argument::Word(_)) => {
                        format!("{prefix}={shown}")
                    }
                    (Shape::Send, 1, Argument::Integer(_)) => format!("{shown} octets"),
                    // A version is two octets, and everybody writes it so.
                    (_, 0, Argument::Integer(version)) if self.name() == "WSAStartup" => {
                        format!("{version:#06x}")
                    }
                    _ => shown,
                }
            })
            .collect();
        format!("{}({})", self.name(), shown.join(", "))
    }

    /// The answer to the runner. `descriptors` know the socket that the call was about.
    pub(super) fn answer(&self, made: Made, prefix: &str, descriptors: &Descriptors) -> Answer {
        let about = match (self.signature.shape, self.argument(0)) {
            (Shape::Socket | Shape::Send, Some(Argument::Integer(label))) => {
                descriptors.labelled(*label)
            }
            _ => None,
        };
        match made {
            Made::Returned {
                value,
                error,
                opened,
                differences,
                filled,
            } => Answer::Returned(Returned {
                value,
                error,
                call: self.text(prefix, differences.iter().chain(&filled)),
                opened,
                socket: opened
                    .and_then(|new| descriptors.get(new))
                    .map_or(about, |new| new.socket),
                differences,
                received: Vec::new(),
            }),
            Made::Ended { signal } => Answer::Ended(Returned {
                value: signal.to_owned(),
                error: None,
                call: self.text(prefix, [].iter()),
                opened: None,
                socket: about,
                differences: Vec::new(),
                received: Vec::new(),
            }),
            Made::Blocks { until } => Answer::Blocks(Blocked {
                socket: about,
                until,
            }),
        }
    }

    /// An address with the name of the host that has it.
    pub(super) fn name_of(&self, endpoint: IpEndpoint) -> String {
        let host = self
            .network
            .host_ids()
            .map(|id| self.network.host(id))
            .find(|host| host.addresses().contains(&endpoint.addr));
        match host {
            Some(host) => format!("{}:{}", host.name(), endpoint.port),
            None if endpoint.addr.is_unspecified() => format!("*:{}", endpoint.port),
            None => endpoint.to_string(),
        }
    }
}

const DATA: &str = "write a number of octets, a \"text\", or ... and a length";
const ADDRESS: &str = "write host:port, *:port, or ... for the default";

/// Whether an argument stands for an address that is none: NULL.
pub(super) fn is_null(argument: &Argument) -> bool {
    matches!(argument, Argument::Word(word) if word == "NULL")
}

/// Whether an argument is a socket address without a family: AF_UNSPEC.
pub(super) fn is_unspecified(argument: &Argument) -> bool {
    matches!(argument, Argument::Word(word) if word == "AF_UNSPEC")
}

/// Whether an argument is a buffer, behind which its length stands.
fn is_buffer(argument: &Argument) -> bool {
    *argument == Argument::Ellipsis || is_null(argument)
}

/// What a send sends.
#[derive(Debug)]
pub(super) struct Payload<'a> {
    pub(super) octets: Octets<'a>,
    pub(super) flags: i32,
    /// The first argument after it.
    pub(super) rest: usize,
}

/// An address argument.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    Address(IpEndpoint),
    /// `...`
    Default,
}

fn address_of(host: &Host, family: IpFamily) -> Option<IpAddress> {
    host.addresses()
        .iter()
        .copied()
        .find(|address| match address {
            IpAddress::Ipv4(_) => family == IpFamily::V4,
            IpAddress::Ipv6(_) => family == IpFamily::V6,
        })
}

pub(super) fn unspecified(family: IpFamily) -> IpAddress {
    match family {
        IpFamily::V4 => IpAddress::Ipv4(Ipv4Address::UNSPECIFIED),
        IpFamily::V6 => IpAddress::Ipv6(Ipv6Address::UNSPECIFIED),
    }
}

impl Descriptors {
    /// The descriptor in the first argument. A number that is no label, and any word but
    /// INVALID_SOCKET, is a descriptor that nothing has: [`INVALID`].
    pub(super) fn first(&self, context: &Context<'_>) -> Result<u64, BadCall> {
        match context.argument(0) {
            Some(argument) => self.find(context, 0, argument),
            None => context.bad(0, "the socket is missing"),
        }
    }

    /// The descriptor in a part of an argument.
    pub(super) fn find(
        &self,
        context: &Context<'_>,
        index: usize,
        argument: &Argument,
    ) -> Result<u64, BadCall> {
        let label = context.number_in(index, argument, &[("INVALID_SOCKET", -1)])?;
        Ok(self.descriptor(label))
    }
}
