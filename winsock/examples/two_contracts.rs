//! Two pages about one call, side by side: `cargo run -p hangup-winsock --example two_contracts`.
//!
//! A server stops receiving, and its client sends 1000 octets. Under the contract of
//! WSPRecvDisconnect they are held and never acknowledged; under that of WSARecvDisconnect they
//! reset the connection.

use hangup_stack::network::{HostConfig, Network, Resolution};
use hangup_stack::profile::Profile;
use hangup_stack::smoltcp::{time::Duration, wire::IpAddress, wire::IpEndpoint};
use hangup_winsock::api::sockets::{AF_INET, IPPROTO_TCP, SOCK_STREAM};
use hangup_winsock::{Pointer, Program, WsaError};

fn main() -> Result<(), WsaError> {
    for contract in ["wsprecvdisconnect", "winsock"] {
        let mut network = Network::new(0, Resolution::Static);
        let profile = Profile::built_in(contract).expect("it is built in");
        let [mut server, mut client] = [1, 2].map(|last| {
            let config = HostConfig::new("", IpAddress::v4(192, 0, 2, last), profile.clone());
            Program::new(network.add_host(config), Duration::from_secs(5))
        });
        let name = IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 80);
        let listening = server.call(&mut network, |process, host, now| {
            process.wsa_startup(host, 0x0202)?;
            let s = process.socket(host, now, AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
            process.bind(host, now, s, name)?;
            process.listen(host, now, s, 1).map(|()| s)
        })?;
        let s = client.call(&mut network, |process, host, now| {
            process.wsa_startup(host, 0x0202)?;
            process.socket(host, now, AF_INET, SOCK_STREAM, IPPROTO_TCP)
        })?;
        client.wait(&mut network, |process, host, now| {
            process.connect(host, now, s, name)
        })?;
        let (accepted, _) = server.wait(&mut network, |process, host, now| {
            process.accept(host, now, listening)
        })?;
        server.call(&mut network, |process, host, now| {
            process.wsa_recv_disconnect(host, now, accepted, Pointer::Null)
        })?;
        client.wait(&mut network, |process, host, now| {
            process.send(host, now, s, &[0; 1000], 0)
        })?;
        let learnt = client.wait(&mut network, |process, host, now| {
            process.recv(host, now, s, &mut [0; 100], 0)
        });
        let held = server
            .status(&network, accepted)
            .map_or(0, |status| status.held);
        println!("{contract:>17}: the server holds {held:4} octets, the client's recv: {learnt:?}");
    }
    Ok(())
}
