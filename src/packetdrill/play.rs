//! Playing a packetdrill script: every packet of the host under test must be the next that the
//! script expects, at its time, and the first thing that is not ends the run.
//!
//! Times are virtual, so that what the script does happens exactly when it says; the tolerance is
//! for what the host does.

use smoltcp::time::{Duration, Instant};

use super::{Action, Assertion, Event, Script, headers, tcp_info};
use crate::capture::TraceHost;
use crate::capture::text::seconds;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::notation::{self, Checksum, Kind, Origins, RelativeSegment};
use crate::run::packets::Seen;
use crate::run::player::{Player, moments, span_of};
use crate::run::{Outcome, TAIL};
use crate::scenario::detail::{Detail, Stamp};
use crate::scenario::script::{Flags, Options, Packet, PacketLine, Segment, TcpOption, TimeSpec};

/// Whether the host may have sent packets by the end of the script that no line stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leftovers {
    /// It may, as in packetdrill.
    #[default]
    Allowed,
    /// It may not.
    Fail,
}

/// How a script came out.
#[derive(Debug)]
pub enum ScriptOutcome {
    /// Everything happened as it says.
    Passed(Outcome),
    /// The first thing that did not is the failure of the outcome.
    Failed(Outcome),
    /// It says something that cannot be played.
    Unsupported(Vec<Diagnostic>),
}

/// The hosts of a script, by their positions.
const HOST: usize = 0;
const PEER: usize = 1;

/// The control bits in which the parts of a segment that comes in several may differ from the
/// whole.
const MAY_DIFFER: Flags = Flags::FIN.union(Flags::PSH).union(Flags::CWR);

/// Plays a script. `seed` is that of every random choice.
pub fn run_script(script: &Script, seed: u64, leftovers: Leftovers) -> ScriptOutcome {
    if !script.unsupported.is_empty() {
        return ScriptOutcome::Unsupported(script.unsupported.clone());
    }
    let network = crate::run::network(&script.scenario, seed);
    let hosts = TraceHost::all(&network);
    let mut player = Player::new(&script.scenario, network, seed);
    if let Some(table) = player.tables[HOST].as_mut() {
        table.send_zeros();
    }
    let mut play = Play {
        player,
        script,
        before: None,
        next: 0,
        clocks: Vec::new(),
    };
    play.events();
    let Play { mut player, .. } = play;
    if player.refused {
        let mut reasons = player.failures.split_off(player.failures.len() - 1);
        // What most scripts want and no host has is told in few words, and the rest as help.
        if let (Some(word), Some(reason)) = (&player.unknown, reasons.first_mut()) {
            let short = Diagnostic {
                message: format!("{word} is not known here"),
                ..reason.clone()
            };
            *reason = short.help(reason.message.clone());
        }
        return ScriptOutcome::Unsupported(reasons);
    }
    if player.failures.is_empty() && leftovers == Leftovers::Fail {
        player.judge_leftovers();
    }
    let mut outcome = player.finish(hosts);
    say_settings(script, &mut outcome);
    if outcome.failures.is_empty() {
        ScriptOutcome::Passed(outcome)
    } else {
        ScriptOutcome::Failed(outcome)
    }
}

/// Adds to how a failure is replayed what the script was played with.
fn say_settings(script: &Script, outcome: &mut Outcome) {
    let profile = &script.scenario.hosts[HOST].profile_name.value;
    let version = script.settings.ip_version.name();
    let notes = outcome.failures.iter_mut().flat_map(|it| &mut it.notes);
    for note in notes.filter(|note| note.name == "replay") {
        note.text
            .push_str(&format!(" --profile {profile} --ip-version {version}"));
    }
}

/// A script in play.
struct Play<'a> {
    player: Player<'a>,
    script: &'a Script,
    /// When the event before was to be. None: there was none, or it had no time.
    before: Option<Instant>,
    /// Where among what was seen the next packet of the host is looked for.
    next: usize,
    /// The values of timestamps: the script's, and those that the host really sent.
    clocks: Vec<(u32, u32)>,
}

