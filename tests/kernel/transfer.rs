//! A hundred mebibytes each way, at the same time, or fewer.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use hangup_stack::network::IpFamily;
use hangup_stack::socket::{Direction, RecvError, SendError, SocketId};
use sha2::{Digest, Sha256};

use crate::driver::Pair;

/// What each side sends, in pieces: the most, and enough to look at a combination again.
const OCTETS: usize = 100 << 20;
const FEW_OCTETS: usize = 10 << 20;
const PIECE: usize = 1 << 18;

type Hash = [u8; 32];

/// One direction of the transfer, as its sender makes it up: pieces that differ.
struct Source {
    piece: Vec<u8>,
    next: u64,
    end: u64,
}

impl Source {
    fn new(direction: u8, octets: usize) -> Self {
        let octet = |at: usize| ((at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        Self {
            piece: (0..PIECE).map(|at| octet(at) ^ direction).collect(),
            next: 0,
            end: (octets / PIECE) as u64,
        }
    }

    fn next_piece(&mut self) -> Option<&[u8]> {
        if self.next == self.end {
            return None;
        }
        self.piece[..8].copy_from_slice(&self.next.to_be_bytes());
        self.next += 1;
        Some(&self.piece)
    }
}

/// The hash of all of a direction.
fn hash_of(direction: u8, octets: usize) -> Hash {
    let (mut source, mut hash) = (Source::new(direction, octets), Sha256::new());
    while let Some(piece) = source.next_piece() {
        hash.update(piece);
    }
    hash.finalize().into()
}

/// Both hosts send and receive at once; what arrives hashes to what was sent.
pub(crate) fn both_ways_at_once(profile: &str, family: IpFamily) {
    let is_long = (profile == "linux") == (family == IpFamily::V4);
    let octets = if is_long { OCTETS } else { FEW_OCTETS };
    let mut pair = Pair::new(profile, family);
    let listener = pair.listen();
    let address = pair.our_address();
    let kernel = thread::spawn(move || {
        let stream = TcpStream::connect(address).expect("our host listens");
        let mut sending = stream.try_clone().expect("there are descriptors left");
        let sender = thread::spawn(move || {
            let mut source = Source::new(0, octets);
            while let Some(piece) = source.next_piece() {
                sending.write_all(piece).expect("our host takes it all");
            }
            sending.shutdown(Shutdown::Write).expect("it is connected");
        });
        let received = receive(stream);
        sender.join().expect("the sender is done");
        received
    });
    let socket = pair.accept(listener);
    let our_received = exchange(&mut pair, socket, octets);
    pair.wait_for(|_| kernel.is_finished().then_some(()));
    let kernel_received = kernel.join().expect("the kernel's side is done");
    assert_eq!(
        our_received,
        (octets, hash_of(0, octets)),
        "from the kernel"
    );
    assert_eq!(
        kernel_received,
        (octets, hash_of(1, octets)),
        "to the kernel"
    );
}

/// The kernel's side of receiving.
fn receive(mut stream: TcpStream) -> (usize, Hash) {
    let mut buffer = vec![0; PIECE];
    let (mut octets, mut hash) = (0, Sha256::new());
    loop {
        match stream.read(&mut buffer).expect("our host does not reset") {
            0 => return (octets, hash.finalize().into()),
            count => {
                octets += count;
                hash.update(&buffer[..count]);
            }
        }
    }
}

/// Our side: how much was received, and what.
fn exchange(pair: &mut Pair, socket: SocketId, count: usize) -> (usize, Hash) {
    let mut source = Source::new(1, count);
    let mut rest: Vec<u8> = Vec::new();
    let mut finished = false;
    let (mut octets, mut hash, mut ended) = (0, Sha256::new(), false);
    let mut buffer = vec![0; PIECE];
    pair.wait_for(|pair| {
        pair.call(|host, _| {
            while !ended {
                match host.recv(socket, &mut buffer) {
                    Ok(0) => ended = true,
                    Ok(count) => {
                        octets += count;
                        hash.update(&buffer[..count]);
                    }
                    Err(RecvError::WouldBlock) => break,
                    Err(error) => panic!("receiving: {error}"),
                }
            }
            while !finished {
                if rest.is_empty() {
                    match source.next_piece() {
                        Some(piece) => rest.extend_from_slice(piece),
                        None => {
                            let result = host.shutdown(socket, Direction::Send);
                            result.expect("it is connected");
                            finished = true;
                            break;
                        }
                    }
                }
                match host.send(socket, &rest) {
                    Ok(count) => drop(rest.drain(..count)),
                    Err(SendError::WouldBlock) => break,
                    Err(error) => panic!("sending: {error}"),
                }
            }
        });
        (ended && finished).then_some(())
    });
    (octets, hash.finalize().into())
}
