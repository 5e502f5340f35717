//! The socket layer of a host: each call is passed to the protocol behind the socket.

use std::collections::VecDeque;

use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::error_queue::{Report, Wish};
use crate::host::{Host, Stack};
use crate::network::IpFamily;
use crate::options::{SocketOption, SocketOptions, Source, ZERO_COPY};
use crate::profile::{
    AcceptOfReset, ConnectingShutdown, EndOfRecord, ListenerShutdown, RecvAfter, Transport,
    Unconnected, UrgentData,
};
use crate::reference::ReferenceSocket;
use crate::socket::{
    AcceptError, BindError, Closing, Direction, Gone, ListenError, Protocol, RecvError,
    SOCKET_OCTETS, SendError, ShutdownError, SocketEnds, SocketId, Status, Take, UrgentError,
};
use crate::table::{Aborts, Bound, Entry, Idle, Kind, Listening};
use crate::tcp::{Connection, State};
use crate::udp::UdpSocket;

impl Host {
    /// Opens a socket.
    pub fn open(&mut self, protocol: Protocol, family: IpFamily) -> SocketId {
        let stack = self.stack_mut();
        let kind = match (protocol, stack.profile.transport) {
            (Protocol::Tcp, Transport::Hangup) => Kind::Idle(Idle::default()),
            (Protocol::Tcp, Transport::Smoltcp) => Kind::Reference(ReferenceSocket::default()),
            (Protocol::Udp, _) => {
                let receive_buffer = stack.defaults.receive_buffer;
                Kind::Udp(UdpSocket::new(&stack.profile.udp, receive_buffer))
            }
        };
        let id = stack.next_socket();
        let options = stack.defaults.clone();
        stack.entries.insert(id, Entry::new(family, kind, options));
        id
    }

    /// Gives the socket a local address; port 0 picks a free one; no address means every address of
    /// the host.
    ///
    /// # Errors
    /// See [`BindError`].
    pub fn bind(
        &mut self,
        socket: SocketId,
        address: Option<IpAddress>,
        port: u16,
    ) -> Result<(), BindError> {
        self.stack_mut().bind(socket, address, port)
    }

