//! setsockopt, getsockopt, ioctlsocket.

use hangup_stack::sockopt::{self, Codec};
use hangup_winsock::WsaError;
use hangup_winsock::api::options::{self, IoctlArgument, KeepAliveValues, Linger, OptionValue};

use super::state::WinsockCalls;
use super::words::{BOOLEANS, COMMANDS, ERRORS, LEVELS, OPTIONS, TYPES};
use super::wsabuf::octets;
use crate::calls::answer::{BadCall, Made, failed, status};
use crate::calls::argument::{Context, Words};
use crate::scenario::script::Argument;

impl WinsockCalls {
    pub(super) fn setsockopt(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let (level, name) = (context.narrow(1, LEVELS)?, context.narrow(2, OPTIONS)?);
        let value = match context.argument(3) {
            Some(Argument::Word(word)) if matches!(word.as_str(), "BAD_POINTER" | "NULL") => {
                OptionValue::Bad
            }
            Some(listener) if name == options::SO_UPDATE_ACCEPT_CONTEXT => {
                let pointed = if let Argument::List(list) = listener {
                    list.first()
                } else {
                    Some(listener)
                };
                let listener = pointed.unwrap_or(listener);
                let handle = self.program.descriptors.find(context, 3, listener)?;
                i32::try_from(handle).map_or(OptionValue::Bad, OptionValue::Integer)
            }
            Some(data) if takes_octets(level, name) => match octets(data) {
                Some(octets) => OptionValue::Octets(octets),
                None => return context.bad(3, USER_DATA),
            },
            Some(Argument::Struct(fields)) => {
                let (onoff, seconds) = context.linger(3, fields)?;
                OptionValue::Linger(Linger { onoff, seconds })
            }
            Some(_) => OptionValue::Integer(context.pointed(3, BOOLEANS)?),
            None => OptionValue::Bad,
        };
        context.size(4)?;
        Ok(status(self.on_host(context, |process, host, now| {
            process.setsockopt(host, now, s, level, name, value)
        })))
    }

    pub(super) fn getsockopt(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let (level, name) = (context.narrow(1, LEVELS)?, context.narrow(2, OPTIONS)?);
        let words: &Words = match name {
            options::SO_ERROR => &ERRORS,
            options::SO_TYPE => TYPES,
            _ => &[],
        };
        match context.argument(3) {
            Some(Argument::Struct(fields)) => context.linger(3, fields).map(|_| ())?,
            Some(data) if takes_octets(level, name) && octets(data).is_some() => {}
            _ => context.expected(3, words).map(|_| ())?,
        }
        context.size(4)?;
        let got = self.on_host(context, |process, host, now| {
            process.getsockopt(host, now, s, level, name)
        });
        let value = match got {
            Ok(value) => value,
            Err(error) => return Ok(failed(error)),
        };
        match value {
            OptionValue::Integer(value) => context.returned(3, value.into(), words),
            OptionValue::Linger(Linger { onoff, seconds }) => {
                context.returned_linger(3, (onoff, seconds))
            }
            OptionValue::Octets(data) => Ok(match context.argument(3) {
                None => Made::value(data.len()),
                Some(Argument::Ellipsis) => Made::value(0),
                Some(expected) => match octets(expected) {
                    Some(expected) if expected == data => Made::value(0),
                    Some(_) => Made::differs(0, 3, format!("\"{}\"", data.escape_ascii())),
                    None => return context.bad(3, USER_DATA),
                },
            }),
            OptionValue::Time(_) | OptionValue::Bad => Ok(failed(WsaError::Fault)),
        }
    }

    pub(super) fn ioctlsocket(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let command = context.narrow(1, COMMANDS)?;
        let mut value = match command {
            options::FIONREAD => {
                context.expected(2, &[])?;
                IoctlArgument::Number(0)
            }
            _ => match context.argument(2) {
                Some(Argument::Struct(fields)) => match keep_alive(fields) {
                    Some(values) => IoctlArgument::KeepAlive(values),
                    None => return context.bad(2, KEEP_ALIVE),
                },
                Some(_) => IoctlArgument::Number(context.pointed(2, BOOLEANS)?),
                None => return context.bad(2, "the value is missing"),
            },
        };
        for index in 3..9 {
            context.size(index)?;
        }
        let wsa = context.name() == "WSAIoctl";
        let result = self.on_host(context, |process, host, now| match wsa {
            true => process.wsa_ioctl(host, now, s, command, &mut value),
            false => match &mut value {
                IoctlArgument::Number(value) => process.ioctlsocket(host, now, s, command, value),
                IoctlArgument::KeepAlive(_) => Err(WsaError::OperationNotSupported),
            },
        });
        match result {
            Ok(()) if command == options::FIONREAD => {
                context.returned(2, value.number().unwrap_or(0).into(), &[])
            }
            result => Ok(status(result)),
        }
    }
}

const KEEP_ALIVE: &str =
    "SIO_KEEPALIVE_VALS takes {onoff=1, keepalivetime=MS, keepaliveinterval=MS}";

/// struct tcp_keepalive.
fn keep_alive(fields: &[(Option<String>, Argument)]) -> Option<KeepAliveValues> {
    const NAMES: [&str; 3] = ["onoff", "keepalivetime", "keepaliveinterval"];
    let mut numbers = [0; 3];
    if fields.len() != numbers.len() {
        return None;
    }
    for (((name, value), known), number) in fields.iter().zip(NAMES).zip(&mut numbers) {
        let is_known = name.as_ref().is_none_or(|name| name == known);
        *number = match value {
            Argument::Integer(value) if is_known => u32::try_from(*value).ok()?,
            Argument::Integer(_)
            | Argument::Word(_)
            | Argument::Text(_)
            | Argument::Octets(_)
            | Argument::Flags(_)
            | Argument::List(_)
            | Argument::Struct(_)
            | Argument::Ellipsis
            | Argument::Endpoint { .. }
            | Argument::Address(_) => return None,
        };
    }
    let [onoff, time_ms, interval_ms] = numbers;
    Some(KeepAliveValues {
        onoff,
        time_ms,
        interval_ms,
    })
}

const USER_DATA: &str = "connect and disconnect data is a \"text\" or a list of octets";

/// Whether the value of an option is connect or disconnect data.
fn takes_octets(level: i32, name: i32) -> bool {
    let row = sockopt::find(&options::OPTIONS, level, name);
    row.is_some_and(|row| matches!(row.codec, Codec::Octets(_)))
}
