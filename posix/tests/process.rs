//! Processes on two hosts: blocking calls, readiness, options and errors.

use hangup_posix::control::{F_GETFL, F_SETFL, FIONREAD, O_NONBLOCK, O_RDWR, SIOCOUTQ};
use hangup_posix::epoll::{
    EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLET, EPOLLIN, EPOLLONESHOT, EpollEvent,
};
use hangup_posix::options::{
    Linger, OPTIONS, OptionValue, SO_ERROR, SO_LINGER, SO_RCVBUF, SO_SNDBUF, SO_TYPE, SOL_SOCKET,
    TCP_INFO, TCP_KEEPIDLE,
};
use hangup_posix::poll::{POLLIN, POLLNVAL, PollFd};
use hangup_posix::sockets::{AF_INET, IPPROTO_TCP, SHUT_RD, SOCK_DGRAM, SOCK_STREAM};
use hangup_posix::{Errno, FILES_MAX, FileDescriptor, Process, Progress};
use hangup_stack::blocking::ThreadId;
use hangup_stack::host::Host;
use hangup_stack::network::{HostConfig, HostId, Network, Resolution};
use hangup_stack::profile::Profile;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
use hangup_stack::sockopt::{Codec, Limits, Sockets};
use hangup_stack::tcp::State;

const NAME: IpEndpoint = IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 80);

/// A host and its process.
struct Program {
    host: HostId,
    process: Process,
}

impl Program {
    fn call<T>(
        &mut self,
        network: &mut Network,
        call: impl FnOnce(&mut Process, &mut Host, Instant) -> T,
    ) -> T {
        let process = &mut self.process;
        network.with_host(self.host, |host, now| call(process, host, now))
    }

    /// Makes a call until it returns, for at most a minute.
    fn wait<T>(
        &mut self,
        network: &mut Network,
        mut call: impl FnMut(&mut Process, &mut Host, Instant) -> Progress<T>,
    ) -> Result<T, Errno> {
        let limit = network.now() + Duration::from_secs(60);
        while network.now() < limit {
            match self.call(network, &mut call) {
                Progress::Done(result) => return result,
                Progress::Blocks { until } => {
                    network.step(until.map_or(limit, |until| until.min(limit)));
                }
            }
        }
        panic!("the call waits for longer than a minute")
    }
}

fn hosts() -> (Network, Program, Program) {
    let mut network = Network::new(0, Resolution::Static);
    let profile = Profile::built_in("linux").expect("it is built in");
    let [server, client] = [1, 2].map(|last| {
        let address = IpAddress::v4(192, 0, 2, last);
        let host = network.add_host(HostConfig::new("host", address, profile.clone()));
        Program {
            host,
            process: Process::new(),
        }
    });
    (network, server, client)
}

/// The accepted socket and the client's, of a connection.
fn connected(
    network: &mut Network,
    server: &mut Program,
    client: &mut Program,
) -> (FileDescriptor, FileDescriptor) {
    let listening = server.call(network, |process, host, _| {
        let fd = process.socket(host, AF_INET, SOCK_STREAM, 0)?;
        process.bind(host, fd, NAME)?;
        process.listen(host, fd, 1).map(|()| fd)
    });
    let listening = listening.expect("a new host has every port free");
    let fd = client
        .call(network, |process, host, _| {
            process.socket(host, AF_INET, SOCK_STREAM, 0)
        })
        .expect("there is room");
    client
        .wait(network, |process, host, now| {
            process.connect(host, now, fd, NAME)
        })
        .expect("the server listens");
    let accepted = server
        .wait(network, |process, host, now| {
            process.accept(host, now, listening)
        })
        .expect("a connection waits");
    (accepted, fd)
}

