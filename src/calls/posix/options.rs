//! Socket options: setsockopt and getsockopt.

use hangup_posix::{Errno, File};
use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::{KeepAlive, Protocol};

use super::words::{
    ERRORS, IPPROTO_TCP, LEVELS, OPTIONS, SO_ERROR, SO_KEEPALIVE, SO_LINGER, SO_RCVBUF,
    SO_REUSEADDR, SO_SNDBUF, SO_TYPE, SOL_SOCKET, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL,
    TCP_NODELAY, TCP_USER_TIMEOUT, TYPES,
};
use super::{PosixCalls, failed, status};
use crate::calls::BadCall;
use crate::calls::argument::Context;
use crate::calls::table::Made;
use crate::scenario::script::Argument;

/// A buffer size beyond this is as good as any.
const BUFFER_MAX: i64 = 1 << 30;

/// The most seconds between probes, and the most probes, that Linux takes.
const KEEP_ALIVE_SECONDS_MAX: i64 = 32_767;
const KEEP_ALIVE_COUNT_MAX: i64 = 127;

impl PosixCalls {
    pub(super) fn setsockopt(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let (level, option) = (context.number(1, LEVELS)?, context.number(2, OPTIONS)?);
        let process = &mut self.process;
        if let Some(Argument::Struct(fields)) = context.argument(3) {
            let linger = context.linger(3, fields)?;
            if (level, option) != (SOL_SOCKET, SO_LINGER) {
                return context.bad(3, "a struct linger is for SO_LINGER");
            }
            return Ok(status(
                context
                    .network
                    .with_host(context.host, |host, _| process.set_linger(host, fd, linger)),
            ));
        }
        let value: i64 = context.pointed(3, &[])?;
        let file = match process.file(fd) {
            Ok(file) => file,
            Err(error) => return Ok(failed(error)),
        };
        Ok(status(
            context.network.with_host(context.host, |host, now| {
                set(host, now, file, (level, option), value)
            }),
        ))
    }

    pub(super) fn getsockopt(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let (level, option) = (context.number(1, LEVELS)?, context.number(2, OPTIONS)?);
        let file = match self.process.file(fd) {
            Ok(file) => file,
            Err(error) => return Ok(failed(error)),
        };
        let id = file.id;
        let octets = |octets: usize| i64::try_from(octets).unwrap_or(i64::MAX);
        let host = context.network.host(context.host);
        match (level, option) {
            (SOL_SOCKET, SO_RCVBUF) => context.returned(3, octets(host.receive_buffer(id)), &[]),
            (SOL_SOCKET, SO_SNDBUF) => context.returned(3, octets(host.send_buffer(id)), &[]),
            (SOL_SOCKET, SO_TYPE) => match file.protocol {
                Protocol::Tcp => context.returned(3, 1, TYPES),
                Protocol::Udp => context.returned(3, 2, TYPES),
            },
            (SOL_SOCKET, SO_LINGER) => {
                let linger = host.linger(id);
                let seconds =
                    linger.map_or(0, |time| u16::try_from(time.secs()).unwrap_or(u16::MAX));
                context.returned_linger(3, (u16::from(linger.is_some()), seconds))
            }
            (SOL_SOCKET, SO_ERROR) => {
                let gone = context
                    .network
                    .with_host(context.host, |host, _| host.take_error(id));
                let name = gone.map(|gone| Errno::from(gone).name());
                let number = ERRORS.iter().find(|(known, _)| Some(*known) == name);
                context.returned(3, number.map_or(0, |(_, number)| *number), ERRORS)
            }
            (IPPROTO_TCP, TCP_NODELAY) => context.returned(3, file.no_delay.into(), &[]),
            _ => match kept_alive(host, file, (level, option)) {
                Some(value) => context.returned(3, value, &[]),
                None => Ok(failed(Errno::NoProtocolOption)),
            },
        }
    }
}

