//! The provider of ISO transport over TCP: the protocol that has disconnect data.
//!
//! TCP can say that it ends and nothing more. The transport protocol of OSI (ISO 8073, which is
//! ITU-T X.224, and whose draft is RFC 905) ends a connection with a packet of its own that carries
//! up to 64 octets from the user that ends it, which is what `WSASendDisconnect` was made for. RFC
//! 2126 (ITOT) carries it over TCP port 102.
//!
//! Read first: RFC 905 sections 6 and 13, then RFC 2126 sections 4 and 6. RFC 1006 is the older
//! mapping, with class 0 alone. What is left open there and by the documents of Winsock is decided
//! in docs/design/0012-iso-transport.md.
//!
//! The protocol, without input or output:
//!
//! - [`tpkt`]: packets in TCP's byte stream
//! - [`tpdu`]: what is in a packet, read and written
//! - [`negotiate`]: what both sides agree on
//! - [`table`]: what each state makes of each TPDU
//! - [`connection`]: one side of a connection
//!
//! [`Itot`] puts it on the host's TCP and behind the WSP* functions. It has two entries in the
//! catalog: class 2, and class 0, which is RFC 1006 and has no disconnect data.
//!
//! Left out, because RFC 2126 section 4.2.1 leaves them to negotiation and a connection here never
//! agrees to them: expedited data, explicit flow control, checksums, more than one transport
//! connection on a TCP connection. A peer that uses them without agreement gets an error TPDU.
//! Parts of messages (MSG_PARTIAL) are left out too: a message is sent and received whole.

pub mod bounded;
pub mod connection;
mod data;
mod disconnect;
mod links;
pub mod negotiate;
mod options;
mod ready;
mod sockets;
pub mod stream;
pub mod table;
pub mod tpdu;
pub mod tpkt;

use std::collections::{BTreeMap, VecDeque};

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::SocketId;

use super::check::{Check, Findings};
use super::upcalls::EventHandle;
use super::waiting::Waiting;
use super::{Accepted, Condition, ConnectData, Context, Provider, Received, Sets, Wait, WspData};
use crate::address::{AF_ISO, Address, IsoAddress};
use crate::api::startup::Version;
use crate::catalog::{ISOPROTO_TP0, ProtocolInfo};
use crate::error::WsaError;
use crate::notify::{NetworkEvents, Readiness, Selection};
use crate::options::{Linger, OptionValue};
use crate::overlapped::{Overlap, Overlapped, Transferred};
use crate::{Outcome, Pointer, Socket};
use data::{Receive, Send};
use links::{Door, Link};
use negotiate::Agreed;
use options::UserData;
use tpdu::Reference;

/// The port of ISO transport over TCP (RFC 2126), which an address without one means.
pub const PORT: u16 = 102;
/// The most sockets a process may have open.
pub const SOCKETS_MAX: usize = 4096;
/// What SO_RCVBUF and SO_SNDBUF of a new socket say, in octets.
const BUFFER: usize = 65_536;

/// The ISO transport of one process.
#[derive(Debug, Default)]
pub struct Itot {
    sockets: BTreeMap<Socket, Entry>,
    links: BTreeMap<LinkId, Link>,
    doors: Vec<Door>,
    waiting: Waiting,
    next_link: u64,
    next_reference: Reference,
}

/// A transport connection of the process, whoever has it. Never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LinkId(u64);

/// What is known of a socket.
#[derive(Debug)]
struct Entry {
    info: ProtocolInfo,
    mode: Mode,
    linger: Linger,
    bound: Option<IsoAddress>,
    role: Role,
    circuit: Circuit,
    /// Which directions this process has shut down.
    receiving: Direction,
    sending: Direction,
    receive_buffer: usize,
    send_buffer: usize,
    user_data: UserData,
    receives: Vec<Receive>,
    sends: Vec<Send>,
    /// How a connection attempt that nobody waits for has ended, until FD_CONNECT has told it.
    attempt: Option<Attempt>,
    selection: Selection,
}

/// What a socket is for.
#[derive(Debug)]
enum Role {
    /// Nothing yet.
    Idle,
    /// Requests wait here.
    Listening {
        door: IpEndpoint,
        queue: VecDeque<LinkId>,
        backlog: usize,
    },
    /// It has a transport connection, or had one.
    Circuit(LinkId),
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

/// How far a socket has come. One whose connection has ended is still `Connected` in Winsock's
/// sense: `getpeername` works and `connect` says WSAEISCONN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Circuit {
    Unconnected,
    /// The request has been sent, by a call that waits for its answer or by one that does not.
    Connecting(Mode),
    Connected,
}

/// How a connection attempt has ended.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    /// What the socket was when it began: a blocking call waits for it.
    by: Mode,
    result: Result<(), WsaError>,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug)]
struct Request {
    /// Whether its numbers are valid (WSAEINVAL).
    arguments: Check,
    /// Whether there is what it asks for (WSAEOPNOTSUPP).
    supported: Check,
    /// Whether the socket has the option or the disconnect data (WSAENOPROTOOPT).
    option: Check,
    /// Whether the socket must be connected.
    connection: Needs,
    /// Whether its pointers are valid (WSAEFAULT).
    memory: Check,
}