    /// Lets a TCP socket take connections; `backlog` of them may wait for `accept`.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub fn listen(&mut self, socket: SocketId, backlog: usize) -> Result<(), ListenError> {
        let stack = self.stack_mut();
        let Some(entry) = stack.entries.get_mut(&socket) else {
            return Err(ListenError::Connected);
        };
        // Like every system, take a backlog of nothing for one.
        let backlog = backlog.max(1);
        match &mut entry.kind {
            Kind::Idle(Idle {
                bound: Some(bound), ..
            }) => {
                // Linux: inet_csk_delack_init
                entry.options.acknowledging = None;
                let (children, ready) = (0, VecDeque::new());
                let bound = *bound;
                entry.kind = Kind::Listening(Listening {
                    bound,
                    backlog,
                    children,
                    ready,
                    offered: 0,
                    aborts: Aborts::No,
                    requests: VecDeque::new(),
                });
                Ok(())
            }
            Kind::Idle(Idle { bound: None, .. }) => Err(ListenError::NotBound),
            Kind::Listening(listening) => {
                listening.backlog = backlog;
                Ok(())
            }
            Kind::Connection(_) => Err(ListenError::Connected),
            Kind::Udp(_) => Err(ListenError::Unsupported),
            Kind::Reference(_) => stack.reference_listen(socket),
        }
    }

    /// Takes an established connection from a listening socket.
    ///
    /// # Errors
    /// See [`AcceptError`].
    pub fn accept(&mut self, socket: SocketId) -> Result<SocketId, AcceptError> {
        let stack = self.stack_mut();
        if stack.profile.calls.accept_of_reset == AcceptOfReset::Vanishes {
            stack.forget_reset_children(socket);
        }
        let Some(entry) = stack.entries.get_mut(&socket) else {
            return Err(AcceptError::NotListening);
        };
        match &mut entry.kind {
            Kind::Listening(listening) => {
                let aborts = stack.profile.calls.accept_of_reset == AcceptOfReset::Aborts;
                let Some(child) = listening.ready.pop_front() else {
                    return Err(match listening.aborts {
                        Aborts::No => AcceptError::WouldBlock,
                        Aborts::Once => {
                            listening.aborts = Aborts::No;
                            AcceptError::Aborted
                        }
                        Aborts::Always => AcceptError::Aborted,
                    });
                };
                listening.children -= 1;
                let over = |connection: &Connection| connection.state() == State::Closed;
                if aborts && stack.connection(child).is_some_and(over) {
                    stack.remove(child);
                    return Err(AcceptError::Aborted);
                }
                if let Some(child) = stack.entries.get_mut(&child) {
                    child.parent = None;
                }
                if let Some(connection) = stack.connection_mut(child) {
                    connection.note_accepted();
                }
                Ok(child)
            }
            Kind::Idle(_) | Kind::Connection(_) => Err(AcceptError::NotListening),
            Kind::Udp(_) => Err(AcceptError::Unsupported),
            Kind::Reference(_) => stack.reference_accept(socket),
        }
    }

    /// Takes the peer of a UDP socket away that [`Host::connect`] has set.
    pub fn forget_peer(&mut self, socket: SocketId) {
        self.stack_mut().udp_disconnect(socket);
    }

    /// Whether the system has urgent data beside the stream.
    pub fn has_urgent_data(&self) -> bool {
        self.stack().profile.calls.urgent == UrgentData::OutOfBand
    }

    /// The last octet of the next [`Host::send`] is urgent (MSG_OOB).
    pub fn mark_urgent(&mut self, socket: SocketId) {
        if let Some(connection) = self.stack_mut().connection_mut(socket) {
            connection.mark_urgent();
        }
    }

    /// Reads the urgent octet of a stream by itself (MSG_OOB); `leaves` it to be read again.
    ///
    /// # Errors
    /// See [`UrgentError`].
    pub fn recv_urgent(&mut self, socket: SocketId, leaves: bool) -> Result<u8, UrgentError> {
        match self
            .stack_mut()
            .entries
            .get_mut(&socket)
            .map(|entry| &mut entry.kind)
        {
            Some(Kind::Connection(connection)) => connection.recv_urgent(leaves),
            Some(Kind::Listening(_)) => Err(UrgentError::NotConnected),
            Some(Kind::Idle(_) | Kind::Udp(_) | Kind::Reference(_)) | None => {
                Err(UrgentError::None)
            }
        }
    }

    /// Whether a send on a stream with MSG_EOR fails.
    pub fn fails_records(&self) -> bool {
        self.stack().profile.calls.end_of_record == EndOfRecord::Fails
    }

    /// A record ends with the octets of the next [`Host::send`], if it takes them all (MSG_EOR):
    /// what comes behind them begins a segment of its own, where the system has that.
    pub fn end_record(&mut self, socket: SocketId) {
        let stack = self.stack_mut();
        let ends = stack.profile.calls.end_of_record == EndOfRecord::EndsSegment;
        if let Some(connection) = stack.connection_mut(socket).filter(|_| ends) {
            connection.end_record();
        }
    }

    /// The next [`Host::send`] has segments of its own up to each of these octets.
    pub fn break_write(&mut self, socket: SocketId, breaks: Vec<usize>) {
        if let Some(connection) = self.stack_mut().connection_mut(socket) {
            connection.break_write(breaks);
        }
    }

    /// A program wants to hear of what it has just written to a stream: of `octets` octets, the
    /// beginning of `whole`, which are being written.
    pub fn watch_write(&mut self, socket: SocketId, octets: usize, whole: usize, wish: Wish) {
        if let Some(connection) = self.stack_mut().connection_mut(socket) {
            connection.watch_write(octets, whole, wish);
        }
    }

    /// What is being written ends with what was taken of it by now.
    pub fn cut_write(&mut self, socket: SocketId) {
        if let Some(connection) = self.stack_mut().connection_mut(socket) {
            connection.cut_write();
        }
    }

    /// Whether sockets have error queues.
    pub fn keeps_error_queues(&self) -> bool {
        self.profile().is_some_and(|it| ZERO_COPY.exists(it))
    }

    /// The next entry of a socket's error queue, which is taken out.
    pub fn take_report(&mut self, socket: SocketId) -> Option<Report> {
        self.stack_mut().connection_mut(socket)?.take_report()
    }

    /// Sends one datagram. On a connected TCP socket the address is ignored.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn send_to(
        &mut self,
        socket: SocketId,
        data: &[u8],
        remote: IpEndpoint,
    ) -> Result<usize, SendError> {
        let stack = self.stack_mut();
        match stack.entries.get(&socket).map(|entry| &entry.kind) {
            Some(Kind::Udp(_)) => stack.udp_send(socket, data, Some(remote)),
            _ => self.send(socket, data),
        }
    }

    /// Reads octets; 0 is the end of the stream (for UDP: an empty datagram, or the end after a
    /// receive shutdown).
    ///
    /// # Errors
    /// See [`RecvError`].
    pub fn recv(&mut self, socket: SocketId, buffer: &mut [u8]) -> Result<usize, RecvError> {
        self.read(socket, buffer, Take::Yes)
            .map(|(octets, _)| octets)
    }

    /// Says how many octets receives still want that waited before the receive direction was shut
    /// down. While it is not 0, data that arrives is theirs; when it becomes 0, what they have left
    /// over is as undeliverable as data that is queued at the call.
    pub fn await_receives(&mut self, socket: SocketId, octets: usize) {
        let stack = self.stack_mut();
        stack.touch(socket);
        if let Some(connection) = stack.connection_mut(socket) {
            connection.await_receives(octets);
        }
    }

    /// Reads for a receive that waited before the receive direction was shut down: what arrives for
    /// it ([`Host::await_receives`]), then how the stream ended.
    ///
    /// # Errors
    /// See [`RecvError`]; never [`RecvError::Shutdown`].
    pub fn recv_awaited(
        &mut self,
        socket: SocketId,
        buffer: &mut [u8],
    ) -> Result<usize, RecvError> {
        let stack = self.stack_mut();
        stack.touch(socket);
        let connection = stack.connection_mut(socket);
        connection
            .ok_or(RecvError::NotConnected)?
            .recv_awaited(buffer)
    }

    /// As [`Host::recv`] but leaves the octets in the queue.
    ///
    /// # Errors
    /// See [`RecvError`].
    pub fn peek(&mut self, socket: SocketId, buffer: &mut [u8]) -> Result<usize, RecvError> {
        self.peek_from(socket, buffer).map(|(octets, _)| octets)
    }

    /// As [`Host::recv_from`] but leaves the datagram in the queue.
    ///
    /// # Errors
    /// See [`RecvError`].
    pub fn peek_from(
        &mut self,
        socket: SocketId,
        buffer: &mut [u8],
    ) -> Result<(usize, Option<IpEndpoint>), RecvError> {
        self.read(socket, buffer, Take::No)
    }

    /// Reads one datagram and says who sent it.
    ///
    /// # Errors
    /// See [`RecvError`].
    pub fn recv_from(
        &mut self,
        socket: SocketId,
        buffer: &mut [u8],
    ) -> Result<(usize, Option<IpEndpoint>), RecvError> {
        self.read(socket, buffer, Take::Yes)
    }

    fn read(
        &mut self,
        socket: SocketId,
        buffer: &mut [u8],
        take: Take,
    ) -> Result<(usize, Option<IpEndpoint>), RecvError> {
        let stack = self.stack_mut();
        stack.touch(socket);
        let Some(entry) = stack.entries.get_mut(&socket) else {
            return Err(RecvError::NotConnected);
        };
        match &mut entry.kind {
            Kind::Idle(Idle {
                error: error @ Some(_),
                ..
            }) => Err(error
                .take()
                .map_or(RecvError::NotConnected, RecvError::Gone)),
            Kind::Idle(Idle {
                receive_shut: true, ..
            }) => match stack.profile.calls.recv_after {
                RecvAfter::DataThenEof | RecvAfter::Eof => Ok((0, None)),
                RecvAfter::NotConnected => Err(RecvError::NotConnected),
                RecvAfter::Error => Err(RecvError::Shutdown),
            },
            Kind::Idle(_) | Kind::Listening(_) => Err(RecvError::NotConnected),
            Kind::Connection(connection) => match take {
                Take::Yes => connection.recv(buffer).map(|octets| (octets, None)),
                Take::No => connection.peek(buffer).map(|octets| (octets, None)),
            },
            Kind::Udp(_) => stack.udp_recv(socket, buffer, take),
            Kind::Reference(_) => stack
                .reference_recv(socket, buffer, take)
                .map(|octets| (octets, None)),
        }
    }

    /// Ends a direction. What a receive shutdown does is the profile's `receive_shutdown`.
    ///
    /// # Errors
    /// See [`ShutdownError`].
    pub fn shutdown(
        &mut self,
        socket: SocketId,
        direction: Direction,
    ) -> Result<(), ShutdownError> {
        let stack = self.stack_mut();
        stack.touch(socket);
        let calls = stack.profile.calls;
        let Some(entry) = stack.entries.get_mut(&socket) else {
            return Err(ShutdownError::NotConnected);
        };
        let receives = matches!(direction, Direction::Receive | Direction::Both);
        match &mut entry.kind {
            Kind::Idle(idle) => match calls.unconnected {
                Unconnected::Fails => Err(ShutdownError::NotConnected),
                Unconnected::FailsButTakesEffect => {
                    idle.receive_shut |= receives;
                    Err(ShutdownError::NotConnected)
                }
                Unconnected::Succeeds => {
                    idle.receive_shut |= receives;
                    Ok(())
                }
            },
            Kind::Listening(listening) => match calls.listener {
                ListenerShutdown::StopsListening if receives => {
                    let bound = Some(listening.bound);
                    stack.reset_children(socket);
                    let idle = Idle {
                        bound,
                        receive_shut: false,
                        error: None,
                    };
                    stack.set_kind(socket, Kind::Idle(idle));
                    Ok(())
                }
                ListenerShutdown::FailsAndAbortsAccept if receives => {
                    listening.aborts = Aborts::Once;
                    Err(ShutdownError::NotConnected)
                }
                ListenerShutdown::AbortsAccept if receives => {
                    listening.aborts = Aborts::Always;
                    Ok(())
                }
                ListenerShutdown::StopsListening => Ok(()),
                ListenerShutdown::Fails
                | ListenerShutdown::FailsAndAbortsAccept
                | ListenerShutdown::AbortsAccept => Err(ShutdownError::NotConnected),
            },
            Kind::Connection(connection)
                if connection.state() == State::SynSent
                    && disconnects(calls.connecting, direction) =>
            {
                connection.disconnect();
                Ok(())
            }
            Kind::Connection(connection) => match direction {
                Direction::Receive => connection.shutdown_receive(),
                Direction::Send => connection.shutdown_send(),
                Direction::Both => {
                    connection.shutdown_receive()?;
                    // A reset at the call leaves no direction to end.
                    let sent = connection.shutdown_send();
                    if connection.state() == State::Closed {
                        Ok(())
                    } else {
                        sent
                    }
                }
            },
            Kind::Udp(_) => stack.udp_shutdown(socket, direction),
            Kind::Reference(_) => stack.reference_shutdown(socket, direction),
        }
    }

    /// Gives the descriptor back. Call it again while it lingers.
    pub fn close(&mut self, socket: SocketId, now: Instant) -> Closing {
        self.stack_mut().close(socket, now)
    }

    /// Takes a descriptor away because its process has ended; it never lingers. What that does to a
    /// connection is the profile's `close.exit`.
    pub fn release(&mut self, socket: SocketId, now: Instant) {
        self.stack_mut().release(socket, now);
    }

    /// Whether a write that waits for room in a socket goes on.
    pub fn wakes_writers(&self, socket: SocketId) -> bool {
        let connection = self.stack().connection(socket);
        connection.is_none_or(Connection::wakes_writers)
    }

    /// Poll has told that there is no room to write: the room that comes may be more for that
    /// (Linux: SOCK_NOSPACE).
    pub fn note_lack(&mut self, socket: SocketId) {
        if let Some(connection) = self.stack_mut().connection_mut(socket) {
            connection.note_lack();
        }
    }

    /// Sets a socket option. Nothing happens once the socket is gone.
    pub fn set_option<T>(
        &mut self,
        socket: SocketId,
        option: &SocketOption<T>,
        value: T,
        now: Instant,
    ) {
        let stack = self.stack_mut();
        let Some(entry) = stack.entries.get_mut(&socket) else {
            return;
        };
        if matches!(entry.kind, Kind::Connection(_)) {
            // It has taken over what was set before.
            entry.options.acknowledging = None;
        }
        let before = entry.options.clone();
        option.set(&mut entry.options, &stack.profile, value);
        match &mut entry.kind {
            Kind::Connection(connection) => {
                reconfigure(connection, &before, &entry.options, now);
            }
            Kind::Udp(udp) => {
                if let Some(octets) = entry.options.receive_buffer
                    && entry.options.receive_buffer != before.receive_buffer
                {
                    udp.resize(octets);
                }
                let hops = entry.options.hop_limit;
                if hops != before.hop_limit {
                    stack.udp_set_hop_limit(socket, hops);
                }
            }
            Kind::Idle(_) | Kind::Listening(_) | Kind::Reference(_) => {}
        }
        stack.touch(socket);
    }

    /// Whether a socket can be told that the UDP port of its peer is this, for TCP in UDP (FreeBSD:
    /// tcp_default_ctloutput): before it listens or connects, and only where TCP has a UDP port
    /// here.
    pub(crate) fn may_carry(&self, socket: SocketId, port: u16) -> bool {
        let stack = self.stack();
        let has_port = port == 0 || stack.profile.encapsulation.udp_port != 0;
        let entry = stack.entries.get(&socket);
        has_port && entry.is_some_and(|entry| matches!(entry.kind, Kind::Idle(_)))
    }

    /// Reads a socket option. None once the socket is gone, and where the host's system does not
    /// have the option.
    pub fn option<T>(&self, socket: SocketId, option: &SocketOption<T>) -> Option<T> {
        let stack = self.stack();
        let entry = stack.entries.get(&socket)?;
        let source = Source {
            options: &entry.options,
            profile: &stack.profile,
            is_udp: matches!(entry.kind, Kind::Udp(_)),
            settled: match &entry.kind {
                Kind::Connection(connection) => Some(connection.buffers()),
                Kind::Idle(_) | Kind::Listening(_) | Kind::Udp(_) | Kind::Reference(_) => None,
            },
            segment: match &entry.kind {
                Kind::Connection(connection) => u32::try_from(connection.segment_most()).ok(),
                Kind::Idle(_) | Kind::Listening(_) | Kind::Udp(_) | Kind::Reference(_) => None,
            },
            datagram_port: match &entry.kind {
                Kind::Connection(connection) => Some(connection.datagram_port()),
                Kind::Idle(_) | Kind::Listening(_) | Kind::Udp(_) | Kind::Reference(_) => None,
            },
            acknowledging: match &entry.kind {
                Kind::Connection(connection) => Some(connection.acknowledging()),
                Kind::Idle(_) | Kind::Listening(_) | Kind::Udp(_) | Kind::Reference(_) => None,
            },
        };
        option.exists(&stack.profile).then(|| option.get(&source))
    }

    /// `SO_ERROR`: takes the pending error.
    pub fn take_error(&mut self, socket: SocketId) -> Option<Gone> {
        match &mut self.stack_mut().entries.get_mut(&socket)?.kind {
            Kind::Idle(idle) => idle.error.take(),
            Kind::Connection(connection) => connection.take_error(),
            Kind::Udp(udp) => udp.take_error(),
            Kind::Listening(_) | Kind::Reference(_) => None,
        }
    }

    /// Everything an expectation can ask. None once the socket was closed and its connection is
    /// over.
    pub fn status(&self, socket: SocketId) -> Option<Status> {
        self.stack().status(socket)
    }

    /// The protocol of a socket and its two ends: what a trace says of each call, of all that
    /// [`Host::status`] knows. None once the socket is gone.
    pub fn ends(&self, socket: SocketId) -> Option<SocketEnds> {
        if let Some(connection) = self.stack().connection(socket) {
            return Some(SocketEnds {
                protocol: Protocol::Tcp,
                local: Some(connection.local()),
                remote: Some(connection.remote()),
            });
        }
        let status = self.status(socket)?;
        Some(SocketEnds {
            protocol: status.protocol,
            local: status.local,
            remote: status.remote,
        })
    }

    /// The octets that a socket keeps for its application, or holds: what a sweep watches after
    /// each segment, of all that [`Host::status`] knows. Zero once the socket is gone.
    pub fn kept(&self, socket: SocketId) -> usize {
        match self.stack().connection(socket) {
            Some(connection) => connection.kept(),
            None => self
                .status(socket)
                .map_or(0, |status| status.queued + status.held),
        }
    }

    /// The octets in the queues of all sockets, those of closed descriptors included, with
    /// [`SOCKET_OCTETS`] for each socket itself.
    pub fn queued_octets(&self) -> usize {
        let Some(stack) = &self.stack else {
            return 0;
        };
        let statuses = stack.entries.keys().filter_map(|id| stack.status(id));
        let octets = |it: Status| it.queued + it.held + it.unsent + it.unacked + SOCKET_OCTETS;
        statuses.map(octets).sum()
    }

    /// The congestion window of a socket, in octets: likewise. None once the socket is gone.
    pub fn congestion_window(&self, socket: SocketId) -> Option<usize> {
        match self.stack().connection(socket) {
            Some(connection) => Some(connection.congestion_window()),
            None => Some(self.status(socket)?.cwnd),
        }
    }

    /// The sockets of this host that still exist, in the order of opening.
    pub fn sockets(&self) -> impl Iterator<Item = SocketId> + '_ {
        self.stack().entries.keys()
    }
}

