//! Segments that reach no connection (RFC 9293 section 3.10.7.1).

use smoltcp::wire::IpEndpoint;

use super::segment::Segment;
use crate::envelope::Envelope;
use crate::profile::{ClosedPortAnswers, ClosedPortReset, Profile};

/// A segment of no connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stray {
    pub(crate) local: IpEndpoint,
    pub(crate) remote: IpEndpoint,
    pub(crate) segment: Segment,
    pub(crate) envelope: Envelope,
}

/// What a closed port answers.
pub(crate) fn answer(profile: &Profile, segment: &Segment) -> Option<Segment> {
    let rules = profile.closed_port;
    let flags = segment.flags;
    let answers = !flags.rst
        && match rules.answers {
            ClosedPortAnswers::All => true,
            ClosedPortAnswers::SynOrAck => flags.syn || flags.ack,
            ClosedPortAnswers::None => false,
        };
    if !answers {
        return None;
    }
    let mut reset = segment.reset_from_segment();
    if rules.reset == ClosedPortReset::WithAck {
        reset.flags.ack = true;
        reset.acknowledgment = segment.sequence.wrapping_add(segment.length());
        reset.window = u16::try_from(profile.window.receive_buffer).unwrap_or(u16::MAX);
    }
    Some(reset)
}

#[cfg(test)]
mod tests {
    use super::super::segment::{Flags, TcpOptions};
    use super::*;

    fn segment(letters: &str) -> Segment {
        let has = |letter| letters.contains(letter);
        Segment {
            source: 40_000,
            destination: 80,
            sequence: 100,
            acknowledgment: if has('.') { 500 } else { 0 },
            flags: Flags {
                syn: has('S'),
                ack: has('.'),
                fin: has('F'),
                rst: has('R'),
                ..Flags::default()
            },
            window: 1000,
            options: TcpOptions::default(),
            payload_octets: 0,
        }
    }

    #[test]
    fn what_closed_ports_answer() {
        // The reset to each segment: SEG.SEQ, SEG.ACK where it has the ACK bit, and the window.
        let bare = Some((500, None, 0));
        let to_syn = Some((0, Some(101), 0));
        let rows = [
            ("linux", [to_syn, bare, to_syn, bare, None]),
            ("illumos", [to_syn, bare, None, bare, None]),
            ("windows", [to_syn, bare, to_syn, bare, None]),
            (
                "lwip",
                [
                    Some((0, Some(101), 2144)),
                    Some((500, Some(100), 2144)),
                    Some((0, Some(101), 2144)),
                    Some((500, Some(101), 2144)),
                    None,
                ],
            ),
        ];
        for (profile, expected) in rows {
            let profile = Profile::built_in(profile).unwrap();
            let found = ["S", ".", "F", "F.", "R"].map(|letters| {
                let reset = answer(&profile, &segment(letters))?;
                assert!(reset.flags.rst);
                let acknowledged = reset.flags.ack.then_some(reset.acknowledgment);
                Some((reset.sequence, acknowledged, reset.window))
            });
            assert_eq!(found, expected, "{}", profile.name);
        }
    }
}
