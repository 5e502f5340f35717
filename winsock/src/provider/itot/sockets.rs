//! WSPSocket, WSPBind, WSPListen, WSPAccept, WSPConnect, and the addresses of a socket.
//!
//! A request is confirmed when the application accepts it, because that is when it can give connect
//! data: until then the caller waits. (Over TCP the stack has accepted long before.)

use std::collections::VecDeque;

use hangup_stack::smoltcp::time::Instant;
use hangup_stack::socket::{ConnectError, Protocol, SocketId};

use super::connection::DisconnectIndication;
use super::entry::{Attempt, Entry, Itot, LinkId, Role};
use super::link::{LINKS_MAX, Link, PendingConnect, User, close, error_of, tcp_socket};
use super::negotiate::Agreed;
use super::protocols::PORT;
use super::table::State;
use super::tpdu::{CONNECT_DATA_MAX, ConnectData as Data, DisconnectData, Reason, SELECTOR_MAX};
use crate::address::{AF_ISO, Address, IsoAddress};
use crate::catalog::ProtocolInfo;
use crate::error::WsaError;
use crate::notify::Enabler;
use crate::process::{Pointer, Progress, Socket};
use crate::provider::base::{self, Circuit, Mode, Request, SOCKETS_MAX};
use crate::provider::call::{
    Accepted, Caller, ConditionFunction, ConnectData, Context, Decision, WspData,
};
use crate::provider::check::Check;
use crate::provider::spi::{Layered, Provider, Sockets};
use crate::version::Version;
use crate::waiting::Unfinished;

impl Layered for Itot {}

impl Provider for Itot {
    fn startup(&mut self, requested: Version, _: &ProtocolInfo) -> Result<WspData, WsaError> {
        WspData::negotiate(requested, "hangup ISO transport over TCP")
    }

    fn address_to_string(&self, address: &Address) -> Result<String, WsaError> {
        match address {
            Address::Iso(_) => Ok(address.to_string()),
            Address::Inet(_) => Err(WsaError::Invalid),
        }
    }

