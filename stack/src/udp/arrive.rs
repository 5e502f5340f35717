//! The arrival of a datagram: the socket it is for, and its delivery or loss.

use std::collections::VecDeque;

use smoltcp::socket::udp;
use smoltcp::time::Instant;
use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, IpAddress, IpEndpoint, IpProtocol, Ipv4Packet, Ipv6Packet,
    UdpPacket,
};

use super::UdpSocket;
use crate::event::{ErrorEffect, Fact};
use crate::host::{Output, Stack};
use crate::icmp::Unreachable;
use crate::profile::{Transport, UdpArriving, UdpError, UdpErrorsReach, UdpRules};
use crate::socket::{Gone, SocketId};
use crate::table::{Bound, Kind};

/// A datagram in a frame.
#[derive(Debug)]
struct Incoming<'a> {
    source: IpEndpoint,
    destination: IpEndpoint,
    payload: &'a [u8],
}

/// Finds the datagram in a frame, if it carries a whole and undamaged one.
fn datagram_in(frame: &[u8]) -> Option<Incoming<'_>> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    let (source, destination, octets): (IpAddress, IpAddress, &[u8]) = match frame.ethertype() {
        EthernetProtocol::Ipv4 => {
            let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
            let whole = !packet.more_frags() && packet.frag_offset() == 0;
            if !whole || packet.next_header() != IpProtocol::Udp || !packet.verify_checksum() {
                return None;
            }
            let (source, destination) = (packet.src_addr(), packet.dst_addr());
            (source.into(), destination.into(), packet.payload())
        }
        EthernetProtocol::Ipv6 => {
            let packet = Ipv6Packet::new_checked(frame.payload()).ok()?;
            if packet.next_header() != IpProtocol::Udp {
                return None;
            }
            let (source, destination) = (packet.src_addr(), packet.dst_addr());
            (source.into(), destination.into(), packet.payload())
        }
        EthernetProtocol::Arp | EthernetProtocol::Unknown(_) => return None,
    };
    let packet = UdpPacket::new_checked(octets).ok()?;
    if packet.dst_port() == 0 || !packet.verify_checksum(&source, &destination) {
        return None;
    }
    Some(Incoming {
        source: IpEndpoint::new(source, packet.src_port()),
        destination: IpEndpoint::new(destination, packet.dst_port()),
        payload: packet.payload(),
    })
}

/// Whether a frame was a datagram's and needs no one else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handled {
    Yes,
    No,
}

impl Stack {
    /// Takes the datagram in a frame to its socket, or answers that there is none. Fragments, and
    /// whatever else is in the frame, are the interface's.
    pub(crate) fn on_datagram(
        &mut self,
        frame: &[u8],
        now: Instant,
        outputs: &mut VecDeque<Output>,
    ) -> Handled {
        let Some(incoming) = datagram_in(frame) else {
            return Handled::No;
        };
        if !self.addresses.contains(&incoming.destination.addr) {
            return Handled::No;
        }
        let socket = self.udp_socket_for(incoming.source, incoming.destination);
        match (socket, self.profile.transport) {
            (Some(id), _) => self.queue_datagram(id, incoming.source, incoming.payload, outputs),
            (None, Transport::Hangup) => self.answer_unreachable(frame, now, outputs),
            // Whoever runs smoltcp unmodified answers as it does.
            (None, Transport::Smoltcp) => return Handled::No,
        }
        Handled::Yes
    }

    /// Takes datagrams that IP had to put together first out of smoltcp's sockets. One from a
    /// stranger to the socket's peer is lost without an answer: its frames are gone.
    pub(crate) fn take_reassembled_datagrams(&mut self, outputs: &mut VecDeque<Output>) {
        let handles: Vec<_> = self
            .entries
            .iter()
            .filter_map(|(_, entry)| match &entry.kind {
                Kind::Udp(udp) => udp.handle,
                Kind::Idle(_) | Kind::Listening(_) | Kind::Connection(_) | Kind::Reference(_) => {
                    None
                }
            })
            .collect();
        for handle in handles {
            let socket = self.smoltcp.get_mut::<udp::Socket<'_>>(handle);
            let port = socket.endpoint().port;
            let received = socket
                .recv()
                .map(|(payload, meta)| (payload.to_vec(), meta));
            let Ok((payload, meta)) = received else {
                continue;
            };
            let Some(address) = meta.local_address else {
                continue;
            };
            let destination = IpEndpoint::new(address, port);
            if let Some(id) = self.udp_socket_for(meta.endpoint, destination) {
                self.queue_datagram(id, meta.endpoint, &payload, outputs);
            }
        }
    }

