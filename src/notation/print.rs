//! Printing a packet in the notation.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use smoltcp::wire::IpAddress;

use super::tracker::{Origins, RelativeSegment};
use crate::wire::{
    ArpOperation, Carrier, Checksum, Fragment, FrameKind, NodeAddress, Other, Packet,
};

/// The names of hosts, by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<IpAddress, String>);

impl Names {
    /// The name of the host that has an address.
    pub fn name(&self, address: IpAddress) -> Option<&str> {
        self.0.get(&address).map(String::as_str)
    }
}

impl<N: Into<String>> FromIterator<(IpAddress, N)> for Names {
    fn from_iter<I: IntoIterator<Item = (IpAddress, N)>>(names: I) -> Self {
        Self(
            names
                .into_iter()
                .map(|(address, name)| (address, name.into()))
                .collect(),
        )
    }
}

/// Whether ports are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// `client:40000 > server:80: S 0:0(0)`, where more than one connection could be meant.
    Shown,
    /// `client > server: S 0:0(0)`
    Hidden,
}

/// How packets are written.
#[derive(Clone, Copy, Debug)]
pub struct Notation<'a> {
    /// Hosts that have no name here are written as their address.
    pub names: &'a Names,
    /// Whether ports are written.
    pub ports: Ports,
}

impl Notation<'_> {
    /// A packet on one line: `server > client: . 1:1(0) ack 1 win 4096`.
    ///
    /// `origins` come from the tracker, at the time when the frame was sent; they matter for TCP
    /// segments alone.
    pub fn line(&self, packet: &Packet, origins: Origins) -> String {
        let ports = match self.ports {
            Ports::Shown => packet.endpoints().map(|(from, to)| (from.port, to.port)),
            Ports::Hidden => None,
        };
        let mut line = self.node(packet.from, ports.map(|(from, _)| from));
        line.push_str(" > ");
        line.push_str(&self.node(packet.to, ports.map(|(_, to)| to)));
        line.push_str(": ");
        push(
            &mut line,
            &PacketText {
                kind: &packet.kind,
                origins,
            },
        );
        if let Some(carrier) = packet.carrier {
            let Carrier {
                source_port,
                destination_port,
            } = carrier;
            push(
                &mut line,
                &format_args!("/udp({source_port} > {destination_port})"),
            );
        }
        if packet.checksum == Checksum::Bad {
            line.push_str(" [bad checksum]");
        }
        line
    }

    fn node(&self, node: NodeAddress, port: Option<u16>) -> String {
        let name = node.ip().and_then(|address| self.names.name(address));
        match (name, port, node) {
            (Some(name), Some(port), _) => format!("{name}:{port}"),
            (Some(name), None, _) => name.to_owned(),
            (None, Some(port), NodeAddress::Ip(IpAddress::Ipv6(address))) => {
                format!("[{address}]:{port}")
            }
            (None, Some(port), _) => format!("{node}:{port}"),
            (None, None, _) => node.to_string(),
        }
    }
}

/// Appends what has a `Display`. Writing to a string cannot fail.
fn push(line: &mut String, what: &dyn fmt::Display) {
    write!(line, "{what}").expect("a string takes everything");
}

/// A packet without its addresses.
struct PacketText<'a> {
    kind: &'a FrameKind,
    origins: Origins,
}

impl fmt::Display for PacketText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FrameKind::Segment(segment) => RelativeSegment::new(segment, self.origins).fmt(f),
            FrameKind::Udp(datagram) => write!(f, "udp ({})", datagram.len),
            FrameKind::Icmp(icmp) => icmp.message.fmt(f),
            FrameKind::Arp(ArpOperation::Request) => f.write_str("arp request"),
            FrameKind::Arp(ArpOperation::Reply) => f.write_str("arp reply"),
            FrameKind::Arp(ArpOperation::Unknown(number)) => write!(f, "arp operation {number}"),
            FrameKind::Fragment(fragment) => write_fragment(f, fragment),
            FrameKind::Other(Other::EtherType(number)) => write!(f, "ethertype {number:#06x}"),
            FrameKind::Other(Other::Protocol { number, len }) => {
                write!(f, "protocol {number} ({len})")
            }
            FrameKind::Other(Other::Malformed(header)) => write!(f, "malformed {header}"),
        }
    }
}

fn write_fragment(f: &mut fmt::Formatter<'_>, fragment: &Fragment) -> fmt::Result {
    let Fragment {
        protocol,
        offset,
        len,
        is_last,
    } = *fragment;
    write!(
        f,
        "fragment {offset}:{}({len}) of protocol {protocol}",
        offset + len
    )?;
    if is_last {
        f.write_str(", the last")
    } else {
        Ok(())
    }
}
