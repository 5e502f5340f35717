//! setsockopt and getsockopt.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::{KeepAlive, Protocol};

use crate::errno::Errno;
use crate::file::{FileDescriptor, Socket};
use crate::process::Process;
use crate::sockets::{IPPROTO_TCP, SOCK_DGRAM, SOCK_STREAM};

/// The level of options that every socket has.
pub const SOL_SOCKET: i32 = 1;
/// Addresses can be used again, as they always can here: nothing but a bound socket takes a port.
pub const SO_REUSEADDR: i32 = 2;
/// The type of the socket.
pub const SO_TYPE: i32 = 3;
/// The pending error, which reading takes away.
pub const SO_ERROR: i32 = 4;
/// The send buffer in octets.
pub const SO_SNDBUF: i32 = 7;
/// The receive buffer in octets.
pub const SO_RCVBUF: i32 = 8;
/// Whether the socket sends keep-alives.
pub const SO_KEEPALIVE: i32 = 9;
/// How close ends a connection: [`OptionValue::Linger`].
pub const SO_LINGER: i32 = 13;
/// No Nagle algorithm.
pub const TCP_NODELAY: i32 = 1;
/// After how many seconds of silence keep-alive probes begin.
pub const TCP_KEEPIDLE: i32 = 4;
/// How many seconds lie between probes without an answer.
pub const TCP_KEEPINTVL: i32 = 5;
/// After how many probes without an answer the connection is broken.
pub const TCP_KEEPCNT: i32 = 6;
/// How many milliseconds data may stay without an acknowledgment; 0: as long as the system says.
pub const TCP_USER_TIMEOUT: i32 = 18;

/// A buffer size beyond this is as good as any.
const BUFFER_MAX: i32 = 1 << 30;

/// The most seconds between probes, and the most probes, that Linux takes.
const KEEP_ALIVE_SECONDS_MAX: i32 = 32_767;
const KEEP_ALIVE_COUNT_MAX: i32 = 127;

/// What is behind option_value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// An int.
    Integer(i32),
    /// A struct linger: l_onoff, and l_linger in seconds.
    Linger(u16, u16),
}

