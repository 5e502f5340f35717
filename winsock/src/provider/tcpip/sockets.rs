//! WSPSocket, WSPBind, WSPListen, WSPAccept, WSPConnect, and the addresses of a socket.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Closing, ConnectError, Protocol, RecvError, SocketId};

use super::{
    Circuit, Connection, Entry, Mode, Request, SOCKETS_MAX, Stream, TcpIp, family_of, protocol_of,
};
use crate::address::Address;
use crate::api::sockets::{WSA_FLAG_NO_HANDLE_INHERIT, WSA_FLAG_OVERLAPPED};
use crate::catalog::ProtocolInfo;
use crate::error::WsaError;
use crate::notify::Enabler;
use crate::provider::{Accepted, Caller, Condition, ConnectData, Context, Decision};
use crate::{Outcome, Pointer, Socket};

/// The most connections that wait at a listening socket, which is also what SOMAXCONN comes to.
const BACKLOG_MAX: usize = 200;

impl TcpIp {
    pub(super) fn socket(
        &mut self,
        context: &mut Context<'_>,
        info: &ProtocolInfo,
        flags: u32,
    ) -> Result<Socket, WsaError> {
        if !context.host.is_up() {
            return Err(WsaError::NetworkDown);
        }
        if flags & !(WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT) != 0 {
            return Err(WsaError::Invalid);
        }
        if self.sockets.len() >= SOCKETS_MAX {
            return Err(WsaError::TooManySockets);
        }
        let id = context.host.open(protocol_of(info), family_of(info));
        Ok(self.adopt(context, Entry::new(id, info.clone())))
    }

    /// Takes a new socket into the process.
    fn adopt(&mut self, context: &mut Context<'_>, entry: Entry) -> Socket {
        let file = context.upcalls.new_file_handle();
        let s = context.upcalls.modify_ifs_handle(entry.info.entry, file);
        self.sockets.insert(s, entry);
        s
    }

