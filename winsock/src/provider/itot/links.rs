//! Transport connections on the host's TCP: opened, fed and drained, and closed when they are over.
//!
//! A connection outlives its socket, because a release goes on in the background; and it exists
//! before its socket, while a request waits for the user. TCP's listening sockets are doors, which
//! several users of ISO transport share: the called selector says who is meant.

use std::collections::VecDeque;

use hangup_stack::host::Host;
use hangup_stack::network::IpFamily;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Closing, ConnectError, Gone, Protocol, RecvError, SendError, SocketId};

use super::connection::{Connection, End, Manners, Network, NetworkEnd};
use super::table::State;
use super::tpdu::{ConnectData, DisconnectData, Reason, Reference, Selector};
use super::{Entry, Itot, LinkId, Role};
use crate::Socket;
use crate::address::IsoAddress;
use crate::error::WsaError;
use crate::provider::Context;

/// How much is taken from TCP at a time, in octets.
const READ_OCTETS: usize = 16_384;
/// The most transport connections of a process.
pub(super) const LINKS_MAX: usize = 4096;

/// A transport connection and the TCP connection that carries it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) tcp: SocketId,
    lower: Lower,
    /// None while TCP is being opened.
    pub(super) connection: Option<Connection>,
    /// The TCP listener that it came through; none for a caller.
    door: Option<IpEndpoint>,
    pub(super) user: User,
    /// How many octets may wait to be read.
    pub(super) room: usize,
    /// Where this side is, and the peer.
    pub(super) local: IsoAddress,
    pub(super) remote: IsoAddress,
}

/// Who has a transport connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    /// Nobody knows of it yet.
    New,
    /// It waits at a listening socket.
    Waits(Socket),
    /// A socket has it.
    Has,
    /// The socket was closed; what is left goes on by itself.
    Gone,
}

/// How far the TCP connection below has come.
#[derive(Clone, Debug)]
enum Lower {
    /// Its handshake goes on; then the call is made.
    Opening(Call),
    /// The handshake has failed.
    Failed(WsaError),
    Open,
    /// It was closed or reset from here.
    Done,
}

/// A call that waits for TCP.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) manners: Manners,
    pub(super) reference: Reference,
    pub(super) data: ConnectData,
}

/// A listening TCP socket.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) endpoint: IpEndpoint,
    pub(super) tcp: SocketId,
}

impl Link {
    /// A caller whose TCP handshake has begun.
    pub(super) const fn calling(
        tcp: SocketId,
        call: Call,
        local: IsoAddress,
        remote: IsoAddress,
        room: usize,
    ) -> Self {
        Self {
            tcp,
            lower: Lower::Opening(call),
            connection: None,
            door: None,
            user: User::Has,
            room,
            local,
            remote,
        }
    }

    /// Why there is no connection and will be none, where TCP could not be opened.
    pub(super) const fn failure(&self) -> Option<WsaError> {
        match &self.lower {
            Lower::Failed(error) => Some(*error),
            Lower::Opening(_) | Lower::Open | Lower::Done => None,
        }
    }

    /// Whether data and releases can still go either way.
    pub(super) fn state(&self) -> State {
        match (&self.connection, &self.lower) {
            (Some(connection), _) => connection.state(),
            (None, Lower::Failed(_) | Lower::Done) => State::Closed,
            (None, Lower::Opening(_) | Lower::Open) => State::AwaitingConfirm,
        }
    }

    /// Hands octets both ways, as far as TCP takes and has them.
    pub(super) fn go_on(&mut self, host: &mut Host, now: Instant) {
        self.open(host, now);
        let Some(connection) = &mut self.connection else {
            return;
        };
        if matches!(self.lower, Lower::Done) {
            return;
        }
        read(host, now, self.tcp, connection, self.room);
        connection.on_time(now);
        let disrupted = matches!(
            connection.end(),
            Some(End::Disrupted(..) | End::Rejected(_) | End::Network(NetworkEnd::Reset))
        );
        if disrupted && purges(host) {
            connection.purge();
        }
        write(host, self.tcp, connection);
        if !connection.poll_transmit().is_empty() {
            return;
        }
        match connection.network() {
            Network::Keep => {}
            Network::Close => {
                // What still waits in TCP would turn the close into a reset.
                while host
                    .recv(self.tcp, &mut [0; READ_OCTETS])
                    .is_ok_and(|octets| octets > 0)
                {}
                close(host, self.tcp, now);
                self.lower = Lower::Done;
            }
            Network::Reset => {
                reset(host, self.tcp, now);
                self.lower = Lower::Done;
            }
        }
    }

