//! socket, WSASocket, bind, listen, accept, WSAAccept, connect, WSAConnect, getpeername,
//! getsockname.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;

use super::winsock::{SocketCall, Winsock};
use crate::address::Address;
pub use crate::address::{AF_INET, AF_INET6, AF_ISO, AF_UNSPEC};
use crate::catalog::ProtocolInfo;
pub use crate::catalog::{
    FROM_PROTOCOL_INFO, IPPROTO_TCP, IPPROTO_UDP, ISOPROTO_TP0, ISOPROTO_TP2, SOCK_DGRAM,
    SOCK_SEQPACKET, SOCK_STREAM,
};
use crate::error::WsaError;
pub use crate::flags::{WSA_FLAG_NO_HANDLE_INHERIT, WSA_FLAG_OVERLAPPED};
use crate::function::Function;
use crate::overlapped::Overlap;
use crate::process::{Pointer, Progress, Socket};
use crate::provider::call::{Accepted, ConditionFunction, ConnectData};
use crate::provider::check::Check;

/// listen: "as many connections as is reasonable".
pub const SOMAXCONN: i32 = 0x7fff_ffff;

impl Winsock {
    /// socket: makes a socket of the first catalog entry that matches. 0 matches any family (IPv4
    /// is first), any type or any protocol, but not all three.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENETDOWN, WSAEINVAL, WSAEAFNOSUPPORT,
    /// WSAESOCKTNOSUPPORT, WSAEPROTONOSUPPORT, WSAEPROTOTYPE, WSAEMFILE, and WSAEPROVIDERFAILEDINIT
    /// or WSAEINVALIDPROVIDER where the entry's provider cannot be used.
    pub fn socket(
        &mut self,
        host: &mut Host,
        now: Instant,
        family: i32,
        kind: i32,
        protocol: i32,
    ) -> Result<Socket, WsaError> {
        self.wsa_socket(host, now, (family, kind, protocol), None, 0)
    }

    /// WSASocket: as [`Winsock::socket`], with flags. A protocol information structure is taken
    /// instead of the first entry that matches, and gives the parameters that are
    /// [`FROM_PROTOCOL_INFO`]; the others must agree with it or be 0. There are no groups.
    ///
    /// # Errors
    /// As [`Winsock::socket`]; WSAEINVAL for an unknown flag, or for protocol information that is
    /// not of the catalog or contradicts the parameters.
    pub fn wsa_socket(
        &mut self,
        host: &mut Host,
        now: Instant,
        (family, kind, protocol): (i32, i32, i32),
        protocol_info: Option<&ProtocolInfo>,
        flags: u32,
    ) -> Result<Socket, WsaError> {
        let result = self
            .check_process(host, Function::Socket, Check::Passed)
            .and_then(|()| match protocol_info {
                None => self.catalog.find(family, kind, protocol).cloned(),
                Some(info) => self.chosen(info, (family, kind, protocol)),
            })
            .and_then(|info| self.make(host, now, &info, flags));
        self.report(result)
    }

    /// The catalog entry that a caller has chosen.
    fn chosen(
        &self,
        info: &ProtocolInfo,
        (family, kind, protocol): (i32, i32, i32),
    ) -> Result<ProtocolInfo, WsaError> {
        let agrees = |wanted: i32, has: i32| [FROM_PROTOCOL_INFO, 0, has].contains(&wanted);
        let known = self.catalog.entry(info.entry).filter(|known| {
            agrees(family, known.family)
                && agrees(kind, known.kind)
                && agrees(protocol, known.protocol)
        });
        known.cloned().ok_or(WsaError::Invalid)
    }

    fn make(
        &mut self,
        host: &mut Host,
        now: Instant,
        info: &ProtocolInfo,
        flags: u32,
    ) -> Result<Socket, WsaError> {
        let index = self.provider_of(info.entry);
        let index = index.ok_or(WsaError::ProviderFailedInit)?;
        self.providers[index].start(info)?;
        let (provider, mut context) = self.provider(index, host, now, None);
        provider.socket(&mut context, info, flags)
    }

