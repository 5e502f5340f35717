//! setsockopt and getsockopt.

use hangup_posix::options::{
    self, IP_MTU_DISCOVER, IP_TOS, IPV6_MTU_DISCOVER, IPV6_TCLASS, Linger, OptionValue, SO_ERROR,
    SO_TIMESTAMPING, SO_TYPE, SOL_SOCKET, TCP_INFO,
};
use hangup_posix::sockets::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP};
use hangup_posix::{Errno, FileDescriptor, tcp_info};
use hangup_stack::sockopt::{self, Codec};

use super::state::PosixCalls;
use super::words::{ERRORS, LEVELS, OPTIONS, PATH_MTUS, SERVICES, STAMPINGS, TYPES};
use crate::calls::answer::{BadCall, Made, failed, status};
use crate::calls::argument::{Context, Words};
use crate::calls::show::show;
use crate::scenario::script::Argument;

/// What stands behind the pointer to an option's value.
#[derive(Clone, Copy, Debug)]
enum Form {
    Number,
    Linger,
    Time,
    Name,
    Info,
}

impl Form {
    fn of((level, name): (i32, i32)) -> Self {
        let row = sockopt::find(&options::OPTIONS, level, name);
        match row.map(|row| row.codec) {
            _ if (level, name) == (IPPROTO_TCP, TCP_INFO) => Self::Info,
            Some(Codec::Linger(_)) => Self::Linger,
            Some(Codec::Time(_)) => Self::Time,
            Some(Codec::Algorithm(_)) => Self::Name,
            _ => Self::Number,
        }
    }
}

/// The names of an option's values.
fn words_of(option: (i32, i32)) -> &'static Words {
    match option {
        (SOL_SOCKET, SO_ERROR) => &ERRORS,
        (SOL_SOCKET, SO_TYPE) => TYPES,
        (SOL_SOCKET, SO_TIMESTAMPING) => STAMPINGS,
        (IPPROTO_IP, IP_MTU_DISCOVER) | (IPPROTO_IPV6, IPV6_MTU_DISCOVER) => PATH_MTUS,
        (IPPROTO_IP, IP_TOS) | (IPPROTO_IPV6, IPV6_TCLASS) => SERVICES,
        _ => &[],
    }
}

/// The fields of TCP_INFO that a script writes down, each with its value; none: any.
type Expected<'a> = Vec<(&'a str, Option<i64>)>;

impl PosixCalls {
    pub(super) fn setsockopt(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let option = (context.narrow(1, LEVELS)?, context.narrow(2, OPTIONS)?);
        let value = match (Form::of(option), context.argument(3)) {
            (Form::Linger, Some(Argument::Struct(fields))) => {
                let (onoff, seconds) = context.linger(3, fields)?;
                OptionValue::Linger(Linger { onoff, seconds })
            }
            (Form::Time, Some(Argument::Struct(_))) => OptionValue::Time(context.timeval(3)?),
            (Form::Name, Some(Argument::Text(name))) => OptionValue::Octets(name.as_bytes().into()),
            (Form::Name, _) => return context.bad(3, "the congestion control is a \"name\""),
            (_, Some(Argument::Struct(_))) => {
                return context.bad(
                    3,
                    "a struct linger is for SO_LINGER, and a time for timeouts",
                );
            }
            _ => OptionValue::Integer(bits(context, words_of(option))?),
        };
        context.size(4)?;
        let length = match context.argument(4) {
            Some(Argument::Integer(length)) => usize::try_from(*length).unwrap_or(0),
            _ => usize::MAX,
        };
        let value = (&value, length);
        let set = context
            .on_host(|host, now| self.process.setsockopt_sized(host, now, fd, option, value));
        Ok(status(set))
    }

