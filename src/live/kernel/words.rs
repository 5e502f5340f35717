//! The names of the kernel's numbers, and arguments read with them.

use crate::calls::{BadCall, Unknown};
use crate::scenario::script::Argument;

/// Constants of the headers by their names, each once.
macro_rules! words {
    ($($word:ident),* $(,)?) => {
        &[$((stringify!($word), libc::$word as i64)),*]
    };
}

/// The names of the headers that scripts use, without those that two headers give two values.
const WORDS: &[(&str, i64)] = words![
    // Sockets.
    AF_UNSPEC,
    AF_INET,
    AF_INET6,
    PF_INET,
    PF_INET6,
    SOCK_STREAM,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOCK_CLOEXEC,
    IPPROTO_IP,
    IPPROTO_ICMP,
    IPPROTO_TCP,
    IPPROTO_UDP,
    IPPROTO_IPV6,
    SOMAXCONN,
    SHUT_RD,
    SHUT_WR,
    SHUT_RDWR,
    // Levels.
    SOL_SOCKET,
    SOL_TCP,
    SOL_UDP,
    SOL_IP,
    SOL_IPV6,
    // Options of every socket.
    SO_REUSEADDR,
    SO_TYPE,
    SO_ERROR,
    SO_DONTROUTE,
    SO_BROADCAST,
    SO_SNDBUF,
    SO_RCVBUF,
    SO_KEEPALIVE,
    SO_OOBINLINE,
    SO_PRIORITY,
    SO_LINGER,
    SO_REUSEPORT,
    SO_RCVLOWAT,
    SO_SNDLOWAT,
    SO_RCVTIMEO,
    SO_SNDTIMEO,
    SO_TIMESTAMP,
    SO_TIMESTAMPNS,
    SO_ACCEPTCONN,
    SO_MARK,
    SO_TIMESTAMPING,
    SO_PROTOCOL,
    SO_DOMAIN,
    SO_BUSY_POLL,
    SO_INCOMING_CPU,
    SO_ZEROCOPY,
    // Options of TCP.
    TCP_NODELAY,
    TCP_MAXSEG,
    TCP_CORK,
    TCP_KEEPIDLE,
    TCP_KEEPINTVL,
    TCP_KEEPCNT,
    TCP_SYNCNT,
    TCP_LINGER2,
    TCP_DEFER_ACCEPT,
    TCP_WINDOW_CLAMP,
    TCP_INFO,
    TCP_QUICKACK,
    TCP_CONGESTION,
    TCP_USER_TIMEOUT,
    TCP_FASTOPEN,
    TCP_TIMESTAMP,
    TCP_NOTSENT_LOWAT,
    TCP_FASTOPEN_CONNECT,
    TCP_FASTOPEN_KEY,
    TCP_FASTOPEN_NO_COOKIE,
    TCP_INQ,
    TCP_CM_INQ,
    // Options of IP.
    IP_TOS,
    IP_TTL,
    IP_MTU_DISCOVER,
    IP_RECVERR,
    IP_MTU,
    IP_FREEBIND,
    IP_RECVTOS,
    IP_BIND_ADDRESS_NO_PORT,
    IP_PMTUDISC_DONT,
    IP_PMTUDISC_WANT,
    IP_PMTUDISC_DO,
    IP_PMTUDISC_PROBE,
    IPV6_V6ONLY,
    IPV6_RECVERR,
    IPV6_TCLASS,
    IPV6_UNICAST_HOPS,
    IPV6_MTU_DISCOVER,
    // Flags of calls.
    MSG_OOB,
    MSG_PEEK,
    MSG_DONTROUTE,
    MSG_CTRUNC,
    MSG_TRUNC,
    MSG_DONTWAIT,
    MSG_EOR,
    MSG_WAITALL,
    MSG_ERRQUEUE,
    MSG_NOSIGNAL,
    MSG_MORE,
    MSG_FASTOPEN,
    MSG_ZEROCOPY,
    // Readiness.
    POLLIN,
    POLLPRI,
    POLLOUT,
    POLLERR,
    POLLHUP,
    POLLNVAL,
    POLLRDHUP,
    POLLRDNORM,
    POLLRDBAND,
    POLLWRNORM,
    POLLWRBAND,
    EPOLLIN,
    EPOLLPRI,
    EPOLLOUT,
    EPOLLERR,
    EPOLLHUP,
    EPOLLRDNORM,
    EPOLLRDBAND,
    EPOLLWRNORM,
    EPOLLWRBAND,
    EPOLLMSG,
    EPOLLRDHUP,
    EPOLLEXCLUSIVE,
    EPOLLONESHOT,
    EPOLL_CTL_ADD,
    EPOLL_CTL_DEL,
    EPOLL_CTL_MOD,
    // Files.
    F_GETFL,
    F_SETFL,
    O_RDONLY,
    O_WRONLY,
    O_RDWR,
    O_NONBLOCK,
    FIONREAD,
    FIONBIO,
    TIOCOUTQ,
    // Time stamps.
    SOF_TIMESTAMPING_TX_HARDWARE,
    SOF_TIMESTAMPING_TX_SOFTWARE,
    SOF_TIMESTAMPING_RX_HARDWARE,
    SOF_TIMESTAMPING_RX_SOFTWARE,
    SOF_TIMESTAMPING_SOFTWARE,
    SOF_TIMESTAMPING_RAW_HARDWARE,
    SOF_TIMESTAMPING_OPT_ID,
    SOF_TIMESTAMPING_TX_SCHED,
    SOF_TIMESTAMPING_TX_ACK,
    SOF_TIMESTAMPING_OPT_CMSG,
    SOF_TIMESTAMPING_OPT_TSONLY,
    // What error queues say.
    SO_EE_ORIGIN_NONE,
    SO_EE_ORIGIN_LOCAL,
    SO_EE_ORIGIN_ICMP,
    SO_EE_ORIGIN_ICMP6,
    SO_EE_ORIGIN_TIMESTAMPING,
    SCM_TIMESTAMPING,
    SCM_TIMESTAMPNS,
];

