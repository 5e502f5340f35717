//! setsockopt and getsockopt, and the table of the options.

use hangup_stack::host::Host;
use hangup_stack::options::{
    CONGESTION, CORK, DATAGRAM_PORT, FAST_OPEN, FAST_OPEN_CONNECT, FIN_WAIT_2, FREE_BIND,
    HANDSHAKE_LIMIT, HOPS, KEEP_ALIVE, KEEP_ALIVE_COUNT, KEEP_ALIVE_IDLE, KEEP_ALIVE_INTERVAL,
    LEAST_MTU, LINGER, MARK, MAX_SEGMENT, NO_DELAY, NO_TCP_OPTIONS, PATH_MTU,
    QUICK_ACKNOWLEDGMENTS, RECEIVE_BUFFER, RECEIVE_TIMEOUT, REUSE_ADDRESS, REUSE_PORT, SEND_BUFFER,
    SEND_TIMEOUT, SERVICE, SIGNS, SYN_COUNT, TELLS_QUEUE, UNSENT_MOST, URGENT_INLINE, USER_TIMEOUT,
    ZERO_COPY,
};
use hangup_stack::profile::{FastOpenCall, LingerOption};
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::socket::Protocol;
use hangup_stack::sockopt::{self, Codec, Limits, Misfit, OptionRow, Sockets};
use hangup_stack::tcp::State;

pub use hangup_stack::options::Linger;
pub use hangup_stack::sockopt::OptionValue;

use crate::ended::{Asked, OptionOf, refusal};
use crate::errno::Errno;
use crate::file::{FileDescriptor, Socket};
use crate::process::Process;
use crate::sockets::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOCK_DGRAM, SOCK_STREAM, SOMAXCONN};

/// The level of options that every socket has.
pub const SOL_SOCKET: i32 = 1;
/// Addresses can be used again, as they always can here.
pub const SO_REUSEADDR: i32 = 2;
/// Sockets that have it may have the same port.
pub const SO_REUSEPORT: i32 = 15;
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
/// Whether urgent octets stay in the stream.
pub const SO_OOBINLINE: i32 = 10;
/// How close ends a connection: [`Linger`].
pub const SO_LINGER: i32 = 13;
/// How long a receive or an accept waits: a struct timeval.
pub const SO_RCVTIMEO: i32 = 20;
/// How long a send or a connect waits: a struct timeval.
pub const SO_SNDTIMEO: i32 = 21;
/// A number for rules of the firewall.
pub const SO_MARK: i32 = 36;
/// Which times of what is sent are told: [`stamping`](crate::stamping).
pub const SO_TIMESTAMPING: i32 = 37;
/// Sends may leave their octets in the memory of the program (MSG_ZEROCOPY).
pub const SO_ZEROCOPY: i32 = 60;
/// No Nagle algorithm.
pub const TCP_NODELAY: i32 = 1;
/// The largest segment in octets.
pub const TCP_MAXSEG: i32 = 2;
/// A segment that is not full waits.
pub const TCP_CORK: i32 = 3;
/// How often a SYN is sent again.
pub const TCP_SYNCNT: i32 = 7;
/// For how many seconds a closed connection waits in FIN-WAIT-2.
pub const TCP_LINGER2: i32 = 8;
/// The state of the connection: [`TcpInfo`](crate::tcp_info::TcpInfo).
pub const TCP_INFO: i32 = 11;
/// Whether data is acknowledged at once or after a delay, until what flows changes it.
pub const TCP_QUICKACK: i32 = 12;
/// The congestion control, by its name.
pub const TCP_CONGESTION: i32 = 13;
/// After how many seconds of silence keep-alive probes begin.
pub const TCP_KEEPIDLE: i32 = 4;
/// How many seconds lie between probes without an answer.
pub const TCP_KEEPINTVL: i32 = 5;
/// After how many probes without an answer the connection is broken.
pub const TCP_KEEPCNT: i32 = 6;
/// How many milliseconds data may stay without an acknowledgment; 0: as long as the system says.
pub const TCP_USER_TIMEOUT: i32 = 18;
/// How many octets without a send are too many for another write.
pub const TCP_NOTSENT_LOWAT: i32 = 25;

/// Connections may open with data in their SYNs (RFC 7413); of a listening socket on Linux: how
/// many of them may wait for the ends of their handshakes.
pub const TCP_FASTOPEN: i32 = 23;

