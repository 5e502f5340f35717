//! The program of a script on the kernel: its descriptors by their labels, and its calls by name.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::socket::{
    self, AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrStorage, sockopt,
};
use rustix::event::PollFlags;
use smoltcp::wire::{IpAddress, IpEndpoint};

use super::control;
use super::data::{self, File, FileKind};
use super::made::{Attempt, How, Made, Prepared};
use super::message::{self, Message};
use super::octets::{OCTETS_MAX, Octets};
use super::options::{self, OptionValue};
use super::ready;
use super::words::{Given, bad, narrow, unknown_word};
use crate::calls::BadCall;
use crate::scenario::script::Argument;

/// packetdrill's port, of an address that a script leaves open.
const DEFAULT_PORT: u16 = 8080;

/// What the program knows of its network.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// The hosts by name, with their addresses; that of the program is the first.
    pub(super) hosts: Vec<(String, Vec<IpAddress>)>,
    /// Whether IPv4 is under sockets of IPv6.
    pub(super) is_mapped: bool,
    /// Whether what is sent, where only its length is said, is zeros.
    pub(super) zeros: bool,
    /// How much is sent at once as far as the script says, at most: it is there before it is due.
    pub(super) sends_most: usize,
    pub(super) buffers: Buffers,
}

/// What the buffers of each socket are, as if the program had asked for them. None: the system's.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Buffers {
    pub(super) receive: Option<usize>,
    pub(super) send: Option<usize>,
}

impl Buffers {
    /// Sets them. Who may asks for more than others can have.
    fn set(self, socket: &OwnedFd) {
        if let Some(octets) = self.receive {
            let forced = socket::setsockopt(socket, sockopt::RcvBufForce, &octets);
            let _ = forced.or_else(|_| socket::setsockopt(socket, sockopt::RcvBuf, &octets));
        }
        if let Some(octets) = self.send {
            let forced = socket::setsockopt(socket, sockopt::SndBufForce, &octets);
            let _ = forced.or_else(|_| socket::setsockopt(socket, sockopt::SndBuf, &octets));
        }
    }
}

/// The program.
#[derive(Debug)]
pub(super) struct Process {
    surroundings: Surroundings,
    files: BTreeMap<i64, File>,
    filler: Octets,
}