/// Names that the headers of this library do not have, or have under another name.
const MORE: &[(&str, i64)] = &[
    ("EPOLLET", 1 << 31),
    ("SO_EE_ORIGIN_ZEROCOPY", 5),
    ("SO_EE_CODE_ZEROCOPY_COPIED", 1),
    ("SCM_TSTAMP_SND", 0),
    ("SCM_TSTAMP_SCHED", 1),
    ("SCM_TSTAMP_ACK", 2),
    ("SOF_TIMESTAMPING_OPT_STATS", 1 << 12),
    ("SIOCINQ", libc::FIONREAD as i64),
    ("SIOCOUTQ", libc::TIOCOUTQ as i64),
    ("NULL", 0),
];

/// The number of a name.
pub(super) fn number_of(word: &str) -> Option<i64> {
    let mut all = WORDS.iter().chain(MORE);
    all.find(|(known, _)| *known == word)
        .map(|(_, number)| *number)
}

/// The number of an error by its name.
pub(super) fn errno(word: &str) -> Option<i64> {
    /// Linux has no larger one.
    const LARGEST: i32 = 133;
    let alias = match word {
        "EWOULDBLOCK" => "EAGAIN",
        "ENOTSUP" => "EOPNOTSUPP",
        word => word,
    };
    let mut all = 1..=LARGEST;
    let is = |number: &i32| format!("{:?}", nix::errno::Errno::from_raw(*number)) == alias;
    all.find(is).map(i64::from)
}

/// A word that nothing here knows, with those that it could be.
pub(super) fn unknown_word(word: &str) -> Unknown {
    let known = WORDS.iter().chain(MORE).map(|(name, _)| *name);
    Unknown {
        word: word.to_owned(),
        known: known.collect(),
        form: "the calls of the kernel".to_owned(),
    }
}

/// An argument that does not fit.
pub(super) fn bad(index: usize, message: impl Into<String>) -> BadCall {
    BadCall {
        argument: Some(index),
        message: message.into(),
        unknown: None,
    }
}

/// The arguments of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a>(pub(super) &'a [Argument]);

impl<'a> Given<'a> {
    pub(super) fn get(self, index: usize) -> Option<&'a Argument> {
        self.0.get(index)
    }

    /// A number: written out, by name, or names joined by `|`. A missing one is 0.
    pub(super) fn number(self, index: usize) -> Result<i64, BadCall> {
        match self.get(index) {
            Some(argument) => number(index, argument),
            None => Ok(0),
        }
    }

    /// A number of a type of the interface.
    pub(super) fn narrow<N: TryFrom<i64>>(self, index: usize) -> Result<N, BadCall> {
        narrow(index, self.number(index)?)
    }
}

/// A number inside an argument: written out, by name, or names joined by `|`; also as what a
/// pointer points to, `[4]`.
pub(super) fn number(index: usize, argument: &Argument) -> Result<i64, BadCall> {
    match argument {
        Argument::Integer(number) => Ok(*number),
        Argument::Word(word) => number_of(word)
            .or_else(|| errno(word))
            .ok_or_else(|| BadCall {
                unknown: Some(unknown_word(word)),
                ..bad(index, format!("the kernel's headers have no {word} here"))
            }),
        Argument::Flags(flags) => flags
            .iter()
            .try_fold(0, |all, flag| Ok(all | number(index, flag)?)),
        Argument::List(list) if list.len() == 1 => number(index, &list[0]),
        other @ (Argument::Text(_)
        | Argument::Octets(_)
        | Argument::List(_)
        | Argument::Struct(_)
        | Argument::Ellipsis
        | Argument::Endpoint { .. }
        | Argument::Address(_)) => {
            let shown = crate::calls::show_argument(other);
            Err(bad(index, format!("{shown} is no number")))
        }
    }
}

/// A number as a type of the interface; one that is too large keeps its low bits, as in C.
pub(super) fn narrow<N: TryFrom<i64>>(index: usize, number: i64) -> Result<N, BadCall> {
    N::try_from(number).map_err(|_| bad(index, format!("{number} is out of range")))
}

/// The names of bits, in the order of the headers: `POLLIN|POLLOUT`, and 0 where there is none.
pub(super) fn bits(prefix: &str, value: i64) -> String {
    let mut left = value;
    let mut names = Vec::new();
    for (name, bit) in WORDS.iter().chain(MORE).filter(|(name, bit)| {
        let is_event = name.starts_with(prefix) && !name.starts_with("EPOLL_CTL");
        is_event && *bit != 0
    }) {
        if left & bit == *bit {
            names.push(*name);
            left &= !bit;
        }
    }
    if left != 0 || names.is_empty() {
        return if names.is_empty() {
            left.to_string()
        } else {
            format!("{}|{left:#x}", names.join("|"))
        };
    }
    names.join("|")
}