impl<'a> Play<'a> {
    /// Goes through the events, up to the first that fails.
    fn events(&mut self) {
        for event in &self.script.events {
            self.event(event);
            if !self.player.failures.is_empty() || self.player.exhausted {
                return;
            }
        }
        // What was sent last arrives.
        self.player.advance(self.player.network.now());
        // What still waits at the end has until the end of its time.
        while self.player.failures.is_empty() && !self.player.exhausted {
            let ends = self.player.waiting.iter().filter_map(|it| it.returns);
            match ends.map(|(_, latest)| latest).min() {
                Some(latest) => {
                    self.player.advance(latest);
                    let waits = |it: &crate::run::calls::Waiting<'_>| {
                        it.returns.is_some_and(|(_, until)| until <= latest)
                    };
                    if self.player.waiting.iter().any(waits) {
                        return;
                    }
                }
                None => return,
            }
        }
    }

    fn event(&mut self, event: &'a Event) {
        let now = self.player.network.now();
        let (earliest, latest) = moments(event.time.value, now);
        let gap = self.before.map_or(Duration::ZERO, |before| {
            if earliest > before {
                earliest - before
            } else {
                Duration::ZERO
            }
        });
        let tolerance = self.script.settings.tolerance_of(gap);
        self.before = (event.time.value != TimeSpec::Any).then_some(earliest);
        if let Action::Outbound(line) = &event.action {
            let first = Instant::from_micros(
                earliest.total_micros() - i64::try_from(tolerance.total_micros()).unwrap_or(0),
            );
            let times = match latest {
                Some(latest) => (first, Some(latest + tolerance)),
                None => (Instant::ZERO, None),
            };
            return self.expect(line, event.span, times);
        }
        if now > earliest + tolerance {
            let message = format!("it is {} already", seconds(now));
            let label = format!("this was to be at {}", seconds(earliest));
            let diagnostic = Diagnostic::new(event.time.span, message).label(label);
            return self.player.fail(diagnostic);
        }
        self.player.advance(earliest.max(now));
        match &event.action {
            Action::Inbound(line) => self.inject(line, event.span),
            Action::Call(call) => {
                self.player.begin_call(call, event.span, earliest.max(now));
                // What one thread has done may be what another waits for.
                self.player.poll();
                self.player.retry();
            }
            Action::Code(assertions) => self.compare(assertions, event.span),
            Action::Outbound(_) | Action::Pause => {}
        }
    }

    /// Compares what is known of the connection.
    fn compare(&mut self, assertions: &[Assertion], span: Span) {
        let known = tcp_info::of_connection(&self.player, HOST);
        let info = |info| known.as_ref()?.value(info);
        for assertion in assertions {
            let said = match assertion.holds(&info) {
                Ok(true) => continue,
                Ok(false) => format!("`{}` does not hold", assertion.text),
                Err(reason) => format!("`{}` cannot be told: {reason}", assertion.text),
            };
            let diagnostic = Diagnostic::new(span, said).label(assertion.values(&info));
            return self.player.fail(diagnostic);
        }
    }

    /// Sends a packet to the host, full of zeros and with the clock of the host itself in it.
    fn inject(&mut self, line: &PacketLine, span: Span) {
        let Packet::Segment(segment) = &line.packet else {
            return self.player.forge(line, span);
        };
        let is_answer = segment.flags.value.contains(Flags::ACK);
        let is_mapped = is_answer && line.detail.echo == Stamp::Script;
        let mut segment = segment.clone();
        let octets = segment.sequence.as_ref().map_or(0, |it| it.value.length);
        segment.data = Some(Spanned::new(vec![0; octets.into()], span));
        if let Some(Options::Exact(list)) = segment.options.as_mut().map(|it| &mut it.value) {
            for option in list {
                let TcpOption::Timestamps { echo_reply, .. } = &mut option.value else {
                    continue;
                };
                if !is_mapped {
                    continue;
                }
                match self.live_clock(*echo_reply) {
                    Some(live) => *echo_reply = live,
                    None => {
                        let message = format!("the host has sent no `TS val {echo_reply}`");
                        return self.player.fail(Diagnostic::new(option.span, message));
                    }
                }
            }
        }
        let line = PacketLine {
            packet: Packet::Segment(segment),
            ..line.clone()
        };
        self.player.forge(&line, span);
    }

    /// What the host really sent where the script says that it echoes a value of it.
    fn live_clock(&self, echo_reply: u32) -> Option<u32> {
        let mut clocks = self.clocks.iter().rev();
        let known = clocks.find(|(script, _)| *script == echo_reply);
        match (known, self.clocks.first()) {
            (Some((_, live)), _) => Some(*live),
            (None, Some((script, live))) if self.script.settings.scaled_echo => {
                Some(echo_reply.wrapping_sub(*script).wrapping_add(*live))
            }
            (None, _) => (echo_reply == 0).then_some(0),
        }
    }

    /// Waits for what a line says, which may come in parts.
    fn expect(&mut self, line: &PacketLine, span: Span, times: (Instant, Option<Instant>)) {
        let mut came: u32 = 0;
        loop {
            let Some(index) = self.next_packet(times.1) else {
                return self.never_came(span, times, came);
            };
            let seen = &self.player.packets.seen[index];
            let in_time = times.0 <= seen.at && times.1.is_none_or(|latest| seen.at <= latest);
            let fault = if in_time {
                self.fault(line, seen, &mut came)
            } else {
                let latest = times.1.unwrap_or(seen.at);
                Some(format!(
                    "it must be sent at {}",
                    span_of(times.0.max(Instant::ZERO), latest)
                ))
            };
            if let Some(fault) = fault {
                let sent = self.player.packets.line(seen);
                let message = "the host has sent another packet";
                let diagnostic = Diagnostic::new(span, message).label(fault);
                return self.player.fail(diagnostic.note("sent instead", sent));
            }
            self.learn_clock(line, index);
            self.player.packets.seen[index].expected = true;
            if came == payload_of(line) {
                return;
            }
        }
    }

    /// The next packet of the host that no line stands for yet, as soon as it is sent; none until
    /// `latest`, or within an hour.
    fn next_packet(&mut self, latest: Option<Instant>) -> Option<usize> {
        let limit = latest.unwrap_or(self.player.network.now() + TAIL);
        loop {
            let is_next = |seen: &Seen| {
                let way = seen.from == Some(HOST) && seen.to == Some(PEER);
                way && seen.by_stack && !seen.expected
            };
            let left = &self.player.packets.seen[self.next..];
            if let Some(index) = left.iter().position(is_next) {
                self.next += index;
                return Some(self.next);
            }
            self.next = self.player.packets.seen.len();
            let due = [self.player.network.next_due(), self.player.calls_due()];
            let due = due.into_iter().flatten().min().filter(|it| *it <= limit)?;
            if self.player.exhausted {
                return None;
            }
            self.player.advance(due.max(self.player.network.now()));
        }
    }

    fn never_came(&mut self, span: Span, times: (Instant, Option<Instant>), came: u32) {
        let when = match times.1 {
            Some(latest) => format!("at {}", span_of(times.0.max(Instant::ZERO), latest)),
            None => "within an hour".to_owned(),
        };
        let mut diagnostic = Diagnostic::new(span, "the host has sent no such packet").label(when);
        if came > 0 {
            diagnostic = diagnostic.note("sent", format!("only {came} octets of it"));
        }
        self.player.fail(diagnostic);
    }

    /// Remembers what stands for a `TS val` of the script.
    fn learn_clock(&mut self, line: &PacketLine, index: usize) {
        let Some(wanted) = clock_of(line) else {
            return;
        };
        let sent = self.player.packets.seen[index].packet.segment();
        let live = sent.and_then(live_clock_of);
        if let Some(live) = live
            && self.clocks.last() != Some(&(wanted, live))
        {
            self.clocks.push((wanted, live));
        }
    }

    /// In what a packet is not what a line says. `came` is how much of its payload was there
    /// before, and with this packet.
    fn fault(&self, line: &PacketLine, seen: &Seen, came: &mut u32) -> Option<String> {
        if seen.packet.checksum == Checksum::Bad {
            return Some("its checksum is wrong".to_owned());
        }
        if let Some((from, to)) = seen.packet.endpoints() {
            for (wanted, actual) in [(&line.from_port, from.port), (&line.to_port, to.port)] {
                if wanted.as_ref().is_some_and(|it| it.value != actual) {
                    return Some(format!("its port is {actual}"));
                }
            }
        }
        if let Some(fault) = headers::ip_fault(&line.detail.ip, &seen.bytes) {
            return Some(fault);
        }
        match (&line.packet, &seen.packet.kind) {
            (Packet::Segment(wanted), Kind::Segment(sent)) => {
                if !sent.flags.contains(Flags::ACK) && sent.ack != 0 {
                    return Some("its ACK field is not 0".to_owned());
                }
                if seen
                    .packet
                    .payload(&seen.bytes)
                    .is_some_and(|it| it.iter().any(|octet| *octet != 0))
                {
                    return Some("it carries something else than was written".to_owned());
                }
                if let Some(fault) = self.clock_fault(line, sent) {
                    return Some(fault);
                }
                let strict = self.script.settings.strict_segments;
                segment_fault(wanted, &line.detail, (sent, seen.origins), came, strict)
            }
            _ if crate::run::packets::matches_line(line, &seen.packet, seen.origins) => {
                *came = payload_of(line);
                headers::icmp_fault(&line.detail.icmp, &seen.bytes, &self.player.packets.tracker)
            }
            _ => Some("it is something else".to_owned()),
        }
    }

    /// In what the clock of a segment is not what a line says, where the script says how fast it
    /// goes: as far from the first one as the script says, to within the tolerance.
    fn clock_fault(&self, line: &PacketLine, sent: &notation::Segment) -> Option<String> {
        let tick = i64::try_from(self.script.settings.tick?.total_micros()).ok()?;
        let (wanted, sent) = (clock_of(line)?, live_clock_of(sent)?);
        let (script, live) = self.clocks.first()?;
        let expected = wanted.wrapping_sub(*script).wrapping_add(*live);
        let apart = i64::from(sent.wrapping_sub(expected).cast_signed());
        let tolerance = self.script.settings.tolerance.total_micros();
        let is_off = (apart * tick).unsigned_abs() > tolerance;
        is_off.then(|| format!("its `TS val` is off by {apart}"))
    }
}

