//! The engine itself: two of our hosts on a link without delay, driven as a scenario drives them.

use hangup_stack::event::Fact;
use hangup_stack::host::Host;
use hangup_stack::network::{HostConfig, IpFamily, Network, Recording, Resolution, StackKind};
use hangup_stack::options::{RECEIVE_BUFFER, SEND_BUFFER};
use hangup_stack::profile::Profile;
use hangup_stack::socket::{AcceptError, ConnectError, Protocol, RecvError, SendError, SocketId};
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint, Ipv4Address};

use crate::transfer::{CALL_OCTETS, RECEIVE_BUFFER_OCTETS, SEND_BUFFER_OCTETS, Stalled};

const SENDER: IpAddress = IpAddress::Ipv4(Ipv4Address::new(192, 0, 2, 1));
const RECEIVER: IpAddress = IpAddress::Ipv4(Ipv4Address::new(192, 0, 2, 2));
const PORT: u16 = 80;
/// How many frames are taken in together where a receive offload is asked for: 64 KiB of full
/// segments, as many as Linux puts together.
const OFFLOAD_FRAMES: usize = 44;
/// An IPv4 datagram with a full segment in it.
const MTU_OCTETS: usize = 1500;

/// How a host takes in the frames that wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intake {
    /// Many at once, which it answers together.
    Offload,
    /// One, which it answers before it sees the next.
    Single,
}

/// Carries `octets` from one host to the other, with nothing recorded.
///
/// # Errors
/// The transfer came to a halt.
pub(crate) fn transfer(octets: usize, intake: Intake) -> Result<(), Stalled> {
    run(octets, intake, Recording::Nothing).map(drop)
}

/// How many frames, both ways, a transfer takes.
///
/// # Errors
/// The transfer came to a halt.
pub(crate) fn frames(octets: usize, intake: Intake) -> Result<u64, Stalled> {
    run(octets, intake, Recording::Everything)
}

/// Makes the transfer and counts the frames that were recorded.
fn run(octets: usize, intake: Intake, recording: Recording) -> Result<u64, Stalled> {
    let mut network = Network::new(0, Resolution::Static);
    network.record(recording);
    let sender = network.add_host(host("sender", SENDER));
    let receiver = network.add_host(host("receiver", RECEIVER));
    if intake == Intake::Offload {
        for host in [sender, receiver] {
            network.with_host(host, |host, _| host.set_receive_offload(OFFLOAD_FRAMES));
        }
    }
    let listening = network.with_host(receiver, listen);
    let sending = network.with_host(sender, connect);

    let data = vec![0x5a; CALL_OCTETS];
    let mut buffer = vec![0; CALL_OCTETS];
    let mut receiving = None;
    let (mut sent, mut received, mut frames) = (0, 0, 0);
    while received < octets {
        network.run_until(network.now());
        let read = network.with_host(receiver, |host, _| {
            receiving = receiving.or_else(|| accept(host, listening));
            receiving.map_or(0, |socket| read(host, socket, &mut buffer))
        });
        received += read;
        let wrote = network.with_host(sender, |host, _| write(host, sending, &data, octets - sent));
        sent += wrote;
        frames += count_frames(&mut network);
        if wrote + read == 0 {
            let due = network.next_due().ok_or(Stalled { received })?;
            network.step(due);
        }
    }
    Ok(frames)
}

/// A host whose segments are full at 1460 octets: its profile offers no timestamps, and advertises
/// what is free in its buffer.
fn host(name: &str, address: IpAddress) -> HostConfig {
    let profile = Profile::built_in("winsock").expect("the profile is built in");
    HostConfig {
        name: name.to_owned(),
        addresses: vec![address],
        stack: StackKind::of(profile),
        mtu: MTU_OCTETS,
        receive_buffer: None,
        send_buffer: None,
    }
}

fn listen(host: &mut Host, now: Instant) -> SocketId {
    let socket = host.open(Protocol::Tcp, IpFamily::V4);
    host.set_option(socket, &RECEIVE_BUFFER, RECEIVE_BUFFER_OCTETS, now);
    host.bind(socket, None, PORT)
        .expect("the port is free on a new host");
    host.listen(socket, 1).expect("a bound socket can listen");
    socket
}

fn connect(host: &mut Host, now: Instant) -> SocketId {
    let socket = host.open(Protocol::Tcp, IpFamily::V4);
    host.set_option(socket, &SEND_BUFFER, SEND_BUFFER_OCTETS, now);
    let outcome = host.connect(socket, IpEndpoint::new(RECEIVER, PORT), now);
    assert_eq!(
        outcome,
        Err(ConnectError::InProgress),
        "the handshake takes a round trip"
    );
    socket
}

fn accept(host: &mut Host, listening: SocketId) -> Option<SocketId> {
    match host.accept(listening) {
        Ok(socket) => Some(socket),
        Err(AcceptError::WouldBlock) => None,
        Err(error) => panic!("a listening socket accepts: {error}"),
    }
}

/// Writes as much of `data`, over and over, as the send buffer and `limit` allow.
fn write(host: &mut Host, socket: SocketId, data: &[u8], limit: usize) -> usize {
    let mut total = 0;
    while total < limit {
        match host.send(socket, &data[..data.len().min(limit - total)]) {
            Ok(octets) => total += octets,
            Err(SendError::WouldBlock) => break,
            Err(error) => panic!("nothing ends the connection: {error}"),
        }
    }
    total
}

/// Reads everything that waits.
fn read(host: &mut Host, socket: SocketId, buffer: &mut [u8]) -> usize {
    let mut total = 0;
    loop {
        match host.recv(socket, buffer) {
            Ok(0) => panic!("the sender does not close"),
            Ok(octets) => total += octets,
            Err(RecvError::WouldBlock) => return total,
            Err(error) => panic!("nothing ends the connection: {error}"),
        }
    }
}

/// Counts the frames among the facts recorded since the last call, and forgets them.
fn count_frames(network: &mut Network) -> u64 {
    let events = network.take_events();
    events
        .iter()
        .filter(|event| matches!(event.fact, Fact::Sent { .. }))
        .count() as u64
}
