//! Two Winsock processes on two hosts, and a clock.

use hangup_stack::host::Host;
use hangup_stack::network::{HostConfig, HostId, Network, Resolution, StackKind};
use hangup_stack::profile::Profile;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
use hangup_winsock::api::options::{FIONBIO, Linger, OptionValue, SO_LINGER, SOL_SOCKET};
use hangup_winsock::api::sockets::{AF_INET, SOCK_DGRAM, SOCK_STREAM};
use hangup_winsock::{Progress, Socket, Winsock, WsaError};

/// The port that the server's sockets are bound to.
pub(crate) const PORT: u16 = 80;

/// How long a call may wait before a test gives up, in virtual time.
const PATIENCE: Duration = Duration::from_secs(3600);

/// One process on one host.
pub(crate) struct Side {
    pub(crate) host: HostId,
    pub(crate) address: IpAddress,
    pub(crate) process: Winsock,
}

/// A server, a client, and the network between them.
pub(crate) struct Pair {
    pub(crate) network: Network,
    pub(crate) server: Side,
    pub(crate) client: Side,
}

/// Which side makes a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    Server,
    Client,
}

impl Pair {
    /// Two hosts of a profile, on a link of 10 ms; both processes have negotiated this version.
    pub(crate) fn new(profile: &str, version: u16) -> Self {
        let mut network = Network::new(0, Resolution::Static);
        let mut side = |name: &str, last: u8| {
            let address = IpAddress::v4(192, 0, 2, last);
            let profile = Profile::built_in(profile).expect("the profile is built in");
            let host = network.add_host(HostConfig {
                name: name.to_owned(),
                addresses: vec![address],
                stack: StackKind::of(profile),
                mtu: 1500,
                receive_buffer: None,
                send_buffer: None,
            });
            Side {
                host,
                address,
                process: Winsock::new(),
            }
        };
        let (server, client) = (side("server", 1), side("client", 2));
        for (from, to) in [(server.host, client.host), (client.host, server.host)] {
            let mut link = network.link(from, to).clone();
            link.delay = Duration::from_millis(10);
            network.set_link(from, to, link);
        }
        let mut pair = Self {
            network,
            server,
            client,
        };
        for who in [Who::Server, Who::Client] {
            let started = pair.call(who, |process, host, _| process.wsa_startup(host, version));
            assert_eq!(started.map(|data| data.version.word()), Ok(version));
        }
        pair
    }

    /// Makes a call that does not wait.
    pub(crate) fn call<R>(
        &mut self,
        who: Who,
        f: impl FnOnce(&mut Winsock, &mut Host, Instant) -> R,
    ) -> R {
        let side = match who {
            Who::Server => &mut self.server,
            Who::Client => &mut self.client,
        };
        let process = &mut side.process;
        self.network
            .with_host(side.host, |host, now| f(process, host, now))
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
                    let stepped = self.network.step(until.unwrap_or(limit));
                    assert!(
                        stepped || until.is_some(),
                        "the call waits and nothing is due"
                    );
                }
            }
        }
    }

    /// Lets time pass.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let limit = self.network.now() + time;
        self.network.run_until(limit);
    }

    /// A socket of the client.
    pub(crate) fn socket(&mut self, who: Who, kind: i32) -> Socket {
        self.call(who, |process, host, now| {
            process.socket(host, now, AF_INET, kind, 0)
        })
        .expect("a socket can be made")
    }

    /// The server's address.
    pub(crate) fn server_address(&self) -> IpEndpoint {
        IpEndpoint::new(self.server.address, PORT)
    }

    /// A bound socket of the server.
    pub(crate) fn bound(&mut self, kind: i32) -> Socket {
        let (s, name) = (self.socket(Who::Server, kind), self.server_address());
        self.call(Who::Server, |process, host, now| {
            process.bind(host, now, s, name)
        })
        .expect("the address is free");
        s
    }

    /// A listening socket of the server.
    pub(crate) fn listening(&mut self) -> Socket {
        let s = self.bound(SOCK_STREAM);
        self.call(Who::Server, |process, host, now| {
            process.listen(host, now, s, 5)
        })
        .expect("it is bound");
        s
    }

    /// A connection: the listening socket, the server's end, the client's end.
    pub(crate) fn connected(&mut self) -> (Socket, Socket, Socket) {
        let listening = self.listening();
        let (client, name) = (self.socket(Who::Client, SOCK_STREAM), self.server_address());
        self.wait(Who::Client, |process, host, now| {
            process.connect(host, now, client, name)
        })
        .expect("the server listens");
        let (server, _) = self
            .wait(Who::Server, |process, host, now| {
                process.accept(host, now, listening)
            })
            .expect("the client has connected");
        (listening, server, client)
    }

    /// Sends octets, all of them.
    #[track_caller]
    pub(crate) fn send(&mut self, who: Who, s: Socket, octets: usize) -> Result<usize, WsaError> {
        let data = vec![b'x'; octets];
        self.wait(who, |process, host, now| {
            process.send(host, now, s, &data, 0)
        })
    }

    /// Receives at most 64 KiB.
    #[track_caller]
    pub(crate) fn recv(&mut self, who: Who, s: Socket) -> Result<usize, WsaError> {
        let mut buffer = vec![0; 1 << 16];
        self.wait(who, |process, host, now| {
            process.recv(host, now, s, &mut buffer, 0)
        })
    }

    /// An unconnected datagram socket of the server, and one of the client.
    pub(crate) fn datagrams(&mut self) -> (Socket, Socket) {
        (self.bound(SOCK_DGRAM), self.socket(Who::Client, SOCK_DGRAM))
    }

    /// Sets SO_LINGER.
    #[track_caller]
    pub(crate) fn linger(&mut self, who: Who, s: Socket, onoff: u16, seconds: u16) {
        let value = OptionValue::Linger(Linger { onoff, seconds });
        let set = self.call(who, |process, host, now| {
            process.setsockopt(host, now, s, SOL_SOCKET, SO_LINGER, value)
        });
        assert_eq!(set, Ok(()));
    }

    /// Makes a socket non-blocking.
    #[track_caller]
    pub(crate) fn non_blocking(&mut self, who: Who, s: Socket) {
        let set = self.call(who, |process, host, now| {
            process.ioctlsocket(host, now, s, FIONBIO, &mut 1)
        });
        assert_eq!(set, Ok(()));
    }
}
