//! Datagrams: smoltcp's UDP socket, plus the peer and the receive shutdown that it does not know.
//!
//! While a socket is bound to its port nothing is ever answered with an ICMP error, full buffer and
//! shut direction included; after it is closed the interface answers that the port is unreachable.

use std::collections::VecDeque;

use smoltcp::iface::SocketHandle;
use smoltcp::socket::udp;
use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, IpAddress, IpEndpoint, IpListenEndpoint, IpProtocol,
    Ipv4Packet, Ipv6Packet, UdpPacket,
};

use crate::event::Fact;
use crate::host::{Output, Stack};
use crate::profile::{UdpArriving, UdpQueued, UdpRecvAfter, UdpShutdown, Unconnected};
use crate::socket::{
    ConnectError, Direction, Protocol, RecvError, SendError, ShutdownError, SocketId, Status, Take,
};
use crate::table::{Bound, Kind};
use crate::tcp::State;

/// The longest payload of a datagram over IPv4 (RFC 768, RFC 791).
const PAYLOAD_MOST: usize = 65_507;

/// Datagrams that fit in a buffer besides their octets: empty ones take no octets.
const DATAGRAMS_MOST: usize = 1024;

/// Octets of datagrams that wait to be sent.
const SEND_BUFFER: usize = 2 * 65_536;

/// A datagram socket.
#[derive(Debug, Default)]
pub(crate) struct UdpSocket {
    handle: Option<SocketHandle>,
    pub(crate) bound: Option<Bound>,
    peer: Option<IpEndpoint>,
    receive_shut: bool,
    send_shut: bool,
}

impl UdpSocket {
    pub(crate) fn is_bound(&self) -> bool {
        self.bound.is_some()
    }
}

/// A datagram in a frame that arrived, as far as telling of it needs.
#[derive(Debug)]
pub(crate) struct Incoming {
    source: IpEndpoint,
    destination: IpEndpoint,
    octets: usize,
}

/// Finds the datagram in a frame, if it carries a whole one.
pub(crate) fn datagram_in(frame: &[u8]) -> Option<Incoming> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    let (source, destination, octets): (IpAddress, IpAddress, &[u8]) = match frame.ethertype() {
        EthernetProtocol::Ipv4 => {
            let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
            let whole = !packet.more_frags() && packet.frag_offset() == 0;
            if !whole || packet.next_header() != IpProtocol::Udp {
                return None;
            }
            (
                packet.src_addr().into(),
                packet.dst_addr().into(),
                packet.payload(),
            )
        }
        EthernetProtocol::Ipv6 => {
            let packet = Ipv6Packet::new_checked(frame.payload()).ok()?;
            if packet.next_header() != IpProtocol::Udp {
                return None;
            }
            (
                packet.src_addr().into(),
                packet.dst_addr().into(),
                packet.payload(),
            )
        }
        EthernetProtocol::Arp | EthernetProtocol::Unknown(_) => return None,
    };
    let packet = UdpPacket::new_checked(octets).ok()?;
    if !packet.verify_checksum(&source, &destination) {
        return None;
    }
    Some(Incoming {
        source: IpEndpoint::new(source, packet.src_port()),
        destination: IpEndpoint::new(destination, packet.dst_port()),
        octets: packet.payload().len(),
    })
}

