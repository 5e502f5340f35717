//! The receive buffer of a datagram socket.

use std::collections::VecDeque;

use smoltcp::wire::IpEndpoint;

use crate::memory;
use crate::profile::{UdpRules, WindowModel};
use crate::wire;

/// Datagrams that fit in a buffer besides their octets: empty ones take no octets.
const DATAGRAMS_MOST: usize = 1024;

/// A datagram that was received.
#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) source: IpEndpoint,
    pub(super) payload: Vec<u8>,
    /// What it takes of the buffer.
    charge: usize,
}

/// The receive buffer of a datagram socket.
#[derive(Debug)]
pub(super) struct ReceiveBuffer {
    model: WindowModel,
    /// In octets of what the model counts.
    space: usize,
    charged: usize,
    datagrams: VecDeque<Datagram>,
    /// How many have come so far.
    arrivals: u64,
}

/// There is no room: the datagram is lost.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl ReceiveBuffer {
    /// The buffer of a socket whose application asked for so many octets (none: the profile's).
    pub(super) fn new(rules: &UdpRules, octets: Option<usize>) -> Self {
        let mut inbox = Self {
            model: rules.model,
            space: rules.receive_buffer,
            charged: 0,
            datagrams: VecDeque::new(),
            arrivals: 0,
        };
        if let Some(octets) = octets {
            inbox.resize(octets);
        }
        inbox
    }

    /// Changes the room. What is queued stays.
    pub(super) fn resize(&mut self, octets: usize) {
        self.space = match self.model {
            WindowModel::FreeSpace => octets,
            WindowModel::Memory => memory::space(octets),
        };
    }

    /// Queues a datagram.
    ///
    /// # Errors
    /// [`Full`] where it has no room.
    pub(super) fn put(&mut self, source: IpEndpoint, payload: &[u8]) -> Result<(), Full> {
        const UDP_HEADER: usize = 8;
        let packet = wire::ip_header(source.addr) + UDP_HEADER + payload.len();
        let charge = match self.model {
            WindowModel::FreeSpace => payload.len(),
            WindowModel::Memory => memory::charge(packet),
        };
        let overflows = self.charged + charge > self.space;
        // Linux: an empty queue takes a datagram of any size.
        let tolerates = self.model == WindowModel::Memory && self.datagrams.is_empty();
        if (overflows && !tolerates) || self.datagrams.len() >= DATAGRAMS_MOST {
            return Err(Full);
        }
        self.charged += charge;
        self.arrivals += 1;
        self.datagrams.push_back(Datagram {
            source,
            payload: payload.to_vec(),
            charge,
        });
        Ok(())
    }

    /// How many datagrams have come so far.
    pub(super) fn arrivals(&self) -> u64 {
        self.arrivals
    }

    pub(super) fn first(&self) -> Option<&Datagram> {
        self.datagrams.front()
    }

    pub(super) fn take(&mut self) -> Option<Datagram> {
        let datagram = self.datagrams.pop_front()?;
        self.charged -= datagram.charge;
        Some(datagram)
    }

    pub(super) fn clear(&mut self) {
        self.datagrams.clear();
        self.charged = 0;
    }

    /// The payload that waits, in octets.
    pub(super) fn octets(&self) -> usize {
        self.datagrams.iter().map(|it| it.payload.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;
    use smoltcp::wire::IpAddress;

    const SOURCE: IpEndpoint = IpEndpoint {
        addr: IpAddress::v4(192, 0, 2, 2),
        port: 9000,
    };

    /// How many of so many datagrams of a size a buffer takes.
    fn taken(profile: &str, octets: usize, sizes: &[usize]) -> Vec<bool> {
        let rules = Profile::built_in(profile).unwrap().udp;
        let mut inbox = ReceiveBuffer::new(&rules, Some(octets));
        let put = |size: &usize| inbox.put(SOURCE, &vec![0; *size]).is_ok();
        sizes.iter().map(put).collect()
    }

    #[test]
    fn linux_counts_memory_and_others_payload() {
        // Measured: SO_RCVBUF 2304, reported as 4608, holds two datagrams of 1000.
        let rows: [(&str, usize, &[usize], &[bool]); 5] = [
            ("linux", 2304, &[1000; 4], &[true, true, false, false]),
            ("linux", 1, &[9000, 1], &[true, false]),
            ("freebsd", 2304, &[1000; 4], &[true, true, false, false]),
            (
                "freebsd",
                3000,
                &[1000, 1000, 1001, 1000],
                &[true, true, false, true],
            ),
            ("winsock", 100, &[101, 100, 0], &[false, true, true]),
        ];
        for (profile, octets, sizes, expected) in rows {
            assert_eq!(
                taken(profile, octets, sizes),
                expected,
                "{profile} {octets}"
            );
        }
    }

    #[test]
    fn empty_datagrams_have_a_limit_too() {
        let all = taken("freebsd", 10, &[0; DATAGRAMS_MOST + 1]);
        assert_eq!(all.iter().filter(|&&it| it).count(), DATAGRAMS_MOST);
    }

    #[test]
    fn what_is_read_gives_its_room_back() {
        let rules = Profile::built_in("linux").unwrap().udp;
        let mut inbox = ReceiveBuffer::new(&rules, Some(2304));
        for size in [10, 1000, 20] {
            inbox.put(SOURCE, &vec![0; size]).unwrap();
        }
        assert_eq!(inbox.put(SOURCE, &[0; 1000]), Err(Full));
        assert_eq!(inbox.octets(), 1030);
        assert_eq!(inbox.take().map(|it| it.payload.len()), Some(10));
        inbox.take();
        inbox.put(SOURCE, &[0; 1000]).unwrap();
        inbox.clear();
        assert_eq!((inbox.charged, inbox.octets()), (0, 0));
    }
}
