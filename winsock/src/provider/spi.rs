//! The service provider interface: WSPStartup, and the functions of WSPPROC_TABLE by subject.
//!
//! A provider function has no last error: what it would store through lpErrno is the `Err` of its
//! result, and WSAGetLastError belongs to Ws2_32.dll. It checks its own parameters (page "Error
//! Reporting and Parameter Validation": Ws2_32.dll validates only for the functions that it carries
//! out itself); [`check`](super::check) has the order in which the providers here find errors.
//!
//! Three things are different because nothing here can wait but the network:
//!
//! - a function that waits says [`Progress::Blocks`] and is called again, with the same arguments,
//!   after the network has made a step. [`Context::thread`] tells whose call it is, and
//!   [`Context::waiting`] what is remembered of it;
//! - [`Provider::poll`] is the interrupt: it is called after every step, so that overlapped
//!   operations and network events move, and connections of its own protocol go on.
//!   [`Provider::poll_at`] asks for it at a time;
//! - a provider has the host's stack in its hands ([`Context::host`]), as a transport driver has
//!   the network interface. A protocol on top of TCP opens, polls and closes stack sockets itself.
//!
//! A layered provider is a [`Layer`]. Every function that it does not carry out itself is carried
//! out by the provider below. A base provider refuses with WSAEOPNOTSUPP what it leaves out.

use std::collections::BTreeMap;
use std::fmt::Debug;

use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::SocketId;

use super::call::{
    Accepted, ConditionFunction, ConnectData, Context, Leaving, Received, Sets, Wait, WspData,
};
use super::passage::{Passage, SpiResult};
use crate::address::Address;
use crate::catalog::{EntryId, ProtocolInfo};
use crate::error::WsaError;
use crate::event::EventHandle;
use crate::notify::{NetworkEvents, Readiness};
use crate::options::{IoctlArgument, OptionValue};
use crate::overlapped::{Overlap, Overlapped, Transferred};
use crate::process::{Pointer, Progress, Socket};
use crate::version::Version;

/// Whether a provider is a layer over another.
pub trait Layered: Debug {
    /// The layer; a base provider is none.
    fn layer(&self) -> Option<&dyn Layer> {
        None
    }

    /// The layer; a base provider is none.
    fn layer_mut(&mut self) -> Option<&mut dyn Layer> {
        None
    }
}

/// A layered provider.
pub trait Layer: Debug {
    /// How it calls itself.
    fn name(&self) -> &'static str;

    /// What it goes over.
    fn below(&self) -> &Below;

    /// What it goes over.
    fn below_mut(&mut self) -> &mut Below;

    /// A call has come back from the provider below. A call that waits comes back when it returns.
    fn returned(&mut self, _context: &mut Context<'_>, _passage: Passage) {}
}

impl<L: Layer> Layered for L {
    fn layer(&self) -> Option<&dyn Layer> {
        Some(self)
    }

