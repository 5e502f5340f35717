//! A network in which the other host is the machine's kernel, in real time.
//!
//! The kernel's end is a scripted host: what reaches it goes to the TAP device, and what comes from
//! the device is put on the link as if that host had sent it.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::Instant as Clock;

use hangup_stack::event::Fact;
use hangup_stack::host::Host;
use hangup_stack::network::{HostConfig, HostId, IpFamily, Network, Resolution, StackKind};
use hangup_stack::profile::Profile;
use hangup_stack::socket::{Protocol, SocketId};
use smoltcp::phy::{Device, Medium, RxToken, TunTapInterface, TxToken, wait};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::namespace::ip;

/// The port on which our host listens, and the kernel.
pub(crate) const PORT: u16 = 80;
/// Longer than anything here takes on a busy machine.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);
/// With nothing on the device for so long, everybody has said what there was to say.
const QUIET: Duration = Duration::from_millis(15);
const DEVICE: &str = "tap0";

/// The two hosts.
pub(crate) struct Pair {
    network: Network,
    device: TunTapInterface,
    began: Clock,
    ours: HostId,
    kernel: HostId,
    family: IpFamily,
}

impl Pair {
    /// Our host with a profile, and the kernel, which know each other.
    pub(crate) fn new(profile: &str, family: IpFamily) -> Self {
        let device = TunTapInterface::new(DEVICE, Medium::Ethernet).expect("inside, it is allowed");
        let mut network = Network::new(0, Resolution::Static);
        let profile = Profile::built_in(profile).expect("the profile is built in");
        let mut host = |name: &str, last, stack| {
            network.add_host(HostConfig {
                name: name.to_owned(),
                addresses: vec![match family {
                    IpFamily::V4 => IpAddress::v4(192, 0, 2, last),
                    IpFamily::V6 => IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)),
                }],
                stack,
                mtu: 1500,
                receive_buffer: None,
                send_buffer: None,
            })
        };
        let ours = host("ours", 1, StackKind::of(profile));
        let kernel = host("kernel", 2, StackKind::Scripted);
        let pair = Self {
            network,
            device,
            began: Clock::now(),
            ours,
            kernel,
            family,
        };
        pair.set_up_kernel();
        pair
    }

    fn set_up_kernel(&self) {
        let ethernet = |id| {
            let written = self.network.ethernet_address(id).to_string();
            written.replace('-', ":")
        };
        let (ours, kernel) = (ethernet(self.ours), ethernet(self.kernel));
        let [our_address, address] = [self.ours, self.kernel].map(|id| self.address(id));
        let bits = if address.is_ipv4() { 24 } else { 64 };
        let detect = if address.is_ipv4() { "" } else { "nodad" };
        ip(&format!(
            "link set dev {DEVICE} address {kernel} txqueuelen 10000 up"
        ));
        ip(&format!(
            "address add {address}/{bits} dev {DEVICE} {detect}"
        ));
        ip(&format!(
            "neighbour replace {our_address} lladdr {ours} dev {DEVICE} nud permanent"
        ));
    }

    fn address(&self, id: HostId) -> IpAddr {
        self.network.host(id).addresses()[0].into()
    }

    /// Where our host listens, as the kernel's programs name it.
    pub(crate) fn our_address(&self) -> SocketAddr {
        SocketAddr::new(self.address(self.ours), PORT)
    }

    /// Where the kernel's programs can listen.
    pub(crate) fn kernel_address(&self) -> SocketAddr {
        SocketAddr::new(self.address(self.kernel), PORT)
    }

    /// A call on our host, now.
    pub(crate) fn call<R>(&mut self, call: impl FnOnce(&mut Host, Instant) -> R) -> R {
        self.catch_up();
        self.network.with_host(self.ours, call)
    }

    /// A listening socket of our host.
    pub(crate) fn listen(&mut self) -> SocketId {
        let family = self.family;
        self.call(|host, _| {
            let listener = host.open(Protocol::Tcp, family);
            host.bind(listener, None, PORT).expect("the port is free");
            host.listen(listener, 8).expect("the socket is bound");
            listener
        })
    }

    /// The next connection of a listening socket.
    pub(crate) fn accept(&mut self, listener: SocketId) -> SocketId {
        self.wait_for(|pair| pair.call(|host, _| host.accept(listener).ok()))
    }

    /// A connection to a port of the kernel's.
    pub(crate) fn connect(&mut self, port: u16) -> SocketId {
        let remote = IpEndpoint::new(self.network.host(self.kernel).addresses()[0], port);
        let family = self.family;
        let socket = self.call(|host, now| {
            let socket = host.open(Protocol::Tcp, family);
            let _ = host.connect(socket, remote, now);
            socket
        });
        self.wait_for(|pair| {
            let state = pair.network.host(pair.ours).status(socket)?.state?;
            state.is_synchronized().then_some(())
        });
        socket
    }

    /// Lets time pass until there is an answer.
    ///
    /// # Panics
    /// Where there is none for very long.
    pub(crate) fn wait_for<R>(&mut self, mut answer: impl FnMut(&mut Self) -> Option<R>) -> R {
        let began = Clock::now();
        loop {
            if let Some(answer) = answer(self) {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "nothing comes of it");
            self.turn(Duration::from_millis(5));
        }
    }

    /// Lets time pass until nobody has anything to say for a while.
    pub(crate) fn settle(&mut self) {
        while self.turn(QUIET) > 0 {}
    }

    /// Carries what there is to carry, after waiting for it for at most so long; returns how many
    /// frames that were.
    fn turn(&mut self, most: Duration) -> usize {
        let sent = self.catch_up();
        let due = self.network.next_due();
        let until_due = due.map_or(most, |at| at.max(self.network.now()) - self.network.now());
        if sent == 0 {
            wait(self.device.as_raw_fd(), Some(until_due.min(most))).expect("the device is open");
        }
        let received = self.receive();
        let answered = self.catch_up();
        sent + received + answered
    }

    /// Takes the frames that the kernel has sent.
    fn receive(&mut self) -> usize {
        let mut received = 0;
        let mut now = self.now();
        while let Some((token, _)) = self.device.receive(now) {
            let frame = token.consume(<[u8]>::to_vec);
            self.network.inject(self.kernel, frame);
            received += 1;
            now = self.now();
            // What the frame causes goes out before the next one is looked at.
            self.run_until(now);
        }
        received
    }

    /// Moves our time to the real one, and gives the kernel what was sent to it on the way.
    fn catch_up(&mut self) -> usize {
        let now = self.now();
        self.run_until(now)
    }

    fn run_until(&mut self, now: Instant) -> usize {
        self.network.run_until(now);
        let mut sent = 0;
        for event in self.network.take_events() {
            if let (Fact::Received { bytes }, true) = (&event.fact, event.host == self.kernel) {
                let token = self.device.transmit(now).expect("there is always one");
                token.consume(bytes.len(), |frame| frame.copy_from_slice(bytes));
                sent += 1;
            }
        }
        sent
    }

    fn now(&self) -> Instant {
        Instant::from_micros(self.began.elapsed().as_micros() as i64)
    }
}