#[test]
fn calls_wait_and_the_next_one_says_why_a_connection_is_gone() {
    let (mut network, mut server, mut client) = hosts();
    let (accepted, fd) = connected(&mut network, &mut server, &mut client);
    let received = server.call(&mut network, |process, host, now| {
        process.recv(host, now, accepted, &mut [0; 10], 0)
    });
    assert_eq!(received, Progress::WAITS);
    let data = vec![7; 16_000_000];
    let sent = client.call(&mut network, |process, host, now| {
        process.send(host, now, fd, &data, (0, None))
    });
    assert_eq!(sent, Progress::WAITS, "no buffer holds so much");
    let mut queued = 0;
    client
        .call(&mut network, |process, host, _| {
            process.ioctl(host, fd, SIOCOUTQ, &mut queued)
        })
        .expect("it is a socket");
    assert!(queued > 0);
    // SO_LINGER with no time resets the connection, and with it the send that waits.
    let linger = OptionValue::Linger(Linger::RESET);
    server.call(&mut network, |process, host, now| {
        let option = (SOL_SOCKET, SO_LINGER);
        process
            .setsockopt(host, now, accepted, option, &linger)
            .expect("sockets have it");
        assert_eq!(process.close(host, now, accepted), Ok(()).into());
        assert_eq!(
            process.close(host, now, accepted),
            Err(Errno::BadDescriptor).into()
        );
    });
    let sent = client.wait(&mut network, |process, host, now| {
        process.send(host, now, fd, &data, (0, None))
    });
    assert!(matches!(sent, Ok(1..)), "a part went out: {sent:?}");
    let next = client.wait(&mut network, |process, host, now| {
        process.recv(host, now, fd, &mut [0; 10], 0)
    });
    assert_eq!(next, Err(Errno::ConnectionReset));
}

#[test]
fn poll_and_epoll_tell_what_is_ready() {
    let (mut network, mut server, mut client) = hosts();
    let (accepted, fd) = connected(&mut network, &mut server, &mut client);
    let event = EpollEvent {
        events: EPOLLIN | EPOLLONESHOT,
        data: 9,
    };
    let list = server.process.epoll_create(1).expect("there is room");
    let add = |server: &mut Program, event| {
        server
            .process
            .epoll_ctl(list, EPOLL_CTL_ADD, accepted, Some(event))
    };
    assert_eq!(add(&mut server, event), Ok(()));
    assert_eq!(add(&mut server, event), Err(Errno::Exists));
    let waits = |server: &mut Program, network: &mut Network, timeout| {
        server.wait(network, |process, host, now| {
            process.epoll_wait(host, now, list, 1, timeout)
        })
    };
    let begun = network.now();
    assert_eq!(waits(&mut server, &mut network, 50), Ok(Vec::new()));
    assert_eq!(network.now(), begun + Duration::from_millis(50));
    client
        .wait(&mut network, |process, host, now| {
            process.send(host, now, fd, b"total", (0, None))
        })
        .expect("it is connected");
    let told = EpollEvent {
        events: EPOLLIN,
        data: 9,
    };
    assert_eq!(waits(&mut server, &mut network, -1), Ok(vec![told]));
    assert_eq!(
        waits(&mut server, &mut network, 0),
        Ok(Vec::new()),
        "it tells once"
    );
    let mut fds = [
        PollFd::new(accepted, POLLIN),
        PollFd::new(FileDescriptor::from_raw(99), POLLIN),
    ];
    let ready = server.call(&mut network, |process, host, now| {
        process.poll(host, now, &mut fds, -1)
    });
    assert_eq!(ready, Ok(2).into());
    assert_eq!([fds[0].revents, fds[1].revents], [POLLIN, POLLNVAL]);
    let mut octets = 0;
    let read = server.call(&mut network, |process, host, _| {
        process.ioctl(host, accepted, FIONREAD, &mut octets)
    });
    assert_eq!((read, octets), (Ok(()), 5));
    let gone = server
        .process
        .epoll_ctl(list, EPOLL_CTL_DEL, FileDescriptor::from_raw(99), None);
    assert_eq!(gone, Err(Errno::BadDescriptor));
}