    /// Makes the call once TCP is open.
    fn open(&mut self, host: &mut Host, now: Instant) {
        let Lower::Opening(call) = &self.lower else {
            return;
        };
        match host.connect(self.tcp, self.remote.network, now) {
            Err(ConnectError::InProgress | ConnectError::AlreadyInProgress) => {}
            Ok(()) | Err(ConnectError::AlreadyConnected) => {
                let selector = |octets: &[u8]| Selector::cut(octets);
                let selectors = (
                    selector(&self.local.selector),
                    selector(&self.remote.selector),
                );
                let Call {
                    manners,
                    reference,
                    data,
                } = call.clone();
                let connection = Connection::call(manners, reference, selectors, data, now);
                self.connection = Some(connection);
                self.lower = Lower::Open;
                if let Some(local) = host.status(self.tcp).and_then(|status| status.local) {
                    self.local.network = local;
                }
            }
            Err(
                error @ (ConnectError::Listening
                | ConnectError::Unreachable
                | ConnectError::Gone(_)),
            ) => {
                self.lower = Lower::Failed(error.into());
                close(host, self.tcp, now);
            }
        }
    }

    /// Refuses the request.
    pub(super) fn turn_away(&mut self, reason: Reason, data: DisconnectData) {
        if let Some(connection) = &mut self.connection {
            connection.refuse(reason, data);
        }
        self.user = User::Gone;
    }

    /// Ends the connection without a word to anybody.
    pub(super) fn cut(&mut self, host: &mut Host, now: Instant) {
        match self.lower {
            Lower::Opening(_) | Lower::Open => reset(host, self.tcp, now),
            Lower::Failed(_) | Lower::Done => {}
        }
        self.lower = Lower::Done;
        self.user = User::Gone;
    }

    /// Whether nothing is left to do and nobody wants it.
    fn is_over(&self) -> bool {
        let lower = matches!(self.lower, Lower::Done | Lower::Failed(_));
        match self.user {
            User::Gone | User::New => lower,
            User::Waits(_) | User::Has => false,
        }
    }
}

/// Whether an abortive end takes what was not read yet with it, as a reset of TCP does.
fn purges(host: &Host) -> bool {
    let profile = host.profile();
    profile.is_some_and(|profile| profile.calls.reset_purges_queue)
}

/// Takes what TCP has, as long as there is room for messages.
fn read(host: &mut Host, now: Instant, tcp: SocketId, connection: &mut Connection, room: usize) {
    let mut buffer = [0; READ_OCTETS];
    while connection.state() != State::Closed && connection.has_room(room) {
        match host.recv(tcp, &mut buffer) {
            Ok(0) => connection.on_network_end(NetworkEnd::Closed),
            Ok(octets) => connection.on_octets(&buffer[..octets], now),
            Err(RecvError::WouldBlock) => return,
            Err(RecvError::Gone(gone)) => connection.on_network_end(end_of(gone)),
            Err(
                RecvError::NotConnected
                | RecvError::NotBound
                | RecvError::Shutdown
                | RecvError::Truncated(_),
            ) => connection.on_network_end(NetworkEnd::Closed),
        }
    }
}

/// Hands TCP what it takes.
fn write(host: &mut Host, tcp: SocketId, connection: &mut Connection) {
    while !connection.poll_transmit().is_empty() {
        match host.send(tcp, connection.poll_transmit()) {
            Ok(octets) => connection.transmitted(octets),
            Err(SendError::WouldBlock) => return,
            Err(SendError::Gone(gone)) => connection.on_network_end(end_of(gone)),
            Err(
                SendError::NotConnected
                | SendError::Shutdown
                | SendError::MessageTooLong
                | SendError::NoDestination
                | SendError::Unreachable,
            ) => connection.on_network_end(NetworkEnd::Closed),
        }
    }
}

