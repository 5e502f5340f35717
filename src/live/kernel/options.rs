//! Socket options of the kernel by their numbers.
//!
//! nix has a type for each option; its macros make those that it lacks. An option is one line of a
//! table here, whatever its level.

use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::socket::{getsockopt, setsockopt, sockopt};
use nix::sys::time::TimeVal;

/// What an option is set to, or gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OptionValue {
    /// An `int`.
    Number(i32),
    /// A `struct linger`: whether, and how many seconds.
    Linger(i32, i32),
    /// A `struct timeval`: how many microseconds.
    Time(i64),
    /// Octets: a key, or a name.
    Octets(Vec<u8>),
}

/// The options whose value is an `int`: the type that nix's macro makes, its level and its name.
macro_rules! integers {
    ($($option:ident: $level:ident, $name:ident;)*) => {
        mod integer {
            use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};

            $(sockopt_impl!($option, Both, libc::$level, libc::$name, i32);)*
        }

        fn set_integer<F: AsFd>(fd: &F, at: (i32, i32), value: i32) -> Option<nix::Result<()>> {
            $(if at == (libc::$level, libc::$name) {
                return Some(setsockopt(fd, integer::$option, &value));
            })*
            None
        }

        fn get_integer<F: AsFd>(fd: &F, at: (i32, i32)) -> Option<nix::Result<i32>> {
            $(if at == (libc::$level, libc::$name) {
                return Some(getsockopt(fd, integer::$option));
            })*
            None
        }
    };
}

integers! {
    ReuseAddress: SOL_SOCKET, SO_REUSEADDR;
    Kind: SOL_SOCKET, SO_TYPE;
    PendingError: SOL_SOCKET, SO_ERROR;
    DontRoute: SOL_SOCKET, SO_DONTROUTE;
    Broadcast: SOL_SOCKET, SO_BROADCAST;
    SendBuffer: SOL_SOCKET, SO_SNDBUF;
    ReceiveBuffer: SOL_SOCKET, SO_RCVBUF;
    KeepAlive: SOL_SOCKET, SO_KEEPALIVE;
    UrgentInline: SOL_SOCKET, SO_OOBINLINE;
    Priority: SOL_SOCKET, SO_PRIORITY;
    ReusePort: SOL_SOCKET, SO_REUSEPORT;
    ReceiveLowWater: SOL_SOCKET, SO_RCVLOWAT;
    Timestamp: SOL_SOCKET, SO_TIMESTAMP;
    TimestampNs: SOL_SOCKET, SO_TIMESTAMPNS;
    Accepts: SOL_SOCKET, SO_ACCEPTCONN;
    Mark: SOL_SOCKET, SO_MARK;
    Timestamping: SOL_SOCKET, SO_TIMESTAMPING;
    ProtocolOf: SOL_SOCKET, SO_PROTOCOL;
    DomainOf: SOL_SOCKET, SO_DOMAIN;
    BusyPoll: SOL_SOCKET, SO_BUSY_POLL;
    IncomingCpu: SOL_SOCKET, SO_INCOMING_CPU;
    ZeroCopy: SOL_SOCKET, SO_ZEROCOPY;
    NoDelay: IPPROTO_TCP, TCP_NODELAY;
    MaximumSegment: IPPROTO_TCP, TCP_MAXSEG;
    Cork: IPPROTO_TCP, TCP_CORK;
    KeepIdle: IPPROTO_TCP, TCP_KEEPIDLE;
    KeepInterval: IPPROTO_TCP, TCP_KEEPINTVL;
    KeepCount: IPPROTO_TCP, TCP_KEEPCNT;
    SynCount: IPPROTO_TCP, TCP_SYNCNT;
    Linger2: IPPROTO_TCP, TCP_LINGER2;
    DeferAccept: IPPROTO_TCP, TCP_DEFER_ACCEPT;
    WindowClamp: IPPROTO_TCP, TCP_WINDOW_CLAMP;
    QuickAck: IPPROTO_TCP, TCP_QUICKACK;
    UserTimeout: IPPROTO_TCP, TCP_USER_TIMEOUT;
    FastOpen: IPPROTO_TCP, TCP_FASTOPEN;
    TcpTimestamp: IPPROTO_TCP, TCP_TIMESTAMP;
    NotSentLowWater: IPPROTO_TCP, TCP_NOTSENT_LOWAT;
    FastOpenConnect: IPPROTO_TCP, TCP_FASTOPEN_CONNECT;
    FastOpenNoCookie: IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE;
    InQueue: IPPROTO_TCP, TCP_INQ;
    TypeOfService: IPPROTO_IP, IP_TOS;
    TimeToLive: IPPROTO_IP, IP_TTL;
    DiscoverMtu: IPPROTO_IP, IP_MTU_DISCOVER;
    ReceiveErrors: IPPROTO_IP, IP_RECVERR;
    Mtu: IPPROTO_IP, IP_MTU;
    FreeBind: IPPROTO_IP, IP_FREEBIND;
    ReceiveTos: IPPROTO_IP, IP_RECVTOS;
    BindNoPort: IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT;
    OnlyV6: IPPROTO_IPV6, IPV6_V6ONLY;
    ReceiveErrorsV6: IPPROTO_IPV6, IPV6_RECVERR;
    TrafficClass: IPPROTO_IPV6, IPV6_TCLASS;
    HopLimit: IPPROTO_IPV6, IPV6_UNICAST_HOPS;
    DiscoverMtuV6: IPPROTO_IPV6, IPV6_MTU_DISCOVER;
}