/// Whether a call works on a socket that is not connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    Connection,
}

impl Request {
    /// A call that asks for nothing special.
    const NOTHING: Self = Self {
        arguments: Check::Passed,
        supported: Check::Passed,
        option: Check::Passed,
        connection: Needs::Nothing,
        memory: Check::Passed,
    };
}

impl Itot {
    /// A provider that was not started.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the checks of a call on a socket, after everything has gone on as far as it can.
    fn check(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        request: Request,
    ) -> Result<&mut Entry, WsaError> {
        if context.host.is_up() {
            self.pump(context);
            self.settle(s);
        }
        let entry = self.sockets.get_mut(&s).ok_or(WsaError::NotSocket)?;
        let connected = match request.connection {
            Needs::Nothing => Check::Passed,
            Needs::Connection => Check::that(entry.circuit == Circuit::Connected),
        };
        Findings {
            network: Check::that(context.host.is_up()),
            arguments: request.arguments,
            supported: request.supported,
            option: request.option,
            connected,
            memory: request.memory,
        }
        .verdict()?;
        Ok(entry)
    }

    /// A socket and its transport connection.
    fn circuit(&mut self, s: Socket) -> Option<(&mut Entry, &mut Link)> {
        let entry = self.sockets.get_mut(&s)?;
        let link = self.links.get_mut(&entry.link()?)?;
        Some((entry, link))
    }

    /// Hands to TCP what a call has left.
    fn flush(&mut self, host: &mut Host, now: Instant, s: Socket) {
        if let Some((_, link)) = self.circuit(s) {
            link.go_on(host, now);
        }
    }
}

impl Entry {
    fn new(info: ProtocolInfo) -> Self {
        Self {
            info,
            mode: Mode::Blocking,
            linger: Linger::default(),
            bound: None,
            role: Role::Idle,
            circuit: Circuit::Unconnected,
            receiving: Direction::Open,
            sending: Direction::Open,
            receive_buffer: BUFFER,
            send_buffer: BUFFER,
            user_data: UserData::default(),
            receives: Vec::new(),
            sends: Vec::new(),
            attempt: None,
            selection: Selection::default(),
        }
    }

    /// The class that its catalog entry is for.
    const fn class(&self) -> Agreed {
        if self.info.protocol == ISOPROTO_TP0 {
            Agreed::Zero
        } else {
            Agreed::Two
        }
    }

    const fn link(&self) -> Option<LinkId> {
        match self.role {
            Role::Circuit(id) => Some(id),
            Role::Idle | Role::Listening { .. } => None,
        }
    }

    const fn queue_mut(&mut self) -> Option<&mut VecDeque<LinkId>> {
        match &mut self.role {
            Role::Listening { queue, .. } => Some(queue),
            Role::Idle | Role::Circuit(_) => None,
        }
    }

    /// Turns "would block" into what it means on this socket.
    const fn would_block<T>(&self) -> Outcome<T> {
        match self.mode {
            Mode::Blocking => Outcome::WAITS,
            Mode::NonBlocking => Outcome::Done(Err(WsaError::WouldBlock)),
        }
    }
}

impl Provider for Itot {
    fn startup(&mut self, requested: Version, _: &ProtocolInfo) -> Result<WspData, WsaError> {
        if requested < (Version { major: 2, minor: 0 }) {
            return Err(WsaError::VersionNotSupported);
        }
        Ok(WspData {
            version: requested.min(Version::HIGHEST),
            high_version: Version::HIGHEST,
            description: "hangup ISO transport over TCP".to_owned(),
        })
    }

    fn accept(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        condition: Option<&mut Condition<'_>>,
    ) -> Outcome<Accepted> {
        let outcome = match self.waiting.resume(context.thread) {
            Ok(()) => self.accept(context, s, condition),
            Err(error) => Err(error).into(),
        };
        self.waiting.suspend(context.thread, outcome)
    }

    fn address_to_string(&self, address: &Address) -> Result<String, WsaError> {
        match address {
            Address::Iso(_) => Ok(address.to_string()),
            Address::Inet(_) => Err(WsaError::Invalid),
        }
    }

    fn bind(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
    ) -> Result<(), WsaError> {
        self.bind(context, s, name)
    }

    fn cancel_blocking_call(&mut self, context: &mut Context<'_>) -> Result<(), WsaError> {
        self.waiting.cancel(context.thread)
    }

    fn cleanup(&mut self, context: &mut Context<'_>) -> Result<(), WsaError> {
        self.cleanup(context);
        Ok(())
    }

    fn close_socket(&mut self, context: &mut Context<'_>, s: Socket) -> Outcome<()> {
        let outcome = match self.waiting.resume(context.thread) {
            Ok(()) => self.close_socket(context, s),
            Err(error) => Err(error).into(),
        };
        self.waiting.suspend(context.thread, outcome)
    }