const fn end_of(gone: Gone) -> NetworkEnd {
    match gone {
        Gone::Reset
        | Gone::Aborted
        | Gone::Refused
        | Gone::NetworkUnreachable
        | Gone::HostUnreachable
        | Gone::ProtocolUnreachable => NetworkEnd::Reset,
        Gone::TimedOut => NetworkEnd::TimedOut,
    }
}

/// Closes a TCP socket gracefully.
pub(super) fn close(host: &mut Host, tcp: SocketId, now: Instant) {
    host.set_linger(tcp, None);
    match host.close(tcp, now) {
        Closing::Done | Closing::Lingers(_) => {}
    }
}

/// Resets a TCP connection.
fn reset(host: &mut Host, tcp: SocketId, now: Instant) {
    host.set_linger(tcp, Some(Duration::ZERO));
    match host.close(tcp, now) {
        Closing::Done | Closing::Lingers(_) => {}
    }
}

/// A TCP socket for a transport connection: what a TPDU needs is sent at once, because the peer
/// acts on whole TPDUs only.
pub(super) fn tcp_socket(host: &mut Host, to: IpEndpoint) -> SocketId {
    let tcp = host.open(Protocol::Tcp, IpFamily::of(to.addr));
    host.set_no_delay(tcp, true);
    tcp
}

impl Itot {
    /// Lets everything go on, as far as the stack lets it.
    pub(super) fn pump(&mut self, context: &mut Context<'_>) {
        self.answer_doors(context);
        let ids: Vec<LinkId> = self.links.keys().copied().collect();
        for id in ids {
            self.pump_one(context, id);
        }
        self.links.retain(|_, link| !link.is_over());
    }

    /// Lets one connection go on.
    pub(super) fn pump_one(&mut self, context: &mut Context<'_>, id: LinkId) {
        let (host, now) = (&mut *context.host, context.now);
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.go_on(host, now);
        if link.user == User::New && link.state() == State::AwaitingResponse {
            self.announce(id);
            if let Some(link) = self.links.get_mut(&id) {
                link.go_on(host, now);
            }
        }
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        // A caller that goes away while it waits is never heard of.
        if let User::Waits(listener) = link.user
            && link.state() == State::Closed
        {
            link.user = User::Gone;
            if let Some(queue) = self.sockets.get_mut(&listener).and_then(Entry::queue_mut) {
                queue.retain(|waiting| *waiting != id);
            }
        }
    }

    /// Takes the TCP connections that have come.
    fn answer_doors(&mut self, context: &mut Context<'_>) {
        let Some(manners) = Self::manners(context.host, super::negotiate::Agreed::Two) else {
            return;
        };
        for at in 0..self.doors.len() {
            let (tcp, endpoint) = (self.doors[at].tcp, self.doors[at].endpoint);
            while self.links.len() < LINKS_MAX {
                let Ok(child) = context.host.accept(tcp) else {
                    break;
                };
                context.host.set_no_delay(child, true);
                let status = context.host.status(child);
                let place = |network: Option<IpEndpoint>| IsoAddress {
                    selector: Vec::new(),
                    network: network.unwrap_or(endpoint),
                };
                let reference = self.reference();
                let id = self.link_id();
                let link = Link {
                    tcp: child,
                    lower: Lower::Open,
                    connection: Some(Connection::listen(manners, reference, context.now)),
                    door: Some(endpoint),
                    user: User::New,
                    room: super::BUFFER,
                    local: place(status.as_ref().and_then(|status| status.local)),
                    remote: place(status.as_ref().and_then(|status| status.remote)),
                };
                self.links.insert(id, link);
            }
        }
    }

