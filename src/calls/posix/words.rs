//! The names of POSIX's numbers, as the headers of Linux spell them.

use hangup_posix::control::{
    F_GETFL, F_SETFL, FIONBIO, FIONREAD, O_NONBLOCK, O_RDONLY, O_RDWR, SIOCATMARK, SIOCOUTQ,
};
use hangup_posix::data::{
    MSG_DONTROUTE, MSG_DONTWAIT, MSG_EOR, MSG_FASTOPEN, MSG_MORE, MSG_NOSIGNAL, MSG_OOB, MSG_PEEK,
    MSG_WAITALL, MSG_ZEROCOPY,
};
use hangup_posix::{Errno, epoll, message, options, pipe, poll, sockets, stamping};
use hangup_stack::sockopt;

use crate::calls::argument::Words;

pub(super) const DOMAINS: &Words = &[
    ("AF_INET", sockets::AF_INET as i64),
    ("PF_INET", sockets::AF_INET as i64),
    ("AF_INET6", sockets::AF_INET6 as i64),
    ("PF_INET6", sockets::AF_INET6 as i64),
];
pub(super) const TYPES: &Words = &[
    ("SOCK_STREAM", sockets::SOCK_STREAM as i64),
    ("SOCK_DGRAM", sockets::SOCK_DGRAM as i64),
    ("SOCK_NONBLOCK", sockets::SOCK_NONBLOCK as i64),
    ("SOCK_CLOEXEC", sockets::SOCK_CLOEXEC as i64),
];
pub(super) const PROTOCOLS: &Words = &[
    ("IPPROTO_IP", sockets::IPPROTO_IP as i64),
    ("IPPROTO_TCP", sockets::IPPROTO_TCP as i64),
    ("IPPROTO_UDP", sockets::IPPROTO_UDP as i64),
];
pub(super) const BACKLOGS: &Words = &[("SOMAXCONN", sockets::SOMAXCONN as i64)];
pub(super) const FLAGS: &Words = &[
    ("MSG_PEEK", MSG_PEEK as i64),
    ("MSG_DONTROUTE", MSG_DONTROUTE as i64),
    ("MSG_DONTWAIT", MSG_DONTWAIT as i64),
    ("MSG_NOSIGNAL", MSG_NOSIGNAL as i64),
    ("MSG_WAITALL", MSG_WAITALL as i64),
    ("MSG_MORE", MSG_MORE as i64),
    ("MSG_FASTOPEN", MSG_FASTOPEN as i64),
    ("MSG_EOR", MSG_EOR as i64),
    ("MSG_OOB", MSG_OOB as i64),
    ("MSG_ZEROCOPY", MSG_ZEROCOPY as i64),
    ("MSG_ERRQUEUE", message::MSG_ERRQUEUE as i64),
];
pub(super) const HOWS: &Words = &[
    ("SHUT_RD", sockets::SHUT_RD as i64),
    ("SHUT_WR", sockets::SHUT_WR as i64),
    ("SHUT_RDWR", sockets::SHUT_RDWR as i64),
];
pub(super) const LEVELS: &Words = &[
    ("SOL_SOCKET", options::SOL_SOCKET as i64),
    ("SOL_TCP", sockets::IPPROTO_TCP as i64),
    ("IPPROTO_TCP", sockets::IPPROTO_TCP as i64),
    ("SOL_IP", sockets::IPPROTO_IP as i64),
    ("IPPROTO_IP", sockets::IPPROTO_IP as i64),
    ("SOL_IPV6", sockets::IPPROTO_IPV6 as i64),
    ("IPPROTO_IPV6", sockets::IPPROTO_IPV6 as i64),
];
pub(super) const OPTIONS: &Words = &option_words();

/// Options of a stack of FreeBSD's that no host here runs: setsockopt does not know them.
const OF_OTHER_STACKS: [(&str, i64); 3] = [
    ("TCP_RACK_PACE_MAX_SEG", 1070),
    ("TCP_RACK_PACE_ALWAYS", 1073),
    ("TCP_RACK_PACE_RATE_SS", 1086),
];

