//! The network says that a segment could not be delivered (RFC 1122 section 4.2.3.9, RFC 5461).

use smoltcp::wire::IpAddress;

use super::Connection;
use super::segment::TCP_HEADER;
use super::state::State;
use crate::event::ErrorEffect;
use crate::icmp::Unreachable;
use crate::profile::{
    AnsweringErrors, ErrorAfterTimeout, IcmpRules, OfferAfterTooBig, OpenErrors, OpeningErrors,
    OpeningReason, QuotedSequence,
};
use crate::socket::Gone;
use crate::wire::ip_header;

/// How far a connection is, as far as an error is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Our handshake is under way.
    Opening,
    /// The peer's handshake is under way, with data that was taken or without; nobody has accepted
    /// it.
    Answering {
        taken: bool,
    },
    Open,
    /// There is nobody to tell: it is over.
    Elsewhere,
}

/// What an error does. Once a connection is open no error ends it: anybody can make one up, and the
/// network recovers.
fn effect(rules: IcmpRules, stage: Stage, error: Unreachable) -> ErrorEffect {
    match stage {
        Stage::Opening => match rules.opening {
            OpeningErrors::End => ErrorEffect::Ended,
            OpeningErrors::HardOnesEnd if error.is_hard(rules.hop_limit_is_hard) => {
                ErrorEffect::Ended
            }
            OpeningErrors::HardOnesEnd => ErrorEffect::Remembered,
            OpeningErrors::Ignored => ErrorEffect::Ignored,
        },
        Stage::Answering { taken } => match rules.answering {
            AnsweringErrors::End if taken || error.is_of_path() => ErrorEffect::Ended,
            AnsweringErrors::End | AnsweringErrors::Ignored => ErrorEffect::Ignored,
        },
        Stage::Open => match rules.open {
            OpenErrors::Remembered => ErrorEffect::Remembered,
            OpenErrors::Ignored => ErrorEffect::Ignored,
        },
        Stage::Elsewhere => ErrorEffect::Ignored,
    }
}

/// Whether an error may quote such a number.
fn may_quote(rule: QuotedSequence, quoted: i64, first: i64, next: i64) -> bool {
    match rule {
        QuotedSequence::ToNext => first <= quoted && quoted <= next,
        QuotedSequence::BeforeNext => first <= quoted && quoted < next,
        QuotedSequence::Any => true,
    }
}

/// The largest segment, options included, in packets of so many octets, of which what is between
/// IP and the segment takes some; none where no path may be
/// so narrow, so that the message is made up (RFC 791 section 3.2, RFC 8200 section 5).
fn segment_on_path(address: IpAddress, mtu: usize, overhead: usize) -> Option<u16> {
    let least = match address {
        IpAddress::Ipv4(_) => 68,
        IpAddress::Ipv6(_) => 1280,
    };
    let segment = mtu.checked_sub(ip_header(address) + TCP_HEADER + overhead)?;
    (mtu >= least).then(|| segment.min(usize::from(u16::MAX)) as u16)
}

impl Connection {
    /// Takes an ICMP error that quotes a segment of this connection with such a sequence number.
    pub fn on_unreachable(&mut self, error: Unreachable, sequence: u32) -> ErrorEffect {
        let first = self.send.unacknowledged();
        let quoted = Self::position(self.config.initial_sequence, sequence, first);
        // RFC 5927 section 4.1: whoever does not know what is in flight has made it up.
        let rules = self.config.profile.icmp;
        if !may_quote(rules.sequence, quoted, first, self.send.next()) {
            return ErrorEffect::Ignored;
        }
        let effect = effect(rules, self.stage(), error);
        match effect {
            ErrorEffect::Ended => self.die(Some(match rules.opening_reason {
                OpeningReason::Refused if error != Unreachable::HopLimit => Gone::Refused,
                OpeningReason::AsSaid | OpeningReason::Refused => error.into(),
            })),
            ErrorEffect::Remembered => self.soft_error = Some(error.into()),
            ErrorEffect::Pending | ErrorEffect::Ignored => {}
        }
        effect
    }

