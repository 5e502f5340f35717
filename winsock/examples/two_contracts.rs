//! Two pages about one call, side by side: `cargo run -p hangup-winsock --example two_contracts`.
//!
//! A server stops receiving, and its client sends 1000 octets. Under the contract of
//! WSPRecvDisconnect they are held and never acknowledged; under that of WSARecvDisconnect they
//! reset the connection.

use hangup_stack::network::{HostConfig, HostId, Network, Resolution, StackKind};
use hangup_stack::profile::Profile;
use hangup_stack::smoltcp::{time::Duration, wire::IpAddress, wire::IpEndpoint};
use hangup_winsock::api::sockets::{AF_INET, IPPROTO_TCP, SOCK_STREAM};
use hangup_winsock::{Outcome, Pointer, Winsock, WsaError};

fn main() -> Result<(), WsaError> {
    for contract in ["wsprecvdisconnect", "winsock"] {
        let mut network = Network::new(0, Resolution::Static);
        let [server, client] = [1, 2].map(|last| host(&mut network, contract, last));
        let name = IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 80);
        let (mut service, mut program) = (Winsock::new(), Winsock::new());

        let listening = network.with_host(server, |host, now| {
            service.wsa_startup(host, 0x0202)?;
            let s = service.socket(host, now, AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
            service.bind(host, now, s, name)?;
            service.listen(host, now, s, 1).map(|()| s)
        })?;
        let s = network.with_host(client, |host, now| {
            program.wsa_startup(host, 0x0202)?;
            program.socket(host, now, AF_INET, SOCK_STREAM, IPPROTO_TCP)
        })?;
        wait(&mut network, client, |host, now| {
            program.connect(host, now, s, name)
        })?;
        let (accepted, _) = wait(&mut network, server, |host, now| {
            service.accept(host, now, listening)
        })?;

        network.with_host(server, |host, now| {
            service.wsa_recv_disconnect(host, now, accepted, Pointer::Null)
        })?;
        wait(&mut network, client, |host, now| {
            program.send(host, now, s, &[b'x'; 1000], 0)
        })?;
        network.run_until(network.now() + Duration::from_secs(5));
        let status = service
            .stack_socket(accepted)
            .and_then(|id| network.host(server).status(id));
        let held = status.map_or(0, |status| status.held);
        let learnt = network.with_host(client, |host, now| {
            program.recv(host, now, s, &mut [0; 100], 0)
        });
        println!("{contract:>17}: the server holds {held:4} octets, the client's recv: {learnt:?}");
    }
    Ok(())
}

/// Makes a call again and again until it returns.
fn wait<T>(
    network: &mut Network,
    id: HostId,
    mut call: impl FnMut(
        &mut hangup_stack::host::Host,
        hangup_stack::smoltcp::time::Instant,
    ) -> Outcome<T>,
) -> Result<T, WsaError> {
    loop {
        match network.with_host(id, &mut call) {
            Outcome::Done(result) => return result,
            Outcome::Blocks { .. } => network.step(network.now() + Duration::from_secs(1)),
        };
    }
}

/// A host that plays a contract.
fn host(network: &mut Network, contract: &str, last: u8) -> HostId {
    network.add_host(HostConfig {
        name: format!("host{last}"),
        addresses: vec![IpAddress::v4(192, 0, 2, last)],
        stack: StackKind::Profile(Box::new(
            Profile::built_in(contract).expect("it is built in"),
        )),
        mtu: 1500,
        receive_buffer: None,
        send_buffer: None,
    })
}
