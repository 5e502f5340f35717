//! The names of POSIX's numbers. The numbers are Linux's, for scripts that write them.

use crate::calls::argument::Words;

pub(super) const DOMAINS: &Words = &[
    ("AF_INET", 2),
    ("PF_INET", 2),
    ("AF_INET6", 10),
    ("PF_INET6", 10),
];
pub(super) const SOCK_NONBLOCK: i64 = 0x800;
pub(super) const SOCK_CLOEXEC: i64 = 0x80000;
pub(super) const TYPES: &Words = &[
    ("SOCK_STREAM", 1),
    ("SOCK_DGRAM", 2),
    ("SOCK_NONBLOCK", SOCK_NONBLOCK),
    ("SOCK_CLOEXEC", SOCK_CLOEXEC),
];
pub(super) const PROTOCOLS: &Words = &[("IPPROTO_IP", 0), ("IPPROTO_TCP", 6), ("IPPROTO_UDP", 17)];
pub(super) const BACKLOGS: &Words = &[("SOMAXCONN", 4096)];
pub(super) const MSG_PEEK: i64 = 0x2;
pub(super) const MSG_DONTROUTE: i64 = 0x4;
pub(super) const MSG_DONTWAIT: i64 = 0x40;
pub(super) const MSG_NOSIGNAL: i64 = 0x4000;
pub(super) const FLAGS: &Words = &[
    ("MSG_PEEK", MSG_PEEK),
    ("MSG_DONTROUTE", MSG_DONTROUTE),
    ("MSG_DONTWAIT", MSG_DONTWAIT),
    ("MSG_NOSIGNAL", MSG_NOSIGNAL),
];
pub(super) const HOWS: &Words = &[("SHUT_RD", 0), ("SHUT_WR", 1), ("SHUT_RDWR", 2)];
pub(super) const SOL_SOCKET: i64 = 1;
pub(super) const IPPROTO_TCP: i64 = 6;
pub(super) const LEVELS: &Words = &[
    ("SOL_SOCKET", SOL_SOCKET),
    ("SOL_TCP", IPPROTO_TCP),
    ("IPPROTO_TCP", IPPROTO_TCP),
];
pub(super) const SO_REUSEADDR: i64 = 2;
pub(super) const SO_TYPE: i64 = 3;
pub(super) const SO_ERROR: i64 = 4;
pub(super) const SO_SNDBUF: i64 = 7;
pub(super) const SO_RCVBUF: i64 = 8;
pub(super) const SO_KEEPALIVE: i64 = 9;
pub(super) const SO_LINGER: i64 = 13;
pub(super) const TCP_NODELAY: i64 = 1;
pub(super) const TCP_KEEPIDLE: i64 = 4;
pub(super) const TCP_KEEPINTVL: i64 = 5;
pub(super) const TCP_KEEPCNT: i64 = 6;
pub(super) const TCP_USER_TIMEOUT: i64 = 18;
pub(super) const OPTIONS: &Words = &[
    ("SO_REUSEADDR", SO_REUSEADDR),
    ("SO_TYPE", SO_TYPE),
    ("SO_ERROR", SO_ERROR),
    ("SO_SNDBUF", SO_SNDBUF),
    ("SO_RCVBUF", SO_RCVBUF),
    ("SO_KEEPALIVE", SO_KEEPALIVE),
    ("SO_LINGER", SO_LINGER),
    ("TCP_NODELAY", TCP_NODELAY),
    ("TCP_KEEPIDLE", TCP_KEEPIDLE),
    ("TCP_KEEPINTVL", TCP_KEEPINTVL),
    ("TCP_KEEPCNT", TCP_KEEPCNT),
    ("TCP_USER_TIMEOUT", TCP_USER_TIMEOUT),
];
/// The errors that SO_ERROR can hold: those that end a connection.
pub(super) const ERRORS: &Words = &[
    ("ENOPROTOOPT", 92),
    ("ENETUNREACH", 101),
    ("ECONNABORTED", 103),
    ("ECONNRESET", 104),
    ("ETIMEDOUT", 110),
    ("ECONNREFUSED", 111),
    ("EHOSTUNREACH", 113),
];
pub(super) const F_GETFL: i64 = 3;
pub(super) const F_SETFL: i64 = 4;
pub(super) const FCNTLS: &Words = &[("F_GETFL", F_GETFL), ("F_SETFL", F_SETFL)];
pub(super) const O_RDWR: i64 = 2;
pub(super) const O_NONBLOCK: i64 = 0x800;
pub(super) const FILE_FLAGS: &Words = &[
    ("O_RDONLY", 0),
    ("O_RDWR", O_RDWR),
    ("O_NONBLOCK", O_NONBLOCK),
];
pub(super) const FIONREAD: i64 = 0x541b;
pub(super) const FIONBIO: i64 = 0x5421;
pub(super) const SIOCOUTQ: i64 = 0x5411;
pub(super) const REQUESTS: &Words = &[
    ("FIONREAD", FIONREAD),
    ("SIOCINQ", FIONREAD),
    ("FIONBIO", FIONBIO),
    ("SIOCOUTQ", SIOCOUTQ),
];
pub(super) const EPOLL_CTL_ADD: i64 = 1;
pub(super) const EPOLL_CTL_DEL: i64 = 2;
pub(super) const EPOLL_CTL_MOD: i64 = 3;
pub(super) const EPOLL_CTLS: &Words = &[
    ("EPOLL_CTL_ADD", EPOLL_CTL_ADD),
    ("EPOLL_CTL_DEL", EPOLL_CTL_DEL),
    ("EPOLL_CTL_MOD", EPOLL_CTL_MOD),
];
pub(super) const EPOLLONESHOT: i64 = 1 << 30;
pub(super) const EPOLLET: i64 = 1 << 31;
/// Linux: the events of epoll have the numbers of those of poll.
pub(super) const EPOLL_EVENTS: &Words = &[
    ("EPOLLIN", POLLIN),
    ("EPOLLOUT", POLLOUT),
    ("EPOLLERR", POLLERR),
    ("EPOLLHUP", POLLHUP),
    ("EPOLLRDHUP", POLLRDHUP),
    ("EPOLLONESHOT", EPOLLONESHOT),
    ("EPOLLET", EPOLLET),
];
pub(super) const POLLIN: i64 = 0x1;
pub(super) const POLLOUT: i64 = 0x4;
pub(super) const POLLERR: i64 = 0x8;
pub(super) const POLLHUP: i64 = 0x10;
pub(super) const POLLNVAL: i64 = 0x20;
pub(super) const POLLRDHUP: i64 = 0x2000;
pub(super) const EVENTS: &Words = &[
    ("POLLIN", POLLIN),
    ("POLLOUT", POLLOUT),
    ("POLLERR", POLLERR),
    ("POLLHUP", POLLHUP),
    ("POLLNVAL", POLLNVAL),
    ("POLLRDHUP", POLLRDHUP),
];
