//! Hosts and connections for the workloads.

use hangup_stack::network::{
    HostConfig, HostId, IpFamily, Network, Recording, Resolution, StackKind,
};
use hangup_stack::profile::Profile;
use hangup_stack::socket::{Protocol, SocketId};
use smoltcp::wire::{IpAddress, IpEndpoint};

/// The port that receivers listen at.
const PORT: u16 = 80;

/// A network that keeps events, or does not.
pub(crate) fn network(recording: Recording) -> Network {
    let mut network = Network::new(0, Resolution::Static);
    network.record(recording);
    network
}

/// Adds a host of a profile; hosts have numbers from 0 on.
pub(crate) fn host(network: &mut Network, profile: &str, send_buffer: Option<usize>) -> HostId {
    let number = network.host_ids().count() as u32;
    let [_, _, high, low] = (number + 1).to_be_bytes();
    let profile = Profile::built_in(profile).expect("the profile is built in");
    network.add_host(HostConfig {
        name: format!("host{number}"),
        addresses: vec![IpAddress::v4(10, 0, high, low)],
        stack: StackKind::of(profile),
        mtu: 1500,
        receive_buffer: None,
        send_buffer,
    })
}

/// A connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub(crate) sender: (HostId, SocketId),
    pub(crate) receiver: (HostId, SocketId),
}

/// So many connections between two hosts, open.
pub(crate) fn connect(
    network: &mut Network,
    (sender, receiver): (HostId, HostId),
    count: usize,
) -> Vec<Connection> {
    let remote = IpEndpoint::new(network.host(receiver).addresses()[0], PORT);
    let listener = network.with_host(receiver, |host, _| {
        let listener = host.open(Protocol::Tcp, IpFamily::V4);
        host.bind(listener, None, PORT).expect("the port is free");
        host.listen(listener, count).expect("the socket is bound");
        listener
    });
    let open = |_| {
        let sending = network.with_host(sender, |host, now| {
            let socket = host.open(Protocol::Tcp, IpFamily::V4);
            // It is in progress, as any handshake is at first.
            let _ = host.connect(socket, remote, now);
            socket
        });
        network.run_until(network.now());
        let receiving = network.with_host(receiver, |host, _| host.accept(listener));
        Connection {
            sender: (sender, sending),
            receiver: (receiver, receiving.expect("the handshake takes no time")),
        }
    };
    (0..count).map(open).collect()
}

/// Has a sender write.
pub(crate) fn write(network: &mut Network, connection: Connection, octets: &[u8]) -> usize {
    let (host, socket) = connection.sender;
    let sent = network.with_host(host, |host, _| host.send(socket, octets));
    sent.unwrap_or(0)
}

/// Has a receiver read everything that waits; returns how much it was.
pub(crate) fn read(network: &mut Network, connection: Connection, buffer: &mut [u8]) -> usize {
    let (host, socket) = connection.receiver;
    network.with_host(host, |host, _| {
        let mut total = 0;
        while let Ok(octets @ 1..) = host.recv(socket, buffer) {
            total += octets;
        }
        total
    })
}
