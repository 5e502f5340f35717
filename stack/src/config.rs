//! What a network and its hosts are set up with.

use std::sync::Arc;

use smoltcp::wire::IpAddress;

use crate::profile::Profile;

/// A host of a [`Network`](crate::network::Network), numbered in the order of adding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub usize);

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum IpFamily {
    /// Version 4 (RFC 791).
    #[default]
    V4,
    /// Version 6 (RFC 8200).
    V6,
}

impl IpFamily {
    /// The family of an address.
    pub fn of(address: IpAddress) -> Self {
        match address {
            IpAddress::Ipv4(_) => Self::V4,
            IpAddress::Ipv6(_) => Self::V6,
        }
    }
}

/// Whether hosts resolve each other by ARP and Neighbor Discovery, or know each other from the
/// start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Resolution {
    /// As with a static ARP table: no resolution traffic disturbs the timeline.
    #[default]
    Static,
    /// The real exchange.
    Arp,
}

/// Whether a network keeps its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Recording {
    /// Every fact, with a copy of every frame.
    #[default]
    Everything,
    /// None: for benchmarks.
    Nothing,
}

/// What runs on a host.
#[derive(Clone, Debug)]
pub enum StackKind {
    /// Our stack (or, where the profile says so, smoltcp's own TCP) with the behaviour of a
    /// profile.
    Profile(Arc<Profile>),
    /// No stack: frames that reach it are only recorded; what leaves it is injected.
    Scripted,
}

impl StackKind {
    /// Our stack with the behaviour of a profile, which many hosts may share.
    pub fn of(profile: impl Into<Arc<Profile>>) -> Self {
        Self::Profile(profile.into())
    }
}

/// A host to add.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Its name in traces and messages.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddress>,
    /// What runs on it.
    pub stack: StackKind,
    /// The largest IP datagram it sends, in octets.
    pub mtu: usize,
    /// What its sockets' receive buffers are, as if each had asked for it with SO_RCVBUF, in
    /// octets; none: the profile's.
    pub receive_buffer: Option<usize>,
    /// The same of send buffers (SO_SNDBUF).
    pub send_buffer: Option<usize>,
}

impl HostConfig {
    /// A host that behaves as a profile says, with one address, frames of Ethernet, and the buffers
    /// of its profile.
    pub fn new(name: &str, address: IpAddress, profile: impl Into<Arc<Profile>>) -> Self {
        Self {
            name: name.to_owned(),
            addresses: vec![address],
            stack: StackKind::of(profile),
            mtu: 1500,
            receive_buffer: None,
            send_buffer: None,
        }
    }
}