    fn layer_mut(&mut self) -> Option<&mut dyn Layer> {
        Some(self)
    }
}

/// What a layer goes over. Its sockets have the handles of the provider below, which are registered
/// for the layer (WPUModifyIFSHandle).
#[derive(Debug)]
pub struct Below {
    /// The provider below.
    pub provider: Box<dyn Provider>,
    /// The protocol below each entry of the layer.
    pub protocols: BTreeMap<EntryId, ProtocolInfo>,
}

/// Hands a call to the provider below a layer; a base provider refuses it.
fn pass<A: SpiResult>(
    layer: Option<&mut dyn Layer>,
    context: &mut Context<'_>,
    function: &'static str,
    s: Option<Socket>,
    call: impl FnOnce(&mut dyn Provider, &mut Context<'_>) -> A,
) -> A {
    let Some(layer) = layer else {
        return A::failed(WsaError::OperationNotSupported);
    };
    let answer = call(layer.below_mut().provider.as_mut(), context);
    note(layer, context, function, s, &answer);
    answer
}

/// Tells a layer what a call has returned, if it has.
fn note(
    layer: &mut dyn Layer,
    context: &mut Context<'_>,
    function: &'static str,
    s: Option<Socket>,
    answer: &impl SpiResult,
) {
    let Some(result) = answer.shown() else { return };
    let passage = Passage {
        at: context.now,
        thread: context.thread,
        function,
        s,
        result,
    };
    layer.returned(context, passage);
}

/// WSPSocket to WSPConnect, and the addresses of a socket.
pub trait Sockets: Layered {
    /// WSPSocket: a new socket of the protocol. The provider gets the handle from
    /// WPUCreateSocketHandle ([`Context::upcalls`]), or has one of the file system's registered
    /// (WPUModifyIFSHandle).
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL for an unknown flag, WSAEMFILE.
    fn socket(
        &mut self,
        context: &mut Context<'_>,
        info: &ProtocolInfo,
        flags: u32,
    ) -> Result<Socket, WsaError> {
        let Some(layer) = self.layer_mut() else {
            return Err(WsaError::OperationNotSupported);
        };
        let below = layer.below_mut();
        let protocol = below.protocols.get(&info.entry).ok_or(WsaError::Invalid)?;
        let answer = below.provider.socket(context, protocol, flags);
        if let Ok(s) = answer {
            context.upcalls.modify_ifs_handle(info.entry, s);
        }
        note(layer, context, "WSPSocket", answer.ok(), &answer);
        answer
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
    ) -> Result<(), WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPBind",
            Some(s),
            |below, context| below.bind(context, s, name),
        )
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
    ) -> Result<(), WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPListen",
            Some(s),
            |below, context| below.listen(context, s, backlog),
        )
    }

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
        condition: Option<&mut ConditionFunction<'_>>,
    ) -> Progress<Accepted> {
        let answer = pass(
            self.layer_mut(),
            context,
            "WSPAccept",
            Some(s),
            |below, context| below.accept(context, s, condition),
        );
        if let (Progress::Done(Ok(accepted)), Some(_)) = (&answer, self.layer()) {
            context.upcalls.inherit_entry(s, accepted.s);
        }
        answer
    }

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
    ) -> Progress<()> {
        pass(
            self.layer_mut(),
            context,
            "WSPConnect",
            Some(s),
            |below, context| below.connect(context, s, name, data),
        )
    }

    /// ConnectEx, which is no function of the table: Windows finds a provider's by
    /// SIO_GET_EXTENSION_FUNCTION_POINTER. Connects a bound socket, and sends data behind.
    ///
    /// # Errors
    /// WSA_IO_PENDING, WSA_INVALID_PARAMETER without an overlapped structure, WSAENETDOWN,
    /// WSAEOPNOTSUPP, WSAEINVAL for a socket without an address, WSAEALREADY, and as
    /// [`Sockets::connect`].
    fn connect_ex(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
        data: &[u8],
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        pass(
            self.layer_mut(),
            context,
            "ConnectEx",
            Some(s),
            |below, context| below.connect_ex(context, s, name, data, overlap),
        )
    }

    /// AcceptEx, which is no function of the table either: takes a connection into a socket that is
    /// there, and where there is room for them, its first octets.
    ///
    /// # Errors
    /// WSA_IO_PENDING, WSA_INVALID_PARAMETER without an overlapped structure, WSAENETDOWN,
    /// WSAEOPNOTSUPP, WSAENOTSOCK, and WSAEINVAL where `s` does not listen or `into` is bound,
    /// connected or waits already.
    fn accept_ex(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        into: Socket,
        room: usize,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        pass(
            self.layer_mut(),
            context,
            "AcceptEx",
            Some(s),
            |below, context| below.accept_ex(context, s, into, room, overlap),
        )
    }

    /// WSPGetPeerName.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAENOTCONN.
    fn get_peer_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPGetPeerName",
            Some(s),
            |below, context| below.get_peer_name(context, s),
        )
    }

    /// WSPGetSockName.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL where the socket is not bound.
    fn get_sock_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPGetSockName",
            Some(s),
            |below, context| below.get_sock_name(context, s),
        )
    }
}

