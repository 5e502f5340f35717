//! Devices, addresses, routes and neighbours of the network namespace that this process is in.

use std::fmt;
use std::io;
use std::net::IpAddr;

use netlink_packet_core::{
    DefaultNla, NLM_F_ACK, NLM_F_CREATE, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkHeader,
    NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressHeaderFlags, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::neighbour::{NeighbourAttribute, NeighbourMessage, NeighbourState};
use netlink_packet_route::route::{
    RouteAttribute, RouteHeader, RouteMessage, RouteMetric, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::tc::{TcAttribute, TcHandle, TcMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use smoltcp::wire::EthernetAddress;

/// How much of an answer is read: an error repeats the request, and requests are short.
const ANSWER_MAX: usize = 8192;

/// A request that the kernel refused.
#[derive(Debug)]
pub struct NetlinkError {
    /// What was asked, as it follows "cannot".
    pub request: String,
    /// What the kernel said.
    pub error: io::Error,
}

impl fmt::Display for NetlinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.request, self.error)
    }
}

impl std::error::Error for NetlinkError {}

/// What a route says of the connections that go there.
#[derive(Clone, Copy, Debug, Default)]
pub struct RouteSettings<'a> {
    /// Their congestion control. A namespace takes few of them as its default, and a route takes
    /// any that the kernel has.
    pub congestion: Option<&'a str>,
    /// Their largest packet in octets, where it is not that of the device.
    pub mtu: Option<u32>,
}

/// The index of a device, by its name.
///
/// # Errors
/// There is none of that name.
pub fn index_of(device: &str) -> Result<u32, NetlinkError> {
    let find = || {
        let (family, kind) = (
            rustix::net::AddressFamily::INET,
            rustix::net::SocketType::DGRAM,
        );
        let socket = rustix::net::socket(family, kind, None)?;
        rustix::net::netdevice::name_to_index(&socket, device)
    };
    find().map_err(|error| NetlinkError {
        request: format!("find the device {device}"),
        error: error.into(),
    })
}

/// A connection to the kernel's tables.
pub struct Netlink {
    socket: Socket,
}

impl fmt::Debug for Netlink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netlink").finish_non_exhaustive()
    }
}

impl Netlink {
    /// To those of the namespace in which this process is now.
    ///
    /// # Errors
    /// The kernel has none.
    pub fn open() -> Result<Self, NetlinkError> {
        let open = || {
            let mut socket = Socket::new(NETLINK_ROUTE)?;
            socket.bind_auto()?;
            socket.connect(&SocketAddr::new(0, 0))?;
            Ok(Self { socket })
        };
        open().map_err(|error| NetlinkError {
            request: "open a netlink socket".to_owned(),
            error,
        })
    }