const fn option_words() -> [(&'static str, i64); options::OPTIONS.len() + OF_OTHER_STACKS.len()] {
    let rows = sockopt::words(&options::OPTIONS);
    let mut words = [("", 0); options::OPTIONS.len() + OF_OTHER_STACKS.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = if index < rows.len() {
            rows[index]
        } else {
            OF_OTHER_STACKS[index - rows.len()]
        };
        index += 1;
    }
    words
}

/// Octets of the type of service (RFC 2474 section 4.2.2, RFC 3246).
pub(super) const SERVICES: &Words = &[
    ("IPTOS_DSCP_CS0", 0x00),
    ("IPTOS_DSCP_CS1", 0x20),
    ("IPTOS_DSCP_CS2", 0x40),
    ("IPTOS_DSCP_CS3", 0x60),
    ("IPTOS_DSCP_CS4", 0x80),
    ("IPTOS_DSCP_CS5", 0xa0),
    ("IPTOS_DSCP_CS6", 0xc0),
    ("IPTOS_DSCP_CS7", 0xe0),
    ("IPTOS_DSCP_EF", 0xb8),
    ("IPTOS_LOWDELAY", 0x10),
    ("IPTOS_THROUGHPUT", 0x08),
];
pub(super) const FCNTLS: &Words = &[("F_GETFL", F_GETFL as i64), ("F_SETFL", F_SETFL as i64)];
pub(super) const FILE_FLAGS: &Words = &[
    ("O_RDONLY", O_RDONLY as i64),
    ("O_RDWR", O_RDWR as i64),
    ("O_NONBLOCK", O_NONBLOCK as i64),
];
pub(super) const REQUESTS: &Words = &[
    ("FIONREAD", FIONREAD as i64),
    ("SIOCINQ", FIONREAD as i64),
    ("FIONBIO", FIONBIO as i64),
    ("SIOCOUTQ", SIOCOUTQ as i64),
    ("SIOCATMARK", SIOCATMARK as i64),
];
/// The signals that end a process which does not catch them.
pub(super) const SIGNALS: &Words = &[
    ("SIGINT", 2),
    ("SIGABRT", 6),
    ("SIGKILL", 9),
    ("SIGSEGV", 11),
    ("SIGPIPE", 13),
    ("SIGTERM", 15),
];
/// The actions of a signal.
pub(super) const ACTIONS: &Words = &[("SIG_DFL", 0), ("SIG_IGN", 1)];
/// What a control message says.
pub(super) const CONTROL_TYPES: &Words = &[
    ("TCP_CM_INQ", options::TCP_INQ as i64),
    ("SCM_TIMESTAMPING", message::SCM_TIMESTAMPING as i64),
    ("IP_RECVERR", message::IP_RECVERR as i64),
    ("IPV6_RECVERR", message::IPV6_RECVERR as i64),
];
/// What an entry of the error queue says.
pub(super) const EXTENDED: &Words = &[
    ("ENOMSG", message::ENOMSG as i64),
    (
        "SO_EE_ORIGIN_TIMESTAMPING",
        message::SO_EE_ORIGIN_TIMESTAMPING as i64,
    ),
    (
        "SO_EE_ORIGIN_ZEROCOPY",
        message::SO_EE_ORIGIN_ZEROCOPY as i64,
    ),
    (
        "SO_EE_CODE_ZEROCOPY_COPIED",
        message::SO_EE_CODE_ZEROCOPY_COPIED as i64,
    ),
    ("SCM_TSTAMP_SND", message::SCM_TSTAMP_SND as i64),
    ("SCM_TSTAMP_SCHED", message::SCM_TSTAMP_SCHED as i64),
    ("SCM_TSTAMP_ACK", message::SCM_TSTAMP_ACK as i64),
];
/// What recvmsg says of what it has read.
pub(super) const MESSAGE_FLAGS: &Words = &[
    ("MSG_ERRQUEUE", message::MSG_ERRQUEUE as i64),
    ("MSG_TRUNC", message::MSG_TRUNC as i64),
    ("MSG_OOB", MSG_OOB as i64),
];
/// The values of SO_TIMESTAMPING.
pub(super) const STAMPINGS: &Words = &[
    (
        "SOF_TIMESTAMPING_TX_SCHED",
        stamping::SOF_TIMESTAMPING_TX_SCHED as i64,
    ),
    (
        "SOF_TIMESTAMPING_TX_SOFTWARE",
        stamping::SOF_TIMESTAMPING_TX_SOFTWARE as i64,
    ),
    (
        "SOF_TIMESTAMPING_TX_ACK",
        stamping::SOF_TIMESTAMPING_TX_ACK as i64,
    ),
    (
        "SOF_TIMESTAMPING_SOFTWARE",
        stamping::SOF_TIMESTAMPING_SOFTWARE as i64,
    ),
    (
        "SOF_TIMESTAMPING_OPT_ID",
        stamping::SOF_TIMESTAMPING_OPT_ID as i64,
    ),
    (
        "SOF_TIMESTAMPING_OPT_ID_TCP",
        stamping::SOF_TIMESTAMPING_OPT_ID_TCP as i64,
    ),
    (
        "SOF_TIMESTAMPING_OPT_TSONLY",
        stamping::SOF_TIMESTAMPING_OPT_TSONLY as i64,
    ),
];
/// The values of IP_MTU_DISCOVER and of its twin.
pub(super) const PATH_MTUS: &Words = &[
    ("IP_PMTUDISC_DONT", 0),
    ("IP_PMTUDISC_WANT", 1),
    ("IP_PMTUDISC_DO", 2),
    ("IP_PMTUDISC_PROBE", 3),
    ("IP_PMTUDISC_INTERFACE", 4),
    ("IP_PMTUDISC_OMIT", 5),
    ("IPV6_PMTUDISC_DONT", 0),
    ("IPV6_PMTUDISC_WANT", 1),
    ("IPV6_PMTUDISC_DO", 2),
    ("IPV6_PMTUDISC_PROBE", 3),
    ("IPV6_PMTUDISC_INTERFACE", 4),
    ("IPV6_PMTUDISC_OMIT", 5),
];
pub(super) const SPLICE_FLAGS: &Words = &[
    ("SPLICE_F_MOVE", 1),
    ("SPLICE_F_NONBLOCK", pipe::SPLICE_F_NONBLOCK as i64),
    ("SPLICE_F_MORE", pipe::SPLICE_F_MORE as i64),
];
pub(super) const EPOLL_CTLS: &Words = &[
    ("EPOLL_CTL_ADD", epoll::EPOLL_CTL_ADD as i64),
    ("EPOLL_CTL_DEL", epoll::EPOLL_CTL_DEL as i64),
    ("EPOLL_CTL_MOD", epoll::EPOLL_CTL_MOD as i64),
];
pub(super) const EPOLL_EVENTS: &Words = &[
    ("EPOLLIN", epoll::EPOLLIN as i64),
    ("EPOLLPRI", epoll::EPOLLPRI as i64),
    ("EPOLLOUT", epoll::EPOLLOUT as i64),
    ("EPOLLERR", epoll::EPOLLERR as i64),
    ("EPOLLHUP", epoll::EPOLLHUP as i64),
    ("EPOLLRDHUP", epoll::EPOLLRDHUP as i64),
    ("EPOLLEXCLUSIVE", epoll::EPOLLEXCLUSIVE as i64),
    ("EPOLLONESHOT", epoll::EPOLLONESHOT as i64),
    ("EPOLLET", epoll::EPOLLET as i64),
];
pub(super) const EVENTS: &Words = &[
    ("POLLIN", poll::POLLIN as i64),
    ("POLLPRI", poll::POLLPRI as i64),
    ("POLLOUT", poll::POLLOUT as i64),
    ("POLLERR", poll::POLLERR as i64),
    ("POLLHUP", poll::POLLHUP as i64),
    ("POLLNVAL", poll::POLLNVAL as i64),
    ("POLLRDHUP", poll::POLLRDHUP as i64),
];

/// The errors that SO_ERROR gives by name.
pub(super) const ERRORS: [(&str, i64); Errno::ALL.len()] = {
    let mut words = [("", 0); Errno::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        let error = Errno::ALL[index];
        words[index] = (error.name(), error.number() as i64);
        index += 1;
    }
    words
};