/// How many octets of TCP_INFO are read: as many as every kernel since 5.4 has.
const INFO_LEN: usize = 232;
/// As many as 6.18 has of it, where the names are known.
const INFO_LEN_NEW: usize = 248;

mod other {
    use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};

    sockopt_impl!(
        FastOpenKey,
        SetOnly,
        libc::IPPROTO_TCP,
        libc::TCP_FASTOPEN_KEY,
        [u8; 16],
        nix::sys::socket::sockopt::SetStruct<'_, [u8; 16]>
    );
    sockopt_impl!(
        Info,
        GetOnly,
        libc::IPPROTO_TCP,
        libc::TCP_INFO,
        [u8; super::INFO_LEN],
        nix::sys::socket::sockopt::GetStruct<[u8; super::INFO_LEN]>
    );
    sockopt_impl!(
        NewInfo,
        GetOnly,
        libc::IPPROTO_TCP,
        libc::TCP_INFO,
        [u8; super::INFO_LEN_NEW],
        nix::sys::socket::sockopt::GetStruct<[u8; super::INFO_LEN_NEW]>
    );
}

/// Sets an option; none where this table does not have it with such a value.
pub(super) fn set<F: AsFd>(
    fd: &F,
    (level, name): (i32, i32),
    value: &OptionValue,
) -> Option<nix::Result<()>> {
    Some(match (level, name, value) {
        (libc::SOL_SOCKET, libc::SO_LINGER, OptionValue::Linger(on, seconds)) => {
            let linger = libc::linger {
                l_onoff: *on,
                l_linger: *seconds,
            };
            setsockopt(fd, sockopt::Linger, &linger)
        }
        (libc::SOL_SOCKET, libc::SO_RCVTIMEO, OptionValue::Time(micros)) => {
            setsockopt(fd, sockopt::ReceiveTimeout, &time(*micros))
        }
        (libc::SOL_SOCKET, libc::SO_SNDTIMEO, OptionValue::Time(micros)) => {
            setsockopt(fd, sockopt::SendTimeout, &time(*micros))
        }
        (libc::IPPROTO_TCP, libc::TCP_CONGESTION, OptionValue::Octets(octets)) => {
            let name = String::from_utf8_lossy(octets).into_owned();
            setsockopt(fd, sockopt::TcpCongestion, &name.into())
        }
        (libc::IPPROTO_TCP, libc::TCP_FASTOPEN_KEY, OptionValue::Octets(octets)) => {
            match <[u8; 16]>::try_from(octets.as_slice()) {
                Ok(key) => setsockopt(fd, other::FastOpenKey, &key),
                Err(_) => Err(Errno::EINVAL),
            }
        }
        (_, _, OptionValue::Number(number)) => return set_integer(fd, (level, name), *number),
        (_, _, OptionValue::Linger(..) | OptionValue::Time(_) | OptionValue::Octets(_)) => {
            return None;
        }
    })
}

fn time(micros: i64) -> TimeVal {
    TimeVal::new(micros / 1_000_000, micros % 1_000_000)
}

fn micros(time: TimeVal) -> i64 {
    time.tv_sec() * 1_000_000 + time.tv_usec()
}

/// What an option gives; none where this table does not have it.
pub(super) fn get<F: AsFd>(fd: &F, (level, name): (i32, i32)) -> Option<nix::Result<OptionValue>> {
    Some(match (level, name) {
        (libc::SOL_SOCKET, libc::SO_LINGER) => getsockopt(fd, sockopt::Linger)
            .map(|linger| OptionValue::Linger(linger.l_onoff, linger.l_linger)),
        (libc::SOL_SOCKET, libc::SO_RCVTIMEO) => {
            getsockopt(fd, sockopt::ReceiveTimeout).map(|time| OptionValue::Time(micros(time)))
        }
        (libc::SOL_SOCKET, libc::SO_SNDTIMEO) => {
            getsockopt(fd, sockopt::SendTimeout).map(|time| OptionValue::Time(micros(time)))
        }
        (libc::IPPROTO_TCP, libc::TCP_CONGESTION) => getsockopt(fd, sockopt::TcpCongestion)
            .map(|name| OptionValue::Octets(name.into_encoded_bytes())),
        _ => return get_integer(fd, (level, name)).map(|it| it.map(OptionValue::Number)),
    })
}

/// TCP_INFO of a socket, as the kernel lays it out.
pub(super) fn info<F: AsFd>(fd: &F) -> nix::Result<Vec<u8>> {
    // An older kernel has fewer octets, and nix takes an answer of another length for a fault.
    if newer_info() {
        return getsockopt(fd, other::NewInfo).map(|it| it.to_vec());
    }
    getsockopt(fd, other::Info).map(|it| it.to_vec())
}

/// Whether the kernel has what 6.8 added to TCP_INFO.
fn newer_info() -> bool {
    use std::sync::OnceLock;
    static NEWER: OnceLock<bool> = OnceLock::new();
    *NEWER.get_or_init(|| {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut parts = release
            .split(['.', '-'])
            .map_while(|it| it.parse::<u32>().ok());
        let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        version >= (6, 8)
    })
}
