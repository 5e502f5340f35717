//! Every way to end a connection or a direction of it, on the kernel's side and on ours, with what
//! both applications see.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use hangup_stack::network::IpFamily;
use hangup_stack::options::{LINGER, Linger, NO_DELAY};
use hangup_stack::socket::{Direction, Gone, RecvError, SendError, SocketId};

use crate::driver::Pair;

/// What one side does, with 1000 octets of the other unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    ShutReceive,
    ShutSend,
    ShutBoth,
    /// Reads what there is first.
    ReadAndClose,
    Close,
    /// Reads what there is first, and lingers for no time.
    ReadAndReset,
}

const OCTETS: usize = 1_000;

/// One end of a connection, the kernel's or ours; none of its calls blocks.
trait End {
    fn read(&mut self, pair: &mut Pair) -> Answer;
    fn write(&mut self, pair: &mut Pair) -> Answer;
    /// Does it, and closes where that is what it does.
    fn act(self: Box<Self>, pair: &mut Pair, deed: Deed) -> Option<Box<dyn End>>;
}

/// What a call answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Octets(usize),
    Again,
    Reset,
    Pipe,
    Other,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Octets(octets) => write!(f, "{octets}"),
            Self::Again => f.write_str("EAGAIN"),
            Self::Reset => f.write_str("ECONNRESET"),
            Self::Pipe => f.write_str("EPIPE"),
            Self::Other => f.write_str("another error"),
        }
    }
}

struct Kernel(TcpStream);
struct Ours(SocketId);

impl Kernel {
    fn answer(result: std::io::Result<usize>) -> Answer {
        match result {
            Ok(octets) => Answer::Octets(octets),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Answer::Again,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Answer::Reset,
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Answer::Pipe,
            Err(_) => Answer::Other,
        }
    }
}

impl End for Kernel {
    fn read(&mut self, _pair: &mut Pair) -> Answer {
        Self::answer(self.0.read(&mut [0; 4 * OCTETS]))
    }

    fn write(&mut self, _pair: &mut Pair) -> Answer {
        Self::answer(self.0.write(&[7; OCTETS]))
    }

    fn act(mut self: Box<Self>, pair: &mut Pair, deed: Deed) -> Option<Box<dyn End>> {
        let direction = match deed {
            Deed::ShutReceive => Shutdown::Read,
            Deed::ShutSend => Shutdown::Write,
            Deed::ShutBoth => Shutdown::Both,
            Deed::ReadAndClose | Deed::ReadAndReset => {
                self.read(pair);
                if deed == Deed::ReadAndReset {
                    rustix::net::sockopt::set_socket_linger(&self.0, Some(Duration::ZERO))
                        .expect("a socket can linger");
                }
                return None;
            }
            Deed::Close => return None,
        };
        self.0.shutdown(direction).expect("it is connected");
        Some(self)
    }
}

impl End for Ours {
    fn read(&mut self, pair: &mut Pair) -> Answer {
        let result = pair.call(|host, _| host.recv(self.0, &mut [0; 4 * OCTETS]));
        match result {
            Ok(octets) => Answer::Octets(octets),
            Err(RecvError::WouldBlock) => Answer::Again,
            Err(RecvError::Gone(Gone::Reset)) => Answer::Reset,
            Err(_) => Answer::Other,
        }
    }

    fn write(&mut self, pair: &mut Pair) -> Answer {
        let result = pair.call(|host, _| host.send(self.0, &[7; OCTETS]));
        match result {
            Ok(octets) => Answer::Octets(octets),
            Err(SendError::WouldBlock) => Answer::Again,
            Err(SendError::Gone(Gone::Reset)) => Answer::Reset,
            Err(SendError::Shutdown | SendError::Gone(Gone::BrokenPipe)) => Answer::Pipe,
            Err(_) => Answer::Other,
        }
    }

    fn act(mut self: Box<Self>, pair: &mut Pair, deed: Deed) -> Option<Box<dyn End>> {
        let direction = match deed {
            Deed::ShutReceive => Direction::Receive,
            Deed::ShutSend => Direction::Send,
            Deed::ShutBoth => Direction::Both,
            Deed::ReadAndClose | Deed::ReadAndReset | Deed::Close => {
                if deed != Deed::Close {
                    self.read(pair);
                }
                pair.call(|host, now| {
                    if deed == Deed::ReadAndReset {
                        host.set_option(self.0, &LINGER, Linger::RESET, now);
                    }
                    host.close(self.0, now)
                });
                return None;
            }
        };
        let result = pair.call(|host, _| host.shutdown(self.0, direction));
        result.expect("it is connected");
        Some(self)
    }
}

/// What both applications see of a deed.
struct Seen {
    deed: Deed,
    /// Whoever of the two does it, where our host plays the kernel's own system.
    linux: &'static str,
    /// Where our host plays another and does it itself.
    freebsd: &'static str,
    /// Where our host plays another, and the kernel does it.
    to_freebsd: &'static str,
}

