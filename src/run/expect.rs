//! Expected packets: the packet that a line stands for, and the silence that `nothing` stands for.

use smoltcp::time::{Duration, Instant};

use super::conduct::{Miss, OnFailure, Timing};
use super::driver::{Driver, When};
use super::matcher::{Fault, Wanted, fault, payload_of};
use super::numbers::{Numbers, Sides};
use super::packets::{Looked, Seen};
use super::rules::{Numbering, Parts, Rules};
use super::time::{TAIL, span_of};
use crate::capture::text::seconds;
use crate::diagnostic::{Diagnostic, Span};
use crate::notation::Origins;
use crate::scenario::script::{Flags, HostPair, Packet, PacketLine};
use crate::wire::FrameKind;

/// In what a packet is not the one that a line stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Difference {
    /// When it was sent.
    Time {
        /// By how much it was too early or too late, where it is the packet.
        off_by: Option<Duration>,
    },
    /// What it is.
    Packet(Fault),
}

impl Driver<'_> {
    /// Waits for what a line says, which may come in parts. Returns the moment from which the next
    /// statement's relative time counts.
    pub(super) fn expect_packet(&mut self, line: &PacketLine, span: Span, when: When) -> Instant {
        let (Some(from), Some(to)) = (self.host(&line.from.value), self.host(&line.to.value))
        else {
            return when.earliest;
        };
        let pair = (from, to);
        let times = self.window(&when);
        let patience = self.conduct.patience;
        let last = |now: Instant| times.1.unwrap_or(now + patience);
        let mut until = last(self.medium.now());
        if self.conduct.miss == Miss::Missing {
            // What the line stands for may have been seen already; else the time moves on until it
            // is.
            self.advance(when.earliest);
        }
        let (mut came, mut looked) = (0, Looked::default());
        // What comes in the last moment is looked at too.
        let mut is_last_look = false;
        loop {
            match self.find(line, pair, (came, &mut looked), (times.0, until)) {
                Some((index, None)) => {
                    came += self.accept(line, pair, index);
                    looked = Looked::default();
                    let is_whole = came == payload_of(line);
                    if is_whole || self.conduct.rules.parts == Parts::Whole {
                        // A line with one moment anchors the next there; one with a choice where it
                        // was seen.
                        let is_moment = Some(when.earliest) == when.latest;
                        let at = self.packets.seen[index].at;
                        let is_stamped = matches!(self.conduct.timing, Timing::Stamped { .. });
                        return match is_moment && !is_stamped {
                            true => when.earliest,
                            false => at,
                        };
                    }
                    until = last(self.medium.now());
                    continue;
                }
                Some((index, Some(difference))) if self.conduct.miss == Miss::Judged => {
                    self.packet_differs(index, line, &difference, span, times);
                    return when.earliest;
                }
                Some(_) | None => {}
            }
            if is_last_look {
                break;
            }
            is_last_look = !self.advance_to_next(until);
        }
        if let Some(latest) = times.1
            && self.conduct.on_failure == OnFailure::GoOn
        {
            self.advance(latest);
        }
        match self.conduct.miss {
            Miss::Missing => self.packet_is_missing(line, span, pair, &when),
            Miss::Judged => self.packet_never_came(span, times, came),
        }
        when.latest.unwrap_or(when.earliest)
    }

    /// Between which moments the packet of a line must be seen. None: there is no last one.
    fn window(&self, when: &When) -> (Instant, Option<Instant>) {
        let tolerance = when.tolerance + self.lateness.allowance();
        match (when.latest, self.conduct.timing) {
            (Some(latest), _) => {
                let early = i64::try_from(tolerance.total_micros()).unwrap_or(0);
                let first = Instant::from_micros(when.earliest.total_micros() - early);
                (first, Some(latest + tolerance))
            }
            (None, Timing::Planned) => (when.earliest, None),
            (None, Timing::Actual | Timing::Stamped { .. }) => (Instant::ZERO, None),
        }
    }

    /// The packet that a line stands for, and in what it is another. `came` is how much of its
    /// payload has come before.
    fn find(
        &mut self,
        line: &PacketLine,
        pair: (usize, usize),
        (came, looked): (u32, &mut Looked),
        times: (Instant, Instant),
    ) -> Option<(usize, Option<Difference>)> {
        let (timestamps, rules) = (&self.timestamps, &self.conduct.rules);
        let (tracker, numbers) = (self.events.tracker(), &self.numbers);
        // A kernel goes on with what a script has left behind, in real time.
        let is_stamped = matches!(self.conduct.timing, Timing::Stamped { .. });
        // A line with a SYN of the host is about no connection of before, which may go on.
        let begins = rules.numbering == Numbering::Script && is_syn(line);
        let is_left_behind = |seen: &Seen| {
            let goes_on = |segment: &crate::wire::Segment| !segment.flags.contains(Flags::SYN);
            let passes_over = is_stamped || begins && seen.packet.segment().is_some_and(goes_on);
            let is_past = |sides: Sides| {
                numbers.is_left_behind(sides) || (passes_over && numbers.is_of_before(sides))
            };
            sides_of(seen).is_some_and(is_past) || is_of_no_socket(line, seen, rules.numbering)
        };
        let order = self.conduct.order;
        self.packets
            .find(pair, (order, looked), is_left_behind, |seen| {
                let wanted = Wanted {
                    line,
                    came,
                    timestamps,
                    origins: origins(rules, numbers, line, seen),
                    tracker,
                };
                let fault = fault(&wanted, seen, rules);
                if seen.at < times.0 || times.1 < seen.at {
                    let off_by = match seen.at < times.0 {
                        true => times.0 - seen.at,
                        false => seen.at - times.1,
                    };
                    let off_by = fault.is_none().then_some(off_by);
                    return Some(Difference::Time { off_by });
                }
                fault.map(Difference::Packet)
            })
    }

    /// Takes a packet for what a line stands for, or a part of it; returns its payload.
    fn accept(&mut self, line: &PacketLine, pair: (usize, usize), index: usize) -> u32 {
        self.packets.take(pair, index);
        let Some(segment) = self.packets.seen[index].packet.segment() else {
            return 0;
        };
        self.timestamps.learn(line, segment);
        if let Some(sides) = sides_of(&self.packets.seen[index]) {
            self.numbers.learn(sides, segment, said_start(line));
        }
        u32::try_from(segment.len()).unwrap_or(u32::MAX)
    }

    fn packet_differs(
        &mut self,
        index: usize,
        line: &PacketLine,
        difference: &Difference,
        span: Span,
        (first, latest): (Instant, Option<Instant>),
    ) {
        let seen = &self.packets.seen[index];
        let label = match difference {
            Difference::Packet(fault) => fault.to_string(),
            Difference::Time { .. } => {
                let latest = latest.unwrap_or(seen.at);
                let times = span_of(first.max(Instant::ZERO), latest);
                format!("it must be sent at {times}")
            }
        };
        let origins = origins(&self.conduct.rules, &self.numbers, line, seen);
        let sent = self.packets.line_from(seen, origins);
        let diagnostic = Diagnostic::new(span, "the host has sent another packet").label(label);
        let mut diagnostic = diagnostic.note("sent instead", sent);
        if let Difference::Time { off_by } = difference {
            diagnostic.off_by = off_by.map(Into::into);
        }
        self.fail(diagnostic);
    }

    fn packet_never_came(
        &mut self,
        span: Span,
        (first, latest): (Instant, Option<Instant>),
        came: u32,
    ) {
        let when = match latest {
            Some(latest) => format!("at {}", span_of(first.max(Instant::ZERO), latest)),
            None if self.conduct.patience == TAIL => "within an hour".to_owned(),
            None => format!("within {} s", self.conduct.patience.secs()),
        };
        let mut diagnostic = Diagnostic::new(span, "the host has sent no such packet").label(when);
        if came > 0 {
            diagnostic = diagnostic.note("sent", format!("only {came} octets of it"));
        }
        self.fail(diagnostic);
    }

    fn packet_is_missing(
        &mut self,
        line: &PacketLine,
        span: Span,
        pair: (usize, usize),
        when: &When,
    ) {
        let what = match line.packet {
            Packet::Segment(_) => "segment",
            Packet::Udp { .. } => "datagram",
            Packet::Icmp { .. } => "message",
        };
        let label = match when.latest {
            Some(latest) => format!("at {}", span_of(when.earliest, latest)),
            None => format!("from {} on", seconds(when.earliest)),
        };
        let mut diagnostic =
            Diagnostic::new(span, format!("expected {what} never came")).label(label);
        let instead = self.packets.instead(pair, when.earliest);
        if instead.is_empty() {
            diagnostic = diagnostic.note("sent instead", "nothing");
        }
        for seen in instead {
            diagnostic = diagnostic.note("sent instead", seen);
        }
        self.fail(diagnostic);
    }

    pub(super) fn expect_nothing(
        &mut self,
        direction: &HostPair,
        span: Span,
        (earliest, latest): (Instant, Instant),
    ) {
        let (Some(from), Some(to)) = (
            self.host(&direction.from.value),
            self.host(&direction.to.value),
        ) else {
            return;
        };
        let between = self.packets.between((from, to), (earliest, latest));
        let unexpected: Vec<String> = between.map(|seen| self.packets.line(seen)).collect();
        if unexpected.is_empty() {
            return;
        }
        const SHOWN: usize = 5;
        let count = unexpected.len();
        let packets = if count == 1 { "packet" } else { "packets" };
        let mut diagnostic =
            Diagnostic::new(span, format!("{count} {packets} where there must be none"))
                .label(format!("at {}", span_of(earliest, latest)));
        for line in unexpected.into_iter().take(SHOWN) {
            diagnostic = diagnostic.note("sent", line);
        }
        self.fail(diagnostic);
    }
}

