//! The link between the kernel and what the script plays: a TUN device, or a cable whose other end
//! is ours where this user may have none.

use std::io::{self, IoSlice};

use bytes::Bytes;
use smoltcp::wire::{EthernetAddress, EthernetFrame, EthernetProtocol};

use super::packets;
use crate::live::device::{Tun, VirtioHeader, Wire, whole_or_cut};
use crate::live::namespace::Refused;
use crate::live::netlink::Netlink;

/// The other end of the cable.
const FAR: &str = "far0";

/// The largest packet of a cable: what IP can say.
pub(super) const FAR_MTU: u32 = 65_535;

/// What the kernel's packets go through.
#[derive(Debug)]
pub(super) enum Link {
    Tun(Tun),
    /// The other end of a cable.
    Cable {
        far: Wire,
        /// The largest packet that the link of the scenario carries. None: segments stay whole.
        cut_at: Option<usize>,
    },
}

/// What the kernel leaves to its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offloads {
    /// Checksums and segmentation, so that a segment is as long as the kernel makes it.
    All,
    /// Nothing: what is on the device is what a wire of this MTU would carry.
    None(usize),
}

impl Link {
    /// Makes the device of the kernel, which is down, and has no address. As one end of a cable it
    /// asks nobody who is at the other one.
    ///
    /// # Errors
    /// The machine refuses both; why it refuses the first.
    pub(super) fn make(
        device: &str,
        ethernet: EthernetAddress,
        netlink: &Netlink,
        offloads: Offloads,
    ) -> Result<Self, Refused> {
        let (left, cut_at) = match offloads {
            Offloads::All => (true, None),
            Offloads::None(mtu) => (false, Some(mtu)),
        };
        Tun::make(device, left).map(Self::Tun).or_else(|refused| {
            let cable = Self::cable(device, ethernet, netlink);
            cable
                .ok()
                .map(|far| Self::Cable { far, cut_at })
                .ok_or(refused)
        })
    }

    fn cable(device: &str, ethernet: EthernetAddress, netlink: &Netlink) -> io::Result<Wire> {
        netlink
            .add_cable(device, FAR, None)
            .map_err(io::Error::other)?;
        // A kernel without IPv6 has none of its settings.
        let _ = super::sysctl::set(&format!("net.ipv6.conf.{FAR}.disable_ipv6"), "1");
        let far = netlink.set_up(FAR, None, Some(FAR_MTU), None);
        far.map_err(io::Error::other)?;
        let near = netlink.set_silent(device, ethernet);
        near.map_err(io::Error::other)?;
        Wire::open(FAR)
    }

    /// Throws away what the kernel has sent: it is seen elsewhere.
    pub(super) fn drain(&self, buffer: &mut [u8]) {
        match self {
            Self::Tun(tun) => while let Ok(Some(_)) = tun.receive(buffer) {},
            Self::Cable { far, .. } => while let Ok(Some(_)) = far.receive(buffer) {},
        }
    }

    /// Gives the kernel the packet of a frame.
    ///
    /// # Errors
    /// The kernel does not take it.
    pub(super) fn give(&self, frame: &[u8]) -> io::Result<()> {
        match self {
            Self::Tun(tun) => {
                let packet = [IoSlice::new(packets::unframed(frame))];
                tun.send(&VirtioHeader::default(), &packet)
            }
            Self::Cable { far, .. } => far.send(frame),
        }
    }

    /// Whether what the kernel was given may wait before the kernel takes it.
    pub(super) fn is_queued(&self) -> bool {
        matches!(self, Self::Cable { .. })
    }

    /// The IP packet of what was seen on the device. None: it is something else.
    pub(super) fn packet<'a>(&self, seen: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Self::Tun(_) => Some(seen),
            Self::Cable { .. } => {
                let frame = EthernetFrame::new_checked(seen).ok()?;
                let kind = frame.ethertype();
                let is_ip = matches!(kind, EthernetProtocol::Ipv4 | EthernetProtocol::Ipv6);
                is_ip.then(|| packets::unframed(seen))
            }
        }
    }

    /// Puts a frame of the kernel into a list as the link of the scenario carries it.
    pub(super) fn carried(&self, frame: Vec<u8>, out: &mut Vec<Bytes>) {
        match self {
            Self::Cable {
                cut_at: Some(mtu), ..
            } => {
                // What is too large and cannot be cut is lost, as on a wire.
                let _ = whole_or_cut(frame.into(), *mtu, out);
            }
            Self::Tun(_) | Self::Cable { cut_at: None, .. } => out.push(frame.into()),
        }
    }
}