    /// Makes two devices that are the ends of one cable. A frame of the first one carries so many
    /// segments at most: with one it is as it would be on a wire, and without a limit as long as
    /// the kernel makes it.
    ///
    /// # Errors
    /// The kernel does not make them.
    pub fn add_cable(
        &self,
        name: &str,
        other: &str,
        segments: Option<u32>,
    ) -> Result<(), NetlinkError> {
        let mut peer = LinkMessage::default();
        peer.attributes
            .push(LinkAttribute::IfName(other.to_owned()));
        let mut link = LinkMessage::default();
        link.attributes = vec![
            LinkAttribute::IfName(name.to_owned()),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Veth),
                LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
            ]),
        ];
        link.attributes
            .extend(segments.map(LinkAttribute::GsoMaxSegs));
        let request = format!("make the devices {name} and {other}");
        self.create(RouteNetlinkMessage::NewLink(link), || request)
    }

    /// Sets a device up: its Ethernet address where it has one, the largest packet in octets, and
    /// how many packets wait in it.
    ///
    /// # Errors
    /// The kernel does not take one of them.
    pub fn set_up(
        &self,
        device: &str,
        ethernet: Option<EthernetAddress>,
        mtu: Option<u32>,
        queue: Option<u32>,
    ) -> Result<(), NetlinkError> {
        let mut link = LinkMessage::default();
        link.header.index = index_of(device)?;
        link.header.flags = LinkFlags::Up;
        link.header.change_mask = LinkFlags::Up;
        let ethernet = ethernet.map(|it| LinkAttribute::Address(it.as_bytes().to_vec()));
        let mtu = mtu.map(LinkAttribute::Mtu);
        let queue = queue.map(LinkAttribute::TxQueueLen);
        link.attributes
            .extend(ethernet.into_iter().chain(mtu).chain(queue));
        let request = || format!("set the device {device} up");
        self.ask(RouteNetlinkMessage::SetLink(link), 0, request)
    }

    /// Gives a device an Ethernet address, and lets it ask nobody who has an address on its link:
    /// whatever it sends goes to all.
    ///
    /// # Errors
    /// The kernel does not take one of them.
    pub fn set_silent(&self, device: &str, ethernet: EthernetAddress) -> Result<(), NetlinkError> {
        let mut link = LinkMessage::default();
        link.header.index = index_of(device)?;
        link.header.flags = LinkFlags::Noarp;
        link.header.change_mask = LinkFlags::Noarp;
        link.attributes = vec![LinkAttribute::Address(ethernet.as_bytes().to_vec())];
        let request = || format!("give {device} the address {ethernet}");
        self.ask(RouteNetlinkMessage::SetLink(link), 0, request)
    }

    /// Gives a device an address, with its network. It counts from now on: the kernel does not
    /// look whether somebody else has it.
    ///
    /// # Errors
    /// The kernel does not take it.
    pub fn add_address(
        &self,
        device: &str,
        address: IpAddr,
        prefix: u8,
    ) -> Result<(), NetlinkError> {
        let mut message = AddressMessage::default();
        message.header.family = family(address);
        message.header.prefix_len = prefix;
        message.header.index = index_of(device)?;
        if address.is_ipv6() {
            message.header.flags = AddressHeaderFlags::Nodad;
        }
        let attributes = [
            AddressAttribute::Local(address),
            AddressAttribute::Address(address),
        ];
        message.attributes = attributes.to_vec();
        let request = || format!("give {device} the address {address}/{prefix}");
        self.create(RouteNetlinkMessage::NewAddress(message), request)
    }

    /// Sends what is for a network through a device, from one of its addresses where that is said,
    /// with settings of the connections that go there.
    ///
    /// # Errors
    /// The kernel does not take it.
    pub fn add_route(
        &self,
        device: &str,
        (network, prefix): (IpAddr, u8),
        from: Option<IpAddr>,
        settings: RouteSettings<'_>,
    ) -> Result<(), NetlinkError> {
        let mut message = RouteMessage::default();
        message.header.address_family = family(network);
        message.header.destination_prefix_length = prefix;
        message.header.table = RouteHeader::RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::Static;
        message.header.scope = match network {
            IpAddr::V4(_) => RouteScope::Link,
            IpAddr::V6(_) => RouteScope::Universe,
        };
        message.header.kind = RouteType::Unicast;
        message.attributes = vec![
            RouteAttribute::Destination(network.into()),
            RouteAttribute::Oif(index_of(device)?),
        ];
        let from = from.map(|from| RouteAttribute::PrefSource(from.into()));
        message.attributes.extend(from);
        let algorithm = settings.congestion.map(str::to_owned);
        let metrics = algorithm.map(RouteMetric::CcAlgo).into_iter();
        let metrics: Vec<_> = metrics.chain(settings.mtu.map(RouteMetric::Mtu)).collect();
        if !metrics.is_empty() {
            message.attributes.push(RouteAttribute::Metrics(metrics));
        }
        let request = || format!("route {network}/{prefix} through {device}");
        self.create(RouteNetlinkMessage::NewRoute(message), request)
    }

    /// Tells who has an address on the link of a device, for good.
    ///
    /// # Errors
    /// The kernel does not take it.
    pub fn add_neighbour(
        &self,
        device: &str,
        address: IpAddr,
        ethernet: EthernetAddress,
    ) -> Result<(), NetlinkError> {
        let mut message = NeighbourMessage::default();
        message.header.family = family(address);
        message.header.ifindex = index_of(device)?;
        message.header.state = NeighbourState::Permanent;
        message.attributes = vec![
            NeighbourAttribute::Destination(address.into()),
            NeighbourAttribute::LinkLayerAddress(ethernet.as_bytes().to_vec()),
        ];
        let request = || format!("tell {device} who has {address}");
        self.create(RouteNetlinkMessage::NewNeighbour(message), request)
    }

    /// Lets a device queue what it sends by a discipline, with a limit in packets where it takes
    /// one as the fifos do.
    ///
    /// # Errors
    /// The kernel has no such discipline.
    pub fn set_queue(
        &self,
        device: &str,
        discipline: &str,
        limit: Option<u32>,
    ) -> Result<(), NetlinkError> {
        /// `TCA_OPTIONS` of `linux/rtnetlink.h`; those of a fifo are a number and no attributes.
        const OPTIONS: u16 = 2;
        let mut message = TcMessage::default();
        message.header.index = index_of(device)?.cast_signed();
        message.header.parent = TcHandle::ROOT;
        let limit = limit.map(|limit| {
            TcAttribute::Other(DefaultNla::new(OPTIONS, limit.to_ne_bytes().to_vec()))
        });
        message.attributes = vec![TcAttribute::Kind(discipline.to_owned())];
        message.attributes.extend(limit);
        let request = || format!("queue what {device} sends by {discipline}");
        self.create(RouteNetlinkMessage::NewQueueDiscipline(message), request)
    }

    fn create(
        &self,
        message: RouteNetlinkMessage,
        request: impl FnOnce() -> String,
    ) -> Result<(), NetlinkError> {
        self.ask(message, NLM_F_CREATE | NLM_F_REPLACE, request)
    }

    /// Asks for something, and waits for the kernel's answer.
    fn ask(
        &self,
        message: RouteNetlinkMessage,
        flags: u16,
        request: impl FnOnce() -> String,
    ) -> Result<(), NetlinkError> {
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
        message.finalize();
        let mut octets = vec![0; message.buffer_len()];
        message.serialize(&mut octets);
        self.exchange(&octets).map_err(|error| NetlinkError {
            request: request(),
            error,
        })
    }

    fn exchange(&self, octets: &[u8]) -> io::Result<()> {
        self.socket.send(octets, 0)?;
        let mut answer = Vec::with_capacity(ANSWER_MAX);
        self.socket.recv(&mut answer, 0)?;
        let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer);
        let answer = answer.map_err(|error| io::Error::other(error.to_string()))?;
        if let NetlinkPayload::Error(error) = answer.payload
            && error.code.is_some()
        {
            return Err(error.to_io());
        }
        Ok(())
    }
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}
