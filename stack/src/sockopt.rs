//! setsockopt and getsockopt for every interface: a table, whose rows give the number and the form
//! of an option in one interface.

use smoltcp::time::{Duration, Instant};

use crate::host::Host;
use crate::options::{Linger, SocketOption};
use crate::profile::Algorithm;
use crate::socket::SocketId;

/// What is behind the pointer to an option's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// An int, a DWORD or a BOOL.
    Integer(i32),
    /// A struct linger.
    Linger(Linger),
    /// A buffer.
    Octets(Vec<u8>),
    /// A struct timeval.
    Time(Duration),
    /// Memory that is not the process's.
    Bad,
}

/// An option of an interface.
#[derive(Clone, Copy, Debug)]
pub struct OptionRow {
    /// The level: `SOL_SOCKET`, `IPPROTO_TCP`.
    pub level: i32,
    /// The number of the option at its level.
    pub name: i32,
    /// Its name in the headers: `SO_LINGER`.
    pub word: &'static str,
    /// Which sockets have it.
    pub sockets: Sockets,
    /// The form of its value, and the stack's option behind it.
    pub codec: Codec,
}

/// Which sockets have an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sockets {
    /// All.
    Any,
    /// Those of byte streams.
    Streams,
}

/// What form the value of an option has, and how it becomes the stack's.
#[derive(Clone, Copy, Debug)]
pub enum Codec {
    /// An integer that is 0 or not.
    Boolean(&'static SocketOption<bool>),
    /// An integer that is 0 or 1.
    Switch(&'static SocketOption<bool>),
    /// A count.
    Count(&'static SocketOption<u32>, Limits),
    /// A size in octets.
    Size(&'static SocketOption<usize>, Limits),
    /// A time in seconds.
    Seconds(&'static SocketOption<Duration>, Limits),
    /// A time in milliseconds.
    Milliseconds(&'static SocketOption<Duration>, Limits),
    /// A struct linger.
    Linger(&'static SocketOption<Linger>),
    /// A struct timeval.
    Time(&'static SocketOption<Duration>),
    /// The name of a congestion control.
    Algorithm(&'static SocketOption<Algorithm>),
    /// An integer that may be negative.
    Signed(&'static SocketOption<i32>),
    /// An octet of the IP header, or -1 for the usual one.
    Octet(&'static SocketOption<Option<u8>>, Limits),
    /// A port that can be set before the socket listens or connects.
    Port(&'static SocketOption<u16>),
    /// An integer that the interface knows, and that can only be read.
    ReadOnly,
    /// An integer that the interface keeps.
    Integer(Limits),
    /// A buffer of at most so many octets that the interface keeps.
    Octets(usize),
}

/// Which integers an option takes.
#[derive(Clone, Copy, Debug)]
pub enum Limits {
    /// These; others are refused.
    Within(i32, i32),
    /// These, and 0; others are refused.
    WithinOrZero(i32, i32),
    /// These but 0; others are refused.
    WithinNotZero(i32, i32),
    /// All; what is below or above is taken for the nearest of these.
    Clamped(i32, i32),
    /// From the first on; what is above the second is taken for it.
    From(i32, i32),
    /// All, of which the lowest octet counts.
    LowOctet,
}

/// Why a value is none of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It has another form, so that its size is wrong, or is no memory of the process.
    Form,
    /// It is not within the limits.
    Limits,
}

/// Finds an option in the table of an interface.
pub fn find(table: &'static [OptionRow], level: i32, name: i32) -> Option<&'static OptionRow> {
    table
        .iter()
        .find(|row| (row.level, row.name) == (level, name))
}

/// The names of a table's options, with their numbers.
pub const fn words<const N: usize>(table: &[OptionRow; N]) -> [(&'static str, i64); N] {
    let mut words = [("", 0); N];
    let mut index = 0;
    while index < N {
        words[index] = (table[index].word, table[index].name as i64);
        index += 1;
    }
    words
}

impl Codec {
    /// Whether the stack has a value for the option.
    pub const fn is_of_the_stack(self) -> bool {
        !matches!(self, Self::ReadOnly | Self::Integer(_) | Self::Octets(_))
    }

    /// Whether the option can be set to a value.
    ///
    /// # Errors
    /// Why not.
    pub fn check(self, value: &OptionValue) -> Result<(), Misfit> {
        match (self, value) {
            (Self::Linger(_), OptionValue::Linger(_))
            | (Self::Time(_), OptionValue::Time(_))
            | (Self::ReadOnly, _) => Ok(()),
            (Self::Algorithm(_), OptionValue::Octets(name)) => {
                algorithm(name).map(|_| ()).ok_or(Misfit::Limits)
            }
            (Self::Octets(most), OptionValue::Octets(octets)) if octets.len() > most => {
                Err(Misfit::Limits)
            }
            (Self::Octets(_), OptionValue::Octets(_)) => Ok(()),
            (Self::Linger(_) | Self::Time(_) | Self::Octets(_) | Self::Algorithm(_), _) => {
                Err(Misfit::Form)
            }
            (_, OptionValue::Integer(value)) => {
                { self.limits().number(*value) }.map_or(Err(Misfit::Limits), |_| Ok(()))
            }
            (
                _,
                OptionValue::Linger(_)
                | OptionValue::Octets(_)
                | OptionValue::Time(_)
                | OptionValue::Bad,
            ) => Err(Misfit::Form),
        }
    }

    /// Sets the stack's option.
    ///
    /// # Errors
    /// Why the value is none of the option. Where the stack has no such option, nothing happens.
    pub fn set(
        self,
        host: &mut Host,
        now: Instant,
        socket: SocketId,
        value: &OptionValue,
    ) -> Result<(), Misfit> {
        self.check(value)?;
        let number = match value {
            OptionValue::Integer(number) => self.limits().number(*number).ok_or(Misfit::Limits)?,
            OptionValue::Linger(linger) => {
                if let Self::Linger(option) = self {
                    host.set_option(socket, option, *linger, now);
                }
                return Ok(());
            }
            OptionValue::Time(time) => {
                if let Self::Time(option) = self {
                    host.set_option(socket, option, *time, now);
                }
                return Ok(());
            }
            OptionValue::Octets(name) => {
                if let (Self::Algorithm(option), Some(algorithm)) = (self, algorithm(name)) {
                    host.set_option(socket, option, algorithm, now);
                }
                return Ok(());
            }
            OptionValue::Bad => return Ok(()),
        };
        let natural = u32::try_from(number).unwrap_or(0);
        match self {
            Self::Boolean(option) | Self::Switch(option) => {
                host.set_option(socket, option, number != 0, now);
            }
            Self::Count(option, _) => {
                host.set_option(socket, option, number.cast_unsigned(), now);
            }
            Self::Size(option, _) => {
                let octets = usize::try_from(natural).unwrap_or(usize::MAX);
                host.set_option(socket, option, octets, now);
            }
            Self::Seconds(option, _) => {
                host.set_option(socket, option, Duration::from_secs(natural.into()), now);
            }
            Self::Milliseconds(option, _) => {
                host.set_option(socket, option, Duration::from_millis(natural.into()), now);
            }
            Self::Signed(option) => host.set_option(socket, option, number, now),
            Self::Octet(option, _) => {
                host.set_option(socket, option, u8::try_from(number).ok(), now);
            }
            Self::Port(option) => {
                let port = u16::try_from(number).map_err(|_| Misfit::Limits)?;
                if !host.may_carry(socket, port) {
                    return Err(Misfit::Limits);
                }
                host.set_option(socket, option, port, now);
            }
            Self::Linger(_)
            | Self::Time(_)
            | Self::Algorithm(_)
            | Self::ReadOnly
            | Self::Integer(_)
            | Self::Octets(_) => {}
        }
        Ok(())
    }

    /// Reads the stack's option; none where it has no such option.
    pub fn get(self, host: &Host, socket: SocketId) -> Option<OptionValue> {
        fn integer<N>(number: N) -> i32
        where
            i32: TryFrom<N>,
        {
            i32::try_from(number).unwrap_or(i32::MAX)
        }
        Some(OptionValue::Integer(match self {
            Self::Boolean(option) | Self::Switch(option) => host.option(socket, option)?.into(),
            Self::Count(option, _) => host.option(socket, option)?.cast_signed(),
            Self::Size(option, _) => integer(host.option(socket, option)?),
            Self::Seconds(option, _) => integer(host.option(socket, option)?.secs()),
            Self::Milliseconds(option, _) => integer(host.option(socket, option)?.total_millis()),
            Self::Linger(option) => return Some(OptionValue::Linger(host.option(socket, option)?)),
            Self::Time(option) => return Some(OptionValue::Time(host.option(socket, option)?)),
            Self::Signed(option) => host.option(socket, option)?,
            Self::Octet(option, _) => host.option(socket, option)?.map_or(-1, i32::from),
            Self::Port(option) => host.option(socket, option)?.into(),
            Self::Algorithm(option) => {
                let name = name_of(host.option(socket, option)?);
                return Some(OptionValue::Octets(name.into()));
            }
            Self::ReadOnly | Self::Integer(_) | Self::Octets(_) => return None,
        }))
    }

    /// Whether the system of a host has the option.
    pub fn exists(self, host: &Host) -> bool {
        let Some(profile) = host.profile() else {
            return false;
        };
        match self {
            Self::Boolean(option) | Self::Switch(option) => option.exists(profile),
            Self::Count(option, _) => option.exists(profile),
            Self::Size(option, _) => option.exists(profile),
            Self::Seconds(option, _) | Self::Milliseconds(option, _) | Self::Time(option) => {
                option.exists(profile)
            }
            Self::Signed(option) => option.exists(profile),
            Self::Octet(option, _) => option.exists(profile),
            Self::Port(option) => option.exists(profile),
            Self::Algorithm(option) => option.exists(profile),
            Self::Linger(option) => option.exists(profile),
            Self::ReadOnly | Self::Integer(_) | Self::Octets(_) => true,
        }
    }

    /// The integers that the option takes.
    const fn limits(self) -> Limits {
        match self {
            Self::Count(_, limits)
            | Self::Size(_, limits)
            | Self::Seconds(_, limits)
            | Self::Milliseconds(_, limits)
            | Self::Octet(_, limits)
            | Self::Integer(limits) => limits,
            Self::Switch(_) => Limits::Within(0, 1),
            Self::Boolean(_)
            | Self::Linger(_)
            | Self::Time(_)
            | Self::Signed(_)
            | Self::Port(_)
            | Self::Algorithm(_)
            | Self::ReadOnly
            | Self::Octets(_) => Limits::Within(i32::MIN, i32::MAX),
        }
    }
}

impl Limits {
    /// What a number is taken for; none where it is refused.
    fn number(self, number: i32) -> Option<i32> {
        match self {
            Self::Within(least, most) => (least..=most).contains(&number).then_some(number),
            Self::WithinOrZero(least, most) => {
                let fits = number == 0 || (least..=most).contains(&number);
                fits.then_some(number)
            }
            Self::WithinNotZero(least, most) => {
                let fits = number != 0 && (least..=most).contains(&number);
                fits.then_some(number)
            }
            Self::Clamped(least, most) => Some(number.clamp(least, most)),
            Self::From(least, most) => (number >= least).then_some(number.min(most)),
            Self::LowOctet => Some(number & 0xff),
        }
    }
}

/// The algorithms by their names, as systems spell them.
const ALGORITHMS: [(&str, Algorithm); 2] = [("reno", Algorithm::Reno), ("cubic", Algorithm::Cubic)];

fn algorithm(name: &[u8]) -> Option<Algorithm> {
    let mut known = ALGORITHMS.into_iter();
    let (_, algorithm) = known.find(|(known, _)| known.as_bytes() == name)?;
    Some(algorithm)
}

fn name_of(algorithm: Algorithm) -> &'static str {
    let mut known = ALGORITHMS.into_iter();
    let found = known.find(|(_, known)| *known == algorithm);
    found.map_or("", |(name, _)| name)
}
