//! The port: where the frames of emulated hosts become packets of the kernel, and back.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use bytes::Bytes;
use hangup_stack::network::{LargePacket, Outgoing};
use smoltcp::wire::{EthernetAddress, IpAddress};

use super::neighbourhood::Neighbourhood;
use super::rooms::Rooms;
use super::split::{ETHERNET, cut_large, frames, large, whole_or_cut};
use super::train::Train;
use super::tun::Tun;
use super::wire::{Wire, ethernet_address};
use crate::capture::TraceHost;
use crate::live::namespace::Refused;
use crate::live::netlink::{Netlink, NetlinkError, RouteSettings};

/// The device of the namespace, as its programs see it.
pub const DEVICE: &str = "hangup0";

/// The other end of the cable, where it is one.
const FAR: &str = "hangup1";

/// How many packets wait in the device. A window of 16 MiB fits it in segments of Ethernet.
const QUEUE: u32 = 12_000;

/// The largest packet, with room for one octet more.
const PACKET_MAX: usize = 65_536;

/// Why the port could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// There is no device.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The device does not take what it is set up with.
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
    /// Its frames cannot be seen.
    #[error(
        "cannot read the frames of {device}: {error}\n  help: it takes CAP_NET_RAW, and an \
         device that `ip link` shows"
    )]
    Wire {
        /// The device.
        device: String,
        /// What the kernel said.
        error: io::Error,
    },
    /// The kernel has no such congestion control.
    #[error(
        "the kernel has no congestion control `{name}`\n  help: it has {has}; others come with \
         their modules, as tcp_bbr"
    )]
    Congestion {
        /// What was asked for.
        name: String,
        /// What there is.
        has: String,
    },
}

/// What became of packets that did not get through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Packets of the kernel that no frame can be made of.
    pub unusable: u64,
    /// Frames that the device did not take.
    pub refused: u64,
}

/// What the kernel has sent.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// A frame as a link carries it.
    Frame(Bytes),
    /// Many segments, which are still to be cut.
    Large(LargePacket),
}

#[derive(Debug)]
enum Link {
    Tun(Tun),
    Wire(Wire),
    /// A device that is somebody else's, and the largest packet on it.
    Foreign(Wire, Box<Neighbourhood>, usize),
}

/// A device with the kernel behind it, among emulated hosts.
#[derive(Debug)]
pub struct Port {
    link: Link,
    kernel: EthernetAddress,
    neighbours: BTreeMap<IpAddress, EthernetAddress>,
    rooms: Rooms,
    /// The frames of the packet that was received last.
    frames: Vec<Bytes>,
    train: Train,
    losses: Losses,
}

