//! smoltcp's interface of a host: it is made when something first needs it, sends, and knows the
//! neighbours.

use std::collections::VecDeque;

use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::socket::raw;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr, IpProtocol, IpVersion};

use crate::frame::Spares;
use crate::host::{Output, Stack};
use crate::network::Resolution;
use crate::profile::Transport;
use crate::wire::{self, Wire};

/// smoltcp forgets a neighbour after a minute; static ones are introduced again before that.
const INTRODUCTION_INTERVAL: Duration = Duration::from_secs(30);

/// Packets and octets that wait for a neighbour to be resolved.
const UNRESOLVED_PACKETS: usize = 64;
const UNRESOLVED_OCTETS: usize = 128 * 1024;

impl Stack {
    /// smoltcp's interface and what it works on. From now on it is there.
    pub(crate) fn interface(&mut self) -> (&mut Interface, &mut Wire, &mut SocketSet<'static>) {
        let interface = match &mut self.interface {
            Some(interface) => interface,
            none => {
                let raw = raw_sockets(self.resolution, self.profile.transport);
                self.raw = Some(raw.map(|socket| self.smoltcp.add(socket)));
                none.insert(new_interface(
                    self.ethernet,
                    self.interface_seed,
                    &mut self.wire,
                    &self.addresses,
                ))
            }
        };
        (interface, &mut self.wire, &mut self.smoltcp)
    }

    /// Lets smoltcp's interface and its sockets send, and learns when they are next due.
    pub(crate) fn settle_interface(
        &mut self,
        now: Instant,
        spares: &mut Spares,
        outputs: &mut VecDeque<Output>,
    ) {
        self.introduce(now);
        self.tell_of_references(outputs);
        let (interface, ..) = self.interface();
        interface.poll_maintenance(now);
        loop {
            let (interface, wire, sockets) = self.interface();
            let result = interface.poll_egress(now, wire, sockets);
            let sent = !wire.outbound.is_empty();
            for octets in wire.outbound.drain(..) {
                outputs.push_back(Output::Frame {
                    frame: spares.read(octets),
                    socket: None,
                    again: None,
                });
            }
            if result == smoltcp::iface::PollResult::None && !sent {
                break;
            }
        }
        self.tell_of_references(outputs);
        self.reap_reference_orphans();
        let (interface, _, sockets) = self.interface();
        let due = interface.poll_at(now, sockets);
        // What is due in the past and sent nothing now waits for something else to happen.
        self.interface_due = due.filter(|&at| at > now);
    }

    /// Keeps static neighbours known to smoltcp's interface.
    pub(crate) fn introduce(&mut self, now: Instant) {
        if self.resolution == Resolution::Arp {
            return;
        }
        let count = self.neighbours.len();
        let is_known = |(at, known)| now - at < INTRODUCTION_INTERVAL && known == count;
        if self.introduced.is_some_and(is_known) {
            return;
        }
        self.introduced = Some((now, count));
        for neighbour in self.neighbours.all_but(self.ethernet) {
            let Some(address) = self.address_towards(neighbour.0) else {
                continue;
            };
            let ours = (address, self.ethernet);
            self.wire
                .inbound
                .extend(wire::introduction(neighbour, ours));
            let (interface, wire, sockets) = self.interface();
            interface.poll_ingress_single(now, wire, sockets);
        }
    }
}

/// A raw socket for each version of IP.
fn raw_sockets(resolution: Resolution, transport: Transport) -> [raw::Socket<'static>; 2] {
    let octets = match resolution {
        Resolution::Arp => UNRESOLVED_OCTETS,
        Resolution::Static => 0,
    };
    // On a host that runs smoltcp's TCP a raw socket would take its segments away.
    let protocol = match transport {
        Transport::Hangup => IpProtocol::Tcp,
        Transport::Smoltcp => IpProtocol::Unknown(253),
    };
    let buffer = |octets| {
        let metadata = vec![raw::PacketMetadata::EMPTY; UNRESOLVED_PACKETS];
        raw::PacketBuffer::new(metadata, vec![0; octets])
    };
    [IpVersion::Ipv4, IpVersion::Ipv6]
        .map(|version| raw::Socket::new(Some(version), Some(protocol), buffer(0), buffer(octets)))
}

/// smoltcp's interface of a host. It is made once and is larger than a stack likes, so that whoever
/// asks for it must not have room for it on theirs.
#[cold]
#[inline(never)]
fn new_interface(
    ethernet: EthernetAddress,
    seed: u64,
    wire: &mut Wire,
    addresses: &[IpAddress],
) -> Box<Interface> {
    let mut config = Config::new(HardwareAddress::Ethernet(ethernet));
    config.random_seed = seed;
    // Whatever it does later, it is told the time first.
    let mut interface = Interface::new(config, wire, Instant::ZERO);
    interface.update_ip_addrs(|cidrs| {
        for &address in addresses {
            // Every host is on the link: there are no routers here.
            cidrs
                .push(IpCidr::new(address, 0))
                .expect("a host has few addresses");
        }
    });
    Box::new(interface)
}
