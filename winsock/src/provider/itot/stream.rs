//! The packets that wait for TCP; each is sent whole, however few octets TCP takes at a time.

use std::collections::VecDeque;

use super::tpkt::{self, TpduOctets};

/// The packets that TCP has not taken yet.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    packets: VecDeque<Vec<u8>>,
    /// How many octets of the first one TCP has taken.
    taken: usize,
}

impl Outgoing {
    /// Adds a TPDU.
    pub fn put(&mut self, tpdu: &TpduOctets) {
        let mut packet = Vec::with_capacity(tpkt::HEADER + tpdu.len());
        tpkt::put(tpdu, &mut packet);
        self.packets.push_back(packet);
    }

    /// The next octets; empty where there are none.
    pub fn next(&self) -> &[u8] {
        let first = self.packets.front();
        first.map_or(&[], |packet| &packet[self.taken..])
    }

    /// TCP has taken so many of [`Outgoing::next`].
    pub fn advance(&mut self, octets: usize) {
        let Some(first) = self.packets.front() else {
            return;
        };
        self.taken += octets;
        if self.taken >= first.len() {
            self.packets.pop_front();
            self.taken = 0;
        }
    }

    /// How many octets there are.
    pub fn octets(&self) -> usize {
        self.packets.iter().map(Vec::len).sum::<usize>() - self.taken
    }

    /// Drops the packets of which TCP has taken nothing. One that it has begun has to be ended, or
    /// the peer would take the next for its rest.
    pub fn cut(&mut self) {
        self.packets.truncate(usize::from(self.taken > 0));
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_that_was_begun_is_ended() {
        let tpdu = |octet: u8| TpduOctets::cut(&[octet; 3]);
        for (taken, left) in [(0, 0), (1, 6), (6, 1), (7, 0), (8, 6)] {
            let mut outgoing = Outgoing::default();
            for octet in 1..=3 {
                outgoing.put(&tpdu(octet));
            }
            for _ in 0..taken {
                assert!(!outgoing.next().is_empty());
                outgoing.advance(1);
            }
            assert_eq!(outgoing.octets(), 21 - taken);
            outgoing.cut();
            assert_eq!(outgoing.octets(), left, "{taken}");
            outgoing.put(&tpdu(9));
            let mut sent: Vec<u8> = Vec::new();
            while !outgoing.next().is_empty() {
                sent.extend(outgoing.next());
                outgoing.advance(outgoing.next().len());
            }
            assert_eq!(sent.len(), left + 7);
            assert_eq!(sent[left..], [3, 0, 0, 7, 9, 9, 9]);
        }
    }
}