/// connect puts the handshake off until something is sent, where the server has given a cookie.
pub const TCP_FASTOPEN_CONNECT: i32 = 30;

/// recvmsg says how many octets are left to be read.
pub const TCP_INQ: i32 = 36;

/// How many seconds a handshake may take. FreeBSD's number, as Linux has no such option.
pub const TCP_KEEPINIT: i32 = 128;
/// Segments are signed by MD5 (RFC 2385). The value is an integer, as on the BSDs, and not Linux's
/// structure.
pub const TCP_MD5SIG: i32 = 14;
/// The UDP port of the peer, for TCP in UDP. FreeBSD's number, as Linux has no such option.
pub const TCP_REMOTE_UDP_ENCAPS_PORT: i32 = 71;
/// The octet of the type of service.
pub const IP_TOS: i32 = 1;
/// The time to live.
pub const IP_TTL: i32 = 2;
/// What is made of the path's MTU: IP_PMTUDISC_WANT, and its like.
pub const IP_MTU_DISCOVER: i32 = 10;
/// Addresses can be bound to that the host does not have.
pub const IP_FREEBIND: i32 = 15;
/// The same as IP_MTU_DISCOVER, over IPv6.
pub const IPV6_MTU_DISCOVER: i32 = 23;
/// The same as IP_FREEBIND, over IPv6.
pub const IPV6_FREEBIND: i32 = 78;
/// The hop limit.
pub const IPV6_UNICAST_HOPS: i32 = 16;
/// Packets are as small as every link of IPv6 takes them. FreeBSD's number.
pub const IPV6_USE_MIN_MTU: i32 = 42;
/// The octet of the traffic class.
pub const IPV6_TCLASS: i32 = 67;
/// Segments have no TCP options. Not FreeBSD's number, which is Linux's of another option.
pub const TCP_NOOPT: i32 = 1008;

/// Every system raises a buffer that could hold nothing; a size beyond the largest is as good as
/// any.
const BUFFER: Limits = Limits::Clamped(1, 1 << 30);

/// The seconds between probes, and the probes, that Linux takes.
const PROBE_SECONDS: Limits = Limits::Within(1, 32_767);
const PROBES: Limits = Limits::Within(1, 127);

/// An octet of the IP header that can be given back.
const OCTET_OR_NONE: Limits = Limits::Within(-1, 255);

/// IP_TTL takes -1 as well, for the usual one.
const TIMES_TO_LIVE: Limits = Limits::WithinNotZero(-1, 255);

/// The segments that Linux takes: TCP_MIN_MSS to MAX_TCP_WINDOW, and 0 for no limit.
const SEGMENTS: Limits = Limits::WithinOrZero(88, 32_767);

/// The connections without the end of a handshake: no more than wait for accept (Linux:
/// tcp_setsockopt, fastopen_queue_tune).
const UNFINISHED: Limits = Limits::From(0, SOMAXCONN);