/// What is set is what is read, for each row that has a value in the stack.
#[test]
fn options_are_read_as_they_were_set() {
    for row in OPTIONS {
        for kind in [SOCK_STREAM, SOCK_DGRAM] {
            let (mut network, mut server, _) = hosts();
            server.call(&mut network, |process, host, now| {
                let fd = process
                    .socket(host, AF_INET, kind, 0)
                    .expect("there is room");
                let value = match row.codec {
                    Codec::Linger(_) => OptionValue::Linger(Linger {
                        onoff: 1,
                        seconds: 7,
                    }),
                    Codec::Time(_) => OptionValue::Time(Duration::from_secs(1)),
                    Codec::Algorithm(_) => OptionValue::Octets(b"cubic".to_vec()),
                    Codec::Count(_, Limits::Within(least, _) | Limits::WithinOrZero(least, _)) => {
                        OptionValue::Integer(least.max(1))
                    }
                    // Its two low bits are TCP's own.
                    Codec::Octet(..) => OptionValue::Integer(4),
                    Codec::Boolean(_)
                    | Codec::Switch(_)
                    | Codec::Count(_, _)
                    | Codec::Size(_, _)
                    | Codec::Seconds(_, _)
                    | Codec::Milliseconds(_, _)
                    | Codec::Signed(_)
                    | Codec::Port(_)
                    | Codec::ReadOnly
                    | Codec::Integer(_)
                    | Codec::Octets(_) => OptionValue::Integer(1),
                };
                let set = process.setsockopt(host, now, fd, (row.level, row.name), &value);
                let got = process.getsockopt(host, fd, row.level, row.name);
                let has = row.sockets == Sockets::Any || kind == SOCK_STREAM;
                let has = has && row.codec.exists(host);
                match (row.name, has) {
                    (SO_TYPE, _) if row.level == SOL_SOCKET => {
                        assert_eq!(got, Ok(OptionValue::Integer(kind)));
                        assert_eq!(set, Err(Errno::NoProtocolOption));
                    }
                    (SO_ERROR, _) if row.level == SOL_SOCKET => {
                        assert_eq!(got, Ok(OptionValue::Integer(0)));
                        assert_eq!(set, Err(Errno::NoProtocolOption));
                    }
                    (TCP_INFO, true) if row.level == IPPROTO_TCP => {
                        assert_eq!(set, Err(Errno::NoProtocolOption));
                    }
                    (_, false) => {
                        assert_eq!(set, Err(Errno::NoProtocolOption), "{}", row.word);
                        let of_tcp = row.level == IPPROTO_TCP && kind == SOCK_DGRAM;
                        let error = match of_tcp {
                            true => Errno::OperationNotSupported,
                            false => Errno::NoProtocolOption,
                        };
                        assert_eq!(got, Err(error), "{}", row.word);
                    }
                    (SO_RCVBUF | SO_SNDBUF, true) if row.level == SOL_SOCKET => {
                        assert_eq!(set, Ok(()));
                        let doubled = matches!(got, Ok(OptionValue::Integer(2..)));
                        assert!(doubled, "the system counts memory: {got:?}");
                    }
                    (_, true) => {
                        assert_eq!(set, Ok(()), "{}", row.word);
                        assert_eq!(got, Ok(value), "{}", row.word);
                    }
                }
            });
        }
    }
}