    /// Takes an ICMP error that says that a segment of this connection with such a sequence number
    /// was too large for the path, which takes packets of `mtu` octets (RFC 1191, RFC 8201).
    pub fn on_too_big(&mut self, mtu: usize, sequence: u32) {
        let first = self.send.unacknowledged();
        let quoted = Self::position(self.config.initial_sequence, sequence, first);
        let rules = self.config.profile.icmp;
        let listens = self.config.path_mtu.follows_path();
        if !listens || !may_quote(rules.sequence, quoted, first, self.send.next()) {
            return;
        }
        let in_datagram = self.config.envelope.datagram.is_some();
        let overhead = if in_datagram {
            self.config.profile.encapsulation.overhead
        } else {
            0
        };
        let Some(mss) = segment_on_path(self.config.local.addr, mtu, overhead) else {
            return;
        };
        let mss = mss.min(self.config.mss);
        let payload = usize::from(mss).saturating_sub(self.option_octets()).max(1);
        let lowers = match rules.offer_after_too_big {
            OfferAfterTooBig::Link => false,
            OfferAfterTooBig::Path => true,
            OfferAfterTooBig::PathOverIpv6 => matches!(self.config.local.addr, IpAddress::Ipv6(_)),
        };
        if lowers && self.state == State::SynSent {
            self.config.mss = mss;
        }
        if self.state == State::SynSent && self.send.syn_data() > payload {
            // The data of the SYN was too much: another goes out at once, without it.
            self.fast_open.option = None;
            self.send.resend_first();
        }
        self.send.shorten_segments(payload);
    }

    fn stage(&self) -> Stage {
        match self.state {
            State::SynSent => Stage::Opening,
            State::SynReceived if !self.passive => Stage::Opening,
            State::SynReceived if !self.fast_open.accepted => Stage::Answering {
                taken: self.fast_open.taken,
            },
            State::Closed | State::Listen | State::TimeWait => Stage::Elsewhere,
            State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => Stage::Open,
        }
    }

    /// Why a connection that timed out is gone: what the network said, where it has said something
    /// since anything was last acknowledged (RFC 1122 section 4.2.3.9: soft errors are reported).
    pub(super) fn reason_of_timeout(&self) -> Gone {
        match self.config.profile.calls.error_after_timeout {
            ErrorAfterTimeout::TimedOut => self.soft_error.unwrap_or(Gone::TimedOut),
            ErrorAfterTimeout::ConnectionAborted => Gone::Aborted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn which_numbers_may_be_quoted() {
        // Of 10 to 12 sent and not acknowledged.
        let quoted = [9, 10, 12, 13, 14];
        let rows = [
            (QuotedSequence::ToNext, [false, true, true, true, false]),
            (QuotedSequence::Any, [true, true, true, true, true]),
            (
                QuotedSequence::BeforeNext,
                [false, true, true, false, false],
            ),
        ];
        for (rule, expected) in rows {
            let found = quoted.map(|quoted| may_quote(rule, quoted, 10, 13));
            assert_eq!(found, expected, "{rule:?}");
        }
    }

    #[test]
    fn effects() {
        use ErrorEffect::{Ended, Ignored, Remembered};
        use Unreachable::{Host, Network, Port, Prohibited, Protocol};
        let errors = [Network, Host, Protocol, Port, Prohibited];
        let rows = [
            ("linux", Stage::Opening, [Ended; 5]),
            ("linux", Stage::Open, [Remembered; 5]),
            ("linux", Stage::Elsewhere, [Ignored; 5]),
            (
                "linux",
                Stage::Answering { taken: false },
                [Ended, Ended, Ignored, Ignored, Ignored],
            ),
            ("linux", Stage::Answering { taken: true }, [Ended; 5]),
            ("freebsd", Stage::Answering { taken: true }, [Ignored; 5]),
            (
                "freebsd",
                Stage::Opening,
                [Remembered, Remembered, Ended, Ended, Ended],
            ),
            ("freebsd", Stage::Open, [Ignored; 5]),
            (
                "winsock",
                Stage::Opening,
                [Remembered, Remembered, Ended, Ended, Ended],
            ),
        ];
        for (profile, stage, expected) in rows {
            let rules = Profile::built_in(profile).unwrap().icmp;
            let effects = errors.map(|error| effect(rules, stage, error));
            assert_eq!(effects, expected, "{profile} {stage:?}");
        }
    }
}