/// The options: one row each. A new one is a constant of
/// [`hangup_stack::options`] and a row here.
#[rustfmt::skip]
pub const OPTIONS: [OptionRow; 43] = [
    any(SO_REUSEADDR, "SO_REUSEADDR", Codec::Boolean(&REUSE_ADDRESS)),
    any(SO_REUSEPORT, "SO_REUSEPORT", Codec::Boolean(&REUSE_PORT)),
    any(SO_TYPE, "SO_TYPE", Codec::ReadOnly),
    any(SO_ERROR, "SO_ERROR", Codec::ReadOnly),
    any(SO_SNDBUF, "SO_SNDBUF", Codec::Size(&SEND_BUFFER, BUFFER)),
    any(SO_RCVBUF, "SO_RCVBUF", Codec::Size(&RECEIVE_BUFFER, BUFFER)),
    any(SO_KEEPALIVE, "SO_KEEPALIVE", Codec::Boolean(&KEEP_ALIVE)),
    any(SO_OOBINLINE, "SO_OOBINLINE", Codec::Boolean(&URGENT_INLINE)),
    any(SO_LINGER, "SO_LINGER", Codec::Linger(&LINGER)),
    any(SO_RCVTIMEO, "SO_RCVTIMEO", Codec::Time(&RECEIVE_TIMEOUT)),
    any(SO_SNDTIMEO, "SO_SNDTIMEO", Codec::Time(&SEND_TIMEOUT)),
    any(SO_MARK, "SO_MARK", Codec::Count(&MARK, Limits::Within(i32::MIN, i32::MAX))),
    OptionRow {
        sockets: Sockets::Streams,
        ..any(SO_TIMESTAMPING, "SO_TIMESTAMPING", Codec::Integer(Limits::Within(0, i32::MAX)))
    },
    OptionRow {
        sockets: Sockets::Streams,
        ..any(SO_ZEROCOPY, "SO_ZEROCOPY", Codec::Switch(&ZERO_COPY))
    },
    tcp(TCP_NODELAY, "TCP_NODELAY", Codec::Boolean(&NO_DELAY)),
    tcp(TCP_MAXSEG, "TCP_MAXSEG", Codec::Count(&MAX_SEGMENT, SEGMENTS)),
    tcp(TCP_CORK, "TCP_CORK", Codec::Boolean(&CORK)),
    tcp(TCP_SYNCNT, "TCP_SYNCNT", Codec::Count(&SYN_COUNT, Limits::Within(1, 127))),
    tcp(TCP_QUICKACK, "TCP_QUICKACK",
        Codec::Count(&QUICK_ACKNOWLEDGMENTS, Limits::Within(i32::MIN, i32::MAX))),
    tcp(TCP_LINGER2, "TCP_LINGER2", Codec::Signed(&FIN_WAIT_2)),
    tcp(TCP_INFO, "TCP_INFO", Codec::ReadOnly),
    tcp(TCP_CONGESTION, "TCP_CONGESTION", Codec::Algorithm(&CONGESTION)),
    tcp(TCP_KEEPIDLE, "TCP_KEEPIDLE", Codec::Seconds(&KEEP_ALIVE_IDLE, PROBE_SECONDS)),
    tcp(TCP_KEEPINTVL, "TCP_KEEPINTVL", Codec::Seconds(&KEEP_ALIVE_INTERVAL, PROBE_SECONDS)),
    tcp(TCP_KEEPCNT, "TCP_KEEPCNT", Codec::Count(&KEEP_ALIVE_COUNT, PROBES)),
    tcp(TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT",
        Codec::Milliseconds(&USER_TIMEOUT, Limits::Within(0, i32::MAX))),
    tcp(TCP_NOTSENT_LOWAT, "TCP_NOTSENT_LOWAT",
        Codec::Count(&UNSENT_MOST, Limits::Within(i32::MIN, i32::MAX))),
    tcp(TCP_FASTOPEN_CONNECT, "TCP_FASTOPEN_CONNECT", Codec::Switch(&FAST_OPEN_CONNECT)),
    tcp(TCP_FASTOPEN, "TCP_FASTOPEN", Codec::Count(&FAST_OPEN, UNFINISHED)),
    tcp(TCP_INQ, "TCP_INQ", Codec::Switch(&TELLS_QUEUE)),
    tcp(TCP_KEEPINIT, "TCP_KEEPINIT", Codec::Seconds(&HANDSHAKE_LIMIT, PROBE_SECONDS)),
    tcp(TCP_NOOPT, "TCP_NOOPT", Codec::Boolean(&NO_TCP_OPTIONS)),
    tcp(TCP_MD5SIG, "TCP_MD5SIG", Codec::Boolean(&SIGNS)),
    tcp(TCP_REMOTE_UDP_ENCAPS_PORT, "TCP_REMOTE_UDP_ENCAPS_PORT", Codec::Port(&DATAGRAM_PORT)),
    ip(IPPROTO_IP, IP_TOS, "IP_TOS", Sockets::Streams,
        Codec::Octet(&SERVICE, Limits::LowOctet)),
    ip(IPPROTO_IP, IP_TTL, "IP_TTL", Sockets::Any, Codec::Octet(&HOPS, TIMES_TO_LIVE)),
    ip(IPPROTO_IP, IP_MTU_DISCOVER, "IP_MTU_DISCOVER", Sockets::Streams,
        Codec::Count(&PATH_MTU, Limits::Within(0, 5))),
    ip(IPPROTO_IP, IP_FREEBIND, "IP_FREEBIND", Sockets::Any, Codec::Boolean(&FREE_BIND)),
    ip(IPPROTO_IPV6, IPV6_MTU_DISCOVER, "IPV6_MTU_DISCOVER", Sockets::Streams,
        Codec::Count(&PATH_MTU, Limits::Within(0, 5))),
    ip(IPPROTO_IPV6, IPV6_FREEBIND, "IPV6_FREEBIND", Sockets::Any, Codec::Boolean(&FREE_BIND)),
    ip(IPPROTO_IPV6, IPV6_UNICAST_HOPS, "IPV6_UNICAST_HOPS", Sockets::Any,
        Codec::Octet(&HOPS, OCTET_OR_NONE)),
    ip(IPPROTO_IPV6, IPV6_TCLASS, "IPV6_TCLASS", Sockets::Streams,
        Codec::Octet(&SERVICE, OCTET_OR_NONE)),
    ip(IPPROTO_IPV6, IPV6_USE_MIN_MTU, "IPV6_USE_MIN_MTU", Sockets::Streams,
        Codec::Boolean(&LEAST_MTU)),
];