    fn string_to_address(&self, text: &str, family: i32) -> Result<Address, WsaError> {
        let address = IsoAddress::parse(text).ok_or(WsaError::Invalid)?;
        match family {
            AF_ISO => Ok(Address::Iso(address)),
            _ => Err(WsaError::Invalid),
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

impl Sockets for Itot {
    fn socket(
        &mut self,
        context: &mut Context<'_>,
        info: &ProtocolInfo,
        flags: u32,
    ) -> Result<Socket, WsaError> {
        base::may_open(context, flags, self.sockets.len())?;
        if Self::manners(context.host, Agreed::Two).is_none() {
            return Err(WsaError::ProtocolNotSupported);
        }
        Ok(self.adopt(context, Entry::new(info.clone())))
    }

    fn bind(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
    ) -> Result<(), WsaError> {
        self.check(context, s, Request::NOTHING)?;
        let name = iso(name).ok_or(WsaError::Fault)?;
        let address = name.network.addr;
        if !address.is_unspecified() && !context.host.addresses().contains(&address) {
            return Err(WsaError::AddressNotAvailable);
        }
        let mut others = self.sockets.values().filter(|entry| match entry.role {
            Role::Idle | Role::Listening { .. } => true,
            Role::Circuit(_) => false,
        });
        if others.any(|entry| entry.bound.as_ref() == Some(&name)) {
            return Err(WsaError::AddressInUse);
        }
        let entry = self.sockets.get_mut(&s).ok_or(WsaError::NotSocket)?;
        if entry.bound.is_some() || entry.link().is_some() {
            return Err(WsaError::Invalid);
        }
        entry.bound = Some(name);
        Ok(())
    }

    fn listen(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        backlog: i32,
    ) -> Result<(), WsaError> {
        let entry = self.check(context, s, Request::NOTHING)?;
        let most = base::backlog(backlog);
        match &mut entry.role {
            Role::Circuit(_) => return Err(WsaError::IsConnected),
            Role::Listening { backlog, .. } => {
                *backlog = most;
                return Ok(());
            }
            Role::Idle => {}
        }
        let door = entry.bound.as_ref().ok_or(WsaError::Invalid)?.network;
        self.open_door(context.host, door, context.now)?;
        let entry = self.sockets.get_mut(&s).ok_or(WsaError::NotSocket)?;
        entry.role = Role::Listening {
            door,
            queue: VecDeque::new(),
            backlog: most,
        };
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
            let listener = self.check(context, s, Request::NOTHING)?;
            if !room {
                return Err(WsaError::TooManySockets.into());
            }
            listener.selection.re_enable(Enabler::Accept);
            let mode = listener.mode;
            let queue = listener.queue_mut().ok_or(WsaError::Invalid)?;
            let id = match (queue.front(), mode) {
                (Some(&id), _) => id,
                (None, Mode::Blocking) => return Err(Unfinished::Waits(None)),
                (None, Mode::NonBlocking) => return Err(WsaError::WouldBlock.into()),
            };
            let own = listener.user_data.outgoing_connect();
            let judged = self.judge(context, id, condition);
            if matches!(
                judged,
                Ok(_) | Err(Unfinished::Failed(WsaError::ConnectionRefused))
            ) {
                self.dequeue(s, id);
            }
            let data = judged?.unwrap_or(own);
            Ok(self.accept_link(context, s, id, data)?)
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
            let fits = match (&data.caller, &data.callee) {
                (Pointer::Bad, _) | (_, Pointer::Bad) => false,
                (Pointer::To(data), _) => data.len() <= CONNECT_DATA_MAX,
                (Pointer::Null, _) => true,
            };
            let request = Request {
                memory: Check::that(fits),
                ..Request::NOTHING
            };
            let entry = self.check(context, s, request)?;
            // RFC 905 section 8.2.2: class 0 has no user data.
            if entry.class() == Agreed::Zero && !matches!(data.caller, Pointer::Null) {
                return Err(WsaError::ProtocolNotSupported.into());
            }
            match (&entry.role, entry.circuit) {
                (Role::Listening { .. }, _) => return Err(WsaError::Invalid.into()),
                _ if entry.has_news() => return Ok(entry.tell(data)?),
                (_, Circuit::Connected) => return Err(WsaError::IsConnected.into()),
                (Role::Circuit(_), _) => return entry.goes_on(Again::Yes),
                (Role::Idle, _) => {}
            }
            let name = iso(name).ok_or(WsaError::AddressFamilyNotSupported)?;
            self.call(context, s, name, data)?;
            self.flush(context.host, context.now, s);
            let entry = self.sockets.get(&s).ok_or(WsaError::NotSocket)?;
            entry.goes_on(Again::No)
        })
    }

    fn get_peer_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        self.check(context, s, Request::CONNECTED)?;
        let (_, link) = self.circuit(s).ok_or(WsaError::NotConnected)?;
        Ok(Address::Iso(link.remote.clone()))
    }

    fn get_sock_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        self.check(context, s, Request::NOTHING)?;
        if let Some((_, link)) = self.circuit(s) {
            return Ok(Address::Iso(link.local.clone()));
        }
        let entry = self.sockets.get(&s).ok_or(WsaError::NotSocket)?;
        let bound = entry.bound.clone().ok_or(WsaError::Invalid)?;
        Ok(Address::Iso(bound))
    }
}

impl Itot {
    /// Makes the checks of a call on a socket, after everything has gone on as far as it can.
    pub(super) fn check(
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
        let connected = Check::that(entry.circuit == Circuit::Connected);
        request.verdict(context.host, Protocol::Tcp, connected)?;
        Ok(entry)
    }

    /// Takes a new socket into the process. Its handle is one of Ws2_32.dll's own: the catalog
    /// entry has no XP1_IFS_HANDLES.
    fn adopt(&mut self, context: &mut Context<'_>, entry: Entry) -> Socket {
        let s = context.upcalls.create_socket_handle(entry.info.entry, 0);
        self.sockets.insert(s, entry);
        s
    }