/// A new smoltcp socket with room for so many octets.
fn socket(octets: usize) -> udp::Socket<'static> {
    let buffer = |octets: usize, datagrams: usize| {
        let metadata = vec![udp::PacketMetadata::EMPTY; datagrams];
        udp::PacketBuffer::new(metadata, vec![0; octets])
    };
    udp::Socket::new(
        buffer(octets, DATAGRAMS_MOST),
        buffer(SEND_BUFFER, DATAGRAMS_MOST),
    )
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
        let set = self
            .entries
            .get(&id)
            .and_then(|entry| entry.options.receive_buffer);
        let mut socket = socket(set.unwrap_or(self.profile.udp.receive_buffer));
        let endpoint = IpListenEndpoint {
            addr: bound.address,
            port: bound.port,
        };
        socket
            .bind(endpoint)
            .expect("a new socket with a port binds");
        let handle = self.smoltcp.add(socket);
        self.claims.insert((bound.port, id));
        if let Some(udp) = self.udp_mut(id) {
            udp.bound = Some(bound);
            udp.handle = Some(handle);
        }
    }

    /// Gives a bound socket another buffer, unless it holds datagrams: smoltcp cannot move those.
    pub(crate) fn udp_resize(&mut self, id: SocketId) {
        let Some(&UdpSocket {
            bound: Some(bound),
            handle: Some(handle),
            ..
        }) = self.udp(id)
        else {
            return;
        };
        if !self.smoltcp.get::<udp::Socket<'_>>(handle).can_recv() {
            self.smoltcp.remove(handle);
            self.udp_bind(id, bound);
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
        let udp = self.udp(id).ok_or(SendError::NotConnected)?;
        if udp.send_shut {
            return Err(SendError::Shutdown);
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
        let udp = self.udp(id).ok_or(RecvError::NotBound)?;
        let (shut, peer) = (udp.receive_shut, udp.peer);
        if shut && after == UdpRecvAfter::Error {
            return Err(RecvError::Shutdown);
        }
        let Some(handle) = udp.handle else {
            return if shut {
                Ok((0, None))
            } else {
                Err(RecvError::NotBound)
            };
        };
        let socket = self.smoltcp.get_mut::<udp::Socket<'_>>(handle);
        loop {
            let received = match take {
                Take::Yes => socket.recv(),
                Take::No => socket.peek().map(|(payload, meta)| (payload, *meta)),
            };
            let Ok((payload, meta)) = received else {
                // Whether an empty queue is the end or would block is told by whoever knows whether
                // the socket may block.
                return match (shut, after) {
                    (true, UdpRecvAfter::Eof | UdpRecvAfter::DataThenEof) => Ok((0, None)),
                    _ => Err(RecvError::WouldBlock),
                };
            };
            if peer.is_some_and(|peer| peer != meta.endpoint) {
                if take == Take::No {
                    return Err(RecvError::WouldBlock);
                }
                continue;
            }
            let count = payload.len().min(into.len());
            into[..count].copy_from_slice(&payload[..count]);
            if count < payload.len() {
                return Err(RecvError::Truncated(count));
            }
            return Ok((count, Some(meta.endpoint)));
        }
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
            let handle = udp.handle;
            if let (UdpQueued::Discard, Some(handle)) = (rules.queued, handle) {
                let socket = self.smoltcp.get_mut::<udp::Socket<'_>>(handle);
                while socket.recv().is_ok() {}
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
        let socket = udp
            .handle
            .map(|handle| self.smoltcp.get::<udp::Socket<'_>>(handle));
        status.queued = socket.map_or(0, |socket| socket.recv_queue());
        let waits = socket.is_some_and(|socket| socket.can_recv());
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

    /// The socket a datagram is for.
    fn socket_of(&self, incoming: &Incoming) -> Option<(SocketId, SocketHandle)> {
        let wanted = Bound {
            address: Some(incoming.destination.addr),
            port: incoming.destination.port,
        };
        let mut claimants = self.claimants(incoming.destination.port);
        claimants.find_map(|(id, entry)| {
            let Kind::Udp(udp) = &entry.kind else {
                return None;
            };
            let is_for = udp.bound.is_some_and(|bound| bound.overlaps(wanted));
            udp.handle.filter(|_| is_for).map(|handle| (id, handle))
        })
    }

    /// What the datagram's socket holds: octets, and whether it holds any datagram.
    pub(crate) fn queued_datagrams(&self, incoming: &Incoming) -> (usize, bool) {
        self.socket_of(incoming).map_or((0, false), |(_, handle)| {
            let socket = self.smoltcp.get::<udp::Socket<'_>>(handle);
            (socket.recv_queue(), socket.can_recv())
        })
    }

    /// Tells what became of a datagram, and throws it away where the receive shutdown says so.
    pub(crate) fn after_datagram(
        &mut self,
        incoming: &Incoming,
        before: (usize, bool),
        outputs: &mut VecDeque<Output>,
    ) {
        let Some((id, handle)) = self.socket_of(incoming) else {
            return;
        };
        let discards = self.profile.udp.arriving == UdpArriving::Discard
            && self.udp(id).is_some_and(|udp| udp.receive_shut);
        let stranger = self
            .udp(id)
            .and_then(|udp| udp.peer)
            .is_some_and(|peer| peer != incoming.source);
        let socket = self.smoltcp.get_mut::<udp::Socket<'_>>(handle);
        let after = (socket.recv_queue(), socket.can_recv());
        let queued = after.0 > before.0 || (incoming.octets == 0 && after.1);
        let octets = incoming.octets;
        let fact = if queued && discards {
            while socket.recv().is_ok() {}
            Fact::DatagramDropped { octets }
        } else if queued && !stranger {
            Fact::DatagramQueued { octets }
        } else {
            Fact::DatagramDropped { octets }
        };
        outputs.push_back(Output::Fact {
            socket: Some(id),
            fact,
        });
    }
}