/// WSPSend, WSPRecv, and the overlapped operations that they begin.
pub trait Data: Layered {
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
    ) -> Progress<usize> {
        pass(
            self.layer_mut(),
            context,
            "WSPSend",
            Some(s),
            |below, context| below.send(context, s, buffers, flags, overlap),
        )
    }

    /// WSPSendTo: as [`Data::send`], with a destination for datagrams.
    ///
    /// # Errors
    /// As [`Data::send`], and WSAEDESTADDRREQ, WSAEAFNOSUPPORT, WSAEADDRNOTAVAIL.
    fn send_to(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        to: Option<&Address>,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        pass(
            self.layer_mut(),
            context,
            "WSPSendTo",
            Some(s),
            |below, context| below.send_to(context, s, buffers, flags, to, overlap),
        )
    }

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
    ) -> Progress<Received> {
        pass(
            self.layer_mut(),
            context,
            "WSPRecv",
            Some(s),
            |below, context| below.recv(context, s, buffers, flags, overlap),
        )
    }

    /// WSPRecvFrom: as [`Data::recv`], with the sender of a datagram.
    ///
    /// # Errors
    /// As [`Data::recv`].
    fn recv_from(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Progress<Received> {
        if self.layer().is_none() {
            return self.recv(context, s, buffers, flags, overlap);
        }
        pass(
            self.layer_mut(),
            context,
            "WSPRecvFrom",
            Some(s),
            |below, context| below.recv_from(context, s, buffers, flags, overlap),
        )
    }

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
    ) -> Progress<Transferred> {
        pass(
            self.layer_mut(),
            context,
            "WSPGetOverlappedResult",
            Some(s),
            |below, context| below.get_overlapped_result(context, s, overlapped, wait),
        )
    }

    /// What CancelIoEx does to the overlapped operations of a socket, or to one of them. It is no
    /// function of the SPI: Windows cancels operations of its own file handles, which a provider
    /// without XP1_IFS_HANDLES does not have.
    ///
    /// # Errors
    /// WSA_INVALID_HANDLE without file handles, ERROR_NOT_FOUND where nothing can be cancelled.
    fn cancel_operations(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Option<Overlapped>,
    ) -> Result<(), WsaError> {
        let layer = self.layer_mut().ok_or(WsaError::InvalidHandle)?;
        let below = &mut layer.below_mut().provider;
        below.cancel_operations(context, s, overlapped)
    }
}