    /// Finds the socket that a request is for.
    fn announce(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let (Some(connection), Some(door)) = (&mut link.connection, link.door) else {
            return;
        };
        let Some(request) = connection.request() else {
            return;
        };
        link.local.selector = request.called().to_vec();
        link.remote.selector = request.calling().to_vec();
        let listener = listener(&mut self.sockets, door, request.called());
        let verdict = match listener {
            None => Err(Reason::ADDRESS_UNKNOWN),
            Some((s, class, queue, backlog)) => {
                connection.set_class(class);
                if queue.len() >= backlog {
                    Err(Reason::CONGESTION_AT_TSAP)
                } else {
                    connection.is_acceptable().map(|()| {
                        queue.push_back(id);
                        s
                    })
                }
            }
        };
        match verdict {
            Ok(s) => link.user = User::Waits(s),
            Err(reason) => link.turn_away(reason, DisconnectData::EMPTY),
        }
    }

    /// How connections of a class behave on a host; none where its profile has no ISO transport.
    pub(super) fn manners(host: &Host, class: super::negotiate::Agreed) -> Option<Manners> {
        let rules = host.profile()?.iso?;
        Some(Manners::of(&rules, class))
    }

    /// The listening TCP socket of an address, which is opened if there is none.
    pub(super) fn open_door(
        &mut self,
        host: &mut Host,
        endpoint: IpEndpoint,
        now: Instant,
    ) -> Result<(), WsaError> {
        if self.doors.iter().any(|door| door.endpoint == endpoint) {
            return Ok(());
        }
        let tcp = tcp_socket(host, endpoint);
        let address = (!endpoint.addr.is_unspecified()).then_some(endpoint.addr);
        let bound = host.bind(tcp, address, endpoint.port);
        let listens = bound
            .map_err(WsaError::from)
            .and_then(|()| Ok(host.listen(tcp, super::sockets::BACKLOG_MAX)?));
        match listens {
            Ok(()) => {
                self.doors.push(Door { endpoint, tcp });
                Ok(())
            }
            Err(error) => {
                close(host, tcp, now);
                Err(error)
            }
        }
    }

    /// Closes a listening TCP socket that nobody listens behind any more.
    pub(super) fn close_door(&mut self, host: &mut Host, endpoint: IpEndpoint, now: Instant) {
        let is_used = self.sockets.values().any(|entry| match &entry.role {
            Role::Listening { door, .. } => *door == endpoint,
            Role::Idle | Role::Circuit(_) => false,
        });
        if is_used {
            return;
        }
        self.doors.retain(|door| {
            if door.endpoint == endpoint {
                close(host, door.tcp, now);
            }
            door.endpoint != endpoint
        });
    }

    pub(super) fn link_id(&mut self) -> LinkId {
        self.next_link += 1;
        LinkId(self.next_link)
    }

    /// A number for a connection that no other has. 0 is none.
    pub(super) fn reference(&mut self) -> Reference {
        // There are fewer links than references, so that the search ends.
        loop {
            self.next_reference = self.next_reference.checked_add(1).unwrap_or(1);
            let reference = self.next_reference;
            let used = |link: &Link| {
                let connection = link.connection.as_ref();
                connection.is_some_and(|connection| connection.reference() == reference)
            };
            if !self.links.values().any(used) {
                return reference;
            }
        }
    }
}

/// The socket that listens for a selector behind a door: the one that is bound to it, or else the
/// one that is bound to no selector.
fn listener<'a>(
    sockets: &'a mut std::collections::BTreeMap<Socket, Entry>,
    door: IpEndpoint,
    called: &[u8],
) -> Option<(
    Socket,
    super::negotiate::Agreed,
    &'a mut VecDeque<LinkId>,
    usize,
)> {
    let find = |selector: &[u8]| {
        let mut sockets = sockets.iter();
        let found = sockets.find(|(_, entry)| match (&entry.role, &entry.bound) {
            (Role::Listening { door: own, .. }, Some(bound)) => {
                *own == door && bound.selector == selector
            }
            (Role::Listening { .. } | Role::Idle | Role::Circuit(_), _) => false,
        });
        found.map(|(s, _)| *s)
    };
    let s = find(called).or_else(|| find(&[]))?;
    let entry = sockets.get_mut(&s)?;
    let class = entry.class();
    match &mut entry.role {
        Role::Listening { queue, backlog, .. } => Some((s, class, queue, *backlog)),
        Role::Idle | Role::Circuit(_) => None,
    }
}
