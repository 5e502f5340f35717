//! Socket options: what each is, where its value stands, and what a socket has where none was set.
//!
//! An option is a constant of this file, which says how it is read from the state of a socket and
//! written to it. Which number and which octets an interface gives it is a row of that interface's
//! table ([`sockopt`](crate::sockopt)).

use smoltcp::time::Duration;

use crate::envelope::{ECN_BITS, HOP_LIMIT};
use crate::memory;
use crate::profile::{
    Algorithm, Api, BufferRounding, FastOpenCall, LingerOption, Profile, ReusePort,
    SendBufferCounts, UrgentData, WindowModel,
};

/// A socket option whose values are of type `T`.
#[derive(Clone, Copy, Debug)]
pub struct SocketOption<T> {
    get: fn(&Source<'_>) -> T,
    set: fn(&mut SocketOptions, T),
    exists: fn(&Profile) -> bool,
    bound: fn(&Profile, T) -> T,
}

impl<T> SocketOption<T> {
    /// An option that every system has.
    const fn new(get: fn(&Source<'_>) -> T, set: fn(&mut SocketOptions, T)) -> Self {
        Self {
            get,
            set,
            exists: |_| true,
            bound: |_, value| value,
        }
    }

    /// An option that some systems have.
    const fn only_where(self, exists: fn(&Profile) -> bool) -> Self {
        Self { exists, ..self }
    }

    /// An option of which some systems take another value than they are asked for.
    const fn bound(self, bound: fn(&Profile, T) -> T) -> Self {
        Self { bound, ..self }
    }

    /// Whether a system has the option.
    pub(crate) fn exists(&self, profile: &Profile) -> bool {
        (self.exists)(profile)
    }

    /// Reads the option.
    pub(crate) fn get(&self, source: &Source<'_>) -> T {
        (self.get)(source)
    }

    /// Changes the option, as the system lets an application do it.
    pub(crate) fn set(&self, options: &mut SocketOptions, profile: &Profile, value: T) {
        (self.set)(options, (self.bound)(profile, value));
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
    /// The largest segment that a connection sends, in octets of payload.
    pub(crate) segment: Option<u32>,
    /// The UDP port of the peer of a connection in datagrams; 0 where it is in none.
    pub(crate) datagram_port: Option<u16>,
    /// How a connection acknowledges data.
    pub(crate) acknowledging: Option<Acknowledging>,
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
    pub(crate) urgent_inline: bool,
    pub(crate) keep_alive: KeepAlive,
    pub(crate) user_timeout: Option<Duration>,
    pub(crate) handshake_limit: Option<Duration>,
    pub(crate) no_tcp_options: bool,
    pub(crate) fast_open: u32,
    pub(crate) fast_open_connect: bool,
    pub(crate) reuse_address: bool,
    pub(crate) reuse_port: bool,
    /// No time where there is no limit.
    pub(crate) receive_timeout: Duration,
    pub(crate) send_timeout: Duration,
    /// The seconds of FIN-WAIT-2; none: as long as the system says, and below 0: none at all.
    pub(crate) fin_wait_2: Option<i32>,
    pub(crate) syn_count: Option<u32>,
    pub(crate) max_segment: Option<u32>,
    pub(crate) cork: bool,
    /// How data is acknowledged, where the application has said so and no connection has taken it
    /// over.
    pub(crate) acknowledging: Option<Acknowledging>,
    pub(crate) tells_queue: bool,
    /// Whether sends may leave their octets in the memory of the program.
    pub(crate) zero_copy: bool,
    pub(crate) mark: u32,
    /// Whether the socket can be bound to an address that the host does not have.
    pub(crate) binds_freely: bool,
    pub(crate) path_mtu: PathMtu,
    pub(crate) unsent_most: Option<u32>,
    pub(crate) congestion: Option<Algorithm>,
    /// Whether a datagram that found no port is forgotten.
    pub(crate) forgets_refusals: bool,
    /// Whether one is forgotten whose hop limit was used up.
    pub(crate) forgets_expiry: bool,
    pub(crate) exclusive_address: bool,
    /// Whether the application answers the SYNs of a listening socket.
    pub(crate) conditional_accept: bool,
    /// The octet of the type of service or traffic class.
    pub(crate) service: Option<u8>,
    pub(crate) hop_limit: Option<u8>,
    /// Whether packets are as small as every link of IPv6 takes them.
    pub(crate) least_mtu: bool,
    /// The UDP port of the peer, for TCP in UDP; 0: there is none.
    pub(crate) datagram_port: u16,
    /// Whether segments are signed.
    pub(crate) signs: bool,
}

/// SO_LINGER.
pub const LINGER: SocketOption<Linger> = SocketOption::new(
    |source| source.options.linger,
    |options, linger| options.linger = linger,
)
.only_where(|profile| profile.calls.linger != LingerOption::NoOption);

/// SO_DONTLINGER, the opposite of SO_LINGER's l_onoff. Turned off, it brings back the time that was
/// set before.
pub const DONT_LINGER: SocketOption<bool> = SocketOption::new(
    |source| source.options.linger.onoff == 0,
    |options, on| options.linger.onoff = u16::from(!on),
);

/// SO_REUSEADDR. On Winsock a socket with it may bind to a port that others have; on POSIX it is
/// without effect here, where nothing but a bound socket takes a port.
pub const REUSE_ADDRESS: SocketOption<bool> = SocketOption::new(
    |source| source.options.reuse_address,
    |options, on| options.reuse_address = on,
);

/// SO_REUSEPORT: sockets that have it may have the same port.
pub const REUSE_PORT: SocketOption<bool> = SocketOption::new(
    |source| source.options.reuse_port,
    |options, on| options.reuse_port = on,
)
.only_where(|profile| profile.calls.reuse_port != ReusePort::NoOption);

/// SO_RCVBUF, in octets: read as the system says them, which is twice what was set where it counts
/// memory.
pub const RECEIVE_BUFFER: SocketOption<usize> = SocketOption::new(
    |source| {
        let (udp, window) = (&source.profile.udp, &source.profile.window);
        let grows = window.model == WindowModel::Memory;
        let settles = grows || window.rounding != BufferRounding::None;
        if let Some(settled) = source.settled.filter(|_| settles) {
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
)
.bound(|profile, octets| match profile.window.model {
    WindowModel::Memory => octets.min(profile.window.asked_most),
    WindowModel::FreeSpace => octets,
});

/// SO_SNDBUF, in octets: read as the system says them, which is twice what was set where it counts
/// memory.
pub const SEND_BUFFER: SocketOption<usize> = SocketOption::new(
    |source| {
        let send = &source.profile.send;
        let memory = send.buffer.counts == SendBufferCounts::Memory;
        let settles = memory || send.rounding != BufferRounding::None;
        if let Some(settled) = source.settled.filter(|_| settles) {
            return settled.send;
        }
        match source.options.send_buffer {
            Some(octets) if memory => memory::space_to_send(octets),
            Some(octets) => octets,
            None if source.is_udp => source.profile.udp.send_buffer,
            None => send.send_buffer,
        }
    },
    |options, octets| options.send_buffer = Some(octets),
)
.bound(|profile, octets| match profile.send.buffer.counts {
    SendBufferCounts::Memory => octets.min(profile.send.buffer.asked_most),
    SendBufferCounts::Payload => octets,
});

/// TCP_NODELAY: no Nagle algorithm.
pub const NO_DELAY: SocketOption<bool> = SocketOption::new(
    |source| source.options.no_delay,
    |options, on| options.no_delay = on,
);

/// SO_OOBINLINE: whether urgent octets stay in the stream.
pub const URGENT_INLINE: SocketOption<bool> = SocketOption::new(
    |source| source.options.urgent_inline,
    |options, on| options.urgent_inline = on,
)
.only_where(|profile| profile.calls.urgent == UrgentData::OutOfBand);

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

/// TCP_FASTOPEN (RFC 7413): not 0 where connections may open with data in their SYNs. On Linux, of
/// a listening socket: how many of them may wait for the ends of their handshakes.
pub const FAST_OPEN: SocketOption<u32> = SocketOption::new(
    |source| source.options.fast_open,
    |options, count| options.fast_open = count,
)
.only_where(|profile| profile.fast_open.asked != FastOpenCall::None);

/// IP_TOS and IPV6_TCLASS: the octet of the type of service or traffic class. Its two low bits are
/// TCP's own (RFC 3168 section 6.1.1), and not taken.
pub const SERVICE: SocketOption<Option<u8>> = SocketOption::new(
    |source| Some(source.options.service.unwrap_or(0)),
    |options, octet| options.service = octet.map(|octet| octet & !ECN_BITS),
);

/// IP_TTL and IPV6_UNICAST_HOPS: the time to live or hop limit.
pub const HOPS: SocketOption<Option<u8>> = SocketOption::new(
    |source| Some(source.options.hop_limit.unwrap_or(HOP_LIMIT)),
    |options, hops| options.hop_limit = hops,
);

/// IPV6_USE_MIN_MTU: packets are as small as every link of IPv6 takes them. BSDs have it.
pub const LEAST_MTU: SocketOption<bool> = SocketOption::new(
    |source| source.options.least_mtu,
    |options, on| options.least_mtu = on,
)
.only_where(limits_handshakes);

/// TCP_REMOTE_UDP_ENCAPS_PORT: the UDP port of the peer, for TCP in UDP; 0 where IP carries the
/// segments itself.
pub const DATAGRAM_PORT: SocketOption<u16> = SocketOption::new(
    |source| { source.datagram_port }.unwrap_or(source.options.datagram_port),
    |options, port| options.datagram_port = port,
)
.only_where(|profile| profile.encapsulation.asked);

/// TCP_MD5SIG: whether segments are signed, with the secret of the system (RFC 2385).
pub const SIGNS: SocketOption<bool> = SocketOption::new(
    |source| source.options.signs,
    |options, on| options.signs = on,
)
.only_where(|profile| profile.signature.asked);

/// TCP_FASTOPEN_CONNECT of Linux: whether connect puts the handshake off until something is sent,
/// where the server has given a cookie.
pub const FAST_OPEN_CONNECT: SocketOption<bool> = SocketOption::new(
    |source| source.options.fast_open_connect,
    |options, on| options.fast_open_connect = on,
)
.only_where(|profile| profile.fast_open.asked == FastOpenCall::Flag);

/// SO_RCVTIMEO: how long a receive or an accept waits; no time: for ever.
pub const RECEIVE_TIMEOUT: SocketOption<Duration> = SocketOption::new(
    |source| source.options.receive_timeout,
    |options, time| options.receive_timeout = time,
);

/// SO_SNDTIMEO: how long a send or a connect waits; no time: for ever.
pub const SEND_TIMEOUT: SocketOption<Duration> = SocketOption::new(
    |source| source.options.send_timeout,
    |options, time| options.send_timeout = time,
);

/// The longest time of TCP_LINGER2, in seconds (Linux: TCP_FIN_TIMEOUT_MAX).
const FIN_WAIT_2_MAX: i32 = 120;

/// TCP_LINGER2: for how many seconds a closed connection waits in FIN-WAIT-2; 0 is the system's
/// time, and with a negative number it is gone at once (Linux: tcp_fin_time, tcp_close).
pub const FIN_WAIT_2: SocketOption<i32> = SocketOption::new(
    |source| match source.options.fin_wait_2 {
        Some(seconds) => seconds,
        None => i32::try_from(source.profile.linger.fin_wait_2.secs()).unwrap_or(i32::MAX),
    },
    |options, seconds| {
        let seconds = if seconds < 0 { -1 } else { seconds };
        options.fin_wait_2 = (seconds != 0).then_some(seconds.min(FIN_WAIT_2_MAX));
    },
)
.only_where(has_linux_options);

/// TCP_SYNCNT: how many times a SYN is sent again before the attempt fails.
pub const SYN_COUNT: SocketOption<u32> = SocketOption::new(
    |source| {
        source
            .options
            .syn_count
            .unwrap_or(source.profile.give_up.syn)
    },
    |options, count| options.syn_count = Some(count),
)
.only_where(has_linux_options);

/// TCP_MAXSEG: the largest segment, in octets of payload, that is announced and sent; 0 is no bound
/// of its own. It counts from the next handshake on, and on some systems at once where it makes the
/// segments of a connection shorter.
pub const MAX_SEGMENT: SocketOption<u32> = SocketOption::new(
    |source| match (source.segment, source.options.max_segment) {
        (Some(octets), _) => octets,
        (None, Some(octets)) => octets,
        // RFC 9293 section 3.7.1
        (None, None) => 536,
    },
    |options, octets| options.max_segment = (octets > 0).then_some(octets),
);

/// TCP_CORK: a segment that is not full waits until it is, the option is taken back, or 200 ms have
/// passed.
pub const CORK: SocketOption<bool> = SocketOption::new(
    |source| source.options.cork,
    |options, on| options.cork = on,
)
.only_where(has_linux_options);

/// How data is acknowledged that is not the second segment (TCP_QUICKACK).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledging {
    /// As if data flowed both ways: after a delay, until one has ended in vain.
    Delayed,
    /// As if it did not, and now where something waits.
    Quick,
    /// What waits now, and what follows after a delay.
    QuickOnce,
}

/// TCP_QUICKACK: 0 delays acknowledgments, 1 does not, and another even number hastens one alone.
/// What flows changes it.
pub const QUICK_ACKNOWLEDGMENTS: SocketOption<u32> = SocketOption::new(
    |source| {
        let now = source.acknowledging.or(source.options.acknowledging);
        u32::from(now != Some(Acknowledging::Delayed))
    },
    |options, value| {
        options.acknowledging = Some(match value {
            0 => Acknowledging::Delayed,
            odd if odd % 2 == 1 => Acknowledging::Quick,
            _ => Acknowledging::QuickOnce,
        });
    },
)
.only_where(is_of_linux);

/// TCP_INQ: whether recvmsg says what is left to be read.
pub const TELLS_QUEUE: SocketOption<bool> = SocketOption::new(
    |source| source.options.tells_queue,
    |options, on| options.tells_queue = on,
)
.only_where(has_linux_options);

/// SO_ZEROCOPY: whether a send may leave its octets in the memory of the program, and say later
/// that it can be used again (MSG_ZEROCOPY).
pub const ZERO_COPY: SocketOption<bool> = SocketOption::new(
    |source| source.options.zero_copy,
    |options, on| options.zero_copy = on,
)
.only_where(is_of_linux);

/// SO_MARK: a number for rules of the firewall, of which no host here has any.
pub const MARK: SocketOption<u32> = SocketOption::new(
    |source| source.options.mark,
    |options, mark| options.mark = mark,
)
.only_where(is_of_linux);

/// IP_FREEBIND: whether the socket can be bound to an address that the host does not have.
pub const FREE_BIND: SocketOption<bool> = SocketOption::new(
    |source| source.options.binds_freely,
    |options, on| options.binds_freely = on,
)
.only_where(is_of_linux);

/// What a socket makes of the MTU of its path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathMtu {
    /// Its packets are not to be taken apart, and as small as routers ask.
    #[default]
    Followed,
    /// They may be taken apart, and stay as large as they are.
    Left,
    /// They may be taken apart, and are as small as routers ask all the same.
    Probed,
    /// The same as the first, for a socket that insists.
    Insisted,
    /// Nobody's word on the MTU counts.
    Mistrusted,
    /// The same as the one before, where a packet may even be longer than the device takes.
    Exceeded,
}

impl PathMtu {
    /// All, each at its number (IP_PMTUDISC_WANT has 1).
    const NUMBERED: [Self; 6] = [
        Self::Left,
        Self::Followed,
        Self::Insisted,
        Self::Probed,
        Self::Mistrusted,
        Self::Exceeded,
    ];

    /// Whether DF is clear (Linux: ip_dont_fragment).
    pub(crate) fn may_fragment(self) -> bool {
        !matches!(self, Self::Followed | Self::Insisted)
    }

    /// Whether segments become shorter where a router asks (Linux: tcp_v4_mtu_reduced).
    pub(crate) fn follows_path(self) -> bool {
        matches!(self, Self::Followed | Self::Insisted | Self::Probed)
    }
}

/// IP_MTU_DISCOVER and IPV6_MTU_DISCOVER.
pub const PATH_MTU: SocketOption<u32> = SocketOption::new(
    |source| {
        let mut numbered = PathMtu::NUMBERED.iter();
        let place = numbered.position(|it| *it == source.options.path_mtu);
        place.and_then(|it| u32::try_from(it).ok()).unwrap_or(0)
    },
    |options, number| {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        options.path_mtu = PathMtu::NUMBERED.get(place).copied().unwrap_or_default();
    },
)
.only_where(is_of_linux);

/// TCP_NOTSENT_LOWAT: a send takes no more, and poll tells of no room, while so many octets were
/// not sent yet; 0 is no bound.
pub const UNSENT_MOST: SocketOption<u32> = SocketOption::new(
    |source| source.options.unsent_most.unwrap_or(0),
    |options, octets| options.unsent_most = (octets > 0).then_some(octets),
)
.only_where(has_linux_options);

/// TCP_CONGESTION: the algorithm that the congestion window follows.
pub const CONGESTION: SocketOption<Algorithm> = SocketOption::new(
    |source| {
        let default = source.profile.send.congestion;
        source.options.congestion.unwrap_or(default)
    },
    |options, algorithm| options.congestion = Some(algorithm),
)
.only_where(has_linux_options);

/// SO_CONDITIONAL_ACCEPT of Winsock: whether a listening socket leaves its SYNs to the application,
/// which answers each ([`Host::admit`](crate::host::Host::admit)) or refuses it.
pub const CONDITIONAL_ACCEPT: SocketOption<bool> = SocketOption::new(
    |source| source.options.conditional_accept,
    |options, on| options.conditional_accept = on,
)
.only_where(|profile| profile.api == Api::Winsock);

/// TCP_MAXRT of Winsock: after how many seconds without an acknowledgment a connection is given up;
/// a negative number is never.
pub const MAX_RETRANSMISSION_TIME: SocketOption<i32> = SocketOption::new(
    |source| match source.options.user_timeout {
        Some(time) if time < ENDLESS => i32::try_from(time.secs()).unwrap_or(i32::MAX),
        Some(_) => -1,
        None => 0,
    },
    |options, seconds| {
        let time = u64::try_from(seconds).map_or(ENDLESS, Duration::from_secs);
        options.user_timeout = (time > Duration::ZERO).then_some(time);
    },
)
.only_where(|profile| profile.api == Api::Winsock);

/// A time that no run lasts.
const ENDLESS: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// SIO_UDP_CONNRESET of Winsock: whether a datagram socket learns that nobody has the port to which
/// it has sent.
pub const CONNECTION_RESETS: SocketOption<bool> = SocketOption::new(
    |source| !source.options.forgets_refusals,
    |options, on| options.forgets_refusals = !on,
)
.only_where(|profile| profile.api == Api::Winsock);

/// SIO_UDP_NETRESET of Winsock: whether a datagram socket learns that the hop limit of what it has
/// sent was used up on the way.
pub const EXPIRY_RESETS: SocketOption<bool> = SocketOption::new(
    |source| !source.options.forgets_expiry,
    |options, on| options.forgets_expiry = !on,
)
.only_where(|profile| profile.api == Api::Winsock);

/// SO_EXCLUSIVEADDRUSE of Winsock: a port cannot be bound to while any connection has it.
pub const EXCLUSIVE_ADDRESS: SocketOption<bool> = SocketOption::new(
    |source| source.options.exclusive_address,
    |options, on| options.exclusive_address = on,
)
.only_where(|profile| profile.api == Api::Winsock);

/// The systems that have TCP_USER_TIMEOUT have the rest of Linux's options too: they took over its
/// interface (gVisor: sockopt.go; Fuchsia: fuchsia.posix.socket).
fn has_linux_options(profile: &Profile) -> bool {
    profile.keep_alive.user_timeout
}

/// Whether a flag is how programs ask for Fast Open, which is so on Linux alone.
fn is_of_linux(profile: &Profile) -> bool {
    profile.fast_open.asked == FastOpenCall::Flag
}

fn limits_handshakes(profile: &Profile) -> bool {
    profile.give_up.handshake > Duration::ZERO
}