    /// Lets the condition function decide about a request. Gives the data that goes back with the
    /// confirmation, where it has some.
    fn judge(
        &mut self,
        context: &mut Context<'_>,
        id: LinkId,
        condition: Option<&mut ConditionFunction<'_>>,
    ) -> Result<Option<Data>, Unfinished> {
        let Some(condition) = condition else {
            return Ok(None);
        };
        let link = self.links.get_mut(&id).ok_or(WsaError::WouldBlock)?;
        let request = link.connection.as_ref().and_then(|it| it.request());
        let caller = Caller {
            name: Some(Address::Iso(link.remote.clone())),
            data: request.map(|request| request.data().to_vec()),
            local: Some(Address::Iso(link.local.clone())),
        };
        match base::decide(context, condition, &caller)? {
            Decision::Accept(data) => {
                let data = Data::new(&data).ok_or(WsaError::Fault)?;
                Ok((!data.is_empty()).then_some(data))
            }
            Decision::Reject(data) => {
                link.turn_away(Reason::NORMAL, DisconnectData::cut(&data));
                link.go_on(context.host, context.now);
                Err(WsaError::ConnectionRefused.into())
            }
            Decision::Defer | Decision::Runs => Err(WsaError::TryAgain.into()),
        }
    }

    fn dequeue(&mut self, s: Socket, id: LinkId) {
        if let Some(queue) = self.sockets.get_mut(&s).and_then(Entry::queue_mut) {
            queue.retain(|waiting| *waiting != id);
        }
    }

    /// Confirms a request, and makes its socket: it has the properties of the listening one.
    fn accept_link(
        &mut self,
        context: &mut Context<'_>,
        listener: Socket,
        id: LinkId,
        data: Data,
    ) -> Result<Accepted, WsaError> {
        let listener = self.sockets.get(&listener).ok_or(WsaError::NotSocket)?;
        let link = self.links.get_mut(&id).ok_or(WsaError::ConnectionAborted)?;
        let connection = link.connection.as_mut();
        let connection = connection.ok_or(WsaError::ConnectionAborted)?;
        // What the queue holds can be accepted: it was looked at when it came.
        connection
            .accept(data)
            .map_err(|_| WsaError::ConnectionAborted)?;
        let peer = connection.request().map(|request| request.data().to_vec());
        link.user = User::Has;
        link.room = listener.receive_buffer;
        link.go_on(context.host, context.now);
        let name = Some(Address::Iso(link.remote.clone()));
        let mut entry = Entry::new(listener.info.clone());
        entry.role = Role::Circuit(id);
        entry.circuit = Circuit::Connected;
        entry.mode = listener.mode;
        entry.linger = listener.linger;
        entry.receive_buffer = listener.receive_buffer;
        entry.send_buffer = listener.send_buffer;
        entry.user_data = listener.user_data.inherited();
        entry.user_data.connected(&peer.unwrap_or_default());
        let (event, interest) = listener.selection.inherited();
        entry.selection.select(event, interest);
        let s = self.adopt(context, entry);
        Ok(Accepted { s, name })
    }

    /// Begins a connection.
    fn call(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        remote: IsoAddress,
        data: &ConnectData<'_>,
    ) -> Result<(), WsaError> {
        if remote.network.addr.is_unspecified() {
            return Err(WsaError::AddressNotAvailable);
        }
        if self.links.len() >= LINKS_MAX {
            return Err(WsaError::NoBuffers);
        }
        let (reference, id) = (self.reference(), self.link_id());
        let entry = self.sockets.get_mut(&s).ok_or(WsaError::NotSocket)?;
        let manners = Self::manners(context.host, entry.class());
        let manners = manners.ok_or(WsaError::ProtocolNotSupported)?;
        let data = match data.caller {
            Pointer::To(octets) => Data::cut(octets),
            Pointer::Null | Pointer::Bad => entry.user_data.outgoing_connect(),
        };
        let (host, now) = (&mut *context.host, context.now);
        let tcp = tcp_socket(host, remote.network, now);
        // Any port will do for a caller; the address is the one that was asked for.
        let bound = entry.bound.as_ref();
        let address = bound.map(|bound| bound.network.addr);
        let address = address.filter(|address| !address.is_unspecified());
        let begun = match address {
            Some(address) => host.bind(tcp, Some(address), 0).map_err(WsaError::from),
            None => Ok(()),
        };
        let begun = begun.and_then(|()| match host.connect(tcp, remote.network, now) {
            Ok(()) | Err(ConnectError::InProgress) => Ok(()),
            Err(error) => Err(error.into()),
        });
        if let Err(error) = begun {
            close(host, tcp, now);
            return Err(error);
        }
        let local = IsoAddress {
            selector: bound.map_or_else(Vec::new, |bound| bound.selector.clone()),
            network: host
                .status(tcp)
                .and_then(|status| status.local)
                .unwrap_or(remote.network),
        };
        let call = PendingConnect {
            manners,
            reference,
            data,
        };
        let link = Link::calling(tcp, call, local, remote, entry.receive_buffer);
        entry.role = Role::Circuit(id);
        entry.circuit = Circuit::Connecting(entry.mode);
        self.links.insert(id, link);
        Ok(())
    }