impl Stack {
    pub(crate) fn set_kind(&mut self, id: SocketId, kind: Kind) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.kind = kind;
        }
    }

    /// Connections that were reset while they waited for `accept` leave the queue.
    fn forget_reset_children(&mut self, listener: SocketId) {
        if self
            .listening(listener)
            .is_none_or(|it| it.ready.is_empty())
        {
            return;
        }
        let Some(listening) = self.listening_mut(listener) else {
            return;
        };
        let waiting = std::mem::take(&mut listening.ready);
        let over =
            |id: &SocketId| { self.connection(*id) }.is_none_or(|it| it.state() == State::Closed);
        let (gone, ready): (VecDeque<_>, VecDeque<_>) = waiting.into_iter().partition(over);
        for child in &gone {
            self.remove(*child);
        }
        if let Some(listening) = self.listening_mut(listener) {
            listening.children -= gone.len();
            listening.ready = ready;
        }
    }

    /// A local address as one endpoint: that of a socket bound to every address is the first.
    pub(crate) fn endpoint_of(&self, bound: Bound) -> Option<IpEndpoint> {
        let address = bound.address.or(self.addresses.first().copied())?;
        Some(IpEndpoint::new(address, bound.port))
    }

    fn status(&self, id: SocketId) -> Option<Status> {
        let entry = self.entries.get(&id)?;
        Some(match &entry.kind {
            Kind::Idle(idle) => {
                let mut status = Status::of_state(State::Closed);
                status.readable = idle.receive_shut && self.profile.calls.readable_after;
                status.receive_ended = idle.receive_shut;
                status.hung_up = true;
                status.writable = true;
                status.error = idle.error;
                status.local = idle.bound.and_then(|bound| self.endpoint_of(bound));
                status
            }
            Kind::Listening(listening) => {
                let mut status = Status::of_state(State::Listen);
                // What `accept` would not wait for is ready.
                status.readable = !listening.ready.is_empty()
                    || !listening.requests.is_empty()
                    || listening.aborts != Aborts::No;
                status.arrivals = listening.offered;
                status.local = self.endpoint_of(listening.bound);
                status
            }
            Kind::Connection(connection) => Status::of_connection(connection),
            Kind::Udp(_) => self.udp_status(id),
            Kind::Reference(_) => self.reference_status(id),
        })
    }
}