/// How a connection ends: WSPShutdown, WSPRecvDisconnect, WSPSendDisconnect, WSPCloseSocket,
/// WSPCleanup.
pub trait Disconnect: Layered {
    /// WSPShutdown.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL, WSAENOTCONN, and why the connection is gone.
    fn shutdown(&mut self, context: &mut Context<'_>, s: Socket, how: i32) -> Result<(), WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPShutdown",
            Some(s),
            |below, context| below.shutdown(context, s, how),
        )
    }

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
    ) -> Result<(), WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPRecvDisconnect",
            Some(s),
            |below, context| below.recv_disconnect(context, s, inbound_disconnect_data),
        )
    }

    /// WSPSendDisconnect: ends sending and sends disconnect data with the close.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAENOPROTOOPT, WSAENOTCONN, WSAEFAULT.
    fn send_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        outbound_disconnect_data: Pointer<&[u8]>,
    ) -> Result<(), WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPSendDisconnect",
            Some(s),
            |below, context| below.send_disconnect(context, s, outbound_disconnect_data),
        )
    }

    /// DisconnectEx and TransmitFile, which are no functions of the table: Windows finds a
    /// provider's by SIO_GET_EXTENSION_FUNCTION_POINTER. Sends the data, ends sending, and with
    /// TF_REUSE_SOCKET waits until the connection is over and gives the handle a new socket.
    ///
    /// # Errors
    /// WSA_IO_PENDING, WSAENETDOWN, WSAEINVAL for unknown flags, WSAEOPNOTSUPP for a datagram
    /// socket, WSAENOTCONN, WSAESHUTDOWN, and why the connection is gone.
    fn send_and_leave(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        data: &[u8],
        leaving: Leaving,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        pass(
            self.layer_mut(),
            context,
            "DisconnectEx",
            Some(s),
            |below, context| below.send_and_leave(context, s, data, leaving, overlap),
        )
    }

    /// WSPCloseSocket.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEWOULDBLOCK, WSAEINTR.
    fn close_socket(&mut self, context: &mut Context<'_>, s: Socket) -> Progress<()> {
        pass(
            self.layer_mut(),
            context,
            "WSPCloseSocket",
            Some(s),
            |below, context| below.close_socket(context, s),
        )
    }

    /// WSPCleanup: the process has made its last WSACleanup. Every socket that is left is reset and
    /// given back, its overlapped operations are cancelled.
    ///
    /// # Errors
    /// WSAENETDOWN.
    fn cleanup(&mut self, context: &mut Context<'_>) -> Result<(), WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPCleanup",
            None,
            |below, context| below.cleanup(context),
        )
    }
}

/// WSPSetSockOpt, WSPGetSockOpt, WSPIoctl.
pub trait SocketOptions: Layered {
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
    ) -> Result<(), WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPSetSockOpt",
            Some(s),
            |below, context| below.set_sock_opt(context, s, level, name, value),
        )
    }

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
    ) -> Result<OptionValue, WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPGetSockOpt",
            Some(s),
            |below, context| below.get_sock_opt(context, s, level, name),
        )
    }

    /// WSPIoctl: FIONBIO, SIO_UDP_CONNRESET, SIO_UDP_NETRESET and SIO_KEEPALIVE_VALS, whose
    /// argument goes in, and FIONREAD, whose comes out.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEOPNOTSUPP for another command, WSAEFAULT for an argument of another form.
    fn ioctl(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        command: u32,
        argument: &mut IoctlArgument,
    ) -> Result<(), WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPIoctl",
            Some(s),
            |below, context| below.ioctl(context, s, command, argument),
        )
    }
}

/// What is ready and what has happened: WSPSelect, WSPEventSelect, WSPEnumNetworkEvents.
pub trait Events: Layered {
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
    ) -> Progress<usize> {
        pass(
            self.layer_mut(),
            context,
            "WSPSelect",
            None,
            |below, context| below.select(context, sets, timeout),
        )
    }

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
    ) -> Result<(), WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPEventSelect",
            Some(s),
            |below, context| below.event_select(context, s, event, events),
        )
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
    ) -> Result<NetworkEvents, WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPEnumNetworkEvents",
            Some(s),
            |below, context| below.enum_network_events(context, s, event),
        )
    }

    /// What select and WSAPoll would say of a socket now. (WSAPoll is no function of the SPI;
    /// Windows asks its own provider through a private door, and so does this.)
    fn readiness(&mut self, context: &mut Context<'_>, s: Socket) -> Readiness {
        self.layer_mut().map_or_else(Readiness::default, |layer| {
            layer.below_mut().provider.readiness(context, s)
        })
    }

    /// What WSPEnumNetworkEvents would tell of a socket now: an expectation looks at it.
    fn recorded_events(&self, s: Socket) -> NetworkEvents {
        self.layer().map_or_else(NetworkEvents::default, |layer| {
            layer.below().provider.recorded_events(s)
        })
    }
}

