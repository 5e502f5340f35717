//! One process that uses Winsock on one host.
//!
//! Every function of Ws2_32.dll is a method of [`Winsock`] whose comment begins with the function's
//! own name, which is also the name of its page in Microsoft's reference, the source of what it
//! does. The methods take the host and the virtual time, and are called inside
//! [`Network::with_host`], so that whatever they make the stack send is drained before anything
//! else happens.
//!
//! A blocking socket cannot wait here, because only the network moves time. A call that would wait
//! says [`Outcome::Blocks`]; make the same call again after the network has made a step. The
//! process remembers how far it came: `send` goes on with the octets that are left, `connect` asks
//! for the end of its handshake, `closesocket` for the end of its linger time.
//!
//! Left out, because scripts have no use for them yet: overlapped calls, `select` and the event
//! functions, out-of-band data, `WSADuplicateSocket`. A process has one thread.
//!
//! [`Network::with_host`]: hangup_stack::network::Network::with_host

pub(crate) mod check;
pub mod data;
pub mod disconnect;
pub mod options;
pub mod sockets;
pub mod startup;

use std::collections::BTreeMap;

use hangup_stack::host::Host;
use hangup_stack::network::IpFamily;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::socket::{Gone, Protocol, SocketId};
use hangup_stack::tcp::State;

use crate::error::WsaError;
use options::Linger;
use startup::Version;

/// A SOCKET: an opaque value that means something to the process that got it, and to no other.
///
/// Handles are multiples of four, as on Windows, and no handle is given out twice, so that a call
/// on a closed socket always says `WSAENOTSOCK` and never reaches a newer socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Socket(u64);

impl Socket {
    /// INVALID_SOCKET: what `socket` and `accept` return when they fail.
    pub const INVALID: Self = Self(u64::MAX);

    /// The handle with this value, which need not be a socket.
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// The value of the handle.
    pub const fn raw(self) -> u64 {
        self.0
    }
}

/// How a call that may wait ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call that blocks must be made again after the network has made a step"]
pub enum Outcome<T> {
    /// It returned.
    Done(Result<T, WsaError>),
    /// The socket is blocking and the call waits: make the same call again later.
    Blocks {
        /// When the call returns at the latest, even if nothing happens on the network: make it
        /// again at this time. None: it waits for the network alone.
        until: Option<Instant>,
    },
}

impl<T> Outcome<T> {
    /// The call waits for the network alone.
    pub(crate) const WAITS: Self = Self::Blocks { until: None };

    /// Changes the value of a call that succeeded.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(result) => Outcome::Done(result.map(f)),
            Self::Blocks { until } => Outcome::Blocks { until },
        }
    }
}

impl<T> From<Result<T, WsaError>> for Outcome<T> {
    fn from(result: Result<T, WsaError>) -> Self {
        Self::Done(result)
    }
}

/// A pointer argument, as far as the difference can be seen by the caller.
#[derive(Debug)]
pub enum Pointer<T> {
    /// NULL.
    Null,
    /// Memory of the process.
    To(T),
    /// Not NULL and not (wholly) memory of the process.
    Bad,
}

/// One process that uses Winsock on one host.
#[derive(Debug)]
pub struct Winsock {
    /// How many more times WSAStartup than WSACleanup has succeeded.
    startups: usize,
    version: Version,
    last_error: i32,
    sockets: BTreeMap<Socket, Entry>,
    next_handle: u64,
    /// The call that a Winsock 1.1 process waits in.
    outstanding: Option<(Call, Socket)>,
}

/// What the process knows about one of its sockets.
#[derive(Debug)]
pub(crate) struct Entry {
    id: SocketId,
    protocol: Protocol,
    family: IpFamily,
    mode: Mode,
    circuit: Circuit,
    linger: Linger,
    no_delay: bool,
    /// Which directions this process has shut down.
    receiving: Direction,
    sending: Direction,
    /// Why the connection is gone, once a send or receive has said so: `shutdown` says it too.
    gone: Option<Gone>,
    /// How many octets the outstanding blocking send has handed to the stack.
    sent: usize,
}

/// FIONBIO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Blocking,
    NonBlocking,
}

/// A direction of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Open,
    Shut,
}

