//! Timestamp values of a script: numbers of its own that stand for the values of the host.

use crate::scenario::detail::Stamp;
use crate::scenario::script::{OptionsPattern, Packet, PacketLine, TcpOption};
use crate::wire;

/// The values of timestamps that were seen: the script's, and those that the host really sent.
#[derive(Debug, Default)]
pub(super) struct Timestamps(Vec<(u32, u32)>);

impl Timestamps {
    /// Remembers what stands for the `TS val` of a line.
    pub(super) fn learn(&mut self, line: &PacketLine, sent: &wire::Segment) {
        if let (Some(script), Some(live)) = (said(line), clock_of(sent))
            && self.0.last() != Some(&(script, live))
        {
            self.0.push((script, live));
        }
    }

    /// What the host really sent where the script says that it echoes a value of it. `scaled` lets
    /// that be a value that it has not sent, as far from the first one as the script says.
    pub(super) fn echoed(&self, echo_reply: u32, scaled: bool) -> Option<u32> {
        let mut clocks = self.0.iter().rev();
        let known = clocks.find(|(script, _)| *script == echo_reply);
        match (known, self.0.first()) {
            (Some((_, live)), _) => Some(*live),
            (None, Some((script, live))) if scaled => {
                Some(echo_reply.wrapping_sub(*script).wrapping_add(*live))
            }
            (None, _) => (echo_reply == 0).then_some(0),
        }
    }

    /// How far the clock of a segment is from where a line says, counted from the first one.
    pub(super) fn apart(&self, line: &PacketLine, sent: &wire::Segment) -> Option<i64> {
        let (script, live) = self.0.first()?;
        let expected = said(line)?.wrapping_sub(*script).wrapping_add(*live);
        Some(i64::from(
            clock_of(sent)?.wrapping_sub(expected).cast_signed(),
        ))
    }
}

/// The `TS val` that a line expects, where it stands for one of the host's.
fn said(line: &PacketLine) -> Option<u32> {
    let Packet::Segment(segment) = &line.packet else {
        return None;
    };
    let OptionsPattern::Exact(list) = &segment.options.as_ref()?.value else {
        return None;
    };
    let mut values = list.iter().filter_map(|option| {
        let TcpOption::Timestamps { value, .. } = option.value else {
            return None;
        };
        Some(value)
    });
    values.next().filter(|_| line.detail.clock == Stamp::Script)
}

/// The `TS val` of a segment.
fn clock_of(segment: &wire::Segment) -> Option<u32> {
    segment.options.iter().find_map(|option| {
        let TcpOption::Timestamps { value, .. } = option else {
            return None;
        };
        Some(*value)
    })
}