/// The payload of the segment that a line expects.
fn payload_of(line: &PacketLine) -> u32 {
    match &line.packet {
        Packet::Segment(segment) => length_of(segment, &line.detail).into(),
        Packet::Udp { .. } | Packet::Icmp { .. } => 0,
    }
}

/// The payload of a segment, also where its numbers are not said.
fn length_of(segment: &Segment, detail: &Detail) -> u16 {
    let alone = detail.length.as_ref().map_or(0, |it| it.value);
    let sequence = segment.sequence.as_ref();
    sequence.map_or(alone, |it| it.value.length)
}

/// The `TS val` that a line expects, where it stands for one of the host's.
fn clock_of(line: &PacketLine) -> Option<u32> {
    let Packet::Segment(segment) = &line.packet else {
        return None;
    };
    let Options::Exact(list) = &segment.options.as_ref()?.value else {
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
fn live_clock_of(segment: &notation::Segment) -> Option<u32> {
    segment.options.iter().find_map(|option| {
        let TcpOption::Timestamps { value, .. } = option else {
            return None;
        };
        Some(*value)
    })
}

/// In what a segment, or a part of it, is not what is expected.
fn segment_fault(
    wanted: &Segment,
    detail: &Detail,
    (raw, origins): (&notation::Segment, Origins),
    came: &mut u32,
    strict: bool,
) -> Option<String> {
    let sent = RelativeSegment::new(raw, origins);
    let length = u32::from(length_of(wanted, detail));
    if let Some(sequence) = &wanted.sequence {
        let start = sequence.value.start.wrapping_add(*came);
        let actual = if detail.absolute_sequence {
            raw.seq
        } else {
            sent.seq
        };
        if actual != start {
            return Some(format!("its sequence number is not {start}"));
        }
    }
    // A segment is shorter than 2^16 octets.
    let octets = u32::try_from(sent.len).unwrap_or(u32::MAX);
    if *came + octets > length || (octets == 0 && length > 0) {
        return Some(format!("{} octets are expected", length - *came));
    }
    let whole = *came + octets == length;
    if strict && !(whole && *came == 0) {
        return Some(format!("all {length} octets are expected in one segment"));
    }
    let flags = wanted.flags.value;
    let differ = flags.difference(sent.flags);
    if !(differ == Flags::default() || !whole && MAY_DIFFER.contains(differ)) {
        let (accurate, flags) = match flags.contains(Flags::AE) {
            true => ("A", flags.difference(Flags::AE)),
            false => ("", flags),
        };
        return Some(format!("its flags are not {accurate}{flags}"));
    }
    let acknowledged = wanted.acknowledgment.as_ref().map_or(0, |it| it.value);
    let actual = match detail.absolute_acknowledgment {
        true => Some(raw.ack),
        false => sent.ack,
    };
    if flags.contains(Flags::ACK) && actual != Some(acknowledged) {
        return Some(format!("it does not acknowledge {acknowledged}"));
    }
    if let Some(window) = &wanted.window
        && window.value != sent.window
    {
        return Some(format!("its window is not {}", window.value));
    }
    let urgent = detail.urgent.as_ref().map_or(0, |it| it.value);
    if raw.urgent != urgent {
        return Some(format!("its urgent pointer is not {urgent}"));
    }
    if let Some(Options::Exact(list)) = wanted.options.as_ref().map(|it| &it.value)
        && !are_options(list, detail, &sent.options)
    {
        return Some("its options are not these".to_owned());
    }
    *came += octets;
    None
}

/// Whether options are those that a line says. What follows the end of their list is padding.
fn are_options(wanted: &[Spanned<TcpOption>], detail: &Detail, sent: &[TcpOption]) -> bool {
    let same = |(a, b): (&TcpOption, &TcpOption)| match (a, b) {
        (
            TcpOption::Timestamps { value, echo_reply },
            TcpOption::Timestamps {
                value: clock,
                echo_reply: echoed,
            },
        ) => {
            // What the host's clock says is its own affair, but for how fast it goes.
            let as_said = detail.clock != Stamp::Absolute || value == clock;
            as_said && (detail.echo == Stamp::Any || echo_reply == echoed)
        }
        _ => a == b,
    };
    let wanted = wanted.iter().map(|it| &it.value);
    let end = wanted
        .clone()
        .position(|it| *it == TcpOption::EndOfList)
        .map_or(wanted.len(), |it| it + 1);
    end == sent.len() && wanted.take(end).zip(sent).all(same)
}
