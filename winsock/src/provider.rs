//! The service provider interface: what Ws2_32.dll calls in a provider, and what it offers back.
//!
//! [`Provider`] is WSPPROC_TABLE, the thirty functions that a provider gives to Ws2_32.dll, with
//! WSPStartup before them. [`Upcalls`] is WSPUPCALLTABLE, what a provider may call in return.
//! [`Winsock`](crate::Winsock) finds the provider of a new socket in the
//! [catalog](crate::catalog), and from then on routes every call by the socket's handle.
//!
//! A provider function has no last error: what it would store through lpErrno is the `Err` of its
//! result, and WSAGetLastError belongs to Ws2_32.dll. It checks its own parameters (page "Error
//! Reporting and Parameter Validation": Ws2_32.dll validates only for the functions that it carries
//! out itself); [`check`] has the order in which the providers here find errors.
//!
//! Three things are different because nothing here can wait but the network:
//!
//! - a function that waits says [`Outcome::Blocks`] and is called again, with the same arguments,
//!   after the network has made a step. [`Context::thread`] tells whose call it is;
//! - [`Provider::poll`] is the interrupt: it is called after every step, so that overlapped
//!   operations and network events move, and connections of its own protocol go on.
//!   [`Provider::poll_at`] asks for it at a time;
//! - a provider has the host's stack in its hands ([`Context::host`]), as a transport driver has
//!   the network interface. A protocol on top of TCP opens, polls and closes stack sockets itself.

pub mod check;
pub mod itot;
pub mod tcpip;
pub mod tracing;
pub mod upcalls;
mod waiting;

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::SocketId;

use crate::address::Address;
use crate::api::startup::Version;
use crate::catalog::ProtocolInfo;
use crate::error::WsaError;
use crate::notify::{NetworkEvents, Readiness};
use crate::options::OptionValue;
use crate::overlapped::{Overlap, Overlapped, Transferred};
use crate::{Outcome, Pointer, Socket, ThreadId};
pub use upcalls::{EventHandle, Upcalls};

/// What every provider function is given besides its own parameters.
#[derive(Debug)]
pub struct Context<'a> {
    /// The stack below.
    pub host: &'a mut Host,
    /// The virtual time.
    pub now: Instant,
    /// Which thread calls.
    pub thread: ThreadId,
    /// What the provider may call in Ws2_32.dll.
    pub upcalls: &'a mut Upcalls,
}

/// WSPDATA: what a provider says of itself when it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WspData {
    /// wVersion: the version that will be used.
    pub version: Version,
    /// wHighVersion: the highest version that the provider speaks.
    pub high_version: Version,
    /// szDescription.
    pub description: String,
}

/// Connect data, as WSAConnect and the condition function of WSAAccept have it.
#[derive(Debug)]
pub struct ConnectData<'a> {
    /// lpCallerData: what goes to the peer with the connection request.
    pub caller: Pointer<&'a [u8]>,
    /// lpCalleeData: where the peer's data goes. Its length is the size of the buffer before the
    /// call and that of the data after it, 0 where there is none.
    pub callee: Pointer<&'a mut Vec<u8>>,
}

impl ConnectData<'_> {
    /// What `connect` passes: no data either way.
    pub const fn none() -> Self {
        Self {
            caller: Pointer::Null,
            callee: Pointer::Null,
        }
    }
}

/// What the condition function of WSAAccept is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// lpCallerId: who wants to connect.
    pub name: Option<Address>,
    /// lpCallerData: what came with the request; none where the protocol has no connect data.
    pub data: Option<Vec<u8>>,
    /// lpCalleeId: to which of our addresses.
    pub local: Option<Address>,
}

/// What the condition function of WSAAccept returns, and what goes back with it (lpCalleeData).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// CF_ACCEPT, with data for the caller.
    Accept(Vec<u8>),
    /// CF_REJECT, with data for the caller.
    Reject(Vec<u8>),
    /// CF_DEFER: the request waits for another WSAAccept.
    Defer,
    /// The function has not returned yet.
    Runs,
}

/// lpfnCondition of WSAAccept.
pub type Condition<'a> = dyn FnMut(&Caller) -> Decision + 'a;