    /// bind: gives the socket a local address. The unspecified address means every address of the
    /// host, port 0 a free one.
    ///
    /// # Errors
    /// The common ones, WSAEFAULT for an address of another family, WSAEINVAL where the socket has
    /// an address, WSAEADDRINUSE, WSAEADDRNOTAVAIL.
    pub fn bind(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        name: impl Into<Address>,
    ) -> Result<(), WsaError> {
        let name = name.into();
        self.at_once(
            host,
            now,
            SocketCall::api(Function::Bind, s),
            |it, context| it.bind(context, s, &name),
        )
    }

    /// listen: lets the socket take connections.
    ///
    /// # Errors
    /// The common ones, WSAEOPNOTSUPP for a datagram socket, WSAEINVAL where the socket has no
    /// address, WSAEISCONN.
    pub fn listen(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        backlog: i32,
    ) -> Result<(), WsaError> {
        self.at_once(
            host,
            now,
            SocketCall::api(Function::Listen, s),
            |it, context| it.listen(context, s, backlog),
        )
    }

    /// accept: takes a connection from a listening socket, with the address of the peer. The new
    /// socket has the properties of the listening one: its mode, its SO_LINGER, and its selection
    /// of network events.
    ///
    /// # Errors
    /// The common ones, WSAEOPNOTSUPP for a datagram socket, WSAEINVAL where the socket does not
    /// listen, WSAEMFILE, WSAEWOULDBLOCK.
    pub fn accept(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
    ) -> Progress<(Socket, Option<Address>)> {
        self.through(
            host,
            now,
            SocketCall::api(Function::Accept, s),
            |it, context| it.accept(context, s, None),
        )
        .map(|Accepted { s, name }| (s, name))
    }

    /// WSAAccept: as [`Winsock::accept`], once a condition function has looked at the connection.
    /// While that runs ([`Decision::Runs`](crate::provider::Decision::Runs)), the provider
    /// processes a callback, and every other call of the thread says WSAEINPROGRESS.
    ///
    /// # Errors
    /// As [`Winsock::accept`]; WSAECONNREFUSED where the function has rejected the connection,
    /// WSATRY_AGAIN where it has put it off.
    pub fn wsa_accept(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        condition: Option<&mut ConditionFunction<'_>>,
    ) -> Progress<(Socket, Option<Address>)> {
        let call = SocketCall::api(Function::WsaAccept, s);
        self.through(host, now, call, |it, context| {
            it.accept(context, s, condition)
        })
        .map(|Accepted { s, name }| (s, name))
    }

