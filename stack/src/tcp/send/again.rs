//! What is sent again, once it counts as lost.

use smoltcp::time::Instant;

use super::loss::Recovery;
use super::{Sender, Transmission};
use crate::profile::Push;
use crate::tcp::in_flight::{Control, PacketEnd};

impl Sender {
    /// Takes what a timer or the peer has asked for.
    #[cold]
    pub(super) fn poll_probe(&mut self, now: Instant) -> Option<Transmission> {
        let mut probe = self.probe.take()?;
        if probe.again.is_some() {
            probe = self.collapsed(probe);
        }
        self.sent(probe, now);
        Some(probe)
    }

    /// What was handed down together is sent again together, as far as there is room, and its last
    /// segment has PSH (Linux: tcp_xmit_retransmit_queue).
    pub(super) fn as_of_burst(&mut self, transmission: &mut Transmission) {
        if transmission.again.is_none() || self.rules.push != Push::EndOfBurst {
            return;
        }
        let Transmission { start, octets, .. } = *transmission;
        if self.again_end.is_none_or(|end| end <= start) {
            let free = self.congestion.free_segments(self.pipe());
            let most = free.min(self.burst_most);
            self.again_end = self.in_flight.lost_together(start, most);
        }
        let end = start + (octets + transmission.control.length()) as i64;
        if self.again_end == Some(end) {
            transmission.push = true;
            self.again_end = None;
        }
    }

    /// The first segment that counts as lost, where it may go out.
    pub(super) fn lost_segment(&self) -> Option<Transmission> {
        if self.recovery == Recovery::No || self.holds_repetitions() {
            return None;
        }
        let transmission = self.retransmission_of_first(self.cause)?;
        let transmission = self.collapsed(transmission);
        self.congestion
            .allows(self.pipe(), transmission.octets)
            .then_some(transmission)
    }

    /// Takes the segments behind a retransmission with it, as long as they fit.
    pub(super) fn collapsed(&self, mut first: Transmission) -> Transmission {
        if !self.rules.collapse_retransmissions || first.control != Control::None {
            return first;
        }
        let end = first.start + first.octets as i64;
        for segment in self.in_flight.lost_from(end) {
            let together = first.octets + segment.payload();
            if together > self.mss || first.packet_end == PacketEnd::OfRecord {
                break;
            }
            first.octets = together;
            first.push |= segment.push;
            first.keeps_push |= segment.push;
            first.packet_end = segment.packet_end;
            first.control = segment.control;
            if segment.control == Control::Fin {
                break;
            }
        }
        first
    }
}