    /// Learns how a connection attempt has ended.
    pub(super) fn settle(&mut self, s: Socket) {
        let Some((entry, link)) = self.circuit(s) else {
            return;
        };
        let Circuit::Connecting(by) = entry.circuit else {
            return;
        };
        let error = match (link.failure(), &link.connection) {
            (Some(error), _) => Some(error),
            (None, None) => return,
            (None, Some(connection)) => match (connection.state(), connection.end()) {
                (State::Open, _) => None,
                (
                    State::Closed | State::Releasing,
                    Some(DisconnectIndication::Refused(_, data)),
                ) => {
                    entry.user_data.connected(data.as_slice());
                    Some(WsaError::ConnectionRefused)
                }
                (State::Closed | State::Releasing, Some(end)) => Some(error_of(end)),
                (State::Closed | State::Releasing, None) => Some(WsaError::ConnectionAborted),
                (
                    State::AwaitingRequest
                    | State::AwaitingConfirm
                    | State::AwaitingResponse
                    | State::AnswerWithheld,
                    _,
                ) => return,
            },
        };
        let result = error.map_or(Ok(()), Err);
        entry.attempt = Some(Attempt { by, result });
        match error {
            None => {
                if let Some(connection) = &link.connection {
                    let data = connection.confirmed_data().as_slice().to_vec();
                    entry.user_data.connected(&data);
                }
                entry.circuit = Circuit::Connected;
            }
            Some(_) => {
                // The socket may try again.
                link.user = User::Gone;
                entry.circuit = Circuit::Unconnected;
                entry.role = Role::Idle;
            }
        }
    }
}

impl Entry {
    /// Whether a connection attempt has ended and `connect` has to say so: the call that waits for
    /// it, or the next one after a failure.
    fn has_news(&self) -> bool {
        self.attempt
            .is_some_and(|attempt| attempt.by == Mode::Blocking || attempt.result.is_err())
    }

    /// Says how the connection attempt has ended, and hands over the data that came with it.
    fn tell(&mut self, data: &mut ConnectData<'_>) -> Result<(), WsaError> {
        let attempt = self.attempt.take();
        let copied = self.user_data.returned_connect(data);
        // Of two errors the missing connection is the greater.
        attempt.map_or(Ok(()), |attempt| attempt.result).and(copied)
    }

    /// What `connect` says while the attempt goes on.
    fn goes_on(&self, again: Again) -> Result<(), Unfinished> {
        match (self.mode, again) {
            (Mode::Blocking, _) => Err(Unfinished::Waits(None)),
            (Mode::NonBlocking, Again::No) => Err(WsaError::WouldBlock.into()),
            (Mode::NonBlocking, Again::Yes) => Err(WsaError::Already.into()),
        }
    }
}

/// Whether `connect` has been called before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    Yes,
    No,
}

/// The transport address that is meant; none where it is of another family, or its selector is too
/// long.
fn iso(name: &Address) -> Option<IsoAddress> {
    match name {
        Address::Iso(address) if address.selector.len() <= SELECTOR_MAX => {
            let mut address = address.clone();
            if address.network.port == 0 {
                address.network.port = PORT;
            }
            Some(address)
        }
        Address::Iso(_) | Address::Inet(_) => None,
    }
}
