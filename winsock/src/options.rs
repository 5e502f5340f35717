//! Socket options and ioctl commands: their numbers, and the table of the options.

use hangup_stack::options::{
    CONDITIONAL_ACCEPT, DONT_LINGER, EXCLUSIVE_ADDRESS, KEEP_ALIVE, KEEP_ALIVE_COUNT,
    KEEP_ALIVE_IDLE, KEEP_ALIVE_INTERVAL, LINGER, MAX_RETRANSMISSION_TIME, NO_DELAY,
    RECEIVE_BUFFER, RECEIVE_TIMEOUT, REUSE_ADDRESS, SEND_BUFFER, SEND_TIMEOUT,
};
use hangup_stack::sockopt::{Codec, Limits, OptionRow, Sockets};

pub use hangup_stack::options::Linger;
pub use hangup_stack::sockopt::OptionValue;

use crate::provider::itot::tpdu::{CONNECT_DATA_MAX, DISCONNECT_DATA_MAX};

/// The level of options that every socket has.
pub const SOL_SOCKET: i32 = 0xffff;
/// The level of TCP's options.
pub const IPPROTO_TCP: i32 = crate::catalog::IPPROTO_TCP;
/// Addresses can be used again.
pub const SO_REUSEADDR: i32 = 0x0004;
/// Nobody else has the address, and no connection has the port.
pub const SO_EXCLUSIVEADDRUSE: i32 = !SO_REUSEADDR;
/// For how many milliseconds a blocking send waits; 0: for ever.
pub const SO_SNDTIMEO: i32 = 0x1005;
/// For how many milliseconds a blocking receive waits; 0: for ever.
pub const SO_RCVTIMEO: i32 = 0x1006;
/// After how many seconds without an acknowledgment a connection is given up.
pub const TCP_MAXRT: i32 = 0x0005;
/// WSAIoctl: whether a datagram socket learns that nobody has the port to which it has sent.
pub const SIO_UDP_CONNRESET: u32 = 0x9800_000c;
/// WSAIoctl: whether a datagram socket learns that the hop limit of a datagram was used up.
pub const SIO_UDP_NETRESET: u32 = 0x9800_000f;
/// WSAIoctl: keep-alive probes with their times, [`KeepAliveValues`].
pub const SIO_KEEPALIVE_VALS: u32 = 0x9800_0004;
/// WSAIoctl: a shorter way between sockets of one host, which is deprecated and not here.
pub const SIO_LOOPBACK_FAST_PATH: u32 = 0x9800_0010;
/// For how many seconds the socket has been connected; [`NEVER_CONNECTED`] where it is not.
pub const SO_CONNECT_TIME: i32 = 0x700c;
/// SO_CONNECT_TIME of a socket without a connection.
pub const NEVER_CONNECTED: i32 = -1;
/// Whether the program answers the SYNs of a listening socket, by the condition function of
/// WSAAccept.
pub const SO_CONDITIONAL_ACCEPT: i32 = 0x3002;
/// Ends the default state in which AcceptEx leaves a socket; the value is the listening socket.
pub const SO_UPDATE_ACCEPT_CONTEXT: i32 = 0x700b;
/// Ends the default state in which ConnectEx leaves a socket; it has no value.
pub const SO_UPDATE_CONNECT_CONTEXT: i32 = 0x7010;
/// Whether the socket sends keep-alives.
pub const SO_KEEPALIVE: i32 = 0x0008;
/// How `closesocket` ends a connection: [`Linger`].
pub const SO_LINGER: i32 = 0x0080;
/// The opposite of SO_LINGER's l_onoff.
pub const SO_DONTLINGER: i32 = !SO_LINGER;
/// The send buffer in octets.
pub const SO_SNDBUF: i32 = 0x1001;
/// The receive buffer in octets.
pub const SO_RCVBUF: i32 = 0x1002;
/// The pending error, which reading takes away.
pub const SO_ERROR: i32 = 0x1007;
/// The type of the socket.
pub const SO_TYPE: i32 = 0x1008;
/// The longest message in octets, of a message-oriented protocol.
pub const SO_MAX_MSG_SIZE: i32 = 0x2003;
/// Connect data, for protocols that have it and programs written before WSAConnect.
pub const SO_CONNDATA: i32 = 0x7000;
/// Options that go with connect data.
pub const SO_CONNOPT: i32 = 0x7001;
/// Disconnect data, for protocols that have it and programs written before WSASendDisconnect.
pub const SO_DISCDATA: i32 = 0x7002;
/// Options that go with disconnect data.
pub const SO_DISCOPT: i32 = 0x7003;
/// The room for incoming connect data, in octets.
pub const SO_CONNDATALEN: i32 = 0x7004;
/// The room for incoming connect options, in octets.
pub const SO_CONNOPTLEN: i32 = 0x7005;
/// The room for incoming disconnect data, in octets.
pub const SO_DISCDATALEN: i32 = 0x7006;
/// The room for incoming disconnect options, in octets.
pub const SO_DISCOPTLEN: i32 = 0x7007;
/// No Nagle algorithm.
pub const TCP_NODELAY: i32 = 0x0001;
/// After how many seconds of silence keep-alive probes begin (also named TCP_KEEPALIVE).
pub const TCP_KEEPIDLE: i32 = 0x0003;
/// After how many probes without an answer the connection is broken.
pub const TCP_KEEPCNT: i32 = 0x0010;
/// How many seconds lie between probes without an answer.
pub const TCP_KEEPINTVL: i32 = 0x0011;
/// ioctlsocket: how many octets can be read.
pub const FIONREAD: u32 = 0x4004_667f;
/// ioctlsocket: the non-blocking mode.
pub const FIONBIO: u32 = 0x8004_667e;

