//! Two processes on two hosts, and the loop that lets both go on.

use hangup_stack::host::Host;
use hangup_stack::link::LinkConfig;
use hangup_stack::network::{HostConfig, HostId, Network, Resolution, StackKind};
use hangup_stack::profile::Profile;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
use hangup_winsock::address::{AF_ISO, Address, IsoAddress};
use hangup_winsock::catalog::{ISOPROTO_TP2, SOCK_SEQPACKET};
use hangup_winsock::provider::itot::PORT;
use hangup_winsock::{Progress, Socket, Winsock, WsaError};

/// How long a call may wait before a test gives up, in virtual time.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Which side makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Server,
    Client,
}

/// A server, a client, and the network between them.
pub(crate) struct Pair {
    pub(crate) network: Network,
    hosts: [HostId; 2],
    processes: [Winsock; 2],
}

impl Pair {
    /// Two hosts on a link; both processes have negotiated Winsock 2.2.
    pub(crate) fn new(link: &LinkConfig, seed: u64) -> Self {
        let mut network = Network::new(seed, Resolution::Static);
        let hosts = ["server", "client"].map(|name| {
            let last = if name == "server" { 1 } else { 2 };
            network.add_host(HostConfig {
                name: name.to_owned(),
                addresses: vec![IpAddress::v4(192, 0, 2, last)],
                stack: StackKind::of(Profile::built_in("winsock").unwrap()),
                mtu: 1500,
                receive_buffer: None,
                send_buffer: None,
            })
        });
        network.set_link(hosts[0], hosts[1], link.clone());
        network.set_link(hosts[1], hosts[0], link.clone());
        let mut pair = Self {
            network,
            hosts,
            processes: [Winsock::new(), Winsock::new()],
        };
        for who in [Who::Server, Who::Client] {
            pair.call(who, |process, host, _| process.wsa_startup(host, 0x0202))
                .unwrap();
        }
        pair
    }

    /// Makes a call.
    pub(crate) fn call<R>(
        &mut self,
        who: Who,
        f: impl FnOnce(&mut Winsock, &mut Host, Instant) -> R,
    ) -> R {
        let process = &mut self.processes[who as usize];
        self.network
            .with_host(self.hosts[who as usize], |host, now| f(process, host, now))
    }

    /// Lets the network make a step, and both processes go on. False: nothing is due.
    pub(crate) fn step(&mut self, limit: Instant) -> bool {
        let due = self.processes.iter().filter_map(Winsock::poll_at).min();
        let due = due.filter(|due| *due > self.network.now() && *due <= limit);
        let stepped = self.network.step(due.unwrap_or(limit));
        for who in [Who::Server, Who::Client] {
            self.call(who, Winsock::poll);
        }
        stepped || due.is_some()
    }

    /// Makes a call again and again until it returns.
    #[track_caller]
    pub(crate) fn wait<R>(
        &mut self,
        who: Who,
        mut f: impl FnMut(&mut Winsock, &mut Host, Instant) -> Progress<R>,
    ) -> Result<R, WsaError> {
        let limit = self.network.now() + PATIENCE;
        loop {
            match self.call(who, &mut f) {
                Progress::Done(result) => return result,
                Progress::Blocks { until } => {
                    let stepped = self.step(until.unwrap_or(limit));
                    assert!(stepped || until.is_some(), "the call waits for nothing");
                }
            }
        }
    }

    /// Lets time pass.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let limit = self.network.now() + time;
        while self.step(limit) {}
    }

    /// The server's address with a selector.
    pub(crate) fn address(selector: &[u8]) -> Address {
        Address::Iso(IsoAddress {
            selector: selector.to_vec(),
            network: IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), PORT),
        })
    }

    /// A new socket.
    pub(crate) fn socket(&mut self, who: Who) -> Socket {
        self.call(who, |process, host, now| {
            process.socket(host, now, AF_ISO, SOCK_SEQPACKET, ISOPROTO_TP2)
        })
        .unwrap()
    }

    /// A listening socket of the server.
    pub(crate) fn listening(&mut self) -> Socket {
        let s = self.socket(Who::Server);
        self.call(Who::Server, |process, host, now| {
            process.bind(host, now, s, Self::address(b"CD"))?;
            process.listen(host, now, s, 200)
        })
        .unwrap();
        s
    }

    /// A connection to a listening socket: the server's end and the client's.
    pub(crate) fn connected(&mut self, listener: Socket) -> (Socket, Socket) {
        let client = self.socket(Who::Client);
        // It does not wait for the answer, which takes a step of the server's.
        let begun = self.call(Who::Client, |process, host, now| {
            process.connect(host, now, client, Self::address(b"CD"))
        });
        assert_eq!(begun, Progress::WAITS);
        let server = self.wait(Who::Server, |process, host, now| {
            process.accept(host, now, listener)
        });
        self.wait(Who::Client, |process, host, now| {
            process.connect(host, now, client, Self::address(b"CD"))
        })
        .unwrap();
        (server.unwrap().0, client)
    }
}
