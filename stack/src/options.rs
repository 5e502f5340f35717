//! Socket options: what each is, where its value stands, and what a socket has where none was set.
//!
//! An option is a constant of this file, which says how it is read from the state of a socket and
//! written to it. Which number and which octets an interface gives it is a row of that interface's
//! table ([`sockopt`](crate::sockopt)).

use smoltcp::time::Duration;

use crate::memory;
use crate::profile::{BufferRounding, Profile, WindowModel};

/// A socket option whose values are of type `T`.
#[derive(Clone, Copy, Debug)]
pub struct SocketOption<T> {
    get: fn(&Source<'_>) -> T,
    set: fn(&mut SocketOptions, T),
    exists: fn(&Profile) -> bool,
}

impl<T> SocketOption<T> {
    /// An option that every system has.
    const fn new(get: fn(&Source<'_>) -> T, set: fn(&mut SocketOptions, T)) -> Self {
        Self {
            get,
            set,
            exists: |_| true,
        }
    }

    /// An option that some systems have.
    const fn only_where(self, exists: fn(&Profile) -> bool) -> Self {
        Self { exists, ..self }
    }

    /// Whether a system has the option.
    pub(crate) fn exists(&self, profile: &Profile) -> bool {
        (self.exists)(profile)
    }

    /// Reads the option.
    pub(crate) fn get(&self, source: &Source<'_>) -> T {
        (self.get)(source)
    }

    /// Changes the option.
    pub(crate) fn set(&self, options: &mut SocketOptions, value: T) {
        (self.set)(options, value);
    }
}

/// What options are read from.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) options: &'a SocketOptions,
    pub(crate) profile: &'a Profile,
    /// Whether the socket is of datagrams.
    pub(crate) is_udp: bool,
    /// The buffers of a connection, as the handshake has left them.
    pub(crate) settled: Option<Buffers>,
}

/// The buffers of a connection, in octets of payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffers {
    pub(crate) receive: usize,
    pub(crate) send: usize,
}

/// struct linger: how `close` ends a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Linger {
    /// l_onoff: not 0 makes `close` linger or reset.
    pub onoff: u16,
    /// l_linger: for how many seconds; 0 resets.
    pub seconds: u16,
}

impl Linger {
    /// The connection ends in the background.
    pub const OFF: Self = Self {
        onoff: 0,
        seconds: 0,
    };

    /// The connection is reset.
    pub const RESET: Self = Self {
        onoff: 1,
        seconds: 0,
    };

    /// For how long `close` lingers; none where it does not linger at all.
    pub fn timeout(self) -> Option<Duration> {
        (self.onoff != 0).then(|| Duration::from_secs(self.seconds.into()))
    }
}

/// Whether an idle connection is probed, and how, where it is not as the profile says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepAlive {
    /// Whether it is probed at all (`SO_KEEPALIVE`).
    pub on: bool,
    /// After how much silence (`TCP_KEEPIDLE`).
    pub idle: Option<Duration>,
    /// How long after a probe without an answer the next one follows (`TCP_KEEPINTVL`).
    pub interval: Option<Duration>,
    /// After how many probes without an answer the connection is reset (`TCP_KEEPCNT`).
    pub count: Option<u32>,
}

/// The options of a socket, as far as they were set.
#[derive(Clone, Debug, Default)]
pub(crate) struct SocketOptions {
    pub(crate) linger: Linger,
    pub(crate) receive_buffer: Option<usize>,
    pub(crate) send_buffer: Option<usize>,
    pub(crate) no_delay: bool,
    pub(crate) keep_alive: KeepAlive,
    pub(crate) user_timeout: Option<Duration>,
    pub(crate) handshake_limit: Option<Duration>,
    pub(crate) no_tcp_options: bool,
    pub(crate) reuse_address: bool,
}

/// SO_LINGER.
pub const LINGER: SocketOption<Linger> = SocketOption::new(
    |source| source.options.linger,
    |options, linger| options.linger = linger,
);

/// SO_DONTLINGER, the opposite of SO_LINGER's l_onoff. Turned off, it brings back the time that was
/// set before.
pub const DONT_LINGER: SocketOption<bool> = SocketOption::new(
    |source| source.options.linger.onoff == 0,
    |options, on| options.linger.onoff = u16::from(!on),
);