    /// The socket for datagrams from one endpoint to another: one with that peer before one
    /// without any.
    fn udp_socket_for(&self, source: IpEndpoint, destination: IpEndpoint) -> Option<SocketId> {
        let wanted = Bound {
            address: Some(destination.addr),
            port: destination.port,
        };
        let sockets = || {
            self.claimants(destination.port)
                .filter_map(move |(id, entry)| {
                    let Kind::Udp(udp) = &entry.kind else {
                        return None;
                    };
                    let is_bound = udp.bound.is_some_and(|bound| bound.overlaps(wanted));
                    is_bound.then_some((id, udp.peer))
                })
        };
        let connected = sockets().find(|(_, peer)| *peer == Some(source));
        if let Some((id, _)) = connected {
            return Some(id);
        }
        let any = sockets().filter(|(_, peer)| peer.is_none());
        let any: Vec<SocketId> = any.map(|(id, _)| id).collect();
        self.one_of(&any, destination.port, source)
    }

    fn queue_datagram(
        &mut self,
        id: SocketId,
        source: IpEndpoint,
        payload: &[u8],
        outputs: &mut VecDeque<Output>,
    ) {
        let discards = self.profile.udp.arriving == UdpArriving::Discard;
        let Some(udp) = self.udp_mut(id) else {
            return;
        };
        let octets = payload.len();
        let queued = !(udp.receive_shut && discards) && udp.inbox.put(source, payload).is_ok();
        let fact = if queued {
            Fact::DatagramQueued { octets }
        } else {
            Fact::DatagramDropped { octets }
        };
        outputs.push_back(Output::Fact {
            socket: Some(id),
            fact,
        });
    }

    /// The network could not deliver a datagram from one endpoint to another: which sockets learn
    /// it, by their next call.
    pub(crate) fn udp_errors(
        &mut self,
        error: Unreachable,
        local: IpEndpoint,
        remote: IpEndpoint,
    ) -> Vec<(SocketId, ErrorEffect)> {
        let rules = self.profile.udp;
        let wanted = Bound {
            address: Some(local.addr),
            port: local.port,
        };
        let concerned: Vec<SocketId> = self
            .claimants(local.port)
            .filter_map(|(id, entry)| {
                let Kind::Udp(udp) = &entry.kind else {
                    return None;
                };
                let is_bound = udp.bound.is_some_and(|bound| bound.overlaps(wanted));
                let is_peer = udp.peer.is_none_or(|peer| peer == remote);
                (is_bound && is_peer).then_some(id)
            })
            .collect();
        let mut told = Vec::new();
        for id in concerned {
            let forgets = self.entries.get(&id).is_some_and(|entry| match error {
                Unreachable::HopLimit => entry.options.forgets_expiry,
                Unreachable::Network
                | Unreachable::Host
                | Unreachable::Protocol
                | Unreachable::Port
                | Unreachable::Prohibited => entry.options.forgets_refusals,
            });
            if let Some(udp) = self.udp_mut(id) {
                let learns = match rules.errors_reach {
                    UdpErrorsReach::Connected => udp.peer.is_some(),
                    UdpErrorsReach::Any => true,
                    UdpErrorsReach::None => false,
                };
                let learns = learns && !forgets;
                told.push((id, udp.on_unreachable(error, learns, &rules)));
            }
        }
        told
    }
}

impl UdpSocket {
    /// RFC 1122 section 4.1.3.3: an error is passed up. Soft ones are not here, as in every system
    /// known to us: without asking for them (IP_RECVERR) nobody hears of them.
    fn on_unreachable(
        &mut self,
        error: Unreachable,
        learns: bool,
        rules: &UdpRules,
    ) -> ErrorEffect {
        if !learns || !error.is_hard(rules.hop_limit_told) {
            return ErrorEffect::Ignored;
        }
        self.error = Some(match (error, rules.port_unreachable) {
            (Unreachable::Port, UdpError::ConnectionReset) => Gone::Reset,
            (Unreachable::HopLimit, _) => Gone::Expired,
            (error, _) => Gone::from(error),
        });
        ErrorEffect::Pending
    }
}