impl Port {
    /// Makes the device in the namespace that this process is in, with the addresses of the host
    /// that is the kernel and the routes to all others, and sets it up. It is a TUN device, or a
    /// cable where this user may have none. The kernel's connections have its default congestion
    /// control where none is named.
    ///
    /// # Errors
    /// The machine refuses one of them.
    pub fn make(
        hosts: &[TraceHost],
        kernel: usize,
        mtu: usize,
        congestion: Option<&str>,
    ) -> Result<Self, PortError> {
        let settings = RouteSettings {
            congestion,
            mtu: None,
        };
        let netlink = Netlink::open()?;
        let link = match Tun::make(DEVICE, true) {
            Ok(tun) => Link::Tun(tun),
            Err(refused) => {
                netlink
                    .add_cable(DEVICE, FAR, Some(1))
                    .map_err(|_| refused)?;
                quiet(FAR, false);
                let wire = |error| PortError::Wire {
                    device: FAR.to_owned(),
                    error,
                };
                netlink.set_up(FAR, None, u32::try_from(mtu).ok(), Some(QUEUE))?;
                Link::Wire(Wire::open(FAR).map_err(wire)?)
            }
        };
        let is_wire = matches!(link, Link::Wire(_));
        let has_ipv6 = |it: &IpAddress| matches!(it, IpAddress::Ipv6(_));
        quiet(DEVICE, hosts[kernel].addresses.iter().any(has_ipv6));
        let ethernet = is_wire.then_some(hosts[kernel].ethernet);
        netlink.set_up("lo", None, None, None)?;
        netlink.set_up(DEVICE, ethernet, u32::try_from(mtu).ok(), Some(QUEUE))?;
        for &address in &hosts[kernel].addresses {
            let address = IpAddr::from(address);
            netlink.add_address(DEVICE, address, whole(address))?;
        }
        let mut neighbours = BTreeMap::new();
        let others = hosts
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != kernel);
        for (_, host) in others {
            for &address in &host.addresses {
                neighbours.insert(address, host.ethernet);
                let same = |it: &&IpAddress| has_ipv6(it) == has_ipv6(&address);
                let from = hosts[kernel].addresses.iter().find(same);
                let Some(&from) = from else { continue };
                let address = IpAddr::from(address);
                let to = (address, whole(address));
                let added = netlink.add_route(DEVICE, to, Some(from.into()), settings);
                added.map_err(|error| refused(error, congestion))?;
                if is_wire {
                    netlink.add_neighbour(DEVICE, address, host.ethernet)?;
                }
            }
        }
        Ok(Self {
            link,
            kernel: hosts[kernel].ethernet,
            neighbours,
            rooms: Rooms::new(PACKET_MAX),
            frames: Vec::new(),
            train: Train::default(),
            losses: Losses::default(),
        })
    }

    /// Takes a device that is there already, behind which is the host that is outside, and makes
    /// nothing: the device keeps its addresses, and the emulated hosts are found on its link.
    ///
    /// # Errors
    /// There is no such device, or the process lacks CAP_NET_RAW.
    pub fn on(
        device: &str,
        hosts: &[TraceHost],
        outsider: usize,
        mtu: usize,
    ) -> Result<Self, PortError> {
        let wire = |error| PortError::Wire {
            device: device.to_owned(),
            error,
        };
        let socket = Wire::open(device).map_err(wire)?;
        let ethernet = ethernet_address(device).map_err(wire)?;
        let emulated = hosts.iter().enumerate();
        let emulated = emulated.filter(|(index, _)| *index != outsider);
        let ours = emulated.flat_map(|(_, host)| {
            let addresses = host.addresses.iter();
            addresses.map(|&address| (address, host.ethernet))
        });
        let outside = (hosts[outsider].addresses.clone(), hosts[outsider].ethernet);
        let neighbourhood = Neighbourhood::new(ethernet, ours.collect(), outside);
        Ok(Self {
            link: Link::Foreign(socket, Box::new(neighbourhood), mtu),
            kernel: hosts[outsider].ethernet,
            // The neighbourhood knows the hosts.
            neighbours: BTreeMap::new(),
            rooms: Rooms::new(PACKET_MAX),
            frames: Vec::new(),
            train: Train::default(),
            losses: Losses::default(),
        })
    }

    /// Takes the next packet that the kernel has sent, behind what is already in the list. Returns
    /// whether there was one.
    ///
    /// # Errors
    /// The device is gone.
    pub fn receive(&mut self, out: &mut Vec<Incoming>) -> io::Result<bool> {
        match &mut self.link {
            Link::Tun(tun) => {
                let Some((header, length)) = tun.receive(self.rooms.next())? else {
                    return Ok(false);
                };
                let (kernel, neighbours) = (self.kernel, &self.neighbours);
                let ends = |to: Option<IpAddress>| {
                    let to = to.and_then(|it| neighbours.get(&it).copied());
                    (kernel, to.unwrap_or(EthernetAddress::BROADCAST))
                };
                if header.is_large() {
                    let packet = self.rooms.take(length);
                    out.push(Incoming::Large(large(&header, packet, ends)));
                } else {
                    let packet = &mut self.rooms.next()[..length];
                    if frames(&header, packet, ends, &mut self.frames).is_err() {
                        self.losses.unusable += 1;
                    }
                }
            }
            Link::Wire(wire) => {
                let Some(sighted) = wire.receive(self.rooms.next())? else {
                    return Ok(false);
                };
                if sighted.is_outgoing {
                    return Ok(true);
                }
                let frame = &mut self.rooms.next()[..sighted.length];
                let packet = frame.get_mut(ETHERNET..).unwrap_or_default();
                super::split::complete_whole(packet);
                out.push(Incoming::Frame(Bytes::copy_from_slice(frame)));
            }
            Link::Foreign(wire, neighbourhood, mtu) => {
                let Some(sighted) = wire.receive(self.rooms.next())? else {
                    return Ok(false);
                };
                if sighted.is_outgoing {
                    return Ok(true);
                }
                let arrival = neighbourhood.arrive(&self.rooms.next()[..sighted.length]);
                for frame in arrival.outside {
                    self.losses.refused += u64::from(wire.send(&frame).is_err());
                }
                if let Some(frame) = arrival.inside
                    && whole_or_cut(frame, *mtu, &mut self.frames).is_err()
                {
                    self.losses.unusable += 1;
                }
            }
        }
        out.extend(self.frames.drain(..).map(Incoming::Frame));
        Ok(true)
    }

    /// Cuts a large packet into frames, which are none where it cannot be cut.
    pub fn cut(&mut self, large: &LargePacket) -> Vec<Bytes> {
        let mut frames = Vec::new();
        if cut_large(large, &mut frames).is_err() {
            self.losses.unusable += 1;
        }
        frames
    }

    /// Gives the kernel a frame, at the latest with [`Port::flush`].
    pub fn send(&mut self, mut frame: Outgoing) {
        match &mut self.link {
            Link::Tun(_) => {
                if let Err(frame) = self.train.couple(frame) {
                    self.flush();
                    // An empty train takes any frame.
                    let _ = self.train.couple(frame);
                }
            }
            Link::Wire(wire) => {
                self.losses.refused += u64::from(wire.send(&frame.octets()).is_err())
            }
            Link::Foreign(wire, neighbourhood, _) => {
                if let Some(frame) = neighbourhood.leave(frame.octets()) {
                    self.losses.refused += u64::from(wire.send(&frame).is_err());
                }
            }
        }
    }

    /// Gives the kernel what it was not given yet.
    pub fn flush(&mut self) {
        if let Link::Tun(tun) = &self.link
            && !self.train.is_empty()
        {
            let sent = self.train.leave(|header, parts| tun.send(header, parts));
            self.losses.refused += u64::from(sent.is_some_and(|sent| sent.is_err()));
        }
    }

    /// What did not get through so far.
    pub fn losses(&self) -> Losses {
        let forgotten = match &self.link {
            Link::Tun(_) | Link::Wire(_) => 0,
            Link::Foreign(_, neighbourhood, _) => neighbourhood.forgotten(),
        };
        Losses {
            refused: self.losses.refused + forgotten,
            ..self.losses
        }
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.link {
            Link::Tun(tun) => tun.as_fd(),
            Link::Wire(wire) | Link::Foreign(wire, ..) => wire.as_fd(),
        }
    }
}

/// Keeps a device from looking for routers of IPv6, and from IPv6 at all where it has none. What
/// a machine does not let us set, it does not do either.
fn quiet(device: &str, has_ipv6: bool) {
    let set = |key: &str, value: &str| {
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{device}/{key}"), value);
    };
    if has_ipv6 {
        // No address but those that it is given.
        set("addr_gen_mode", "1");
        set("router_solicitations", "0");
        set("accept_ra", "0");
    } else {
        set("disable_ipv6", "1");
    }
}

/// Why a route was refused: the kernel may not have the congestion control that it names.
fn refused(error: NetlinkError, congestion: Option<&str>) -> PortError {
    let has = fs::read_to_string("/proc/sys/net/ipv4/tcp_available_congestion_control");
    let has = has.unwrap_or_default();
    match congestion {
        Some(name) if !has.split_whitespace().any(|it| it == name) => PortError::Congestion {
            name: name.to_owned(),
            has: has.split_whitespace().collect::<Vec<_>>().join(", "),
        },
        Some(_) | None => error.into(),
    }
}

/// The length of a prefix that is one address.
fn whole(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}