    fn connect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
        data: &mut ConnectData<'_>,
    ) -> Outcome<()> {
        let outcome = match self.waiting.resume(context.thread) {
            Ok(()) => self.connect(context, s, name, data),
            Err(error) => Err(error).into(),
        };
        self.waiting.suspend(context.thread, outcome)
    }

    fn enum_network_events(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
    ) -> Result<NetworkEvents, WsaError> {
        self.enum_network_events(context, s, event)
    }

    fn event_select(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
        events: i32,
    ) -> Result<(), WsaError> {
        self.event_select(context, s, event, events)
    }

    fn get_overlapped_result(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Overlapped,
        wait: Wait,
    ) -> Outcome<Transferred> {
        let outcome = match self.waiting.resume(context.thread) {
            Ok(()) => self.get_overlapped_result(context, s, overlapped, wait),
            Err(error) => Err(error).into(),
        };
        self.waiting.suspend(context.thread, outcome)
    }

    fn get_peer_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        self.get_peer_name(context, s)
    }

    fn get_sock_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        self.get_sock_name(context, s)
    }

    fn get_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
    ) -> Result<OptionValue, WsaError> {
        self.get_sock_opt(context, s, level, name)
    }

    fn ioctl(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        command: u32,
        argument: &mut u32,
    ) -> Result<(), WsaError> {
        self.ioctl(context, s, command, argument)
    }

    fn listen(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        backlog: i32,
    ) -> Result<(), WsaError> {
        self.listen(context, s, backlog)
    }

    fn recv(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<Received> {
        let outcome = match self.waiting.resume(context.thread) {
            Ok(()) => self.recv(context, s, buffers, flags, overlap),
            Err(error) => {
                self.withdraw(context.thread, s);
                Err(error).into()
            }
        };
        self.waiting.suspend(context.thread, outcome)
    }

    fn recv_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        data: Pointer<&mut Vec<u8>>,
    ) -> Result<(), WsaError> {
        self.recv_disconnect(context, s, data)
    }

    fn recv_from(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<Received> {
        self.recv(context, s, buffers, flags, overlap)
    }

    fn select(
        &mut self,
        context: &mut Context<'_>,
        sets: &mut Sets,
        timeout: Option<Duration>,
    ) -> Outcome<usize> {
        let outcome = match self.waiting.resume(context.thread) {
            Ok(()) => self.select(context, sets, timeout),
            Err(error) => Err(error).into(),
        };
        self.waiting.suspend(context.thread, outcome)
    }

    fn send(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<usize> {
        let outcome = match self.waiting.resume(context.thread) {
            Ok(()) => self.send_to(context, s, buffers, flags, overlap),
            Err(error) => {
                self.withdraw(context.thread, s);
                Err(error).into()
            }
        };
        self.waiting.suspend(context.thread, outcome)
    }

    fn send_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        data: Pointer<&[u8]>,
    ) -> Result<(), WsaError> {
        self.send_disconnect(context, s, &data)
    }

    /// The address is ignored, as on every connection-oriented socket.
    fn send_to(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        _to: Option<&Address>,
        overlap: Option<Overlap>,
    ) -> Outcome<usize> {
        self.send(context, s, buffers, flags, overlap)
    }

    fn set_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
        value: OptionValue,
    ) -> Result<(), WsaError> {
        self.set_sock_opt(context, s, level, name, value)
    }

    fn shutdown(&mut self, context: &mut Context<'_>, s: Socket, how: i32) -> Result<(), WsaError> {
        self.shutdown(context, s, how)
    }

    fn socket(
        &mut self,
        context: &mut Context<'_>,
        info: &ProtocolInfo,
        flags: u32,
    ) -> Result<Socket, WsaError> {
        self.socket(context, info, flags)
    }

    fn string_to_address(&self, text: &str, family: i32) -> Result<Address, WsaError> {
        let address = IsoAddress::parse(text).ok_or(WsaError::Invalid)?;
        match family {
            AF_ISO => Ok(Address::Iso(address)),
            _ => Err(WsaError::Invalid),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) {
        self.pump(context);
        let sockets: Vec<Socket> = self.sockets.keys().copied().collect();
        for s in sockets {
            self.settle(s);
            self.advance(context, s);
            self.observe(context, s);
        }
    }

    fn poll_at(&self) -> Option<Instant> {
        let connections = self.links.values();
        connections
            .filter_map(|link| link.connection.as_ref()?.poll_at())
            .min()
    }

    fn is_waiting(&self) -> bool {
        !self.links.is_empty() || !self.doors.is_empty()
    }

    fn readiness(&mut self, context: &mut Context<'_>, s: Socket) -> Readiness {
        self.pump(context);
        self.settle(s);
        self.ready(s)
    }

    fn recorded_events(&self, s: Socket) -> NetworkEvents {
        let entry = self.sockets.get(&s);
        entry.map_or_else(NetworkEvents::default, |entry| entry.selection.recorded())
    }

    fn stack_socket(&self, s: Socket) -> Option<SocketId> {
        let entry = self.sockets.get(&s)?;
        match &entry.role {
            Role::Idle => None,
            Role::Listening { door, .. } => {
                let door = self.doors.iter().find(|known| known.endpoint == *door);
                door.map(|door| door.tcp)
            }
            Role::Circuit(id) => self.links.get(id).map(|link| link.tcp),
        }
    }
}