impl Process {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        let filler = Octets::filler(surroundings.sends_most, surroundings.zeros);
        Self {
            surroundings,
            files: BTreeMap::new(),
            filler,
        }
    }

    /// The descriptor that a label stands for.
    pub(super) fn file(&self, label: i64) -> Option<&File> {
        self.files.get(&label)
    }

    /// Lets a label stand for a descriptor.
    pub(super) fn open(&mut self, label: i64, fd: OwnedFd, kind: FileKind) {
        let fd = Arc::new(fd);
        self.files.insert(label, File { fd, kind });
    }

    /// Takes all descriptors, in the order of their labels.
    ///
    /// # Errors
    /// A call waits on one.
    pub(super) fn take_files(&mut self) -> Result<Vec<OwnedFd>, ()> {
        let is_free = |file: &File| Arc::strong_count(&file.fd) == 1;
        if !self.files.values().all(is_free) {
            return Err(());
        }
        let files = std::mem::take(&mut self.files).into_values();
        Ok(files.filter_map(|file| Arc::into_inner(file.fd)).collect())
    }

    /// The kind of what a call opens.
    pub(super) fn kind_of(name: &str) -> FileKind {
        match name {
            "pipe" => FileKind::Pipe,
            "epoll_create" => FileKind::Epoll,
            _ => FileKind::Socket,
        }
    }

    /// Reads the arguments of a call.
    ///
    /// # Errors
    /// There is no such call here, or it takes something else.
    pub(super) fn prepare(
        &mut self,
        name: &str,
        arguments: &[Argument],
    ) -> Result<Prepared, BadCall> {
        let given = Given(arguments);
        match name {
            "socket" => self.socket(given),
            "pipe" => Ok(Prepared::prompt(|| match nix::unistd::pipe() {
                Ok((read, write)) => Made {
                    opened: vec![read, write],
                    ..Made::result(Ok(0))
                },
                Err(error) => Made::result(Err(error)),
            })),
            "epoll_create" => Ok(Prepared::prompt(|| {
                let flags = rustix::event::epoll::CreateFlags::empty();
                let made = rustix::event::epoll::create(flags);
                Made::opened(made.map_err(|it| Errno::from_raw(it.raw_os_error())))
            })),
            "poll" => self.poll(given),
            "close" => self.close(given),
            "dup2" => self.dup2(given),
            _ => self.on_file(name, given),
        }
    }

    /// A call whose first argument is a descriptor.
    fn on_file(&mut self, name: &str, given: Given<'_>) -> Result<Prepared, BadCall> {
        let known = self.files.get(&given.number(0)?).cloned();
        let Some(file) = known else {
            self.check(name)?;
            return Ok(Prepared::prompt(|| Made::result(Err(Errno::EBADF))));
        };
        match name {
            "bind" | "connect" => self.addressed(name, file, given),
            "listen" => {
                let backlog = given.narrow(1)?;
                Ok(Prepared::prompt(move || {
                    let listens = rustix::net::listen(&file.fd, backlog);
                    Made::status(listens.map_err(|it| Errno::from_raw(it.raw_os_error())))
                }))
            }
            "accept" => Ok(accept(file)),
            "shutdown" => shutdown(file, given),
            "read" | "recv" | "recvfrom" => {
                let at = match given.get(1) {
                    Some(Argument::Ellipsis) if given.0.len() > 2 => 2,
                    Some(Argument::Word(word)) if word == "NULL" => return Err(nowhere()),
                    _ => 1,
                };
                let length = length(at, given.number(at)?)?;
                let flags = match name {
                    "read" => 0,
                    _ => narrow(at + 1, given.number(at + 1)?)?,
                };
                Ok(data::receive(file, length, flags))
            }
            "write" | "send" | "sendto" => self.send(name, file, given),
            "sendmsg" => self.send_message(file, given),
            "recvmsg" => {
                let argument = given.get(1).unwrap_or(&Argument::Ellipsis);
                let message = Message::read(1, argument)?;
                let flags = narrow(2, given.number(2)?)?;
                Ok(message::receive(file, message, flags, 1))
            }
            "readv" | "writev" => {
                let buffers = given.get(1).unwrap_or(&Argument::Ellipsis);
                let lengths = message::lengths(1, buffers)?;
                if name == "readv" {
                    let message = Message::of_buffers(lengths);
                    return Ok(message::receive(file, message, 0, 1));
                }
                let zeros = self.filler(lengths.iter().copied().max().unwrap_or(0));
                Ok(message::send(file, lengths, zeros, 0, None))
            }
            "dup" => Ok(Prepared::prompt(move || duplicated(&file))),
            "setsockopt" => control::set_option(file, given),
            "getsockopt" => control::get_option(file, given),
            "fcntl" => control::flags(file, given),
            "ioctl" => control::request(file, given),
            "splice" => {
                let to = self.files.get(&given.number(2)?).cloned();
                let to = to.ok_or_else(|| bad(2, "no call has opened this descriptor"))?;
                let length = length(4, given.number(4)?)?;
                Ok(data::splice(file, to, length, narrow(5, given.number(5)?)?))
            }
            "epoll_ctl" => {
                let Some(other) = self.files.get(&given.number(2)?).cloned() else {
                    return Ok(Prepared::prompt(|| Made::result(Err(Errno::EBADF))));
                };
                ready::control(file, given.number(1)?, other, given.get(3))
            }
            "epoll_wait" => {
                let most = length(2, given.number(2)?)?;
                ready::wait(file, given.get(1), most, given.number(3)?)
            }
            _ => {
                self.check(name)?;
                Err(unknown(name))
            }
        }
    }

    /// Whether there is a call of a name, for one on a descriptor that is none.
    fn check(&self, name: &str) -> Result<(), BadCall> {
        const NAMES: [&str; 23] = [
            "accept",
            "bind",
            "connect",
            "dup",
            "epoll_ctl",
            "epoll_wait",
            "fcntl",
            "getsockopt",
            "ioctl",
            "listen",
            "read",
            "readv",
            "recv",
            "recvfrom",
            "recvmsg",
            "send",
            "sendmsg",
            "sendto",
            "setsockopt",
            "shutdown",
            "splice",
            "write",
            "writev",
        ];
        if NAMES.contains(&name) {
            Ok(())
        } else {
            Err(unknown(name))
        }
    }

    fn socket(&self, given: Given<'_>) -> Result<Prepared, BadCall> {
        let domain = match given.get(0) {
            Some(Argument::Ellipsis) | None => self.family(),
            Some(_) => narrow(0, given.number(0)?)?,
        };
        let (kind, protocol): (i32, i32) = (given.narrow(1)?, given.narrow(2)?);
        let buffers = self.surroundings.buffers;
        Ok(Prepared::prompt(move || {
            let kinds = [SockType::Stream, SockType::Datagram];
            let flags = SockFlag::from_bits_truncate(kind);
            let base = kind & !flags.bits();
            let known = kinds.into_iter().find(|it| *it as i32 == base);
            let family = [AddressFamily::Inet, AddressFamily::Inet6]
                .into_iter()
                .find(|it| *it as i32 == domain);
            let protocols = [
                (0, None),
                (libc::IPPROTO_TCP, Some(socket::SockProtocol::Tcp)),
                (libc::IPPROTO_UDP, Some(socket::SockProtocol::Udp)),
            ];
            let protocol = protocols.into_iter().find(|(it, _)| *it == protocol);
            let made = match (family, known, protocol) {
                (Some(family), Some(kind), Some((_, protocol))) => {
                    socket::socket(family, kind, flags | SockFlag::SOCK_CLOEXEC, protocol)
                }
                (None, _, _) => Err(Errno::EAFNOSUPPORT),
                (_, None, _) => Err(Errno::EINVAL),
                (_, _, None) => Err(Errno::EPROTONOSUPPORT),
            };
            Made::opened(made.inspect(|it| buffers.set(it)))
        }))
    }

    /// The family of sockets where a script does not say it.
    fn family(&self) -> i32 {
        let own = self.surroundings.hosts.first();
        match own.and_then(|(_, addresses)| addresses.first()) {
            Some(IpAddress::Ipv4(_)) if !self.surroundings.is_mapped => libc::AF_INET,
            Some(_) => libc::AF_INET6,
            None => libc::AF_INET,
        }
    }

    fn poll(&self, given: Given<'_>) -> Result<Prepared, BadCall> {
        if let Some(Argument::List(list)) = given.get(0) {
            return ready::poll(&self.files, list, given.number(2)?);
        }
        let file = self.files.get(&given.number(0)?).cloned();
        let events = match given.get(1) {
            Some(_) => PollFlags::from_bits_retain(given.narrow(1)?),
            None => PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP,
        };
        Ok(ready::short_poll(file, events))
    }

    /// close. The label is free from now on; who waits in a call keeps what it waits for.
    fn close(&mut self, given: Given<'_>) -> Result<Prepared, BadCall> {
        let Some(file) = self.files.remove(&given.number(0)?) else {
            return Ok(Prepared::prompt(|| Made::result(Err(Errno::EBADF))));
        };
        let lingers = matches!(
            options::get(&file.fd, (libc::SOL_SOCKET, libc::SO_LINGER)),
            Some(Ok(OptionValue::Linger(on, seconds))) if on != 0 && seconds != 0
        );
        let held = std::sync::Mutex::new(Some(file.fd));
        Ok(Prepared::new(move |how| {
            if lingers && how == How::AtOnce {
                return Attempt::WouldWait(0);
            }
            let held = held.lock().ok().and_then(|mut it| it.take());
            let closed = match held.map(Arc::try_unwrap) {
                Some(Ok(fd)) => nix::unistd::close(fd),
                // Somebody waits in a call on it: it is closed when that returns.
                Some(Err(_)) | None => Ok(()),
            };
            Attempt::Made(Made::status(closed))
        }))
    }

    /// dup2. What it replaces is free from now on; where nothing is open there, it is a dup.
    fn dup2(&mut self, given: Given<'_>) -> Result<Prepared, BadCall> {
        let label = given.number(1)?;
        let Some(file) = self.files.get(&given.number(0)?).cloned() else {
            return Ok(Prepared::prompt(|| Made::result(Err(Errno::EBADF))));
        };
        if given.number(0)? == label {
            return Ok(Prepared::prompt(move || Made::result(Ok(label))));
        }
        let replaced = self.files.remove(&label).map(|it| Arc::into_inner(it.fd));
        let replaced = match replaced {
            Some(None) => return Err(bad(1, "a call waits on this descriptor")),
            Some(Some(fd)) => Some(fd),
            None => None,
        };
        let held = std::sync::Mutex::new(replaced);
        Ok(Prepared::prompt(move || {
            let replaced = held.lock().ok().and_then(|mut it| it.take());
            let Some(mut replaced) = replaced else {
                return duplicated(&file);
            };
            let done = rustix::io::dup3(&file.fd, &mut replaced, rustix::io::DupFlags::CLOEXEC);
            let done = done.map_err(|it| Errno::from_raw(it.raw_os_error()));
            Made::opened(done.map(|()| replaced))
        }))
    }

    fn addressed(&self, name: &str, file: File, given: Given<'_>) -> Result<Prepared, BadCall> {
        let is_connect = name == "connect";
        let Some(address) = self.address(&file, 1, given.get(1), is_connect)? else {
            let nowhere = SockaddrIn::from(unspecified());
            return Ok(Prepared::prompt(move || {
                let raw = file.fd.as_raw_fd();
                Made::status(match is_connect {
                    true => socket::connect(raw, &nowhere),
                    false => socket::bind(raw, &nowhere),
                })
            }));
        };
        Ok(Prepared::new(move |how| {
            let raw = file.fd.as_raw_fd();
            if !is_connect {
                return Attempt::Made(Made::status(socket::bind(raw, &address)));
            }
            if how == How::AtOnce && !file.is_prompt() && is_stream(&file) {
                return Attempt::WouldWait(0);
            }
            Attempt::Made(Made::status(socket::connect(raw, &address)))
        }))
    }

    /// An address; none for that of no family.
    fn address(
        &self,
        file: &File,
        index: usize,
        argument: Option<&Argument>,
        is_peer: bool,
    ) -> Result<Option<SockaddrStorage>, BadCall> {
        let domain = options::get(&file.fd, (libc::SOL_SOCKET, libc::SO_DOMAIN));
        let is_ipv6 = matches!(domain, Some(Ok(OptionValue::Number(libc::AF_INET6))));
        let unspecified = || match is_ipv6 {
            true => IpAddress::v6(0, 0, 0, 0, 0, 0, 0, 0),
            false => IpAddress::v4(0, 0, 0, 0),
        };
        let endpoint = match argument {
            Some(Argument::Address(endpoint)) => *endpoint,
            Some(Argument::Word(word)) if word == "AF_UNSPEC" => return Ok(None),
            Some(Argument::Endpoint { host, port }) => {
                let port = port.unwrap_or(0);
                match host.parse() {
                    _ if host == "*" => IpEndpoint::new(unspecified(), port),
                    Ok(address) => IpEndpoint::new(address, port),
                    Err(()) => IpEndpoint::new(self.address_of(host, is_ipv6, index)?, port),
                }
            }
            Some(Argument::Ellipsis) | None if is_peer => {
                let mut others = self.surroundings.hosts.iter().skip(1);
                let found = others.find_map(|(_, all)| of_family(all, is_ipv6));
                let address = found.ok_or_else(|| bad(index, "there is no other host"))?;
                IpEndpoint::new(address, DEFAULT_PORT)
            }
            Some(Argument::Ellipsis) | None => IpEndpoint::new(unspecified(), DEFAULT_PORT),
            Some(other) => {
                let shown = message::argument_shown(other);
                return Err(bad(index, format!("{shown} is no address")));
            }
        };
        let ip: IpAddr = endpoint.addr.into();
        let ip = match ip {
            IpAddr::V4(it) if is_ipv6 && it.is_unspecified() => unspecified().into(),
            IpAddr::V4(it) if is_ipv6 => IpAddr::V6(it.to_ipv6_mapped()),
            IpAddr::V4(_) | IpAddr::V6(_) => ip,
        };
        let address = std::net::SocketAddr::new(ip, endpoint.port);
        Ok(Some(SockaddrStorage::from(address)))
    }

    fn address_of(&self, host: &str, is_ipv6: bool, index: usize) -> Result<IpAddress, BadCall> {
        let mut hosts = self.surroundings.hosts.iter();
        let known = hosts.find(|(name, _)| name == host);
        let address = known.and_then(|(_, all)| of_family(all, is_ipv6));
        address.ok_or_else(|| {
            let message = format!("there is no host {host} with an address of the socket's family");
            bad(index, message)
        })
    }

    /// Octets to send: the alphabet over and over, or zeros.
    fn filler(&mut self, length: usize) -> Octets {
        if self.filler.len() < length {
            self.filler = Octets::filler(length, self.surroundings.zeros);
        }
        self.filler.first(length)
    }

    /// write, send, sendto: `(fd, octets[, flags][, address])`, or with `...` before the number of
    /// octets as packetdrill writes it.
    fn send(&mut self, name: &str, file: File, given: Given<'_>) -> Result<Prepared, BadCall> {
        let mut at = 1;
        let octets: Octets = match given.get(1) {
            Some(Argument::Text(text)) => {
                at = match given.get(2) {
                    Some(Argument::Integer(_)) if name != "send" || given.0.len() > 3 => 2,
                    _ => 1,
                };
                let length = match at {
                    2 => length(2, given.number(2)?)?.min(text.len()),
                    _ => text.len(),
                };
                Octets::from(&text.as_bytes()[..length])
            }
            Some(Argument::Octets(octets)) => Octets::from(&octets[..]),
            Some(Argument::Word(word)) if word == "NULL" => {
                if given.number(2)? != 0 {
                    return Err(nowhere());
                }
                at = 2;
                Octets::default()
            }
            other => {
                if matches!(other, Some(Argument::Ellipsis)) {
                    at = 2;
                }
                let length = length(at, given.number(at)?)?;
                self.filler(length)
            }
        };
        let flags = match (name, given.get(at + 1)) {
            ("write", _) => 0,
            (_, Some(Argument::Integer(_) | Argument::Word(_) | Argument::Flags(_))) => {
                at += 1;
                narrow(at, given.number(at)?)?
            }
            _ => 0,
        };
        let to = match (name, given.get(at + 1)) {
            ("sendto", Some(Argument::Word(word))) if word == "NULL" => None,
            ("sendto", Some(Argument::Word(word))) if word == "AF_UNSPEC" => {
                let nowhere = SockaddrIn::from(unspecified());
                return Ok(Prepared::prompt(move || {
                    let flags = socket::MsgFlags::from_bits_retain(flags);
                    let sent = socket::sendto(file.fd.as_raw_fd(), &octets, &nowhere, flags);
                    Made::result(sent.map(|it| i64::try_from(it).unwrap_or(i64::MAX)))
                }));
            }
            ("sendto", to) => self.address(&file, at + 1, to, true)?,
            _ => None,
        };
        Ok(data::send(file, octets, flags, to))
    }

    fn send_message(&mut self, file: File, given: Given<'_>) -> Result<Prepared, BadCall> {
        let argument = given.get(1).unwrap_or(&Argument::Ellipsis);
        let message = Message::read(1, argument)?;
        let flags: i32 = narrow(2, given.number(2)?)?;
        let opens = flags & libc::MSG_FASTOPEN != 0 || !is_stream(&file);
        let to = match message.is_addressed && opens {
            true => self.address(&file, 1, None, true)?,
            false => None,
        };
        let most = message.buffers.iter().copied().max().unwrap_or(0);
        let octets = self.filler(most);
        Ok(message::send(file, message.buffers, octets, flags, to))
    }
}