const SEEN: [Seen; 6] = [
    Seen {
        deed: Deed::ShutReceive,
        linux: "other EAGAIN 1000, actor 2000 1000, other 1000 1000, actor 1000 1000",
        freebsd: "other EAGAIN 1000, actor 0 1000, other 1000 1000, actor 0 1000",
        to_freebsd: "other EAGAIN 1000, actor 2000 1000, other 1000 1000, actor 1000 1000",
    },
    Seen {
        deed: Deed::ShutSend,
        linux: "other 0 1000, actor 2000 EPIPE, other 0 1000, actor 1000 EPIPE",
        freebsd: "other 0 1000, actor 2000 EPIPE, other 0 1000, actor 1000 EPIPE",
        to_freebsd: "other 0 1000, actor 2000 EPIPE, other 0 1000, actor 1000 EPIPE",
    },
    Seen {
        deed: Deed::ShutBoth,
        linux: "other 0 1000, actor 1000 ECONNRESET, other 0 EPIPE, actor 0 EPIPE",
        freebsd: "other 0 1000, actor 0 EPIPE, other 0 1000, actor 0 EPIPE",
        to_freebsd: "other 0 1000, actor 1000 ECONNRESET, other ECONNRESET EPIPE, actor 0 EPIPE",
    },
    Seen {
        deed: Deed::ReadAndClose,
        linux: "other 0 1000, other 0 EPIPE",
        freebsd: "other 0 1000, other 0 EPIPE",
        to_freebsd: "other 0 1000, other ECONNRESET EPIPE",
    },
    Seen {
        deed: Deed::Close,
        linux: "other ECONNRESET EPIPE, other 0 EPIPE",
        freebsd: "other 0 1000, other 0 EPIPE",
        to_freebsd: "other ECONNRESET EPIPE, other 0 EPIPE",
    },
    Seen {
        deed: Deed::ReadAndReset,
        linux: "other ECONNRESET EPIPE, other 0 EPIPE",
        freebsd: "other ECONNRESET EPIPE, other 0 EPIPE",
        to_freebsd: "other ECONNRESET EPIPE, other 0 EPIPE",
    },
];

/// Every deed of either side, and what both applications see.
pub(crate) fn every_way_to_end(profile: &str, family: IpFamily) {
    let mut pair = Pair::new(profile, family);
    let listener = pair.listen();
    for seen in SEEN {
        let (by_ours, by_kernel) = if profile == "linux" {
            (seen.linux, seen.linux)
        } else {
            (seen.freebsd, seen.to_freebsd)
        };
        let deed = seen.deed;
        let [ours, kernel] = connected(&mut pair, listener, deed);
        let told = story(&mut pair, kernel, ours, deed);
        assert_eq!(told, by_kernel, "{deed:?} by the kernel, {profile}");
        let [ours, kernel] = connected(&mut pair, listener, deed);
        let told = story(&mut pair, ours, kernel, deed);
        assert_eq!(told, by_ours, "{deed:?} by our host, {profile}");
    }
}

/// A connection, which the kernel begins for every other deed, and our host for the rest.
fn connected(pair: &mut Pair, listener: SocketId, deed: Deed) -> [Box<dyn End>; 2] {
    let (stream, socket) = if matches!(deed, Deed::ShutReceive | Deed::ShutBoth | Deed::Close) {
        let address = pair.our_address();
        let connecting = std::thread::spawn(move || TcpStream::connect(address));
        let socket = pair.accept(listener);
        pair.wait_for(|_| connecting.is_finished().then_some(()));
        let stream = connecting.join().expect("connecting does not panic");
        (stream.expect("our host listens"), socket)
    } else {
        let kernel = TcpListener::bind(pair.kernel_address()).expect("the port is free");
        let port = kernel.local_addr().expect("it is bound").port();
        let socket = pair.connect(port);
        let (stream, _) = kernel.accept().expect("our host has connected");
        (stream, socket)
    };
    stream.set_nonblocking(true).expect("a socket can");
    // Nobody waits for the acknowledgment of what was written before.
    stream.set_nodelay(true).expect("a socket can");
    pair.call(|host, now| host.set_option(socket, &NO_DELAY, true, now));
    [Box::new(Ours(socket)), Box::new(Kernel(stream))]
}

/// What both sides see: twice, what a read and a write of each answers, once `actor` has done it
/// with octets of `other` unread.
fn story(pair: &mut Pair, actor: Box<dyn End>, mut other: Box<dyn End>, deed: Deed) -> String {
    assert_eq!(other.write(pair), Answer::Octets(OCTETS));
    pair.settle();
    let mut actor = actor.act(pair, deed);
    pair.settle();
    let mut answers = Vec::new();
    for _ in 0..2 {
        let ends = [("other", Some(&mut other)), ("actor", actor.as_mut())];
        for (who, end) in ends {
            if let Some(end) = end {
                let (read, written) = (end.read(pair), end.write(pair));
                answers.push(format!("{who} {read} {written}"));
                pair.settle();
            }
        }
    }
    // Both are closed, and what is left is answered before the next connection.
    for end in [Some(other), actor].into_iter().flatten() {
        end.act(pair, Deed::ReadAndClose);
        pair.settle();
    }
    answers.join(", ")
}