/// Gives a connection what was set since it had other options. It keeps the receive buffer that it
/// began with.
fn reconfigure(
    connection: &mut Connection,
    before: &SocketOptions,
    options: &SocketOptions,
    now: Instant,
) {
    if options.send_buffer != before.send_buffer
        && let Some(octets) = options.send_buffer
    {
        connection.set_send_buffer(octets);
    }
    if options.receive_buffer != before.receive_buffer
        && let Some(octets) = options.receive_buffer
    {
        connection.set_receive_buffer(octets);
    }
    if options.keep_alive != before.keep_alive {
        connection.set_keep_alive(options.keep_alive, now);
    }
    connection.set_no_delay(options.no_delay);
    connection.set_urgent_inline(options.urgent_inline);
    connection.set_user_timeout(options.user_timeout);
    connection.set_fin_wait_2(options.fin_wait_2);
    connection.set_syn_count(options.syn_count);
    connection.set_unsent_most(options.unsent_most);
    connection.set_header(options.service, options.hop_limit);
    connection.set_path_mtu(options.path_mtu);
    if options.max_segment != before.max_segment
        && let Some(octets) = options.max_segment
    {
        connection.set_segment_most(octets);
    }
    if options.cork != before.cork {
        connection.set_cork(options.cork);
    }
    if let Some(acknowledging) = options.acknowledging {
        connection.set_acknowledging(acknowledging);
    }
    if options.congestion != before.congestion
        && let Some(algorithm) = options.congestion
    {
        connection.set_congestion(algorithm);
    }
}

/// Whether a shutdown of such a direction ends an attempt to connect.
fn disconnects(rule: ConnectingShutdown, direction: Direction) -> bool {
    match rule {
        ConnectingShutdown::Disconnects => true,
        ConnectingShutdown::SendDisconnects => direction != Direction::Receive,
        ConnectingShutdown::Fails | ConnectingShutdown::GoesOn => false,
    }
}
