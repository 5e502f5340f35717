//! Datagram sockets: a peer, a buffer, a shutdown of each direction, and the errors of the network.
//!
//! A datagram for a socket is never answered with an ICMP error, full buffer and shut direction
//! included. One for no socket, or from a stranger to a socket that has a peer, is answered: the
//! port is unreachable. smoltcp's socket sends, and receives what came in fragments.

mod arrive;
mod receive_buffer;
mod state;

use smoltcp::iface::SocketHandle;
use smoltcp::socket::udp;
use smoltcp::wire::{IpEndpoint, IpListenEndpoint};

use crate::host::Stack;
use crate::profile::{UdpQueued, UdpRecvAfter, UdpShutdown, Unconnected};
use crate::socket::{
    ConnectError, Direction, Protocol, RecvError, SendError, ShutdownError, SocketId, Status, Take,
};
use crate::table::{Bound, Kind};
use crate::tcp::State;
pub(crate) use arrive::Handled;
pub(crate) use state::UdpSocket;

/// The longest payload of a datagram over IPv4 (RFC 768, RFC 791).
const PAYLOAD_MOST: usize = 65_507;

/// Datagrams and their octets that wait to be sent.
const SEND_DATAGRAMS: usize = 1024;
const SEND_BUFFER: usize = 2 * 65_536;

/// A new smoltcp socket: it sends, and takes a datagram that came in fragments.
fn socket() -> udp::Socket<'static> {
    let buffer = |octets: usize, datagrams: usize| {
        let metadata = vec![udp::PacketMetadata::EMPTY; datagrams];
        udp::PacketBuffer::new(metadata, vec![0; octets])
    };
    udp::Socket::new(buffer(PAYLOAD_MOST, 1), buffer(SEND_BUFFER, SEND_DATAGRAMS))
}

impl Stack {
    fn udp(&self, id: SocketId) -> Option<&UdpSocket> {
        let Kind::Udp(udp) = &self.entries.get(&id)?.kind else {
            return None;
        };
        Some(udp)
    }

    fn udp_mut(&mut self, id: SocketId) -> Option<&mut UdpSocket> {
        let Kind::Udp(udp) = &mut self.entries.get_mut(&id)?.kind else {
            return None;
        };
        Some(udp)
    }

    pub(crate) fn udp_bind(&mut self, id: SocketId, bound: Bound) {
        let mut socket = socket();
        let endpoint = IpListenEndpoint {
            addr: bound.address,
            port: bound.port,
        };
        socket
            .bind(endpoint)
            .expect("a new socket with a port binds");
        let (_, _, sockets) = self.interface();
        let handle = sockets.add(socket);
        self.claims.insert((bound.port, id));
        if let Some(udp) = self.udp_mut(id) {
            udp.bound = Some(bound);
            udp.handle = Some(handle);
        }
        let hops = self
            .entries
            .get(&id)
            .and_then(|entry| entry.options.hop_limit);
        self.udp_set_hop_limit(id, hops);
    }

    /// The hop limit of what is sent from now on; none: the usual one.
    pub(crate) fn udp_set_hop_limit(&mut self, id: SocketId, hops: Option<u8>) {
        if let Some(handle) = self.udp(id).and_then(|udp| udp.handle) {
            let socket = self.smoltcp.get_mut::<udp::Socket<'_>>(handle);
            // smoltcp takes 0 for a mistake.
            socket.set_hop_limit(hops.filter(|&hops| hops > 0));
        }
    }

    fn udp_ensure_bound(&mut self, id: SocketId) -> Option<SocketHandle> {
        if self.udp(id)?.bound.is_none() {
            let taken = |stack: &Self, port| {
                let mut claimants = stack.claimants(port);
                claimants.any(|(_, entry)| matches!(entry.kind, Kind::Udp(_)))
            };
            let port = self.dynamic_port(taken)?;
            self.udp_bind(
                id,
                Bound {
                    address: None,
                    port,
                },
            );
        }
        self.udp(id)?.handle
    }

    pub(crate) fn udp_disconnect(&mut self, id: SocketId) {
        if let Some(udp) = self.udp_mut(id) {
            udp.peer = None;
        }
    }

    pub(crate) fn udp_connect(
        &mut self,
        id: SocketId,
        remote: IpEndpoint,
    ) -> Result<(), ConnectError> {
        if self.address_towards(remote.addr).is_none() || remote.port == 0 {
            return Err(ConnectError::Unreachable);
        }
        self.udp_ensure_bound(id).ok_or(ConnectError::Unreachable)?;
        if let Some(udp) = self.udp_mut(id) {
            udp.peer = Some(remote);
        }
        Ok(())
    }