fn set(
    host: &mut Host,
    now: Instant,
    file: &mut File,
    (level, option): (i64, i64),
    value: i64,
) -> Result<(), Errno> {
    let id = file.id;
    // Every system raises a buffer that could hold nothing.
    let octets = usize::try_from(value.clamp(1, BUFFER_MAX)).unwrap_or(0);
    match (level, option) {
        (SOL_SOCKET, SO_RCVBUF) => host.set_receive_buffer(id, octets),
        (SOL_SOCKET, SO_SNDBUF) => host.set_send_buffer(id, octets),
        // Addresses can always be used again here: nothing but a bound socket takes a port.
        (SOL_SOCKET, SO_REUSEADDR) => {}
        (SOL_SOCKET, SO_LINGER) => return Err(Errno::Invalid),
        (SOL_SOCKET, SO_KEEPALIVE) => {
            let kept = host.keep_alive(id);
            let on = value != 0;
            host.set_keep_alive(id, KeepAlive { on, ..kept }, now);
        }
        (IPPROTO_TCP, _) if file.protocol != Protocol::Tcp => {
            return Err(Errno::NoProtocolOption);
        }
        (IPPROTO_TCP, TCP_NODELAY) => {
            file.no_delay = value != 0;
            host.set_no_delay(id, file.no_delay);
        }
        (IPPROTO_TCP, TCP_KEEPIDLE | TCP_KEEPINTVL | TCP_KEEPCNT) => {
            let kept = changed(host.keep_alive(id), option, value)?;
            host.set_keep_alive(id, kept, now);
        }
        (IPPROTO_TCP, TCP_USER_TIMEOUT) if has_user_timeout(host) => {
            let millis = u64::try_from(value).map_err(|_| Errno::Invalid)?;
            let timeout = (millis > 0).then(|| Duration::from_millis(millis));
            host.set_user_timeout(id, timeout);
        }
        _ => return Err(Errno::NoProtocolOption),
    }
    Ok(())
}

/// What is to be kept alive, and how, after one of the options that say so was set.
fn changed(kept: KeepAlive, option: i64, value: i64) -> Result<KeepAlive, Errno> {
    let most = if option == TCP_KEEPCNT {
        KEEP_ALIVE_COUNT_MAX
    } else {
        KEEP_ALIVE_SECONDS_MAX
    };
    if !(1..=most).contains(&value) {
        return Err(Errno::Invalid);
    }
    let duration = Some(Duration::from_secs(value.unsigned_abs()));
    Ok(match option {
        TCP_KEEPIDLE => KeepAlive {
            idle: duration,
            ..kept
        },
        TCP_KEEPINTVL => KeepAlive {
            interval: duration,
            ..kept
        },
        _ => KeepAlive {
            count: u32::try_from(value).ok(),
            ..kept
        },
    })
}

/// The value of an option that says how a connection is kept alive.
fn kept_alive(host: &Host, file: &File, (level, option): (i64, i64)) -> Option<i64> {
    let kept = host.keep_alive(file.id);
    let rules = host.profile()?.keep_alive;
    let seconds = |duration: Duration| i64::try_from(duration.secs()).unwrap_or(i64::MAX);
    match (level, option) {
        (SOL_SOCKET, SO_KEEPALIVE) => Some(kept.on.into()),
        (IPPROTO_TCP, _) if file.protocol != Protocol::Tcp => None,
        (IPPROTO_TCP, TCP_KEEPIDLE) => Some(seconds(kept.idle.unwrap_or(rules.idle))),
        (IPPROTO_TCP, TCP_KEEPINTVL) => Some(seconds(kept.interval.unwrap_or(rules.interval))),
        (IPPROTO_TCP, TCP_KEEPCNT) => Some(kept.count.unwrap_or(rules.count).into()),
        (IPPROTO_TCP, TCP_USER_TIMEOUT) if rules.user_timeout => {
            let timeout = host.user_timeout(file.id).unwrap_or(Duration::ZERO);
            Some(i64::try_from(timeout.total_millis()).unwrap_or(i64::MAX))
        }
        _ => None,
    }
}

fn has_user_timeout(host: &Host) -> bool {
    let profile = host.profile();
    profile.is_some_and(|profile| profile.keep_alive.user_timeout)
}