/// What goes into an ioctl command, or comes out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoctlArgument {
    /// A DWORD.
    Number(u32),
    /// struct tcp_keepalive.
    KeepAlive(KeepAliveValues),
}

impl IoctlArgument {
    /// The DWORD; none where it is something else, and too short for one or too long.
    pub fn number(self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(number),
            Self::KeepAlive(_) => None,
        }
    }
}

/// struct tcp_keepalive: whether an idle connection is probed, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAliveValues {
    /// onoff: not 0 turns the probes on.
    pub onoff: u32,
    /// keepalivetime: after how many milliseconds of silence.
    pub time_ms: u32,
    /// keepaliveinterval: how many milliseconds lie between probes without an answer.
    pub interval_ms: u32,
}

/// The largest buffer that can be set, in octets. A larger value is an argument that is not valid.
pub const BUFFER_MAX: i32 = 1 << 30;

const BUFFER: Limits = Limits::Within(1, BUFFER_MAX);
const ROOM: Limits = Limits::Within(0, BUFFER_MAX);

/// The times in seconds, and the counts, of keep-alive.
const PROBES: Limits = Limits::Within(1, 32_767);

/// What no protocol here has cannot be set to anything.
const ANY: Limits = Limits::Within(i32::MIN, i32::MAX);

/// The options: one row each. A new one is a constant of [`hangup_stack::options`] and a row here.
#[rustfmt::skip]
pub const OPTIONS: [OptionRow; 29] = [
    any(SO_REUSEADDR, "SO_REUSEADDR", Codec::Boolean(&REUSE_ADDRESS)),
    any(SO_EXCLUSIVEADDRUSE, "SO_EXCLUSIVEADDRUSE", Codec::Boolean(&EXCLUSIVE_ADDRESS)),
    streams(SO_CONDITIONAL_ACCEPT, "SO_CONDITIONAL_ACCEPT", Codec::Boolean(&CONDITIONAL_ACCEPT)),
    any(SO_SNDTIMEO, "SO_SNDTIMEO", Codec::Milliseconds(&SEND_TIMEOUT, ROOM)),
    any(SO_RCVTIMEO, "SO_RCVTIMEO", Codec::Milliseconds(&RECEIVE_TIMEOUT, ROOM)),
    streams(SO_KEEPALIVE, "SO_KEEPALIVE", Codec::Boolean(&KEEP_ALIVE)),
    streams(SO_LINGER, "SO_LINGER", Codec::Linger(&LINGER)),
    streams(SO_DONTLINGER, "SO_DONTLINGER", Codec::Boolean(&DONT_LINGER)),
    any(SO_SNDBUF, "SO_SNDBUF", Codec::Size(&SEND_BUFFER, BUFFER)),
    any(SO_RCVBUF, "SO_RCVBUF", Codec::Size(&RECEIVE_BUFFER, BUFFER)),
    any(SO_ERROR, "SO_ERROR", Codec::ReadOnly),
    any(SO_TYPE, "SO_TYPE", Codec::ReadOnly),
    any(SO_MAX_MSG_SIZE, "SO_MAX_MSG_SIZE", Codec::ReadOnly),
    streams(SO_CONNECT_TIME, "SO_CONNECT_TIME", Codec::ReadOnly),
    streams(SO_UPDATE_ACCEPT_CONTEXT, "SO_UPDATE_ACCEPT_CONTEXT", Codec::Integer(ANY)),
    streams(SO_UPDATE_CONNECT_CONTEXT, "SO_UPDATE_CONNECT_CONTEXT", Codec::Integer(ANY)),
    any(SO_CONNDATA, "SO_CONNDATA", Codec::Octets(CONNECT_DATA_MAX)),
    any(SO_CONNOPT, "SO_CONNOPT", Codec::Octets(usize::MAX)),
    any(SO_DISCDATA, "SO_DISCDATA", Codec::Octets(DISCONNECT_DATA_MAX)),
    any(SO_DISCOPT, "SO_DISCOPT", Codec::Octets(usize::MAX)),
    any(SO_CONNDATALEN, "SO_CONNDATALEN", Codec::Integer(ROOM)),
    any(SO_CONNOPTLEN, "SO_CONNOPTLEN", Codec::Integer(ANY)),
    any(SO_DISCDATALEN, "SO_DISCDATALEN", Codec::Integer(ROOM)),
    any(SO_DISCOPTLEN, "SO_DISCOPTLEN", Codec::Integer(ANY)),
    tcp(TCP_NODELAY, "TCP_NODELAY", Codec::Boolean(&NO_DELAY)),
    tcp(TCP_MAXRT, "TCP_MAXRT", Codec::Signed(&MAX_RETRANSMISSION_TIME)),
    tcp(TCP_KEEPIDLE, "TCP_KEEPIDLE", Codec::Seconds(&KEEP_ALIVE_IDLE, PROBES)),
    tcp(TCP_KEEPCNT, "TCP_KEEPCNT", Codec::Count(&KEEP_ALIVE_COUNT, PROBES)),
    tcp(TCP_KEEPINTVL, "TCP_KEEPINTVL", Codec::Seconds(&KEEP_ALIVE_INTERVAL, PROBES)),
];

/// An option of sockets of every kind.
const fn any(name: i32, word: &'static str, codec: Codec) -> OptionRow {
    OptionRow {
        level: SOL_SOCKET,
        name,
        word,
        sockets: Sockets::Any,
        codec,
    }
}

/// An option that datagram sockets do not have.
const fn streams(name: i32, word: &'static str, codec: Codec) -> OptionRow {
    OptionRow {
        sockets: Sockets::Streams,
        ..any(name, word, codec)
    }
}

/// An option of TCP.
const fn tcp(name: i32, word: &'static str, codec: Codec) -> OptionRow {
    OptionRow {
        level: IPPROTO_TCP,
        ..streams(name, word, codec)
    }
}