/// Where the numbers of a packet begin, as the script counts them.
fn origins(rules: &Rules, numbers: &Numbers, line: &PacketLine, seen: &Seen) -> Origins {
    match (rules.numbering, seen.packet.segment(), sides_of(seen)) {
        (Numbering::Script, Some(sent), Some(sides)) => {
            numbers.of_host(sides, sent, said_start(line))
        }
        (Numbering::Script | Numbering::Relative, _, _) => seen.origins,
    }
}

/// The sides of the connection of a packet of the host.
/// Whether a packet is an answer of the host to ICMP, where a script counts by itself and means
/// what its sockets send.
fn is_of_no_socket(line: &PacketLine, seen: &Seen, numbering: Numbering) -> bool {
    let is_icmp = matches!(seen.packet.kind, FrameKind::Icmp(_));
    let is_meant = matches!(line.packet, Packet::Icmp { .. });
    numbering == Numbering::Script && is_icmp && !is_meant
}

/// Whether a line expects the SYN of a connection that the host begins.
fn is_syn(line: &PacketLine) -> bool {
    let Packet::Segment(segment) = &line.packet else {
        return false;
    };
    let flags = segment.flags.value;
    flags.contains(Flags::SYN) && !flags.contains(Flags::ACK)
}

fn sides_of(seen: &Seen) -> Option<Sides> {
    let (host, peer) = seen.packet.endpoints()?;
    Some(Sides { host, peer })
}

/// The sequence number that a line says, where it is not the one on the wire.
fn said_start(line: &PacketLine) -> Option<u32> {
    let Packet::Segment(segment) = &line.packet else {
        return None;
    };
    let said = segment.sequence.as_ref().map(|it| it.value.start);
    said.filter(|_| !line.detail.absolute_sequence)
}