/// A connection that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its socket.
    pub s: Socket,
    /// Who has connected.
    pub name: Option<Address>,
}

/// What a receive gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// How many octets were stored.
    pub octets: usize,
    /// lpFlags: MSG_PARTIAL where a message goes on.
    pub flags: i32,
    /// lpFrom: the sender of a datagram.
    pub from: Option<Address>,
}

/// The three fd_sets of select: sockets before the call, those that are ready after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    /// readfds.
    pub read: Vec<Socket>,
    /// writefds.
    pub write: Vec<Socket>,
    /// exceptfds.
    pub except: Vec<Socket>,
}

/// The procedure table of a service provider: WSPStartup, then the functions of WSPPROC_TABLE in
/// its order, then what the emulator needs.
///
/// `s` always is a socket of this provider: Ws2_32.dll has looked it up (WSAENOTSOCK is its
/// answer, or that of WPUQuerySocketHandleContext).
pub trait Provider: std::fmt::Debug {
    /// WSPStartup: the first call, made when the first socket of the provider is wanted.
    ///
    /// # Errors
    /// WSASYSNOTREADY, WSAVERNOTSUPPORTED where the provider speaks no version up to the requested
    /// one, WSAEPROCLIM. Ws2_32.dll turns them into WSAEPROVIDERFAILEDINIT. A procedure table
    /// without a function cannot be written here, so that WSAEINVALIDPROCTABLE never happens.
    fn startup(&mut self, requested: Version, info: &ProtocolInfo) -> Result<WspData, WsaError>;

    /// WSPAccept: takes a connection from a listening socket, perhaps after a condition function
    /// has looked at it.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL, WSAEOPNOTSUPP, WSAEMFILE, WSAEWOULDBLOCK, WSAEINTR, WSAECONNREFUSED
    /// where the condition function rejects, WSATRY_AGAIN where it defers (see the provider).
    fn accept(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        condition: Option<&mut Condition<'_>>,
    ) -> Outcome<Accepted>;

    /// WSPAddressToString.
    ///
    /// # Errors
    /// WSAEINVAL for an address of another family.
    fn address_to_string(&self, address: &Address) -> Result<String, WsaError>;

    /// WSPAsyncSelect: network events as window messages. There are no windows here, so that no
    /// provider has it.
    ///
    /// # Errors
    /// WSAEOPNOTSUPP.
    fn async_select(
        &mut self,
        _context: &mut Context<'_>,
        _s: Socket,
        _events: i32,
    ) -> Result<(), WsaError> {
        Err(WsaError::OperationNotSupported)
    }

    /// WSPBind.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEFAULT for an address of another family, WSAEINVAL, WSAEADDRINUSE,
    /// WSAEADDRNOTAVAIL.
    fn bind(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
    ) -> Result<(), WsaError>;