#[test]
fn errors_have_their_errno() {
    let (mut network, mut server, _) = hosts();
    server.call(&mut network, |process, host, now| {
        let unsupported = process.socket(host, 99, SOCK_STREAM, 0);
        assert_eq!(unsupported, Err(Errno::AddressFamilyNotSupported));
        let fd = process
            .socket(host, AF_INET, SOCK_STREAM, IPPROTO_TCP)
            .expect("there is room");
        let recv = process.recv(host, now, fd, &mut [0; 1], 0x1000);
        assert_eq!(recv, Err(Errno::OperationNotSupported).into());
        assert_eq!(process.shutdown(host, fd, 9), Err(Errno::Invalid));
        assert_eq!(
            process.shutdown(host, fd, SHUT_RD),
            Err(Errno::NotConnected)
        );
        assert_eq!(process.fcntl(fd, F_SETFL, O_NONBLOCK), Ok(0));
        assert_eq!(process.fcntl(fd, F_GETFL, 0), Ok(O_RDWR | O_NONBLOCK));
        let begun = process.connect(host, now, fd, NAME);
        assert_eq!(begun, Err(Errno::InProgress).into());
        let mut set = |level, name, value| {
            process.setsockopt(host, now, fd, (level, name), &OptionValue::Integer(value))
        };
        assert_eq!(set(SOL_SOCKET, 99, 1), Err(Errno::NoProtocolOption));
        assert_eq!(set(99, TCP_KEEPIDLE, 1), Err(Errno::NoProtocolOption));
        assert_eq!(set(IPPROTO_TCP, TCP_KEEPIDLE, 0), Err(Errno::Invalid));
        assert_eq!(set(SOL_SOCKET, SO_LINGER, 1), Err(Errno::Invalid));
        for _ in 1..FILES_MAX {
            process
                .socket(host, AF_INET, SOCK_STREAM, 0)
                .expect("there is room");
        }
        let full = process.socket(host, AF_INET, SOCK_STREAM, 0);
        assert_eq!(full, Err(Errno::TooManyFiles));
    });
}

#[test]
fn a_file_lives_as_long_as_the_last_of_its_descriptors() {
    let (mut network, mut server, mut client) = hosts();
    let (accepted, _) = connected(&mut network, &mut server, &mut client);
    server.call(&mut network, |process, host, now| {
        let copy = process.dup(accepted).expect("there is room");
        assert_eq!(process.stack_socket(copy), process.stack_socket(accepted));
        assert_eq!(process.close(host, now, accepted), Ok(()).into());
        assert_eq!(process.stack_socket(accepted), None);
        assert_eq!(process.dup(accepted), Err(Errno::BadDescriptor));
        let sent = process.send(host, now, copy, b"x", (0, None));
        assert_eq!(sent, Ok(1).into());
        assert_eq!(process.dup2(host, now, copy, copy), Ok(copy));
        let other = process
            .socket(host, AF_INET, SOCK_STREAM, 0)
            .expect("there is room");
        let replaced = process.stack_socket(other).expect("it is open");
        let new = process.dup2(host, now, copy, other).expect("there is room");
        assert_eq!(process.stack_socket(new), process.stack_socket(copy));
        assert_eq!(process.stack_socket(other), None);
        assert_eq!(host.status(replaced), None, "it was closed");
    });
}

#[test]
fn the_end_of_a_process_closes_each_file_once_and_gives_no_number_again() {
    let (mut network, mut server, mut client) = hosts();
    let (accepted, _) = connected(&mut network, &mut server, &mut client);
    server.call(&mut network, |process, host, now| {
        let copy = process.dup(accepted).expect("there is room");
        let socket = process.stack_socket(copy).expect("it is open");
        process.exit(host, now);
        for fd in [accepted, copy] {
            assert_eq!(process.stack_socket(fd), None);
            assert_eq!(
                process.shutdown(host, fd, SHUT_RD),
                Err(Errno::BadDescriptor)
            );
        }
        let state = host.status(socket).and_then(|status| status.state);
        assert_eq!(state, Some(State::FinWait1));
        let next = process
            .socket(host, AF_INET, SOCK_STREAM, 0)
            .expect("there is room");
        assert!(next > copy, "{next:?}");
    });
}

