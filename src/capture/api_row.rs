//! Socket calls as packets that every Wireshark shows in full.
//!
//! A row is an exported PDU with the addresses and ports of its arrow and a line of text.
//!
//! Each host has an application beside it, with an address of its own, so that the flow graph has
//! a lane for each: `client-app | client | server | server-app`.

use std::collections::BTreeSet;

use hangup_stack::socket::Protocol;
use smoltcp::wire::{IpAddress, IpEndpoint, Ipv4Address};

use super::trace::{SocketEnds, Toward, TraceHost, clipped};
use crate::wire::{ExportedPdu, Packet, PortType, Ports};

/// How many octets of a call are kept. A longer line cannot be read in a packet list.
const TEXT_OCTETS_MAX: usize = 4096;

/// A host and the application on it, as rows name them: two addresses of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lane {
    /// The host's address.
    pub(super) host: IpAddress,
    /// The address that stands for the application. No frame carries it.
    pub(super) application: IpAddress,
}

/// The lanes of a trace, one a host in their order. The addresses of the applications come from
/// ranges that are reserved for documentation (RFC 5737, RFC 3849), less those that hosts have.
///
/// # Errors
/// The host for which no address is left.
pub(super) fn lanes(hosts: &[TraceHost]) -> Result<Vec<Lane>, &TraceHost> {
    let taken: BTreeSet<IpAddress> = hosts
        .iter()
        .flat_map(|host| host.addresses.iter().copied())
        .collect();
    let mut v4 = (1..255).map(|number| IpAddress::v4(198, 51, 100, number));
    let mut v6 = (1..255).map(|number| IpAddress::v6(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, number));
    let mut lane = |described: &'_ TraceHost| {
        let is_free = |candidate: &IpAddress| !taken.contains(candidate);
        let unspecified = IpAddress::Ipv4(Ipv4Address::UNSPECIFIED);
        let host = described.addresses.first().copied().unwrap_or(unspecified);
        let application = match host {
            IpAddress::Ipv4(_) => v4.find(is_free),
            IpAddress::Ipv6(_) => v6.find(is_free),
        };
        application.map(|application| Lane { host, application })
    };
    hosts.iter().map(|host| lane(host).ok_or(host)).collect()
}

/// A call as the octets of an exported PDU.
pub(super) fn call(toward: Toward, socket: Option<SocketEnds>, text: &str, lane: Lane) -> Vec<u8> {
    let (source, destination) = match toward {
        Toward::Stack => (lane.application, lane.host),
        Toward::Application => (lane.host, lane.application),
    };
    encode(
        [source, destination],
        socket.map(|ends| ports(toward, ends)),
        text,
    )
}

/// A fact as the octets of an exported PDU, with the ports of the frame that it is about. It goes
/// from the host to its application, as what a host delivers does: Wireshark's flow graph would
/// draw an arrow from a host to itself as one to the next lane.
pub(super) fn fact(frame: Option<&Packet>, is_sender: bool, text: &str, lane: Lane) -> Vec<u8> {
    let ports = frame.and_then(|packet| {
        let (from, to) = packet.endpoints()?;
        let is_tcp = packet.segment().is_some();
        let (local, remote) = if is_sender { (from, to) } else { (to, from) };
        Some(Ports {
            of: if is_tcp { PortType::Tcp } else { PortType::Udp },
            source: remote.port.into(),
            destination: local.port.into(),
        })
    });
    encode([lane.host, lane.application], ports, text)
}

fn encode([source, destination]: [IpAddress; 2], ports: Option<Ports>, text: &str) -> Vec<u8> {
    ExportedPdu {
        source: Some(source),
        destination: Some(destination),
        ports,
        text: Some(clipped(text, TEXT_OCTETS_MAX)),
    }
    .write()
}

/// The ports of a row are those of its socket, so that a filter on the port of a connection finds
/// its calls too.
fn ports(toward: Toward, ends: SocketEnds) -> Ports {
    let port = |end: Option<IpEndpoint>| u32::from(end.map_or(0, |end| end.port));
    let (local, remote) = (port(ends.local), port(ends.remote));
    let (source, destination) = match toward {
        Toward::Stack => (local, remote),
        Toward::Application => (remote, local),
    };
    Ports {
        of: match ends.protocol {
            Protocol::Tcp => PortType::Tcp,
            Protocol::Udp => PortType::Udp,
        },
        source,
        destination,
    }
}