/// SO_REUSEADDR, without effect here: nothing but a bound socket takes a port.
pub const REUSE_ADDRESS: SocketOption<bool> = SocketOption::new(
    |source| source.options.reuse_address,
    |options, on| options.reuse_address = on,
);

/// SO_RCVBUF, in octets: read as the system says them, which is twice what was set where it counts
/// memory. A connection keeps the buffer it began with.
pub const RECEIVE_BUFFER: SocketOption<usize> = SocketOption::new(
    |source| {
        let (udp, window) = (&source.profile.udp, &source.profile.window);
        let rounds = window.rounding != BufferRounding::None;
        if let Some(settled) = source.settled.filter(|_| rounds) {
            return settled.receive;
        }
        let (model, default) = if source.is_udp {
            (udp.model, udp.receive_buffer)
        } else {
            (window.model, window.receive_buffer)
        };
        match (source.options.receive_buffer, model) {
            (Some(octets), WindowModel::Memory) => memory::space(octets),
            (Some(octets), WindowModel::FreeSpace) => octets,
            (None, _) => default,
        }
    },
    |options, octets| options.receive_buffer = Some(octets),
);

/// SO_SNDBUF, in octets.
pub const SEND_BUFFER: SocketOption<usize> = SocketOption::new(
    |source| {
        let rounds = source.profile.send.rounding != BufferRounding::None;
        if let Some(settled) = source.settled.filter(|_| rounds) {
            return settled.send;
        }
        let default = source.profile.send.send_buffer;
        source.options.send_buffer.unwrap_or(default)
    },
    |options, octets| options.send_buffer = Some(octets),
);

/// TCP_NODELAY: no Nagle algorithm.
pub const NO_DELAY: SocketOption<bool> = SocketOption::new(
    |source| source.options.no_delay,
    |options, on| options.no_delay = on,
);

/// SO_KEEPALIVE: whether an idle connection is probed.
pub const KEEP_ALIVE: SocketOption<bool> = SocketOption::new(
    |source| source.options.keep_alive.on,
    |options, on| options.keep_alive.on = on,
);

/// TCP_KEEPIDLE: after how much silence the first probe goes out.
pub const KEEP_ALIVE_IDLE: SocketOption<Duration> = SocketOption::new(
    |source| {
        let default = source.profile.keep_alive.idle;
        source.options.keep_alive.idle.unwrap_or(default)
    },
    |options, time| options.keep_alive.idle = Some(time),
);

/// TCP_KEEPINTVL: how long after a probe without an answer the next one follows.
pub const KEEP_ALIVE_INTERVAL: SocketOption<Duration> = SocketOption::new(
    |source| {
        let default = source.profile.keep_alive.interval;
        source.options.keep_alive.interval.unwrap_or(default)
    },
    |options, time| options.keep_alive.interval = Some(time),
);

/// TCP_KEEPCNT: after how many probes without an answer the connection is reset.
pub const KEEP_ALIVE_COUNT: SocketOption<u32> = SocketOption::new(
    |source| {
        let default = source.profile.keep_alive.count;
        source.options.keep_alive.count.unwrap_or(default)
    },
    |options, count| options.keep_alive.count = Some(count),
);

/// TCP_USER_TIMEOUT (RFC 5482): how long data may stay without an acknowledgment; no time: as long
/// as the system says.
pub const USER_TIMEOUT: SocketOption<Duration> = SocketOption::new(
    |source| source.options.user_timeout.unwrap_or(Duration::ZERO),
    |options, time| options.user_timeout = (time > Duration::ZERO).then_some(time),
)
.only_where(|profile| profile.keep_alive.user_timeout);

/// TCP_KEEPINIT: how long a handshake may take, where the system limits that by a time.
pub const HANDSHAKE_LIMIT: SocketOption<Duration> = SocketOption::new(
    |source| { source.options.handshake_limit }.unwrap_or(source.profile.give_up.handshake),
    |options, time| options.handshake_limit = Some(time),
)
.only_where(limits_handshakes);

/// TCP_NOOPT: segments without TCP options. The systems that have it are those that limit the time
/// of a handshake: the BSDs and what comes from them.
pub const NO_TCP_OPTIONS: SocketOption<bool> = SocketOption::new(
    |source| source.options.no_tcp_options,
    |options, on| options.no_tcp_options = on,
)
.only_where(limits_handshakes);

fn limits_handshakes(profile: &Profile) -> bool {
    profile.give_up.handshake > Duration::ZERO
}