    /// connect: makes a connection; on a datagram socket sets the peer.
    ///
    /// A socket that has been connected stays so in the eyes of this call, whatever was shut down
    /// and however the connection ended: it says WSAEISCONN. (The pages of the disconnect calls
    /// say that a provider need not let such a socket connect again; TCP/IP's does not.)
    ///
    /// # Errors
    /// The common ones, WSAEAFNOSUPPORT for an address of another family, WSAEADDRNOTAVAIL for the
    /// unspecified address or port 0, WSAEISCONN, WSAEINVAL where the socket listens,
    /// WSAEWOULDBLOCK and then WSAEALREADY on a non-blocking socket, WSAENETUNREACH,
    /// WSAECONNREFUSED, WSAETIMEDOUT.
    pub fn connect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        name: impl Into<Address>,
    ) -> Progress<()> {
        let name = name.into();
        self.through(
            host,
            now,
            SocketCall::api(Function::Connect, s),
            |it, context| it.connect(context, s, &name, &mut ConnectData::none()),
        )
    }

    /// WSAConnect: as [`Winsock::connect`], with data for the peer and from it.
    ///
    /// # Errors
    /// As [`Winsock::connect`]; WSAEPROTONOSUPPORT for caller data that the protocol does not have,
    /// WSAEFAULT for more than it carries, and for a buffer that the peer's does not fit into.
    pub fn wsa_connect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        name: impl Into<Address>,
        data: &mut ConnectData<'_>,
    ) -> Progress<()> {
        let name = name.into();
        let call = SocketCall::api(Function::WsaConnect, s);
        self.through(host, now, call, |it, context| {
            it.connect(context, s, &name, data)
        })
    }

    /// ConnectEx: connects a socket that is bound, sends data behind the handshake, and is always
    /// an overlapped operation. Until SO_UPDATE_CONNECT_CONTEXT is set, the socket can only send,
    /// receive, be disconnected and be closed: for everything else it is not connected.
    ///
    /// # Errors
    /// The common ones, WSA_IO_PENDING, WSA_INVALID_PARAMETER without an overlapped structure,
    /// WSAEOPNOTSUPP for a datagram socket, WSAEINVAL for a socket that is not bound, listens or
    /// waits in AcceptEx, WSAEALREADY, WSAEISCONN, WSAEAFNOSUPPORT, WSAEADDRNOTAVAIL,
    /// WSAENETUNREACH. The operation ends with 0, WSAECONNREFUSED, WSAETIMEDOUT, or why the data
    /// could not be sent.
    pub fn connect_ex(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        name: impl Into<Address>,
        data: &[u8],
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        let name = name.into();
        let call = SocketCall::api(Function::ConnectEx, s);
        self.through(host, now, call, |it, context| {
            it.connect_ex(context, s, &name, data, overlap)
        })
    }

    /// AcceptEx: takes a connection into a socket that is there, and with `room` for them its first
    /// octets, as an overlapped operation of the listening socket. Until SO_UPDATE_ACCEPT_CONTEXT
    /// is set, the socket can only send, receive, be disconnected and be closed. (The stack gives
    /// it the options of the listening one at once.)
    ///
    /// # Errors
    /// The common ones, WSA_IO_PENDING, WSA_INVALID_PARAMETER without an overlapped structure,
    /// WSAEOPNOTSUPP for a datagram socket, WSAENOTSOCK where `into` is none of the provider,
    /// WSAEINVAL where `s` does not listen, or `into` is of datagrams, bound, connected or waits in
    /// AcceptEx already.
    pub fn accept_ex(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        (into, room): (Socket, usize),
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        let call = SocketCall::api(Function::AcceptEx, s);
        self.through(host, now, call, |it, context| {
            it.accept_ex(context, s, into, room, overlap)
        })
    }

    /// getpeername: the address of the peer, also after both directions were shut down. `name` is
    /// the memory for it.
    ///
    /// # Errors
    /// The common ones, WSAENOTCONN, WSAEFAULT for memory that is not there or too small.
    pub fn getpeername(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        name: Pointer<()>,
    ) -> Result<Address, WsaError> {
        let call = SocketCall::api(Function::GetPeerName, s);
        self.at_once(host, now, call, |it, context| {
            let found = it.get_peer_name(context, s)?;
            match name {
                Pointer::To(()) => Ok(found),
                Pointer::Null | Pointer::Bad => Err(WsaError::Fault),
            }
        })
    }

    /// getsockname: the local address of the socket. `name` is the memory for it.
    ///
    /// # Errors
    /// The common ones, WSAEINVAL where it has none, WSAEFAULT for memory that is not there or too
    /// small.
    pub fn getsockname(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        name: Pointer<()>,
    ) -> Result<Address, WsaError> {
        let call = SocketCall::api(Function::GetSockName, s);
        self.at_once(host, now, call, |it, context| {
            let found = it.get_sock_name(context, s)?;
            match name {
                Pointer::To(()) => Ok(found),
                Pointer::Null | Pointer::Bad => Err(WsaError::Fault),
            }
        })
    }
}