fn nowhere() -> BadCall {
    bad(1, "a pointer to nothing cannot be passed from safe code")
}

fn unknown(name: &str) -> BadCall {
    BadCall {
        argument: None,
        message: format!("a script cannot make the call {name} on the kernel here"),
        unknown: Some(unknown_word(name)),
    }
}

/// The address of no family.
fn unspecified() -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::sa_family_t::try_from(libc::AF_UNSPEC).unwrap_or(0),
        sin_port: 0,
        sin_addr: libc::in_addr { s_addr: 0 },
        sin_zero: [0; 8],
    }
}

fn of_family(all: &[IpAddress], is_ipv6: bool) -> Option<IpAddress> {
    let version = match is_ipv6 {
        true => smoltcp::wire::IpVersion::Ipv6,
        false => smoltcp::wire::IpVersion::Ipv4,
    };
    let found = all.iter().find(|it| it.version() == version).copied();
    // An IPv4 address can be reached through a socket of IPv6.
    found.or_else(|| all.first().copied().filter(|_| is_ipv6))
}

fn is_stream(file: &File) -> bool {
    let kind = options::get(&file.fd, (libc::SOL_SOCKET, libc::SO_TYPE));
    matches!(kind, Some(Ok(OptionValue::Number(libc::SOCK_STREAM))))
}