/// An option of IP.
const fn ip(
    level: i32,
    name: i32,
    word: &'static str,
    sockets: Sockets,
    codec: Codec,
) -> OptionRow {
    OptionRow {
        level,
        name,
        word,
        sockets,
        codec,
    }
}

/// An option that every socket has.
const fn any(name: i32, word: &'static str, codec: Codec) -> OptionRow {
    OptionRow {
        level: SOL_SOCKET,
        name,
        word,
        sockets: Sockets::Any,
        codec,
    }
}

/// An option of TCP.
const fn tcp(name: i32, word: &'static str, codec: Codec) -> OptionRow {
    OptionRow {
        level: IPPROTO_TCP,
        name,
        word,
        sockets: Sockets::Streams,
        codec,
    }
}

impl Process {
    /// setsockopt.
    ///
    /// # Errors
    /// EBADF, ENOPROTOOPT for an option the socket does not have, EINVAL for a value that the
    /// option cannot have, ENOENT for a congestion control that the system does not have,
    /// EOPNOTSUPP for an option that cannot be set. Once the connection has ended, what the profile
    /// says.
    pub fn setsockopt(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        (level, name): (i32, i32),
        value: &OptionValue,
    ) -> Result<(), Errno> {
        let whole = usize::MAX;
        self.setsockopt_sized(host, now, fd, (level, name), (value, whole))
    }

    /// setsockopt, for a value of which the call gives so many octets. Longer ones are taken,
    /// shorter ones are not, but for options of IPv4 (Linux: do_ip_setsockopt).
    ///
    /// # Errors
    /// Those of setsockopt, EINVAL where the value is too short.
    pub fn setsockopt_sized(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        (level, name): (i32, i32),
        (value, length): (&OptionValue, usize),
    ) -> Result<(), Errno> {
        let socket = self.socket_of(fd)?;
        if let Some(error) = refusal(host, socket.id, Asked::Set(of(level, name))) {
            return Err(error);
        }
        let row = row(host, socket, level, name)?;
        if length < least_length(row) {
            return Err(Errno::Invalid);
        }
        if comes_too_late(host, socket, row) {
            return Err(Errno::Invalid);
        }
        if is_stamping(level, name) {
            let OptionValue::Integer(flags) = *value else {
                return Err(Errno::Invalid);
            };
            socket.stamping = socket.stamping.turned(host, socket.id, flags)?;
            return Ok(());
        }
        let codec = row.codec;
        if !codec.is_of_the_stack() {
            return Err(Errno::NoProtocolOption);
        }
        if matches!(codec, Codec::Linger(_)) && !lingers(host) {
            return Err(Errno::OperationNotSupported);
        }
        // Linux: do_tcp_setsockopt, where clients of Fast Open are switched off.
        let is_fast = (level, name) == (IPPROTO_TCP, TCP_FASTOPEN_CONNECT);
        if is_fast && !host.opens_fast() {
            return Err(Errno::OperationNotSupported);
        }
        let value = &match value {
            OptionValue::Linger(linger) => OptionValue::Linger(kept(host, socket, *linger)),
            OptionValue::Integer(_)
            | OptionValue::Octets(_)
            | OptionValue::Time(_)
            | OptionValue::Bad => value.clone(),
        };
        let set = codec.set(host, now, socket.id, value);
        set.map_err(|misfit| match (codec, misfit) {
            (Codec::Algorithm(_), Misfit::Limits) => Errno::NoEntry,
            (_, Misfit::Form | Misfit::Limits) => Errno::Invalid,
        })
    }

