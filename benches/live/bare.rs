//! The end that is smoltcp's own TCP socket, behind a TAP device in a namespace of its own.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};

use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::phy::{Medium, TunTapInterface, wait};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr};

use super::curl::{self, CONGESTION, Direction, Transfer};

/// The argument that says that this process is in the namespace.
pub(crate) const INSIDE: &str = "--inside";

const DEVICE: &str = "tap0";
const BUFFER_OCTETS: usize = 4 << 20;

pub(crate) fn transfer(direction: Direction, octets: u64) -> Result<Transfer, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let path = curl::folder().join(format!("hangup-bare-{}", std::process::id()));
    let made = File::create(&path).and_then(|it| it.set_len(octets));
    made.map_err(|error| error.to_string())?;
    let transfer = curl::measured(octets, || {
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--net"])
            .arg(program)
            .args([INSIDE, direction.name(), &octets.to_string()])
            .arg(&path)
            .output()
            .map_err(|error| format!("unshare: {error}"))
    });
    // It is small, whatever its length.
    let _ = std::fs::remove_file(&path);
    transfer
}

/// What is done in the namespace: curl beside the socket.
pub(crate) fn inside(direction: &str, octets: &str, file: &str) -> ExitCode {
    let (Some(direction), Ok(octets)) = (Direction::named(direction), octets.parse()) else {
        return ExitCode::from(2);
    };
    match served(direction, octets, file) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn served(direction: Direction, octets: u64, file: &str) -> Result<ExitCode, String> {
    for line in [
        &format!("tuntap add dev {DEVICE} mode tap")[..],
        &format!("addr add 10.0.0.2/24 dev {DEVICE}"),
        &format!("link set {DEVICE} up"),
        &format!("route change 10.0.0.0/24 dev {DEVICE} src 10.0.0.2 congctl {CONGESTION}"),
    ] {
        let status = Command::new("ip").args(line.split(' ')).status();
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(format!("ip {line}: {status}")),
            Err(error) => return Err(format!("ip: {error}")),
        }
    }
    let device = TunTapInterface::new(DEVICE, Medium::Ethernet);
    let device = device.map_err(|error| format!("{DEVICE}: {error}"))?;
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let curl = scope.spawn(|| {
            let arguments = curl::arguments(direction, "http://10.0.0.1/", file);
            let status = Command::new("curl").args(arguments).status();
            is_done.store(true, Ordering::Relaxed);
            status
        });
        serve(device, direction, octets, &is_done);
        match curl.join() {
            Ok(Ok(status)) if status.success() => Ok(ExitCode::SUCCESS),
            Ok(Ok(status)) => Err(format!("curl: {status}")),
            Ok(Err(error)) => Err(format!("curl: {error}")),
            Err(_) => Err("curl was not waited for".to_owned()),
        }
    })
}

/// Answers one request, until somebody says that all is done.
fn serve(mut device: TunTapInterface, direction: Direction, octets: u64, is_done: &AtomicBool) {
    let ethernet = EthernetAddress([0x02, 0, 0, 0, 0, 1]);
    let mut interface = Interface::new(Config::new(ethernet.into()), &mut device, Instant::now());
    interface.update_ip_addrs(|addresses| {
        let ours = IpCidr::new(IpAddress::v4(10, 0, 0, 1), 24);
        addresses.push(ours).expect("there is room for one");
    });
    let buffer = || SocketBuffer::new(vec![0; BUFFER_OCTETS]);
    let mut socket = Socket::new(buffer(), buffer());
    socket.set_nagle_enabled(false);
    socket.listen(80).expect("the port is free");
    let mut sockets = SocketSet::new(Vec::new());
    let handle = sockets.add(socket);
    let mut server = Server::new(direction, octets);
    while !is_done.load(Ordering::Relaxed) {
        interface.poll(Instant::now(), &mut device, &mut sockets);
        if server.goes_on(sockets.get_mut::<Socket<'_>>(handle)) {
            continue;
        }
        // A device that cannot be waited for is polled.
        let most = Some(Duration::from_millis(10));
        let due = interface.poll_delay(Instant::now(), &sockets).min(most);
        let _ = wait(device.as_raw_fd(), due.or(most));
    }
}

/// A web server as short as can be.
struct Server {
    direction: Direction,
    /// How many octets are still to be moved.
    octets: u64,
    /// The head of the request, until it is whole.
    head: Vec<u8>,
    is_asked: bool,
    answer: Vec<u8>,
    filler: Vec<u8>,
}

impl Server {
    fn new(direction: Direction, octets: u64) -> Self {
        Self {
            direction,
            octets,
            head: Vec::new(),
            is_asked: false,
            answer: Vec::new(),
            filler: vec![b'a'; 1 << 16],
        }
    }

    /// Reads and sends what it can; returns whether it did something.
    fn goes_on(&mut self, socket: &mut Socket<'_>) -> bool {
        let mut any = false;
        while socket.can_recv() {
            let read = socket.recv(|data| (data.len(), self.take(data)));
            any |= read.is_ok();
        }
        if !self.is_asked {
            return any;
        }
        if !self.answer.is_empty() {
            let sent = socket.send_slice(&self.answer).unwrap_or(0);
            self.answer.drain(..sent);
        }
        while self.direction == Direction::Down && self.answer.is_empty() && self.octets > 0 {
            let most = usize::try_from(self.octets).unwrap_or(usize::MAX);
            let part = &self.filler[..most.min(self.filler.len())];
            match socket.send_slice(part) {
                Ok(sent @ 1..) => self.octets -= sent as u64,
                Ok(0) | Err(_) => return any,
            }
            any = true;
        }
        any
    }

    /// Takes of the request, and answers once all of it has come.
    fn take(&mut self, mut data: &[u8]) {
        const END: &[u8] = b"\r\n\r\n";
        while !self.head.ends_with(END) {
            let Some((first, rest)) = data.split_first() else {
                return;
            };
            self.head.push(*first);
            data = rest;
        }
        if self.direction == Direction::Up {
            self.octets = self.octets.saturating_sub(data.len() as u64);
        }
        if !self.is_asked && (self.direction == Direction::Down || self.octets == 0) {
            self.is_asked = true;
            let length = self.octets;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            self.answer.extend_from_slice(head.as_bytes());
        }
    }
}
