//! Devices: packets to and from the kernel.

use std::io::IoSlice;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use hangup::live::device::{Segmentation, Tun, VirtioHeader, Wire};
use hangup::live::namespace::{Apart, drop_privileges, enter};
use hangup::live::netlink::Netlink;
use smoltcp::wire::EthernetAddress;

use crate::process::Tested;

const KERNEL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const OURS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const OUR_ETHERNET: EthernetAddress = EthernetAddress([2, 0, 0, 0, 0, 1]);
const PORT: u16 = 4000;

/// Longer than a packet takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const NETWORK: Apart = Apart {
    network: true,
    mounts: true,
    processes: false,
};

/// A datagram that the kernel sends is received, and one of ours reaches a program; both when
/// nobody has a privilege any more.
pub(crate) fn tun() -> Tested {
    enter(NETWORK).map_err(|it| it.to_string())?;
    let tun = Tun::make("tun0", true).map_err(|it| it.to_string())?;
    let netlink = Netlink::open().expect("a namespace has netlink");
    netlink
        .set_up("tun0", None, Some(1500), Some(1000))
        .expect("it is ours");
    netlink
        .add_address("tun0", KERNEL.into(), 24)
        .expect("it is ours");
    drop_privileges().expect("there is nothing to keep");
    let refused = netlink.add_address("tun0", IpAddr::from([10, 0, 0, 1]), 8);
    let refused = refused.expect_err("there is no privilege left").to_string();
    assert!(
        refused.starts_with("cannot give tun0 the address 10.0.0.1/8: "),
        "{refused}"
    );

    let socket = UdpSocket::bind((KERNEL, PORT)).expect("it is the kernel's address");
    socket
        .send_to(b"there", (OURS, PORT))
        .expect("there is a route");
    let mut packet = [0; 2000];
    let length = loop {
        let (header, length) = tun
            .receive(&mut packet)
            .expect("it is up")
            .expect("it was sent");
        // IPv6 looks for routers by itself.
        if packet[0] >> 4 == 4 {
            assert_eq!(header.segmentation, Segmentation::None);
            break length;
        }
    };
    let packet = &packet[..length];
    assert_eq!(&packet[28..], b"there");
    // The same back: addresses and ports change places, and the checksum of IPv4 stays.
    let mut back = packet.to_vec();
    back[12..20].rotate_left(4);
    back[26..28].fill(0);
    let parts = [IoSlice::new(&back[..20]), IoSlice::new(&back[20..])];
    tun.send(&VirtioHeader::default(), &parts)
        .expect("the kernel takes it");
    received(&socket);
    Ok(())
}

/// The same on a cable.
pub(crate) fn cable() -> Tested {
    enter(NETWORK).map_err(|it| it.to_string())?;
    let netlink = Netlink::open().expect("a namespace has netlink");
    netlink
        .add_cable("eth0", "far0", Some(1))
        .map_err(|it| it.to_string())?;
    netlink
        .set_up("eth0", None, None, None)
        .expect("it is ours");
    netlink
        .set_up("far0", None, None, None)
        .expect("it is ours");
    netlink
        .add_address("eth0", KERNEL.into(), 24)
        .expect("it is ours");
    netlink
        .add_neighbour("eth0", OURS.into(), OUR_ETHERNET)
        .expect("it is ours");
    let wire = Wire::open("far0").expect("it is ours");
    let missing = Wire::open("far1").expect_err("there is no such device");
    assert_eq!(missing.to_string(), "there is no device far1");

    let socket = UdpSocket::bind((KERNEL, PORT)).expect("it is the kernel's address");
    socket
        .send_to(b"there", (OURS, PORT))
        .expect("there is a route");
    let deadline = Instant::now() + PATIENCE;
    let mut frame = [0; 2000];
    let length = loop {
        // A cable has a packet for as long as its other end is not woken.
        let Some(sighted) = wire.receive(&mut frame).expect("it is up") else {
            assert!(Instant::now() < deadline, "it was sent");
            std::thread::sleep(Duration::from_millis(1));
            continue;
        };
        assert!(sighted.at.is_some() && !sighted.is_cut);
        // The kernel looks for routers of IPv6 at both ends by itself.
        if frame[12..14] == [8, 0] && !sighted.is_outgoing {
            break sighted.length;
        }
    };
    assert_eq!(&frame[42..length], b"there");
    let mut back = frame[..length].to_vec();
    back[..12].rotate_left(6);
    back[26..34].rotate_left(4);
    back[40..42].fill(0);
    wire.send(&back).expect("the device takes it");
    received(&socket);
    Ok(())
}

fn received(socket: &UdpSocket) {
    let patience = Some(PATIENCE);
    socket.set_read_timeout(patience).expect("a socket can");
    let mut octets = [0; 10];
    let (length, from) = socket.recv_from(&mut octets).expect("it was sent");
    assert_eq!(
        (&octets[..length], from.ip()),
        (b"there".as_slice(), OURS.into())
    );
}
