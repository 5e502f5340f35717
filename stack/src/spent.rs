//! What a connection has waited for while it had something to send.

use smoltcp::time::{Duration, Instant};

/// What a connection that has something to send waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// It has nothing to send, and everything is acknowledged.
    #[default]
    Nothing,
    /// The network, the congestion window included.
    Network,
    /// A larger window of the peer's.
    Window,
    /// The program, which found the buffer full: everything in it was sent.
    Buffer,
}

/// For how long it has waited for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    wait: Wait,
    since: Instant,
    totals: [Duration; 4],
}

impl Default for Spent {
    fn default() -> Self {
        Self {
            wait: Wait::Nothing,
            since: Instant::ZERO,
            totals: [Duration::ZERO; 4],
        }
    }
}

impl Spent {
    /// How long it has waited for something by now.
    pub fn of(&self, wait: Wait, now: Instant) -> Duration {
        let open = match self.wait == wait && now > self.since {
            true => now - self.since,
            false => Duration::ZERO,
        };
        self.totals[wait as usize] + open
    }

    /// How long it has had something to send.
    pub fn busy(&self, now: Instant) -> Duration {
        let waits = [Wait::Network, Wait::Window, Wait::Buffer];
        waits
            .into_iter()
            .fold(Duration::ZERO, |all, wait| all + self.of(wait, now))
    }

    /// From now on it waits for this.
    pub(crate) fn turn(&mut self, wait: Wait, now: Instant) {
        if wait != self.wait {
            self.totals[self.wait as usize] = self.of(self.wait, now);
            self.wait = wait;
            self.since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_counted_until_the_next() {
        let at = Instant::from_millis;
        let time = Duration::from_millis;
        let mut spent = Spent::default();
        spent.turn(Wait::Network, at(10));
        spent.turn(Wait::Window, at(30));
        spent.turn(Wait::Window, at(35));
        assert_eq!(spent.of(Wait::Window, at(40)), time(10));
        spent.turn(Wait::Nothing, at(50));
        spent.turn(Wait::Buffer, at(60));
        assert_eq!(spent.of(Wait::Network, at(100)), time(20));
        assert_eq!(spent.of(Wait::Window, at(100)), time(20));
        assert_eq!(spent.of(Wait::Buffer, at(100)), time(40));
        assert_eq!(spent.busy(at(100)), time(80));
    }
}
