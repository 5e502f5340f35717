//! Storms: hosts that answer each other's segments, and nothing else happens.
//!
//! A segment that is not accepted is answered with an acknowledgment (RFC 9293 section 3.10.7.4).
//! Where the answer is not acceptable either, as after one forged octet, two hosts go on until the
//! limit of one of them ends it (RFC 5961 section 7), and some systems have no limit. A frame knows
//! how many others stand before it, each sent in answer to the one before. A fact that is news
//! begins the count again, and so does whatever a timer or a program causes.

use smoltcp::time::Instant;

use crate::event::Fact;
use crate::network::HostId;

/// How many frames in answer to each other, without any news, are a storm. The limits of real
/// systems end it before, with 100 answers of each side in a second at most.
pub const FRAMES: u32 = 1000;
/// A frame behind so many others answers nothing that was new. Where a link duplicates frames a
/// storm has many short chains, and all of their frames count.
const DEEP: u32 = 16;

/// That hosts answer each other and nothing else happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storm {
    /// When [`FRAMES`] had been sent.
    pub at: Instant,
    /// The sender and the receiver of the last one.
    pub hosts: [HostId; 2],
}

/// How many frames stand before one, each in answer to the one before, and without news.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Chain(u32);

impl Chain {
    /// That of an answer to a frame.
    pub(crate) fn answered(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The look at all frames of a network.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    /// How many frames deep in their chains were sent since the last one that answers nothing.
    deep: u32,
    storm: Option<Storm>,
}

impl Lookout {
    pub(crate) fn storm(&self) -> Option<Storm> {
        self.storm
    }

    /// The chain behind a fact of a host.
    pub(crate) fn fact(&mut self, chain: Chain, fact: &Fact) -> Chain {
        if is_news(fact) {
            self.deep = 0;
            return Chain::default();
        }
        chain
    }

    /// A frame is sent from one host to another.
    pub(crate) fn frame(&mut self, chain: Chain, at: Instant, hosts: [HostId; 2]) {
        if chain == Chain::default() {
            // It answers nothing: a timer or a program has sent it.
            self.deep = 0;
        }
        if chain.0 < DEEP {
            return;
        }
        self.deep = self.deep.saturating_add(1);
        if chain.0.max(self.deep) >= FRAMES {
            self.storm.get_or_insert(Storm { at, hosts });
        }
    }
}

/// Whether a fact brings a connection further.
fn is_news(fact: &Fact) -> bool {
    match fact {
        Fact::StateChanged { .. }
        | Fact::Accepted { .. }
        | Fact::Held { .. }
        | Fact::Exhausted
        | Fact::Discarded { .. }
        | Fact::ResetReceived
        | Fact::TimedOut(_)
        | Fact::ErrorReceived { .. }
        | Fact::DatagramQueued { .. }
        | Fact::DatagramDropped { .. } => true,
        // A SYN that is repeated in answer to something is no news: it can be for ever.
        Fact::Retransmitted { octets, .. } => *octets > 0,
        Fact::Sent { .. }
        | Fact::Received { .. }
        | Fact::Dropped(_)
        | Fact::HeldAgain { .. }
        | Fact::Refused { .. }
        | Fact::ResetSent
        | Fact::Challenged => false,
    }
}