/// How far a connection-oriented socket has come. A socket whose connection has ended is still
/// `Connected` in Winsock's sense: `getpeername` works and `connect` says WSAEISCONN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Circuit {
    Unconnected,
    /// The handshake has begun, by a call that waits for its end or by one that does not.
    Connecting(Mode),
    Connected,
}

/// A call that may be outstanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Accept,
    Connect,
    Send,
    Receive,
    Close,
    /// Any call that never waits.
    Immediate,
}

/// The most sockets a process may have open.
pub const SOCKETS_MAX: usize = 4096;

/// Handles count up from here in fours.
const FIRST_HANDLE: u64 = 0x100;

impl Winsock {
    /// A process that has not called WSAStartup yet.
    pub const fn new() -> Self {
        Self {
            startups: 0,
            version: Version::HIGHEST,
            last_error: 0,
            sockets: BTreeMap::new(),
            next_handle: FIRST_HANDLE,
            outstanding: None,
        }
    }

    /// The stack's socket behind a handle.
    pub fn stack_socket(&self, s: Socket) -> Option<SocketId> {
        self.sockets.get(&s).map(|entry| entry.id)
    }

    /// Takes a new stack socket into the process.
    fn adopt(
        &mut self,
        id: SocketId,
        protocol: Protocol,
        family: IpFamily,
    ) -> (Socket, &mut Entry) {
        let s = Socket(self.next_handle);
        self.next_handle += 4;
        let entry = self.sockets.entry(s).or_insert(Entry {
            id,
            protocol,
            family,
            mode: Mode::Blocking,
            circuit: Circuit::Unconnected,
            linger: Linger::default(),
            no_delay: false,
            receiving: Direction::Open,
            sending: Direction::Open,
            gone: None,
            sent: 0,
        });
        (s, entry)
    }

    /// Remembers the error of a call that never waits, as WSAGetLastError reports it.
    fn report<T>(&mut self, result: Result<T, WsaError>) -> Result<T, WsaError> {
        if let Err(error) = &result {
            self.last_error = error.code();
        }
        result
    }

    /// Remembers the error of a call that may wait, and whether it still waits.
    fn finish<T>(&mut self, call: Call, s: Socket, outcome: Outcome<T>) -> Outcome<T> {
        match outcome {
            Outcome::Blocks { until } => {
                if self.version.forbids_nesting() {
                    self.outstanding = Some((call, s));
                }
                Outcome::Blocks { until }
            }
            Outcome::Done(result) => {
                if self.outstanding == Some((call, s)) {
                    self.outstanding = None;
                }
                Outcome::Done(self.report(result))
            }
        }
    }
}

impl Default for Winsock {
    fn default() -> Self {
        Self::new()
    }
}

impl Entry {
    /// Turns "would block" into what it means on this socket.
    fn would_block<T>(&self) -> Outcome<T> {
        match self.mode {
            Mode::Blocking => Outcome::WAITS,
            Mode::NonBlocking => Outcome::Done(Err(WsaError::WouldBlock)),
        }
    }

    /// Learns from the stack that a non-blocking `connect` has succeeded meanwhile. A blocking one
    /// has not returned yet and learns it itself.
    fn settle(&mut self, host: &Host) {
        if self.circuit == Circuit::Connecting(Mode::NonBlocking)
            && host
                .status(self.id)
                .and_then(|status| status.state)
                .is_some_and(is_synchronized)
        {
            self.circuit = Circuit::Connected;
        }
    }

    /// A send or receive has said why the connection is gone. A datagram socket goes on: what the
    /// network said of one datagram is said once.
    fn on_gone(&mut self, gone: Gone) {
        if self.protocol == Protocol::Tcp {
            self.gone = Some(gone);
        }
    }

    /// Why the connection is gone, whether or not a call has said so.
    fn gone(&self, host: &Host) -> Option<WsaError> {
        if self.protocol == Protocol::Udp {
            return None;
        }
        let gone = self.gone.or_else(|| host.status(self.id)?.error);
        gone.map(WsaError::from)
    }
}

/// RFC 9293 section 3.3.2: the states in which both sides have synchronized their sequence numbers.
fn is_synchronized(state: State) -> bool {
    match state {
        State::Closed | State::Listen | State::SynSent | State::SynReceived => false,
        State::Established
        | State::FinWait1
        | State::FinWait2
        | State::CloseWait
        | State::Closing
        | State::LastAck
        | State::TimeWait => true,
    }
}
