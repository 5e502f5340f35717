//! Hosts that crash and are started again.

use hangup_stack::event::{DropCause, Fact};
use hangup_stack::host::Host;
use hangup_stack::network::{HostConfig, HostId, IpFamily, Network, Resolution};
use hangup_stack::profile::Profile;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
use hangup_stack::socket::{ConnectError, Gone, Protocol, RecvError, SocketId};
use hangup_stack::tcp::State;

const SERVER: IpEndpoint = IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 80);

fn later(network: &mut Network) {
    network.run_until(network.now() + Duration::from_secs(5));
}

/// Two hosts of a system, and a connection between them.
fn connected(profile: &str) -> (Network, [HostId; 2], [SocketId; 2]) {
    let mut network = Network::new(0, Resolution::Static);
    let profile = Profile::built_in(profile).expect("it is built in");
    let [server, client] = [1, 2].map(|last| {
        let address = IpAddress::v4(192, 0, 2, last);
        network.add_host(HostConfig::new("host", address, profile.clone()))
    });
    let listening = network.with_host(server, |host, _| {
        let socket = host.open(Protocol::Tcp, IpFamily::V4);
        host.bind(socket, None, SERVER.port).expect("it is free");
        host.listen(socket, 5).expect("it is bound");
        socket
    });
    let connecting = network.with_host(client, |host, now| {
        let socket = host.open(Protocol::Tcp, IpFamily::V4);
        let begun = host.connect(socket, SERVER, now);
        assert_eq!(begun, Err(ConnectError::InProgress));
        socket
    });
    later(&mut network);
    let accepted = network.with_host(server, |host, _| host.accept(listening));
    let accepted = accepted.expect("it waits");
    (network, [server, client], [accepted, connecting])
}

fn systems() -> impl Iterator<Item = &'static str> {
    Profile::names().iter().copied()
}

#[test]
fn a_host_without_power_says_and_hears_nothing() {
    for system in systems() {
        let (mut network, [server, client], [accepted, connecting]) = connected(system);
        network.crash(server);
        assert!(!network.host(server).is_running());
        let send = |host: &mut Host, _: Instant| host.send(connecting, b"hello");
        assert_eq!(network.with_host(client, send), Ok(5), "{system}");
        network.take_events();
        later(&mut network);
        let events = network.take_events();
        let lost = events
            .iter()
            .filter(|it| it.fact == Fact::Dropped(DropCause::HostDown));
        assert!(lost.count() > 1, "{system}: it is sent again");
        let speaks = |it: &&hangup_stack::event::Event| {
            it.host == server && matches!(it.fact, Fact::Sent { .. } | Fact::Received { .. })
        };
        assert_eq!(events.iter().find(speaks), None, "{system}");
        assert_eq!(network.host(server).status(accepted), None, "{system}");
        assert_eq!(network.host(server).poll_at(), None, "{system}");
    }
}

#[test]
fn a_host_that_is_up_again_resets_what_it_does_not_know() {
    for system in systems() {
        let (mut network, [server, client], [_, connecting]) = connected(system);
        network.boot(server);
        assert!(network.host(server).is_running());
        let sent = network.with_host(client, |host, _| host.send(connecting, b"hello"));
        assert_eq!(sent, Ok(5), "{system}");
        later(&mut network);
        let read = network.with_host(client, |host, _| host.recv(connecting, &mut [0; 10]));
        assert_eq!(read, Err(RecvError::Gone(Gone::Reset)), "{system}");
        assert_eq!(network.host(server).sockets().count(), 0, "{system}");
    }
}

#[test]
fn sockets_and_ports_of_before_do_not_come_again() {
    let (mut network, [_, client], [_, connecting]) = connected("linux");
    let port = |network: &Network, socket| {
        let status = network.host(client).status(socket).expect("it is open");
        status.local.expect("it has one").port
    };
    let before = port(&network, connecting);
    network.boot(client);
    let again = network.with_host(client, |host, now| {
        let socket = host.open(Protocol::Tcp, IpFamily::V4);
        let begun = host.connect(socket, SERVER, now);
        assert_eq!(begun, Err(ConnectError::InProgress));
        socket
    });
    assert!(again > connecting, "{again:?}");
    assert_ne!(port(&network, again), before);
    later(&mut network);
    let state = network.host(client).status(again).and_then(|it| it.state);
    assert_eq!(state, Some(State::Established));
}