    pub(super) fn bind(
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

    pub(super) fn listen(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        backlog: i32,
    ) -> Result<(), WsaError> {
        let request = Request {
            stream: Stream::Only,
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        if entry.circuit != Circuit::Unconnected {
            return Err(WsaError::IsConnected);
        }
        let backlog = usize::try_from(backlog).unwrap_or(1).clamp(1, BACKLOG_MAX);
        context.host.listen(entry.id, backlog)?;
        Ok(())
    }

    pub(super) fn accept(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        condition: Option<&mut Condition<'_>>,
    ) -> Outcome<Accepted> {
        let room = self.sockets.len() < SOCKETS_MAX;
        let request = Request {
            stream: Stream::Only,
            ..Request::NOTHING
        };
        let listener = match self.check(context.host, s, request) {
            Ok(entry) => entry,
            Err(error) => return Err(error).into(),
        };
        if !room {
            return Err(WsaError::TooManySockets).into();
        }
        listener.selection.re_enable(Enabler::Accept);
        let id = match listener.next_connection(context.host) {
            Ok(id) => id,
            Err(WsaError::WouldBlock) => return listener.would_block(),
            Err(error) => return Err(error).into(),
        };
        match listener.judge(context, id, condition) {
            Outcome::Done(Ok(())) => {}
            Outcome::Done(Err(error)) => return Err(error).into(),
            Outcome::Blocks { until } => return Outcome::Blocks { until },
        }
        let entry = listener.accepted(context.host, context.now, id);
        let name = entry.remote(context.host);
        let s = self.adopt(context, entry);
        Ok(Accepted { s, name }).into()
    }

    pub(super) fn connect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
        data: &mut ConnectData<'_>,
    ) -> Outcome<()> {
        let entry = match self.check(context.host, s, Request::NOTHING) {
            Ok(entry) => entry,
            Err(error) => return Err(error).into(),
        };
        // WSAConnect: user data on a connectionless socket is silently ignored.
        if entry.protocol == Protocol::Tcp && !matches!(data.caller, Pointer::Null) {
            return Err(WsaError::ProtocolNotSupported).into();
        }
        let Some(name) = name.inet_of(entry.family) else {
            return Err(WsaError::AddressFamilyNotSupported).into();
        };
        let outcome = entry.connect(context.host, context.now, name);
        if let (Outcome::Done(Ok(())), Pointer::To(callee)) = (&outcome, &mut data.callee) {
            callee.clear();
        }
        outcome
    }

    pub(super) fn get_peer_name(
        &mut self,
        context: &Context<'_>,
        s: Socket,
    ) -> Result<Address, WsaError> {
        let request = Request {
            connection: Connection::Needed,
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        entry.remote(context.host).ok_or(WsaError::NotConnected)
    }

    pub(super) fn get_sock_name(
        &mut self,
        context: &Context<'_>,
        s: Socket,
    ) -> Result<Address, WsaError> {
        let entry = self.check(context.host, s, Request::NOTHING)?;
        entry.local(context.host).ok_or(WsaError::Invalid)
    }
}

impl Entry {
    fn remote(&self, host: &Host) -> Option<Address> {
        Some(host.status(self.id)?.remote?.into())
    }

    fn local(&self, host: &Host) -> Option<Address> {
        Some(host.status(self.id)?.local?.into())
    }

    /// The connection that was put off, or else the next that waits.
    fn next_connection(&mut self, host: &mut Host) -> Result<SocketId, WsaError> {
        if let Some(id) = self.deferred.take() {
            return Ok(id);
        }
        host.accept(self.id).map_err(WsaError::from)
    }

    /// Lets the condition function decide about a connection. The connection is established by
    /// then, as on Windows without SO_CONDITIONAL_ACCEPT, so that a rejection resets it.
    fn judge(
        &mut self,
        context: &mut Context<'_>,
        id: SocketId,
        condition: Option<&mut Condition<'_>>,
    ) -> Outcome<()> {
        let Some(condition) = condition else {
            return Ok(()).into();
        };
        let status = context.host.status(id);
        let caller = Caller {
            name: status.as_ref().and_then(|it| it.remote).map(Address::Inet),
            data: None,
            local: status.as_ref().and_then(|it| it.local).map(Address::Inet),
        };
        let decision = condition(&caller);
        if decision == Decision::Runs {
            self.deferred = Some(id);
            context.upcalls.enter_callback(context.thread);
            return Outcome::WAITS;
        }
        context.upcalls.leave_callback(context.thread);
        match decision {
            Decision::Accept(_) => Ok(()).into(),
            Decision::Reject(_) => {
                reset(context.host, id, context.now);
                Err(WsaError::ConnectionRefused).into()
            }
            Decision::Defer | Decision::Runs => {
                self.deferred = Some(id);
                Err(WsaError::TryAgain).into()
            }
        }
    }

    /// The socket of an accepted connection: it has the properties of the listening one.
    fn accepted(&self, host: &mut Host, now: Instant, id: SocketId) -> Self {
        let mut entry = Self::new(id, self.info.clone());
        entry.circuit = Circuit::Connected;
        entry.mode = self.mode;
        entry.linger = self.linger;
        entry.no_delay = self.no_delay;
        let (event, interest) = self.selection.inherited();
        entry.selection.select(event, interest);
        host.set_linger(id, entry.linger.timeout());
        host.set_no_delay(id, entry.no_delay);
        entry.keep_alive = self.keep_alive;
        host.set_keep_alive(id, entry.keep_alive, now);
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

    fn connect(&mut self, host: &mut Host, now: Instant, name: IpEndpoint) -> Outcome<()> {
        if self.protocol == Protocol::Udp {
            return self.set_peer(host, now, name).into();
        }
        if self.circuit == Circuit::Connected {
            return Err(WsaError::IsConnected).into();
        }
        if name.addr.is_unspecified() || name.port == 0 {
            return Err(WsaError::AddressNotAvailable).into();
        }
        let result = host.connect(self.id, name, now);
        let (circuit, outcome) = match (result, self.circuit) {
            (Ok(()), _) => (Circuit::Connected, Ok(()).into()),
            // The blocking call that began the handshake learns here that it is over.
            (Err(ConnectError::AlreadyConnected), Circuit::Connecting(Mode::Blocking)) => {
                (Circuit::Connected, Ok(()).into())
            }
            (Err(ConnectError::AlreadyConnected), _) => {
                (Circuit::Connected, Err(WsaError::IsConnected).into())
            }
            (Err(ConnectError::InProgress | ConnectError::AlreadyInProgress), _)
                if self.mode == Mode::Blocking =>
            {
                (Circuit::Connecting(Mode::Blocking), Outcome::WAITS)
            }
            (Err(error @ (ConnectError::InProgress | ConnectError::AlreadyInProgress)), _) => (
                Circuit::Connecting(Mode::NonBlocking),
                Err(error.into()).into(),
            ),
            (
                Err(
                    error @ (ConnectError::Listening
                    | ConnectError::Unreachable
                    | ConnectError::Gone(_)),
                ),
                _,
            ) => (Circuit::Unconnected, Err(error.into()).into()),
        };
        self.circuit = circuit;
        outcome
    }
}

/// Resets a connection that no socket has.
pub(super) fn reset(host: &mut Host, id: SocketId, now: Instant) {
    host.set_linger(id, Some(Duration::ZERO));
    match host.close(id, now) {
        Closing::Done | Closing::Lingers(_) => {}
    }
}
