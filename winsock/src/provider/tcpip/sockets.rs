//! WSPSocket, WSPBind, WSPListen, WSPAccept, WSPConnect, and the addresses of a socket.

use core::net::SocketAddr;

use hangup_stack::host::Host;
use hangup_stack::options::{LINGER, Linger};
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Closing, ConnectError, Protocol, RecvError, SocketId};

use super::entry::{Entry, TcpIp, family_of, protocol_of};
use crate::address::{AF_INET, AF_INET6, Address};
use crate::catalog::ProtocolInfo;
use crate::error::WsaError;
use crate::notify::Enabler;
use crate::process::{Pointer, Progress, Socket};
use crate::provider::base::{self, Circuit, Mode, Request, SOCKETS_MAX, Stream};
use crate::provider::call::{
    Accepted, Caller, ConditionFunction, ConnectData, Context, Decision, WspData,
};
use crate::provider::spi::{Layered, Provider, Sockets};
use crate::version::Version;
use crate::waiting::Unfinished;

/// A function of connection-oriented sockets.
const STREAM: Request = Request {
    stream: Stream::Only,
    ..Request::NOTHING
};

impl Layered for TcpIp {}

impl Provider for TcpIp {
    fn startup(&mut self, requested: Version, _: &ProtocolInfo) -> Result<WspData, WsaError> {
        WspData::negotiate(requested, "hangup TCP/IP")
    }

    fn address_to_string(&self, address: &Address) -> Result<String, WsaError> {
        match address {
            Address::Inet(_) => Ok(address.to_string()),
            Address::Iso(_) => Err(WsaError::Invalid),
        }
    }

    fn string_to_address(&self, text: &str, family: i32) -> Result<Address, WsaError> {
        let endpoint: SocketAddr = text.parse().map_err(|_| WsaError::Invalid)?;
        let name = Address::Inet(IpEndpoint::from(endpoint));
        if name.family() == family && [AF_INET, AF_INET6].contains(&family) {
            Ok(name)
        } else {
            Err(WsaError::Invalid)
        }
    }

    fn cancel_blocking_call(&mut self, context: &mut Context<'_>) -> Result<(), WsaError> {
        for entry in self.sockets.values_mut() {
            entry.receives.withdraw(context.thread);
            entry.sends.withdraw(context.thread);
        }
        Ok(())
    }

    fn poll(&mut self, context: &mut Context<'_>) {
        for entry in self.sockets.values_mut() {
            entry.go_on(context);
        }
    }

    fn is_waiting(&self) -> bool {
        self.sockets.values().any(Entry::is_waiting)
    }

    fn stack_socket(&self, s: Socket) -> Option<SocketId> {
        self.sockets.get(&s).map(|entry| entry.id)
    }
}

impl Sockets for TcpIp {
    fn socket(
        &mut self,
        context: &mut Context<'_>,
        info: &ProtocolInfo,
        flags: u32,
    ) -> Result<Socket, WsaError> {
        base::may_open(context, flags, self.sockets.len())?;
        let id = context.host.open(protocol_of(info), family_of(info));
        Ok(self.adopt(context, Entry::new(id, info.clone())))
    }

    fn bind(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
    ) -> Result<(), WsaError> {
        let entry = self.check(context.host, s, Request::NOTHING)?;
        let name = name.inet_of(entry.family).ok_or(WsaError::Fault)?;
        let address = (!name.addr.is_unspecified()).then_some(name.addr);
        context.host.bind(entry.id, address, name.port)?;
        Ok(())
    }

    fn listen(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        backlog: i32,
    ) -> Result<(), WsaError> {
        let entry = self.check(context.host, s, STREAM)?;
        if entry.circuit != Circuit::Unconnected {
            return Err(WsaError::IsConnected);
        }
        context.host.listen(entry.id, base::backlog(backlog))?;
        Ok(())
    }

    fn accept(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        condition: Option<&mut ConditionFunction<'_>>,
    ) -> Progress<Accepted> {
        context.blocking(|context| {
            let room = self.sockets.len() < SOCKETS_MAX;
            let listener = self.check(context.host, s, STREAM)?;
            if !room {
                return Err(WsaError::TooManySockets.into());
            }
            listener.selection.re_enable(Enabler::Accept);
            let id = match listener.next_connection(context.host) {
                Err(WsaError::WouldBlock) if listener.mode == Mode::Blocking => {
                    return Err(Unfinished::Waits(None));
                }
                id => id?,
            };
            listener.judge(context, id, condition)?;
            let entry = listener.accepted(id);
            let name = remote(context.host, id);
            let s = self.adopt(context, entry);
            Ok(Accepted { s, name })
        })
    }

    fn connect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
        data: &mut ConnectData<'_>,
    ) -> Progress<()> {
        context.blocking(|context| {
            let entry = self.check(context.host, s, Request::NOTHING)?;
            // WSAConnect: user data on a connectionless socket is silently ignored.
            if entry.protocol == Protocol::Tcp && !matches!(data.caller, Pointer::Null) {
                return Err(WsaError::ProtocolNotSupported.into());
            }
            let name = name.inet_of(entry.family);
            let name = name.ok_or(WsaError::AddressFamilyNotSupported)?;
            entry.connect(context.host, context.now, name)?;
            if let Pointer::To(callee) = &mut data.callee {
                callee.clear();
            }
            Ok(())
        })
    }

    fn get_peer_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        let entry = self.check(context.host, s, Request::CONNECTED)?;
        remote(context.host, entry.id).ok_or(WsaError::NotConnected)
    }

    fn get_sock_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        let entry = self.check(context.host, s, Request::NOTHING)?;
        local(context.host, entry.id).ok_or(WsaError::Invalid)
    }
}