#[test]
fn a_list_tells_of_a_socket_whose_descriptor_is_closed_while_another_has_it() {
    let (mut network, mut server, mut client) = hosts();
    let (accepted, connecting) = connected(&mut network, &mut server, &mut client);
    client.call(&mut network, |process, host, now| {
        let sent = process.send(host, now, connecting, b"x", (0, None));
        assert_eq!(sent, Ok(1).into());
    });
    network.run_until(network.now() + Duration::from_secs(1));
    server.call(&mut network, |process, host, now| {
        let list = process.epoll_create(1).expect("there is room");
        let event = EpollEvent {
            events: EPOLLIN,
            data: 7,
        };
        let copy = process.dup(accepted).expect("there is room");
        for fd in [accepted, copy] {
            let added = process.epoll_ctl(list, EPOLL_CTL_ADD, fd, Some(event));
            assert_eq!(added, Ok(()), "each descriptor is an entry of its own");
        }
        assert_eq!(process.epoll_ready_count(host, list), Ok(2));
        assert_eq!(process.close(host, now, accepted), Ok(()).into());
        assert_eq!(process.epoll_ready_count(host, list), Ok(2));
        let removed = process.epoll_ctl(list, EPOLL_CTL_DEL, accepted, None);
        assert_eq!(removed, Err(Errno::BadDescriptor));
        assert_eq!(process.close(host, now, copy), Ok(()).into());
        assert_eq!(process.epoll_ready_count(host, list), Ok(0));
    });
}

/// An entry that tells of edges tells of each arrival once, and of what is unread no more.
#[test]
fn edges_are_told_once() {
    let (mut network, mut server, mut client) = hosts();
    let (accepted, fd) = connected(&mut network, &mut server, &mut client);
    let list = server.process.epoll_create(1).expect("there is room");
    let event = EpollEvent {
        events: EPOLLIN | EPOLLET,
        data: 9,
    };
    server
        .process
        .epoll_ctl(list, EPOLL_CTL_ADD, accepted, Some(event))
        .expect("it is a socket");
    let told = EpollEvent {
        events: EPOLLIN,
        data: 9,
    };
    for _ in 0..2 {
        client
            .wait(&mut network, |process, host, now| {
                process.send(host, now, fd, b"total", (0, None))
            })
            .expect("it is connected");
        let waits = |server: &mut Program, network: &mut Network, timeout| {
            server.wait(network, |process, host, now| {
                process.epoll_wait(host, now, list, 1, timeout)
            })
        };
        assert_eq!(waits(&mut server, &mut network, 1000), Ok(vec![told]));
        assert_eq!(waits(&mut server, &mut network, 0), Ok(Vec::new()));
    }
}

/// What a child of fork closes is open in its parent, and a descriptor of one is none of the other.
#[test]
fn a_child_has_descriptors_of_its_own() {
    let (mut network, mut server, mut client) = hosts();
    let (accepted, fd) = connected(&mut network, &mut server, &mut client);
    let child = ThreadId(7);
    let copies = server.process.fork(child);
    let &(_, copy) = { copies.iter() }
        .find(|(original, _)| *original == accepted)
        .expect("each descriptor has a copy");
    let closed = server.call(&mut network, |process, host, now| {
        assert_eq!(
            process.close(host, now, copy),
            Err(Errno::BadDescriptor).into()
        );
        process.close(host, now, accepted)
    });
    assert_eq!(closed, Ok(()).into());
    server.process.switch_to(child);
    let sent = server.wait(&mut network, |process, host, now| {
        process.send(host, now, copy, b"total", (0, None))
    });
    assert_eq!(sent, Ok(5));
    server.call(&mut network, |process, host, now| process.exit(host, now));
    let mut buffer = [0; 10];
    for expected in [5, 0] {
        let read = client.wait(&mut network, |process, host, now| {
            process.recv(host, now, fd, &mut buffer, 0)
        });
        assert_eq!(
            read,
            Ok(expected),
            "the stream ends with its last descriptor"
        );
    }
}
