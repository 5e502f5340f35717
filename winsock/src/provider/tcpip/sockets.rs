//! WSPSocket, WSPBind, WSPListen, WSPAccept, WSPConnect, and the addresses of a socket.

use core::net::SocketAddr;

use hangup_stack::host::Host;
use hangup_stack::options::{CONDITIONAL_ACCEPT, LINGER, Linger};
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Closing, ConnectError, Protocol, RecvError, SocketId};

use super::entry::{Entry, Origin, TcpIp, family_of, protocol_of};
use crate::address::{AF_INET, AF_INET6, Address};
use crate::catalog::ProtocolInfo;
use crate::error::WsaError;
use crate::notify::Enabler;
use crate::overlapped::Overlap;
use crate::process::{Pointer, Progress, Socket};
use crate::provider::base::{self, Circuit, Mode, Request, SOCKETS_MAX, Standing, Stream};
use crate::provider::call::{
    Accepted, Caller, ConditionFunction, ConnectData, Context, Decision, WspData,
};
use crate::provider::spi::{Layered, Provider, Sockets};
use crate::version::Version;
use crate::waiting::Unfinished;

/// A function of connection-oriented sockets.
pub(super) const STREAM: Request = Request {
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
        let accept = |(s, entry): (&Socket, &Entry)| (!entry.accepting.is_empty()).then_some(*s);
        let accepting: Vec<Socket> = self.sockets.iter().filter_map(accept).collect();
        for s in accepting {
            self.accept_into(context, s);
        }
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
            let next = match condition {
                Some(condition) => listener.next_on_condition(context, condition),
                None => listener
                    .next_connection(context.host, context.now)
                    .map_err(Unfinished::from),
            };
            let id = match next {
                Err(Unfinished::Failed(WsaError::WouldBlock))
                    if listener.mode == Mode::Blocking =>
                {
                    return Err(Unfinished::Waits(None));
                }
                id => id?,
            };
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
            let begins = entry.circuit == Circuit::Unconnected;
            if begins && self.is_accepted_into(s) {
                return Err(WsaError::Invalid.into());
            }
            let entry = self.check(context.host, s, Request::NOTHING)?;
            entry.may_connect()?;
            let mode = entry.mode;
            entry.connect(context.host, context.now, name, mode)?;
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
        // AcceptEx: the address is there once SO_UPDATE_ACCEPT_CONTEXT is set (Wine's tests, too).
        if entry.standing == Standing::AfterAcceptEx {
            return Err(WsaError::Invalid);
        }
        local(context.host, entry.id).ok_or(WsaError::Invalid)
    }

    fn connect_ex(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
        data: &[u8],
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        context.blocking(|context| self.begin_connect_ex(context, s, name, data, overlap))
    }

    fn accept_ex(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        into: Socket,
        room: usize,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        self.begin_accept_ex(context, s, (into, room), overlap)
            .into()
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
    /// The connection that was put off, or else the next that waits. Where the program answers the
    /// SYNs itself, this is its answer to the next: the connection is there later. (The page of
    /// SO_CONDITIONAL_ACCEPT knows WSAAccept alone.)
    pub(super) fn next_connection(
        &mut self,
        host: &mut Host,
        now: Instant,
    ) -> Result<SocketId, WsaError> {
        if let Some(id) = self.deferred.take() {
            return Ok(id);
        }
        let next = host.accept(self.id).map_err(WsaError::from);
        if next == Err(WsaError::WouldBlock) {
            host.admit(self.id, now);
        }
        next
    }

    /// The next connection that a condition function accepts: of those that are established, or
    /// with SO_CONDITIONAL_ACCEPT of those that ask for it, which then have been judged.
    fn next_on_condition(
        &mut self,
        context: &mut Context<'_>,
        condition: &mut ConditionFunction<'_>,
    ) -> Result<SocketId, Unfinished> {
        let asks_first = context.host.option(self.id, &CONDITIONAL_ACCEPT) == Some(true);
        let next = match self.deferred.take() {
            Some(id) => Ok(id),
            None => context.host.accept(self.id).map_err(WsaError::from),
        };
        match next {
            Ok(id) if asks_first => Ok(id),
            Ok(id) => {
                self.judge(context, id, condition)?;
                Ok(id)
            }
            Err(WsaError::WouldBlock) if asks_first => {
                self.judge_request(context, condition)?;
                Err(WsaError::WouldBlock.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Lets the condition function decide about the next connection request, if there is one: the
    /// handshake goes on or is refused, and one that is put off stays without an answer.
    fn judge_request(
        &self,
        context: &mut Context<'_>,
        condition: &mut ConditionFunction<'_>,
    ) -> Result<(), Unfinished> {
        let Some((local, remote)) = context.host.request(self.id) else {
            return Ok(());
        };
        let caller = Caller {
            name: Some(remote.into()),
            data: None,
            local: Some(local.into()),
        };
        match base::decide(context, condition, &caller)? {
            Decision::Accept(_) => {
                context.host.admit(self.id, context.now);
                Ok(())
            }
            Decision::Reject(_) => {
                context.host.refuse(self.id, context.now);
                Err(WsaError::ConnectionRefused.into())
            }
            Decision::Defer | Decision::Runs => Err(WsaError::TryAgain.into()),
        }
    }

    /// Lets the condition function decide about a connection, which is put off until it has. The
    /// connection is established by then, as on Windows without SO_CONDITIONAL_ACCEPT, so that a
    /// rejection resets it.
    fn judge(
        &mut self,
        context: &mut Context<'_>,
        id: SocketId,
        condition: &mut ConditionFunction<'_>,
    ) -> Result<(), Unfinished> {
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
        entry.origin = Origin::Accepted;
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

    /// Whether `connect` may go on, where ConnectEx was used before (Wine's tests, which run on
    /// Windows).
    fn may_connect(&self) -> Result<(), WsaError> {
        if self.circuit == Circuit::Connected && self.standing != Standing::Whole {
            return Err(WsaError::Invalid);
        }
        match self.connects_ex() {
            true => Err(WsaError::Already),
            false => Ok(()),
        }
    }

    /// Makes a connection, for a call or an operation that waits for it or does not.
    pub(super) fn connect(
        &mut self,
        host: &mut Host,
        now: Instant,
        name: IpEndpoint,
        mode: Mode,
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
                if mode == Mode::Blocking =>
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
                    | ConnectError::Spent
                    | ConnectError::NotConnected
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
pub(super) fn remote(host: &Host, id: SocketId) -> Option<Address> {
    Some(host.status(id)?.remote?.into())
}

/// This side of a connection.
pub(super) fn local(host: &Host, id: SocketId) -> Option<Address> {
    Some(host.status(id)?.local?.into())
}

/// Resets a connection that no socket has.
pub(super) fn reset(host: &mut Host, id: SocketId, now: Instant) {
    host.set_option(id, &LINGER, Linger::RESET, now);
    match host.close(id, now) {
        Closing::Done | Closing::Lingers(_) => {}
    }
}
