//! Socket calls as packets that every Wireshark shows in full.
//!
//! A row is an exported PDU (link type 252): a list of tags that gives it addresses and ports, then
//! a body for the dissector that a tag names. That dissector is `syslog`, the only one of those
//! that Wireshark has which puts a plain line into the Info column unchanged.
//!
//! Each host has an application beside it, with an address of its own, so that the flow graph has
//! a lane for each: `client-app | client | server | server-app`.

use std::collections::BTreeSet;

use hangup_stack::socket::Protocol;
use smoltcp::wire::{IpAddress, IpEndpoint, Ipv4Address};

use super::{SocketEnds, Toward, TraceHost, clipped};

/// How many octets of a call are kept. A longer line cannot be read in a packet list.
const TEXT_OCTETS_MAX: usize = 4096;

/// The tags of an exported PDU (epan/exported_pdu.h of Wireshark).
mod tag {
    pub(super) const END: u16 = 0;
    pub(super) const DISSECTOR: u16 = 12;
    pub(super) const SOURCE_IPV4: u16 = 20;
    pub(super) const DESTINATION_IPV4: u16 = 21;
    pub(super) const SOURCE_IPV6: u16 = 22;
    pub(super) const DESTINATION_IPV6: u16 = 23;
    pub(super) const PORT_TYPE: u16 = 24;
    pub(super) const SOURCE_PORT: u16 = 25;
    pub(super) const DESTINATION_PORT: u16 = 26;
}

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

/// A row as the octets of an exported PDU.
pub(super) fn encode(
    toward: Toward,
    socket: Option<SocketEnds>,
    text: &str,
    lane: Lane,
) -> Vec<u8> {
    let (source, destination) = match toward {
        Toward::Stack => (lane.application, lane.host),
        Toward::Application => (lane.host, lane.application),
    };
    let mut pdu = Vec::new();
    put(&mut pdu, tag::DISSECTOR, b"syslog");
    match source {
        IpAddress::Ipv4(address) => put(&mut pdu, tag::SOURCE_IPV4, &address.octets()),
        IpAddress::Ipv6(address) => put(&mut pdu, tag::SOURCE_IPV6, &address.octets()),
    }
    match destination {
        IpAddress::Ipv4(address) => put(&mut pdu, tag::DESTINATION_IPV4, &address.octets()),
        IpAddress::Ipv6(address) => put(&mut pdu, tag::DESTINATION_IPV6, &address.octets()),
    }
    if let Some(ends) = socket {
        put_ports(&mut pdu, toward, ends);
    }
    put(&mut pdu, tag::END, &[]);
    pdu.extend_from_slice(clipped(text, TEXT_OCTETS_MAX).as_bytes());
    pdu
}

/// The ports of a row are those of its socket, so that a filter on the port of a connection finds
/// its calls too.
fn put_ports(pdu: &mut Vec<u8>, toward: Toward, ends: SocketEnds) {
    let port = |end: Option<IpEndpoint>| u32::from(end.map_or(0, |end| end.port));
    let (local, remote) = (port(ends.local), port(ends.remote));
    let (source, destination) = match toward {
        Toward::Stack => (local, remote),
        Toward::Application => (remote, local),
    };
    let port_type: u32 = match ends.protocol {
        Protocol::Tcp => 2,
        Protocol::Udp => 3,
    };
    put(pdu, tag::PORT_TYPE, &port_type.to_be_bytes());
    put(pdu, tag::SOURCE_PORT, &source.to_be_bytes());
    put(pdu, tag::DESTINATION_PORT, &destination.to_be_bytes());
}

/// Appends a tag. Values are padded with NULs to a multiple of four octets, and the length counts
/// the padding.
fn put(pdu: &mut Vec<u8>, tag: u16, value: &[u8]) {
    let len = value.len().next_multiple_of(4);
    let field = u16::try_from(len).expect("values are addresses, ports and one name");
    pdu.extend_from_slice(&tag.to_be_bytes());
    pdu.extend_from_slice(&field.to_be_bytes());
    pdu.extend_from_slice(value);
    pdu.resize(pdu.len() + len - value.len(), 0);
}
