//! setsockopt and getsockopt.

use hangup_posix::Errno;
use hangup_posix::options::{Linger, OptionValue, SO_ERROR, SO_LINGER, SO_TYPE, SOL_SOCKET};

use super::state::PosixCalls;
use super::words::{ERRORS, LEVELS, OPTIONS, TYPES};
use crate::calls::answer::{BadCall, Made, failed, status};
use crate::calls::argument::{Context, Words};
use crate::scenario::script::Argument;

impl PosixCalls {
    pub(super) fn setsockopt(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let option = (context.narrow(1, LEVELS)?, context.narrow(2, OPTIONS)?);
        let value = match context.argument(3) {
            Some(Argument::Struct(fields)) => {
                let (onoff, seconds) = context.linger(3, fields)?;
                if option != (SOL_SOCKET, SO_LINGER) {
                    return context.bad(3, "a struct linger is for SO_LINGER");
                }
                OptionValue::Linger(Linger { onoff, seconds })
            }
            _ => OptionValue::Integer(context.pointed(3, &[])?),
        };
        context.size(4)?;
        let set =
            context.on_host(|host, now| self.process.setsockopt(host, now, fd, option, &value));
        Ok(status(set))
    }

    pub(super) fn getsockopt(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let (level, name) = (context.narrow(1, LEVELS)?, context.narrow(2, OPTIONS)?);
        let words: &Words = match (level, name) {
            (SOL_SOCKET, SO_ERROR) => &ERRORS,
            (SOL_SOCKET, SO_TYPE) => TYPES,
            _ => &[],
        };
        match context.argument(3) {
            Some(Argument::Struct(fields)) => drop(context.linger(3, fields)?),
            _ => drop(context.expected(3, words)?),
        }
        context.size(4)?;
        match context.on_host(|host, _| self.process.getsockopt(host, fd, level, name)) {
            Ok(OptionValue::Integer(value)) => context.returned(3, value.into(), words),
            Ok(OptionValue::Linger(Linger { onoff, seconds })) => {
                context.returned_linger(3, (onoff, seconds))
            }
            Ok(OptionValue::Octets(_) | OptionValue::Bad) => Ok(failed(Errno::Invalid)),
            Err(error) => Ok(failed(error)),
        }
    }
}