impl TcpIp {
    /// Takes a new socket into the process.
    fn adopt(&mut self, context: &mut Context<'_>, entry: Entry) -> Socket {
        let file = context.upcalls.new_file_handle();
        let s = context.upcalls.modify_ifs_handle(entry.info.entry, file);
        self.sockets.insert(s, entry);
        s
    }
}

impl Entry {
    /// The connection that was put off, or else the next that waits.
    fn next_connection(&mut self, host: &mut Host) -> Result<SocketId, WsaError> {
        if let Some(id) = self.deferred.take() {
            return Ok(id);
        }
        host.accept(self.id).map_err(WsaError::from)
    }

    /// Lets the condition function decide about a connection, which is put off until it has. The
    /// connection is established by then, as on Windows without SO_CONDITIONAL_ACCEPT, so that a
    /// rejection resets it.
    fn judge(
        &mut self,
        context: &mut Context<'_>,
        id: SocketId,
        condition: Option<&mut ConditionFunction<'_>>,
    ) -> Result<(), Unfinished> {
        let Some(condition) = condition else {
            return Ok(());
        };
        let caller = Caller {
            name: remote(context.host, id),
            data: None,
            local: local(context.host, id),
        };
        self.deferred = Some(id);
        match base::decide(context, condition, &caller)? {
            Decision::Accept(_) => {
                self.deferred = None;
                Ok(())
            }
            Decision::Reject(_) => {
                self.deferred = None;
                reset(context.host, id, context.now);
                Err(WsaError::ConnectionRefused.into())
            }
            Decision::Defer | Decision::Runs => Err(WsaError::TryAgain.into()),
        }
    }

    /// The socket of an accepted connection: it has the properties of the listening one. The stack
    /// has given it the options.
    fn accepted(&self, id: SocketId) -> Self {
        let mut entry = Self::new(id, self.info.clone());
        entry.circuit = Circuit::Connected;
        entry.mode = self.mode;
        let (event, interest) = self.selection.inherited();
        entry.selection.select(event, interest);
        entry
    }

    /// connect on a datagram socket: the unspecified address and port 0 take the peer away;
    /// datagrams that are queued are thrown away when the peer changes.
    fn set_peer(&self, host: &mut Host, now: Instant, name: IpEndpoint) -> Result<(), WsaError> {
        let before = host.status(self.id).and_then(|status| status.remote);
        if before.is_some_and(|before| before != name) {
            while let Ok(_) | Err(RecvError::Truncated(_)) = host.recv_from(self.id, &mut []) {}
        }
        if name.addr.is_unspecified() && name.port == 0 {
            host.forget_peer(self.id);
            return Ok(());
        }
        if name.addr.is_unspecified() || name.port == 0 {
            return Err(WsaError::AddressNotAvailable);
        }
        Ok(host.connect(self.id, name, now)?)
    }

    fn connect(
        &mut self,
        host: &mut Host,
        now: Instant,
        name: IpEndpoint,
    ) -> Result<(), Unfinished> {
        if self.protocol == Protocol::Udp {
            return Ok(self.set_peer(host, now, name)?);
        }
        if self.circuit == Circuit::Connected {
            return Err(WsaError::IsConnected.into());
        }
        if name.addr.is_unspecified() || name.port == 0 {
            return Err(WsaError::AddressNotAvailable.into());
        }
        let connected = host.connect(self.id, name, now);
        let (circuit, result) = match (connected, self.circuit) {
            (Ok(()), _) => (Circuit::Connected, Ok(())),
            // The blocking call that began the handshake learns here that it is over.
            (Err(ConnectError::AlreadyConnected), Circuit::Connecting(Mode::Blocking)) => {
                (Circuit::Connected, Ok(()))
            }
            (Err(ConnectError::AlreadyConnected), _) => {
                (Circuit::Connected, Err(WsaError::IsConnected.into()))
            }
            (Err(ConnectError::InProgress | ConnectError::AlreadyInProgress), _)
                if self.mode == Mode::Blocking =>
            {
                (
                    Circuit::Connecting(Mode::Blocking),
                    Err(Unfinished::Waits(None)),
                )
            }
            (Err(error @ (ConnectError::InProgress | ConnectError::AlreadyInProgress)), _) => (
                Circuit::Connecting(Mode::NonBlocking),
                Err(WsaError::from(error).into()),
            ),
            (
                Err(
                    error @ (ConnectError::Listening
                    | ConnectError::Unreachable
                    | ConnectError::Gone(_)),
                ),
                _,
            ) => (Circuit::Unconnected, Err(WsaError::from(error).into())),
        };
        self.circuit = circuit;
        result
    }
}

/// The peer of a connection.
fn remote(host: &Host, id: SocketId) -> Option<Address> {
    Some(host.status(id)?.remote?.into())
}

/// This side of a connection.
fn local(host: &Host, id: SocketId) -> Option<Address> {
    Some(host.status(id)?.local?.into())
}

/// Resets a connection that no socket has.
pub(super) fn reset(host: &mut Host, id: SocketId, now: Instant) {
    host.set_option(id, &LINGER, Linger::RESET, now);
    match host.close(id, now) {
        Closing::Done | Closing::Lingers(_) => {}
    }
}