impl Process {
    /// setsockopt.
    ///
    /// # Errors
    /// EBADF, ENOPROTOOPT for an option the socket does not have, EINVAL for a value that the
    /// option cannot have.
    pub fn setsockopt(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        (level, name): (i32, i32),
        value: OptionValue,
    ) -> Result<(), Errno> {
        let socket = self.socket_of(fd)?;
        let id = socket.id;
        let value = match (level, name, value) {
            (SOL_SOCKET, SO_LINGER, OptionValue::Linger(onoff, seconds)) => {
                let linger = (onoff != 0).then(|| Duration::from_secs(seconds.into()));
                host.set_linger(id, linger);
                return Ok(());
            }
            (_, _, OptionValue::Linger(..)) => return Err(Errno::Invalid),
            (_, _, OptionValue::Integer(value)) => value,
        };
        // Every system raises a buffer that could hold nothing.
        let octets = usize::try_from(value.clamp(1, BUFFER_MAX)).unwrap_or(0);
        match (level, name) {
            (SOL_SOCKET, SO_RCVBUF) => host.set_receive_buffer(id, octets),
            (SOL_SOCKET, SO_SNDBUF) => host.set_send_buffer(id, octets),
            (SOL_SOCKET, SO_REUSEADDR) => {}
            (SOL_SOCKET, SO_LINGER) => return Err(Errno::Invalid),
            (SOL_SOCKET, SO_KEEPALIVE) => {
                let kept = host.keep_alive(id);
                let on = value != 0;
                host.set_keep_alive(id, KeepAlive { on, ..kept }, now);
            }
            (IPPROTO_TCP, _) if socket.protocol != Protocol::Tcp => {
                return Err(Errno::NoProtocolOption);
            }
            (IPPROTO_TCP, TCP_NODELAY) => {
                socket.no_delay = value != 0;
                host.set_no_delay(id, socket.no_delay);
            }
            (IPPROTO_TCP, TCP_KEEPIDLE | TCP_KEEPINTVL | TCP_KEEPCNT) => {
                let kept = changed(host.keep_alive(id), name, value)?;
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

    /// getsockopt.
    ///
    /// # Errors
    /// EBADF, ENOPROTOOPT for an option the socket does not have.
    pub fn getsockopt(
        &mut self,
        host: &mut Host,
        fd: FileDescriptor,
        level: i32,
        name: i32,
    ) -> Result<OptionValue, Errno> {
        let socket = self.socket_of(fd)?;
        let id = socket.id;
        let octets = |octets: usize| i32::try_from(octets).unwrap_or(i32::MAX);
        Ok(OptionValue::Integer(match (level, name) {
            (SOL_SOCKET, SO_RCVBUF) => octets(host.receive_buffer(id)),
            (SOL_SOCKET, SO_SNDBUF) => octets(host.send_buffer(id)),
            (SOL_SOCKET, SO_TYPE) => match socket.protocol {
                Protocol::Tcp => SOCK_STREAM,
                Protocol::Udp => SOCK_DGRAM,
            },
            (SOL_SOCKET, SO_LINGER) => {
                let linger = host.linger(id);
                let seconds =
                    linger.map_or(0, |time| u16::try_from(time.secs()).unwrap_or(u16::MAX));
                return Ok(OptionValue::Linger(u16::from(linger.is_some()), seconds));
            }
            (SOL_SOCKET, SO_ERROR) => {
                let gone = host.take_error(id);
                gone.map_or(0, |gone| Errno::from(gone).number())
            }
            (IPPROTO_TCP, TCP_NODELAY) => socket.no_delay.into(),
            _ => kept_alive(host, socket, (level, name)).ok_or(Errno::NoProtocolOption)?,
        }))
    }
}

/// What is to be kept alive, and how, after one of the options that say so was set.
fn changed(kept: KeepAlive, option: i32, value: i32) -> Result<KeepAlive, Errno> {
    let most = if option == TCP_KEEPCNT {
        KEEP_ALIVE_COUNT_MAX
    } else {
        KEEP_ALIVE_SECONDS_MAX
    };
    if !(1..=most).contains(&value) {
        return Err(Errno::Invalid);
    }
    let duration = Some(Duration::from_secs(value.unsigned_abs().into()));
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
fn kept_alive(host: &Host, socket: &Socket, (level, option): (i32, i32)) -> Option<i32> {
    let kept = host.keep_alive(socket.id);
    let rules = host.profile()?.keep_alive;
    let seconds = |duration: Duration| i32::try_from(duration.secs()).unwrap_or(i32::MAX);
    match (level, option) {
        (SOL_SOCKET, SO_KEEPALIVE) => Some(kept.on.into()),
        (IPPROTO_TCP, _) if socket.protocol != Protocol::Tcp => None,
        (IPPROTO_TCP, TCP_KEEPIDLE) => Some(seconds(kept.idle.unwrap_or(rules.idle))),
        (IPPROTO_TCP, TCP_KEEPINTVL) => Some(seconds(kept.interval.unwrap_or(rules.interval))),
        (IPPROTO_TCP, TCP_KEEPCNT) => i32::try_from(kept.count.unwrap_or(rules.count)).ok(),
        (IPPROTO_TCP, TCP_USER_TIMEOUT) if rules.user_timeout => {
            let timeout = host.user_timeout(socket.id).unwrap_or(Duration::ZERO);
            Some(i32::try_from(timeout.total_millis()).unwrap_or(i32::MAX))
        }
        _ => None,
    }
}

fn has_user_timeout(host: &Host) -> bool {
    let profile = host.profile();
    profile.is_some_and(|profile| profile.keep_alive.user_timeout)
}