    pub(crate) fn udp_send(
        &mut self,
        id: SocketId,
        data: &[u8],
        remote: Option<IpEndpoint>,
    ) -> Result<usize, SendError> {
        let udp = self.udp_mut(id).ok_or(SendError::NotConnected)?;
        if udp.send_shut {
            return Err(SendError::Shutdown);
        }
        if let Some(gone) = udp.take_error() {
            return Err(SendError::Gone(gone));
        }
        let remote = remote.or(udp.peer).ok_or(SendError::NoDestination)?;
        if data.len() > PAYLOAD_MOST {
            return Err(SendError::MessageTooLong);
        }
        if self.address_towards(remote.addr).is_none() || remote.port == 0 {
            return Err(SendError::Unreachable);
        }
        let handle = self.udp_ensure_bound(id).ok_or(SendError::Unreachable)?;
        let socket = self.smoltcp.get_mut::<udp::Socket<'_>>(handle);
        socket
            .send_slice(data, remote)
            .map_err(|_| SendError::WouldBlock)?;
        Ok(data.len())
    }

    pub(crate) fn udp_recv(
        &mut self,
        id: SocketId,
        into: &mut [u8],
        take: Take,
    ) -> Result<(usize, Option<IpEndpoint>), RecvError> {
        let after = self.profile.udp.recv_after;
        let udp = self.udp_mut(id).ok_or(RecvError::NotBound)?;
        if udp.receive_shut && after == UdpRecvAfter::Error {
            return Err(RecvError::Shutdown);
        }
        if let Some(gone) = udp.take_error() {
            return Err(RecvError::Gone(gone));
        }
        let Some(datagram) = udp.inbox.first() else {
            // Whether an empty queue is the end or would block is told by whoever knows whether the
            // socket may block.
            return match (udp.receive_shut, after, udp.handle) {
                (true, UdpRecvAfter::Eof | UdpRecvAfter::DataThenEof, _) => Ok((0, None)),
                (true, UdpRecvAfter::DataThenWouldBlock, None) => Err(RecvError::WouldBlock),
                (true, _, None) => Ok((0, None)),
                (false, _, None) => Err(RecvError::NotBound),
                (_, _, Some(_)) => Err(RecvError::WouldBlock),
            };
        };
        let (count, whole) = (
            datagram.payload.len().min(into.len()),
            datagram.payload.len(),
        );
        into[..count].copy_from_slice(&datagram.payload[..count]);
        let source = datagram.source;
        if take == Take::Yes {
            udp.inbox.take();
        }
        if count < whole {
            return Err(RecvError::Truncated(count));
        }
        Ok((count, Some(source)))
    }

    pub(crate) fn udp_shutdown(
        &mut self,
        id: SocketId,
        direction: Direction,
    ) -> Result<(), ShutdownError> {
        let rules = self.profile.udp;
        if rules.shutdown == UdpShutdown::Unsupported {
            return Err(ShutdownError::Unsupported);
        }
        let Some(udp) = self.udp_mut(id) else {
            return Err(ShutdownError::NotConnected);
        };
        let connected = udp.peer.is_some();
        let result = match rules.unconnected {
            _ if connected => Ok(()),
            Unconnected::Succeeds => Ok(()),
            Unconnected::FailsButTakesEffect => Err(ShutdownError::NotConnected),
            Unconnected::Fails => return Err(ShutdownError::NotConnected),
        };
        if direction != Direction::Receive {
            udp.send_shut = true;
        }
        if direction != Direction::Send {
            udp.receive_shut = true;
            if rules.queued == UdpQueued::Discard {
                udp.inbox.clear();
            }
        }
        result
    }

    pub(crate) fn udp_close(&mut self, id: SocketId) {
        if let Some(handle) = self.udp(id).and_then(|udp| udp.handle) {
            self.smoltcp.remove(handle);
        }
    }

    pub(crate) fn udp_status(&self, id: SocketId) -> Status {
        let mut status = Status {
            protocol: Protocol::Udp,
            state: None,
            ..Status::of_state(State::Closed)
        };
        let Some(udp) = self.udp(id) else {
            return status;
        };
        status.queued = udp.inbox.octets();
        status.arrivals = udp.inbox.arrivals();
        status.error = udp.error;
        let waits = udp.inbox.first().is_some();
        let calls = self.profile.calls;
        status.readable = if udp.receive_shut {
            calls.readable_after
        } else {
            waits
        };
        status.writable = true;
        status.receive_ended = udp.receive_shut;
        status.hung_up = udp.receive_shut && udp.send_shut;
        status.local = udp.bound.and_then(|bound| self.endpoint_of(bound));
        status.remote = udp.peer;
        status
    }
}
