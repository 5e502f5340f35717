//! A device that is there already, of which whole frames are read and written (AF_PACKET).

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::SystemTime;

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind,
    recvmsg, send, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeSpec;
use smoltcp::wire::EthernetAddress;

/// `PACKET_OUTGOING` of `linux/if_packet.h`: what somebody sends through the device.
const OUTGOING: u8 = 4;

/// `ARPHRD_ETHER` of `linux/if_arp.h`.
const ETHERNET: u16 = 1;

/// How much memory of the kernel the frames may take that were not taken yet. A page of a program
/// that is sent without a copy counts as a whole, whatever of it is sent.
const ROOM: usize = 16 << 20;

/// The frames of a device. Nothing of it blocks.
#[derive(Debug)]
pub struct Wire {
    socket: OwnedFd,
    /// The index of the only device whose frames are taken, where the socket has those of all.
    only: Option<usize>,
}

/// A frame that was seen on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighted {
    /// Its length, in octets.
    pub length: usize,
    /// Whether it was longer than there was place for.
    pub is_cut: bool,
    /// Whether the machine sent it through the device; else it came in by the device.
    pub is_outgoing: bool,
    /// When the kernel saw it, where it says so.
    pub at: Option<SystemTime>,
    /// How many frames before it were not taken in time, and are lost.
    pub lost: u32,
}

impl Wire {
    /// Those of a device of the namespace that this process is in.
    ///
    /// # Errors
    /// There is no such device, or the process lacks CAP_NET_RAW.
    pub fn open(device: &str) -> io::Result<Self> {
        let wire = Self {
            socket: packet_socket()?,
            only: None,
        };
        bind(wire.socket.as_raw_fd(), &link_address(device)?)?;
        // What other devices had for it before it was bound to this one.
        let mut octets = [0];
        while wire.receive(&mut octets)?.is_some() {}
        Ok(wire)
    }

    /// Those of a device that has no address on its link, as a TUN device has none: packets, and
    /// no frames. They can be watched only.
    ///
    /// # Errors
    /// There is no such device, or the process lacks CAP_NET_RAW.
    pub fn watch(device: &str) -> io::Result<Self> {
        let index = crate::live::netlink::index_of(device).map_err(io::Error::other)?;
        Ok(Self {
            socket: packet_socket()?,
            only: usize::try_from(index).ok(),
        })
    }

    /// Takes the next frame that passed the device, but for those that were sent with
    /// [`Wire::send`]. None: there is none.
    ///
    /// # Errors
    /// The device is gone or down.
    pub fn receive(&self, frame: &mut [u8]) -> io::Result<Option<Sighted>> {
        loop {
            match self.receive_any(frame)? {
                Some((index, _)) if self.only.is_some() && self.only != index => {}
                sighted => return Ok(sighted.map(|(_, sighted)| sighted)),
            }
        }
    }

    /// Takes the next frame that the socket has, with the index of its device.
    fn receive_any(&self, frame: &mut [u8]) -> io::Result<Option<(Option<usize>, Sighted)>> {
        let mut parts = [IoSliceMut::new(frame)];
        let mut control = nix::cmsg_space!(TimeSpec, u32);
        let descriptor = self.socket.as_raw_fd();
        let flags = MsgFlags::MSG_DONTWAIT;
        match recvmsg::<LinkAddr>(descriptor, &mut parts, Some(&mut control), flags) {
            Ok(message) => {
                let (mut stamp, mut lost) = (None, 0);
                for control in message.cmsgs()? {
                    if let ControlMessageOwned::ScmTimestampns(at) = control {
                        stamp = Some(at);
                    } else if let ControlMessageOwned::RxqOvfl(frames) = control {
                        lost = frames;
                    }
                }
                let address = message.address;
                let sighted = Sighted {
                    length: message.bytes,
                    is_cut: message.flags.contains(MsgFlags::MSG_TRUNC),
                    is_outgoing: address.is_some_and(|it| it.pkttype() == OUTGOING),
                    at: stamp.map(|it| SystemTime::UNIX_EPOCH + it.into()),
                    lost,
                };
                Ok(Some((address.map(|it| it.ifindex()), sighted)))
            }
            Err(nix::Error::EAGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a frame through the device.
    ///
    /// # Errors
    /// The device is gone, down or full, or the frame is too long for it.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        send(self.socket.as_raw_fd(), frame, MsgFlags::MSG_DONTWAIT)?;
        Ok(())
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A socket that has the frames of all devices, with the kernel's time stamps.
fn packet_socket() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let family = AddressFamily::Packet;
    let socket = socket(family, SockType::Raw, flags, SockProtocol::EthAll)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    setsockopt(&socket, sockopt::RxqOvfl, &1)?;
    // Who may has more room than others: what does not fit is lost.
    let forced = setsockopt(&socket, sockopt::RcvBufForce, &ROOM);
    forced.or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &ROOM))?;
    Ok(socket)
}

/// The Ethernet address of a device.
///
/// # Errors
/// There is no such device, or it has none.
pub(super) fn ethernet_address(device: &str) -> io::Result<EthernetAddress> {
    let link = link_address(device)?;
    let address = link.addr().filter(|_| link.hatype() == ETHERNET);
    let address = address.map(EthernetAddress);
    address.ok_or_else(|| io::Error::other("it is no Ethernet device"))
}

/// The address of a device, as packet sockets know it.
fn link_address(device: &str) -> io::Result<LinkAddr> {
    let ours = getifaddrs()?.filter(|it| it.interface_name == device);
    let mut addresses = ours.filter_map(|it| it.address?.as_link_addr().copied());
    addresses.next().ok_or_else(|| {
        let message = format!("there is no device {device}");
        io::Error::new(io::ErrorKind::NotFound, message)
    })
}