fn length(index: usize, number: i64) -> Result<usize, BadCall> {
    match usize::try_from(number) {
        Ok(octets) if octets <= OCTETS_MAX => Ok(octets),
        Ok(_) | Err(_) => {
            let message = format!("{number} is not a length from 0 to {OCTETS_MAX} octets");
            Err(bad(index, message))
        }
    }
}

/// Another descriptor of the same file.
fn duplicated(file: &File) -> Made {
    let copy = file.fd.try_clone();
    Made::opened(copy.map_err(|it| Errno::from_raw(it.raw_os_error().unwrap_or(0))))
}

fn accept(file: File) -> Prepared {
    Prepared::new(move |how| {
        if how == How::AtOnce && !file.is_prompt() && !file.is_ready(PollFlags::IN) {
            return Attempt::WouldWait(0);
        }
        let accepted = rustix::net::accept_with(&file.fd, rustix::net::SocketFlags::CLOEXEC);
        let accepted = accepted.map_err(|it| Errno::from_raw(it.raw_os_error()));
        Attempt::Made(Made::opened(accepted))
    })
}

fn shutdown(file: File, given: Given<'_>) -> Result<Prepared, BadCall> {
    let how: i32 = given.narrow(1)?;
    let how = match how {
        libc::SHUT_RD => Some(socket::Shutdown::Read),
        libc::SHUT_WR => Some(socket::Shutdown::Write),
        libc::SHUT_RDWR => Some(socket::Shutdown::Both),
        _ => None,
    };
    Ok(Prepared::prompt(move || {
        Made::status(match how {
            Some(how) => socket::shutdown(file.fd.as_raw_fd(), how),
            None => Err(Errno::EINVAL),
        })
    }))
}
