//! How far the congestion window is used, where it is counted in segments (Linux:
//! tcp_cwnd_validate, tcp_is_cwnd_limited): one that the application does not fill grows to twice
//! what it has filled, and no further.

use super::Sender;
use super::usage::Usage;
use crate::profile::WindowUnit;

impl Sender {
    /// Whether there is something to send that the congestion window holds back.
    pub(super) fn waits_for_congestion(&self) -> bool {
        let waits = self.written + i64::from(self.fin) > self.next;
        waits && self.fills_window()
    }

    fn fills_window(&self) -> bool {
        self.congestion.is_filled_by(self.in_flight.pipe().segments)
    }

    /// Something was sent, or held back.
    pub(super) fn note_usage(&mut self) {
        if self.rules.window_unit == WindowUnit::Octets {
            // Only a window in segments grows by how far it is used.
            return;
        }
        let is_limited = self.fills_window();
        let out = self.in_flight.len();
        let Usage {
            is_limited: was_limited,
            most,
            until,
        } = self.usage;
        if self.unacknowledged >= until || is_limited || !was_limited && out > most {
            self.usage = Usage {
                is_limited,
                most: out,
                until: self.next,
            };
        }
    }

    /// Whether the congestion window, and not the application or the peer, limits what is sent.
    pub(super) fn was_full(&self) -> bool {
        match self.rules.window_unit {
            WindowUnit::Segments => {
                let starts = self.congestion.window() < self.congestion.threshold();
                let twice = self.congestion.segments() < self.usage.most.saturating_mul(2);
                self.usage.is_limited || starts && twice
            }
            WindowUnit::Octets => {
                let waits = self.written + i64::from(self.fin) > self.next;
                let pipe = self.in_flight.pipe();
                waits && !self.congestion.allows(pipe, self.mss)
                    || pipe.octets * 2 >= self.congestion.window()
            }
        }
    }
}
