//! Socket options and ioctl commands: their numbers and their values.

use hangup_stack::smoltcp::time::Duration;

/// The level of options that every socket has.
pub const SOL_SOCKET: i32 = 0xffff;
/// The level of TCP's options.
pub const IPPROTO_TCP: i32 = crate::catalog::IPPROTO_TCP;
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

/// The largest buffer that can be set, in octets. A larger value is an argument that is not valid.
pub const BUFFER_MAX: i32 = 1 << 30;

/// struct linger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Linger {
    /// l_onoff: not 0 makes `closesocket` linger or reset.
    pub onoff: u16,
    /// l_linger: for how many seconds; 0 resets.
    pub seconds: u16,
}

impl Linger {
    /// For how long `closesocket` lingers; none where it does not linger at all.
    pub(crate) fn timeout(self) -> Option<Duration> {
        (self.onoff != 0).then(|| Duration::from_secs(self.seconds.into()))
    }
}

/// What is behind optval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// An int, a DWORD or a BOOL.
    Integer(i32),
    /// A struct linger.
    Linger(Linger),
    /// A buffer, of SO_CONNDATA and SO_DISCDATA.
    Octets(Vec<u8>),
    /// Memory that is not the process's.
    Bad,
}