    pub(super) fn getsockopt(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let option = (context.narrow(1, LEVELS)?, context.narrow(2, OPTIONS)?);
        let words = words_of(option);
        context.size(4)?;
        match (Form::of(option), context.argument(3)) {
            (Form::Info, _) => return self.tcp_info(context, fd),
            (_, None | Some(Argument::Ellipsis)) | (Form::Name, Some(Argument::Text(_))) => {}
            (Form::Name, Some(_)) => {
                return context.bad(3, "the congestion control is a \"name\"");
            }
            (Form::Time, Some(_)) => context.timeval(3).map(|_| ())?,
            (Form::Linger | Form::Number, Some(Argument::Struct(fields))) => {
                context.linger(3, fields).map(|_| ())?;
            }
            (Form::Linger | Form::Number, Some(_)) => context.expected(3, words).map(|_| ())?,
        }
        let (level, name) = option;
        match context.on_host(|host, _| self.process.getsockopt(host, fd, level, name)) {
            Ok(OptionValue::Integer(value)) => context.returned(3, value.into(), words),
            Ok(OptionValue::Linger(Linger { onoff, seconds })) => {
                context.returned_linger(3, (onoff, seconds))
            }
            Ok(OptionValue::Time(time)) => context.returned_timeval(3, time),
            Ok(OptionValue::Octets(name)) => {
                let shown = format!("\"{}\"", name.escape_ascii());
                Ok(match context.argument(3) {
                    None => Made::value(shown),
                    Some(Argument::Text(expected)) if expected.as_bytes() == name => Made::value(0),
                    Some(Argument::Text(_)) => Made::differs(0, 3, shown),
                    Some(_) => Made::fills(0, 3, shown),
                })
            }
            Ok(OptionValue::Bad) => Ok(failed(Errno::Invalid)),
            Err(error) => Ok(failed(error)),
        }
    }

    /// `getsockopt(4, IPPROTO_TCP, TCP_INFO, {tcpi_state=TCP_CLOSE_WAIT, tcpi_unacked=...}) = 0`:
    /// the fields that are written down are compared.
    fn tcp_info(&mut self, context: &mut Context<'_>, fd: FileDescriptor) -> Result<Made, BadCall> {
        let expected = expected_info(context)?;
        let info = match context.on_host(|host, now| self.process.tcp_info(host, now, fd)) {
            Ok(info) => info,
            Err(error) => return Ok(failed(error)),
        };
        let actual = |name: &str| info.field(name).unwrap_or(0);
        let fields = expected.iter().map(|(name, _)| {
            let number = actual(name);
            let is_named = |word: &&(&str, i64)| {
                let is_state = word.0.strip_prefix("TCP_CA_").is_none();
                word.1 == number && is_state == (*name == "tcpi_state")
            };
            let named = match *name {
                "tcpi_state" | "tcpi_ca_state" => tcp_info::WORDS.iter().find(is_named),
                _ => None,
            };
            match named {
                Some((word, _)) => format!("{name}={word}"),
                None => format!("{name}={number}"),
            }
        });
        let shown = format!("{{{}}}", fields.collect::<Vec<_>>().join(", "));
        let differs = |(name, expected): &(&str, Option<i64>)| {
            expected.is_some_and(|expected| expected != actual(name))
        };
        let is_open = |(_, expected): &(&str, Option<i64>)| expected.is_none();
        Ok(if expected.iter().any(differs) {
            Made::differs(0, 3, shown)
        } else if expected.iter().any(is_open) {
            Made::fills(0, 3, shown)
        } else {
            Made::value(0)
        })
    }
}

/// The value of an option as an int; an unsigned one keeps its bits.
fn bits(context: &Context<'_>, words: &Words) -> Result<i32, BadCall> {
    let number: i64 = context.pointed(3, words)?;
    let unsigned = u32::try_from(number).map(u32::cast_signed);
    let number = i32::try_from(number).or(unsigned);
    number.or_else(|_| context.bad(3, "the value is out of range"))
}

/// The fields of TCP_INFO that a script writes down.
fn expected_info<'a>(context: &Context<'a>) -> Result<Expected<'a>, BadCall> {
    let fields = match context.argument(3) {
        None | Some(Argument::Ellipsis) => return Ok(Vec::new()),
        Some(Argument::Struct(fields)) => fields,
        Some(other) => {
            let shown = show(other);
            return context.bad(
                3,
                format_args!("{shown} is not {{tcpi_state=TCP_CLOSE_WAIT}}"),
            );
        }
    };
    let field = |(name, value): &'a (Option<String>, Argument)| {
        let name = name.as_deref().unwrap_or_default();
        if !tcp_info::FIELDS.contains(&name) {
            return context.unknown(3, name, tcp_info::FIELDS.to_vec());
        }
        if *value == Argument::Ellipsis {
            return Ok((name, None));
        }
        let expected = context.number_in(3, value, &tcp_info::WORDS)?;
        Ok((name, Some(expected)))
    };
    fields.iter().map(field).collect()
}