    /// getsockopt.
    ///
    /// # Errors
    /// EBADF, ENOPROTOOPT for an option the socket does not have, ECONNRESET where the system says
    /// so of a connection that is no more.
    pub fn getsockopt(
        &mut self,
        host: &mut Host,
        fd: FileDescriptor,
        level: i32,
        name: i32,
    ) -> Result<OptionValue, Errno> {
        let socket = self.socket_of(fd)?;
        if let Some(error) = refusal(host, socket.id, Asked::Get(of(level, name))) {
            return Err(error);
        }
        let row = row(host, socket, level, name).map_err(|error| {
            // Linux: do_ip_getsockopt says so of a level that it does not know.
            match (level, socket.protocol) {
                (IPPROTO_TCP, Protocol::Udp) => Errno::OperationNotSupported,
                _ => error,
            }
        })?;
        let value = match (level, name) {
            (SOL_SOCKET, SO_TYPE) => Some(match socket.protocol {
                Protocol::Tcp => SOCK_STREAM,
                Protocol::Udp => SOCK_DGRAM,
            }),
            (SOL_SOCKET, SO_ERROR) => {
                let gone = host.take_error(socket.id);
                Some(gone.map_or(0, |gone| Errno::from(gone).number()))
            }
            (SOL_SOCKET, SO_TIMESTAMPING) => Some(socket.stamping.flags()),
            _ => None,
        };
        match value {
            Some(value) => Ok(OptionValue::Integer(value)),
            None => (row.codec.get(host, socket.id)).ok_or(Errno::NoProtocolOption),
        }
    }
}

/// What Linux keeps of a struct linger (sk_setsockopt): that it is on, and the time of the last one
/// that was.
fn kept(host: &Host, socket: &Socket, linger: Linger) -> Linger {
    let before = host.option(socket.id, &LINGER).unwrap_or_default();
    match linger.onoff {
        0 => Linger { onoff: 0, ..before },
        _ => Linger { onoff: 1, ..linger },
    }
}

/// Whether an option of Fast Open cannot be set any more where MSG_FASTOPEN is its call: a
/// connection has begun (Linux: do_tcp_setsockopt).
fn comes_too_late(host: &Host, socket: &Socket, row: &OptionRow) -> bool {
    // A connection in TIME-WAIT is closed to its program.
    let state = host.status(socket.id).and_then(|status| status.told_state);
    let is_of_linux = host.fast_open_call() == FastOpenCall::Flag;
    is_of_linux
        && row.level == IPPROTO_TCP
        && match row.name {
            TCP_FASTOPEN_CONNECT => !matches!(state, Some(State::Closed) | None),
            TCP_FASTOPEN => !matches!(state, Some(State::Closed | State::Listen) | None),
            _ => false,
        }
}

/// The octets that a value has at the least.
fn least_length(row: &OptionRow) -> usize {
    match (row.level, row.name, row.codec) {
        (IPPROTO_IP, IP_TOS | IP_MTU_DISCOVER, _) => 0,
        (IPPROTO_IP, _, _) | (_, _, Codec::Algorithm(_)) => 1,
        (_, _, Codec::Linger(_)) => 8,
        (_, _, Codec::Time(_)) => 16,
        _ => 4,
    }
}

/// Whether an option is SO_TIMESTAMPING, which the process keeps itself.
fn is_stamping(level: i32, name: i32) -> bool {
    (level, name) == (SOL_SOCKET, SO_TIMESTAMPING)
}

/// Whose an option is.
fn of(level: i32, name: i32) -> OptionOf {
    match (level, name) {
        (IPPROTO_TCP, _) => OptionOf::Transport,
        (SOL_SOCKET, SO_KEEPALIVE | SO_REUSEADDR | SO_REUSEPORT) => OptionOf::Connection,
        _ => OptionOf::Socket,
    }
}

/// Whether SO_LINGER can be set.
fn lingers(host: &Host) -> bool {
    let profile = host.profile();
    profile.is_none_or(|profile| profile.calls.linger != LingerOption::Unsupported)
}

/// The row of an option that a socket has.
fn row(host: &Host, socket: &Socket, level: i32, name: i32) -> Result<&'static OptionRow, Errno> {
    sockopt::find(&OPTIONS, level, name)
        .filter(|row| row.sockets == Sockets::Any || socket.protocol == Protocol::Tcp)
        .filter(|row| row.codec.exists(host))
        .filter(|_| !is_stamping(level, name) || host.keeps_error_queues())
        .ok_or(Errno::NoProtocolOption)
}