    /// WSPCancelBlockingCall: the call that the thread waits in returns WSAEINTR when it is made
    /// again.
    ///
    /// # Errors
    /// WSAEINVAL where it waits in none of this provider.
    fn cancel_blocking_call(&mut self, context: &mut Context<'_>) -> Result<(), WsaError>;

    /// WSPCleanup: the process has made its last WSACleanup. Every socket that is left is reset and
    /// given back, its overlapped operations are cancelled.
    ///
    /// # Errors
    /// WSAENETDOWN.
    fn cleanup(&mut self, context: &mut Context<'_>) -> Result<(), WsaError>;

    /// WSPCloseSocket.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEWOULDBLOCK, WSAEINTR.
    fn close_socket(&mut self, context: &mut Context<'_>, s: Socket) -> Outcome<()>;

    /// WSPConnect, which carries out `connect` and WSAConnect.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEAFNOSUPPORT, WSAEADDRNOTAVAIL, WSAEFAULT, WSAEPROTONOSUPPORT for caller
    /// data that the protocol does not have, WSAEISCONN, WSAEINVAL, WSAEWOULDBLOCK, WSAEALREADY,
    /// WSAENETUNREACH, WSAECONNREFUSED, WSAETIMEDOUT, WSAEINTR.
    fn connect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
        data: &mut ConnectData<'_>,
    ) -> Outcome<()>;

    /// WSPDuplicateSocket: a socket for another process. There is one process on a host here, so
    /// that no provider has it.
    ///
    /// # Errors
    /// WSAEOPNOTSUPP.
    fn duplicate_socket(
        &mut self,
        _context: &mut Context<'_>,
        _s: Socket,
    ) -> Result<ProtocolInfo, WsaError> {
        Err(WsaError::OperationNotSupported)
    }

    /// WSPEnumNetworkEvents: what has happened since the last time; clears it, and resets the event
    /// object that is given.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL for an event object that does not exist.
    fn enum_network_events(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
    ) -> Result<NetworkEvents, WsaError>;

    /// WSPEventSelect: which network events set an event object. Makes the socket non-blocking.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL for an unknown event.
    fn event_select(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
        events: i32,
    ) -> Result<(), WsaError>;

    /// WSPGetOverlappedResult: how an overlapped operation has ended; with `wait`, once it has.
    ///
    /// # Errors
    /// WSA_IO_INCOMPLETE without `wait`, WSAEINVAL for an operation that was not begun on the
    /// socket, and the error the operation has ended with.
    fn get_overlapped_result(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Overlapped,
        wait: Wait,
    ) -> Outcome<Transferred>;

    /// WSPGetPeerName.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAENOTCONN.
    fn get_peer_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError>;

    /// WSPGetSockName.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL where the socket is not bound.
    fn get_sock_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError>;

    /// WSPGetSockOpt.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL for an unknown level, WSAENOPROTOOPT.
    fn get_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
    ) -> Result<OptionValue, WsaError>;

    /// WSPGetQOSByName: quality of service by the name of a template, which no protocol here has.
    ///
    /// # Errors
    /// WSAEOPNOTSUPP.
    fn get_qos_by_name(&mut self, _context: &mut Context<'_>, _s: Socket) -> Result<(), WsaError> {
        Err(WsaError::OperationNotSupported)
    }

    /// WSPIoctl: FIONBIO and FIONREAD, whose argument goes in or comes out.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEOPNOTSUPP for another command.
    fn ioctl(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        command: u32,
        argument: &mut u32,
    ) -> Result<(), WsaError>;

    /// WSPJoinLeaf: a member of a multipoint session, which no protocol here has.
    ///
    /// # Errors
    /// WSAEOPNOTSUPP.
    fn join_leaf(&mut self, _context: &mut Context<'_>, _s: Socket) -> Result<Socket, WsaError> {
        Err(WsaError::OperationNotSupported)
    }

    /// WSPListen.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEOPNOTSUPP, WSAEINVAL where the socket is not bound, WSAEISCONN.
    fn listen(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        backlog: i32,
    ) -> Result<(), WsaError>;

    /// WSPRecv. The buffers are filled one after the other. With an overlapped structure the call
    /// never waits: what arrives later is kept with the operation
    /// ([`Transferred::data`](crate::overlapped::Transferred::data)), because a caller's memory
    /// cannot be lent for so long.
    ///
    /// # Errors
    /// WSA_IO_PENDING, WSAENETDOWN, WSAEINVAL, WSAEOPNOTSUPP, WSAENOTCONN, WSAESHUTDOWN,
    /// WSAEWOULDBLOCK, WSAEMSGSIZE, WSAEDISCON, WSAECONNRESET, WSAECONNABORTED, WSAETIMEDOUT,
    /// WSAENETRESET, WSAEINTR.
    fn recv(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<Received>;

    /// WSPRecvDisconnect: ends receiving and retrieves the peer's disconnect data. The vector's
    /// length is the size of the buffer before the call and that of the data after it.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAENOPROTOOPT, WSAENOTCONN, WSAEFAULT for a bad pointer and for a buffer that
    /// is too small.
    fn recv_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        inbound_disconnect_data: Pointer<&mut Vec<u8>>,
    ) -> Result<(), WsaError>;

    /// WSPRecvFrom: as [`Provider::recv`], with the sender of a datagram.
    ///
    /// # Errors
    /// As [`Provider::recv`].
    fn recv_from(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<Received>;

    /// WSPSelect: which sockets are ready, once one is or the time is over. All sockets are this
    /// provider's.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINTR.
    fn select(
        &mut self,
        context: &mut Context<'_>,
        sets: &mut Sets,
        timeout: Option<Duration>,
    ) -> Outcome<usize>;

    /// WSPSend. With an overlapped structure the call never waits.
    ///
    /// # Errors
    /// WSA_IO_PENDING, WSAENETDOWN, WSAEINVAL, WSAEOPNOTSUPP, WSAENOTCONN, WSAESHUTDOWN,
    /// WSAEWOULDBLOCK, WSAEMSGSIZE, WSAEHOSTUNREACH, WSAECONNRESET, WSAECONNABORTED, WSAETIMEDOUT,
    /// WSAENETRESET, WSAEINTR.
    fn send(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<usize>;

    /// WSPSendDisconnect: ends sending and sends disconnect data with the close.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAENOPROTOOPT, WSAENOTCONN, WSAEFAULT.
    fn send_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        outbound_disconnect_data: Pointer<&[u8]>,
    ) -> Result<(), WsaError>;

    /// WSPSendTo: as [`Provider::send`], with a destination for datagrams.
    ///
    /// # Errors
    /// As [`Provider::send`], and WSAEDESTADDRREQ, WSAEAFNOSUPPORT, WSAEADDRNOTAVAIL.
    fn send_to(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        to: Option<&Address>,
        overlap: Option<Overlap>,
    ) -> Outcome<usize>;

    /// WSPSetSockOpt.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL, WSAENOPROTOOPT, WSAEFAULT.
    fn set_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
        value: OptionValue,
    ) -> Result<(), WsaError>;

    /// WSPShutdown.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL, WSAENOTCONN, and why the connection is gone.
    fn shutdown(&mut self, context: &mut Context<'_>, s: Socket, how: i32) -> Result<(), WsaError>;

    /// WSPSocket: a new socket of the protocol. The provider gets the handle from
    /// [`Upcalls::create_socket_handle`] (WPUCreateSocketHandle), or has one of the file system's
    /// registered ([`Upcalls::modify_ifs_handle`]).
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL for an unknown flag, WSAEMFILE.
    fn socket(
        &mut self,
        context: &mut Context<'_>,
        info: &ProtocolInfo,
        flags: u32,
    ) -> Result<Socket, WsaError>;

    /// WSPStringToAddress.
    ///
    /// # Errors
    /// WSAEINVAL for what is no address of the family.
    fn string_to_address(&self, text: &str, family: i32) -> Result<Address, WsaError>;

    /// The interrupt: something may have happened on the host's stack, or the time of
    /// [`Provider::poll_at`] has come. Calls that wait are made again afterwards.
    fn poll(&mut self, context: &mut Context<'_>);

    /// When the provider wants to be polled next, whether or not anything happens.
    fn poll_at(&self) -> Option<Instant>;

    /// Whether [`Provider::poll`] would look at anything: an overlapped operation, a selection of
    /// network events, a connection of the provider's own protocol.
    fn is_waiting(&self) -> bool;

    /// What CancelIoEx does to the overlapped operations of a socket, or to one of them. It is no
    /// function of the SPI: Windows cancels operations of its own file handles, which a provider
    /// without XP1_IFS_HANDLES does not have.
    ///
    /// # Errors
    /// WSA_INVALID_HANDLE without file handles, ERROR_NOT_FOUND where nothing can be cancelled.
    fn cancel_operations(
        &mut self,
        _context: &mut Context<'_>,
        _s: Socket,
        _overlapped: Option<Overlapped>,
    ) -> Result<(), WsaError> {
        Err(WsaError::InvalidHandle)
    }

    /// What select and WSAPoll would say of a socket now. (WSAPoll is no function of the SPI;
    /// Windows asks its own provider through a private door, and so does this.)
    fn readiness(&mut self, context: &mut Context<'_>, s: Socket) -> Readiness;

    /// What WSPEnumNetworkEvents would tell of a socket now: an expectation looks at it.
    fn recorded_events(&self, s: Socket) -> NetworkEvents;

    /// The stack's socket below a handle, as far as there is one: an expectation looks at it.
    fn stack_socket(&self, s: Socket) -> Option<SocketId>;
}

/// fWait of WSAGetOverlappedResult.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until the operation has ended.
    Yes,
    /// The call returns at once.
    No,
}
