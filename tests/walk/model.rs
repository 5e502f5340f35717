//! The model of a walk: the octets that each socket has sent, and those that each has read from its
//! peer.

use std::sync::LazyLock;

use hangup_stack::socket::{Protocol, SocketId};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use smoltcp::wire::IpEndpoint;

/// A socket, by its place in [`Model`].
pub(crate) type Place = usize;

/// A socket as its application knows it.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    /// Which of the two hosts it is on.
    pub(crate) host: usize,
    pub(crate) id: SocketId,
    pub(crate) protocol: Protocol,
    /// Whether its application has it still.
    pub(crate) open: bool,
    /// Whether a close waits for what was written to arrive.
    pub(crate) lingers: bool,
    /// Our address and the peer's, once there is one.
    pub(crate) ends: Option<(IpEndpoint, IpEndpoint)>,
    /// Octets taken by `send`.
    pub(crate) sent: usize,
    /// Whether its application said that no more will come.
    pub(crate) finished: bool,
    /// Whether it said that it wants no more.
    pub(crate) deaf: bool,
    /// Whether it has read the end of the peer's stream, or that nothing more will come.
    pub(crate) ended: bool,
    /// Octets read.
    pub(crate) read: usize,
    /// The sockets whose octets these can be; none before the first is read.
    senders: Option<Vec<Place>>,
}

/// All sockets of a walk, those that were closed included.
#[derive(Debug, Default)]
pub(crate) struct Model {
    sockets: Vec<Socket>,
}

impl Model {
    pub(crate) fn add(&mut self, host: usize, id: SocketId, protocol: Protocol) -> Place {
        self.sockets.push(Socket {
            host,
            id,
            protocol,
            open: true,
            lingers: false,
            ends: None,
            sent: 0,
            finished: false,
            deaf: false,
            ended: false,
            read: 0,
            senders: None,
        });
        self.sockets.len() - 1
    }

    pub(crate) fn socket(&self, place: Place) -> &Socket {
        &self.sockets[place]
    }

    pub(crate) fn socket_mut(&mut self, place: Place) -> &mut Socket {
        &mut self.sockets[place]
    }

    /// The sockets that applications have, in the order of opening.
    pub(crate) fn open(&self) -> impl Iterator<Item = Place> {
        let sockets = self.sockets.iter().enumerate();
        sockets
            .filter(|(_, socket)| socket.open)
            .map(|(place, _)| place)
    }

    /// The sockets whose close waits.
    pub(crate) fn lingering(&self) -> Vec<Place> {
        let sockets = self.sockets.iter().enumerate();
        let lingering = sockets.filter(|(_, socket)| socket.lingers);
        lingering.map(|(place, _)| place).collect()
    }

    /// The octets that a socket sends next.
    pub(crate) fn outgoing(&self, place: Place, count: usize) -> &'static [u8] {
        octets(place, self.sockets[place].sent, count)
    }

    /// Octets were read: they must continue the stream of one socket at the other end.
    pub(crate) fn on_read(&mut self, place: Place, arrived: &[u8]) {
        let read = self.sockets[place].read;
        let mut senders = self.senders(place);
        senders.retain(|&sender| {
            let sent = self.sockets[sender].sent;
            let expected = octets(sender, read, arrived.len());
            read + arrived.len() <= sent && arrived == expected
        });
        assert!(
            !senders.is_empty(),
            "{} octets behind {read} are no octets that the peer has sent",
            arrived.len()
        );
        let socket = &mut self.sockets[place];
        socket.read += arrived.len();
        socket.senders = Some(senders);
    }

    /// The end of the stream was read: all that was sent must have come before it.
    pub(crate) fn on_end(&self, place: Place) {
        let read = self.sockets[place].read;
        let ends_here = |&sender: &Place| {
            let sender = &self.sockets[sender];
            sender.sent == read && sender.finished
        };
        let senders = self.senders(place);
        assert!(
            senders.is_empty() || senders.iter().any(ends_here),
            "the stream ended after {read} octets, and no peer has ended it there"
        );
    }

    /// The sockets that may be at the other end.
    pub(crate) fn senders(&self, place: Place) -> Vec<Place> {
        let socket = &self.sockets[place];
        if let Some(senders) = &socket.senders {
            return senders.clone();
        }
        let mirrored = socket.ends.map(|(local, remote)| (remote, local));
        // A socket of smoltcp forgets its peer with a reset that comes before it is accepted.
        let faces = |other: &Socket| mirrored.is_none() || other.ends == mirrored;
        let all = self.sockets.iter().enumerate();
        all.filter(|(_, other)| other.host != socket.host && faces(other))
            .map(|(place, _)| place)
            .collect()
    }
}

/// The octets at a place of a socket's stream, different for each socket.
fn octets(socket: Place, at: usize, count: usize) -> &'static [u8] {
    static ALL: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut all = vec![0; PERIOD + WRITE_MOST];
        ChaCha8Rng::seed_from_u64(0).fill_bytes(&mut all[..PERIOD]);
        all.copy_within(..WRITE_MOST, PERIOD);
        all
    });
    let begin = (at + socket * SOCKETS_APART) % PERIOD;
    &ALL[begin..begin + count]
}

/// The streams repeat after a prime number of octets, and begin at places that are far apart.
const PERIOD: usize = 1_000_003;
const SOCKETS_APART: usize = 40_009;
/// Octets that are written or read at a time, at most.
pub(crate) const WRITE_MOST: usize = 40_000;