/// A service provider: WSPStartup, the procedure table, and what the emulator needs.
///
/// `s` always is a socket of this provider: Ws2_32.dll has looked it up (WSAENOTSOCK is its answer,
/// or that of WPUQuerySocketHandleContext).
pub trait Provider: Sockets + Data + Disconnect + SocketOptions + Events {
    /// WSPStartup: the first call, made when the first socket of the provider is wanted.
    ///
    /// # Errors
    /// WSASYSNOTREADY, WSAVERNOTSUPPORTED where the provider speaks no version up to the requested
    /// one, WSAEPROCLIM. Ws2_32.dll turns them into WSAEPROVIDERFAILEDINIT. A procedure table
    /// without a function cannot be written here, so that WSAEINVALIDPROCTABLE never happens.
    fn startup(&mut self, requested: Version, info: &ProtocolInfo) -> Result<WspData, WsaError> {
        let layer = self.layer_mut().ok_or(WsaError::SystemNotReady)?;
        let name = layer.name();
        let below = layer.below_mut();
        let protocol = below.protocols.get(&info.entry).unwrap_or(info);
        let data = below.provider.startup(requested, protocol)?;
        Ok(WspData {
            description: format!("{name} over {}", data.description),
            ..data
        })
    }

    /// WSPAddressToString.
    ///
    /// # Errors
    /// WSAEINVAL for an address of another family.
    fn address_to_string(&self, address: &Address) -> Result<String, WsaError> {
        let layer = self.layer().ok_or(WsaError::OperationNotSupported)?;
        layer.below().provider.address_to_string(address)
    }

    /// WSPStringToAddress.
    ///
    /// # Errors
    /// WSAEINVAL for what is no address of the family.
    fn string_to_address(&self, text: &str, family: i32) -> Result<Address, WsaError> {
        let layer = self.layer().ok_or(WsaError::OperationNotSupported)?;
        layer.below().provider.string_to_address(text, family)
    }

    /// WSPCancelBlockingCall: the call that the thread waits in returns WSAEINTR when it is made
    /// again.
    ///
    /// # Errors
    /// WSAEINVAL where it waits in none of this provider.
    fn cancel_blocking_call(&mut self, context: &mut Context<'_>) -> Result<(), WsaError> {
        pass(
            self.layer_mut(),
            context,
            "WSPCancelBlockingCall",
            None,
            |below, context| below.cancel_blocking_call(context),
        )
    }

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

    /// WSPGetQOSByName: quality of service by the name of a template, which no protocol here has.
    ///
    /// # Errors
    /// WSAEOPNOTSUPP.
    fn get_qos_by_name(&mut self, _context: &mut Context<'_>, _s: Socket) -> Result<(), WsaError> {
        Err(WsaError::OperationNotSupported)
    }

    /// WSPJoinLeaf: a member of a multipoint session, which no protocol here has.
    ///
    /// # Errors
    /// WSAEOPNOTSUPP.
    fn join_leaf(&mut self, _context: &mut Context<'_>, _s: Socket) -> Result<Socket, WsaError> {
        Err(WsaError::OperationNotSupported)
    }

    /// The interrupt: something may have happened on the host's stack, or the time of
    /// [`Provider::poll_at`] has come. Calls that wait are made again afterwards.
    fn poll(&mut self, context: &mut Context<'_>) {
        if let Some(layer) = self.layer_mut() {
            layer.below_mut().provider.poll(context);
        }
    }

    /// When the provider wants to be polled next, whether or not anything happens.
    fn poll_at(&self) -> Option<Instant> {
        self.layer()?.below().provider.poll_at()
    }

    /// Whether [`Provider::poll`] would look at anything: an overlapped operation, a selection of
    /// network events, a connection of the provider's own protocol.
    fn is_waiting(&self) -> bool {
        self.layer()
            .is_some_and(|layer| layer.below().provider.is_waiting())
    }

    /// The stack's socket below a handle, as far as there is one: an expectation looks at it.
    fn stack_socket(&self, s: Socket) -> Option<SocketId> {
        self.layer()?.below().provider.stack_socket(s)
    }
}
